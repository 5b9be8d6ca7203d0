import type { Host } from '../host/index.ts';
import { serveHttp } from '../host/index.ts';
import { tell } from './output.ts';
import { openHost, type PlaceOptions } from './places.ts';
import { screensFolder } from './screens.ts';

export interface ServeOptions extends PlaceOptions {
  port: string;
  host?: string;
}

export function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('A port is a number from 0 to 65535.');
  return port;
}

/** Serves until a signal ends it: no new calls then, what is under way is finished, the database is closed. */
export async function serveUntilSignal(
  host: Host,
  options: { port: number; address?: string | undefined },
  ready: (url: string) => void,
): Promise<void> {
  const stop = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const server = await serveHttp(host, {
    port: options.port,
    address: options.address,
    screens: await screensFolder(tell),
  });
  ready(server.url);
  await stop;
  await server.close();
  await host.close();
}

export async function serve(options: ServeOptions): Promise<void> {
  const port = portOf(options.port);
  const host = await openHost(options);
  await serveUntilSignal(host, { port, address: options.host }, (url) => {
    process.stdout.write(options.json ? `${JSON.stringify({ url })}\n` : `Partner Desk is at ${url}\n`);
  });
}
