import { setImmediate } from 'node:timers/promises';
import { addDays, periodOf } from '#domain/calendar.ts';
import type { LeadFacts } from '#domain/credit-applicability.ts';
import { governsLead } from '#domain/credit-applicability.ts';
import type { EventDecision } from '#domain/credit-event.ts';
import { hasCaps } from '#domain/credit-policies.ts';
import { type SimulatedWorld, simulatedWorld } from '#domain/credit-simulation.ts';
import type { Reader } from '../../../database/index.ts';
import type { Candidate } from '../../credit-engine/candidates.ts';
import { type PolicyHistory, policyAt } from '../../credit-engine/history.ts';
import type { Draft } from './draft.ts';
import { cameBefore, type Moment, overlap } from './order.ts';
import {
  type CappedCredit,
  countsBefore,
  countsWithin,
  creditsUnder,
  type PastCredit,
  type PastEvent,
} from './reading.ts';
import type { KnownEvent } from './sources.ts';

/** What a world needs to know of partners. */
export interface PayingTerms {
  currency: string;
  leadPrice: number | null;
  commissionRate: number | null;
}

/** Something that changed what is left under a cap, other than a credit the world makes itself. */
interface Later extends Moment {
  isDone: boolean;
  happen(world: SimulatedWorld<Candidate>): void;
}

/** Policies of one partner between two changes of any of them. */
interface Standing {
  from: string;
  until: string;
  real: Candidate[];
  simulated: Candidate[];
}

/** A world to go through past events in: the policies as they stood, with the draft among them. */
export interface PastWorld {
  /** What the simulated world credits for a past event, and whether in reality a policy governed the lead. */
  live(event: KnownEvent, facts: LeadFacts, terms: PayingTerms, livedApproval: boolean): LivedEvent;
}

export interface LivedEvent {
  decision: EventDecision;
  /** By the policies that really were in force. */
  wasGoverned: boolean;
  policies: readonly Candidate[];
}

export interface WorldStart {
  histories: readonly PolicyHistory[];
  draft: Draft;
  /** The first instant the world goes through, its day, and the instant it ends. */
  from: string;
  fromDay: string;
  until: string;
  /** Leads counted on `fromDay` are part of what was before: nothing the world goes through has happened on it yet. */
  countsFromDay: boolean;
  /** Where the world begins within `fromDay`: when that day did. */
  dayBegan: string | null;
  /** The first day that an event of the world may count on. */
  earliestDay: string;
  /** Null: of all. */
  partnerId: string | null;
}

/** Makes a world as it stood at an instant: counts of tiers and what caps were held against, as far as any policy looks at them. */
export async function pastWorld(reader: Reader, tenantId: string, start: WorldStart): Promise<PastWorld> {
  const { histories, draft } = start;
  const draftId = draft.candidate.policyId;
  const world = simulatedWorld<Candidate>();
  const later: Later[] = [];
  /** How far `later` has happened. */
  let next = 0;
  const others = histories.filter(({ policyId }) => policyId !== draftId);
  const looked = (each: (terms: Candidate['terms']) => boolean) =>
    [
      ...others
        .filter(({ revisions }) => revisions.some(({ terms }) => each(terms)))
        .map(({ policyId }) => policyId),
      ...(draft.replaces && each(draft.candidate.terms) ? [draftId] : []),
    ].sort();

  const before = start.countsFromDay ? addDays(start.fromDay, 1) : start.fromDay;
  const { earliestDay } = start;
  const since =
    [periodOf(earliestDay, 'yearly').start, periodOf(earliestDay, 'weekly').start].sort()[0] ?? earliestDay;
  const tiered = looked(({ calculationType }) => calculationType === 'tiered');
  if (tiered.length > 0) {
    const counted = { before, since, partnerId: start.partnerId };
    for await (const rows of countsBefore(reader, tenantId, tiered, counted)) {
      for (const row of rows) world.countBefore(row.policy_id, row.partner_id, row.day, row.n);
      await setImmediate();
    }
    if (start.dayBegan !== null) {
      const within = { day: start.fromDay, from: start.dayBegan, until: start.from };
      for (const row of await countsWithin(reader, tenantId, tiered, within)) {
        world.countBefore(row.policy_id, row.partner_id, row.day, row.n);
      }
    }
  }
  const capped = looked(hasCaps);
  const holdsCaps = capped.length > 0 || hasCaps(draft.candidate.terms);
  if (capped.length > 0) {
    for await (const rows of creditsUnder(reader, tenantId, capped)) {
      for (const row of rows) takeIn(world, later, row, start);
      // Others get their turn between two batches.
      await setImmediate();
    }
    later.sort(byTime);
  }

  const standings = new Map<string, Standing>();
  const policiesOf = (partnerId: string, at: string): Standing => {
    const known = standings.get(partnerId);
    if (known !== undefined && at >= known.from && at < known.until) return known;
    const standing = standingAt(histories, draft, partnerId, at);
    standings.set(partnerId, standing);
    return standing;
  };

  return {
    live(event, facts, terms, livedApproval) {
      const { left, credits } = event;
      let ahead = 0;
      for (let index = next; index < later.length && ahead < overlap; index += 1) {
        const each = later[index];
        if (each === undefined || each.isDone) continue;
        if (each.at >= event.at) ahead += 1;
        if (!cameBefore(each, event)) continue;
        each.isDone = true;
        each.happen(world);
      }
      while (later[next]?.isDone === true) next += 1;
      const { real, simulated } = policiesOf(event.partnerId, event.at);
      // Only a conversion has anything before it, and that counts where the world did not see it happen.
      const tellsBefore = event.event === 'conversion' && !livedApproval;
      const decision = world.live({
        leadId: event.leadId,
        lead: facts,
        policies: simulated,
        leadPrice: terms.leadPrice,
        commissionRate: terms.commissionRate,
        before: tellsBefore ? left : undefined,
        onLead: tellsBefore ? creditedBy(credits, event.at) : undefined,
        isRemembered: holdsCaps || (event.event === 'approval' && event.convertedAt !== null),
      });
      if (holdsCaps) {
        for (const each of takenBack(credits, event)) insertSorted(later, next, each);
      }
      const governedBefore = event.event === 'conversion' && (left?.isGoverned ?? false);
      return {
        decision,
        wasGoverned: governedBefore || real.some((policy) => governsLead(policy, facts)),
        policies: simulated,
      };
    },
  };
}

/** Those that name the partner or none, and until when they stay as they are. */
function standingAt(
  histories: readonly PolicyHistory[],
  draft: Draft,
  partnerId: string,
  at: string,
): Standing {
  const real: Candidate[] = [];
  let from = '';
  let until = '9999';
  for (const history of histories) {
    if (history.partnerId !== null && history.partnerId !== partnerId) continue;
    const policy = policyAt(history, at);
    if (policy?.isApproved) real.push(policy);
    for (const change of [history.deactivatedAt, ...history.revisions.map(({ approvedAt }) => approvedAt)]) {
      if (change === null) continue;
      if (change > at && change < until) until = change;
      if (change <= at && change > from) from = change;
    }
  }
  const { candidate } = draft;
  const simulated = real.filter(({ policyId }) => policyId !== candidate.policyId);
  if (candidate.terms.partnerId === null || candidate.terms.partnerId === partnerId)
    simulated.push(candidate);
  return { from, until, real, simulated };
}

/**
 * A credit under a capped policy that the world does not make, or what became of one: made before it begins, by another partner's
 * lead, or by a conversion that was withdrawn since, which the world never sees.
 */
function takeIn(
  world: SimulatedWorld<Candidate>,
  later: Later[],
  row: CappedCredit,
  start: WorldStart,
): void {
  const { policy_id, event_on, credit_amount } = row;
  if (row.created_at >= start.until) return;
  const isOwn = start.partnerId === null || row.partner_id === start.partnerId;
  // What it makes itself it takes back itself, too.
  if (row.made_at >= start.from && isOwn && row.withdrawn_at === null) return;
  const endedAt = row.status === 'rejected' || row.status === 'reversed' ? row.updated_at : null;
  if (endedAt !== null && endedAt < start.from) return;
  if (row.created_at < start.from) world.creditElsewhere(policy_id, event_on, credit_amount);
  else {
    later.push({
      at: row.created_at,
      madeId: row.id,
      isDone: false,
      happen: (each) => each.creditElsewhere(policy_id, event_on, credit_amount),
    });
  }
  if (endedAt !== null) {
    later.push(
      ended(endedAt, (each) => {
        each.creditElsewhere(policy_id, event_on, -credit_amount);
      }),
    );
  }
}

const ended = (at: string, happen: Later['happen']): Later => ({ at, madeId: null, isDone: false, happen });

/** When and how the credits of an event were taken back in reality. */
function takenBack(credits: readonly PastCredit[], { event, leadId }: PastEvent): Later[] {
  return credits.flatMap((credit) => {
    const { policy_id: policyId, credit_amount: amount } = credit;
    if (policyId === null || credit.trigger_event !== event) return [];
    if (credit.origin === 'reversal') {
      return [ended(credit.created_at, (world) => world.takeBack(leadId, policyId, -amount))];
    }
    if (credit.status !== 'rejected' && credit.status !== 'reversed') return [];
    // What a payout carried over is a part of the credit, and only that part ended.
    const part = credit.origin === 'carry_over' ? amount : undefined;
    return [ended(credit.updated_at, (world) => world.takeBack(leadId, policyId, part))];
  });
}

/** What policies had credited to a lead by an instant, and was not taken back by then. */
function creditedBy(credits: readonly PastCredit[], at: string): number {
  return credits
    .filter(
      ({ policy_id, created_at, status, updated_at }) =>
        policy_id !== null &&
        created_at < at &&
        ((status !== 'rejected' && status !== 'reversed') || updated_at >= at),
    )
    .reduce((sum, { credit_amount }) => sum + credit_amount, 0);
}

function byTime(a: Later, b: Later): number {
  return a.at < b.at ? -1 : a.at > b.at ? 1 : 0;
}

function insertSorted(later: Later[], from: number, each: Later): void {
  let low = from;
  let high = later.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = later[middle];
    if (other !== undefined && other.at <= each.at) low = middle + 1;
    else high = middle;
  }
  later.splice(low, 0, each);
}
