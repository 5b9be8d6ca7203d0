import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import sql, { type Sql } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import { ConstraintError, type Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command, commandWithin } from '../command.ts';
import { JobInterrupted } from '../jobs/stopping.ts';
import { type NotificationDraft, notify, notifyAfterwards } from '../notifications/notify.ts';
import type { Call, Input, Output } from '../service.ts';
import {
  NoPayout,
  nothingReason,
  type PayoutPeriod,
  payableUntil,
  planPayout,
  writePayout,
} from './generate.ts';
import { type Held, heldCredits } from './held-credits.ts';
import type { Payout } from './wire.ts';

type GenerateInput = Input<'payouts', 'generate'>;
export type Generated = Output<'payouts', 'generate'>;
type Skipped = Generated['skipped'][number];

export interface Progress {
  done: number;
  of: number;
  generated: number;
}

export const commandName = 'payouts.generate';

/** Partners asked about in one statement: their credits' history decides how long it holds the engine. */
const partnersPerStatement = 100;

/**
 * A transaction ends once it took this many milliseconds: on SQLite other writers wait for it, and none should wait for 50. So a partner
 * with many lines has one of its own, and those with few share it.
 */
const batchMs = 10;

/** And with so many partners, whose rows it holds until it ends. */
const batchPartners = 50;

/** How often a run tells how far it is, in milliseconds. */
const tellEvery = 100;

/** A run in which so many partners in a row fail by a fault of ours ends with the fault: it is not the partners'. */
const faultsInARow = 3;

export type Attempt = { payout: Payout } | { skipped: Skipped };

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

/** What is the same for all partners of a run. */
interface Run {
  host: HostContext;
  session: Session;
  period: PayoutPeriod;
  /** Under which what it made is found again. */
  runId: string | undefined;
  /** Partners in a row that failed by a fault of ours. */
  faults: number;
}

/**
 * Every partner in the order of their ids, several in one transaction. Yields how far it is now and then. Between two transactions it
 * lets the host do other work, and stops where it was cancelled: what was made is whole payouts, each with its own activity. A partner
 * whose payout can't be made is skipped with the reason, and takes no other with it. What it made under `runId` it finds again when
 * it goes on.
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
    return finish({ payouts: [], skipped: [], held: [] });
  }
  const run: Run = { host, session, period: { periodStart, periodEnd }, runId, faults: 0 };
  const payouts: Payout[] = runId === undefined ? [] : await madeBefore(host, session, runId);
  const skipped: Skipped[] = [];
  const held: Held[] = [];
  const of = await countPartners(host, session);
  const madeFor = new Set(payouts.map((payout) => payout.partnerId));
  let done = 0;
  let toldAt = performance.now();
  yield { done, of, generated: payouts.length };

  try {
    for (let after = ''; ; ) {
      const { candidates, heldNow } = await nextCandidates(run, after);
      const last = candidates.at(-1);
      if (last === undefined) break;
      after = last.id;
      held.push(...heldNow);
      const waiting = candidates.filter(({ id, has_free }) => has_free === 1 && !madeFor.has(id));
      for (const candidate of candidates) {
        if (candidate.has_free === 0) skipped.push(...withoutCredits(candidate, heldNow));
      }
      done += candidates.length - waiting.length;
      while (waiting.length > 0) {
        // The host's other callers, and this one's signal, get their turn: on SQLite nothing else would ever wait.
        await setImmediate();
        signal?.throwIfAborted();
        const attempts = await generateNext(run, waiting);
        waiting.splice(0, attempts.length);
        done += attempts.length;
        for (const made of attempts) {
          if ('payout' in made) payouts.push(made.payout);
          else skipped.push(made.skipped);
        }
        if (performance.now() - toldAt < tellEvery) continue;
        toldAt = performance.now();
        yield { done, of: Math.max(of, done), generated: payouts.length };
      }
    }
  } catch (error) {
    // What it made waits for approval all the same. One that is resumed under its id tells of all of it at its end.
    const isOver = error instanceof DomainError && !(error instanceof JobInterrupted);
    const goesOn = !isOver && runId !== undefined;
    if (payouts.length > 0 && !goesOn) {
      await notifyAfterwards(host, session, runAwaiting(periodStart, periodEnd, payouts.length));
    }
    throw error;
  }
  const result = await finish({ payouts, skipped, held });
  yield { done, of: done, generated: result.payouts.length };
  host.log.info({ periodStart, periodEnd, generated: payouts.length }, 'Payouts were generated');
  return result;
}

/** Why a partner without a free credit gets nothing; nothing is said of one who is not active and has no credit at all. */
function withoutCredits(candidate: Candidate, heldNow: readonly Held[]): Skipped[] {
  const { id: partnerId, organization_name: partnerName } = candidate;
  const held = heldNow.find((each) => each.partnerId === partnerId);
  if (candidate.status !== 'active' && candidate.has_credits === 0 && held === undefined) return [];
  return [
    { partnerId, partnerName, reason: nothingReason(candidate.has_credits === 1, [], candidate, held) },
  ];
}

/**
 * The payouts of the first of those waiting, in one transaction, or one by one where that failed: then the one it failed at is skipped
 * and the others are made all the same. Answers for each in their order.
 */
async function generateNext(run: Run, waiting: readonly Candidate[]): Promise<Attempt[]> {
  let reached = 0;
  try {
    return await run.host.database.write({ tenantId: run.session.tenantId }, async (tx) => {
      const startedAt = performance.now();
      const attempts: Attempt[] = [];
      for (const candidate of waiting.slice(0, batchPartners)) {
        if (attempts.length > 0 && performance.now() - startedAt > batchMs) break;
        reached = attempts.length;
        attempts.push(await attemptWithin(tx, run, candidate));
      }
      return attempts;
    });
  } catch (error) {
    if (reached === 0) return [skippedBy(run, waiting, error, 0)];
    return generateSingly(run, waiting.slice(0, reached + 1));
  }
}

async function generateSingly(run: Run, candidates: readonly Candidate[]): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (const [index, candidate] of candidates.entries()) {
    try {
      attempts.push(
        await run.host.database.write({ tenantId: run.session.tenantId }, (tx) =>
          attemptWithin(tx, run, candidate),
        ),
      );
    } catch (error) {
      attempts.push(skippedBy(run, candidates, error, index));
    }
  }
  return attempts;
}

/** One partner's payout as a command of its own within the transaction, or why there is none. */
async function attemptWithin(tx: Writer, run: Run, { id: partnerId }: Candidate): Promise<Attempt> {
  const { host, session, period, runId } = run;
  try {
    const plan = await planPayout({ tx, now: host.now() }, session, partnerId, period);
    const input = {
      partnerId,
      ...period,
      ...(runId !== undefined && { commandId: partCommandId(runId, partnerId) }),
    };
    const payout = await commandWithin(tx, host, session, { name: commandName, input }, (work) =>
      writePayout(work, session, plan),
    );
    run.faults = 0;
    return { payout };
  } catch (error) {
    if (error instanceof NoPayout) return { skipped: noPayout(partnerId, error) };
    throw error;
  }
}

export function noPayout(partnerId: string, { partnerName, message }: NoPayout): Skipped {
  return { partnerId, partnerName, reason: message };
}

/** The loser of a race over the same credits is told so, as a refusal. */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof ConstraintError) || error.constraint !== 'ux_partner_payout_details_live_credit') {
    return error;
  }
  const reason = 'Someone else put its credits into a payout at the same moment.';
  return new DomainError('CONFLICT', reason, { fields: [{ path: 'partnerId', message: reason }] });
}

/** A refusal is the reason; a fault of ours is told as one, and is in the log. Several in a row end the run. */
function skippedBy(
  run: Run,
  candidates: readonly Candidate[],
  cause: unknown,
  index: number,
): { skipped: Skipped } {
  // The run itself is over, not only this partner's turn.
  if (cause instanceof JobInterrupted) throw cause;
  const error = asRefusal(cause);
  const candidate = candidates[index];
  if (candidate === undefined) throw error;
  const { id: partnerId, organization_name: partnerName } = candidate;
  if (error instanceof DomainError) return { skipped: { partnerId, partnerName, reason: error.message } };
  run.faults += 1;
  if (run.faults === faultsInARow) throw error;
  run.host.log.error({ err: error, partnerId }, 'A payout could not be generated');
  const reason =
    'Something went wrong on our side. Its credits are as they were; the details are in the log.';
  return { skipped: { partnerId, partnerName, reason } };
}

/** The id under which a run keeps what it made for one partner. */
function partCommandId(commandId: string, partnerId: string): string {
  return `${commandId}:partner:${partnerId}`;
}

/** Of `commands`, those by which a run with this id made a payout. */
export function madeUnder(runId: string): Sql {
  const from = partCommandId(runId, '');
  return sql`command_id >= ${from} and command_id < ${`${from}~`} and name = ${commandName}`;
}

/** What an unfinished run with this id made before it was interrupted. */
async function madeBefore(host: HostContext, session: Session, commandId: string): Promise<Payout[]> {
  const rows = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.all<{ result: string }>(sql`select result from commands
      where tenant_id = ${session.tenantId} and ${madeUnder(commandId)} order by command_id`),
  );
  return rows.map(({ result }) => {
    // What was stored is what `writePayout` answered under this id.
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

/** What the approvers are told of a run. */
export function runAwaiting(periodStart: string, periodEnd: string, payoutCount: number): NotificationDraft {
  const data = { payoutCount, periodStart, periodEnd };
  return { event: 'payouts_awaiting_approval', resourceId: null, partnerId: null, data };
}

/** Ends a run: leaves the activity that says it took place, and keeps its result under the caller's id. */
function finishRun(
  host: HostContext,
  session: Session,
  input: GenerateInput,
  { payouts, skipped, held }: Generated,
): Promise<Generated> {
  return command(host, session, { name: commandName, input }, async (work) => {
    const { periodStart, periodEnd } = input;
    const payoutCount = payouts.length;
    // One summary: whoever approves goes through the list anyway.
    if (payoutCount > 0) {
      await notify(work, session, runAwaiting(periodStart, periodEnd, payoutCount));
    }
    work.record({
      action: 'payouts_generated',
      resource: 'payout',
      resourceId: null,
      details: {
        periodStart,
        periodEnd,
        generated: payouts.length,
        skipped: skipped.length,
        ...(held.length > 0 && { partnersWithHeldCredits: held.length }),
      },
    });
    return { payouts, skipped, held };
  });
}

async function countPartners(host: HostContext, session: Session): Promise<number> {
  const row = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.get<{ n: number }>(sql`select count(*) as n from partners
      where tenant_id = ${session.tenantId} and deleted_at is null`),
  );
  return row?.n ?? 0;
}

/** The next partners by id, whether a payout is to be made for them, and what is held of their credits. */
function nextCandidates(
  { host, session, period }: Run,
  after: string,
): Promise<{ candidates: Candidate[]; heldNow: Held[] }> {
  const { periodStart, periodEnd } = period;
  const until = payableUntil(session, host.now(), periodEnd);
  const ofPartner = sql`c.tenant_id = p.tenant_id and c.partner_id = p.id and c.status = 'approved'
    and c.payable_from <= ${until}`;
  const isNext = after === '' ? sql`p.deleted_at is null` : sql`p.deleted_at is null and p.id > ${after}`;
  return host.database.read({ tenantId: session.tenantId }, async (reader) => {
    const candidates = await reader.all<Candidate>(sql`select p.id, p.organization_name, p.status, p.currency,
        case when exists (
          select 1 from partner_lead_credits c where ${ofPartner} and not exists (
            select 1 from partner_payout_details d
            where d.tenant_id = c.tenant_id and d.credit_id = c.id and d.released_at is null)
        ) then 1 else 0 end as has_free,
        case when exists (
          select 1 from partner_lead_credits c where ${ofPartner} and c.payable_from >= ${periodStart}
        ) then 1 else 0 end as has_credits
      from partners p where p.tenant_id = ${session.tenantId} and ${isNext}
      order by p.tenant_id, p.id limit ${partnersPerStatement}`);
    const last = candidates.at(-1);
    if (last === undefined) return { candidates, heldNow: [] };
    const which = sql`${isNext} and p.id <= ${last.id}`;
    return { candidates, heldNow: await heldCredits(reader, session, { until, periodEnd, which }) };
  });
}
