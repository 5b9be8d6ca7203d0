import type { Migration } from '../types.ts';
import { tenantFence } from './helpers.ts';

/** What leads and policies named as text until now, as records: the text is code and name, and nobody made them. */
function takeOver(table: 'projects' | 'campaigns', column: string, field: string): string {
  return `INSERT INTO "${table}" ("id", "tenant_id", "code", "name", "is_active", "version", "created_at", "updated_at")
    SELECT gen_random_uuid(), tenant_id, code, code, true, 1, now(), now() FROM (
      SELECT tenant_id, ${column} AS code FROM partner_leads WHERE ${column} IS NOT NULL
      UNION SELECT tenant_id, ${column} FROM partner_credit_policies WHERE ${column} IS NOT NULL
      UNION SELECT tenant_id, terms ->> '${field}' FROM partner_credit_policy_revisions WHERE terms ->> '${field}' IS NOT NULL
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
      "id" uuid NOT NULL,
      "tenant_id" uuid NOT NULL,
      "code" text COLLATE "C" NOT NULL,
      "name" text COLLATE "C" NOT NULL,
      "description" text COLLATE "C",
      "start_date" date,
      "end_date" date,
      "is_active" boolean NOT NULL,
      "created_by" uuid,
      "version" integer NOT NULL,
      "created_at" timestamptz(3) NOT NULL,
      "updated_at" timestamptz(3) NOT NULL,
      "deleted_at" timestamptz(3),
      CONSTRAINT "ck_projects_days" CHECK (start_date <= end_date),
      CONSTRAINT "fk_projects_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_projects" PRIMARY KEY ("tenant_id", "id")
    )`,
    `CREATE UNIQUE INDEX "ux_projects_code" ON "projects" ("tenant_id", "code")`,
    `CREATE TABLE "campaigns" (
      "id" uuid NOT NULL,
      "tenant_id" uuid NOT NULL,
      "code" text COLLATE "C" NOT NULL,
      "name" text COLLATE "C" NOT NULL,
      "description" text COLLATE "C",
      "start_date" date,
      "end_date" date,
      "is_active" boolean NOT NULL,
      "created_by" uuid,
      "version" integer NOT NULL,
      "created_at" timestamptz(3) NOT NULL,
      "updated_at" timestamptz(3) NOT NULL,
      "deleted_at" timestamptz(3),
      CONSTRAINT "ck_campaigns_days" CHECK (start_date <= end_date),
      CONSTRAINT "fk_campaigns_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_campaigns" PRIMARY KEY ("tenant_id", "id")
    )`,
    `CREATE UNIQUE INDEX "ux_campaigns_code" ON "campaigns" ("tenant_id", "code")`,
    takeOver('projects', 'project_id', 'projectId'),
    takeOver('campaigns', 'campaign_id', 'campaignId'),

    `ALTER TABLE "partner_credit_policies"
      ADD COLUMN "cap_per_lead" bigint,
      ADD COLUMN "cap_per_period" bigint,
      ADD COLUMN "total_budget" bigint,
      ADD COLUMN "deactivated_at" timestamptz(3),
      ADD COLUMN "credits_made" bigint NOT NULL DEFAULT 0,
      ADD COLUMN "tracks_days" boolean NOT NULL DEFAULT false,
      ADD CONSTRAINT "ck_partner_credit_policies_caps" CHECK (cap_per_lead >= 0 AND cap_per_period >= 0 AND total_budget >= 0)`,
    `ALTER TABLE "partner_credit_policies" ALTER COLUMN "credits_made" DROP DEFAULT, ALTER COLUMN "tracks_days" DROP DEFAULT`,
    // Nothing but its deactivation has touched the row since.
    `UPDATE "partner_credit_policies" SET "deactivated_at" = "updated_at" WHERE "deactivated_from" IS NOT NULL`,
    `UPDATE "partner_credit_policies" SET "credits_made" = made.amount FROM (
      SELECT tenant_id, policy_id, sum(credit_amount) AS amount FROM partner_lead_credits
      WHERE policy_id IS NOT NULL AND status IN ('pending_approval', 'approved') GROUP BY tenant_id, policy_id
    ) AS made WHERE made.tenant_id = partner_credit_policies.tenant_id AND made.policy_id = partner_credit_policies.id`,

    `ALTER TABLE "partner_lead_credits" ADD COLUMN "event_on" date`,
    `UPDATE "partner_lead_credits" c SET "event_on" =
        CASE c.trigger_event WHEN 'approval' THEN l.approved_on ELSE l.conversion_date END
      FROM partner_leads l
      WHERE l.tenant_id = c.tenant_id AND l.id = c.partner_lead_id AND c.trigger_event IN ('approval', 'conversion')`,

    `CREATE INDEX "ix_partner_lead_credits_policy" ON "partner_lead_credits" ("tenant_id", "policy_id", "event_on") WHERE policy_id IS NOT NULL`,
    // In the order it happened, which a simulation goes through again.
    `CREATE INDEX "ix_partner_leads_approved_at" ON "partner_leads" ("tenant_id", "approved_at", "id", "partner_id") WHERE approved_at IS NOT NULL`,
    `CREATE INDEX "ix_partner_leads_converted_at" ON "partner_leads" ("tenant_id", "converted_at", "id", "partner_id") WHERE converted_at IS NOT NULL`,

    `CREATE TABLE "policy_day_credits" (
      "tenant_id" uuid NOT NULL,
      "policy_id" uuid NOT NULL,
      "day" date NOT NULL,
      "amount" bigint NOT NULL,
      CONSTRAINT "fk_policy_day_credits_policy" FOREIGN KEY ("tenant_id", "policy_id") REFERENCES "partner_credit_policies" ("tenant_id", "id"),
      CONSTRAINT "pk_policy_day_credits" PRIMARY KEY ("tenant_id", "policy_id", "day")
    )`,
    ...tenantFence('projects'),
    ...tenantFence('campaigns'),
    ...tenantFence('policy_day_credits'),
  ],
};
