import type { Inputs } from '#contract/index.ts';
import type { BankingField } from '#domain/banking.ts';
import { type PartnerType, type PaymentMethod, paymentMethods } from '#domain/vocabulary.ts';
import { bankingFieldsOf, type Partner } from './partner.ts';

/** What a person types of the bank details; the method and the currency of the account are chosen elsewhere. */
export const typedBankingFields = [
  'accountHolder',
  'bankName',
  'iban',
  'swift',
  'accountNumber',
  'routingNumber',
] as const satisfies readonly BankingField[];
export type TypedBankingField = (typeof typedBankingFields)[number];

/** Stored sealed: the form never gets to see them, so leaving them empty keeps them. */
export const maskedFields = ['iban', 'accountNumber'] as const satisfies readonly TypedBankingField[];
export type MaskedField = (typeof maskedFields)[number];

export function isMasked(field: TypedBankingField): field is MaskedField {
  return maskedFields.some((each) => each === field);
}

/** Paths are those of the contract, so that what the host says about a field lands at it. */
export interface PartnerFormValues {
  organizationName: string;
  partnerType: PartnerType;
  partnerCode: string;
  currency: string;
  contactName: string;
  contactEmail: string;
  contactPhone: string;
  website: string;
  address: string;
  city: string;
  state: string;
  zipCode: string;
  country: string;
  /** Percent; '' where there is none. */
  commissionPercentage: number | string;
  /** Minor units. */
  leadPrice: number | null;
  /** '' or 0: no limit. */
  monthlyQuota: number | string;
  taxId: string;
  bankingDetails: Record<TypedBankingField, string> & { paymentMethod: PaymentMethod | null };
  /** The masked ones that are to be taken off. */
  removed: Record<MaskedField, boolean>;
  documentUrls: string[];
}

const noBanking: PartnerFormValues['bankingDetails'] = {
  paymentMethod: null,
  accountHolder: '',
  bankName: '',
  iban: '',
  swift: '',
  accountNumber: '',
  routingNumber: '',
};

/** An empty form, in the organization's currency. */
export function emptyPartnerForm(currency: string): PartnerFormValues {
  return {
    organizationName: '',
    partnerType: 'channel_partner',
    partnerCode: '',
    currency,
    contactName: '',
    contactEmail: '',
    contactPhone: '',
    website: '',
    address: '',
    city: '',
    state: '',
    zipCode: '',
    country: '',
    commissionPercentage: '',
    leadPrice: null,
    monthlyQuota: '',
    taxId: '',
    bankingDetails: noBanking,
    removed: { iban: false, accountNumber: false },
    documentUrls: [],
  };
}

/** The form as it starts for a partner; the masked numbers are empty. */
export function partnerFormOf(partner: Partner): PartnerFormValues {
  const banking = partner.bankingDetails;
  return {
    organizationName: partner.organizationName,
    partnerType: partner.partnerType,
    partnerCode: partner.partnerCode,
    currency: partner.currency,
    contactName: partner.contactName ?? '',
    contactEmail: partner.contactEmail ?? '',
    contactPhone: partner.contactPhone ?? '',
    website: partner.website ?? '',
    address: partner.address ?? '',
    city: partner.city ?? '',
    state: partner.state ?? '',
    zipCode: partner.zipCode ?? '',
    country: partner.country ?? '',
    commissionPercentage: partner.commissionPercentage ?? '',
    leadPrice: partner.leadPrice,
    monthlyQuota: partner.monthlyQuota === 0 ? '' : partner.monthlyQuota,
    taxId: partner.taxId ?? '',
    bankingDetails: {
      ...noBanking,
      paymentMethod: banking?.paymentMethod ?? null,
      accountHolder: banking?.accountHolder ?? '',
      bankName: banking?.bankName ?? '',
      swift: banking?.swift ?? '',
      routingNumber: banking?.routingNumber ?? '',
    },
    removed: { iban: false, accountNumber: false },
    documentUrls: [...partner.documentUrls],
  };
}

/** What the form can tell without the host: what must be there, and what is no address at all. */
export function problemsOf(values: PartnerFormValues): Record<string, string> {
  const problems: Record<string, string> = {};
  if (values.organizationName.trim() === '') problems['organizationName'] = 'Give the name.';
  if (values.contactEmail.trim() === '') problems['contactEmail'] = 'Give the contact’s e-mail address.';
  if (values.website.trim() !== '' && !isWebAddress(values.website)) problems['website'] = webAddressHint;
  values.documentUrls.forEach((url, index) => {
    if (!isWebAddress(url)) problems[`documentUrls.${index}`] = webAddressHint;
  });
  return problems;
}

const webAddressHint = 'Use a web address such as https://example.com.';

function isWebAddress(text: string): boolean {
  const url = URL.parse(text.trim());
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
}

const orNull = (text: string) => (text.trim() === '' ? null : text.trim());

function sharedInput(values: PartnerFormValues) {
  return {
    organizationName: values.organizationName.trim(),
    contactName: orNull(values.contactName),
    contactEmail: values.contactEmail.trim(),
    contactPhone: orNull(values.contactPhone),
    website: orNull(values.website),
    address: orNull(values.address),
    city: orNull(values.city),
    state: orNull(values.state),
    zipCode: orNull(values.zipCode),
    country: orNull(values.country),
    commissionPercentage: values.commissionPercentage === '' ? null : Number(values.commissionPercentage),
    leadPrice: values.leadPrice,
    monthlyQuota: values.monthlyQuota === '' ? 0 : Number(values.monthlyQuota),
    taxId: orNull(values.taxId),
    documentUrls: values.documentUrls.map((url) => url.trim()),
  };
}

/** What registers a partner. */
export function creationOf(values: PartnerFormValues): Omit<Inputs['partners']['create'], 'commandId'> {
  const code = orNull(values.partnerCode);
  const method = values.bankingDetails.paymentMethod;
  return {
    partnerType: values.partnerType,
    currency: values.currency,
    ...(code !== null && { partnerCode: code }),
    ...sharedInput(values),
    ...(method !== null && {
      bankingDetails: {
        paymentMethod: method,
        ...Object.fromEntries(bankingFieldsOf[method].map((field) => [field, typed(values, field)])),
      },
    }),
  };
}

/** What changes a partner. Bank details go along only where they were touched: changing them clears the verification. */
export function changeOf(
  values: PartnerFormValues,
  base: Partner,
): Omit<Inputs['partners']['update'], 'id' | 'version' | 'commandId'> {
  const banking = bankingChangeOf(values, base);
  return { ...sharedInput(values), ...(banking !== undefined && { bankingDetails: banking }) };
}

function bankingChangeOf(
  values: PartnerFormValues,
  base: Partner,
): Inputs['partners']['update']['bankingDetails'] | undefined {
  const before = partnerFormOf(base).bankingDetails;
  const after = values.bankingDetails;
  const isUntouched =
    after.paymentMethod === before.paymentMethod &&
    typedBankingFields.every((field) => after[field].trim() === before[field]) &&
    !values.removed.iban &&
    !values.removed.accountNumber;
  if (isUntouched) return undefined;
  if (after.paymentMethod === null) return null;
  const needed = bankingFieldsOf[after.paymentMethod];
  const keeps = keepsNumbers(before.paymentMethod, after.paymentMethod);
  return {
    paymentMethod: after.paymentMethod,
    ...Object.fromEntries(
      typedBankingFields.flatMap((field): [string, string | null][] => {
        // What another method needed is no part of this one.
        if (!needed.includes(field)) return [[field, null]];
        const value = typed(values, field);
        const stays = isMasked(field) && value === null && keeps && !values.removed[field];
        return stays ? [] : [[field, value]];
      }),
    ),
  };
}

/** Whether an account number means the same with another method: a PayPal account is no bank account. */
export function keepsNumbers(before: PaymentMethod | null, after: PaymentMethod | null): boolean {
  return (before === 'paypal') === (after === 'paypal');
}

function typed(values: PartnerFormValues, field: TypedBankingField): string | null {
  return orNull(values.bankingDetails[field]);
}

/** What was typed, on top of the partner as it is now: fields nobody touched here take the fresh value. */
export function rebase(typedValues: PartnerFormValues, base: Partner, current: Partner): PartnerFormValues {
  const before = partnerFormOf(base);
  const now = partnerFormOf(current);
  const pick = <T>(mine: T, was: T, is: T): T => (JSON.stringify(mine) === JSON.stringify(was) ? is : mine);
  return {
    organizationName: pick(typedValues.organizationName, before.organizationName, now.organizationName),
    partnerType: now.partnerType,
    partnerCode: now.partnerCode,
    currency: now.currency,
    contactName: pick(typedValues.contactName, before.contactName, now.contactName),
    contactEmail: pick(typedValues.contactEmail, before.contactEmail, now.contactEmail),
    contactPhone: pick(typedValues.contactPhone, before.contactPhone, now.contactPhone),
    website: pick(typedValues.website, before.website, now.website),
    address: pick(typedValues.address, before.address, now.address),
    city: pick(typedValues.city, before.city, now.city),
    state: pick(typedValues.state, before.state, now.state),
    zipCode: pick(typedValues.zipCode, before.zipCode, now.zipCode),
    country: pick(typedValues.country, before.country, now.country),
    commissionPercentage: pick(
      typedValues.commissionPercentage,
      before.commissionPercentage,
      now.commissionPercentage,
    ),
    leadPrice: pick(typedValues.leadPrice, before.leadPrice, now.leadPrice),
    monthlyQuota: pick(typedValues.monthlyQuota, before.monthlyQuota, now.monthlyQuota),
    taxId: pick(typedValues.taxId, before.taxId, now.taxId),
    // As one: half of two people's bank details is nobody's account.
    bankingDetails: pick(typedValues.bankingDetails, before.bankingDetails, now.bankingDetails),
    removed: typedValues.removed,
    documentUrls: pick(typedValues.documentUrls, before.documentUrls, now.documentUrls),
  };
}

export function isPaymentMethod(value: unknown): value is PaymentMethod {
  return paymentMethods.some((method) => method === value);
}
