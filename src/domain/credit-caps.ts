import { periodOf } from './calendar.ts';
import type { PolicyTerms } from './credit-policies.ts';
import { formatMinor } from './money.ts';

/**
 * What caps are held against, in minor units: credits that wait or were approved, what was taken back deducted. `onLead` is
 * what policies have credited to the lead, the other two what this policy has, to whichever partner.
 */
export interface CreditsSoFar {
  onLead: number;
  /** In the policy's period that the event's day lies in. */
  inPeriod: number;
  inTotal: number;
}

export type Capped =
  | { isUsedUp: false; amount: number; reason: string }
  /** There is nothing left: the policy is passed over. */
  | { isUsedUp: true; reason: string };

interface Cap {
  left: number;
  words: string;
}

/**
 * Holds a credit within the policy's caps: a lead gets what is left, and the reason says so; with nothing left the policy is
 * passed over. Amounts in minor units of `currency`. The narrowest cap is the one named; of several with the same rest, the
 * one per lead before the one per period before the total budget. A cap overrides the minimum credit: money that is
 * spent can't be promised.
 */
export function heldToCaps(
  credit: { amount: number; reason: string },
  terms: PolicyTerms,
  soFar: CreditsSoFar,
  at: { eventDay: string; currency: string },
): Capped {
  const { amount, reason } = credit;
  const cap = narrowest(capsOf(terms, soFar, at));
  if (cap === null || amount <= cap.left) return { isUsedUp: false, amount, reason };
  if (cap.left === 0) {
    const would = formatMinor(amount, at.currency);
    return {
      isUsedUp: true,
      reason: `passed over: nothing is left of ${cap.words}, it would have paid ${would}`,
    };
  }
  const left = formatMinor(cap.left, at.currency);
  return {
    isUsedUp: false,
    amount: cap.left,
    reason: `${reason}; only ${left} is left of ${cap.words} → ${left}`,
  };
}

/** What is said of a cap over several leads, with its amount. */
const sharedCap = /(is left of its (?:total budget|cap from \S+ to \S+)) of [\d.]+/g;

/**
 * A reason as a partner's own people may read it: that a budget or a period's cap was reached, and not how much it is. It may be
 * every partner's, and what the others had of it could be worked out.
 */
export function withoutSharedCaps(reason: string): string {
  return reason.replaceAll(sharedCap, '$1');
}

function capsOf(terms: PolicyTerms, soFar: CreditsSoFar, at: { eventDay: string; currency: string }): Cap[] {
  const { capPerLead, capPerPeriod, totalBudget, timeUnitType } = terms;
  const caps: Cap[] = [];
  const add = (limit: number, used: number, words: string) =>
    caps.push({ left: Math.max(0, limit - used), words: `${words} ${formatMinor(limit, at.currency)}` });
  if (capPerLead !== null) add(capPerLead, soFar.onLead, 'its cap per lead of');
  if (capPerPeriod !== null && timeUnitType !== null) {
    const { start, end } = periodOf(at.eventDay, timeUnitType);
    add(capPerPeriod, soFar.inPeriod, `its cap from ${start} to ${end} of`);
  }
  if (totalBudget !== null) add(totalBudget, soFar.inTotal, 'its total budget of');
  return caps;
}

function narrowest(caps: readonly Cap[]): Cap | null {
  let found: Cap | null = null;
  for (const cap of caps) if (found === null || cap.left < found.left) found = cap;
  return found;
}
