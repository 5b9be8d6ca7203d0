import { isDeepStrictEqual } from 'node:util';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, invalidField } from '#domain/errors.ts';
import { isCurrency, percentToRate } from '#domain/money.ts';
import { partnerMachine } from '#domain/state-machines.ts';
import { cleanText } from '#domain/text.ts';
import { partnerTypeToSourceType } from '#domain/vocabulary.ts';
import type { HostContext } from '../../context.ts';
import { type PartnerRow, partnerSources, partners, type Writer } from '../../database/index.ts';
import { keepDataKey } from '../../sealed.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { bankDetailsChanged } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import type { Input, Service } from '../service.ts';
import { changeBanking, startBanking, withoutNumbers } from './banking.ts';
import { codeFromName, duplicateCode, freeCode, freeSourceCode, withCode } from './codes.ts';
import { requireOwnFields } from './own-fields.ts';
import { partnerSearchText } from './search.ts';
import { lockPartner, oneToWire, partnerToWire, requirePartner } from './wire.ts';

/** Registering a partner and changing what it says of itself (`domain.md`, "Partner"). */
export function partnerEdits(host: HostContext): Pick<Service<'partners'>, 'create' | 'update'> {
  return {
    create: (session, input) =>
      withCode('partner', input.partnerCode, () =>
        command(
          host,
          session,
          { name: 'partners.create', input: withoutNumbers(input) },
          async ({ tx, record }) => {
            await keepDataKey(tx);
            const newRow = await newPartner(host, tx, session, input);
            await tx.insert(partners, newRow);
            await insertAutomaticSource(tx, session, newRow);
            const row = await requirePartner(tx, newRow.id);
            record({
              action: 'registration_submitted',
              resource: 'partner',
              resourceId: row.id,
              partnerId: row.id,
              details: {
                after: {
                  partnerCode: row.partnerCode,
                  partnerType: row.partnerType,
                  currency: row.currency,
                  ...shown(row, row),
                },
              },
            });
            return oneToWire(host, tx, session, row);
          },
        ),
      ),

    update: (session, input) =>
      command(host, session, { name: 'partners.update', input: withoutNumbers(input) }, async (work) => {
        const { tx, record } = work;
        if (input.bankingDetails !== undefined) await keepDataKey(tx);
        requireOwnFields(session, input);
        const before = await lockPartner(host, tx, session, input);
        refuseAnotherCurrency(before, input.currency);
        const banking =
          input.bankingDetails === undefined
            ? undefined
            : changeBanking(host, session, before, input.bankingDetails);
        const patch = { ...changedFields(before, input), ...banking?.patch };
        // Who edits a partner can't approve it; the name in the search follows the name.
        const after = await tx.update(
          partners,
          { id: before.id, version: before.version },
          {
            ...patch,
            searchText: partnerSearchText({ ...before, ...patch }),
            updatedBy: session.userId,
          },
        );
        if (banking !== undefined && banking.changed.length > 0) {
          await notify(work, session, bankDetailsChanged(after));
        }
        record({
          action: 'partner_updated',
          resource: 'partner',
          resourceId: before.id,
          partnerId: before.id,
          details: {
            before: shown(before, patch),
            after: shown(after, patch),
            ...(banking && banking.changed.length > 0 && { bankingChanged: banking.changed }),
          },
        });
        return oneToWire(host, tx, session, after);
      }),
  };
}

type NewPartner = Omit<PartnerRow, 'tenantId' | 'version' | 'createdAt' | 'updatedAt'>;

async function newPartner(
  host: HostContext,
  tx: Writer,
  session: Session,
  input: Input<'partners', 'create'>,
): Promise<NewPartner> {
  const id = uuidv7();
  const given = givenFields(input);
  const currency = input.currency ?? session.tenant.currency;
  if (!isCurrency(currency)) throw invalidField('currency', 'Use the code of a currency, such as EUR.');
  const { organizationName = input.organizationName, contactEmail = input.contactEmail } = given;
  const partnerCode = await codeOfNew(tx, session, input.partnerCode, organizationName);
  return {
    id,
    partnerCode,
    organizationName,
    searchText: partnerSearchText({ partnerCode, organizationName, contactEmail }),
    partnerType: input.partnerType,
    status: partnerMachine.initial,
    contactName: given.contactName ?? null,
    contactEmail,
    contactPhone: given.contactPhone ?? null,
    website: given.website ?? null,
    taxId: given.taxId ?? null,
    address: given.address ?? null,
    city: given.city ?? null,
    state: given.state ?? null,
    country: given.country ?? null,
    zipCode: given.zipCode ?? null,
    currency,
    commissionRate: given.commissionRate ?? null,
    leadPrice: given.leadPrice ?? null,
    monthlyQuota: given.monthlyQuota ?? 0,
    // Its own payout terms are set by finance: `balances.setTerms`.
    holdingDays: null,
    minimumPayout: null,
    ...startBanking(host, session, id, input.bankingDetails ?? null),
    documentUrls: given.documentUrls ?? [],
    scoreWeights: null,
    statusReason: null,
    rejectionReason: null,
    approvedBy: null,
    approvedAt: null,
    fourEyesWaived: false,
    submittedBy: session.userId,
    createdBy: session.userId,
    updatedBy: null,
    totalLeadsSubmitted: 0,
    approvedLeads: 0,
    rejectedLeads: 0,
    convertedLeads: 0,
    totalQualityScore: 0,
    totalEarnings: 0,
    pendingPayoutAmount: 0,
    withdrawnAmount: 0,
    availableBalance: 0,
    deletedAt: null,
  };
}

async function codeOfNew(
  tx: Writer,
  session: Session,
  chosen: string | undefined,
  organizationName: string,
): Promise<string> {
  if (chosen === undefined) {
    return freeCode(tx, session, 'partner', codeFromName(organizationName, 'PARTNER'));
  }
  if (await tx.find(partners, { partnerCode: chosen }, { withDeleted: true })) {
    throw duplicateCode('partner', chosen);
  }
  return chosen;
}

/** The source that comes with a partner (`domain.md`, "Partner"): leads with no other source are counted there. */
async function insertAutomaticSource(tx: Writer, session: Session, partner: NewPartner): Promise<void> {
  const sourceType = partnerTypeToSourceType[partner.partnerType];
  await tx.insert(partnerSources, {
    id: uuidv7(),
    partnerId: partner.id,
    sourceType,
    sourceCode: await freeSourceCode(tx, session, partner.partnerCode, sourceType),
    sourceName: partner.organizationName,
    isActive: true,
    isAutomatic: true,
    leadsGenerated: 0,
    leadsConverted: 0,
    leadsApproved: 0,
    totalRevenue: 0,
    totalCredits: 0,
    totalQualityScore: 0,
    createdBy: session.userId,
  });
}

const textFields = {
  organizationName: { label: 'organization name', maxLength: 255 },
  contactName: { label: 'contact name', maxLength: 200 },
  contactPhone: { label: 'contact phone', maxLength: 50 },
  taxId: { label: 'tax id', maxLength: 64 },
  address: { label: 'address', maxLength: 500, multiline: true },
  city: { label: 'city', maxLength: 100 },
  state: { label: 'state', maxLength: 100 },
  country: { label: 'country', maxLength: 100 },
  zipCode: { label: 'zip code', maxLength: 20 },
} as const;
type TextField = keyof typeof textFields;

/** What a caller may say of a partner, as columns: undefined where nothing was said, null where the field was emptied. */
function givenFields(input: Omit<Input<'partners', 'update'>, 'id'>) {
  const text = (field: TextField): string | null | undefined => {
    const raw = input[field];
    if (raw === undefined || raw === null) return raw;
    const cleaned = cleanText(raw, textFields[field]);
    if (!cleaned.ok) throw invalidField(field, cleaned.message);
    return cleaned.text ?? null;
  };
  const organizationName = text('organizationName');
  if (organizationName === null) {
    throw invalidField('organizationName', 'The organization name is missing.');
  }
  const percentage = input.commissionPercentage;
  return {
    organizationName,
    contactName: text('contactName'),
    contactEmail: input.contactEmail,
    contactPhone: text('contactPhone'),
    website: input.website,
    taxId: text('taxId'),
    address: text('address'),
    city: text('city'),
    state: text('state'),
    country: text('country'),
    zipCode: text('zipCode'),
    commissionRate:
      percentage === undefined || percentage === null
        ? percentage
        : percentToRate(percentage, 'commissionPercentage'),
    leadPrice: input.leadPrice,
    monthlyQuota: input.monthlyQuota,
    documentUrls: input.documentUrls,
  } satisfies Partial<PartnerRow>;
}

/** A partner has one currency for good: its credits, payouts and ledger are in it (`domain.md`, "Conventions"). */
function refuseAnotherCurrency(partner: PartnerRow, currency: string | undefined): void {
  if (currency === undefined || currency === partner.currency) return;
  const message = `The currency of this partner is ${partner.currency} and can't change.`;
  throw new DomainError('CURRENCY_MISMATCH', message, { fields: [{ path: 'currency', message }] });
}

/** Only what was given and is not so already. */
function changedFields(before: PartnerRow, input: Input<'partners', 'update'>): Partial<PartnerRow> {
  const given = givenFields(input);
  for (const field of editableFields) {
    if (given[field] === undefined || isDeepStrictEqual(given[field], before[field])) delete given[field];
  }
  return given;
}

const editableFields = [
  'organizationName',
  'contactName',
  'contactEmail',
  'contactPhone',
  'website',
  'taxId',
  'address',
  'city',
  'state',
  'country',
  'zipCode',
  'commissionRate',
  'leadPrice',
  'monthlyQuota',
  'documentUrls',
] as const satisfies (keyof PartnerRow)[];

/** What an activity shows of the fields that a patch touches; bank details as everyone sees them. */
function shown(row: PartnerRow, patch: Partial<PartnerRow>): Record<string, unknown> {
  const wire = partnerToWire(row, 0);
  const fields: Record<string, unknown> = {};
  for (const field of editableFields) {
    if (patch[field] === undefined) continue;
    if (field === 'commissionRate') fields['commissionPercentage'] = wire.commissionPercentage;
    else fields[field] = wire[field];
  }
  if (patch.bankingDetails !== undefined) fields['bankingDetails'] = wire.bankingDetails;
  return fields;
}
