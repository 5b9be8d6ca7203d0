import * as z from 'zod';
import { seriesUnits } from '#domain/figures.ts';
import { partnerTypes, sourceTypes } from '#domain/vocabulary.ts';
import {
  count,
  currencyCode,
  day,
  id,
  partnerProcedure,
  procedure,
  queryInt,
  score,
  signedMoney,
  whole,
} from './base.ts';

/**
 * The figures of the office (`domain/figures.ts` defines each of them). A range of days of the tenant's zone, both included; the year up
 * to today where nothing is said.
 */
const tags = ['Figures'];

const range = { from: day.optional(), to: day.optional() };
const ofRange = { from: day, to: day };
/** 0 to 1; null where nothing was counted. */
const share = z.number().min(0).max(1).nullable();

/** Minor units of one currency. */
const amount = z.object({ currency: currencyCode, amount: signedMoney });

const bucket = z.object({
  start: day,
  end: day,
  leadsSubmitted: count,
  leadsApproved: count,
  leadsRejected: count,
  leadsConverted: count,
  /** One entry for each currency of the whole series, in every bucket. */
  amounts: z.array(
    z.object({
      currency: currencyCode,
      creditsApproved: signedMoney,
      payoutsApproved: signedMoney,
      payoutsPaid: signedMoney,
    }),
  ),
});

/** What is counted of the leads submitted in a range, by what they are today. */
const leadFigures = {
  leadsSubmitted: count,
  leadsApproved: count,
  leadsRejected: count,
  leadsConverted: count,
  approvalRate: share,
  conversionRate: share,
  averageLeadQuality: score.nullable(),
  /** Approved in the range, by currency. */
  earnings: z.array(amount),
};

const compared = (own: z.ZodType<number | null>) => z.object({ own, median: z.number().nullable() });

export const figures = {
  series: partnerProcedure('partner_figures.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/figures/series',
      summary: 'Leads, credits and payouts by day, week or month, of the office or of one partner',
      tags,
    })
    .input(
      z.object({
        ...range,
        unit: z.enum(seriesUnits).default('day'),
        /** A partner's own people always get their own. */
        partnerId: id.optional(),
      }),
    )
    .output(
      z.object({ ...ofRange, unit: z.enum(seriesUnits), timeZone: z.string(), buckets: z.array(bucket) }),
    ),
  byPartnerType: procedure('figures.read')
    .route({
      method: 'GET',
      path: '/figures/by-partner-type',
      summary: 'Leads and earnings by type of partner',
      tags,
    })
    .input(z.object(range))
    .output(
      z.object({
        ...ofRange,
        items: z.array(
          z.object({
            partnerType: z.enum(partnerTypes),
            /** Those there are, and of these the active ones. */
            partners: count,
            activePartners: count,
            ...leadFigures,
          }),
        ),
      }),
    ),
  bySource: procedure('figures.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/figures/by-source',
      summary: 'Leads and earnings by type of source; of one partner, by each of its sources',
      tags,
    })
    .input(z.object({ ...range, partnerId: id.optional() }))
    .output(
      z.object({
        ...ofRange,
        items: z.array(
          z.object({
            sourceType: z.enum(sourceTypes),
            /** Of one source; null for a type. */
            sourceId: id.nullable(),
            sourceName: z.string().nullable(),
            ...leadFigures,
          }),
        ),
      }),
    ),
  scoreDistribution: procedure('figures.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/figures/score-distribution',
      summary: 'Quality scores of leads in ten buckets',
      tags,
    })
    .input(z.object({ ...range, partnerId: id.optional() }))
    .output(
      z.object({
        ...ofRange,
        buckets: z.array(z.object({ fromScore: score, toScore: score, leads: count })),
        highQuality: count,
      }),
    ),
  approvalTimes: procedure('figures.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/figures/approval-times',
      summary: 'How long leads waited for their decision',
      tags,
    })
    .input(z.object({ ...range, partnerId: id.optional() }))
    .output(
      z.object({
        ...ofRange,
        decided: count,
        medianHours: z.number().min(0).nullable(),
        p90Hours: z.number().min(0).nullable(),
        within24Hours: share,
        within48Hours: share,
      }),
    ),
  topPartners: procedure('figures.read')
    .route({
      method: 'GET',
      path: '/figures/top-partners',
      summary: 'The partners with most converted leads, or most earnings in a currency',
      tags,
    })
    .input(
      z.object({
        ...range,
        by: z.enum(['converted_leads', 'earnings']).default('converted_leads'),
        /** Of the earnings; the organization's where left out. */
        currency: currencyCode.optional(),
        limit: queryInt(1, 100).default(10),
      }),
    )
    .output(
      z.object({
        ...ofRange,
        /** Null where leads are counted. */
        currency: currencyCode.nullable(),
        ...whole(
          z.object({ partnerId: id, partnerCode: z.string(), partnerName: z.string(), value: signedMoney }),
        ).shape,
      }),
    ),
  comparison: partnerProcedure('partner_figures.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/figures/partners/{id}/comparison',
      summary: 'One partner beside the median of its type',
      tags,
    })
    .input(z.object({ id, ...range }))
    .output(
      z.object({
        ...ofRange,
        partnerType: z.enum(partnerTypes),
        peers: count,
        leadsSubmitted: compared(count),
        approvalRate: compared(share),
        conversionRate: compared(share),
        averageLeadQuality: compared(score.nullable()),
      }),
    ),
};
