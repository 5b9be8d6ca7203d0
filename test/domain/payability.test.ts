import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  inactiveReason,
  type PayabilityFacts,
  payabilityCodes,
  payabilityReasons,
  unverifiedReason,
} from '#domain/payability.ts';
import { partnerStatuses } from '#domain/state-machines.ts';

const payable: PayabilityFacts = {
  organizationName: 'Hafen',
  status: 'active',
  isDeleted: false,
  taxId: 'DE1',
  bankingProblems: [],
  bankingIsVerified: true,
  availableBalance: 5000,
  minimumPayout: 5000,
  currency: 'EUR',
};

describe('why a partner cannot be paid', () => {
  it('is nothing where all is in order', () => {
    expect(payabilityReasons(payable)).toEqual([]);
  });

  it.each<[Partial<PayabilityFacts>, string, string, string]>([
    [
      { status: 'suspended' },
      'suspended',
      'payment',
      "Hafen is suspended: its payouts can't be paid until it is active again.",
    ],
    [
      { status: 'inactive' },
      'not_active',
      'payment',
      "Hafen is inactive: its payouts can't be paid until it is active again.",
    ],
    [
      { isDeleted: true },
      'not_active',
      'payment',
      "Hafen is deleted: its payouts can't be paid until it is active again.",
    ],
    [
      { bankingProblems: [{ path: 'bankingDetails', message: 'The banking details are missing.' }] },
      'bank_details_missing',
      'payment',
      'The bank details of Hafen are not complete. The banking details are missing.',
    ],
    [
      { bankingIsVerified: false },
      'bank_details_unverified',
      'payment',
      'The bank details of Hafen are not verified.',
    ],
    [{ taxId: null }, 'tax_id_missing', 'nothing', 'The tax id of Hafen is missing.'],
    [
      { availableBalance: 4999 },
      'below_minimum_payout',
      'generation',
      'The balance of Hafen, 49.99 EUR, is below the minimum payout of 50.00 EUR.',
    ],
    [
      { availableBalance: 49, minimumPayout: 50, currency: 'JPY' },
      'below_minimum_payout',
      'generation',
      'The balance of Hafen, 49 JPY, is below the minimum payout of 50 JPY.',
    ],
  ])('%o → %s', (change, code, stops, sentence) => {
    expect(payabilityReasons({ ...payable, ...change })).toEqual([{ code, sentence, stops }]);
  });

  it('is not the balance where no minimum is set, not even one below zero', () => {
    for (const availableBalance of [0, -100]) {
      expect(payabilityReasons({ ...payable, minimumPayout: 0, availableBalance })).toEqual([]);
    }
  });

  it('lists each reason once, in one order, exactly where its fact holds, in the words of the refusals', () => {
    const facts = fc.record({
      organizationName: fc.string({ minLength: 1 }),
      status: fc.constantFrom(...partnerStatuses),
      isDeleted: fc.boolean(),
      taxId: fc.option(fc.string({ minLength: 1 })),
      bankingProblems: fc.constantFrom([], [{ path: 'x', message: 'It is missing.' }]),
      bankingIsVerified: fc.boolean(),
      availableBalance: fc.integer(),
      minimumPayout: fc.nat(),
      currency: fc.constantFrom('EUR', 'JPY', 'KWD'),
    });
    fc.assert(
      fc.property(facts, (given) => {
        const reasons = payabilityReasons(given);
        const isActive = given.status === 'active' && !given.isDeleted;
        const isSuspended = given.status === 'suspended' && !given.isDeleted;
        const expected = {
          suspended: isSuspended,
          not_active: !isActive && !isSuspended,
          bank_details_missing: given.bankingProblems.length > 0,
          bank_details_unverified: !given.bankingIsVerified,
          tax_id_missing: given.taxId === null,
          below_minimum_payout: given.minimumPayout > 0 && given.availableBalance < given.minimumPayout,
        };
        expect(reasons.map(({ code }) => code)).toEqual(payabilityCodes.filter((code) => expected[code]));
        for (const { sentence } of reasons) expect(sentence).toContain(given.organizationName);
        expect(reasons.slice(0, isActive ? 0 : 1)).toEqual(
          [inactiveReason(given, 'paid')].filter((reason) => reason !== undefined),
        );
        expect(reasons.filter(({ code }) => code === 'bank_details_unverified')).toEqual(
          [unverifiedReason(given)].filter((reason) => reason !== undefined),
        );
      }),
    );
  });
});
