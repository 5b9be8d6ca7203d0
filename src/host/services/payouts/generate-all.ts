import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { sumMinor } from '#domain/money.ts';
import type { HostContext } from '../../context.ts';
import { ConstraintError, partners } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { asStream, inForeground, resultInForeground } from '../jobs/foreground.ts';
import { payoutAwaiting } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import type { Call, Input, Output, Service } from '../service.ts';
import { generatePayout, NoPayout, nothingReason, type PayoutPeriod } from './generate.ts';
import { generationJob } from './generation-job.ts';
import { checkDays } from './queries.ts';
import type { Payout } from './wire.ts';

type GenerateInput = Input<'payouts', 'generate'>;
export type Generated = Output<'payouts', 'generate'>;
type Skipped = Generated['skipped'][number];

export interface Progress {
  done: number;
  of: number;
  generated: number;
}

const commandName = 'payouts.generate';

/** Partners asked about in one statement: their credits' history decides how long it holds the engine. */
const partnersPerStatement = 100;

/** How often a stream tells how far it is, in milliseconds. */
const tellEvery = 100;

/** So many skipped partners in one event; `skippedCount` says how many there were. A message should stay under 256 KB. */
const skippedInEvent = 300;
/** And so many ids of payouts; `generated` says how many there are. */
const idsInEvent = 2000;

/**
 * Generating payouts (`domain.md`, "Payouts"): one transaction and one activity per partner, so a caller who goes away, or a
 * crash, leaves whole payouts and nothing half. Generating again adds nothing, and goes on where it stopped.
 *
 * With a `commandId`, one for all partners answers with the first result again when it is repeated after it ended, and goes
 * on where it stopped when it did not end.
 */
export function payoutGeneration(host: HostContext): Pick<Service<'payouts'>, 'generate' | 'generateStream'> {
  return {
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
export function summaryOf({ payouts, skipped }: Generated) {
  return {
    generated: payouts.length,
    totalAmount: sumMinor(payouts.map((payout) => payout.totalAmount)),
    payoutIds: payouts.slice(0, idsInEvent).map((payout) => payout.id),
    skipped: skipped.slice(0, skippedInEvent),
    skippedCount: skipped.length,
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
  const made = await attempt(partnerId, () =>
    command(host, session, { name: commandName, input }, async (work) => {
      const payout = await generatePayout(work, session, partnerId, input);
      await notify(work, session, payoutAwaiting(payout, payout.partnerName));
      return payout;
    }),
  );
  return 'payout' in made
    ? { payouts: [made.payout], skipped: [] }
    : { payouts: [], skipped: [made.skipped] };
}

type Attempt = { payout: Payout } | { skipped: Skipped };

/** One partner's payout, or why there is none. The loser of a race over the same credits is told, too. */
async function attempt(partnerId: string, work: () => Promise<Payout>): Promise<Attempt> {
  try {
    return { payout: await work() };
  } catch (error) {
    if (error instanceof NoPayout) {
      return { skipped: { partnerId, partnerName: error.partnerName, reason: error.message } };
    }
    if (error instanceof ConstraintError && error.constraint === 'ux_partner_payout_details_live_credit') {
      const reason = 'Someone else put its credits into a payout at the same moment.';
      throw new DomainError('CONFLICT', reason, { fields: [{ path: 'partnerId', message: reason }] });
    }
    throw error;
  }
}

/** A partner as generating for all of them first looks at it. */
interface Candidate {
  id: string;
  organization_name: string;
  status: string;
  currency: string;
  /** 1 or 0, on both engines. */
  has_free: number;
  has_credits: number;
}

/**
 * Every partner in the order of their ids, one transaction each for those with a free credit. Yields how far it is now
 * and then. Between two partners it lets the host do other work, and stops where it was cancelled. What it made under
 * `runId` it finds again when it goes on.
 */
export async function* generateForAll(
  host: HostContext,
  session: Session,
  input: GenerateInput,
  { signal, runId = input.commandId }: Call & { runId?: string | undefined },
): AsyncGenerator<Progress, Generated, void> {
  const { commandId, periodStart, periodEnd } = input;
  const finish = (result: Generated) => finishRun(host, session, input, result);
  if (commandId !== undefined && (await hasEnded(host, session, commandId))) {
    // Answers with what is stored, or refuses an id that was used for something else.
    return finish({ payouts: [], skipped: [] });
  }
  const payouts: Payout[] = runId === undefined ? [] : await madeBefore(host, session, runId);
  const skipped: Skipped[] = [];
  const of = await countPartners(host, session);
  const madeFor = new Set(payouts.map((payout) => payout.partnerId));
  let done = 0;
  let toldAt = performance.now();
  yield { done, of, generated: payouts.length };

  for (let after = ''; ; ) {
    const candidates = await nextCandidates(host, session, input, after);
    const last = candidates.at(-1);
    if (last === undefined) break;
    after = last.id;
    for (const candidate of candidates) {
      // The host's other callers, and this one's signal, get their turn: on SQLite nothing else would ever wait.
      await setImmediate();
      signal?.throwIfAborted();
      done += 1;
      if (madeFor.has(candidate.id)) continue;
      const made = await generateForCandidate(host, session, { periodStart, periodEnd, runId }, candidate);
      if (made !== undefined && 'payout' in made) payouts.push(made.payout);
      if (made !== undefined && 'skipped' in made) skipped.push(made.skipped);
      if (performance.now() - toldAt < tellEvery) continue;
      toldAt = performance.now();
      yield { done, of: Math.max(of, done), generated: payouts.length };
    }
  }
  const result = await finish({ payouts, skipped });
  yield { done, of: done, generated: result.payouts.length };
  host.log.info({ periodStart, periodEnd, generated: payouts.length }, 'Payouts were generated');
  return result;
}

/** Undefined for a partner of whom there is nothing to say: not active, and without a credit. */
async function generateForCandidate(
  host: HostContext,
  session: Session,
  { runId, periodStart, periodEnd }: PayoutPeriod & { runId: string | undefined },
  candidate: Candidate,
): Promise<Attempt | undefined> {
  const { id: partnerId, organization_name: partnerName } = candidate;
  if (candidate.has_free === 0) {
    if (candidate.status !== 'active' && candidate.has_credits === 0) return undefined;
    const reason = nothingReason(candidate.has_credits === 1, [], candidate);
    return { skipped: { partnerId, partnerName, reason } };
  }
  const input = {
    partnerId,
    periodStart,
    periodEnd,
    ...(runId !== undefined && { commandId: partCommandId(runId, partnerId) }),
  };
  try {
    return await attempt(partnerId, () =>
      command(host, session, { name: commandName, input }, (work) =>
        generatePayout(work, session, partnerId, input),
      ),
    );
  } catch (error) {
    // Among many partners, one that someone else is generating for is skipped, not the end of the run.
    if (!(error instanceof DomainError)) throw error;
    return { skipped: { partnerId, partnerName, reason: error.message } };
  }
}

/** The id under which a run keeps what it made for one partner. */
function partCommandId(commandId: string, partnerId: string): string {
  return `${commandId}:partner:${partnerId}`;
}

/** What an unfinished run with this id made before it was interrupted. */
async function madeBefore(host: HostContext, session: Session, commandId: string): Promise<Payout[]> {
  const from = partCommandId(commandId, '');
  const until = `${from}~`;
  const rows = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.all<{ result: string }>(sql`select result from commands
      where tenant_id = ${session.tenantId} and command_id >= ${from} and command_id < ${until}
      and name = ${commandName} order by command_id`),
  );
  return rows.map(({ result }) => {
    // What was stored is what `generatePayout` answered under this id.
    const payout: Payout = JSON.parse(result);
    return payout;
  });
}

async function hasEnded(host: HostContext, session: Session, commandId: string): Promise<boolean> {
  const row = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.get(sql`select command_id from commands
      where tenant_id = ${session.tenantId} and command_id = ${commandId}`),
  );
  return row !== undefined;
}

/** Ends a run: leaves the activity that says it took place, and keeps its result under the caller's id. */
function finishRun(
  host: HostContext,
  session: Session,
  input: GenerateInput,
  result: Generated,
): Promise<Generated> {
  return command(host, session, { name: commandName, input }, async (work) => {
    const { periodStart, periodEnd } = input;
    const payoutCount = result.payouts.length;
    // One summary: whoever approves goes through the list anyway.
    if (payoutCount > 0) {
      await notify(work, session, {
        event: 'payouts_awaiting_approval',
        resourceId: null,
        partnerId: null,
        data: { payoutCount, periodStart, periodEnd },
      });
    }
    work.record({
      action: 'payouts_generated',
      resource: 'payout',
      resourceId: null,
      details: {
        periodStart: input.periodStart,
        periodEnd: input.periodEnd,
        generated: result.payouts.length,
        skipped: result.skipped.length,
      },
    });
    return result;
  });
}

async function countPartners(host: HostContext, session: Session): Promise<number> {
  const row = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.get<{ n: number }>(sql`select count(*) as n from partners
      where tenant_id = ${session.tenantId} and deleted_at is null`),
  );
  return row?.n ?? 0;
}

/** The next partners by id, and whether a transaction for them is worth while. */
async function nextCandidates(
  host: HostContext,
  session: Session,
  { periodStart, periodEnd }: GenerateInput,
  after: string,
): Promise<Candidate[]> {
  const ofPartner = sql`c.tenant_id = p.tenant_id and c.partner_id = p.id and c.status = 'approved'
    and c.payable_from <= ${periodEnd}`;
  return host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.all<Candidate>(sql`select p.id, p.organization_name, p.status, p.currency,
        case when exists (
          select 1 from partner_lead_credits c where ${ofPartner} and not exists (
            select 1 from partner_payout_details d
            where d.tenant_id = c.tenant_id and d.credit_id = c.id and d.released_at is null)
        ) then 1 else 0 end as has_free,
        case when exists (
          select 1 from partner_lead_credits c where ${ofPartner} and c.payable_from >= ${periodStart}
        ) then 1 else 0 end as has_credits
      from partners p
      where p.tenant_id = ${session.tenantId} and p.deleted_at is null
        ${after === '' ? sql`` : sql`and p.id > ${after}`}
      order by p.tenant_id, p.id limit ${partnersPerStatement}`),
  );
}
