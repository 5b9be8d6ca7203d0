import type { Migration } from '../types.ts';

/** A UUID of version 4, made by the statement itself. */
const newId = `lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
  || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))`;
const instantNow = `strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`;

/** What leads and policies named as text until now, as records: the text is code and name, and nobody made them. */
function takeOver(table: 'projects' | 'campaigns', column: string, field: string): string {
  return `INSERT INTO "${table}" ("id", "tenant_id", "code", "name", "is_active", "version", "created_at", "updated_at")
    SELECT ${newId}, tenant_id, code, code, 1, 1, ${instantNow}, ${instantNow} FROM (
      SELECT tenant_id, ${column} AS code FROM partner_leads WHERE ${column} IS NOT NULL
      UNION SELECT tenant_id, ${column} FROM partner_credit_policies WHERE ${column} IS NOT NULL
      UNION SELECT tenant_id, json_extract(terms, '$.${field}') FROM partner_credit_policy_revisions
        WHERE json_extract(terms, '$.${field}') IS NOT NULL
    ) AS named`;
}

/**
 * Projects and campaigns as records; caps of policies, what was credited under them, and the day a policy is deactivated from. A credit
 * gets the day of its event, which caps count by and simulations compare by.
 */
export const policiesAndProjects: Migration = {
  number: 11,
  name: 'policies-and-projects',
  up: [
    `CREATE TABLE "projects" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "code" TEXT NOT NULL,
      "name" TEXT NOT NULL,
      "description" TEXT,
      "start_date" TEXT,
      "end_date" TEXT,
      "is_active" INTEGER NOT NULL,
      "created_by" TEXT,
      "version" INTEGER NOT NULL,
      "created_at" TEXT NOT NULL,
      "updated_at" TEXT NOT NULL,
      "deleted_at" TEXT,
      CONSTRAINT "ck_projects_days" CHECK (start_date <= end_date),
      CONSTRAINT "fk_projects_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_projects" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`,
    `CREATE UNIQUE INDEX "ux_projects_code" ON "projects" ("tenant_id", "code")`,
    `CREATE TABLE "campaigns" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "code" TEXT NOT NULL,
      "name" TEXT NOT NULL,
      "description" TEXT,
      "start_date" TEXT,
      "end_date" TEXT,
      "is_active" INTEGER NOT NULL,
      "created_by" TEXT,
      "version" INTEGER NOT NULL,
      "created_at" TEXT NOT NULL,
      "updated_at" TEXT NOT NULL,
      "deleted_at" TEXT,
      CONSTRAINT "ck_campaigns_days" CHECK (start_date <= end_date),
      CONSTRAINT "fk_campaigns_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_campaigns" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`,
    `CREATE UNIQUE INDEX "ux_campaigns_code" ON "campaigns" ("tenant_id", "code")`,
    takeOver('projects', 'project_id', 'projectId'),
    takeOver('campaigns', 'campaign_id', 'campaignId'),

    `ALTER TABLE "partner_credit_policies" ADD COLUMN "cap_per_lead" INTEGER`,
    `ALTER TABLE "partner_credit_policies" ADD COLUMN "cap_per_period" INTEGER`,
    `ALTER TABLE "partner_credit_policies" ADD COLUMN "total_budget" INTEGER
      CONSTRAINT "ck_partner_credit_policies_caps" CHECK (cap_per_lead >= 0 AND cap_per_period >= 0 AND total_budget >= 0)`,
    `ALTER TABLE "partner_credit_policies" ADD COLUMN "deactivated_at" TEXT`,
    `ALTER TABLE "partner_credit_policies" ADD COLUMN "credits_made" INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE "partner_credit_policies" ADD COLUMN "tracks_days" INTEGER NOT NULL DEFAULT 0`,
    // Nothing but its deactivation has touched the row since.
    `UPDATE "partner_credit_policies" SET "deactivated_at" = "updated_at" WHERE "deactivated_from" IS NOT NULL`,
    `UPDATE "partner_credit_policies" SET "credits_made" = made.amount FROM (
      SELECT tenant_id, policy_id, sum(credit_amount) AS amount FROM partner_lead_credits
      WHERE policy_id IS NOT NULL AND status IN ('pending_approval', 'approved') GROUP BY tenant_id, policy_id
    ) AS made WHERE made.tenant_id = partner_credit_policies.tenant_id AND made.policy_id = partner_credit_policies.id`,

    `ALTER TABLE "partner_lead_credits" ADD COLUMN "event_on" TEXT`,
    `UPDATE "partner_lead_credits" SET "event_on" = (
      SELECT CASE partner_lead_credits.trigger_event WHEN 'approval' THEN l.approved_on ELSE l.conversion_date END
      FROM partner_leads l
      WHERE l.tenant_id = partner_lead_credits.tenant_id AND l.id = partner_lead_credits.partner_lead_id
    ) WHERE trigger_event IN ('approval', 'conversion')`,

    `CREATE INDEX "ix_partner_lead_credits_policy" ON "partner_lead_credits" ("tenant_id", "policy_id", "event_on") WHERE policy_id IS NOT NULL`,
    // In the order it happened, which a simulation goes through again.
    `CREATE INDEX "ix_partner_leads_approved_at" ON "partner_leads" ("tenant_id", "approved_at", "id", "partner_id") WHERE approved_at IS NOT NULL`,
    `CREATE INDEX "ix_partner_leads_converted_at" ON "partner_leads" ("tenant_id", "converted_at", "id", "partner_id") WHERE converted_at IS NOT NULL`,

    `CREATE TABLE "policy_day_credits" (
      "tenant_id" TEXT NOT NULL,
      "policy_id" TEXT NOT NULL,
      "day" TEXT NOT NULL,
      "amount" INTEGER NOT NULL,
      CONSTRAINT "fk_policy_day_credits_policy" FOREIGN KEY ("tenant_id", "policy_id") REFERENCES "partner_credit_policies" ("tenant_id", "id"),
      CONSTRAINT "pk_policy_day_credits" PRIMARY KEY ("tenant_id", "policy_id", "day")
    ) STRICT, WITHOUT ROWID`,
  ],
};
