import sql, { join } from 'sql-template-tag';
import { dayOf } from '#domain/calendar.ts';
import type { WeighedBefore } from '#domain/credit-event.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import { qualityScore } from '#domain/quality-score.ts';
import type { HostContext } from '../../../context.ts';
import { type PartnerLeadRow, partnerLeads, partnerSources, type Reader } from '../../../database/index.ts';
import type { Session } from '../../../session.ts';
import { earlierScores, scoreAt } from '../../credit-engine/earlier-scores.ts';
import { weightsFor } from '../../leads/preparation.ts';
import { requireScopes } from '../../projects/scopes.ts';
import type { Input } from '../../service.ts';
import type { Draft } from './draft.ts';
import { inOrder, type Moment, overlap } from './order.ts';
import {
  countEvents,
  creditsOfLeads,
  type EventCursor,
  eventsAfter,
  type PastCredit,
  type PastEvent,
  type Window,
  weighedOfLeads,
} from './reading.ts';

type GivenLeads = NonNullable<Input<'creditPolicies', 'simulateStream'>['leads']>;

/** So many events are read and gone through at once: a few milliseconds of work. */
const sliceSize = 250;

/** Where the events come from: a window of the past, read slice by slice, or leads that were given. */
export interface EventSource {
  of: number;
  /** The next slice; none is the end. */
  next(): Promise<KnownEvent[]>;
}

export interface SimulatedLeadEvent extends PastEvent {
  /** False: the lead is only thought of. */
  isReal: boolean;
  /** False: it has not happened yet, and is gone through as if it happened now. */
  isPast: boolean;
  /** Why there is nothing to go through. */
  ended?: string;
}

/** An event with the score of that instant, and with what it left in reality. */
export interface KnownEvent extends SimulatedLeadEvent, Moment {
  credits: readonly PastCredit[];
  /** By its approval. */
  left: WeighedBefore | undefined;
}

/** The partner of a lead that is only thought of, under a policy for all partners. */
export const nobody = '';

/** Reads a window slice by slice, a transaction each. */
export async function windowSource(
  host: HostContext,
  session: Session,
  counting: Reader,
  window: Window,
): Promise<EventSource> {
  const { tenantId } = session;
  let cursor: EventCursor | null = null;
  let isDone = false;
  let waiting: KnownEvent[] = [];
  return {
    of: await countEvents(counting, tenantId, window),
    next: () =>
      host.database.read({ tenantId }, async (reader) => {
        const found = isDone ? [] : await eventsAfter(reader, tenantId, window, cursor, sliceSize);
        isDone = found.length < sliceSize;
        const last = found.at(-1);
        if (last !== undefined) cursor = { at: last.at, leadId: last.leadId, event: last.event };
        const past = found.map((event) => ({ ...event, isReal: true, isPast: true }));
        const known = inOrder([...waiting, ...(await knownOf(reader, tenantId, past))]);
        // The next slice may hold what came before the last ones of this.
        waiting = isDone ? [] : known.splice(-overlap);
        return known;
      }),
  };
}

/** What is known of these events, in the order given. */
async function knownOf(
  reader: Reader,
  tenantId: string,
  events: readonly SimulatedLeadEvent[],
): Promise<KnownEvent[]> {
  const ids = [...new Set(events.filter(({ isReal }) => isReal).map(({ leadId }) => leadId))];
  const credits = await creditsOfLeads(reader, tenantId, ids);
  const weighed = await weighedOfLeads(reader, tenantId, ids);
  const scores = await earlierScores(reader, tenantId, ids);
  return events.map((event) => {
    const ofLead = credits.get(event.leadId) ?? [];
    const left = weighed.get(event.leadId);
    const made = left?.firstIds[event.event] ?? ofLead.find((credit) => isOwn(credit, event))?.id;
    return {
      ...event,
      qualityScore: scoreAt(event.qualityScore, scores.get(event.leadId), event.at),
      credits: ofLead,
      left: left?.left,
      madeId: made ?? null,
    };
  });
}

/** Whether a credit was made at this event, by a policy or the partner's own terms. */
export function isOwn({ trigger_event, origin }: PastCredit, { event }: PastEvent): boolean {
  return trigger_event === event && (origin === 'policy' || origin === 'partner_terms');
}

/** Leads that were given, a thousand at most: read at once. */
export async function givenSource(
  reader: Reader,
  tenantId: string,
  events: readonly SimulatedLeadEvent[],
): Promise<EventSource> {
  const known = inOrder(await knownOf(reader, tenantId, events));
  let at = 0;
  return {
    of: known.length,
    next: async () => {
      const slice = known.slice(at, at + sliceSize);
      at += slice.length;
      return slice;
    },
  };
}

/**
 * The events of leads that were given, in the order they happened. What has not happened yet happens now, after all others and in
 * the order given: the approval of a lead that waits for review, and all of a lead that is only thought of.
 */
export async function givenEvents(
  reader: Reader,
  session: Session,
  draft: Draft,
  leads: GivenLeads,
  now: string,
): Promise<SimulatedLeadEvent[]> {
  const ids = leads.filter((lead) => typeof lead === 'string');
  const rows =
    ids.length === 0 ? [] : await reader.list(partnerLeads, sql`id in (${join([...new Set(ids)])})`);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const today = dayOf(now, session.tenant.timeZone);
  const events: SimulatedLeadEvent[] = [];
  const seen = new Set<string>();
  for (const [position, lead] of leads.entries()) {
    if (typeof lead !== 'string') {
      events.push(...(await imagined(reader, session, draft, lead, { position, now, today })));
      continue;
    }
    const row = byId.get(lead);
    if (row === undefined) {
      const message = 'There is no such lead.';
      throw new DomainError('NOT_FOUND', message, { fields: [{ path: `leads.${position}`, message }] });
    }
    if (!seen.has(lead)) events.push(...eventsOfRow(row, now, today));
    seen.add(lead);
  }
  const order = new Map(events.map((event, position) => [event, position]));
  return events.sort((a, b) => {
    if (a.at !== b.at) return a.at < b.at ? -1 : 1;
    return (order.get(a) ?? 0) - (order.get(b) ?? 0);
  });
}

function eventsOfRow(row: PartnerLeadRow, now: string, today: string): SimulatedLeadEvent[] {
  const about = {
    leadId: row.id,
    leadName: row.contactName,
    partnerId: row.partnerId,
    sourceId: row.sourceId,
    projectId: row.projectId,
    campaignId: row.campaignId,
    qualityScore: row.qualityScore,
    estimatedValue: row.estimatedValue,
    dealValue: row.dealValue,
    approvedAt: row.approvedAt,
    convertedAt: row.convertedAt,
    isReal: true,
    isPast: true,
  };
  if (row.approvedAt === null || row.approvedOn === null) {
    const ended = row.status === 'rejected' ? { ended: 'the lead was rejected' } : {};
    return [{ ...about, ...ended, isPast: false, event: 'approval', at: now, on: today }];
  }
  const approval: SimulatedLeadEvent = {
    ...about,
    event: 'approval',
    at: row.approvedAt,
    on: row.approvedOn,
  };
  if (row.convertedAt === null || row.conversionDate === null) return [approval];
  return [approval, { ...about, event: 'conversion', at: row.convertedAt, on: row.conversionDate }];
}

async function imagined(
  reader: Reader,
  session: Session,
  draft: Draft,
  lead: Exclude<GivenLeads[number], string>,
  { position, now, today }: { position: number; now: string; today: string },
): Promise<SimulatedLeadEvent[]> {
  const scopes = await requireScopes(reader, session, {
    projectId: lead.projectId ?? null,
    campaignId: lead.campaignId ?? null,
  });
  const about = {
    ...scopes,
    leadId: `imagined ${position}`,
    leadName: '',
    partnerId: draft.partner?.id ?? nobody,
    sourceId: await sourceNamed(reader, draft, lead.sourceCode ?? null, position),
    qualityScore: imaginedScore(session, draft, lead, position),
    estimatedValue: lead.estimatedValue ?? null,
    dealValue: lead.dealValue ?? null,
    approvedAt: now,
    convertedAt: lead.dealValue === null || lead.dealValue === undefined ? null : now,
    at: now,
    on: lead.eventDay ?? today,
    isReal: false,
    isPast: false,
  };
  const approval: SimulatedLeadEvent = { ...about, event: 'approval' };
  return about.convertedAt === null ? [approval] : [approval, { ...about, event: 'conversion' }];
}

/** In hundredths: as told, or what the data comes to by the weights of the draft's partner. */
function imaginedScore(
  session: Session,
  { partner }: Draft,
  { qualityScore: told, leadData }: Exclude<GivenLeads[number], string>,
  position: number,
): number {
  if (typeof told === 'number') return Math.round(told * 100);
  if (leadData === null || leadData === undefined) {
    throw invalidField(
      `leads.${position}.qualityScore`,
      'Tell the score of the lead, or its data to score it by.',
    );
  }
  const given = Object.entries(leadData).filter(([, value]) => value !== null && value !== undefined);
  return qualityScore(Object.fromEntries(given), weightsFor(session, partner ?? { scoreWeights: null }));
}

async function sourceNamed(
  reader: Reader,
  { partner }: Draft,
  sourceCode: string | null,
  position: number,
): Promise<string> {
  if (sourceCode === null) return nobody;
  const source =
    partner === null ? undefined : await reader.find(partnerSources, { sourceCode, partnerId: partner.id });
  if (source !== undefined) return source.id;
  const message = `The policy's partner has no source ${sourceCode}.`;
  throw new DomainError('NOT_FOUND', message, {
    fields: [{ path: `leads.${position}.sourceCode`, message }],
  });
}
