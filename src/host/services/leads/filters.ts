import { isDay, startOfDay } from '#domain/calendar.ts';
import { DomainError } from '#domain/errors.ts';
import { readSearch, type SearchTerm } from '#domain/lead-search.ts';
import { leadImports, type PartnerLeadRow, type Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Input } from '../service.ts';
import { findLeads } from './search.ts';
import { overdueBefore } from './service-level.ts';

/** What the lists of leads are asked for, as stretches of time, scores and ids that an index can be walked by. */

type Asked = Input<'leads', 'list'> | Input<'leads', 'reviewQueue'>;

/** Filters as the tables understand them; those left out are undefined. */
export interface Filters {
  status?: PartnerLeadRow['status'] | undefined;
  partnerId?: string | undefined;
  sourceId?: string | undefined;
  importId?: string | undefined;
  /** Hundredths. */
  minScore?: number | undefined;
  search?: Search | undefined;
  duplicates?: boolean | undefined;
  linked?: boolean | undefined;
  /** Only what waits to be decided by itself. */
  waiting?: boolean | undefined;
  /** Submitted from this instant on, included. */
  from?: string | undefined;
  /** Submitted before this instant, excluded. */
  before?: string | undefined;
  /** They leave no time in which a lead could have come in. */
  contradictory?: boolean | undefined;
}

interface Search {
  terms: readonly SearchTerm[];
  /** Those that have the words, where they are few. */
  ids: readonly string[] | 'many';
}

/** A clock that is put back while an import runs by more than this would hide rows of it from its list. */
const CLOCK_SLACK_MS = 86_400_000;

/** The filters of a call, or undefined where nothing can match. */
export async function readFilters(
  reader: Reader,
  session: Session,
  input: Asked,
  now: string,
): Promise<Filters | undefined> {
  const { status, sourceId, importId, duplicates, linked } = input;
  // A partner's own user sees its leads, and of another partner there are none.
  const partnerId = input.partnerId ?? session.partnerId ?? undefined;
  if (session.partnerId !== null && partnerId !== session.partnerId) return undefined;
  // What a lead doesn't show them can't be found out by asking for it either.
  if (session.partnerId !== null && input.escalated !== undefined) {
    throw new DomainError('FORBIDDEN', 'Only the office looks for escalated leads.');
  }
  const search = await readTerms(reader, session, input.q);
  if (search === 'nothing') return undefined;
  const minScore = input.minScore === undefined ? undefined : leastHundredths(input.minScore);
  const before = input.submittedBefore === undefined ? undefined : instantOf(session, input.submittedBefore);
  const filters: Filters = {
    status,
    partnerId,
    sourceId,
    importId,
    duplicates,
    linked,
    search,
    minScore,
    before,
    ...lateness(session, input, before, now),
  };
  if (filters.contradictory) return undefined;
  if (importId === undefined) return filters;
  // No index leads with the import. Its leads are its partner's, of the time it ran: that is a stretch of one.
  const run = await reader.find(leadImports, { id: importId });
  if (run === undefined || (partnerId !== undefined && partnerId !== run.partnerId)) return undefined;
  const from = shifted(run.startedAt, -CLOCK_SLACK_MS);
  const end = run.finishedAt === null ? undefined : shifted(run.finishedAt, CLOCK_SLACK_MS);
  return {
    ...filters,
    partnerId: run.partnerId,
    from: filters.from === undefined || filters.from < from ? from : filters.from,
    before: earlier(filters.before, end),
  };
}

/** What is searched for; `nothing` where no lead can have it. */
async function readTerms(
  reader: Reader,
  session: Session,
  q: string | undefined,
): Promise<Search | 'nothing' | undefined> {
  if (q === undefined || q === '') return undefined;
  const terms = readSearch(q);
  if (terms === undefined) return 'nothing';
  const ids = await findLeads(reader, session.tenantId, terms);
  return ids.length === 0 ? 'nothing' : { terms, ids };
}

/**
 * The filters of the service level as a stretch of time: what is overdue was submitted at or before an instant and still waits.
 * The ones that are not yet are the rest of what waits.
 */
function lateness(
  session: Session,
  { overdue, escalated }: Asked,
  before: string | undefined,
  now: string,
): Pick<Filters, 'waiting' | 'from' | 'before' | 'contradictory'> {
  if (overdue === undefined && escalated === undefined) return {};
  const { reviewHours, escalationHours } = session.tenant.settings;
  // Just after: the instant itself is late already.
  const limits = [
    { wanted: overdue, at: shifted(overdueBefore(reviewHours, now), 1) },
    { wanted: escalated, at: shifted(overdueBefore(escalationHours, now), 1) },
  ];
  let until = before;
  let from: string | undefined;
  for (const { wanted, at } of limits) {
    if (wanted === true) until = earlier(until, at);
    if (wanted === false && (from === undefined || from < at)) from = at;
  }
  const contradictory = from !== undefined && until !== undefined && from >= until;
  return { waiting: true, from, before: until, contradictory };
}

/** The lowest score of two decimals that reaches these points: 79.999 asks for 80, and 8.2 × 100 is not above 820. */
function leastHundredths(points: number): number {
  return Math.ceil(Number((points * 100).toFixed(6)));
}

function shifted(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}

function earlier(left: string | undefined, right: string | undefined): string | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return left < right ? left : right;
}

/** PostgreSQL's years begin with 1; nothing was submitted before this. */
const EARLIEST = '0001-01-02T00:00:00.000Z';

/** A day stands for its first instant in the tenant's zone. */
function instantOf(session: Session, dayOrInstant: string): string {
  const instant = new Date(dayOrInstant).toISOString();
  if (instant < EARLIEST) return EARLIEST;
  return isDay(dayOrInstant) ? startOfDay(dayOrInstant, session.tenant.timeZone) : instant;
}
