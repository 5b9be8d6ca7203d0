import { DomainError } from './errors.ts';

/**
 * The three state machines as tables of data (`domain.md`, "Partner", "Lead", "Payouts"). The service moves rows by
 * them, the contract takes its enums from them, and the screen offers exactly the actions they list.
 */
export interface Transition<Status extends string, Action extends string> {
  readonly action: Action;
  readonly from: Status;
  readonly to: Status;
  /** The statuses passed through on the way, in the same unit of work; each step is itself a transition. */
  readonly via?: readonly Status[];
  /** Whoever acts must say why (a reason, or notes). */
  readonly needsReason: boolean;
}

export interface StateMachine<Status extends string, Action extends string> {
  /** The noun of the sentences: "partner", "lead", "payout". */
  readonly noun: string;
  readonly initial: Status;
  readonly statuses: readonly Status[];
  readonly actions: readonly Action[];
  /** How a sentence calls a thing in this status: "A rejected lead". */
  readonly subjects: Readonly<Record<Status, string>>;
  /** How a sentence goes on after "can't": "be approved". */
  readonly verbs: Readonly<Record<Action, string>>;
  readonly transitions: readonly Transition<Status, Action>[];
}

export const partnerStatuses = ['pending', 'active', 'inactive', 'suspended', 'rejected'] as const;
export type PartnerStatus = (typeof partnerStatuses)[number];

export const partnerActions = [
  'approve',
  'reject',
  'reapply',
  'deactivate',
  'suspend',
  'reactivate',
] as const;
export type PartnerAction = (typeof partnerActions)[number];

export const partnerMachine: StateMachine<PartnerStatus, PartnerAction> = {
  noun: 'partner',
  initial: 'pending',
  statuses: partnerStatuses,
  actions: partnerActions,
  subjects: {
    pending: 'A pending partner',
    active: 'An active partner',
    inactive: 'An inactive partner',
    suspended: 'A suspended partner',
    rejected: 'A rejected partner',
  },
  verbs: {
    approve: 'be approved',
    reject: 'be rejected',
    reapply: 'reapply',
    deactivate: 'be deactivated',
    suspend: 'be suspended',
    reactivate: 'be reactivated',
  },
  transitions: [
    { action: 'approve', from: 'pending', to: 'active', needsReason: false },
    { action: 'reject', from: 'pending', to: 'rejected', needsReason: true },
    { action: 'reapply', from: 'rejected', to: 'pending', needsReason: false },
    { action: 'deactivate', from: 'active', to: 'inactive', needsReason: true },
    { action: 'suspend', from: 'active', to: 'suspended', needsReason: true },
    { action: 'reactivate', from: 'inactive', to: 'active', needsReason: false },
    { action: 'reactivate', from: 'suspended', to: 'active', needsReason: false },
    { action: 'deactivate', from: 'suspended', to: 'inactive', needsReason: true },
  ],
};

export const leadStatuses = ['submitted', 'under_review', 'approved', 'rejected', 'converted'] as const;
export type LeadStatus = (typeof leadStatuses)[number];

/**
 * `review` is what a reviewer's claim does to a submitted lead; claiming again later changes the lease only. `withdraw` takes back the
 * conversion of a deal that fell through; the lead may be converted again.
 */
export const leadActions = ['review', 'approve', 'reject', 'convert', 'withdraw'] as const;
export type LeadAction = (typeof leadActions)[number];

export const leadMachine: StateMachine<LeadStatus, LeadAction> = {
  noun: 'lead',
  initial: 'submitted',
  statuses: leadStatuses,
  actions: leadActions,
  subjects: {
    submitted: 'A submitted lead',
    under_review: 'A lead under review',
    approved: 'An approved lead',
    rejected: 'A rejected lead',
    converted: 'A converted lead',
  },
  verbs: {
    review: 'be taken into review',
    approve: 'be approved',
    reject: 'be rejected',
    convert: 'be converted',
    withdraw: 'have its conversion withdrawn',
  },
  transitions: [
    { action: 'review', from: 'submitted', to: 'under_review', needsReason: false },
    { action: 'approve', from: 'submitted', via: ['under_review'], to: 'approved', needsReason: false },
    { action: 'reject', from: 'submitted', via: ['under_review'], to: 'rejected', needsReason: true },
    { action: 'approve', from: 'under_review', to: 'approved', needsReason: false },
    { action: 'reject', from: 'under_review', to: 'rejected', needsReason: true },
    { action: 'convert', from: 'approved', to: 'converted', needsReason: false },
    { action: 'withdraw', from: 'converted', to: 'approved', needsReason: true },
  ],
};

export const payoutStatuses = [
  'pending',
  'approved',
  'partially_approved',
  'rejected',
  'partially_paid',
  'paid',
  'cancelled',
] as const;
export type PayoutStatus = (typeof payoutStatuses)[number];

/**
 * `pay_part` leaves something open, `pay` settles the payout; `partially_approve` is below the total. A payment that failed leaves what
 * others paid (`fail_part`), or nothing: then the payout is again what its approval made of it, whole (`fail`) or in part
 * (`fail_partially_approved`).
 */
export const payoutActions = [
  'approve',
  'partially_approve',
  'reject',
  'pay_part',
  'pay',
  'cancel',
  'fail_part',
  'fail',
  'fail_partially_approved',
] as const;
export type PayoutAction = (typeof payoutActions)[number];

export const payoutMachine: StateMachine<PayoutStatus, PayoutAction> = {
  noun: 'payout',
  initial: 'pending',
  statuses: payoutStatuses,
  actions: payoutActions,
  subjects: {
    pending: 'A pending payout',
    approved: 'An approved payout',
    partially_approved: 'A partially approved payout',
    rejected: 'A rejected payout',
    partially_paid: 'A partially paid payout',
    paid: 'A paid payout',
    cancelled: 'A cancelled payout',
  },
  verbs: {
    approve: 'be approved',
    partially_approve: 'be partially approved',
    reject: 'be rejected',
    pay_part: 'be paid in part',
    pay: 'be paid',
    cancel: 'be cancelled',
    fail_part: 'have a payment that failed',
    fail: 'have a payment that failed',
    fail_partially_approved: 'have a payment that failed',
  },
  transitions: [
    { action: 'approve', from: 'pending', to: 'approved', needsReason: false },
    { action: 'partially_approve', from: 'pending', to: 'partially_approved', needsReason: false },
    { action: 'reject', from: 'pending', to: 'rejected', needsReason: true },
    { action: 'pay_part', from: 'approved', to: 'partially_paid', needsReason: false },
    { action: 'pay_part', from: 'partially_approved', to: 'partially_paid', needsReason: false },
    { action: 'pay_part', from: 'partially_paid', to: 'partially_paid', needsReason: false },
    { action: 'pay', from: 'approved', to: 'paid', needsReason: false },
    { action: 'pay', from: 'partially_approved', to: 'paid', needsReason: false },
    { action: 'pay', from: 'partially_paid', to: 'paid', needsReason: false },
    { action: 'cancel', from: 'approved', to: 'cancelled', needsReason: true },
    { action: 'cancel', from: 'partially_approved', to: 'cancelled', needsReason: true },
    { action: 'fail_part', from: 'partially_paid', to: 'partially_paid', needsReason: true },
    { action: 'fail_part', from: 'paid', to: 'partially_paid', needsReason: true },
    { action: 'fail', from: 'partially_paid', to: 'approved', needsReason: true },
    { action: 'fail', from: 'paid', to: 'approved', needsReason: true },
    {
      action: 'fail_partially_approved',
      from: 'partially_paid',
      to: 'partially_approved',
      needsReason: true,
    },
    { action: 'fail_partially_approved', from: 'paid', to: 'partially_approved', needsReason: true },
  ],
};

/** The transition that `action` is in status `from`, or undefined where the table has none. */
export function findTransition<Status extends string, Action extends string>(
  machine: StateMachine<Status, Action>,
  from: NoInfer<Status>,
  action: NoInfer<Action>,
): Transition<Status, Action> | undefined {
  return machine.transitions.find((each) => each.from === from && each.action === action);
}

/** Whether `action` is possible in status `from`. */
export function canTransition<Status extends string, Action extends string>(
  machine: StateMachine<Status, Action>,
  from: NoInfer<Status>,
  action: NoInfer<Action>,
): boolean {
  return findTransition(machine, from, action) !== undefined;
}

/**
 * The status that `action` leads to from status `from`.
 * @throws DomainError `INVALID_TRANSITION` with a sentence such as "A rejected lead can't be approved."
 */
export function transition<Status extends string, Action extends string>(
  machine: StateMachine<Status, Action>,
  from: NoInfer<Status>,
  action: NoInfer<Action>,
): Status {
  return requireTransition(machine, from, action).to;
}

/**
 * Every status that `action` goes through from status `from`, in order, the last one being where it ends: approving a
 * submitted lead is `['under_review', 'approved']` (`domain.md`, "Lead": in the same transaction).
 * @throws DomainError `INVALID_TRANSITION`, as `transition` does.
 */
export function transitionPath<Status extends string, Action extends string>(
  machine: StateMachine<Status, Action>,
  from: NoInfer<Status>,
  action: NoInfer<Action>,
): readonly Status[] {
  const found = requireTransition(machine, from, action);
  return [...(found.via ?? []), found.to];
}

/** What can be done in status `from`, in the order of the machine's actions: the buttons of a screen. */
export function availableActions<Status extends string, Action extends string>(
  machine: StateMachine<Status, Action>,
  from: NoInfer<Status>,
): readonly Action[] {
  return machine.actions.filter((action) => canTransition(machine, from, action));
}

/** Whether `action` in status `from` asks for a reason; false also where the action is not possible. */
export function needsReason<Status extends string, Action extends string>(
  machine: StateMachine<Status, Action>,
  from: NoInfer<Status>,
  action: NoInfer<Action>,
): boolean {
  return findTransition(machine, from, action)?.needsReason ?? false;
}

function requireTransition<Status extends string, Action extends string>(
  machine: StateMachine<Status, Action>,
  from: NoInfer<Status>,
  action: NoInfer<Action>,
): Transition<Status, Action> {
  const found = findTransition(machine, from, action);
  if (found === undefined) {
    // "An approved lead can't be approved" reads like a riddle; "again" says what happened.
    const again = machine.transitions.some((each) => each.action === action && each.to === from);
    const sentence = `${machine.subjects[from]} can't ${machine.verbs[action]}${again ? ' again' : ''}.`;
    throw new DomainError('INVALID_TRANSITION', sentence);
  }
  return found;
}
