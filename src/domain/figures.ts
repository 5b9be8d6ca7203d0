import { addDays, compareDays, daysBetween, isDay, type Period, periodOf } from './calendar.ts';
import { invalidField } from './errors.ts';
import { scoreToNumber } from './quality-score.ts';

/**
 * Every figure of the product, defined once: its name on the wire, what it is made of, its unit, and when there is none
 * (`domain.md`, "Figures"). The screens explain a figure by its formula here; a test counts each of them again, slowly, from all rows.
 *
 * Where a figure is of a range of days, the days are the tenant's. A lead belongs to the day it was submitted on, except where
 * a formula says otherwise; deleted leads are counted nowhere. Converted leads count as approved.
 */
export type FigureUnit = 'count' | 'share' | 'score' | 'minor units' | 'hours' | 'days';

export interface FigureDefinition {
  readonly unit: FigureUnit;
  readonly formula: string;
  /** When the figure is null instead of a number; absent where it never is. */
  readonly nullWhen?: string;
}

export const figures = {
  // PartnerStats
  totalLeadsSubmitted: { unit: 'count', formula: 'leads ever submitted' },
  approvedLeads: { unit: 'count', formula: 'leads approved, converted ones included' },
  rejectedLeads: { unit: 'count', formula: 'leads rejected' },
  convertedLeads: { unit: 'count', formula: 'leads that became a deal' },
  approvalRate: {
    unit: 'share',
    formula: 'approved leads / (approved leads + rejected leads)',
    nullWhen: 'no lead was approved or rejected',
  },
  conversionRate: {
    unit: 'share',
    formula: 'converted leads / approved leads',
    nullWhen: 'no lead was approved',
  },
  totalEarnings: { unit: 'minor units', formula: 'credits approved, less what was taken back' },
  availableBalance: { unit: 'minor units', formula: 'earned and in no approved payout' },
  pendingPayout: { unit: 'minor units', formula: 'earned and not yet approved in a payout' },
  currentMonthLeads: { unit: 'count', formula: 'leads submitted in the month, as the quota counts them' },
  monthlyQuota: { unit: 'count', formula: 'leads a month may have; 0 is no limit' },
  averageLeadQuality: {
    unit: 'score',
    formula: 'sum of the scores of leads / leads submitted, to two decimals',
    nullWhen: 'no lead was submitted',
  },

  // PayoutStats
  totalPayoutsGenerated: { unit: 'count', formula: 'payouts ever generated' },
  approvedPayouts: { unit: 'count', formula: 'payouts approved in full or in part, cancelled ones left out' },
  rejectedPayouts: { unit: 'count', formula: 'payouts rejected as a whole' },
  totalAmountGenerated: { unit: 'minor units', formula: 'sum of the totals of all payouts as generated' },
  totalAmountApproved: { unit: 'minor units', formula: 'sum of what was approved of the approved payouts' },
  totalAmountPaid: { unit: 'minor units', formula: 'sum of the payments that arrived' },
  averageApprovalRate: {
    unit: 'share',
    formula: 'approved payouts / (approved payouts + rejected payouts)',
    nullWhen: 'no payout was approved or rejected',
  },
  pendingApprovalAmount: { unit: 'minor units', formula: 'sum of the lines of pending payouts not rejected' },
  averageDaysToApproval: {
    unit: 'days',
    formula: 'sum of the days from generation to the last approval / approved payouts',
    nullWhen: 'no payout was approved',
  },

  // PartnerSourceStats
  leadsGenerated: { unit: 'count', formula: 'leads that came by the source' },
  leadsConverted: { unit: 'count', formula: 'leads that became a deal; in a series on the day of the deal' },
  totalRevenue: { unit: 'minor units', formula: 'sum of the deals of the source’s converted leads' },
  totalCredits: { unit: 'minor units', formula: 'sum of the credits approved for the source’s leads' },

  // Series, and leads by partner type and source
  leadsSubmitted: { unit: 'count', formula: 'leads submitted in the range' },
  leadsApproved: {
    unit: 'count',
    formula:
      'of these the approved ones, converted ones included; in a series, leads approved on the days of a bucket',
  },
  leadsRejected: {
    unit: 'count',
    formula: 'of these the rejected ones; in a series, leads rejected on the days of a bucket',
  },
  creditsApproved: {
    unit: 'minor units',
    formula:
      'sum of the credits approved on the days that still stand, those below zero included, by currency',
  },
  payoutsApproved: {
    unit: 'minor units',
    formula: 'sum of what was approved on the days of payouts not cancelled since, by currency',
  },
  payoutsPaid: {
    unit: 'minor units',
    formula: 'sum of the payments dated on the days, less those that failed since, by currency',
  },
  earnings: { unit: 'minor units', formula: 'creditsApproved of the range, by currency' },

  partners: { unit: 'count', formula: 'partners of the type that are there today' },
  activePartners: { unit: 'count', formula: 'of these the active ones' },

  // Score distribution
  leads: {
    unit: 'count',
    formula:
      'leads submitted in the range with a score from `from` up to, not including, `to` (100: included)',
  },
  highQuality: { unit: 'count', formula: 'leads submitted in the range with a score of 80 or more' },

  // Approval times
  decided: { unit: 'count', formula: 'leads approved or rejected in the range' },
  medianHours: {
    unit: 'hours',
    formula:
      'the middle of the times from submission to decision of the decided leads, in minutes, one begun counting, / 60',
    nullWhen: 'no lead was decided',
  },
  p90Hours: {
    unit: 'hours',
    formula:
      'nine tenths of the decided leads took at most this long, counted like the median, between two times in proportion',
    nullWhen: 'no lead was decided',
  },
  within24Hours: {
    unit: 'share',
    formula: 'decided leads that took at most 24 hours / decided leads',
    nullWhen: 'no lead was decided',
  },
  within48Hours: {
    unit: 'share',
    formula: 'decided leads that took at most 48 hours / decided leads',
    nullWhen: 'no lead was decided',
  },

  // Top partners and comparison
  value: {
    unit: 'count',
    formula: 'converted leads, by the day of the deal; or the earnings in one currency (minor units)',
  },
  peers: {
    unit: 'count',
    formula: 'partners of the type with a lead in the range, the partner itself included',
  },
  median: {
    unit: 'share',
    formula: 'the middle of the figure over the peers that have it (of two in the middle, their mean)',
    nullWhen: 'no peer has the figure; for a partner’s own people also with fewer than three others',
  },
} as const satisfies Record<string, FigureDefinition>;

/** A figure as the description of the API tells it; undefined for what is none. */
export function figureInWords(name: string): string | undefined {
  const figure: FigureDefinition | undefined = isFigure(name) ? figures[name] : undefined;
  if (figure === undefined) return undefined;
  const { unit, formula, nullWhen } = figure;
  return `${formula} (${unit === 'share' ? 'a share, 0 to 1' : unit})${nullWhen === undefined ? '' : `; null when ${nullWhen}`}`;
}

function isFigure(name: string): name is keyof typeof figures {
  return Object.hasOwn(figures, name);
}

/** A share of a whole, 0 to 1; null when nothing was counted (`domain.md`, "Figures"). */
export function rate(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** The mean of scores, 0 to 100 with two decimals, from their sum in hundredths; null when there are none. */
export function averageScore(sum: number, count: number): number | null {
  return count === 0 ? null : scoreToNumber(Math.round(sum / count));
}

/**
 * The value that a share of all values is at or below, between two of them in proportion (as `percentile_cont` of the databases); 0.5
 * is the median: the middle one, or the mean of the two in the middle. Null where there are no values.
 */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (below === undefined || above === undefined) return null;
  return below + (above - below) * (at - Math.floor(at));
}

/** The same of values that are counted: `{ value: 5, count: 3 }` is 5, 5, 5. */
export function percentileOfCounts(
  counts: readonly { value: number; count: number }[],
  share: number,
): number | null {
  const sorted = counts.toSorted((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  const at = (total - 1) * share;
  let [below, above]: (number | undefined)[] = [];
  let through = 0;
  for (const { value, count } of sorted) {
    through += count;
    if (below === undefined && through > Math.floor(at)) below = value;
    if (above === undefined && through > Math.ceil(at)) above = value;
  }
  if (total === 0 || below === undefined || above === undefined) return null;
  return below + (above - below) * (at - Math.floor(at));
}

/** How many buckets the distribution of scores has, each ten points wide; 100 is in the last. */
export const scoreBuckets = 10;

/** The bucket of a score in hundredths. */
export function scoreBucketOf(score: number): number {
  return Math.min(scoreBuckets - 1, Math.floor(score / 1000));
}

/** Peers besides the partner itself that a median needs before a partner's own people are told it: from fewer it could be worked back. */
export const fewestOtherPeers = 3;

export const seriesUnits = ['day', 'week', 'month'] as const;
export type SeriesUnit = (typeof seriesUnits)[number];

/** Buckets a series may have: more than a year of days. */
export const mostBuckets = 400;
/** Days a range may have where there are no buckets: about ten years. */
export const longestRange = 3660;

const unitPeriods = { day: 'daily', week: 'weekly', month: 'monthly' } as const;

/** Before the first there were no partners, and after the last the calendar ends before every zone has seen it. */
const [firstDay, lastDay] = ['1970-01-01', '9999-12-30'];

/**
 * A range of days, both included: by default the year up to today. Throws `VALIDATION` for one that ends before it starts or is longer
 * than ten years, and for days outside the years 1970 to 9999.
 */
export function figureRange(
  given: { from?: string | undefined; to?: string | undefined },
  today: string,
): Period {
  for (const [path, day] of Object.entries(given)) {
    if (day !== undefined && (!isDay(day) || day < firstDay || day > lastDay)) {
      throw invalidField(path, 'Choose a day of the years 1970 to 9999.');
    }
  }
  const end = given.to ?? today;
  const start = given.from ?? addDays(end, -364);
  if (compareDays(end, start) < 0) throw invalidField('to', "The range can't end before it starts.");
  if (daysBetween(start, end) >= longestRange) {
    throw invalidField('from', 'The range is longer than ten years. Choose a shorter one.');
  }
  return { start, end };
}

/**
 * The days, weeks (Monday to Sunday) or months of a range in order, none left out; the first and the last are cut to the range. Throws
 * `VALIDATION` where there are more than 400.
 */
export function bucketsOf(range: Period, unit: SeriesUnit): Period[] {
  const buckets: Period[] = [];
  for (let start = range.start; ; ) {
    const { end } = periodOf(start, unitPeriods[unit]);
    if (buckets.length === mostBuckets) {
      throw invalidField(
        'unit',
        `These are more than ${mostBuckets} ${unit}s. Choose longer buckets or a shorter range.`,
      );
    }
    if (compareDays(end, range.end) >= 0) return [...buckets, { start, end: range.end }];
    buckets.push({ start, end });
    start = addDays(end, 1);
  }
}
