import {
  changeColumns,
  defineTable,
  instant,
  integer,
  json,
  nullable,
  oneOf,
  type RowOf,
  rowColumns,
  text,
  uuid,
  within,
} from '../table.ts';

/** What is kept about leads beside the leads themselves. Not in here: the search index, which triggers keep (migration 12). */

/** Every set of weights that leads were scored by, under a fingerprint, so that a score's history need not repeat it. */
export const leadScoreWeights = defineTable(
  'lead_score_weights',
  {
    tenantId: uuid,
    fingerprint: text,
    weights: json<Record<string, number>>(),
    firstUsedAt: instant,
  },
  {
    noun: 'set of score weights',
    primaryKey: ['tenantId', 'fingerprint'],
    appendOnly: true,
    foreignKeys: {
      fk_lead_score_weights_tenant: { fields: ['tenantId'], table: 'tenants', references: ['id'] },
    },
  },
);
export type LeadScoreWeightsRow = RowOf<typeof leadScoreWeights>;

/** What a lead was scored, when and why; `seq` numbers the scores of one lead from 1. */
export const leadScoreHistory = defineTable(
  'lead_score_history',
  {
    tenantId: uuid,
    leadId: uuid,
    seq: integer,
    /** Hundredths; null at the submission. */
    oldScore: nullable(integer),
    newScore: integer,
    weightsFingerprint: text,
    why: oneOf(['submission', 'edit', 'rescoring']),
    changedBy: uuid,
    changedAt: instant,
  },
  {
    noun: 'score',
    primaryKey: ['tenantId', 'leadId', 'seq'],
    appendOnly: true,
    checks: {
      ck_lead_score_history_scores:
        'old_score >= 0 AND old_score <= 10000 AND new_score >= 0 AND new_score <= 10000',
    },
    foreignKeys: {
      fk_lead_score_history_lead: within('partner_leads', 'leadId'),
      fk_lead_score_history_weights: {
        fields: ['tenantId', 'weightsFingerprint'],
        table: 'lead_score_weights',
        references: ['tenantId', 'fingerprint'],
      },
    },
  },
);
export type LeadScoreHistoryRow = RowOf<typeof leadScoreHistory>;

/** What staff tell each other about a lead; never shown to a partner. */
export const leadNotes = defineTable(
  'lead_notes',
  {
    ...rowColumns,
    leadId: uuid,
    body: text,
    authorId: uuid,
    createdAt: instant,
  },
  {
    noun: 'note',
    appendOnly: true,
    indexes: { ix_lead_notes_lead: { on: ['tenantId', 'leadId', 'createdAt', 'id'] } },
    foreignKeys: {
      fk_lead_notes_lead: within('partner_leads', 'leadId'),
      fk_lead_notes_author: within('staff', 'authorId'),
    },
  },
);
export type LeadNoteRow = RowOf<typeof leadNotes>;

/** Filters of a list under a name. The owner may be staff or a partner's user, so no foreign key leads there. */
export const savedViews = defineTable(
  'saved_views',
  {
    ...rowColumns,
    ownerId: uuid,
    list: oneOf(['leads', 'review_queue']),
    name: text,
    filters: json<Record<string, unknown>>(),
    sharedWith: oneOf(['nobody', 'role', 'organization']),
    /** The staff role it is shared with. */
    role: nullable(text),
    ...changeColumns,
    deletedAt: nullable(instant),
  },
  {
    noun: 'view',
    indexes: {
      ux_saved_views_name: {
        on: ['tenantId', 'ownerId', 'list', 'name'],
        unique: true,
        where: 'deleted_at IS NULL',
      },
    },
    checks: { ck_saved_views_role: "(shared_with = 'role') = (role IS NOT NULL)" },
    foreignKeys: { fk_saved_views_tenant: { fields: ['tenantId'], table: 'tenants', references: ['id'] } },
  },
);
export type SavedViewRow = RowOf<typeof savedViews>;
