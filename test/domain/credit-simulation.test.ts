import { describe, expect, test } from 'vitest';
import type { PolicyRevision } from '#domain/credit-policies.ts';
import { type SimulatedEvent, type SimulatedWorld, simulatedWorld } from '#domain/credit-simulation.ts';
import { plainApproval, policyWith } from './policies.ts';

type Event = SimulatedEvent<PolicyRevision>;

const policy = policyWith;
const approvalFacts = plainApproval;
const approval = (
  leadId: string,
  policies: readonly PolicyRevision[],
  change: Partial<Event> = {},
  day = '2026-03-15',
): Event => ({
  leadId,
  lead: { ...approvalFacts, eventDay: day },
  policies,
  leadPrice: null,
  commissionRate: 100_000,
  isRemembered: true,
  ...change,
});
const conversion = (
  leadId: string,
  policies: readonly PolicyRevision[],
  change: Partial<Event> = {},
): Event => {
  const { lead, ...rest } = approval(leadId, policies);
  return {
    ...rest,
    lead: { ...lead, event: 'conversion', dealValue: 100_000 },
    isRemembered: false,
    ...change,
  };
};
const world = (): SimulatedWorld<PolicyRevision> => simulatedWorld<PolicyRevision>();

/** What a policy credits at an event; 0 for nothing. */
const credited = (of: SimulatedWorld<PolicyRevision>, event: Event): number =>
  of.live(event).credits[0]?.amount ?? 0;

describe('what a simulated world remembers of a lead', () => {
  const deal = policy('deal', { calculationType: 'conversion' });
  const capped = policy('capped', { calculationType: 'conversion', capPerLead: 1200 });
  const fixed = policy('fixed');

  test('is what its approval credited: the cap per lead counts it at the conversion', () => {
    const of = world();
    expect(credited(of, approval('a', [fixed, capped]))).toBe(1000);
    expect(credited(of, conversion('a', [fixed, capped]))).toBe(200);
    const exact = policy('exact', { calculationType: 'conversion', capPerLead: 1000 });
    expect(credited(of, conversion('b', [exact]))).toBe(1000);
  });

  test('is what reality says of a lead that the world did not see approved', () => {
    const before = { applied: new Set(['deal']), isGoverned: true };
    const of = world();
    expect(credited(of, conversion('a', [capped], { onLead: 900 }))).toBe(300);
    expect(of.live(conversion('b', [deal], { before })).credits).toEqual([]);
    const governed = { applied: new Set<string>(), isGoverned: true };
    expect(of.live(conversion('c', [], { before: governed })).termsCredits).toEqual([]);
    // Its own memory goes before what was real.
    of.live(approval('d', [fixed]));
    expect(credited(of, conversion('d', [capped], { onLead: 0 }))).toBe(200);
    of.live(approval('e', [fixed]));
    expect(credited(of, conversion('e', [deal], { before }))).toBe(1000);
  });

  test('is which policies were applied, and that one governed it', () => {
    // An estimate that is gone by the conversion would make the percentage pay twice.
    const share = policy('share', { calculationType: 'percentage', baseCredit: null, baseRate: 100_000 });
    const of = world();
    of.live(approval('a', [share], { lead: { ...approvalFacts, estimatedValue: 50_000 } }));
    expect(of.live(conversion('a', [share])).credits).toEqual([]);
    // The one passed over on approval may pay on the conversion.
    const first = policy('first', { priority: 1 });
    of.live(approval('b', [first, share], { lead: { ...approvalFacts, estimatedValue: 50_000 } }));
    expect(credited(of, conversion('b', [share]))).toBe(10_000);
    // A policy applied on approval keeps the commission away; for a lead without any it is due.
    of.live(approval('c', [fixed]));
    expect(of.live(conversion('c', [])).termsCredits).toEqual([]);
    of.live(approval('d', []));
    expect(of.live(conversion('d', [])).termsCredits).toMatchObject([{ amount: 10_000 }]);
  });

  test('is kept while there is more to come, over several events, and forgotten then', () => {
    const of = world();
    of.live(approval('a', [fixed]));
    // A conversion that is withdrawn later comes once more.
    expect(credited(of, conversion('a', [capped], { isRemembered: true }))).toBe(200);
    expect(credited(of, conversion('a', [policy('other', { ...capped.terms })]))).toBe(0);
    expect(credited(of, conversion('a', [capped]))).toBe(1000);
    of.live(approval('b', [fixed], { isRemembered: false }));
    expect(credited(of, conversion('b', [capped]))).toBe(1000);
  });
});

describe('what is taken back in a simulated world', () => {
  const budget = policy('budget', { totalBudget: 1000 });

  test('is left again of its budget, all of it or as much as is said, and never more', () => {
    const of = world();
    expect(credited(of, approval('a', [budget]))).toBe(1000);
    expect(credited(of, approval('b', [budget]))).toBe(0);
    of.takeBack('b', 'budget');
    of.takeBack('a', 'another');
    expect(credited(of, approval('c', [budget]))).toBe(0);
    of.takeBack('a', 'budget', 300);
    expect(credited(of, approval('d', [budget]))).toBe(300);
    of.takeBack('a', 'budget', 5000);
    expect(credited(of, approval('e', [budget]))).toBe(700);
    of.takeBack('a', 'budget');
    expect(credited(of, approval('f', [budget]))).toBe(0);
  });

  test('is left again of the period it was credited in, and of the lead', () => {
    const monthly = policy('monthly', { capPerPeriod: 1000 });
    const of = world();
    expect(credited(of, approval('a', [monthly], {}, '2026-03-01'))).toBe(1000);
    expect(credited(of, approval('b', [monthly], {}, '2026-04-01'))).toBe(1000);
    of.takeBack('a', 'monthly');
    expect(credited(of, approval('c', [monthly], {}, '2026-04-30'))).toBe(0);
    expect(credited(of, approval('d', [monthly], {}, '2026-03-31'))).toBe(1000);
    const perLead = policy('perLead', { calculationType: 'conversion', capPerLead: 1000 });
    of.takeBack('d', 'monthly', 400);
    expect(credited(of, conversion('d', [perLead]))).toBe(400);
  });
});

describe('what came before a simulated world', () => {
  const tiers = [
    { tierLevel: 1, minLeads: 1, maxLeads: 2, creditAmount: 100, bonusRate: null },
    { tierLevel: 2, minLeads: 3, maxLeads: null, creditAmount: 300, bonusRate: null },
  ];
  const tiered = { calculationType: 'tiered', baseCredit: null, tierConfig: { tiers } } as const;

  test('counts for the partner’s tiers in the period, or for good where the policy has none', () => {
    const byProject = policy('project', {
      ...tiered,
      policyType: 'project_based',
      projectId: 'pier',
      timeUnitType: null,
    });
    const lead = { ...approvalFacts, projectId: 'pier' };
    const of = world();
    of.countBefore('project', 'acme', '2024-01-01', 1);
    of.countBefore('project', 'zeta', '2026-03-15', 9);
    expect(credited(of, approval('a', [byProject], { lead }))).toBe(100);
    expect(credited(of, approval('b', [byProject], { lead }))).toBe(300);
  });

  test('is credited elsewhere: of the total, and of the days of a period on its first and last', () => {
    const of = world();
    const monthly = policy('monthly', { capPerPeriod: 1000 });
    of.creditElsewhere('monthly', '2026-02-28', 900);
    of.creditElsewhere('monthly', '2026-04-01', 900);
    of.creditElsewhere('monthly', '2026-03-01', 200);
    of.creditElsewhere('monthly', '2026-03-31', 100);
    expect(credited(of, approval('a', [monthly], {}, '2026-03-31'))).toBe(700);
    const budget = policy('budget', { totalBudget: 1500 });
    of.creditElsewhere('budget', '2020-01-01', 900);
    expect(credited(of, approval('b', [budget]))).toBe(600);
  });
});
