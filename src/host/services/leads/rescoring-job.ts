import * as z from 'zod';
import { DomainError } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import { partners } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { ReadyJob } from '../jobs/foreground.ts';
import { JobInterrupted } from '../jobs/stopping.ts';
import { type RescoreEvent, type RescoreInput, rescoreLeads } from './rescoring.ts';

type Progress = Extract<RescoreEvent, { type: 'progress' }>;
type Result = Extract<RescoreEvent, { type: 'result' }>;

/** What a job keeps of how far it is. */
const place = z.object({
  walk: z.int(),
  after: z.object({ submittedAt: z.string(), id: z.string() }).nullable(),
  done: z.int(),
  changed: z.int(),
});

/** Scoring leads again as a job, which goes on after the last lead it looked at. Throws `NOT_FOUND` for a partner that isn't there. */
export async function rescoringJob(
  host: HostContext,
  session: Session,
  input: RescoreInput,
): Promise<ReadyJob<Progress, Result>> {
  const name = await partnerName(host, session, input.partnerId);
  return {
    spec: {
      kind: 'lead_rescoring',
      title: `Re-scoring of ${input.all ? 'all leads' : 'undecided leads'} of ${name ?? 'all partners'}`,
      partnerId: input.partnerId ?? null,
      input: { ...input },
      writes: true,
    },
    task: {
      run: ({ signal, checkpoint }) => rescoring(host, session, input, signal, checkpoint),
      progressOf: ({ done, of, at }) => ({ done, total: of, unit: 'leads', checkpoint: { ...at } }),
      resultOf: ({ scored, changed, cancelled }) => ({
        status: cancelled ? 'cancelled' : 'completed',
        result: { scored, changed },
      }),
    },
  };
}

async function partnerName(
  host: HostContext,
  session: Session,
  partnerId: string | undefined,
): Promise<string | undefined> {
  if (partnerId === undefined) return undefined;
  const partner = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.find(partners, { id: partnerId }),
  );
  if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
  return partner.organizationName;
}

async function* rescoring(
  host: HostContext,
  session: Session,
  input: RescoreInput,
  signal: AbortSignal,
  checkpoint: unknown,
): AsyncGenerator<Progress, Result, void> {
  const from = checkpoint === null ? undefined : place.parse(checkpoint);
  for await (const event of rescoreLeads(host, session, input, signal, from)) {
    if (event.type === 'progress') yield event;
    else if (event.cancelled && signal.reason instanceof JobInterrupted) throw signal.reason;
    else return event;
  }
  throw new Error('The re-scoring told no result.');
}
