import * as z from 'zod';
import {
  code,
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

const editable = {
  name: text(255),
  description: optionalText(2000),
  startDate: day.nullish(),
  endDate: day.nullish(),
};

/** The calls of one of the two. */
function callsOf(plural: 'projects' | 'campaigns', noun: 'project' | 'campaign') {
  const name = plural === 'projects' ? 'Projects' : 'Campaigns';
  const tags = [name];
  return {
    list: partnerProcedure('projects.read')
      .route({ method: 'GET', path: `/${plural}`, summary: `${name} by code`, tags })
      .input(
        z.object({
          active: queryBoolean.optional(),
          q: z.string().trim().max(200).optional(),
          ...pageFields,
        }),
      )
      .output(page(record)),
    get: partnerProcedure('projects.read', 'NOT_FOUND')
      .route({ method: 'GET', path: `/${plural}/{id}`, summary: `One ${noun}`, tags })
      .input(z.object({ id }))
      .output(record),
    create: procedure('projects.edit', 'DUPLICATE')
      .route({ method: 'POST', path: `/${plural}`, summary: `Add a ${noun}`, tags })
      .input(z.object({ code, ...editable, commandId: commandFields.commandId }))
      .output(record),
    update: procedure('projects.edit', 'NOT_FOUND', 'CONFLICT')
      .route({ method: 'PATCH', path: `/${plural}/{id}`, summary: `Change a ${noun}`, tags })
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
        path: `/${plural}/{id}/deactivate`,
        summary: `Take a ${noun} out of use: new leads and policies can no longer name it`,
        tags,
      })
      .input(z.object({ id, reason: reason.optional(), ...commandFields }))
      .output(record),
  };
}

export const projects = callsOf('projects', 'project');
export const campaigns = callsOf('campaigns', 'campaign');
