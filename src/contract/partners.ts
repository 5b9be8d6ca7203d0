import * as z from 'zod';
import { payabilityCodes } from '#domain/payability.ts';
import { partnerStatuses } from '#domain/state-machines.ts';
import { accountTypes, partnerTypes, paymentMethods } from '#domain/vocabulary.ts';
import {
  code,
  commandFields,
  count,
  currencyCode,
  day,
  id,
  instant,
  internal,
  money,
  optionalText,
  page,
  pageFields,
  partnerProcedure,
  percent,
  person,
  procedure,
  queryBoolean,
  queryInt,
  reason,
  rowFields,
  signedMoney,
  text,
} from './base.ts';
import { email } from './organization.ts';

const tags = ['Partners'];

/** As stored and shown: account numbers are masked (`•••• 3000`). */
const bankingDetails = z.object({
  bankName: z.string().nullable(),
  accountHolder: z.string().nullable(),
  accountNumber: z.string().nullable(),
  accountType: z.enum(accountTypes).nullable().default(null),
  routingNumber: z.string().nullable(),
  iban: z.string().nullable(),
  swift: z.string().nullable(),
  currency: z.string().nullable(),
  paypalEmail: z.string().nullable().default(null),
  paymentMethod: z.enum(paymentMethods).nullable(),
  isVerified: z.boolean(),
  verifiedAt: instant.nullable(),
});

const bankingInput = z.object({
  bankName: optionalText(200),
  accountHolder: optionalText(200),
  accountNumber: optionalText(64),
  accountType: z.enum(accountTypes).nullish(),
  routingNumber: optionalText(32),
  iban: optionalText(64),
  swift: optionalText(32),
  currency: currencyCode.nullish(),
  paypalEmail: optionalText(254),
  paymentMethod: z.enum(paymentMethods).nullish(),
});

export const partner = z.object({
  ...rowFields,
  partnerCode: z.string(),
  organizationName: z.string(),
  partnerType: z.enum(partnerTypes),
  status: z.enum(partnerStatuses),
  contactName: z.string().nullable(),
  contactEmail: z.string().nullable(),
  contactPhone: z.string().nullable(),
  website: z.string().nullable(),
  taxId: z.string().nullable(),
  address: z.string().nullable(),
  city: z.string().nullable(),
  state: z.string().nullable(),
  country: z.string().nullable(),
  zipCode: z.string().nullable(),
  currency: currencyCode,
  /** Percent of a converted deal, on the partner's own terms. */
  commissionPercentage: z.number().nullable(),
  /** Minor units for an approved lead, on the partner's own terms. */
  leadPrice: money.nullable(),
  /** Most leads in a month of the organization's time zone; 0 = no limit. */
  monthlyQuota: count,
  bankingDetails: bankingDetails.nullable(),
  documentUrls: z.array(z.string()),
  currentMonthLeads: count,
  totalLeadsSubmitted: count,
  approvedLeads: count,
  rejectedLeads: count,
  convertedLeads: count,
  totalEarnings: signedMoney,
  pendingPayoutAmount: signedMoney,
  withdrawnAmount: signedMoney,
  availableBalance: signedMoney,
  submittedBy: person,
  approvedBy: internal(id),
  approvedAt: instant.nullable(),
  fourEyesWaived: internal(z.boolean()),
  rejectionReason: z.string().nullable(),
  statusReason: internal(z.string()),
  createdBy: person,
});

const editable = {
  organizationName: text(255),
  contactName: optionalText(200),
  contactEmail: email,
  contactPhone: optionalText(50),
  website: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .nullish(),
  taxId: optionalText(64),
  address: optionalText(500),
  city: optionalText(100),
  state: optionalText(100),
  country: optionalText(100),
  zipCode: optionalText(20),
  commissionPercentage: percent.max(100).nullish(),
  leadPrice: money.nullish(),
  monthlyQuota: count.max(10_000_000).optional(),
  bankingDetails: bankingInput.nullish(),
  documentUrls: z
    .array(z.url({ protocol: /^https?$/ }).max(1000))
    .max(100)
    .optional(),
};

const decision = z.object({ id, reason: reason.optional(), ...commandFields });
const decisionWithReason = z.object({ id, reason, ...commandFields });
const decide = (action: string, summary: string) =>
  procedure('partners.decide', 'NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION', 'SELF_APPROVAL')
    .route({ method: 'POST', path: `/partners/{id}/${action}`, summary, tags })
    .output(partner);

export const partnerStats = z.object({
  totalLeadsSubmitted: count,
  approvedLeads: count,
  rejectedLeads: count,
  convertedLeads: count,
  /** approved / (approved + rejected), 0 to 1; null when none was decided. Converted leads count as approved. */
  approvalRate: z.number().nullable(),
  /** converted / approved, 0 to 1; null when none was approved. */
  conversionRate: z.number().nullable(),
  totalEarnings: signedMoney,
  availableBalance: signedMoney,
  pendingPayout: signedMoney,
  currentMonthLeads: count,
  monthlyQuota: count,
  /** 0 to 100; null when no lead was submitted. */
  averageLeadQuality: z.number().nullable(),
  currency: currencyCode,
});

const posting = z.object({ account: z.string(), amount: signedMoney });
export const ledgerEntry = z.object({
  id,
  partnerId: id,
  kind: z.string(),
  resource: z.string(),
  resourceId: id,
  amount: signedMoney,
  currency: currencyCode,
  actorId: id.nullable(),
  /** The day it counts for: that of its making, or the first open one after a closed period. */
  bookedOn: day,
  createdAt: instant,
  postings: z.array(posting),
});

export const partners = {
  list: partnerProcedure('partners.read')
    .route({ method: 'GET', path: '/partners', summary: 'Partners', tags })
    .input(
      z.object({
        status: z.enum(partnerStatuses).optional(),
        partnerType: z.enum(partnerTypes).optional(),
        q: z.string().trim().max(200).optional(),
        /** true: only those whom nothing keeps from being paid, as `payability` tells it; false: only the others. */
        payable: queryBoolean.optional(),
        ...pageFields,
      }),
    )
    .output(page(partner)),
  create: procedure('partners.edit', 'DUPLICATE')
    .route({ method: 'POST', path: '/partners', summary: 'Register a partner', tags })
    .input(
      z.object({
        /** Made from the name where left out. */
        partnerCode: code.optional(),
        partnerType: z.enum(partnerTypes),
        /** The organization's where left out. */
        currency: currencyCode.optional(),
        ...editable,
        commandId: commandFields.commandId,
      }),
    )
    .output(partner),
  get: partnerProcedure('partners.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/partners/{id}', summary: 'One partner', tags })
    .input(z.object({ id }))
    .output(partner),
  getByCode: partnerProcedure('partners.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/by-code/{partnerCode}',
      summary: 'One partner by its code',
      tags,
    })
    .input(z.object({ partnerCode: z.string().min(1).max(100) }))
    .output(partner),
  update: partnerProcedure('partners.edit', 'NOT_FOUND', 'CONFLICT', 'CURRENCY_MISMATCH')
    .route({ method: 'PATCH', path: '/partners/{id}', summary: 'Change a partner', tags })
    .input(
      z
        .object({
          id,
          ...editable,
          /** Never changes; another one than the partner's is refused instead of overlooked. */
          currency: currencyCode,
          ...commandFields,
        })
        .partial()
        .required({ id: true }),
    )
    .output(partner),
  approve: decide('approve', 'Approve a pending partner').input(
    z.object({
      id,
      /** Why it is approved although details are missing: with a reason, it is. */
      reason: reason.optional(),
      /** False: not although details are missing, whatever the reason says. */
      override: z.boolean().optional(),
      ...commandFields,
    }),
  ),
  reject: decide('reject', 'Reject a pending partner').input(decisionWithReason),
  suspend: decide('suspend', 'Suspend an active partner').input(decisionWithReason),
  deactivate: decide('deactivate', 'Deactivate a partner').input(decisionWithReason),
  reactivate: decide('reactivate', 'Make a partner active again').input(decision),
  reapply: procedure('partners.edit', 'NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION')
    .route({
      method: 'POST',
      path: '/partners/{id}/reapply',
      summary: 'Put a rejected partner up for approval again',
      tags,
    })
    .input(decision)
    .output(partner),
  verifyBanking: procedure('banking.verify', 'NOT_FOUND', 'CONFLICT', 'SELF_APPROVAL')
    .route({
      method: 'POST',
      path: '/partners/{id}/banking/verify',
      summary: 'Confirm the bank details',
      tags,
    })
    .input(decision)
    .output(partner),
  revealBanking: procedure('banking.reveal', 'NOT_FOUND')
    .route({
      method: 'POST',
      path: '/partners/{id}/banking/reveal',
      summary: 'Show the unmasked bank details; leaves an activity',
      tags,
    })
    .input(z.object({ id }))
    .output(bankingDetails),
  stats: partnerProcedure('partners.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/partners/{id}/stats', summary: 'PartnerStats', tags })
    .input(z.object({ id }))
    .output(partnerStats),
  monthlyStats: partnerProcedure('partners.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/{id}/stats/monthly',
      summary: 'PartnerStats of one month',
      description:
        'Of the leads submitted in the month, by their status today, and the credits approved in it; the balances as they were at its end.',
      tags,
    })
    .input(z.object({ id, year: queryInt(1970, 9999), month: queryInt(1, 12) }))
    .output(partnerStats),
  payability: partnerProcedure('partners.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/{id}/payability',
      summary: 'What keeps the partner from being paid',
      tags,
    })
    .input(z.object({ id }))
    .output(
      z.object({
        /** Whether nothing stops a payout from being made and paid. */
        payable: z.boolean(),
        reasons: z.array(
          z.object({
            code: z.enum(payabilityCodes),
            sentence: z.string(),
            /** What it stops: payment, the making of payouts, or nothing yet. */
            stops: z.enum(['payment', 'generation', 'nothing']),
          }),
        ),
      }),
    ),
  ledger: procedure('ledger.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/{id}/ledger',
      summary: 'Ledger entries with their postings, newest first',
      tags,
    })
    .input(z.object({ id, ...pageFields }))
    .output(page(ledgerEntry)),
};
