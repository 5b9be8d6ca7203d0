import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DomainError } from '#domain/errors.ts';
import type { PayoutApproval, PayoutLine } from '#domain/payouts.ts';
import {
  approvalOutcome,
  failureOutcome,
  generationOutcome,
  leadCountsOf,
  lineRejectionRefusal,
  minimumPayoutOf,
  paymentOutcome,
  payoutLineStatuses,
  secondApprovalThresholdFor,
  selfApprovalRefusal,
  totalsOf,
} from '#domain/payouts.ts';

const line = (amount: number, status: PayoutLine['status'] = 'pending'): PayoutLine => ({ amount, status });

const approval = (change: Partial<PayoutApproval> = {}): PayoutApproval => ({
  lines: [line(6000), line(4000)],
  currency: 'EUR',
  requestedAmount: null,
  approver: 'anna',
  makers: ['fritz'],
  fourEyes: true,
  secondApprovalThreshold: null,
  firstApproval: null,
  ...change,
});

function refusalOf(outcome: { kind: string; error?: DomainError }): [code: string, message: string] {
  expect(outcome.kind).toBe('refused');
  return [outcome.error!.code, outcome.error!.message];
}

const anyLine = (amounts: fc.Arbitrary<number>) =>
  fc.record({ amount: amounts, status: fc.constantFrom(...payoutLineStatuses) });
const payable = fc.integer({ min: 1, max: 1_000_000 });
const signed = fc.integer({ min: -1_000_000, max: 1_000_000 });
const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);

describe('the totals of a payout', () => {
  test('are of all lines, the approved, the rejected and the pending ones', () => {
    expect(
      totalsOf([line(6000, 'approved'), line(4000), line(2500, 'rejected'), line(-500, 'approved')]),
    ).toEqual({
      totalAmount: 12_000,
      approvedAmount: 5500,
      rejectedAmount: 2500,
      pendingAmount: 4000,
      lineCount: 4,
      approvedCount: 2,
      rejectedCount: 1,
      pendingCount: 1,
    });
  });

  test('of no lines are zeros', () => {
    expect(Object.values(totalsOf([]))).toStrictEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('approved and rejected never come to more than the total, and nothing is lost', () => {
    fc.assert(
      fc.property(fc.array(anyLine(fc.nat(1_000_000))), (lines) => {
        const totals = totalsOf(lines);
        expect(totals.approvedAmount + totals.rejectedAmount).toBeLessThanOrEqual(totals.totalAmount);
        expect(totals.totalAmount).toBe(sum(lines.map(({ amount }) => amount)));
        expect(totals.lineCount).toBe(totals.approvedCount + totals.rejectedCount + totals.pendingCount);
      }),
    );
  });

  test('count a lead with two credits once, a converted lead as approved too, and a credit without a lead not at all', () => {
    expect(
      leadCountsOf([
        { partnerLeadId: 'a', leadStatus: 'approved' },
        { partnerLeadId: 'b', leadStatus: 'converted' },
        { partnerLeadId: 'b', leadStatus: 'converted' },
        { partnerLeadId: 'c', leadStatus: 'approved' },
        { partnerLeadId: 'd', leadStatus: 'approved' },
        { partnerLeadId: 'e', leadStatus: 'rejected' },
        { partnerLeadId: null, leadStatus: null },
      ]),
    ).toEqual({ totalLeadsCount: 5, approvedLeads: 4, convertedLeads: 1 });
  });
});

describe('generating', () => {
  test('makes no payout of nothing', () => {
    expect(generationOutcome([], 'EUR')).toEqual({
      kind: 'nothing',
      reason: 'No approved credit is waiting for a payout.',
    });
  });

  test('carries over a net of zero or less, and says how much', () => {
    expect(generationOutcome([5000, -6250], 'EUR')).toEqual({
      kind: 'carried_over',
      totalAmount: -1250,
      reason: 'The credits net to -12.50 EUR, which is carried over to the next payout.',
    });
    expect(generationOutcome([5000, -5000], 'EUR').kind).toBe('carried_over');
  });

  test('nets off what was taken back', () => {
    expect(generationOutcome([5000, -1250], 'EUR')).toEqual({ kind: 'payout', totalAmount: 3750 });
    expect(generationOutcome([1], 'EUR')).toEqual({ kind: 'payout', totalAmount: 1 });
  });

  test('makes a payout exactly where something is left to pay', () => {
    fc.assert(
      fc.property(fc.array(signed, { minLength: 1 }), (amounts) => {
        expect(generationOutcome(amounts, 'EUR').kind === 'payout').toBe(sum(amounts) > 0);
      }),
    );
  });
});

describe('approving', () => {
  test('the whole payout takes the pending lines as approved', () => {
    const outcome = approvalOutcome(approval());
    expect(outcome).toMatchObject({ kind: 'approved', status: 'approved', approvedAmount: 10_000 });
    expect(outcome).toMatchObject({ totals: { approvedAmount: 10_000, pendingCount: 0, approvedCount: 2 } });
  });

  test('with a rejected line is partial, and pays the others', () => {
    expect(
      approvalOutcome(approval({ lines: [line(6000, 'approved'), line(4000, 'rejected')] })),
    ).toMatchObject({
      kind: 'approved',
      status: 'partially_approved',
      approvedAmount: 6000,
    });
  });

  test('a single cent can be approved', () => {
    expect(approvalOutcome(approval({ lines: [line(1)] }))).toMatchObject({ approvedAmount: 1 });
  });

  test('a smaller amount is partial', () => {
    expect(approvalOutcome(approval({ requestedAmount: 9999 }))).toMatchObject({
      status: 'partially_approved',
      approvedAmount: 9999,
    });
    expect(approvalOutcome(approval({ requestedAmount: 10_000 }))).toMatchObject({ status: 'approved' });
  });

  test('more than the lines that are not rejected is refused', () => {
    expect(refusalOf(approvalOutcome(approval({ requestedAmount: 10_001 })))).toEqual([
      'AMOUNT_EXCEEDS',
      '100.01 EUR is too much: the lines that are not rejected come to 100.00.',
    ]);
    const lines = [line(6000), line(4000, 'rejected')];
    expect(refusalOf(approvalOutcome(approval({ lines, requestedAmount: 6001 })))[0]).toBe('AMOUNT_EXCEEDS');
  });

  test.each([0, -1, 0.5, Number.NaN])('the amount %d is refused', (requestedAmount) => {
    expect(refusalOf(approvalOutcome(approval({ requestedAmount })))[0]).toBe('VALIDATION');
  });

  test('a payout without a line left to pay is refused, not approved for nothing', () => {
    for (const lines of [[], [line(6000, 'rejected')], [line(6000, 'rejected'), line(-500)]]) {
      expect(refusalOf(approvalOutcome(approval({ lines })))).toEqual([
        'VALIDATION',
        'No line of this payout is left to pay. Reject the payout instead.',
      ]);
    }
  });

  test('is not for whoever generated or changed it, unless four eyes are switched off', () => {
    expect(refusalOf(approvalOutcome(approval({ approver: 'fritz' })))[0]).toBe('SELF_APPROVAL');
    expect(approvalOutcome(approval({ approver: 'fritz', fourEyes: false })).kind).toBe('approved');
    expect(selfApprovalRefusal({ approver: 'fritz', makers: ['eva', 'fritz'], fourEyes: true })?.code).toBe(
      'SELF_APPROVAL',
    );
    expect(selfApprovalRefusal({ approver: 'anna', makers: ['eva', 'fritz'], fourEyes: true })).toBeNull();
  });

  test('a line that takes back a paid credit stays in', () => {
    expect(lineRejectionRefusal(line(-500))?.code).toBe('VALIDATION');
    expect(lineRejectionRefusal(line(500))).toBeNull();
    // Should one be rejected all the same, the payout still pays no more than its total.
    const lines = [line(6000), line(-500, 'rejected')];
    expect(approvalOutcome(approval({ lines }))).toMatchObject({
      status: 'partially_approved',
      approvedAmount: 5500,
    });
  });
});

describe('a payout above the second-approval threshold', () => {
  const large = (change: Partial<PayoutApproval> = {}) =>
    approvalOutcome(approval({ secondApprovalThreshold: 9999, ...change }));

  test('waits after the first approval', () => {
    expect(large()).toEqual({ kind: 'awaits_second_approval', amount: 10_000 });
  });

  test('at the threshold needs one approver only', () => {
    expect(large({ secondApprovalThreshold: 10_000 }).kind).toBe('approved');
  });

  test('is approved by a second, different approver', () => {
    expect(large({ approver: 'bert', firstApproval: { approver: 'anna', amount: 10_000 } })).toMatchObject({
      kind: 'approved',
      status: 'approved',
      approvedAmount: 10_000,
    });
    expect(refusalOf(large({ firstApproval: { approver: 'anna', amount: 10_000 } }))).toEqual([
      'SELF_APPROVAL',
      'You gave the first approval, so someone else must give the second.',
    ]);
  });

  test('a second approval is for what the first was for, or less', () => {
    const firstApproval = { approver: 'anna', amount: 7000 };
    expect(large({ approver: 'bert', firstApproval })).toMatchObject({ approvedAmount: 7000 });
    expect(large({ approver: 'bert', firstApproval, requestedAmount: 5000 })).toMatchObject({
      approvedAmount: 5000,
    });
    expect(refusalOf(large({ approver: 'bert', firstApproval, requestedAmount: 7001 }))).toEqual([
      'AMOUNT_EXCEEDS',
      '70.01 EUR is too much: the first approval is for 70.00.',
    ]);
  });

  test('can not be approved by one person in a smaller amount', () => {
    expect(large({ requestedAmount: 1 })).toEqual({ kind: 'awaits_second_approval', amount: 1 });
  });

  test('is no longer above it once enough lines are rejected', () => {
    const lines = [line(6000), line(4000, 'rejected')];
    expect(large({ lines }).kind).toBe('approved');
    // A first approval given before that is neither asked for any more nor in the way.
    expect(large({ lines, firstApproval: { approver: 'anna', amount: 5000 } })).toMatchObject({
      kind: 'approved',
      approvedAmount: 6000,
    });
  });

  test('needs two people without four eyes too', () => {
    expect(large({ approver: 'fritz', fourEyes: false }).kind).toBe('awaits_second_approval');
  });
});

describe('paying', () => {
  const pay = (amount: number | null, paidAmount = 0) =>
    paymentOutcome({ approvedAmount: 10_000, paidAmount, amount, currency: 'EUR' });

  test('pays all that is open unless told less', () => {
    expect(pay(null)).toEqual({ kind: 'paid', status: 'paid', amount: 10_000, paidAmount: 10_000 });
    expect(pay(null, 4000)).toEqual({ kind: 'paid', status: 'paid', amount: 6000, paidAmount: 10_000 });
  });

  test('leaves the payout partially paid while something is open', () => {
    expect(pay(4000)).toEqual({ kind: 'paid', status: 'partially_paid', amount: 4000, paidAmount: 4000 });
    expect(pay(5999, 4000)).toMatchObject({ status: 'partially_paid', paidAmount: 9999 });
    expect(pay(6000, 4000)).toMatchObject({ status: 'paid', paidAmount: 10_000 });
    expect(pay(1, 9999)).toMatchObject({ status: 'paid', paidAmount: 10_000 });
  });

  test('refuses more than is open, and anything once it is paid', () => {
    expect(refusalOf(pay(6001, 4000))).toEqual([
      'AMOUNT_EXCEEDS',
      '60.01 EUR is too much: what is open is 60.00.',
    ]);
    expect(refusalOf(pay(null, 10_000))[0]).toBe('AMOUNT_EXCEEDS');
    expect(refusalOf(pay(1, 10_000))[0]).toBe('AMOUNT_EXCEEDS');
  });

  test.each([0, -1, 0.5, Number.NaN])('refuses the amount %d', (amount) => {
    expect(refusalOf(pay(amount))[0]).toBe('VALIDATION');
  });

  test('never pays more than was approved, whatever is asked for', () => {
    fc.assert(
      fc.property(
        payable,
        fc.array(fc.option(fc.integer({ min: -10, max: 400_000 }))),
        (approvedAmount, wishes) => {
          let paidAmount = 0;
          let status = 'approved';
          for (const amount of wishes) {
            const outcome = paymentOutcome({ approvedAmount, paidAmount, amount, currency: 'JPY' });
            if (outcome.kind === 'refused') continue;
            paidAmount += outcome.amount;
            status = outcome.status;
            expect(outcome.paidAmount).toBe(paidAmount);
          }
          expect(paidAmount).toBeLessThanOrEqual(approvedAmount);
          expect(status === 'paid').toBe(paidAmount === approvedAmount);
        },
      ),
    );
  });
});

test('an approval is never above the total, the lines not rejected or the request', () => {
  fc.assert(
    fc.property(fc.array(anyLine(signed)), fc.option(signed), (lines, requestedAmount) => {
      const outcome = approvalOutcome(approval({ lines, requestedAmount }));
      if (outcome.kind !== 'approved') return;
      const { totalAmount, rejectedAmount } = totalsOf(lines);
      const { approvedAmount, status } = outcome;
      expect(approvedAmount).toBeGreaterThan(0);
      expect(approvedAmount).toBeLessThanOrEqual(Math.min(totalAmount, totalAmount - rejectedAmount));
      expect(approvedAmount).toBeLessThanOrEqual(requestedAmount ?? Number.MAX_SAFE_INTEGER);
      expect(status === 'approved').toBe(
        approvedAmount === totalAmount && lines.every((each) => each.status !== 'rejected'),
      );
    }),
  );
});

describe('the minimum payout', () => {
  test('is the partner’s own, else the organization’s for the currency, else none', () => {
    const euro = { currency: 'EUR', minimumPayout: null };
    expect(minimumPayoutOf({ ...euro, minimumPayout: 500 }, { EUR: 1000 })).toBe(500);
    expect(minimumPayoutOf({ ...euro, minimumPayout: 0 }, { EUR: 1000 })).toBe(0);
    expect(minimumPayoutOf(euro, { EUR: 1000 })).toBe(1000);
    expect(minimumPayoutOf(euro, { JPY: 1000 })).toBe(0);
  });

  test('carries over what comes to less, and pays what reaches it', () => {
    expect(generationOutcome([600, 399], 'EUR', 1000)).toEqual({
      kind: 'carried_over',
      totalAmount: 999,
      reason:
        'The credits come to 9.99 EUR, below the minimum payout of 10.00, and are carried over to the next payout.',
    });
    expect(generationOutcome([600, 400], 'EUR', 1000)).toEqual({ kind: 'payout', totalAmount: 1000 });
    expect(generationOutcome([600, -600], 'EUR', 1000)).toMatchObject({
      reason: 'The credits net to 0.00 EUR, which is carried over to the next payout.',
    });
    expect(generationOutcome([1], 'EUR', 2)).toMatchObject({
      reason:
        'The credits come to 0.01 EUR, below the minimum payout of 0.02, and are carried over to the next payout.',
    });
  });
});

describe('the threshold of the second approval', () => {
  const settings = { secondApprovalThreshold: 100_000, secondApprovalThresholds: { JPY: 200_000 } };

  test('is compared in its own currency only', () => {
    expect(secondApprovalThresholdFor(settings, 'EUR', 'EUR')).toBe(100_000);
    expect(secondApprovalThresholdFor(settings, 'EUR', 'JPY')).toBe(200_000);
  });

  test('lets a currency without one always take two approvers, while there is a threshold at all', () => {
    expect(secondApprovalThresholdFor(settings, 'EUR', 'USD')).toBe(0);
    const none = { secondApprovalThreshold: null, secondApprovalThresholds: { JPY: 200_000 } };
    expect(secondApprovalThresholdFor(none, 'EUR', 'USD')).toBeNull();
    expect(secondApprovalThresholdFor(none, 'EUR', 'JPY')).toBe(200_000);
  });
});

describe('a payment that failed', () => {
  const payout = { totalAmount: 10_000, approvedAmount: 10_000, paidAmount: 10_000 };

  test('leaves what other payments paid', () => {
    expect(failureOutcome({ ...payout, failedAmount: 4000 })).toEqual({
      action: 'fail_part',
      paidAmount: 6000,
    });
    expect(failureOutcome({ ...payout, failedAmount: 9999 })).toEqual({ action: 'fail_part', paidAmount: 1 });
  });

  test('leaves a payout as its approval made it, where nothing is paid any more', () => {
    expect(failureOutcome({ ...payout, failedAmount: 10_000 })).toEqual({ action: 'fail', paidAmount: 0 });
    const inPart = { ...payout, approvedAmount: 8000, paidAmount: 8000, failedAmount: 8000 };
    expect(failureOutcome(inPart)).toEqual({ action: 'fail_partially_approved', paidAmount: 0 });
  });

  test('can be paid again as if it had never been, whatever the parts', () => {
    fc.assert(
      fc.property(fc.array(payable, { minLength: 1, maxLength: 6 }), fc.nat(), (parts, pick) => {
        const approvedAmount = sum(parts);
        const failedAmount = parts[pick % parts.length]!;
        const failed = failureOutcome({
          totalAmount: approvedAmount,
          approvedAmount,
          paidAmount: approvedAmount,
          failedAmount,
        });
        const again = paymentOutcome({
          approvedAmount,
          paidAmount: failed.paidAmount,
          amount: null,
          currency: 'EUR',
        });
        expect(again).toEqual({
          kind: 'paid',
          status: 'paid',
          amount: failedAmount,
          paidAmount: approvedAmount,
        });
      }),
    );
  });

  test('is never more than was paid', () => {
    expect(() => failureOutcome({ ...payout, paidAmount: 10, failedAmount: 11 })).toThrow(RangeError);
  });
});
