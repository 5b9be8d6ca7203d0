import type { LeadEvent, PolicyTerms, PolicyTier } from './credit-policies.ts';
import { hasEstimatedValue, tierFor, triggerOf } from './credit-policies.ts';
import { applyRate, formatMinor, RATE_ONE, rateToPercent } from './money.ts';
import { isHighQuality } from './quality-score.ts';

/** What a calculation needs of a lead. Amounts in minor units of `currency`, the score in hundredths. */
export interface CreditFacts {
  event: LeadEvent;
  score: number;
  /**
   * For `tiered`: this partner's approved leads under the policy in the current period, this one included. The period
   * is that of a time-based policy, else the policy's whole life.
   */
  leadCount: number;
  estimatedValue: number | null;
  dealValue: number | null;
  currency: string;
}

export interface CalculatedCredit {
  /** Minor units. */
  amount: number;
  /** How it came about, in words, for the clerk and the partner. */
  reason: string;
}

/** What a calculation starts from: `amount × rate`, not rounded yet, and how a sentence calls it. */
interface Base {
  amount: number;
  rate: number;
  words: string;
  tier: PolicyTier | null;
}

/**
 * What a policy pays for a lead at the event it triggers on, with the reason in words (`domain.md`, "Credits"). The
 * base amount, then from a score of 80 the bonus (the tier's where the tier has one, even one of zero, else the
 * policy's), rounded once, half away from zero, then held within the bounds. Bounds are whole minor units, so holding
 * the rounded amount within them is the same as rounding the held one.
 *
 * A count that no tier covers has no base amount: the policy pays nothing, and the minimum doesn't make it pay, because
 * whoever closes the last tier means the payments to end there.
 *
 * Ask `applicability` first. An event the policy doesn't pay on, and terms that `validatePolicyTerms` refuses, throw an
 * `Error`; an amount too large to be exact throws a `RangeError`.
 */
export function calculateCredit(terms: PolicyTerms, facts: CreditFacts): CalculatedCredit {
  const base = baseOf(terms, facts);
  if (base === null) return { amount: 0, reason: `no tier covers lead ${facts.leadCount}` };
  let reason = base.words;

  let bonusRate = base.tier?.bonusRate ?? terms.bonusRate;
  if (bonusRate > 0) {
    const score = scoreInWords(facts.score);
    if (isHighQuality(facts.score)) {
      reason += `, +${rateToPercent(bonusRate)} % for score ${score}`;
    } else {
      reason += `, no bonus for score ${score}`;
      bonusRate = 0;
    }
  }
  const rounded = roundedCredit(base.amount, base.rate, bonusRate);

  const { minimumCredit: minimum, maximumCredit: maximum } = terms;
  const { currency } = facts;
  let amount = rounded;
  if (minimum !== null && rounded < minimum) {
    amount = minimum;
    reason += `, raised to the minimum ${formatMinor(minimum, currency)}`;
  } else if (maximum !== null && rounded > maximum) {
    amount = maximum;
    reason += `, held to the maximum ${formatMinor(maximum, currency)}`;
  } else if (minimum !== null && maximum !== null) {
    reason += `, within ${formatMinor(minimum, currency)}–${formatMinor(maximum, currency)}`;
  } else if (minimum !== null) {
    reason += `, at least ${formatMinor(minimum, currency)}`;
  } else if (maximum !== null) {
    reason += `, at most ${formatMinor(maximum, currency)}`;
  }
  // Nothing came on top: "fixed price: 10.00" says it all.
  if (reason === base.words && base.rate === RATE_ONE) return { amount, reason };
  return { amount, reason: `${reason} → ${formatMinor(amount, currency)}` };
}

/** The table of `domain.md`, "Credits"; null where a tiered policy has no tier for the count. */
function baseOf(terms: PolicyTerms, facts: CreditFacts): Base | null {
  const { calculationType } = terms;
  const { event, currency } = facts;
  if (triggerOf(calculationType, { hasEstimatedValue: hasEstimatedValue(facts) }) !== event) {
    throw new Error(`A ${calculationType} policy pays nothing for this lead on ${event}.`);
  }
  if (calculationType === 'tiered') {
    const tier = tierFor(required(terms.tierConfig, 'tiers').tiers, facts.leadCount);
    if (tier === null) return null;
    const { tierLevel, minLeads, maxLeads, creditAmount } = tier;
    const range = maxLeads === null ? `${minLeads}+` : `${minLeads}–${maxLeads}`;
    const words = `tier ${tierLevel} (${range}): ${formatMinor(creditAmount, currency)}`;
    return { amount: creditAmount, rate: RATE_ONE, words, tier };
  }
  if (calculationType === 'fixed_price' || calculationType === 'conversion') {
    const amount = required(terms.baseCredit, 'a base credit');
    const what = calculationType === 'conversion' ? 'per closed deal' : 'fixed price';
    return { amount, rate: RATE_ONE, words: `${what}: ${formatMinor(amount, currency)}`, tier: null };
  }
  const rate = required(terms.baseRate, 'a base rate');
  const words = event === 'approval' ? 'estimated value' : 'deal value';
  const amount = required(event === 'approval' ? facts.estimatedValue : facts.dealValue, words);
  return {
    amount,
    rate,
    words: `${rateToPercent(rate)} % of the ${words} ${formatMinor(amount, currency)}`,
    tier: null,
  };
}

/**
 * `amount × rate × (1 + bonusRate)`, rounded once, half away from zero: `applyRate`, and the same in plain numbers where
 * they hold it exactly. `amount` in minor units, the rates in millionths (`RATE_ONE` where the amount is the base
 * itself).
 * @throws RangeError as `applyRate` does.
 */
export function roundedCredit(amount: number, rate: number, bonusRate: number): number {
  return roundedCreditInNumbers(amount, rate, bonusRate) ?? applyRate(amount, rate, RATE_ONE + bonusRate);
}

/** `roundedCredit` in plain numbers; null where a product would leave the range in which they are exact. */
export function roundedCreditInNumbers(amount: number, rate: number, bonusRate: number): number | null {
  const [first, firstDivisor] = reducedByTens(rate);
  const [second, secondDivisor] = reducedByTens(RATE_ONE + bonusRate);
  const factor = first * second;
  const product = amount * factor;
  if (!Number.isSafeInteger(factor) || !Number.isSafeInteger(product)) return null;
  const divisor = firstDivisor * secondDivisor;
  const remainder = product % divisor;
  const whole = (product - remainder) / divisor;
  return Math.abs(remainder) * 2 >= divisor ? whole + Math.sign(product) : whole;
}

/** A rate as a fraction without the zeros at its end: people give percentages of few decimals. */
function reducedByTens(rate: number): readonly [numerator: number, divisor: number] {
  let numerator = rate;
  let divisor = RATE_ONE;
  while (divisor > 1 && numerator % 10 === 0) {
    numerator /= 10;
    divisor /= 10;
  }
  return [numerator, divisor];
}

/** A score in hundredths as people say it: 85, 79.99, 79.90. */
export function scoreInWords(score: number): string {
  return score % 100 === 0 ? String(score / 100) : (score / 100).toFixed(2);
}

function required<Value>(value: Value | null, what: string): Value {
  if (value === null) throw new Error(`A credit can't be calculated without ${what}.`);
  return value;
}
