import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LeadFacts } from '#domain/credit-applicability.ts';
import { applicability, governsLead } from '#domain/credit-applicability.ts';
import type { PolicyRevision, PolicyTerms } from '#domain/credit-policies.ts';
import { plainTerms } from './policies.ts';

const terms: PolicyTerms = {
  ...plainTerms,
  partnerId: 'acme',
  startDate: '2026-03-01',
  endDate: '2026-03-31',
  minLeadQualityScore: 6000,
};

const policy = (
  change: Partial<PolicyTerms> = {},
  standing: Partial<PolicyRevision> = {},
): PolicyRevision => ({
  policyId: 'p1',
  policyCode: 'SPRING',
  revision: 2,
  createdAt: '2026-01-01T00:00:00.000Z',
  isActive: true,
  deactivatedFrom: null,
  isApproved: true,
  currency: 'EUR',
  terms: { ...terms, ...change },
  ...standing,
});

const lead = (change: Partial<LeadFacts> = {}): LeadFacts => ({
  event: 'approval',
  eventDay: '2026-03-15',
  partnerId: 'acme',
  projectId: null,
  campaignId: null,
  sourceId: 'web',
  score: 7000,
  estimatedValue: null,
  dealValue: null,
  currency: 'EUR',
  ...change,
});

const conversion: Partial<PolicyTerms> = { calculationType: 'conversion' };
const share: Partial<PolicyTerms> = { calculationType: 'revenue_share', baseCredit: null, baseRate: 100_000 };
const percentage: Partial<PolicyTerms> = { ...share, calculationType: 'percentage' };

describe('a policy applies', () => {
  test.each<[string, Partial<PolicyTerms>, Partial<LeadFacts>]>([
    ['to a lead of its partner', {}, {}],
    ['to the leads of all partners when it names none', { partnerId: null }, { partnerId: 'other' }],
    ['on its first day', {}, { eventDay: '2026-03-01' }],
    ['on its last day', {}, { eventDay: '2026-03-31' }],
    ['from the beginning when it names no start', { startDate: null }, { eventDay: '1999-01-01' }],
    ['without end when it names none', { endDate: null }, { eventDay: '2099-12-31' }],
    [
      'to a lead of its project, campaign and source',
      { projectId: 'p', sourceId: 'web' },
      { projectId: 'p' },
    ],
    ['at exactly its lowest score', {}, { score: 6000 }],
    ['on conversion when that is what it pays for', conversion, { event: 'conversion' }],
    ['as a percentage on approval of a lead with an estimate', percentage, { estimatedValue: 1000 }],
    ['as a percentage on conversion of one without', percentage, { event: 'conversion' }],
    ['in any currency when it names no amount', share, { event: 'conversion', currency: 'JPY' }],
  ])('%s', (_, ofPolicy, ofLead) => {
    expect(applicability(policy(ofPolicy), lead(ofLead))).toEqual({ applies: true });
  });
});

describe('a policy does not apply, and says why', () => {
  test.each<[string, Partial<PolicyTerms>, Partial<LeadFacts>]>([
    ['it is for another partner', {}, { partnerId: 'other' }],
    ['starts on 2026-03-01', {}, { eventDay: '2026-02-28' }],
    ['ended on 2026-03-31', {}, { eventDay: '2026-04-01' }],
    ['it is for another project', { projectId: 'p' }, { projectId: 'q' }],
    ['it is for one project, and the lead has none', { projectId: 'p' }, {}],
    ['it is for another campaign', { campaignId: 'c' }, { campaignId: 'd' }],
    ['it is for another source', { sourceId: 'portal' }, {}],
    ["score 59 is below the policy's 60", {}, { score: 5900 }],
    ["score 59.99 is below the policy's 60", {}, { score: 5999 }],
    ['its amounts are in EUR, and the partner is paid in JPY', {}, { currency: 'JPY' }],
    ['pays on conversion, not on approval', conversion, {}],
    ['pays on approval, not on conversion', {}, { event: 'conversion' }],
    ['pays on conversion, not on approval', percentage, { estimatedValue: 0 }],
    ['pays on approval, not on conversion', percentage, { event: 'conversion', estimatedValue: 1000 }],
  ])('%s', (reason, ofPolicy, ofLead) => {
    expect(applicability(policy(ofPolicy), lead(ofLead))).toEqual({ applies: false, reason });
  });

  test('it is not active, or this revision is not approved', () => {
    expect(applicability(policy({}, { isActive: false }), lead())).toEqual({
      applies: false,
      reason: 'the policy is not active',
    });
    expect(applicability(policy({}, { isApproved: false }), lead())).toEqual({
      applies: false,
      reason: 'revision 2 of the policy is not approved',
    });
  });

  test('bounds in another currency are amounts too', () => {
    const bounded = policy({ ...share, maximumCredit: 2500 });
    expect(applicability(bounded, lead({ event: 'conversion', currency: 'JPY' })).applies).toBe(false);
    const capped = policy({ ...share, totalBudget: 5000 });
    expect(applicability(capped, lead({ event: 'conversion', currency: 'JPY' })).applies).toBe(false);
  });
});

describe('whether a policy governs a lead', () => {
  test('on approval, one that pays then does, and one that would pay on a conversion that day too', () => {
    expect(governsLead(policy(), lead())).toBe(true);
    expect(governsLead(policy(conversion), lead())).toBe(true);
    expect(governsLead(policy(share), lead())).toBe(true);
    expect(governsLead(policy(percentage), lead())).toBe(true);
  });

  test('on approval, a conversion policy that starts later does not yet', () => {
    expect(governsLead(policy(conversion), lead({ eventDay: '2026-02-28' }))).toBe(false);
  });

  test('on conversion, only one that pays then does: the caller knows what was applied on approval', () => {
    expect(governsLead(policy(conversion), lead({ event: 'conversion' }))).toBe(true);
    expect(governsLead(policy(), lead({ event: 'conversion' }))).toBe(false);
  });

  test('on conversion, one that has ended since the approval no longer does', () => {
    expect(governsLead(policy(conversion), lead({ event: 'conversion', eventDay: '2026-04-01' }))).toBe(
      false,
    );
  });

  test('one that does not match never does', () => {
    expect(governsLead(policy({}, { isActive: false }), lead())).toBe(false);
    expect(governsLead(policy(), lead({ score: 5999 }))).toBe(false);
    expect(governsLead(policy(), lead({ partnerId: 'other' }))).toBe(false);
  });

  test('a policy that applies at an event governs the lead at it', () => {
    const ofPolicy = fc.record({
      kind: fc.constantFrom<Partial<PolicyTerms>>({}, conversion, share, percentage),
      partnerId: fc.constantFrom('acme', 'other', null),
      projectId: fc.constantFrom('p', null),
      minLeadQualityScore: fc.constantFrom(0, 6000, 8000),
      startDate: fc.constantFrom('2026-03-01', '2026-03-20', null),
    });
    const ofLead = fc.record({
      event: fc.constantFrom('approval' as const, 'conversion' as const),
      projectId: fc.constantFrom('p', 'q', null),
      estimatedValue: fc.constantFrom(null, 0, 1000),
    });
    let applied = 0;
    fc.assert(
      fc.property(ofPolicy, ofLead, ({ kind, ...change }, facts) => {
        const one = policy({ ...kind, ...change });
        const { applies } = applicability(one, lead(facts));
        applied += applies ? 1 : 0;
        expect(!applies || governsLead(one, lead(facts))).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(applied).toBeGreaterThan(20);
  });
});

test('a policy no longer pays, nor governs, from the day on that it is deactivated from', () => {
  const ending = policy({}, { deactivatedFrom: '2026-03-15' });
  expect(applicability(ending, lead({ eventDay: '2026-03-14' }))).toEqual({ applies: true });
  const after = lead({ eventDay: '2026-03-15' });
  expect(applicability(ending, after)).toEqual({ applies: false, reason: 'deactivated from 2026-03-15 on' });
  expect(governsLead(ending, after)).toBe(false);
});
