import { setImmediate } from 'node:timers/promises';
import sql from 'sql-template-tag';
import { dayOf, instantRange, startOfDay } from '#domain/calendar.ts';
import type { LeadFacts } from '#domain/credit-applicability.ts';
import { invalidField } from '#domain/errors.ts';
import { sumMinor } from '#domain/money.ts';
import type { HostContext } from '../../../context.ts';
import type { Reader } from '../../../database/index.ts';
import type { Session } from '../../../session.ts';
import { policyHistories } from '../../credit-engine/history.ts';
import type { Input } from '../../service.ts';
import { type Draft, draftOf } from './draft.ts';
import type { PastEvent, Window } from './reading.ts';
import {
  type EventSource,
  givenEvents,
  givenSource,
  isOwn,
  type KnownEvent,
  nobody,
  windowSource,
} from './sources.ts';
import { newSums, type SimulatedLead, type SimulationSummary } from './sums.ts';
import { type PastWorld, type PayingTerms, pastWorld } from './world.ts';

export type SimulateInput = Input<'creditPolicies', 'simulateStream'>;

export interface SimulationStep {
  items: SimulatedLead[];
  done: number;
  of: number;
}

/** A simulation that is ready to run: everything that can be refused was checked. */
export interface ReadySimulation {
  draft: Draft;
  world: PastWorld;
  partnersById: ReadonlyMap<string, PayingTerms>;
  /** Of policies, by id. */
  codes: ReadonlyMap<string, string>;
  source: EventSource;
  words: string;
  from: string | null;
  to: string | null;
}

/**
 * Checks what a simulation is asked for, and makes its world. Nothing is written, here or later.
 * @throws DomainError `NOT_FOUND`, `VALIDATION`.
 */
export async function readySimulation(
  host: HostContext,
  session: Session,
  input: SimulateInput,
): Promise<ReadySimulation> {
  const { tenantId, tenant } = session;
  const now = host.now();
  const asked = askedFor(input);
  return host.database.read({ tenantId }, async (reader) => {
    const draft = await draftOf(reader, session, input.policy, now);
    const partnerId = draft.partner?.id ?? null;
    const given =
      asked.leads === undefined ? undefined : await givenEvents(reader, session, draft, asked.leads, now);
    const histories = await policyHistories(reader, tenantId, given === undefined ? partnerId : null);
    const today = dayOf(now, tenant.timeZone);
    const window: Window =
      asked.period === undefined
        ? { from: given?.[0]?.at ?? now, until: now, partnerId: null }
        : { ...instantRange(asked.period.from, asked.period.to, tenant.timeZone), partnerId };
    const fromDay = asked.period?.from ?? dayOf(window.from, tenant.timeZone);
    const beginsWithinDay = given?.[0]?.isPast === true;
    const world = await pastWorld(reader, tenantId, {
      histories,
      draft,
      from: window.from,
      fromDay,
      until: window.until > now ? now : window.until,
      countsFromDay: given?.[0]?.isPast === false && fromDay === today,
      dayBegan: beginsWithinDay ? startOfDay(fromDay, tenant.timeZone) : null,
      earliestDay: (given ?? []).reduce((earliest, { on }) => (on < earliest ? on : earliest), fromDay),
      partnerId: window.partnerId,
    });
    const source =
      given === undefined
        ? await windowSource(host, session, reader, window)
        : await givenSource(reader, tenantId, given);
    return {
      draft,
      world,
      codes: new Map(histories.map(({ policyId, policyCode }) => [policyId, policyCode])),
      partnersById: await payingTerms(reader, tenantId, draft),
      source,
      words: worldInWords(draft, given !== undefined),
      from: asked.period?.from ?? null,
      to: asked.period?.to ?? null,
    };
  });
}

/**
 * Goes through the events slice by slice, and answers the sums at the end. Between two slices others get their turn; an
 * abort ends it there.
 */
export async function* runSimulation(
  ready: ReadySimulation,
  signal: AbortSignal | undefined,
): AsyncGenerator<SimulationStep, SimulationSummary> {
  const sums = newSums(ready.draft, ready.codes);
  const approvedHere = new Set<string>();
  let done = 0;
  for (;;) {
    signal?.throwIfAborted();
    const events = await ready.source.next();
    if (events.length === 0) break;
    const items = events.map((event) => {
      const item = simulate(ready, event, approvedHere.has(event.leadId));
      if (event.event === 'approval' && event.convertedAt !== null) approvedHere.add(event.leadId);
      sums.add(item, event.leadId, event.credits);
      return item;
    });
    done += events.length;
    yield { items, done, of: Math.max(done, ready.source.of) };
    await setImmediate();
  }
  return { world: ready.words, from: ready.from, to: ready.to, ...sums.result() };
}

function simulate(
  { world, draft, partnersById }: ReadySimulation,
  event: KnownEvent,
  livedApproval: boolean,
): SimulatedLead {
  const terms = partnersById.get(event.partnerId);
  if (terms === undefined) throw new Error(`The partner ${event.partnerId} of a lead is not there.`);
  const own = event.credits.filter((credit) => isOwn(credit, event));
  const credited = sumMinor(own.map(({ credit_amount }) => credit_amount));
  const about = {
    leadId: event.isReal ? event.leadId : null,
    leadName: event.isReal ? event.leadName : null,
    partnerId: event.partnerId === nobody ? null : event.partnerId,
    event: event.event,
    eventDay: event.on,
    currency: terms.currency,
    credited,
  };
  if (event.ended !== undefined) {
    return { ...about, amount: 0, difference: -credited, reason: event.ended, policies: [] };
  }
  const { decision, wasGoverned, policies } = world.live(event, factsOf(event, terms), terms, livedApproval);
  const codes = new Map(policies.map(({ policyId, policyCode }) => [policyId, policyCode]));
  const isDraft = (policyId: string) => policyId === draft.candidate.policyId;
  const weighed = decision.mappings.map(({ policyId, applied, amount, reason }) => ({
    policyId: isDraft(policyId) && !draft.replaces ? null : policyId,
    policyCode: codes.get(policyId) ?? '',
    isDraft: isDraft(policyId),
    applied,
    amount,
    reason,
  }));
  const applied = weighed.filter((each) => each.applied);
  // The partner's terms of that day are known by what they really paid; only where a policy kept them away are today's asked.
  const realTerms = own.filter(({ origin }) => origin === 'partner_terms');
  const termsCredits = decision.isGoverned
    ? []
    : wasGoverned || !event.isPast
      ? decision.termsCredits
      : realTerms.map(({ credit_amount: amount, reason }) => ({ amount, reason }));
  const amount = sumMinor([...decision.credits, ...termsCredits].map((credit) => credit.amount));
  const reasons = [
    ...applied.map((each) => `${each.policyCode}: ${each.reason}`),
    ...termsCredits.map((each) => each.reason),
  ];
  const usedUp = weighed.filter((each) => !each.applied).map((each) => `${each.policyCode} ${each.reason}`);
  const nothing =
    usedUp.length > 0 ? usedUp.join('; ') : 'no policy pays for it, and nor do the partner’s own terms';
  return {
    ...about,
    amount,
    difference: amount - credited,
    reason: reasons.length > 0 ? reasons.join('; ') : nothing,
    policies: weighed,
  };
}

function factsOf(event: PastEvent, { currency }: PayingTerms): LeadFacts {
  return {
    event: event.event,
    eventDay: event.on,
    partnerId: event.partnerId,
    projectId: event.projectId,
    campaignId: event.campaignId,
    sourceId: event.sourceId,
    score: event.qualityScore,
    estimatedValue: event.estimatedValue,
    dealValue: event.event === 'conversion' ? event.dealValue : null,
    currency,
  };
}

/** Either leads or a period, and that one whole. */
function askedFor({ leads, from, to }: SimulateInput): {
  leads?: NonNullable<SimulateInput['leads']>;
  period?: { from: string; to: string };
} {
  if (leads !== undefined) {
    if (from === undefined && to === undefined) return { leads };
    throw invalidField('leads', 'Give leads or a period, not both.');
  }
  if (from === undefined || to === undefined) {
    throw invalidField(
      from === undefined ? 'from' : 'to',
      'Give the leads, or the first and the last day of a period.',
    );
  }
  if (to < from) throw invalidField('to', 'The period ends before it starts.');
  return { period: { from, to } };
}

async function payingTerms(
  reader: Reader,
  tenantId: string,
  draft: Draft,
): Promise<ReadonlyMap<string, PayingTerms>> {
  const rows = await reader.all<{
    id: string;
    currency: string;
    lead_price: number | null;
    commission_rate: number | null;
  }>(sql`select id, currency, lead_price, commission_rate from partners where tenant_id = ${tenantId}`);
  const terms = new Map<string, PayingTerms>(
    rows.map((row) => [
      row.id,
      { currency: row.currency, leadPrice: row.lead_price, commissionRate: row.commission_rate },
    ]),
  );
  terms.set(nobody, { currency: draft.candidate.currency, leadPrice: null, commissionRate: null });
  return terms;
}

function worldInWords({ candidate, replaces }: Draft, isGiven: boolean): string {
  const draft = replaces
    ? `The policy ${candidate.policyCode} by these terms, instead of its own revisions,`
    : `The new policy ${candidate.policyCode}`;
  const when = isGiven
    ? 'for the leads given, as if no other lead had come since the first of them'
    : 'all through the period';
  return `${draft} together with all other policies as they were in force, ${when}.`;
}
