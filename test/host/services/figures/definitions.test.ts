import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { contract } from '#contract/index.ts';
import { figureInWords, figures } from '#domain/figures.ts';
import { openApiDocument } from '#host/transports/openapi.ts';

/** Fields of the answers that count nothing: what a figure is of. */
const labels = new Set(
  `currency byCurrency from to unit timeZone start end buckets items amounts amount own partnerType sourceType sourceId sourceName sourceCode
  partnerId partnerCode partnerName fromScore toScore nextCursor`.split(/\s+/),
);

const { partners, sources, payouts } = contract;
const answers = {
  'partners.stats': partners.stats,
  'partners.monthlyStats': partners.monthlyStats,
  'sources.stats': sources.stats,
  'sources.statsOfPartner': sources.statsOfPartner,
  'payouts.stats': payouts.stats,
  ...Object.fromEntries(Object.entries(contract.figures).map(([name, call]) => [`figures.${name}`, call])),
};

/** The names of all fields of a schema, however deep. */
function fieldsOf(schema: unknown): string[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([name, field]) => [name, ...fieldsOf(field)]);
  }
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element);
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) return fieldsOf(schema.unwrap());
  return [];
}

describe('the figures', () => {
  it.each(Object.entries(answers))('that %s answers are each defined', (_name, call) => {
    const fields = fieldsOf(call['~orpc'].outputSchema);
    expect(fields.length).toBeGreaterThan(4);
    expect(fields.filter((field) => !labels.has(field) && !(field in figures))).toEqual([]);
  });

  it('that are defined are each answered', () => {
    const all = new Set(Object.values(answers).flatMap((call) => fieldsOf(call['~orpc'].outputSchema)));
    expect(Object.keys(figures).filter((name) => !all.has(name))).toEqual([]);
  });

  it('of the requirements have the names of the requirements', () => {
    const named =
      `totalPayoutsGenerated approvedPayouts rejectedPayouts totalAmountGenerated totalAmountApproved totalAmountPaid
      averageApprovalRate pendingApprovalAmount averageDaysToApproval`.split(/\s+/);
    expect(fieldsOf(payouts.stats['~orpc'].outputSchema)).toEqual(expect.arrayContaining(named));
    const ofSource =
      'leadsGenerated leadsConverted totalRevenue totalCredits conversionRate averageLeadQuality'.split(' ');
    for (const call of [sources.stats, sources.statsOfPartner]) {
      expect(fieldsOf(call['~orpc'].outputSchema)).toEqual(expect.arrayContaining(ofSource));
    }
  });

  it('are explained in the description of the API', async () => {
    const document = JSON.stringify(await openApiDocument('0.0.0-test'));
    const parsed: unknown = JSON.parse(document);
    const { paths } = z
      .object({
        paths: z.record(z.string(), z.record(z.string(), z.looseObject({ responses: z.unknown() }))),
      })
      .parse(parsed);
    const stats = JSON.stringify(paths['/partners/{id}/stats']?.['get']?.responses);
    expect(stats).toContain(
      'approved leads / (approved leads + rejected leads) (a share, 0 to 1); null when no lead was approved or rejected',
    );
    for (const name of Object.keys(figures))
      expect(document).toContain(JSON.stringify(figureInWords(name)).slice(1, -1));
    // A field of that name elsewhere is no figure.
    expect(JSON.stringify(paths['/partners/{id}/leads']?.['post'])).not.toContain(figures.leads.formula);
    expect(figureInWords('constructor')).toBeUndefined();
  });
});
