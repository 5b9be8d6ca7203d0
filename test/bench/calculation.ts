import { type CreditFacts, calculateCredit } from '#domain/credit-calculation.ts';
import type { PolicyTerms } from '#domain/credit-policies.ts';
import { type Figure, load, median, whole } from './measure.ts';

const terms: PolicyTerms = {
  policyType: 'time_based',
  calculationType: 'tiered',
  timeUnitType: 'monthly',
  partnerId: null,
  projectId: null,
  campaignId: null,
  sourceId: null,
  startDate: null,
  endDate: null,
  baseCredit: null,
  baseRate: null,
  minimumCredit: 500,
  maximumCredit: 2500,
  capPerLead: null,
  capPerPeriod: null,
  totalBudget: null,
  bonusRate: 50_000,
  tierConfig: {
    tiers: [
      { tierLevel: 1, minLeads: 1, maxLeads: 100, creditAmount: 800, bonusRate: null },
      { tierLevel: 2, minLeads: 101, maxLeads: 500, creditAmount: 1200, bonusRate: null },
      { tierLevel: 3, minLeads: 501, maxLeads: null, creditAmount: 1500, bonusRate: 100_000 },
    ],
  },
  minLeadQualityScore: 0,
  priority: 0,
  isStackable: false,
  autoApprove: false,
};

function factsOf(n: number): CreditFacts {
  return {
    event: 'approval',
    score: 7000 + (n % 31) * 100,
    leadCount: 1 + (n % 700),
    estimatedValue: null,
    dealValue: null,
    currency: 'EUR',
  };
}

/** The bare arithmetic, without a word of reason. */
function bare(facts: CreditFacts): number {
  const tier = terms.tierConfig?.tiers.find(
    ({ minLeads, maxLeads }) =>
      facts.leadCount >= minLeads && (maxLeads === null || facts.leadCount <= maxLeads),
  );
  if (tier === undefined) return 0;
  const bonus = facts.score >= 8000 ? (tier.bonusRate ?? terms.bonusRate) : 0;
  return Math.min(2500, Math.max(500, Math.round(tier.creditAmount * (1 + bonus / 1_000_000))));
}

/** Tiered with bonus, bounds and the reason in words, many times over. */
export function measureCalculation(of: { credits: number; rounds: number }): Figure {
  const ours: number[] = [];
  const raw: number[] = [];
  const at = load();
  const facts = Array.from({ length: of.credits }, (_, n) => factsOf(n));
  for (let round = 0; round <= of.rounds; round += 1) {
    let [sum, expected] = [0, 0];
    let start = performance.now();
    for (const each of facts) sum += calculateCredit(terms, each).amount;
    const mine = performance.now() - start;
    start = performance.now();
    for (const each of facts) expected += bare(each);
    const plain = performance.now() - start;
    if (sum !== expected) throw new Error(`The credits sum to ${sum}, not to ${expected}.`);
    if (round === 0) continue;
    ours.push((of.credits * 1000) / mine);
    raw.push((of.credits * 1000) / plain);
  }
  return {
    name: 'Credit calculation, pure code',
    unit: '/s',
    ours: median(ours),
    p95: null,
    raw: median(raw),
    target: '≥ 300,000/s',
    met: median(ours) >= 300_000,
    note: `raw is the arithmetic without the reason in words; ${whole(of.credits)} credits, ${of.rounds} rounds by turns`,
    load: at,
  };
}
