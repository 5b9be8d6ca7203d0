import type { SupportedMessagePort } from '@orpc/client/message-port';
import { composeHost, createLog, DatabaseRefusedError, type Host, servePorts } from '../host/index.ts';
import type { FromHost, ToHost } from './host-messages.ts';

/** As much of a port to a window as the host needs: messages flow once it is started. */
export type WindowPort = SupportedMessagePort & { start(): void };

/** As much of a utility process's line to the shell as the host needs. */
export interface ShellLine {
  on(event: 'message', listener: (event: { data: unknown; ports: readonly WindowPort[] }) => void): unknown;
  postMessage(message: FromHost): void;
}

/** The settings that the command line takes from the environment as well. */
export interface HostEnvironment {
  PARTNER_DESK_DATABASE_URL?: string | undefined;
  PARTNER_DESK_DATA_KEY?: string | undefined;
  PARTNER_DESK_LOG?: string | undefined;
}

/** Reads a message of the shell; null for anything else. */
function toHost(message: unknown): ToHost | null {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return null;
  if (message.kind === 'port') return { kind: 'port' };
  if (message.kind === 'close') return { kind: 'close' };
  if (message.kind !== 'open' || !('dataFolder' in message) || !('station' in message)) return null;
  const { dataFolder, station } = message;
  if (typeof dataFolder !== 'string' || typeof station !== 'string') return null;
  return { kind: 'open', dataFolder, station };
}

/**
 * Runs the host for the shell: opens the data it is told to, serves every port it is handed, closes when told. Ports handed
 * over while the database is still being opened are served once it is.
 *
 * @param leave ends the process with a code: 0 after closing, 1 where the data was refused
 */
export function serveShell(
  line: ShellLine,
  environment: HostEnvironment,
  leave: (code: number) => void,
): void {
  const log = createLog(environment.PARTNER_DESK_LOG ?? 'warn');
  let opened: Promise<{ host: Host; serve: (port: WindowPort) => void } | null> = Promise.resolve(null);

  async function open(dataFolder: string, station: string) {
    try {
      const host = await composeHost({
        dataFolder,
        databaseUrl: environment.PARTNER_DESK_DATABASE_URL,
        dataKey: environment.PARTNER_DESK_DATA_KEY,
        log,
      });
      const upgrade = servePorts(host);
      line.postMessage({ kind: 'ready' });
      return {
        host,
        serve: (port: WindowPort) => {
          upgrade(port, station);
          port.start();
        },
      };
    } catch (error) {
      if (!(error instanceof DatabaseRefusedError)) throw error;
      line.postMessage({ kind: 'refused', sentence: error.message });
      leave(1);
      return null;
    }
  }

  async function close(): Promise<void> {
    const running = await opened;
    await running?.host.close();
    leave(0);
  }

  /** What goes wrong here goes wrong for good: the shell starts a fresh process. */
  function crash(error: unknown): void {
    log.fatal(error, 'The host failed');
    leave(1);
  }

  line.on('message', ({ data, ports }) => {
    const told = toHost(data);
    switch (told?.kind) {
      case 'open':
        opened = open(told.dataFolder, told.station);
        opened.catch(crash);
        break;
      case 'port':
        opened.then((running) => ports.forEach((port) => running?.serve(port))).catch(crash);
        break;
      case 'close':
        close().catch(crash);
        break;
      case undefined:
        log.warn('A message of the shell was not understood');
    }
  });
}
