import type { Migration } from '../types.ts';
import { rebuildTable } from './helpers.ts';

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
  rebuilds: true,
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

    ...rebuildTable(
      'partner_credit_policies',
      `CREATE TABLE "partner_credit_policies" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "partner_id" TEXT,
      "policy_code" TEXT NOT NULL,
      "policy_name" TEXT NOT NULL,
      "description" TEXT,
      "currency" TEXT NOT NULL,
      "source_id" TEXT,
      "policy_type" TEXT NOT NULL,
      "calculation_type" TEXT NOT NULL,
      "time_unit_type" TEXT,
      "project_id" TEXT,
      "campaign_id" TEXT,
      "start_date" TEXT,
      "end_date" TEXT,
      "base_credit" INTEGER,
      "base_rate" INTEGER,
      "minimum_credit" INTEGER,
      "maximum_credit" INTEGER,
      "bonus_rate" INTEGER NOT NULL,
      "tier_config" TEXT,
      "min_lead_quality_score" INTEGER NOT NULL,
      "priority" INTEGER NOT NULL,
      "is_stackable" INTEGER NOT NULL,
      "requires_approval" INTEGER NOT NULL,
      "auto_approve" INTEGER NOT NULL,
      "approval_required" INTEGER NOT NULL,
      "revision" INTEGER NOT NULL,
      "effective_revision" INTEGER,
      "approved_by" TEXT,
      "approved_at" TEXT,
      "is_active" INTEGER NOT NULL,
      "deactivated_from" TEXT,
      "edited_by" TEXT NOT NULL,
      "created_by" TEXT NOT NULL,
      "total_leads_under_policy" INTEGER NOT NULL,
      "total_credits_allocated" INTEGER NOT NULL,
      "version" INTEGER NOT NULL,
      "created_at" TEXT NOT NULL,
      "updated_at" TEXT NOT NULL,
      "deleted_at" TEXT,
      "cap_per_lead" INTEGER,
      "cap_per_period" INTEGER,
      "total_budget" INTEGER,
      "deactivated_at" TEXT,
      "credits_made" INTEGER NOT NULL,
      "tracks_days" INTEGER NOT NULL,
      CONSTRAINT "ck_partner_credit_policies_policy_type" CHECK (policy_type IN ('time_based', 'project_based', 'campaign_based')),
      CONSTRAINT "ck_partner_credit_policies_calculation_type" CHECK (calculation_type IN ('percentage', 'fixed_price', 'tiered', 'conversion', 'revenue_share')),
      CONSTRAINT "ck_partner_credit_policies_time_unit_type" CHECK (time_unit_type IN ('daily', 'weekly', 'monthly', 'quarterly', 'yearly')),
      CONSTRAINT "ck_partner_credit_policies_days" CHECK (start_date <= end_date),
      CONSTRAINT "ck_partner_credit_policies_amounts" CHECK (base_credit >= 0 AND base_rate >= 0 AND minimum_credit >= 0 AND maximum_credit >= 0 AND bonus_rate >= 0),
      CONSTRAINT "ck_partner_credit_policies_bounds" CHECK (minimum_credit <= maximum_credit),
      CONSTRAINT "ck_partner_credit_policies_score" CHECK (min_lead_quality_score >= 0 AND min_lead_quality_score <= 10000),
      CONSTRAINT "ck_partner_credit_policies_revision" CHECK (revision >= 1 AND (effective_revision IS NULL OR (effective_revision >= 1 AND effective_revision <= revision))),
      CONSTRAINT "ck_partner_credit_policies_caps" CHECK (cap_per_lead >= 0 AND cap_per_period >= 0 AND total_budget >= 0),
      CONSTRAINT "ck_partner_credit_policies_counters" CHECK (total_leads_under_policy >= 0),
      CONSTRAINT "fk_partner_credit_policies_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "fk_partner_credit_policies_partner" FOREIGN KEY ("tenant_id", "partner_id") REFERENCES "partners" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_credit_policies_source" FOREIGN KEY ("tenant_id", "source_id") REFERENCES "partner_sources" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_credit_policies_approved_by" FOREIGN KEY ("tenant_id", "approved_by") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "pk_partner_credit_policies" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`,
      [
        'id',
        'tenant_id',
        'partner_id',
        'policy_code',
        'policy_name',
        'description',
        'currency',
        'source_id',
        'policy_type',
        'calculation_type',
        'time_unit_type',
        'project_id',
        'campaign_id',
        'start_date',
        'end_date',
        'base_credit',
        'base_rate',
        'minimum_credit',
        'maximum_credit',
        'bonus_rate',
        'tier_config',
        'min_lead_quality_score',
        'priority',
        'is_stackable',
        'requires_approval',
        'auto_approve',
        'approval_required',
        'revision',
        'effective_revision',
        'approved_by',
        'approved_at',
        'is_active',
        'deactivated_from',
        'edited_by',
        'created_by',
        'total_leads_under_policy',
        'total_credits_allocated',
        'version',
        'created_at',
        'updated_at',
        'deleted_at',
        // Nothing but its deactivation has touched the row since.
        ['deactivated_at', 'CASE WHEN deactivated_from IS NOT NULL THEN updated_at END'],
        [
          'credits_made',
          `coalesce((SELECT sum(credit_amount) FROM partner_lead_credits made WHERE made.tenant_id = partner_credit_policies.tenant_id
            AND made.policy_id = partner_credit_policies.id AND made.status IN ('pending_approval', 'approved')), 0)`,
        ],
        ['tracks_days', '0'],
      ],
      [
        `CREATE UNIQUE INDEX "ux_partner_credit_policies_code" ON "partner_credit_policies" ("tenant_id", "policy_code")`,
        `CREATE INDEX "ix_partner_credit_policies_partner" ON "partner_credit_policies" ("tenant_id", "partner_id", "is_active")`,
      ],
    ),

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
