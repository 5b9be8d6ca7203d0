import { foldedSql, nationalSql } from '../lead-search-text.ts';
import type { Migration } from '../types.ts';
import { appendOnly, tenantFence } from './helpers.ts';

export const leadScoresAndSearch: Migration = {
  number: 12,
  name: 'lead-scores-and-search',
  up: [
    `ALTER TABLE "partner_leads" ADD COLUMN "linked_to" uuid`,
    `ALTER TABLE "partner_leads" ADD COLUMN "protected_until" timestamptz(3)`,
    `ALTER TABLE "partner_leads" ADD COLUMN "not_duplicate_reason" text COLLATE "C"`,
    `ALTER TABLE "partner_leads" ADD COLUMN "not_duplicate_by" uuid`,
    `ALTER TABLE "partner_leads" ADD COLUMN "not_duplicate_at" timestamptz(3)`,
    `ALTER TABLE "partner_leads" ADD COLUMN "conversion_withdrawn_at" timestamptz(3)`,
    `ALTER TABLE "partner_leads" ADD COLUMN "conversion_withdrawn_by" uuid`,
    `ALTER TABLE "partner_leads" ADD COLUMN "conversion_withdrawal_reason" text COLLATE "C"`,
    `DROP INDEX "ix_partner_leads_queue"`,
    `CREATE INDEX "ix_partner_leads_queue" ON "partner_leads" ("tenant_id", "quality_score" DESC, "submitted_at", "id") WHERE status IN ('submitted', 'under_review') AND deleted_at IS NULL AND linked_to IS NULL`,
    `DROP INDEX "ix_partner_leads_partner_queue"`,
    `CREATE INDEX "ix_partner_leads_partner_queue" ON "partner_leads" ("tenant_id", "partner_id", "quality_score" DESC, "submitted_at", "id") WHERE status IN ('submitted', 'under_review') AND deleted_at IS NULL AND linked_to IS NULL`,
    `CREATE INDEX "ix_partner_leads_waiting" ON "partner_leads" ("tenant_id", "submitted_at", "id") WHERE status IN ('submitted', 'under_review') AND deleted_at IS NULL AND linked_to IS NULL`,
    `CREATE INDEX "ix_partner_leads_linked" ON "partner_leads" ("tenant_id", "linked_to") WHERE linked_to IS NOT NULL`,
    `CREATE INDEX "ix_partner_leads_claimed" ON "partner_leads" ("tenant_id", "claim_expires_at") WHERE claimed_by IS NOT NULL`,
    `CREATE INDEX "ix_leads_created" ON "leads" ("tenant_id", "created_at", "id")`,
    `CREATE INDEX "ix_leads_status" ON "leads" ("tenant_id", "status", "created_at", "id")`,
    `CREATE INDEX "ix_leads_partner" ON "leads" ("tenant_id", "partner_id", "created_at", "id")`,
    // A conversion that was withdrawn makes room for the credits of the next one.
    `ALTER TABLE "partner_lead_credits" ADD COLUMN "withdrawn_at" timestamptz(3)`,
    `DROP INDEX "ux_partner_lead_credits_policy"`,
    `DROP INDEX "ux_partner_lead_credits_terms"`,
    `CREATE UNIQUE INDEX "ux_partner_lead_credits_policy" ON "partner_lead_credits" ("tenant_id", "partner_lead_id", "policy_id", "trigger_event") WHERE origin = 'policy' AND withdrawn_at IS NULL`,
    `CREATE UNIQUE INDEX "ux_partner_lead_credits_terms" ON "partner_lead_credits" ("tenant_id", "partner_lead_id", "trigger_event") WHERE origin = 'partner_terms' AND withdrawn_at IS NULL`,
    `ALTER TABLE "partner_credit_policy_mappings" ADD COLUMN "withdrawn_at" timestamptz(3)`,
    `DROP INDEX "ux_partner_credit_policy_mappings_event"`,
    `CREATE UNIQUE INDEX "ux_partner_credit_policy_mappings_event" ON "partner_credit_policy_mappings" ("tenant_id", "partner_lead_id", "policy_id", "event") WHERE withdrawn_at IS NULL`,
    `CREATE INDEX "ix_partner_credit_policy_mappings_withdrawn" ON "partner_credit_policy_mappings" ("tenant_id", "partner_lead_id") WHERE withdrawn_at IS NOT NULL`,

    `CREATE TABLE "lead_score_weights" (
      "tenant_id" uuid NOT NULL,
      "fingerprint" text COLLATE "C" NOT NULL,
      "weights" jsonb NOT NULL,
      "first_used_at" timestamptz(3) NOT NULL,
      CONSTRAINT "fk_lead_score_weights_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_lead_score_weights" PRIMARY KEY ("tenant_id", "fingerprint")
    )`,
    `CREATE TABLE "lead_score_history" (
      "tenant_id" uuid NOT NULL,
      "lead_id" uuid NOT NULL,
      "seq" integer NOT NULL,
      "old_score" integer,
      "new_score" integer NOT NULL,
      "weights_fingerprint" text COLLATE "C" NOT NULL,
      "why" text COLLATE "C" NOT NULL,
      "changed_by" uuid NOT NULL,
      "changed_at" timestamptz(3) NOT NULL,
      CONSTRAINT "ck_lead_score_history_why" CHECK (why IN ('submission', 'edit', 'rescoring')),
      CONSTRAINT "ck_lead_score_history_scores" CHECK (old_score >= 0 AND old_score <= 10000 AND new_score >= 0 AND new_score <= 10000),
      CONSTRAINT "fk_lead_score_history_lead" FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "partner_leads" ("tenant_id", "id"),
      CONSTRAINT "fk_lead_score_history_weights" FOREIGN KEY ("tenant_id", "weights_fingerprint") REFERENCES "lead_score_weights" ("tenant_id", "fingerprint"),
      CONSTRAINT "pk_lead_score_history" PRIMARY KEY ("tenant_id", "lead_id", "seq")
    )`,
    `CREATE TABLE "lead_notes" (
      "id" uuid NOT NULL,
      "tenant_id" uuid NOT NULL,
      "lead_id" uuid NOT NULL,
      "body" text COLLATE "C" NOT NULL,
      "author_id" uuid NOT NULL,
      "created_at" timestamptz(3) NOT NULL,
      CONSTRAINT "fk_lead_notes_lead" FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "partner_leads" ("tenant_id", "id"),
      CONSTRAINT "fk_lead_notes_author" FOREIGN KEY ("tenant_id", "author_id") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "pk_lead_notes" PRIMARY KEY ("tenant_id", "id")
    )`,
    `CREATE INDEX "ix_lead_notes_lead" ON "lead_notes" ("tenant_id", "lead_id", "created_at", "id")`,
    `CREATE TABLE "saved_views" (
      "id" uuid NOT NULL,
      "tenant_id" uuid NOT NULL,
      "owner_id" uuid NOT NULL,
      "list" text COLLATE "C" NOT NULL,
      "name" text COLLATE "C" NOT NULL,
      "filters" jsonb NOT NULL,
      "shared_with" text COLLATE "C" NOT NULL,
      "role" text COLLATE "C",
      "version" integer NOT NULL,
      "created_at" timestamptz(3) NOT NULL,
      "updated_at" timestamptz(3) NOT NULL,
      "deleted_at" timestamptz(3),
      CONSTRAINT "ck_saved_views_list" CHECK (list IN ('leads', 'review_queue')),
      CONSTRAINT "ck_saved_views_shared_with" CHECK (shared_with IN ('nobody', 'role', 'organization')),
      CONSTRAINT "ck_saved_views_role" CHECK ((shared_with = 'role') = (role IS NOT NULL)),
      CONSTRAINT "fk_saved_views_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_saved_views" PRIMARY KEY ("tenant_id", "id")
    )`,
    `CREATE UNIQUE INDEX "ux_saved_views_name" ON "saved_views" ("tenant_id", "owner_id", "list", "name") WHERE deleted_at IS NULL`,
    ...appendOnly('lead_score_weights'),
    ...appendOnly('lead_score_history'),
    ...appendOnly('lead_notes'),

    ...tenantFence('lead_score_weights'),
    ...tenantFence('lead_score_history'),
    ...tenantFence('lead_notes'),
    ...tenantFence('saved_views'),

    `UPDATE "partner_leads" SET "search_text" =
      ' §' || reverse(substr(phone_key, 2)) || ' ' || substr(phone_key, 2) || ' ' || (${nationalSql('phone_key')}) || ' ' || trim(${foldedSql('search_text')})`,
    // The words of every lead by themselves, and no tsvector under GIN: behind row-level security PostgreSQL reads an index only
    // by operators that it knows to leak nothing, which = and < of text are and @@ and LIKE are not.
    `CREATE TABLE "lead_search_words" (
      "tenant_id" uuid NOT NULL,
      "word" text COLLATE "C" NOT NULL,
      "lead_id" uuid NOT NULL,
      CONSTRAINT "pk_lead_search_words" PRIMARY KEY ("tenant_id", "word", "lead_id")
    )`,
    `INSERT INTO "lead_search_words" ("tenant_id", "word", "lead_id")
      SELECT DISTINCT "tenant_id", "word", "id" FROM "partner_leads", string_to_table("search_text", ' ') AS "word" WHERE "word" <> ''`,
    ...tenantFence('lead_search_words'),
    `CREATE FUNCTION "index_new_leads"() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO lead_search_words (tenant_id, word, lead_id)
        SELECT DISTINCT tenant_id, word, id FROM new_leads, string_to_table(search_text, ' ') AS word WHERE word <> ''
        ORDER BY tenant_id, word, id;
      RETURN NULL;
    END $$`,
    `CREATE FUNCTION "index_changed_lead"() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM lead_search_words
        WHERE tenant_id = OLD.tenant_id AND lead_id = OLD.id AND word = ANY (string_to_array(OLD.search_text, ' '));
      IF TG_OP = 'DELETE' THEN RETURN NULL; END IF;
      INSERT INTO lead_search_words (tenant_id, word, lead_id)
        SELECT DISTINCT NEW.tenant_id, word, NEW.id FROM string_to_table(NEW.search_text, ' ') AS word WHERE word <> '';
      RETURN NULL;
    END $$`,
    `CREATE TRIGGER "tr_partner_leads_search_insert" AFTER INSERT ON "partner_leads"
      REFERENCING NEW TABLE AS new_leads FOR EACH STATEMENT EXECUTE FUNCTION index_new_leads()`,
    `CREATE TRIGGER "tr_partner_leads_search_update" AFTER UPDATE OF "search_text" ON "partner_leads"
      FOR EACH ROW WHEN (OLD.search_text IS DISTINCT FROM NEW.search_text) EXECUTE FUNCTION index_changed_lead()`,
    `CREATE TRIGGER "tr_partner_leads_search_delete" AFTER DELETE ON "partner_leads"
      FOR EACH ROW EXECUTE FUNCTION index_changed_lead()`,
  ],
};
