import sql, { join } from 'sql-template-tag';
import { dayOf } from '#domain/calendar.ts';
import { DomainError } from '#domain/errors.ts';
import type { HostContext } from '../../../context.ts';
import { type PartnerLeadRow, partnerLeads, partnerSources, type Reader } from '../../../database/index.ts';
import type { Session } from '../../../session.ts';
import { requireScopes } from '../../projects/scopes.ts';
import type { Input } from '../../service.ts';
import type { Draft } from './draft.ts';
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
  next(): Promise<EventSlice>;
}

export interface EventSlice {
  events: SimulatedLeadEvent[];
  credits: ReadonlyMap<string, PastCredit[]>;
  before: Awaited<ReturnType<typeof weighedOfLeads>>;
}

export interface SimulatedLeadEvent extends PastEvent {
  /** False: the lead is only thought of. */
  isReal: boolean;
  /** False: it has not happened yet, and is gone through as if it happened now. */
  isPast: boolean;
  /** Why there is nothing to go through. */
  ended?: string;
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
  return {
    of: await countEvents(counting, tenantId, window),
    next: () =>
      host.database.read({ tenantId }, async (reader) => {
        const found = isDone ? [] : await eventsAfter(reader, tenantId, window, cursor, sliceSize);
        isDone = found.length < sliceSize;
        // The same instant stays together, so that what happened at once can be put in its order.
        const last = found.at(-1)?.at;
        const whole = isDone ? found : found.filter(({ at }) => at !== last);
        const events = whole.length > 0 ? whole : found;
        const end = events.at(-1);
        if (end !== undefined) cursor = { at: end.at, leadId: end.leadId, event: end.event };
        const credits = await creditsOfLeads(reader, tenantId, idsOf(events));
        return {
          events: inOrder(events, credits).map((event) => ({ ...event, isReal: true, isPast: true })),
          credits,
          before: await weighedOfLeads(
            reader,
            tenantId,
            idsOf(events.filter(({ event }) => event === 'conversion')),
          ),
        };
      }),
  };
}

const idsOf = (events: readonly PastEvent[]) => [...new Set(events.map(({ leadId }) => leadId))];

/** Within one instant, as the credits were made: their ids rise in the order of their making. */
function inOrder(events: readonly PastEvent[], credits: ReadonlyMap<string, PastCredit[]>): PastEvent[] {
  const firstOf = ({ leadId, event }: PastEvent) =>
    credits.get(leadId)?.find(({ trigger_event }) => trigger_event === event)?.id ?? '~';
  return [...events].sort((a, b) => {
    if (a.at !== b.at) return a.at < b.at ? -1 : 1;
    const [first, second] = [firstOf(a), firstOf(b)];
    return first === second ? 0 : first < second ? -1 : 1;
  });
}

/** Leads that were given, a thousand at most: read at once. */
export async function givenSource(
  reader: Reader,
  tenantId: string,
  events: readonly SimulatedLeadEvent[],
): Promise<EventSource> {
  const real = events.filter(({ isReal }) => isReal);
  const credits = await creditsOfLeads(reader, tenantId, idsOf(real));
  const before = await weighedOfLeads(reader, tenantId, idsOf(real));
  let at = 0;
  return {
    of: events.length,
    next: async () => {
      const slice = events.slice(at, at + sliceSize);
      at += slice.length;
      return { events: slice, credits, before };
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
    qualityScore: Math.round(lead.qualityScore * 100),
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
