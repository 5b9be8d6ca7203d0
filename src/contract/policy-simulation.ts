import { eventIterator } from '@orpc/contract';
import * as z from 'zod';
import { calculationTypes, policyTypes, timeUnitTypes } from '#domain/vocabulary.ts';
import {
  count,
  currencyCode,
  day,
  id,
  money,
  moneySum,
  optionalText,
  percent,
  score,
  signedMoney,
} from './base.ts';
import { leadDataInput } from './leads/lead.ts';

/**
 * What a simulation says and answers. The simulated world is the one that was, with one difference: the draft is in force all
 * the time (within its own dates), instead of the policy it changes, or besides all others where it is a new one.
 */

const tier = z.object({
  tierLevel: z.int().min(1).max(1000),
  minLeads: count,
  maxLeads: count.nullish(),
  creditAmount: money,
  bonusPercent: percent.nullish(),
});

const draft = z.object({
  /** The policy that is changed: what is left out stays as its latest revision says. Left out: a new policy. */
  id: id.optional(),
  /** Of a new policy; null or left out: for all partners. */
  partnerId: id.nullish(),
  /** How reasons call it. */
  policyCode: z.string().trim().min(1).max(100).optional(),
  sourceId: id.nullish(),
  policyType: z.enum(policyTypes).optional(),
  calculationType: z.enum(calculationTypes).optional(),
  timeUnitType: z.enum(timeUnitTypes).nullish(),
  projectId: optionalText(100),
  campaignId: optionalText(100),
  startDate: day.nullish(),
  endDate: day.nullish(),
  baseCredit: money.nullish(),
  baseRate: percent.nullish(),
  minimumCredit: money.nullish(),
  maximumCredit: money.nullish(),
  capPerLead: money.nullish(),
  capPerPeriod: money.nullish(),
  totalBudget: money.nullish(),
  bonusPercentage: percent.optional(),
  tierConfig: z.object({ tiers: z.array(tier).min(1).max(100) }).nullish(),
  minLeadQualityScore: score.optional(),
  priority: z.int().min(-1000).max(1000).optional(),
  isStackable: z.boolean().optional(),
});

/** A lead that is only thought of: as if it were approved now, and converted too where a deal is given. */
const imaginedLead = z.object({
  /** Told, or else what its data comes to by the weights in force. */
  qualityScore: score.nullish(),
  leadData: leadDataInput.nullish(),
  estimatedValue: money.nullish(),
  dealValue: money.nullish(),
  projectId: optionalText(100),
  campaignId: optionalText(100),
  /** Of the draft's partner. */
  sourceCode: optionalText(100),
  /** The day of the event; today where left out. */
  eventDay: day.optional(),
});

export const simulateInput = z.object({
  policy: draft,
  /** Leads by id (also as `{ id }`, as they are read), or thought of; or a period of the past, both days included. */
  leads: z
    .array(z.union([id, z.object({ id }).transform((lead) => lead.id), imaginedLead]))
    .min(1)
    .max(1000)
    .optional(),
  from: day.optional(),
  to: day.optional(),
  /** Lists only leads that would have been credited otherwise. The totals are of all. */
  onlyDifferences: z.boolean().default(false),
});

const simulatedLead = z.object({
  /** null: a lead that is only thought of. */
  leadId: id.nullable(),
  leadName: z.string().nullable(),
  partnerId: id.nullable(),
  event: z.enum(['approval', 'conversion']),
  eventDay: day,
  currency: currencyCode,
  /** Minor units: what policies and the partner's own terms would have credited at this event. */
  amount: money,
  /** What they really did, whatever became of it since. */
  credited: money,
  difference: signedMoney,
  /** In words. */
  reason: z.string(),
  policies: z.array(
    z.object({
      /** null: the new policy. */
      policyId: id.nullable(),
      policyCode: z.string(),
      isDraft: z.boolean(),
      applied: z.boolean(),
      amount: money,
      reason: z.string(),
    }),
  ),
});

const sums = { amount: moneySum, credited: moneySum, difference: signedMoney };

export const simulationSummary = z.object({
  /** What the simulated world is, in words. */
  world: z.string(),
  from: day.nullable(),
  to: day.nullable(),
  /** How many leads, and how many approvals and conversions of them. */
  leads: count,
  events: count,
  /** Of how many events the amount is another one. */
  differing: count,
  /** One for each currency of the partners concerned. */
  totals: z.array(z.object({ currency: currencyCode, events: count, ...sums })),
  /** Who pays: each policy, and the partners' own terms (`policyCode` null). */
  byPolicy: z.array(
    z.object({
      policyId: id.nullable(),
      policyCode: z.string().nullable(),
      isDraft: z.boolean(),
      currency: currencyCode,
      /** Events it would have been applied to. */
      events: count,
      ...sums,
    }),
  ),
});

export const simulation = simulationSummary.extend({
  /** In the order they happened, as many as asked for. */
  items: z.array(simulatedLead),
  /** How many more there are, which count in the totals but are not listed. */
  omitted: count,
  /** Says so in words where there are any. */
  note: z.string().nullable(),
});

export const simulationEvents = eventIterator(
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('progress'), done: count, of: count }),
    z.object({ type: z.literal('leads'), items: z.array(simulatedLead) }),
    z.object({ type: z.literal('result'), ...simulationSummary.shape }),
  ]),
);
