import { DomainError } from '#domain/errors.ts';
import { type ScoreWeights, validateScoreWeights } from '#domain/quality-score.ts';
import type { HostContext } from '../context.ts';
import { type PartnerRow, partners } from '../database/index.ts';
import type { Session } from '../session.ts';
import { command } from './command.ts';
import { asStream, inForeground } from './jobs/foreground.ts';
import { weightsFor } from './leads/preparation.ts';
import { rescoringJob } from './leads/rescoring-job.ts';
import type { Output, Service } from './service.ts';

/** What leads are scored by, and scoring them again (`domain.md`, "Lead"). The organization's own weights are among its settings. */
export function leadScoringService(host: HostContext): Service<'leadScoring'> {
  return {
    weights: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const partner = await reader.find(partners, { id: input.id });
        if (partner === undefined) throw noSuchPartner();
        return toWire(session, partner);
      }),

    setWeights: (session, input) =>
      command(host, session, { name: 'leadScoring.setWeights', input }, async ({ tx, now, record }) => {
        const scoreWeights = input.scoreWeights === null ? null : readWeights(input.scoreWeights);
        const before = await tx.find(partners, { id: input.id }, { lock: true });
        if (before === undefined) throw noSuchPartner();
        const after = await tx.update(
          partners,
          { id: before.id, version: input.version ?? before.version },
          { scoreWeights, updatedBy: session.userId, updatedAt: now },
        );
        record({
          action: 'partner_score_weights_changed',
          resource: 'partner',
          resourceId: before.id,
          partnerId: before.id,
          details: {
            before: { scoreWeights: before.scoreWeights },
            after: { scoreWeights: after.scoreWeights },
          },
        });
        return toWire(session, after);
      }),

    rescore: async (session, input, { signal }) => {
      // Before the stream begins, where a refusal still is an answer of its own.
      const job = await rescoringJob(host, session, input);
      return asStream(inForeground(host, session, job, signal), {
        event: (progress) => progress,
        result: (result) => result,
      });
    },
  };
}

function noSuchPartner(): DomainError {
  return new DomainError('NOT_FOUND', 'There is no such partner.');
}

function toWire(session: Session, partner: PartnerRow): Output<'leadScoring', 'weights'> {
  return {
    partnerId: partner.id,
    own: partner.scoreWeights === null ? null : { ...partner.scoreWeights },
    effective: { ...weightsFor(session, partner) },
    version: partner.version,
  };
}

/** @throws DomainError `VALIDATION` with every weight that is wrong, or their sum. */
function readWeights(input: unknown): ScoreWeights {
  const checked = validateScoreWeights(input);
  if (checked.ok) return checked.weights;
  throw new DomainError('VALIDATION', checked.fields[0]?.message ?? 'The score weights are not right.', {
    fields: checked.fields,
  });
}
