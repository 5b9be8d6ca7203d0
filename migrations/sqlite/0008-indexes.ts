import type { Migration } from '../types.ts';

export const indexes: Migration = {
  number: 8,
  name: 'indexes',
  up: [
    // The activities of a kind of thing, newest first.
    `CREATE INDEX "ix_partner_activities_kind" ON "partner_activities" ("tenant_id", "resource", "seq")`,
    // Credits of any status, not only those that wait.
    `DROP INDEX "ix_partner_lead_credits_pending"`,
    `CREATE INDEX "ix_partner_lead_credits_status" ON "partner_lead_credits" ("tenant_id", "status", "created_at", "id")`,
    // What waits of one partner: without it, the whole queue is walked for a partner with little in it.
    `CREATE INDEX "ix_partner_leads_partner_queue" ON "partner_leads" ("tenant_id", "partner_id", "quality_score" DESC, "submitted_at", "id") WHERE status IN ('submitted', 'under_review') AND deleted_at IS NULL`,
  ],
};
