import type { Outputs } from '#contract/index.ts';
import { sumMinor } from '#domain/money.ts';

export type Credit = Outputs['credits']['get'];

/** How a sentence calls a credit. */
export function creditName(credit: Credit): string {
  return credit.leadName === null
    ? `a credit of ${credit.partnerName}`
    : `${credit.leadName}, ${credit.partnerName}`;
}

/** Where a credit that no policy made comes from. */
export const originLabels: Record<Exclude<Credit['origin'], 'policy'>, string> = {
  partner_terms: 'Partner’s own terms',
  request: 'Requested by hand',
  reversal: 'Takes back a credit',
  adjustment: 'Adjustment',
  bonus: 'Bonus',
  carry_over: 'Carried over from a payout',
};

export const triggerLabels: Record<Credit['triggerEvent'], string> = {
  approval: 'on approval',
  conversion: 'on conversion',
  request: 'on request',
};

/** What credits come to, one sum per currency: euros and yen don't add up. Minor units. */
export function sumsByCurrency(credits: readonly Credit[]): { currency: string; amount: number }[] {
  const amounts = new Map<string, number[]>();
  for (const { currency, creditAmount } of credits) {
    amounts.set(currency, [...(amounts.get(currency) ?? []), creditAmount]);
  }
  return [...amounts].map(([currency, each]) => ({ currency, amount: sumMinor(each) }));
}

/** Why this person can't approve the credit, or null (`domain.md`, "Four eyes"). */
export function selfApprovalReason(credit: Credit, me: string, fourEyes: boolean): string | null {
  if (!fourEyes || credit.requestedBy !== me) return null;
  return credit.origin === 'request'
    ? 'You requested this credit, so someone else must approve it.'
    : 'This credit follows from your own decision on the lead, so someone else must approve it.';
}
