import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DomainError } from '#domain/errors.ts';
import {
  availableActions,
  canTransition,
  findTransition,
  leadMachine,
  needsReason,
  partnerMachine,
  payoutMachine,
  type StateMachine,
  transition,
  transitionPath,
} from '#domain/state-machines.ts';

type AnyMachine = StateMachine<string, string>;
const machines: AnyMachine[] = [partnerMachine, leadMachine, payoutMachine];

/** The arrows drawn in `domain.md`, typed in once more by hand, so that an edit of the table is noticed here. */
const drawn: Record<string, readonly string[]> = {
  partner: [
    'pending>active',
    'pending>rejected',
    'rejected>pending',
    'active>inactive',
    'active>suspended',
    'inactive>active',
    'suspended>active',
    'suspended>inactive',
  ],
  lead: [
    'submitted>under_review',
    'under_review>approved',
    'under_review>rejected',
    'approved>converted',
    'converted>approved',
  ],
  payout: [
    'pending>approved',
    'pending>partially_approved',
    'pending>rejected',
    'approved>partially_paid',
    'partially_approved>partially_paid',
    'partially_paid>partially_paid',
    'partially_paid>paid',
    'approved>paid',
    'partially_approved>paid',
    'approved>cancelled',
    'partially_approved>cancelled',
    // A payment that failed.
    'paid>partially_paid',
    'partially_paid>partially_paid',
    'paid>approved',
    'partially_paid>approved',
    'paid>partially_approved',
    'partially_paid>partially_approved',
  ],
};

/** What can be done in each status, as the buttons of a screen stand. */
const offered: Record<string, Readonly<Record<string, string>>> = {
  partner: {
    pending: 'approve reject',
    active: 'deactivate suspend',
    inactive: 'reactivate',
    suspended: 'deactivate reactivate',
    rejected: 'reapply',
  },
  lead: {
    submitted: 'review approve reject',
    under_review: 'approve reject',
    approved: 'convert',
    rejected: '',
    converted: 'withdraw',
  },
  payout: {
    pending: 'approve partially_approve reject',
    approved: 'pay_part pay cancel',
    partially_approved: 'pay_part pay cancel',
    rejected: '',
    partially_paid: 'pay_part pay fail_part fail fail_partially_approved',
    paid: 'fail_part fail fail_partially_approved',
    cancelled: '',
  },
};

/** The actions nobody takes without saying why, from whatever status. */
const withReason: Record<string, string> = {
  partner: 'reject deactivate suspend',
  lead: 'reject withdraw',
  payout: 'reject cancel fail_part fail fail_partially_approved',
};

function refusal(act: () => unknown): DomainError {
  try {
    act();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** What came out: the status, or the code of the refusal. */
function attempt(act: () => string): string {
  try {
    return act();
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

describe.each(machines.map((machine) => [machine.noun, machine] as const))('%s machine', (noun, machine) => {
  test('its direct arrows are exactly those of the domain rules', () => {
    const direct = machine.transitions.filter((each) => each.via === undefined);
    expect(direct.map((each) => `${each.from}>${each.to}`).sort()).toEqual([...(drawn[noun] ?? [])].sort());
  });

  test('offers in each status what the domain rules allow, and asks why where they say so', () => {
    const found = machine.statuses.map((each) => [each, availableActions(machine, each).join(' ')]);
    expect(Object.fromEntries(found)).toEqual(offered[noun]);
    for (const { from, action } of machine.transitions) {
      const asks = (withReason[noun] ?? '').split(' ').includes(action);
      expect(`${from} ${action}: ${needsReason(machine, from, action)}`).toBe(`${from} ${action}: ${asks}`);
    }
  });

  test('a status and an action have at most one outcome', () => {
    const keys = machine.transitions.map((each) => `${each.from} ${each.action}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('every status can be reached from the initial one, and every action is used', () => {
    const reached = new Set([machine.initial]);
    for (const status of reached) {
      for (const action of availableActions(machine, status))
        reached.add(transition(machine, status, action));
    }
    expect([...reached].sort()).toEqual([...machine.statuses].sort());
    for (const action of machine.actions) {
      expect(machine.transitions.some((each) => each.action === action)).toBe(true);
    }
  });

  test('no walk reaches a status but by a listed transition', () => {
    const steps = fc.array(fc.constantFrom(...machine.actions), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (actions) => {
        let status = machine.initial;
        for (const action of actions) {
          const from = status;
          const listed = machine.transitions.filter((each) => each.from === from && each.action === action);
          expect(canTransition(machine, from, action)).toBe(listed.length === 1);
          expect(availableActions(machine, from).includes(action)).toBe(listed.length === 1);
          expect(needsReason(machine, from, action)).toBe(listed[0]?.needsReason ?? false);
          expect(attempt(() => transition(machine, from, action))).toBe(
            listed[0]?.to ?? 'INVALID_TRANSITION',
          );
          const path = canTransition(machine, from, action) ? transitionPath(machine, from, action) : [];
          for (const next of path) {
            expect(drawn[noun]).toContain(`${status}>${next}`);
            status = next;
          }
        }
      }),
    );
  });

  test('every refusal is a sentence about this thing', () => {
    for (const status of machine.statuses) {
      for (const action of machine.actions) {
        if (canTransition(machine, status, action)) continue;
        const { message, code } = refusal(() => transition(machine, status, action));
        expect(code).toBe('INVALID_TRANSITION');
        expect(message).toMatch(
          /^An? [a-z ]+ can't (be [a-z ]+|reapply|have (its conversion|a payment) [a-z ]+)( again)?\.$/,
        );
        expect(message).toContain(noun);
        expect(message).not.toContain('_');
      }
    }
  });
});

describe('partner', () => {
  test('a pending partner is approved or rejected, a rejected one may only reapply', () => {
    expect(availableActions(partnerMachine, 'pending')).toEqual(['approve', 'reject']);
    expect(availableActions(partnerMachine, 'rejected')).toEqual(['reapply']);
    expect(transition(partnerMachine, 'rejected', 'reapply')).toBe('pending');
  });

  test('suspending an inactive partner is refused in words', () => {
    expect(refusal(() => transition(partnerMachine, 'inactive', 'suspend')).message).toBe(
      "An inactive partner can't be suspended.",
    );
    expect(refusal(() => transition(partnerMachine, 'active', 'reapply')).message).toBe(
      "An active partner can't reapply.",
    );
  });

  test('rejecting, suspending and deactivating need a reason, wherever they are possible', () => {
    for (const each of partnerMachine.transitions) {
      expect(each.needsReason).toBe(['reject', 'suspend', 'deactivate'].includes(each.action));
      expect(needsReason(partnerMachine, each.from, each.action)).toBe(each.needsReason);
    }
  });
});

describe('lead', () => {
  test('approving or rejecting a submitted lead passes through under_review', () => {
    expect(transitionPath(leadMachine, 'submitted', 'approve')).toEqual(['under_review', 'approved']);
    expect(transitionPath(leadMachine, 'submitted', 'reject')).toEqual(['under_review', 'rejected']);
    expect(transitionPath(leadMachine, 'under_review', 'approve')).toEqual(['approved']);
    expect(transition(leadMachine, 'submitted', 'approve')).toBe('approved');
  });

  test('rejected is an end state, and a conversion can only be withdrawn', () => {
    expect(availableActions(leadMachine, 'rejected')).toEqual([]);
    expect(availableActions(leadMachine, 'converted')).toEqual(['withdraw']);
    expect(transition(leadMachine, 'converted', 'withdraw')).toBe('approved');
    expect(needsReason(leadMachine, 'converted', 'withdraw')).toBe(true);
    expect(refusal(() => transition(leadMachine, 'rejected', 'approve')).message).toBe(
      "A rejected lead can't be approved.",
    );
    expect(refusal(() => transition(leadMachine, 'approved', 'approve')).message).toBe(
      "An approved lead can't be approved again.",
    );
    expect(refusal(() => transition(leadMachine, 'under_review', 'convert')).message).toBe(
      "A lead under review can't be converted.",
    );
  });

  test('only a rejection needs a reason', () => {
    expect(needsReason(leadMachine, 'submitted', 'reject')).toBe(true);
    expect(needsReason(leadMachine, 'under_review', 'reject')).toBe(true);
    expect(needsReason(leadMachine, 'approved', 'convert')).toBe(false);
  });
});

describe('payout', () => {
  const failures = ['fail_part', 'fail', 'fail_partially_approved'];

  test('an approved payout may be paid at once, in parts, or cancelled before any payment', () => {
    for (const status of ['approved', 'partially_approved'] as const) {
      expect(availableActions(payoutMachine, status)).toEqual(['pay_part', 'pay', 'cancel']);
    }
    expect(availableActions(payoutMachine, 'partially_paid')).toEqual(['pay_part', 'pay', ...failures]);
    expect(refusal(() => transition(payoutMachine, 'partially_paid', 'cancel')).message).toBe(
      "A partially paid payout can't be cancelled.",
    );
  });

  test('nothing follows rejected or cancelled, and paid only a payment that failed', () => {
    for (const status of ['rejected', 'cancelled'] as const) {
      expect(availableActions(payoutMachine, status)).toEqual([]);
    }
    expect(availableActions(payoutMachine, 'paid')).toEqual(failures);
    expect(transition(payoutMachine, 'paid', 'fail')).toBe('approved');
    expect(transition(payoutMachine, 'partially_paid', 'fail_partially_approved')).toBe('partially_approved');
    expect(refusal(() => transition(payoutMachine, 'pending', 'fail')).message).toBe(
      "A pending payout can't have a payment that failed.",
    );
    expect(refusal(() => transition(payoutMachine, 'paid', 'pay')).message).toBe(
      "A paid payout can't be paid again.",
    );
  });

  test('a pending payout cannot be paid', () => {
    expect(canTransition(payoutMachine, 'pending', 'pay')).toBe(false);
    expect(findTransition(payoutMachine, 'pending', 'pay')).toBeUndefined();
  });
});
