import * as z from 'zod';
import { count, day, id, instant, page, pageFields, procedure } from './base.ts';
import { fileAnswer } from './payout-exports.ts';

export const activity = z.object({
  seq: z.int(),
  partnerId: id.nullable(),
  userId: id.nullable(),
  userName: z.string(),
  action: z.string(),
  resource: z.string(),
  resourceId: id.nullable(),
  /** What changed: `before`, `after`, and what else the action tells. */
  details: z.record(z.string(), z.unknown()),
  station: z.string().nullable(),
  createdAt: instant,
  previousHash: z.string(),
  hash: z.string(),
});

export const activities = {
  list: procedure('activities.read')
    .route({ method: 'GET', path: '/activities', summary: 'Activities, newest first', tags: ['Activities'] })
    .input(
      z.object({
        /** Days of the organization's time zone, both included; or instants. */
        from: z.union([day, instant]).optional(),
        to: z.union([day, instant]).optional(),
        actorId: id.optional(),
        action: z.string().max(100).optional(),
        resource: z.string().max(100).optional(),
        resourceId: id.optional(),
        partnerId: id.optional(),
        ...pageFields,
      }),
    )
    .output(page(activity)),
  verify: procedure('activities.verify')
    .route({
      method: 'GET',
      path: '/activities/verify',
      summary: 'Check the chain of activities',
      tags: ['Activities'],
    })
    .output(
      z.object({
        ok: z.boolean(),
        checked: count,
        firstBad: z.object({ seq: z.int(), reason: z.string() }).optional(),
      }),
    ),
};

export const ledger = {
  journal: procedure('payouts.export', 'NOT_FOUND')
    .route({
      method: 'POST',
      path: '/ledger/journal',
      summary: 'The accounting journal of a period as a CSV file; recorded like every export',
      tags: ['Ledger'],
      outputStructure: 'detailed',
    })
    .input(z.object({ periodStart: day, periodEnd: day, bom: z.boolean().optional() }))
    .output(fileAnswer),
  verify: procedure('ledger.verify')
    .route({
      method: 'GET',
      path: '/ledger/verify',
      summary: 'Recompute every figure from the ledger and report differences',
      tags: ['Ledger'],
    })
    .output(
      z.object({
        ok: z.boolean(),
        entries: count,
        differences: z.array(
          z.object({ partnerId: id.nullable(), figure: z.string(), stored: z.int(), computed: z.int() }),
        ),
      }),
    ),
};
