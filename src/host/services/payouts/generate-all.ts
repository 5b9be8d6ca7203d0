import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { sumMinor } from '#domain/money.ts';
import type { HostContext } from '../../context.ts';
import { partners } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { asStream, inForeground, type ReadyJob, resultInForeground } from '../jobs/foreground.ts';
import { payoutAwaiting } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import type { Call, Input, Service } from '../service.ts';
import { createPayout } from './create.ts';
import { generatePayout, NoPayout, payableUntil } from './generate.ts';
import {
  asRefusal,
  commandName,
  type Generated,
  generateForAll,
  noPayout,
  type Progress,
} from './generation-run.ts';
import { heldCredits } from './held-credits.ts';
import { checkDays } from './queries.ts';

type GenerateInput = Input<'payouts', 'generate'>;

/** So many skipped partners in one event; `skippedCount` says how many there were. A message should stay under 256 KB. */
const skippedInEvent = 300;
/** And so many ids of payouts; `generated` says how many there are. */
const idsInEvent = 2000;

/**
 * Generating payouts (`domain.md`, "Payouts"): one activity per payout and several payouts in a transaction, so a caller who goes
 * away, or a crash, leaves whole payouts and nothing half. Generating again adds nothing, and goes on where it stopped.
 *
 * With a `commandId`, one for all partners answers with the first result again when it is repeated after it ended, and goes
 * on where it stopped when it did not end.
 */
export function payoutGeneration(
  host: HostContext,
): Pick<Service<'payouts'>, 'create' | 'generate' | 'generateStream'> {
  return {
    create: async (session, input) => {
      try {
        return await command(host, session, { name: 'payouts.create', input }, (work) =>
          createPayout(work, session, input),
        );
      } catch (error) {
        throw asRefusal(error);
      }
    },
    generate: async (session, input, call) => {
      checkDays(input);
      if (input.partnerId !== undefined) return generateForOne(host, session, input, input.partnerId);
      const job = generationJob(host, session, input, { remembers: false });
      return resultInForeground(inForeground(host, session, job, call.signal));
    },
    generateStream: async (session, input, call) => {
      checkDays(input);
      const { partnerId } = input;
      // Before the stream begins, where a refusal still is an answer of its own.
      if (partnerId !== undefined) await requireLivePartner(host, session, partnerId);
      return streamed(host, session, input, call);
    },
  };
}

async function* streamed(host: HostContext, session: Session, input: GenerateInput, call: Call) {
  const { partnerId } = input;
  const job = generationJob(host, session, input, { remembers: false });
  const run =
    partnerId === undefined
      ? inForeground(host, session, job, call.signal)
      : generateForOneInSteps(host, session, input, partnerId);
  yield* asStream(run, {
    event: (progress) => ({ type: 'progress' as const, ...progress }),
    result: (result) => ({ type: 'result' as const, ...summaryOf(result) }),
  });
}

/** One partner's payout is made in a moment: not worth a job. */
async function* generateForOneInSteps(
  host: HostContext,
  session: Session,
  input: GenerateInput,
  partnerId: string,
): AsyncGenerator<Progress, Generated, void> {
  yield { done: 0, of: 1, generated: 0 };
  const result = await generateForOne(host, session, input, partnerId);
  yield { done: 1, of: 1, generated: result.payouts.length };
  return result;
}

/** What fits into one message. */
function summaryOf({ payouts, skipped, held }: Generated) {
  return {
    generated: payouts.length,
    totalAmount: sumMinor(payouts.map((payout) => payout.totalAmount)),
    payoutIds: payouts.slice(0, idsInEvent).map((payout) => payout.id),
    skipped: skipped.slice(0, skippedInEvent),
    skippedCount: skipped.length,
    held: held.slice(0, skippedInEvent),
  };
}

async function requireLivePartner(host: HostContext, session: Session, id: string): Promise<void> {
  const partner = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.find(partners, { id }),
  );
  if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
}

async function generateForOne(
  host: HostContext,
  session: Session,
  input: GenerateInput,
  partnerId: string,
): Promise<Generated> {
  await requireLivePartner(host, session, partnerId);
  const { periodEnd } = input;
  try {
    return await command(host, session, { name: commandName, input }, async (work) => {
      const payout = await generatePayout(work, session, partnerId, input);
      await notify(work, session, payoutAwaiting(payout, payout.partnerName));
      const until = payableUntil(session, work.now, periodEnd);
      return {
        payouts: [payout],
        skipped: [],
        held: await heldCredits(work.tx, session, { until, periodEnd, which: sql`p.id = ${partnerId}` }),
      };
    });
  } catch (error) {
    if (error instanceof NoPayout) return { payouts: [], skipped: [noPayout(partnerId, error)], held: [] };
    throw asRefusal(error);
  }
}

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
