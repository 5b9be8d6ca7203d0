import type { Host } from '../host/index.ts';
import { serveHttp } from '../host/index.ts';
import { exitCodes, tell } from './output.ts';
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

/** What is wrong with an address to listen on, in words; anything else stays what it is. */
function explainListening(error: unknown, port: number, address: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new Error(
      `Port ${port} of ${address} is taken: another program, or another Partner Desk, listens there. End it, or choose another port with --port.`,
      { cause: error },
    );
  }
  if (code === 'EACCES') {
    return new Error(`You may not listen on port ${port}. Choose one above 1023 with --port.`, {
      cause: error,
    });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new Error(`This machine has no address ${address}. Choose another one with --host.`, {
      cause: error,
    });
  }
  return error;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * Calls back once the shell that npm runs a script in is gone. npm hands a signal on to that shell, which ends of it and
 * tells nobody: the host would live on without anyone to stop it. Started without npm, a host outlives its shell.
 */
function whenNpmIsGone(callBack: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent && isRunning(parent)) return;
    clearInterval(watch);
    callBack();
  }, 100);
  watch.unref();
}

/** Closing takes no longer than this, in milliseconds: whoever manages the service would kill it anyway. */
const longestClosing = 60_000;

/**
 * Serves until a signal ends it, or npm that it was started by: no new calls then, what is under way is finished, jobs stop at their next slice, the database is closed.
 * Further signals change nothing (npm hands on a Ctrl+C that the program has had already); who can't wait kills it, and loses nothing.
 */
export async function serveUntilSignal(
  host: Host,
  options: { port: number; address?: string | undefined },
  ready: (url: string) => void,
): Promise<void> {
  const asked = Promise.withResolvers<void>();
  const onSignal = (): void => asked.resolve();
  let deadline: NodeJS.Timeout | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal);
  whenNpmIsGone(onSignal);
  // However it ends: an open database would keep the process alive.
  try {
    const screens = await screensFolder(tell);
    const { port, address = '127.0.0.1' } = options;
    const server = await serveHttp(host, { port, address, screens }).catch((error: unknown) => {
      throw explainListening(error, port, address);
    });
    ready(server.url);
    await asked.promise;
    deadline = setTimeout(() => {
      tell('Closing took too long. What was not finished is made good at the next start.');
      process.exit(exitCodes.failed);
    }, longestClosing);
    await server.close();
  } finally {
    await host.close();
    clearTimeout(deadline);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, onSignal);
  }
}

export async function serve(options: ServeOptions): Promise<void> {
  const port = portOf(options.port);
  const host = await openHost(options);
  await serveUntilSignal(host, { port, address: options.host }, (url) => {
    process.stdout.write(options.json ? `${JSON.stringify({ url })}\n` : `Partner Desk is at ${url}\n`);
  });
}
