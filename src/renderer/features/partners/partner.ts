import { ORPCError } from '@orpc/client';
import type { Outputs } from '#contract/index.ts';
import { type BankingField, missingForPayment } from '#domain/banking.ts';
import type { PartnerType, PaymentMethod, SourceType } from '#domain/vocabulary.ts';
import { moneyText } from '../../components/figures.tsx';
import { paymentMethodLabels } from '../../components/payment-methods.ts';
import { statusLabel } from '../../components/status-badge.tsx';

export type Partner = Outputs['partners']['get'];
export type Source = Outputs['sources']['list']['items'][number];

export const partnerTypeLabels: Record<PartnerType, string> = {
  portal: 'Portal',
  channel_partner: 'Channel partner',
  vendor: 'Vendor',
  customer: 'Customer',
};

export const sourceTypeLabels: Record<SourceType, string> = {
  customer_reference: 'Customer reference',
  vendor_reference: 'Vendor reference',
  channel_partner: 'Channel partner',
  property_portal: 'Property portal',
};

/** What people call the fields of the bank details. */
export const bankingLabels: Record<BankingField, string> = {
  paymentMethod: 'Payment method',
  accountHolder: 'Account holder',
  bankName: 'Bank',
  iban: 'IBAN',
  swift: 'SWIFT code (BIC)',
  accountNumber: 'Account number',
  accountType: 'Account type',
  routingNumber: 'Routing number',
  currency: 'Currency of the account',
  paypalEmail: 'PayPal e-mail address',
};

/** The details a payment by this method is made with, in the order of the form; no others are asked. */
export const bankingFieldsOf: Record<
  PaymentMethod,
  readonly Exclude<BankingField, 'accountType' | 'currency' | 'paypalEmail' | 'paymentMethod'>[]
> = {
  bank_transfer: ['accountHolder', 'bankName', 'iban', 'swift', 'accountNumber', 'routingNumber'],
  wire: ['accountHolder', 'bankName', 'iban', 'swift', 'accountNumber', 'routingNumber'],
  check: ['accountHolder'],
  paypal: ['accountNumber'],
};

/** What an approval needs and the partner lacks, in sentences (`domain.md`, "Partner"). The host decides; this only tells. */
export function approvalGaps(partner: Partner): string[] {
  const details = partner.bankingDetails;
  return [
    ...(partner.contactEmail === null ? ['The contact’s e-mail address is missing.'] : []),
    ...(partner.taxId === null ? ['The tax ID is missing.'] : []),
    ...bankingGaps(details),
  ];
}

/** What the bank details lack for a payment; where they name no method, for a bank transfer. */
export function bankingGaps(details: Partner['bankingDetails']): string[] {
  return missingForPayment(details, details?.paymentMethod ?? 'bank_transfer').map((field) => field.message);
}

/** `12 of 100`, or `12` where the partner may hand in any number. */
export function quotaText({
  currentMonthLeads,
  monthlyQuota,
}: Pick<Partner, 'currentMonthLeads' | 'monthlyQuota'>): string {
  const used = currentMonthLeads.toLocaleString();
  return monthlyQuota === 0 ? used : `${used} of ${monthlyQuota.toLocaleString()}`;
}

/** One thing that is different between two states of a partner, in words. */
export interface PartnerChange {
  label: string;
  before: string;
  after: string;
}

const nothing = 'nothing';

/** What changed between the partner a person looked at and the partner as it is. */
export function changesBetween(before: Partner, after: Partner): PartnerChange[] {
  const row = (label: string, of: (partner: Partner) => string | number | null): PartnerChange => ({
    label,
    before: String(of(before) ?? nothing),
    after: String(of(after) ?? nothing),
  });
  const price = ({ leadPrice, currency }: Partner) =>
    leadPrice === null ? null : moneyText(leadPrice, currency);
  const bank = (field: BankingField) => (partner: Partner) => {
    const value = partner.bankingDetails?.[field] ?? null;
    const method = partner.bankingDetails?.paymentMethod ?? null;
    return field === 'paymentMethod' && method !== null ? paymentMethodLabels[method] : value;
  };
  return [
    row('Status', (partner) => statusLabel(partner.status)),
    row('Name', (partner) => partner.organizationName),
    row('Contact name', (partner) => partner.contactName),
    row('Contact e-mail', (partner) => partner.contactEmail),
    row('Contact phone', (partner) => partner.contactPhone),
    row('Website', (partner) => partner.website),
    row('Street', (partner) => partner.address),
    row('City', (partner) => partner.city),
    row('State or province', (partner) => partner.state),
    row('Postal code', (partner) => partner.zipCode),
    row('Country', (partner) => partner.country),
    row('Tax ID', (partner) => partner.taxId),
    row('Commission (%)', (partner) => partner.commissionPercentage),
    row('Lead price', price),
    row('Monthly quota', (partner) => partner.monthlyQuota),
    row('Documents', (partner) => partner.documentUrls.join(', ') || null),
    ...Object.entries(bankingLabels).flatMap(([field, label]) =>
      isBankingField(field) ? [row(label, bank(field))] : [],
    ),
    row('Bank details verified', (partner) => (partner.bankingDetails?.isVerified ? 'yes' : 'no')),
  ].filter((change) => change.before !== change.after);
}

function isBankingField(field: string): field is BankingField {
  return field in bankingLabels;
}

function isPartner(value: unknown): value is Partner {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'string' &&
    'version' in value &&
    typeof value.version === 'number' &&
    'partnerCode' in value &&
    typeof value.partnerCode === 'string'
  );
}

/** The partner that a `CONFLICT` came with: as it stands on the host now. */
export function currentOf(error: unknown): Partner | null {
  if (!(error instanceof ORPCError)) return null;
  const data: unknown = error.data;
  if (typeof data !== 'object' || data === null || !('current' in data)) return null;
  return isPartner(data.current) ? data.current : null;
}
