import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { type Period, periodOf } from '#domain/calendar.ts';
import { bucketsOf, type SeriesUnit } from '#domain/figures.ts';
import type { HostContext } from '../../context.ts';
import type { Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { byPayable } from '../partners/stats.ts';
import { approvedStatuses } from '../payouts/wire.ts';
import type { Output } from '../service.ts';
import { type FigureRange, instantsOf, partsOf, rangeOf } from './range.ts';

type Series = Output<'figures', 'series'>;
type Bucket = Series['buckets'][number];
type MoneyFigure = 'creditsApproved' | 'payoutsApproved' | 'payoutsPaid';

/** The buckets of one statement: about a month of days. */
const bucketsAtOnce: Record<SeriesUnit, number> = { day: 31, week: 4, month: 1 };

/**
 * The series of the office or of one partner: every bucket of the range, empty ones included. Leads are counted on the day they
 * were submitted, decided (`reviewedAt`) and closed as a deal (`conversionDate`); what `domain/figures.ts` says of each holds.
 */
export async function seriesOf(
  host: HostContext,
  reader: Reader,
  session: Session,
  input: { from?: string | undefined; to?: string | undefined; unit: SeriesUnit },
  partner: { id: string; currency: string } | undefined,
): Promise<Series> {
  const { start, end } = rangeOf(host, session, input);
  const { timeZone } = session.tenant;
  const buckets: Bucket[] = [];
  const money = new Map<string, Map<string, Record<MoneyFigure, number>>>();
  const currencies = new Set([partner?.currency ?? session.tenant.currency]);

  for await (const part of partsOf(bucketsOf({ start, end }, input.unit), bucketsAtOnce[input.unit])) {
    const ranges = part.map((bucket) => instantsOf(bucket, session));
    const [whole, bucketOf] = [spanOf(part, session), finderOf(part, input.unit)];
    const of = { reader, session, partnerId: partner?.id, ranges, whole };
    const leads = await leadsOf(of);
    const converted = sumByBucket(await conversionsOf(of), bucketOf);
    for (const [at, { start: first, end: last }] of part.entries()) {
      buckets.push({
        start: first,
        end: last,
        leadsSubmitted: leads[`submitted${at}`] ?? 0,
        leadsApproved: leads[`approved${at}`] ?? 0,
        leadsRejected: leads[`rejected${at}`] ?? 0,
        leadsConverted: converted.get(first) ?? 0,
        amounts: [],
      });
    }
    const add = (bucket: string, currency: string, figure: MoneyFigure, amount: number): void => {
      currencies.add(currency);
      const ofBucket = money.get(bucket) ?? new Map<string, Record<MoneyFigure, number>>();
      const sums = ofBucket.get(currency) ?? { creditsApproved: 0, payoutsApproved: 0, payoutsPaid: 0 };
      sums[figure] += amount;
      money.set(bucket, ofBucket.set(currency, sums));
    };
    for (const { day, currency, amount } of await creditsOf(of)) {
      add(bucketOf(day), currency, 'creditsApproved', amount);
    }
    for (const { day, currency, amount } of await paymentsOf(of)) {
      add(bucketOf(day), currency, 'payoutsPaid', amount);
    }
    for (const sums of await payoutsOf(of)) {
      for (const [at, bucket] of part.entries()) {
        add(bucket.start, sums.currency, 'payoutsApproved', sums[`approved${at}`] ?? 0);
      }
    }
  }

  const inOrder = [...currencies].toSorted();
  const nothing = { creditsApproved: 0, payoutsApproved: 0, payoutsPaid: 0 };
  for (const bucket of buckets) {
    bucket.amounts = inOrder.map((currency) => ({
      currency,
      ...(money.get(bucket.start)?.get(currency) ?? nothing),
    }));
  }
  return { from: start, to: end, unit: input.unit, timeZone, buckets };
}

interface Asked {
  reader: Reader;
  session: Session;
  partnerId: string | undefined;
  /** The buckets of this statement, and all of them as one. */
  ranges: readonly FigureRange[];
  whole: FigureRange;
}

function spanOf(part: readonly [Period, ...Period[]], session: Session): FigureRange {
  const [first] = part;
  return instantsOf({ start: first.start, end: (part.at(-1) ?? first).end }, session);
}

/** Which bucket, named by its first day, a day of the part lies in. */
function finderOf(part: readonly [Period, ...Period[]], unit: SeriesUnit): (day: string) => string {
  const [first] = part;
  return (day) => {
    const { start } = periodOf(day, ({ day: 'daily', week: 'weekly', month: 'monthly' } as const)[unit]);
    // The first bucket may begin within its week or month.
    return start < first.start ? first.start : start;
  };
}

function sumByBucket(
  rows: readonly { day: string; n: number }[],
  bucketOf: (day: string) => string,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { day, n } of rows) sums.set(bucketOf(day), (sums.get(bucketOf(day)) ?? 0) + n);
  return sums;
}

/** `plain`: by whatever index; otherwise SQLite is kept on the one that has the days in order, as a partner may have any number of leads. */
function ofPartner({ reader, partnerId }: Asked, how: 'plain' | 'by day', column = 'partner_id'): Sql {
  if (partnerId === undefined) return empty;
  const plus = how === 'by day' && reader.engine === 'sqlite' ? '+' : '';
  return sql`and ${raw(`${plus}${column}`)} = ${partnerId}`;
}

/** Each bucket is a count on its own stretch of an index, so that nothing is sorted and no row is read. */
async function leadsOf(asked: Asked): Promise<Record<string, number>> {
  const { reader, session, ranges } = asked;
  const live = sql`from partner_leads where tenant_id = ${session.tenantId} and deleted_at is null`;
  const counts = ranges.flatMap(({ from, until }, at) => {
    const decided = sql`${live} and reviewed_at is not null and reviewed_at >= ${from} and reviewed_at < ${until}
      ${ofPartner(asked, 'by day')}`;
    return [
      sql`(select count(*) ${live} and submitted_at >= ${from} and submitted_at < ${until} ${ofPartner(asked, 'plain')})
        as ${raw(`submitted${at}`)}`,
      sql`(select count(*) ${decided} and status in ('approved', 'converted')) as ${raw(`approved${at}`)}`,
      sql`(select count(*) ${decided} and status = 'rejected') as ${raw(`rejected${at}`)}`,
    ];
  });
  const row = await reader.get<Record<string, number>>(sql`select ${join(counts)}`);
  if (row === undefined) throw new Error('The counts of the leads came back empty.');
  return row;
}

function conversionsOf(asked: Asked): Promise<{ day: string; n: number }[]> {
  const { reader, session, whole } = asked;
  return reader.all(sql`select conversion_date as day, count(*) as n from partner_leads
    where tenant_id = ${session.tenantId} and status = 'converted' and deleted_at is null
      and conversion_date >= ${whole.start} and conversion_date <= ${whole.end} ${ofPartner(asked, 'by day')}
    group by conversion_date`);
}

interface DayAmount {
  day: string;
  currency: string;
  amount: number;
}

function creditsOf(asked: Asked): Promise<DayAmount[]> {
  const { reader, session, whole } = asked;
  return reader.all(sql`select approved_on as day, currency, sum(credit_amount) as amount
    from partner_lead_credits ${asked.partnerId === undefined ? empty : byPayable(reader.engine)}
    where tenant_id = ${session.tenantId} and status = 'approved'
      and approved_on >= ${whole.start} and approved_on <= ${whole.end} ${ofPartner(asked, 'plain')}
    group by approved_on, currency`);
}

/** A payment that failed since never arrived. */
function paymentsOf(asked: Asked): Promise<DayAmount[]> {
  const { reader, session, whole } = asked;
  return reader.all(sql`select paid.payment_date as day, payout.currency, sum(paid.amount) as amount
    from partner_payout_payments paid
    join partner_payouts payout on payout.tenant_id = paid.tenant_id and payout.id = paid.payout_id
    where paid.tenant_id = ${session.tenantId}
      and paid.payment_date >= ${whole.start} and paid.payment_date <= ${whole.end}
      ${ofPartner(asked, 'by day', 'payout.partner_id')}
      and not exists (select 1 from partner_payout_payment_failures failed
        where failed.tenant_id = paid.tenant_id and failed.payment_id = paid.id)
    group by paid.payment_date, payout.currency`);
}

interface PayoutSums {
  currency: string;
  [approved: `approved${number}`]: number;
}

function payoutsOf(asked: Asked): Promise<PayoutSums[]> {
  const { reader, session, ranges, whole } = asked;
  const sums = ranges.map(
    ({ from, until }, at) =>
      sql`sum(case when approved_at >= ${from} and approved_at < ${until} then approved_amount else 0 end)
        as ${raw(`approved${at}`)}`,
  );
  return reader.all(sql`select currency, ${join(sums)} from partner_payouts
    where tenant_id = ${session.tenantId} and approved_at is not null
      and approved_at >= ${whole.from} and approved_at < ${whole.until}
      and status in (${join([...approvedStatuses])}) ${ofPartner(asked, 'by day')}
    group by currency`);
}
