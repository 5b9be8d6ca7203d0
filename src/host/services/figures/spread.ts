import sql, { empty, raw, type Sql } from 'sql-template-tag';
import { percentileOfCounts, rate, scoreBucketOf, scoreBuckets } from '#domain/figures.ts';
import { HIGH_QUALITY_SCORE } from '#domain/quality-score.ts';
import type { Engine, Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';
import { type FigureRange, slicesOf } from './range.ts';

/** How the scores of the leads submitted in a range are spread, in ten buckets. */
export async function scoreDistribution(
  reader: Reader,
  session: Session,
  range: FigureRange,
  partnerId: string | undefined,
): Promise<Omit<Output<'figures', 'scoreDistribution'>, 'from' | 'to'>> {
  const only = partnerId === undefined ? empty : sql`and partner_id = ${partnerId}`;
  const counts = Array.from({ length: scoreBuckets }, () => 0);
  for await (const { from, until } of slicesOf(range, session)) {
    // Whole numbers on both engines: hundredths of a point, divided without a rest.
    const rows = await reader.all<{ bucket: number; n: number }>(sql`
      select quality_score / 1000 as bucket, count(*) as n from partner_leads
      where tenant_id = ${session.tenantId} and deleted_at is null
        and submitted_at >= ${from} and submitted_at < ${until} ${only}
      group by quality_score / 1000`);
    for (const { bucket, n } of rows) {
      const at = scoreBucketOf(bucket * 1000);
      counts[at] = (counts[at] ?? 0) + n;
    }
  }
  return {
    buckets: counts.map((leads, at) => ({ fromScore: at * 10, toScore: at * 10 + 10, leads })),
    highQuality: counts.slice(HIGH_QUALITY_SCORE / 1000).reduce((sum, n) => sum + n, 0),
  };
}

/** From submission to decision in minutes, a minute begun counting as one: 24 hours and a millisecond are more than 24 hours. */
function minutesToDecision(engine: Engine): Sql {
  return engine === 'sqlite'
    ? sql`(cast(round((unixepoch(reviewed_at, 'subsec') - unixepoch(submitted_at, 'subsec')) * 1000) as integer) + 59999) / 60000`
    : sql`cast(ceil(extract(epoch from reviewed_at - submitted_at) / 60) as bigint)`;
}

/** How long the leads decided in a range had waited for it. */
export async function approvalTimes(
  reader: Reader,
  session: Session,
  range: FigureRange,
  partnerId: string | undefined,
): Promise<Omit<Output<'figures', 'approvalTimes'>, 'from' | 'to'>> {
  // Kept on the index of decisions, which has all it takes.
  const plus = reader.engine === 'sqlite' ? '+' : '';
  const only = partnerId === undefined ? empty : sql`and ${raw(`${plus}partner_id`)} = ${partnerId}`;
  const minutes = new Map<number, number>();
  for await (const { from, until } of slicesOf(range, session)) {
    const rows = await reader.all<{ minutes: number; n: number }>(sql`
      select ${minutesToDecision(reader.engine)} as minutes, count(*) as n from partner_leads
      where tenant_id = ${session.tenantId} and deleted_at is null and status in ('approved', 'converted', 'rejected')
        and reviewed_at is not null and reviewed_at >= ${from} and reviewed_at < ${until} ${only}
      group by 1`);
    for (const row of rows) minutes.set(row.minutes, (minutes.get(row.minutes) ?? 0) + row.n);
  }
  const counts = [...minutes].map(([value, count]) => ({ value, count }));
  const decided = counts.reduce((sum, { count }) => sum + count, 0);
  const hours = (share: number): number | null => {
    const value = percentileOfCounts(counts, share);
    return value === null ? null : value / 60;
  };
  const within = (most: number): number | null => {
    const soon = counts.filter(({ value }) => value <= most * 60);
    return rate(
      soon.reduce((sum, { count }) => sum + count, 0),
      decided,
    );
  };
  return {
    decided,
    medianHours: hours(0.5),
    p90Hours: hours(0.9),
    within24Hours: within(24),
    within48Hours: within(48),
  };
}
