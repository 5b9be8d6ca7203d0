import { madeUpId, scatter } from './made-up.ts';

/** What became of each filled-in lead, by its number: the tables that tell of it all follow this. */

export interface LeadStory {
  /** The partner's number. */
  partner: number;
  fate: 'waiting' | 'approved' | 'converted' | 'rejected';
  submittedAt: string;
  /** Of the review; null while it waits. */
  decidedAt: string | null;
  credit: 'pending' | 'rejected' | 'free' | 'paid' | null;
}

/** What the policy for all pays, in minor units. */
export const creditAmount = 1200;
export const creditReason = 'fixed price: 12.00';
export const dealValue = 90_000;
/** Settled credits of a partner that has some: so many lines has its payout. */
export const linesPerPayout = 50;

/** Two fifths of the partners have a payout that was paid, two fifths have approved credits that are in none yet. */
export const isPaid = (partner: number): boolean => partner % 5 === 2 || partner % 5 === 3;
export const hasFree = (partner: number): boolean => partner % 5 === 0 || partner % 5 === 1;

export const paidPeriod = { periodStart: '2026-05-01', periodEnd: '2026-05-31' };
export const freePeriod = { periodStart: '2026-06-01', periodEnd: '2026-06-30' };

export const partnerId = (partner: number): string => madeUpId(1, partner);
export const sourceId = (partner: number): string => madeUpId(2, partner);
export const leadId = (lead: number): string => madeUpId(3, lead);
export const entryId = (lead: number): string => madeUpId(4, lead);
export const creditId = (lead: number): string => madeUpId(5, lead);
export const mappingId = (lead: number): string => madeUpId(6, lead);
export const lineId = (lead: number): string => madeUpId(7, lead);
export const payoutId = (partner: number): string => madeUpId(8, partner);
export const ledgerEntryId = (of: number, n: number): string => madeUpId(16 + of, n);

/** Daytime in every month, so that day and month are the same in the office's zone. */
function instantOn(firstDay: string, day: number, roll: number): string {
  const seconds = 8 * 3600 + (roll % 36_000);
  return new Date(Date.parse(firstDay) + day * 86_400_000 + seconds * 1000 + (roll % 1000)).toISOString();
}

export function storyOf(lead: number, partners: number): LeadStory {
  const partner = lead % partners;
  const ofPartner = Math.floor(lead / partners);
  const place = ofPartner % 20;
  const roll = scatter(lead);
  if (place < 11) {
    const submittedAt = instantOn('2026-05-01', roll % 70, roll);
    return { partner, fate: 'waiting', submittedAt, decidedAt: null, credit: null };
  }
  const submittedAt = instantOn('2026-01-02', roll % 100, roll);
  if (place === 19) {
    const decidedAt = instantOn('2026-05-01', roll % 28, roll);
    return { partner, fate: 'rejected', submittedAt, decidedAt, credit: null };
  }
  const nth = Math.floor(ofPartner / 20) * 8 + (place - 11);
  const settled = nth < linesPerPayout;
  const credit =
    settled && isPaid(partner)
      ? 'paid'
      : settled && hasFree(partner)
        ? 'free'
        : nth % 4 === 0
          ? 'rejected'
          : 'pending';
  const decidedAt = instantOn(credit === 'paid' ? '2026-05-01' : '2026-06-01', nth % 28, roll);
  return { partner, fate: nth % 4 === 1 ? 'converted' : 'approved', submittedAt, decidedAt, credit };
}
