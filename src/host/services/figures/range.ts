import { setImmediate as breathe } from 'node:timers/promises';
import { addDays, compareDays, dayOf, instantRange, type Period } from '#domain/calendar.ts';
import { figureRange } from '#domain/figures.ts';
import type { HostContext } from '../../context.ts';
import type { Session } from '../../session.ts';

/** Days of the tenant's zone, both included, and the instants they are. */
export interface FigureRange extends Period {
  /** Included. */
  readonly from: string;
  /** Excluded. */
  readonly until: string;
}

export function instantsOf(period: Period, session: Session): FigureRange {
  return { ...period, ...instantRange(period.start, period.end, session.tenant.timeZone) };
}

/** The range a call asks for; the year up to today where it says nothing. Throws `VALIDATION` as `figureRange` does. */
export function rangeOf(
  host: Pick<HostContext, 'now'>,
  session: Session,
  input: { from?: string | undefined; to?: string | undefined },
): FigureRange {
  const today = dayOf(host.now(), session.tenant.timeZone);
  return instantsOf(figureRange({ from: input.from, to: input.to }, today), session);
}

/** So many days at once: of a million leads a year, some tens of milliseconds. */
const sliceDays = 31;

/**
 * A range in slices, for what can be added up: SQLite answers on the one thread everybody's calls run on, so no single
 * statement may read all of a big office. Between two slices others have their turn.
 */
export async function* slicesOf(range: Period, session: Session): AsyncGenerator<FigureRange> {
  for (let start = range.start; compareDays(start, range.end) <= 0; ) {
    const last = addDays(start, sliceDays - 1);
    const end = compareDays(last, range.end) > 0 ? range.end : last;
    yield instantsOf({ start, end }, session);
    if (end === range.end) return;
    await breathe();
    start = addDays(end, 1);
  }
}

/** A list in parts of at most `size`, with the same turn for others between them. */
export async function* partsOf<T>(list: readonly T[], size: number): AsyncGenerator<readonly [T, ...T[]]> {
  for (let start = 0; start < list.length; start += size) {
    const [first, ...rest] = list.slice(start, start + size);
    if (first === undefined) return;
    yield [first, ...rest];
    await breathe();
  }
}
