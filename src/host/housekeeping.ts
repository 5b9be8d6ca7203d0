import type { HostContext } from './context.ts';
import { type Schedule, systemSchedule } from './schedule.ts';
import { purgeToldOfAll } from './services/notifications/purge.ts';

const minutes = 60_000;
/** Not while people wait for the program to start. */
const first = 10 * minutes;
/** Twice a day: what is kept is kept by days. */
const everySoOften = 12 * 60 * minutes;

export interface Housekeeping {
  start(): void;
  /** Does all there is to do now. Several calls at once are one. */
  run(): Promise<void>;
  /** Breaks off at the next step, and leaves no timer. */
  close(): Promise<void>;
}

/** What a host does by itself now and then, so that nothing grows for ever. Every host of a database may do it. */
export function housekeeping(
  host: HostContext,
  { schedule = systemSchedule, random = Math.random }: { schedule?: Schedule; random?: () => number } = {},
): Housekeeping {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let cancel: (() => void) | undefined;

  async function work(): Promise<void> {
    const removed = await purgeToldOfAll(host, stopping.signal);
    if (Object.values(removed).some((count) => count > 0)) {
      host.log.info(removed, 'What people were told long ago was removed');
    }
  }

  function run(): Promise<void> {
    if (stopping.signal.aborted) return running ?? Promise.resolve();
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  }

  function plan(ms: number): void {
    if (stopping.signal.aborted) return;
    // Hosts that were started together don't do it together.
    cancel = schedule(ms * (1 + random() / 2), () => {
      run()
        .catch((error: unknown) => host.log.error({ err: error }, 'The housekeeping failed'))
        .finally(() => plan(everySoOften));
    });
  }

  return {
    start: () => plan(first),
    run,
    async close() {
      stopping.abort();
      cancel?.();
      await running?.catch((error: unknown) => host.log.error({ err: error }, 'The housekeeping failed'));
    },
  };
}
