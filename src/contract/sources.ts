import * as z from 'zod';
import { sourceTypes } from '#domain/vocabulary.ts';
import {
  code,
  commandFields,
  count,
  currencyCode,
  id,
  moneySum,
  optionalText,
  partnerProcedure,
  procedure,
  rowFields,
  score,
  signedMoney,
  text,
  whole,
} from './base.ts';

export const partnerSource = z.object({
  ...rowFields,
  partnerId: id,
  sourceType: z.enum(sourceTypes),
  sourceCode: z.string(),
  sourceName: z.string(),
  description: z.string().nullable(),
  isActive: z.boolean(),
  isAutomatic: z.boolean(),
  leadsGenerated: count,
  leadsConverted: count,
  totalRevenue: moneySum,
});

export const sourceStats = z.object({
  sourceId: id,
  sourceCode: z.string(),
  sourceName: z.string(),
  sourceType: z.enum(sourceTypes),
  leadsGenerated: count,
  leadsConverted: count,
  totalRevenue: moneySum,
  totalCredits: signedMoney,
  /** converted / approved, 0 to 1; null when none was approved. */
  conversionRate: z.number().nullable(),
  averageLeadQuality: score.nullable(),
  currency: currencyCode,
});

const sourceFields = {
  sourceName: text(255),
  description: optionalText(2000),
};

export const sources = {
  list: partnerProcedure('partners.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/{id}/sources',
      summary: 'Sources of a partner',
      tags: ['Sources'],
    })
    .input(z.object({ id }))
    .output(whole(partnerSource)),
  create: procedure('sources.edit', 'NOT_FOUND', 'DUPLICATE')
    .route({ method: 'POST', path: '/partners/{id}/sources', summary: 'Add a source', tags: ['Sources'] })
    .input(
      z.object({
        id,
        sourceType: z.enum(sourceTypes),
        /** Made from the partner's code where left out. */
        sourceCode: code.optional(),
        ...sourceFields,
        commandId: commandFields.commandId,
      }),
    )
    .output(partnerSource),
  get: partnerProcedure('partners.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/sources/{id}', summary: 'One source', tags: ['Sources'] })
    .input(z.object({ id }))
    .output(partnerSource),
  getByCode: partnerProcedure('partners.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/sources/by-code/{sourceCode}',
      summary: 'One source by its code',
      tags: ['Sources'],
    })
    .input(z.object({ sourceCode: z.string().min(1).max(100) }))
    .output(partnerSource),
  update: procedure('sources.edit', 'NOT_FOUND', 'CONFLICT')
    .route({ method: 'PATCH', path: '/sources/{id}', summary: 'Change a source', tags: ['Sources'] })
    .input(
      z
        .object({ id, ...sourceFields, isActive: z.boolean(), ...commandFields })
        .partial()
        .required({ id: true }),
    )
    .output(partnerSource),
  deactivate: procedure('sources.edit', 'NOT_FOUND', 'CONFLICT')
    .route({
      method: 'POST',
      path: '/sources/{id}/deactivate',
      summary: 'Take a source out of use',
      tags: ['Sources'],
    })
    .input(z.object({ id, ...commandFields }))
    .output(partnerSource),
  stats: partnerProcedure('partners.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/{id}/sources/{sourceId}/stats',
      summary: 'PartnerSourceStats',
      tags: ['Sources'],
    })
    .input(z.object({ id, sourceId: id }))
    .output(sourceStats),
  statsOfPartner: partnerProcedure('partners.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/{id}/source-stats',
      summary: 'PartnerSourceStats of every source',
      tags: ['Sources'],
    })
    .input(z.object({ id }))
    .output(whole(sourceStats)),
};
