/**
 * The double-entry ledger of a partner's money (`domain.md`, "Balances"). Entries are append-only: a correction is a new
 * entry, and every entry's postings sum to zero.
 *
 * Signs: an account's balance is the plain sum of its postings. Money moves from one account to another, so what one
 * loses the other gains: `commission_expense` goes below zero as the partner earns, `available` holds what is earned
 * and not yet in an approved payout, `payable` what is approved and not yet paid, `paid` what has left the house.
 *
 * Amounts are integers in minor units of the partner's one currency.
 */
export const ledgerAccounts = ['commission_expense', 'available', 'payable', 'paid'] as const;

export type LedgerAccount = (typeof ledgerAccounts)[number];

export interface Posting {
  account: LedgerAccount;
  amount: number;
}

export const ledgerEventTypes = [
  'credit_approved',
  'credit_reversed',
  'payout_approved',
  'payout_cancelled',
  'payment_recorded',
  'payment_failed',
] as const;

export type LedgerEventType = (typeof ledgerEventTypes)[number];

/**
 * What moves money. A rejected credit and a rejected payout move none, and so are no ledger events.
 *
 * `amount`, in minor units: for `credit_approved` the credit's own, below zero for a compensating credit; for
 * `credit_reversed` the size of the credit taken back; for `payout_approved` and `payout_cancelled` the approved amount
 * of the payout; for `payment_recorded` what was paid this time, and for
 * `payment_failed` what of it came back.
 */
export interface LedgerEvent {
  type: LedgerEventType;
  amount: number;
}

/** The four figures of a partner, in minor units, as the requirements name them. */
export interface PartnerFigures {
  totalEarnings: number;
  availableBalance: number;
  pendingPayoutAmount: number;
  withdrawnAmount: number;
}

export type AccountBalances = Record<LedgerAccount, number>;

const movements: Record<LedgerEventType, { from: LedgerAccount; to: LedgerAccount }> = {
  credit_approved: { from: 'commission_expense', to: 'available' },
  credit_reversed: { from: 'available', to: 'commission_expense' },
  payout_approved: { from: 'available', to: 'payable' },
  payout_cancelled: { from: 'payable', to: 'available' },
  payment_recorded: { from: 'payable', to: 'paid' },
  payment_failed: { from: 'paid', to: 'payable' },
};

/**
 * The postings of one entry; they sum to zero (`domain.md`, "Balances"). Throws a `RangeError` for an amount that is
 * not a whole number of minor units, is zero, or is below zero where only `credit_approved` may be: a ledger that
 * takes such an amount can't be corrected by anything but another entry.
 */
export function postingsFor(event: LedgerEvent): readonly [Posting, Posting] {
  const { type, amount } = event;
  if (!Number.isSafeInteger(amount)) {
    throw new RangeError(`A ledger entry needs a whole number of minor units, not ${amount}.`);
  }
  if (amount === 0 || (amount < 0 && type !== 'credit_approved')) {
    throw new RangeError(`A ledger entry "${type}" can't have the amount ${amount}.`);
  }
  const { from, to } = movements[type];
  return [
    { account: from, amount: -amount },
    { account: to, amount },
  ];
}

/** The balance of each account. Throws a `RangeError` when a sum leaves the range in which integers are exact. */
export function balancesOf(postings: Iterable<Posting>): AccountBalances {
  const balances: AccountBalances = { commission_expense: 0, available: 0, payable: 0, paid: 0 };
  for (const { account, amount } of postings) {
    balances[account] = exactSum(balances[account], amount);
  }
  return balances;
}

/** Whether the postings of an entry, or of a whole ledger, sum to zero. */
export function isBalanced(postings: Iterable<Posting>): boolean {
  let sum = 0;
  for (const { amount } of postings) sum = exactSum(sum, amount);
  return sum === 0;
}

/**
 * A partner's figures, from its account balances (`domain.md`, "Balances"). `pendingPayoutAmount` moves with
 * `availableBalance` at every event of that table, and so is the same sum. A payment changes none of the four, because
 * `withdrawnAmount` counts from the approval of the payout: `payable` and `paid` together.
 */
export function figuresOf(balances: AccountBalances): PartnerFigures {
  return {
    // 0 - x, because -x would make a negative zero of an empty ledger.
    totalEarnings: 0 - balances.commission_expense,
    availableBalance: balances.available,
    pendingPayoutAmount: balances.available,
    withdrawnAmount: exactSum(balances.payable, balances.paid),
  };
}

/** A partner's figures, recomputed from all its postings. */
export function figuresFrom(postings: Iterable<Posting>): PartnerFigures {
  return figuresOf(balancesOf(postings));
}

/** What one event adds to the stored figures of its partner. */
export function figuresDelta(event: LedgerEvent): PartnerFigures {
  return figuresFrom(postingsFor(event));
}

/** The figures after a change: the incremental projection that `figuresFrom` must always agree with. */
export function addFigures(figures: PartnerFigures, delta: PartnerFigures): PartnerFigures {
  return {
    totalEarnings: exactSum(figures.totalEarnings, delta.totalEarnings),
    availableBalance: exactSum(figures.availableBalance, delta.availableBalance),
    pendingPayoutAmount: exactSum(figures.pendingPayoutAmount, delta.pendingPayoutAmount),
    withdrawnAmount: exactSum(figures.withdrawnAmount, delta.withdrawnAmount),
  };
}

function exactSum(a: number, b: number): number {
  const sum = a + b;
  if (!Number.isSafeInteger(sum)) {
    throw new RangeError('A ledger sum is larger than the product can hold exactly.');
  }
  return sum;
}
