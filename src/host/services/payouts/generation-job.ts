import type { HostContext } from '../../context.ts';
import type { Session } from '../../session.ts';
import type { ReadyJob } from '../jobs/foreground.ts';
import { type Generated, generateForAll, type Progress, summaryOf } from './generate-all.ts';
import { checkDays } from './queries.ts';

/**
 * Generating payouts for all partners as a job. One that `remembers` keeps what it made under its id, so that its result
 * tells of all of it when it was resumed; one that does not goes on just the same, and tells of the rest.
 * Throws `VALIDATION` for a period that is none.
 */
export function generationJob(
  host: HostContext,
  session: Session,
  input: { periodStart: string; periodEnd: string; commandId?: string | undefined },
  { remembers }: { remembers: boolean },
): ReadyJob<Progress, Generated> {
  checkDays(input);
  const { periodStart, periodEnd } = input;
  return {
    spec: {
      kind: 'payout_generation',
      title: `Payouts for all partners, ${periodStart} to ${periodEnd}`,
      partnerId: null,
      input: { periodStart, periodEnd },
      writes: true,
    },
    task: {
      run: ({ id, signal }) =>
        generateForAll(host, session, input, {
          signal,
          ...(remembers && { runId: input.commandId ?? `job:${id}` }),
        }),
      progressOf: ({ done, of }) => ({ done, total: of, unit: 'partners' }),
      resultOf: (result) => ({ status: 'completed', result: summaryOf(result) }),
    },
  };
}
