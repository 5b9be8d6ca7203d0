import type { MessagePortMain } from 'electron';
import type { FromHost, ToHost } from './host-messages.ts';

/** As much of a utility process as its supervisor needs. */
export interface HostProcess {
  postMessage(message: ToHost, transfer?: MessagePortMain[]): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'exit', listener: (code: number) => void): unknown;
  kill(): boolean;
}

export interface SupervisorOptions {
  /** Starts a host process; its first message says what to open. */
  start: () => HostProcess;
  open: { dataFolder: string; station: string };
  /** The host had crashed and answers again; ports from before are dead. */
  onRestarted: () => void;
  /** The host can't work on this data, or crashed too often to try again. Nothing is running any more. */
  onGivenUp: (sentence: string) => void;
}

export interface HostSupervisor {
  /** Gives the host a window's port; while the host is down the port waits for the next one. */
  connect(port: MessagePortMain): void;
  /** Lets the host finish what is under way and close its database. Resolves when its process is gone. */
  close(): Promise<void>;
}

/** Waits before the first, second, … restart in a row, in milliseconds; after the last the supervisor gives up. */
export const restartWaits: readonly number[] = [250, 1_000, 4_000, 15_000, 60_000];

/** A host that worked for this long has recovered: its next crash counts as the first one again (milliseconds). */
export const steadyAfter = 5 * 60_000;

/** How long a closing host may take before it is ended; SQLite then rolls back what was not committed (milliseconds). */
export const closeWithin = 20_000;

/** Reads a message of the host process; null for anything else. */
function fromHost(message: unknown): FromHost | null {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return null;
  if (message.kind === 'ready') return { kind: 'ready' };
  if (message.kind === 'refused' && 'sentence' in message && typeof message.sentence === 'string') {
    return { kind: 'refused', sentence: message.sentence };
  }
  return null;
}

/** Keeps a host process running until it is told to close (architecture.md, "The Electron shell"). */
export function superviseHost(options: SupervisorOptions): HostSupervisor {
  let current: HostProcess | null = null;
  let closing = false;
  let crashes = 0;
  let restart: NodeJS.Timeout | undefined;
  let steady: NodeJS.Timeout | undefined;
  let gone: () => void = () => undefined;
  const waiting: MessagePortMain[] = [];

  function giveUp(sentence: string): void {
    closing = true;
    options.onGivenUp(sentence);
  }

  function run(): void {
    const process = options.start();
    let refusal: string | null = null;
    current = process;
    process.on('message', (message) => {
      const told = fromHost(message);
      if (told?.kind === 'refused') refusal = told.sentence;
      if (told?.kind !== 'ready') return;
      if (crashes > 0 && !closing) options.onRestarted();
      steady = setTimeout(() => {
        crashes = 0;
      }, steadyAfter);
    });
    process.once('exit', (code) => {
      clearTimeout(steady);
      current = null;
      gone();
      if (closing) return;
      if (refusal !== null) return giveUp(refusal);
      const wait = restartWaits[crashes];
      crashes += 1;
      if (wait === undefined) {
        return giveUp(
          `The part of Partner Desk that keeps the data stopped ${crashes} times in a row (code ${code}).`,
        );
      }
      restart = setTimeout(run, wait);
    });
    process.postMessage({ kind: 'open', ...options.open });
    for (const port of waiting.splice(0)) process.postMessage({ kind: 'port' }, [port]);
  }

  run();
  return {
    connect(port) {
      if (current === null) waiting.push(port);
      else current.postMessage({ kind: 'port' }, [port]);
    },
    close() {
      closing = true;
      clearTimeout(restart);
      const process = current;
      if (process === null) return Promise.resolve();
      return new Promise((resolve) => {
        const deadline = setTimeout(() => process.kill(), closeWithin);
        gone = () => {
          clearTimeout(deadline);
          resolve();
        };
        process.postMessage({ kind: 'close' });
      });
    },
  };
}
