import { dayOf } from '#domain/calendar.ts';
import { formatMinor } from '#domain/money.ts';
import type { PayoutStatus } from '#domain/state-machines.ts';
import type { CreditOrigin, PaymentMethod } from '#domain/vocabulary.ts';
import type { Statement, StatementLine } from './statement.ts';

/** The sentences and labels of a statement, the same on the page and in the PDF file. */

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** 15 Jun 2026: read alike on both sides of the Atlantic. */
export function dayText(day: string): string {
  const [year, month, date] = day.split('-').map(Number);
  return `${date} ${months[(month ?? 1) - 1]} ${year}`;
}

/** `1,234.50 EUR`, with the currency's own decimals. */
export function amountText(amount: number, currency: string): string {
  const plain = formatMinor(amount, currency);
  const [whole = '', decimals] = plain.split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return `${decimals === undefined ? grouped : `${grouped}.${decimals}`} ${currency}`;
}

const statusSentences: Record<PayoutStatus, string> = {
  pending: 'This payout is not approved yet; it announces no payment.',
  approved: 'This payout is approved and not paid yet.',
  partially_approved: 'This payout is approved in part and not paid yet.',
  partially_paid: 'This payout is paid in part.',
  paid: 'This payout is paid.',
  rejected: 'This payout was rejected; nothing will be paid from it.',
  cancelled: 'This payout was cancelled; nothing will be paid from it.',
};

export const methodLabels: Record<PaymentMethod, string> = {
  bank_transfer: 'Bank transfer',
  wire: 'Wire',
  paypal: 'PayPal',
  check: 'Check',
};

export const lineLabels: Record<StatementLine['status'], string> = {
  pending: 'To be decided',
  approved: 'Approved',
  rejected: 'Rejected',
};

const originLabels: Record<CreditOrigin, string> = {
  policy: 'Credit policy',
  partner_terms: 'Agreed terms',
  request: 'Requested credit',
  reversal: 'Taken back',
  adjustment: 'Adjustment',
  bonus: 'Bonus',
  carry_over: 'Carried over',
};

/** Longer texts end in …: a row must fit on a page. */
const longest = 1200;

function bounded(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest).trimEnd()} …`;
}

/** What a line is for: the lead, and the source it came by. */
export function subjectOf({ leadName, sourceName }: StatementLine): string {
  return bounded([leadName, sourceName].filter((part) => part !== null).join(' · ') || '–');
}

/** What made it: the policy by its name, or what else it was. */
export function groundOf({ origin, policyName }: StatementLine): string {
  return bounded(policyName === null ? originLabels[origin] : `${originLabels[origin]}: ${policyName}`);
}

/** Why it is this amount, why a line of another day is in this period, and what whoever decided it wrote. */
export function explanationOf(
  { reason, notes, status, on, payableFrom }: StatementLine,
  { periodStart, periodEnd }: Pick<Statement, 'periodStart' | 'periodEnd'>,
): string[] {
  const isOfPeriod = on === null || (on >= periodStart && on <= periodEnd);
  const dated =
    isOfPeriod || payableFrom === null
      ? []
      : [`Payable ${payableFrom < periodStart ? 'since' : 'from'} ${dayText(payableFrom)}.`];
  const noted = notes === null ? [] : [bounded(`${status === 'rejected' ? 'Rejected' : 'Note'}: ${notes}`)];
  return [bounded(reason), ...dated, ...noted];
}

/** How far the payout is, in words. */
export function standingOf({ status, statusReason }: Statement): string {
  const reason = statusReason === null ? '' : ` Reason: ${bounded(statusReason)}`;
  return statusSentences[status] + reason;
}

/** The figures under the lines, in the order they are added up. */
export function totalsOf({
  totals,
  currency,
}: Statement): { label: string; value: string; isLast: boolean }[] {
  const rows: [label: string, amount: number, always: boolean][] = [
    ['Approved lines', totals.approvedLines, true],
    ['Lines to be decided', totals.pendingLines, false],
    ['Rejected lines, not paid', totals.rejectedLines, false],
    ['Approved for payment', totals.approved, true],
    ['Paid', totals.paid, true],
    ['Open', totals.open, true],
  ];
  return rows
    .filter(([, amount, always]) => always || amount !== 0)
    .map(([label, amount]) => ({
      label,
      value: amountText(amount, currency),
      isLast: label === 'Open',
    }));
}

export function titleOf({ payoutNumber }: Statement): string {
  return `Remittance statement ${payoutNumber}`;
}

export function periodText({ periodStart, periodEnd }: Statement): string {
  return periodStart === periodEnd
    ? dayText(periodStart)
    : `${dayText(periodStart)} to ${dayText(periodEnd)}`;
}

export function asOfText({ asOf, timeZone }: Statement): string {
  return dayText(dayOf(asOf, timeZone));
}
