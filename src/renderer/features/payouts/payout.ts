import type { Outputs } from '#contract/index.ts';
import type { PayoutLineStatus } from '#domain/payouts.ts';
import type { PayoutStatus } from '#domain/state-machines.ts';
import type { ExportFormat } from '#domain/vocabulary.ts';
import { dayText } from '../../components/figures.tsx';

export type Payout = Outputs['payouts']['get'];
export type PayoutLine = Outputs['payouts']['lines']['items'][number];
export type PayoutExport = Outputs['payoutExports']['create'];

export const formatLabels: Record<ExportFormat, string> = {
  csv_payouts: 'One row per payout',
  csv_lines: 'One row per line',
  pain001: 'SEPA credit transfers (pain.001)',
  nacha: 'ACH credits (NACHA)',
  paypal: 'PayPal batch',
  journal: 'Accounting journal',
};

/** What is left of a pending payout without its rejected lines, in minor units. */
export function approvableAmount(payout: Payout): number {
  return payout.totalAmount - payout.rejectedAmount;
}

/** What someone may approve now: the second of two approvers no more than the first did. Minor units. */
export function highestApproval(payout: Payout): number {
  const limit = approvableAmount(payout);
  return payout.firstApprovedAmount === null ? limit : Math.min(limit, payout.firstApprovedAmount);
}

/** Whether two people must approve it (`domain.md`, "Four eyes"); the threshold in minor units, null where none is set. */
export function takesTwoApprovers(payout: Payout, threshold: number | null): boolean {
  return threshold !== null && approvableAmount(payout) > threshold;
}

/** Money is owed: approved, and not paid in full. */
export function isToPay({ status }: { status: PayoutStatus }): boolean {
  return status === 'approved' || status === 'partially_approved' || status === 'partially_paid';
}

const monthFormat = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric', timeZone: 'UTC' });
const rangeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });

/** "June 2026" for a whole month, else both days. */
export function periodText(start: string, end: string): string {
  const first = new Date(`${start}T00:00:00Z`);
  const last = new Date(`${end}T00:00:00Z`);
  const isWholeMonth =
    start.endsWith('-01') &&
    end.slice(0, 7) === start.slice(0, 7) &&
    new Date(last.getTime() + 86_400_000).getUTCDate() === 1;
  if (isWholeMonth) return monthFormat.format(first);
  return start === end ? dayText(start) : rangeFormat.formatRange(first, last);
}

/** The status of a line in words: what one decides on is not "pending" to them. */
export const lineStatusLabels: Record<PayoutLineStatus, string> = {
  pending: 'To decide',
  approved: 'Approved',
  rejected: 'Rejected',
};
