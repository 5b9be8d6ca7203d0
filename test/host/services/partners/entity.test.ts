import { expect, it } from 'vitest';
import * as z from 'zod';
import { partner, partnerStats } from '#contract/partners.ts';
import { figures } from '#domain/figures.ts';
import { partners } from '#host/database/index.ts';

/** The Partner of the requirements (`1-external-partner-system.md`, database schema), and what was added to it since. */
const fields = `
  partnerCode organizationName partnerType status contactEmail bankingDetails commissionPercentage leadPrice monthlyQuota
  currentMonthLeads totalLeadsSubmitted approvedLeads rejectedLeads convertedLeads
  totalEarnings pendingPayoutAmount withdrawnAmount availableBalance
  approvedBy approvedAt rejectionReason
  website taxId address documentUrls
`
  .trim()
  .split(/\s+/);

const banking =
  'bankName accountHolder accountNumber routingNumber iban swift currency paymentMethod isVerified verifiedAt'.split(
    ' ',
  );

/** Under another name in the table: a rate in millionths, and what is counted for the wire. */
const storedOtherwise = { commissionPercentage: 'commissionRate', currentMonthLeads: null } as const;

const isRenamed = (field: string): field is keyof typeof storedOtherwise => field in storedOtherwise;

it('a partner has every field of the requirements under its name, on the wire and in the table', () => {
  expect(fields.filter((field) => !(field in partner.shape))).toEqual([]);
  const columns = fields.map((field) => (isRenamed(field) ? storedOtherwise[field] : field));
  expect(columns.filter((column) => column !== null && !(column in partners.columns))).toEqual([]);
});

it('its bank details have every field of the requirements', () => {
  const details = partner.shape.bankingDetails.unwrap();
  expect(details).toBeInstanceOf(z.ZodObject);
  expect(banking.filter((field) => !(field in details.shape))).toEqual([]);
});

it('PartnerStats are those of the requirements, each of them defined', () => {
  const names =
    `totalLeadsSubmitted approvedLeads rejectedLeads convertedLeads approvalRate conversionRate totalEarnings
    availableBalance pendingPayout currentMonthLeads monthlyQuota averageLeadQuality`.split(/\s+/);
  expect(Object.keys(partnerStats.shape)).toEqual([...names, 'currency']);
  expect(names.filter((name) => !(name in figures))).toEqual([]);
});
