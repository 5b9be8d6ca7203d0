import * as z from 'zod';
import {
  commandFields,
  day,
  id,
  internal,
  optionalText,
  page,
  pageFields,
  partnerProcedure,
  procedure,
  queryBoolean,
  reason,
  rowFields,
  text,
} from './base.ts';

/** Projects and campaigns are alike: what leads are brought in for, and what policies may be for. */
const record = z.object({
  ...rowFields,
  /** Unique in the organization, and never changes: leads and policies carry it as their `projectId` or `campaignId`. */
  code: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  /** For people to see; what a policy pays for is a matter of its own dates. */
  startDate: day.nullable(),
  endDate: day.nullable(),
  /** Whether new leads and policies may name it. */
  isActive: z.boolean(),
  /** null: taken over from what leads and policies named before there were records. */
  createdBy: internal(id),
});

const code = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'Use letters, digits, dots, dashes and underscores.');

const editable = {
  name: text(255),
  description: optionalText(2000),
  startDate: day.nullish(),
  endDate: day.nullish(),
};

export const projects = {
  list: partnerProcedure('projects.read')
    .route({ method: 'GET', path: '/projects', summary: 'Projects by code', tags: ['Projects'] })
    .input(
      z.object({
        active: queryBoolean.optional(),
        q: z.string().trim().max(200).optional(),
        ...pageFields,
      }),
    )
    .output(page(record)),
  get: partnerProcedure('projects.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/projects/{id}', summary: 'One project', tags: ['Projects'] })
    .input(z.object({ id }))
    .output(record),
  create: procedure('projects.edit', 'DUPLICATE')
    .route({ method: 'POST', path: '/projects', summary: 'Add a project', tags: ['Projects'] })
    .input(z.object({ code, ...editable, commandId: commandFields.commandId }))
    .output(record),
  update: procedure('projects.edit', 'NOT_FOUND', 'CONFLICT')
    .route({ method: 'PATCH', path: '/projects/{id}', summary: 'Change a project', tags: ['Projects'] })
    .input(
      z
        .object({ id, ...editable, isActive: z.boolean(), ...commandFields })
        .partial()
        .required({ id: true }),
    )
    .output(record),
  deactivate: procedure('projects.edit', 'NOT_FOUND', 'CONFLICT')
    .route({
      method: 'POST',
      path: '/projects/{id}/deactivate',
      summary: 'Take a project out of use: new leads and policies can no longer name it',
      tags: ['Projects'],
    })
    .input(z.object({ id, reason: reason.optional(), ...commandFields }))
    .output(record),
};

export const campaigns = {
  list: partnerProcedure('projects.read')
    .route({ method: 'GET', path: '/campaigns', summary: 'Campaigns by code', tags: ['Campaigns'] })
    .input(
      z.object({
        active: queryBoolean.optional(),
        q: z.string().trim().max(200).optional(),
        ...pageFields,
      }),
    )
    .output(page(record)),
  get: partnerProcedure('projects.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/campaigns/{id}', summary: 'One campaign', tags: ['Campaigns'] })
    .input(z.object({ id }))
    .output(record),
  create: procedure('projects.edit', 'DUPLICATE')
    .route({ method: 'POST', path: '/campaigns', summary: 'Add a campaign', tags: ['Campaigns'] })
    .input(z.object({ code, ...editable, commandId: commandFields.commandId }))
    .output(record),
  update: procedure('projects.edit', 'NOT_FOUND', 'CONFLICT')
    .route({ method: 'PATCH', path: '/campaigns/{id}', summary: 'Change a campaign', tags: ['Campaigns'] })
    .input(
      z
        .object({ id, ...editable, isActive: z.boolean(), ...commandFields })
        .partial()
        .required({ id: true }),
    )
    .output(record),
  deactivate: procedure('projects.edit', 'NOT_FOUND', 'CONFLICT')
    .route({
      method: 'POST',
      path: '/campaigns/{id}/deactivate',
      summary: 'Take a campaign out of use: new leads and policies can no longer name it',
      tags: ['Campaigns'],
    })
    .input(z.object({ id, reason: reason.optional(), ...commandFields }))
    .output(record),
};
