import {
  type BankingDetails,
  type BankingField,
  bankingFields,
  type KnownBankingDetails,
  maskAccount,
  maskBankingDetails,
  missingForPayment,
  normalizeBankingDetails,
} from '#domain/banking.ts';
import { DomainError, type FieldError } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import { asJson, type PartnerRow, partners, staff } from '../../database/index.ts';
import { sealedFor } from '../../sealed.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import type { Input, Output, Service } from '../service.ts';
import { lockPartner, oneToWire, type Partner } from './wire.ts';

/**
 * Bank details (`domain.md`, "Partner"). The full ones are sealed in `bankingSecret`, bound to their tenant and partner;
 * `bankingDetails` beside them has the account number and the IBAN masked, and is all that anything else reads.
 */
type BankingInput = NonNullable<Input<'partners', 'create'>['bankingDetails']>;
type BankingColumns = Pick<
  PartnerRow,
  | 'bankingDetails'
  | 'bankingSecret'
  | 'bankingIsVerified'
  | 'bankingVerifiedAt'
  | 'bankingVerifiedBy'
  | 'bankingChangedBy'
>;

const noDetails: BankingDetails = {
  bankName: null,
  accountHolder: null,
  accountNumber: null,
  accountType: null,
  routingNumber: null,
  iban: null,
  swift: null,
  currency: null,
  paypalEmail: null,
  paymentMethod: null,
};

/** Those that are masked: what identifies an account, not a bank. */
const maskedFields = ['accountNumber', 'iban', 'paypalEmail'] as const satisfies BankingField[];

/** Confirming the bank details, and showing them in full. */
export function partnerBanking(
  host: HostContext,
): Pick<Service<'partners'>, 'verifyBanking' | 'revealBanking'> {
  return {
    verifyBanking: (session, input) => verify(host, session, input),
    revealBanking: (session, input) => reveal(host, session, input),
  };
}

/** The columns of a new partner. Throws `VALIDATION` for details that are wrong. */
export function startBanking(
  host: HostContext,
  session: Session,
  partnerId: string,
  given: BankingInput | null,
): BankingColumns {
  const details = given === null ? noDetails : checked(given);
  return {
    ...sealed(host, session, partnerId, details),
    bankingIsVerified: false,
    bankingVerifiedAt: null,
    bankingVerifiedBy: null,
    bankingChangedBy: isEmpty(details) ? null : session.userId,
  };
}

/**
 * The columns that a change of bank details sets, and which details it changes:
 * - a field that is given replaces the stored one, null or empty clears it, one left out stays;
 * - an account number or IBAN handed back as it is shown, masked, stays; any other masked one is refused;
 * - null instead of details clears them all.
 * What really changes clears the verification and notes who changed it; what comes out the same changes nothing.
 * Throws `VALIDATION` for details that are wrong.
 */
export function changeBanking(
  host: HostContext,
  session: Session,
  partner: PartnerRow,
  given: BankingInput | null,
): { patch: Partial<PartnerRow>; changed: BankingField[] } {
  const before = fullDetails(host, session, partner) ?? noDetails;
  const after = given === null ? noDetails : checked(merged(before, given));
  const changed = bankingFields.filter((field) => before[field] !== after[field]);
  if (changed.length === 0) return { patch: {}, changed };
  return {
    changed,
    patch: {
      ...sealed(host, session, partner.id, after),
      bankingIsVerified: false,
      bankingVerifiedAt: null,
      bankingVerifiedBy: null,
      bankingChangedBy: session.userId,
      // With the verification goes what it waived; the mark stays where the approval may be what it tells of.
      fourEyesWaived: partner.approvedBy !== null && partner.fourEyesWaived,
    },
  };
}

function merged(before: BankingDetails, given: BankingInput): Record<BankingField, unknown> {
  const masked = maskBankingDetails(before);
  const asShown = (field: BankingField): boolean =>
    maskedFields.some((each) => each === field) && given[field] === masked[field];
  return {
    ...before,
    ...Object.fromEntries(
      bankingFields
        .filter((field) => given[field] !== undefined && !asShown(field))
        .map((field) => [field, given[field]]),
    ),
  };
}

function checked(details: unknown): BankingDetails {
  const result = normalizeBankingDetails(details);
  if (result.ok) return result.details;
  const [first] = result.fields;
  throw new DomainError('VALIDATION', first?.message ?? 'The bank details are wrong.', {
    fields: result.fields,
  });
}

function isEmpty(details: BankingDetails): boolean {
  return bankingFields.every((field) => details[field] === null);
}

function sealed(
  host: HostContext,
  session: Session,
  partnerId: string,
  details: BankingDetails,
): Pick<PartnerRow, 'bankingDetails' | 'bankingSecret'> {
  if (isEmpty(details)) return { bankingDetails: null, bankingSecret: null };
  return {
    bankingDetails: maskBankingDetails(details),
    bankingSecret: host.vault.seal(JSON.stringify(details), sealedFor.banking(session.tenantId, partnerId)),
  };
}

/** The details in full, null where there are none. Whoever shows them or writes them to a file records that. */
export function fullDetails(
  host: HostContext,
  session: Session,
  partner: Pick<PartnerRow, 'id' | 'bankingSecret'>,
): BankingDetails | null {
  if (partner.bankingSecret === null) return null;
  const stored = host.vault.open(partner.bankingSecret, sealedFor.banking(session.tenantId, partner.id));
  // What was sealed before a field was known lacks it.
  return { ...noDetails, ...asJson<KnownBankingDetails>(stored) };
}

/**
 * What a command with bank details is remembered by: the hash of an account number could be found by trying them all,
 * so only what is shown of it goes in.
 */
export function withoutNumbers<T extends { bankingDetails?: BankingInput | null | undefined }>(input: T): T {
  const given = input.bankingDetails;
  if (given === undefined || given === null) return input;
  const shown = maskedFields.map((field) => {
    const value = given[field];
    return [field, typeof value === 'string' ? maskAccount(value) : value];
  });
  return { ...input, bankingDetails: { ...given, ...Object.fromEntries(shown) } };
}

/** What the details lack to be paid to; where they name no method, they must do for a bank transfer. */
export function bankingProblems(partner: PartnerRow): FieldError[] {
  const details = partner.bankingDetails;
  return missingForPayment(details, details?.paymentMethod ?? 'bank_transfer');
}

/** Whether the one who changed the details confirmed them too, which only an organization without four eyes allows. */
export function isSelfVerified(partner: PartnerRow): boolean {
  return partner.bankingVerifiedBy !== null && partner.bankingVerifiedBy === partner.bankingChangedBy;
}

/** Somebody else than who last changed them confirms that the details are right and complete. */
function verify(
  host: HostContext,
  session: Session,
  input: Input<'partners', 'verifyBanking'>,
): Promise<Partner> {
  return command(host, session, { name: 'partners.verifyBanking', input }, async ({ tx, now, record }) => {
    const partner = await lockPartner(host, tx, session, input);
    if (partner.bankingIsVerified) {
      const verifier = await tx.find(staff, { id: partner.bankingVerifiedBy ?? '' }, { withDeleted: true });
      const by = verifier === undefined ? '' : ` by ${verifier.firstName} ${verifier.lastName}`;
      throw new DomainError('CONFLICT', `These bank details were already verified${by}.`, {
        current: await oneToWire(host, tx, session, partner),
      });
    }
    const missing = bankingProblems(partner);
    const [first] = missing;
    if (first !== undefined) throw new DomainError('VALIDATION', first.message, { fields: missing });
    const isOwnWork = partner.bankingChangedBy === session.userId;
    if (isOwnWork && session.tenant.settings.fourEyes) {
      throw new DomainError(
        'SELF_APPROVAL',
        'You changed these bank details yourself. Somebody else has to verify them.',
      );
    }
    const after = await tx.update(
      partners,
      { id: partner.id, version: partner.version },
      {
        bankingIsVerified: true,
        bankingVerifiedAt: now,
        bankingVerifiedBy: session.userId,
        fourEyesWaived: partner.fourEyesWaived || isOwnWork,
      },
    );
    record({
      action: 'banking_verified',
      resource: 'partner',
      resourceId: partner.id,
      partnerId: partner.id,
      details: {
        before: { isVerified: false },
        after: { isVerified: true },
        ...(input.reason !== undefined && { reason: input.reason }),
        ...(isOwnWork && { fourEyesWaived: true }),
      },
    });
    return oneToWire(host, tx, session, after);
  });
}

/** The details in full. That somebody saw them is written before they are shown. */
function reveal(
  host: HostContext,
  session: Session,
  input: Input<'partners', 'revealBanking'>,
): Promise<Output<'partners', 'revealBanking'>> {
  return command(host, session, { name: 'partners.revealBanking', input }, async ({ tx, record }) => {
    const partner = await lockPartner(host, tx, session, input);
    const details = fullDetails(host, session, partner);
    if (details === null) throw new DomainError('NOT_FOUND', 'This partner has no bank details.');
    record({
      action: 'banking_revealed',
      resource: 'partner',
      resourceId: partner.id,
      partnerId: partner.id,
    });
    return { ...details, isVerified: partner.bankingIsVerified, verifiedAt: partner.bankingVerifiedAt };
  });
}
