import * as z from 'zod';
import { calculationTypes, policyTypes, timeUnitTypes } from '#domain/vocabulary.ts';
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
  moneySum,
  optionalText,
  page,
  pageFields,
  partnerProcedure,
  percent,
  procedure,
  queryBoolean,
  reason,
  rowFields,
  score,
  signedMoney,
  text,
} from './base.ts';
import { simulateInput, simulation, simulationEvents } from './policy-simulation.ts';

const tags = ['Credit policies'];

const tier = z.object({
  tierLevel: z.int().min(1).max(1000),
  minLeads: count,
  /** null or left out: open-ended, only for the last tier. */
  maxLeads: count.nullish(),
  creditAmount: money,
  /** null or left out: the policy's own bonus holds; 0 means no bonus in this tier. */
  bonusPercent: percent.nullish(),
});
const tierConfig = z.object({ tiers: z.array(tier).min(1).max(100) });

const terms = {
  /** null: every source of the partner. */
  sourceId: id.nullish(),
  policyType: z.enum(policyTypes),
  calculationType: z.enum(calculationTypes),
  timeUnitType: z.enum(timeUnitTypes).nullish(),
  projectId: optionalText(100),
  campaignId: optionalText(100),
  /** Both ends included; null: no end. */
  startDate: day.nullish(),
  endDate: day.nullish(),
  /** Minor units, for `fixed_price` and `conversion`. */
  baseCredit: money.nullish(),
  /** Percent, for `percentage` and `revenue_share`. */
  baseRate: percent.nullish(),
  minimumCredit: money.nullish(),
  maximumCredit: money.nullish(),
  /** Most that policies may have credited to one lead, at both its events, once this one has added to it. */
  capPerLead: money.nullish(),
  /** Most in one period of a time-based policy, all its partners together. */
  capPerPeriod: money.nullish(),
  /** Most in the policy's whole life, all its partners together. */
  totalBudget: money.nullish(),
  bonusPercentage: percent.default(0),
  tierConfig: tierConfig.nullish(),
  minLeadQualityScore: score.default(0),
  priority: z.int().min(-1000).max(1000).default(0),
  isStackable: z.boolean().default(false),
  autoApprove: z.boolean().default(false),
};

export const creditPolicy = z.object({
  ...rowFields,
  /** null: a policy for all partners. */
  partnerId: id.nullable(),
  partnerName: z.string().nullable(),
  policyCode: z.string(),
  policyName: z.string(),
  description: z.string().nullable(),
  sourceId: id.nullable(),
  policyType: z.enum(policyTypes),
  calculationType: z.enum(calculationTypes),
  timeUnitType: z.enum(timeUnitTypes).nullable(),
  projectId: z.string().nullable(),
  campaignId: z.string().nullable(),
  startDate: day.nullable(),
  endDate: day.nullable(),
  baseCredit: money.nullable(),
  baseRate: z.number().nullable(),
  minimumCredit: money.nullable(),
  maximumCredit: money.nullable(),
  capPerLead: money.nullable(),
  capPerPeriod: internal(money),
  totalBudget: internal(money),
  bonusPercentage: z.number(),
  tierConfig: z
    .object({
      tiers: z.array(
        z.object({
          tierLevel: z.int(),
          minLeads: count,
          maxLeads: count.nullable(),
          creditAmount: money,
          bonusPercent: z.number().nullable(),
        }),
      ),
    })
    .nullable(),
  minLeadQualityScore: score,
  priority: z.int(),
  isStackable: z.boolean(),
  requiresApproval: internal(z.boolean()),
  autoApprove: z.boolean(),
  /** The currency its amounts are in. */
  currency: currencyCode,
  /** Whether the latest revision still waits for approval. */
  approvalRequired: internal(z.boolean()),
  approvedBy: internal(id),
  approvedAt: instant.nullable(),
  isActive: z.boolean(),
  /** The first day it doesn't pay for any more; ahead of today while the deactivation is still to come. */
  deactivatedFrom: day.nullable(),
  /** The revision shown, the latest. */
  revision: z.int(),
  /** The approved revision that makes credits now; null: none yet. */
  effectiveRevision: z.int().nullable(),
  createdBy: internal(id),
  editedBy: internal(id),
  totalLeadsUnderPolicy: internal(count),
  totalCreditsAllocated: internal(signedMoney),
  /** What counts against its total budget: its credits that wait or were approved, less what was taken back. */
  creditsMade: internal(signedMoney),
});

const createFields = {
  policyCode: code,
  policyName: text(255),
  description: optionalText(2000),
  ...terms,
  commandId: commandFields.commandId,
};

export const creditPolicies = {
  listAll: procedure('policies.read')
    .route({ method: 'GET', path: '/credit-policies', summary: 'Credit policies of every partner', tags })
    .input(
      z.object({
        /** Those that name this partner; those for all partners are left out. */
        partnerId: id.optional(),
        active: queryBoolean.optional(),
        approvalRequired: queryBoolean.optional(),
        ...pageFields,
      }),
    )
    .output(page(creditPolicy)),
  list: partnerProcedure('policies.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/{id}/credit-policies',
      summary:
        'Credit policies of a partner; with active=true those in force, the ones for all partners included',
      tags,
    })
    .input(z.object({ id, active: queryBoolean.optional(), ...pageFields }))
    .output(page(creditPolicy)),
  create: procedure('policies.edit', 'NOT_FOUND', 'DUPLICATE')
    .route({
      method: 'POST',
      path: '/partners/{id}/credit-policies',
      summary: 'Create a policy for a partner',
      tags,
    })
    .input(z.object({ id, ...createFields }))
    .output(creditPolicy),
  createForAll: procedure('policies.edit', 'DUPLICATE')
    .route({ method: 'POST', path: '/credit-policies', summary: 'Create a policy for all partners', tags })
    .input(z.object(createFields))
    .output(creditPolicy),
  get: partnerProcedure('policies.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/credit-policies/{id}', summary: 'One policy', tags })
    .input(z.object({ id }))
    .output(creditPolicy),
  update: procedure('policies.edit', 'NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION')
    .route({
      method: 'PATCH',
      path: '/credit-policies/{id}',
      summary:
        'Change a policy: makes a revision that needs approval; the approved one stays in force until then',
      tags,
    })
    .input(
      z.object({
        id,
        policyName: text(255).optional(),
        description: optionalText(2000),
        sourceId: terms.sourceId,
        policyType: terms.policyType.optional(),
        calculationType: terms.calculationType.optional(),
        timeUnitType: terms.timeUnitType,
        projectId: terms.projectId,
        campaignId: terms.campaignId,
        startDate: terms.startDate,
        endDate: terms.endDate,
        baseCredit: terms.baseCredit,
        baseRate: terms.baseRate,
        minimumCredit: terms.minimumCredit,
        maximumCredit: terms.maximumCredit,
        capPerLead: terms.capPerLead,
        capPerPeriod: terms.capPerPeriod,
        totalBudget: terms.totalBudget,
        bonusPercentage: percent.optional(),
        tierConfig: terms.tierConfig,
        minLeadQualityScore: score.optional(),
        priority: z.int().min(-1000).max(1000).optional(),
        isStackable: z.boolean().optional(),
        autoApprove: z.boolean().optional(),
        ...commandFields,
      }),
    )
    .output(creditPolicy),
  approve: procedure('policies.approve', 'NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION', 'SELF_APPROVAL')
    .route({
      method: 'POST',
      path: '/credit-policies/{id}/approve',
      summary: 'Approve the latest revision',
      tags,
    })
    .input(z.object({ id, ...commandFields }))
    .output(creditPolicy),
  deactivate: procedure('policies.edit', 'NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION')
    .route({
      method: 'POST',
      path: '/credit-policies/{id}/deactivate',
      summary: 'Take a policy out of force, from a day on (today where none is given)',
      tags,
    })
    .input(z.object({ id, deactivatedFrom: day.optional(), reason: reason.optional(), ...commandFields }))
    .output(creditPolicy),
  simulate: procedure('policies.simulate', 'NOT_FOUND')
    .route({
      method: 'POST',
      path: '/credit-policies/simulate',
      summary: 'What a draft or a changed policy would have paid for leads, or over a period of the past',
      tags,
    })
    .input(simulateInput.extend({ limit: z.int().min(0).max(1000).default(100) }))
    .output(simulation),
  /** The same, told lead by lead as it goes. Closing the stream ends it. */
  simulateStream: procedure('policies.simulate', 'NOT_FOUND')
    .route({
      method: 'POST',
      path: '/credit-policies/simulate/stream',
      summary: 'The same as events: every lead as it comes, progress, and the totals last',
      tags,
    })
    .input(simulateInput)
    .output(simulationEvents),
  calculateLeadCredit: procedure('policies.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/leads/{id}/credit-calculation',
      summary:
        'CalculateLeadCredit: what approving a lead now would credit, or what a decided lead was credited',
      tags,
    })
    .input(z.object({ id }))
    .output(
      z.object({
        leadId: id,
        /** `next`: as it would be now; `credited`: the lead is decided, and this is what it got. */
        basis: z.enum(['next', 'credited']),
        /** The event that is next, or the last one that was; null for a rejected lead. */
        event: z.enum(['approval', 'conversion']).nullable(),
        /** Minor units, of all events so far where the lead is decided. */
        amount: moneySum,
        currency: currencyCode,
        /** The policies applied; none where the partner's own terms hold, or nothing does. */
        policyIds: z.array(id),
        reasons: z.array(z.string()),
      }),
    ),
  revisions: procedure('policies.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/credit-policies/{id}/revisions',
      summary: 'Every revision, newest first',
      tags,
    })
    .input(z.object({ id }))
    .output(
      z.object({
        items: z.array(
          z.object({
            revision: z.int(),
            terms: z.record(z.string(), z.unknown()),
            madeBy: id,
            madeAt: instant,
            approvedBy: id.nullable(),
            approvedAt: instant.nullable(),
            fourEyesWaived: z.boolean(),
          }),
        ),
        nextCursor: z.null(),
      }),
    ),
};
