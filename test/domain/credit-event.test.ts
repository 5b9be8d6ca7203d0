import { describe, expect, test } from 'vitest';
import type { LeadFacts } from '#domain/credit-applicability.ts';
import { contendersOf, decideEvent, nothingWeighed, type WeighedBefore } from '#domain/credit-event.ts';
import type { PolicyRevision } from '#domain/credit-policies.ts';
import { plainApproval, policyWith } from './policies.ts';

const policy = policyWith;
const approval = plainApproval;
const conversion: LeadFacts = { ...approval, event: 'conversion', dealValue: 100_000 };

const decided = (lead: LeadFacts, policies: readonly PolicyRevision[], before: WeighedBefore) =>
  decideEvent({
    lead,
    policies,
    contenders: contendersOf(policies, lead, before),
    before,
    leadCountOf: () => 1,
    creditedOf: () => undefined,
    onLead: 0,
    leadPrice: 2500,
    commissionRate: 100_000,
  });

describe('the policies that have a say at an event', () => {
  // Without an estimate any more, it would pay on the conversion what it paid on the approval.
  const share = policy('share', { calculationType: 'percentage', baseCredit: null, baseRate: 100_000 });
  const deal = policy('deal', { calculationType: 'conversion' });

  test('are those that apply to it, and none that was applied on approval already', () => {
    const all = [policy('fixed'), share, deal];
    expect(contendersOf(all, conversion, nothingWeighed)).toEqual({ contending: [share, deal], again: [] });
    const before = { applied: new Set(['share', 'fixed']), isGoverned: true };
    expect(contendersOf(all, conversion, before)).toEqual({ contending: [deal], again: [share] });
  });

  test('credit a lead once, and say of the second time that it was passed over', () => {
    const { mappings, credits } = decided(conversion, [share, deal], {
      applied: new Set(['share']),
      isGoverned: true,
    });
    expect(credits).toMatchObject([{ policyId: 'deal', amount: 1000 }]);
    expect(mappings).toEqual([
      expect.objectContaining({ policyId: 'deal', applied: true }),
      {
        policyId: 'share',
        revision: 1,
        applied: false,
        amount: 0,
        reason: 'passed over: it was already applied to this lead on approval',
      },
    ]);
  });
});

describe('the partner’s own terms', () => {
  const elsewhere = policy('elsewhere', { partnerId: 'zeta' });

  test('hold for a lead that no policy governs', () => {
    expect(decided(approval, [elsewhere], nothingWeighed)).toMatchObject({
      isGoverned: false,
      credits: [],
      termsCredits: [{ amount: 2500 }],
    });
    expect(decided(conversion, [], nothingWeighed).termsCredits).toMatchObject([{ amount: 10_000 }]);
  });

  test('add nothing where one policy among others governs it, or one did on approval', () => {
    const one = [elsewhere, policy('deal', { calculationType: 'conversion' })];
    expect(decided(approval, one, nothingWeighed)).toMatchObject({ isGoverned: true, termsCredits: [] });
    const before = { applied: new Set<string>(), isGoverned: true };
    expect(decided(conversion, [elsewhere], before)).toMatchObject({ isGoverned: true, termsCredits: [] });
    expect([nothingWeighed.applied.size, nothingWeighed.isGoverned]).toEqual([0, false]);
  });
});
