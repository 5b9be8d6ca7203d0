import { eventIterator } from '@orpc/contract';
import * as z from 'zod';
import { jobKinds, jobStatuses, jobUnits } from '#domain/jobs.ts';
import { commandFields, count, id, instant, page, pageFields, procedure, queryBoolean } from './base.ts';
import { creditPolicies } from './credit-policies.ts';
import { importInput, importResult, imports } from './imports.ts';
import { leadScoring, rescoreInput } from './lead-records.ts';
import { exportInput, exportRecord, payoutExports } from './payout-exports.ts';
import { generatedSummary, generateInput, payouts } from './payouts.ts';
import { simulateInput, simulation } from './policy-simulation.ts';

const tags = ['Jobs'];

/** What starts a job: its kind, and what the call of that kind takes. */
const jobInputs = {
  lead_import: importInput,
  payout_generation: generateInput.omit({ partnerId: true, commandId: true }),
  payout_export: exportInput,
  lead_rescoring: rescoreInput,
  policy_simulation: simulateInput,
};

/** A kind and its input: what starts a job, and what is stored of it to resume it by. */
export const jobOrder = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('lead_import'), input: jobInputs.lead_import }),
  z.object({ kind: z.literal('payout_generation'), input: jobInputs.payout_generation }),
  z.object({ kind: z.literal('payout_export'), input: jobInputs.payout_export }),
  z.object({ kind: z.literal('lead_rescoring'), input: jobInputs.lead_rescoring }),
  z.object({ kind: z.literal('policy_simulation'), input: jobInputs.policy_simulation }),
]);
export type JobOrder = z.output<typeof jobOrder>;

/** What a job answered, by its kind. Lists in it are cut to what one message holds; counts are whole. */
export const jobResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('lead_import'), ...importResult.shape }),
  z.object({ kind: z.literal('payout_generation'), ...generatedSummary.shape }),
  z.object({ kind: z.literal('payout_export'), export: exportRecord }),
  z.object({ kind: z.literal('lead_rescoring'), scored: count, changed: count }),
  z.object({ kind: z.literal('policy_simulation'), ...simulation.omit({ note: true }).shape }),
]);

/** The call that each kind is another face of: who may make that one, may start the job. */
export const jobFaces = {
  lead_import: imports.run,
  payout_generation: payouts.generateStream,
  payout_export: payoutExports.create,
  lead_rescoring: leadScoring.rescore,
  policy_simulation: creditPolicies.simulateStream,
};

const job = z.object({
  id,
  kind: z.enum(jobKinds),
  /** What it is, in words. */
  title: z.string(),
  partnerId: id.nullable(),
  status: z.enum(jobStatuses),
  /** How far it is; null before it knows. `total` is null where nobody can tell beforehand. */
  progress: z.object({ done: count, total: count.nullable(), unit: z.enum(jobUnits) }).nullable(),
  result: jobResult.nullable(),
  /** Why it failed or was interrupted, in a sentence. */
  failure: z.string().nullable(),
  canResume: z.boolean(),
  startedBy: id,
  /** When it was asked for; it begins when its turn comes. */
  askedAt: instant,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  cancelRequestedBy: id.nullable(),
  cancelRequestedAt: instant.nullable(),
});

export const jobs = {
  /** Takes the permission of the kind's own call. Answers at once; the job goes on whoever goes away. */
  start: procedure('signedIn', 'NOT_FOUND', 'PARTNER_NOT_ACTIVE', 'CONFLICT')
    .route({ method: 'POST', path: '/jobs', summary: 'Start a job', tags })
    .input(jobOrder.and(z.object({ commandId: commandFields.commandId })))
    .output(job),
  list: procedure('jobs.read')
    .route({ method: 'GET', path: '/jobs', summary: 'Jobs, newest first, without their results', tags })
    .input(
      z.object({
        kind: z.enum(jobKinds).optional(),
        status: z.enum(jobStatuses).optional(),
        partnerId: id.optional(),
        /** Only those the caller started. */
        mine: queryBoolean.optional(),
        ...pageFields,
      }),
    )
    .output(page(job.omit({ result: true }))),
  get: procedure('jobs.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/jobs/{id}', summary: 'One job, with its result', tags })
    .input(z.object({ id }))
    .output(job),
  /** Begins with the job as it is and ends with it at rest. Going away changes nothing. */
  watch: procedure('jobs.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/jobs/{id}/watch', summary: 'A job as it goes on, as events', tags })
    .input(z.object({ id }))
    .output(eventIterator(job)),
  /** One's own, or with `jobs.manage`. It stops at its next step, and an interrupted one is given up; what is done stays. */
  cancel: procedure('signedIn', 'NOT_FOUND', 'INVALID_TRANSITION')
    .route({ method: 'POST', path: '/jobs/{id}/cancel', summary: 'Cancel a job', tags })
    .input(z.object({ id, commandId: commandFields.commandId }))
    .output(job),
  /** One's own, or with `jobs.manage`, and in both cases with the permission of its kind. */
  resume: procedure('signedIn', 'NOT_FOUND', 'INVALID_TRANSITION', 'CONFLICT')
    .route({ method: 'POST', path: '/jobs/{id}/resume', summary: 'Resume an interrupted job', tags })
    .input(z.object({ id, commandId: commandFields.commandId }))
    .output(job),
};
