import type { HostContext } from '../../context.ts';
import type { Session } from '../../session.ts';
import { stillMay } from './rights.ts';
import { insertJob } from './store.ts';
import type { JobSpec, JobTask, RunningJob } from './types.ts';

/** A job that is ready to start: what its row says, and what it does. */
export interface ReadyJob<E, R> {
  spec: JobSpec;
  task: JobTask<E, R>;
}

/**
 * Runs a job within the call that asks for it: its events as they come, its result at the end. It waits for its turn like
 * any other, is listed, and can be cancelled by others. A caller who goes away (`signal`, or the stream is closed) cancels
 * it; when the stream is closed, the job is over and written down.
 */
export async function* inForeground<E, R>(
  host: HostContext,
  session: Session,
  { spec, task }: ReadyJob<E, R>,
  signal: AbortSignal | undefined,
): AsyncGenerator<E, R, void> {
  const row = await host.database.write({ tenantId: session.tenantId }, (tx) =>
    insertJob(tx, session, spec, { owner: host.jobs.owner, now: host.now() }),
  );
  const running: RunningJob<E, R> = host.jobs.enqueue(row, task, {
    isCall: true,
    mayGoOn: stillMay(host, session, spec.kind),
  });
  const leave = (): void => running.cancel();
  signal?.addEventListener('abort', leave, { once: true });
  if (signal?.aborted === true) leave();
  let heardAll = false;
  try {
    yield* running.events;
    heardAll = true;
    return await running.result;
  } finally {
    signal?.removeEventListener('abort', leave);
    if (!heardAll) leave();
    await running.settled;
  }
}

/** The same for a call that only answers with the result. */
export async function resultInForeground<R>(work: AsyncGenerator<unknown, R, void>): Promise<R> {
  for (;;) {
    const step = await work.next();
    if (step.done === true) return step.value;
  }
}

/** The same as a stream of the wire: each event as it is told there, and the result last. Closing it closes the job. */
export async function* asStream<E, R, A, B>(
  work: AsyncGenerator<E, R, void>,
  told: { event: (event: E) => A; result: (value: R) => B },
): AsyncGenerator<A | B, void, void> {
  const results: R[] = [];
  async function* events(): AsyncGenerator<E, void, void> {
    results.push(yield* work);
  }
  for await (const event of events()) yield told.event(event);
  for (const result of results) yield told.result(result);
}
