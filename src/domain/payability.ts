import type { FieldError } from './errors.ts';
import { formatMinor } from './money.ts';
import type { PartnerStatus } from './state-machines.ts';

/**
 * Why a partner can't be paid, or not yet (`domain.md`, "Partner" and "Payouts"). One rule for whoever asks beforehand and for the
 * refusal of the payment itself, so that both say the same.
 */
export const payabilityCodes = [
  'suspended',
  'not_active',
  'bank_details_missing',
  'bank_details_unverified',
  'tax_id_missing',
  'below_minimum_payout',
] as const;
export type PayabilityCode = (typeof payabilityCodes)[number];

/**
 * What a reason stops: `payment`, payouts are neither approved nor paid while it lasts, or at least not paid; `generation`, the balance is
 * carried over instead of becoming a payout; `nothing`, somebody should see to it, but a payout goes on. A missing tax id is of the
 * last kind: who approved the partner without one has said why.
 */
export type Stops = 'payment' | 'generation' | 'nothing';

export interface PayabilityReason {
  readonly code: PayabilityCode;
  /** For people: whole, with the partner's name. */
  readonly sentence: string;
  readonly stops: Stops;
}

export interface PayabilityFacts {
  readonly organizationName: string;
  readonly status: PartnerStatus;
  readonly isDeleted: boolean;
  readonly taxId: string | null;
  /** What the details lack for a payment, as `missingForPayment` tells it. */
  readonly bankingProblems: readonly FieldError[];
  readonly bankingIsVerified: boolean;
  /** Minor units: what was earned and is in no approved payout. */
  readonly availableBalance: number;
  /** Minor units; 0 = any amount is paid out. */
  readonly minimumPayout: number;
  readonly currency: string;
}

type Standing = Pick<PayabilityFacts, 'organizationName' | 'status' | 'isDeleted'>;

/** The sentence where the partner's status keeps its payouts from being approved or paid, else undefined. */
export function inactiveReason(
  { organizationName, status, isDeleted }: Standing,
  verb: 'made' | 'approved' | 'paid',
): PayabilityReason | undefined {
  if (status === 'active' && !isDeleted) return undefined;
  const state = isDeleted ? 'deleted' : status;
  return {
    code: state === 'suspended' ? 'suspended' : 'not_active',
    sentence: `${organizationName} is ${state}: its payouts can't be ${verb} until it is active again.`,
    stops: 'payment',
  };
}

/** The sentence where the bank details were never confirmed, or have changed since, else undefined. */
export function unverifiedReason({
  organizationName,
  bankingIsVerified,
}: Pick<PayabilityFacts, 'organizationName' | 'bankingIsVerified'>): PayabilityReason | undefined {
  if (bankingIsVerified) return undefined;
  const sentence = `The bank details of ${organizationName} are not verified.`;
  return { code: 'bank_details_unverified', sentence, stops: 'payment' };
}

/** Every reason there is, in the order of `payabilityCodes`; none where the partner can be paid. */
export function payabilityReasons(facts: PayabilityFacts): PayabilityReason[] {
  return [
    inactiveReason(facts, 'paid'),
    missingDetails(facts),
    unverifiedReason(facts),
    missingTaxId(facts),
    belowMinimum(facts),
  ].filter((reason) => reason !== undefined);
}

function missingDetails({
  organizationName,
  bankingProblems,
}: PayabilityFacts): PayabilityReason | undefined {
  if (bankingProblems.length === 0) return undefined;
  const what = bankingProblems.map(({ message }) => message).join(' ');
  return {
    code: 'bank_details_missing',
    sentence: `The bank details of ${organizationName} are not complete. ${what}`,
    stops: 'payment',
  };
}

function missingTaxId({ organizationName, taxId }: PayabilityFacts): PayabilityReason | undefined {
  if (taxId !== null) return undefined;
  return {
    code: 'tax_id_missing',
    sentence: `The tax id of ${organizationName} is missing.`,
    stops: 'nothing',
  };
}

/** An empty balance is below any minimum but none: there is nothing that could be paid out. */
function belowMinimum({
  organizationName,
  availableBalance,
  minimumPayout,
  currency,
}: PayabilityFacts): PayabilityReason | undefined {
  if (minimumPayout === 0 || availableBalance >= minimumPayout) return undefined;
  const [has, least] = [availableBalance, minimumPayout].map((amount) => formatMinor(amount, currency));
  return {
    code: 'below_minimum_payout',
    sentence: `The balance of ${organizationName}, ${has} ${currency}, is below the minimum payout of ${least} ${currency}.`,
    stops: 'generation',
  };
}
