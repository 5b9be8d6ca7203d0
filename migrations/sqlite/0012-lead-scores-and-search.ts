import { foldedSql, nationalSql } from '../lead-search-text.ts';
import type { Migration } from '../types.ts';
import { appendOnly } from './helpers.ts';

/** The digits of an E.164 number from its end, digit by digit: SQLite has no reverse(). */
const reversedDigits = `(SELECT group_concat(digit, '') FROM (
  SELECT substr(phone_key, value, 1) AS digit FROM json_each('[16,15,14,13,12,11,10,9,8,7,6,5,4,3,2]')))`;

/** The first word of a lead's search text is its phone number backwards, which few leads share: by it a document is found again. */
const firstWordOf = (text: string) => `substr(${text}, 2, instr(substr(${text}, 2) || ' ', ' ') - 1)`;

/** A document has a number of its own: the rowids of a table without an INTEGER PRIMARY KEY are not kept by VACUUM. */
const forget = `DELETE FROM "lead_search" WHERE rowid IN (
        SELECT rowid FROM "lead_search"
        WHERE "lead_search" MATCH '"' || ${firstWordOf('OLD."search_text"')} || '"' AND "lead_id" = OLD."id");`;

export const leadScoresAndSearch: Migration = {
  number: 12,
  name: 'lead-scores-and-search',
  up: [
    `ALTER TABLE "partner_leads" ADD COLUMN "linked_to" TEXT`,
    `ALTER TABLE "partner_leads" ADD COLUMN "protected_until" TEXT`,
    `ALTER TABLE "partner_leads" ADD COLUMN "not_duplicate_reason" TEXT`,
    `ALTER TABLE "partner_leads" ADD COLUMN "not_duplicate_by" TEXT`,
    `ALTER TABLE "partner_leads" ADD COLUMN "not_duplicate_at" TEXT`,
    `ALTER TABLE "partner_leads" ADD COLUMN "conversion_withdrawn_at" TEXT`,
    `ALTER TABLE "partner_leads" ADD COLUMN "conversion_withdrawn_by" TEXT`,
    `ALTER TABLE "partner_leads" ADD COLUMN "conversion_withdrawal_reason" TEXT`,
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
    `ALTER TABLE "partner_lead_credits" ADD COLUMN "withdrawn_at" TEXT`,
    `DROP INDEX "ux_partner_lead_credits_policy"`,
    `DROP INDEX "ux_partner_lead_credits_terms"`,
    `CREATE UNIQUE INDEX "ux_partner_lead_credits_policy" ON "partner_lead_credits" ("tenant_id", "partner_lead_id", "policy_id", "trigger_event") WHERE origin = 'policy' AND withdrawn_at IS NULL`,
    `CREATE UNIQUE INDEX "ux_partner_lead_credits_terms" ON "partner_lead_credits" ("tenant_id", "partner_lead_id", "trigger_event") WHERE origin = 'partner_terms' AND withdrawn_at IS NULL`,
    `ALTER TABLE "partner_credit_policy_mappings" ADD COLUMN "withdrawn_at" TEXT`,
    `DROP INDEX "ux_partner_credit_policy_mappings_event"`,
    `CREATE UNIQUE INDEX "ux_partner_credit_policy_mappings_event" ON "partner_credit_policy_mappings" ("tenant_id", "partner_lead_id", "policy_id", "event") WHERE withdrawn_at IS NULL`,
    `CREATE INDEX "ix_partner_credit_policy_mappings_withdrawn" ON "partner_credit_policy_mappings" ("tenant_id", "partner_lead_id") WHERE withdrawn_at IS NOT NULL`,

    `CREATE TABLE "lead_score_weights" (
      "tenant_id" TEXT NOT NULL,
      "fingerprint" TEXT NOT NULL,
      "weights" TEXT NOT NULL,
      "first_used_at" TEXT NOT NULL,
      CONSTRAINT "fk_lead_score_weights_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_lead_score_weights" PRIMARY KEY ("tenant_id", "fingerprint")
    ) STRICT`,
    `CREATE TABLE "lead_score_history" (
      "tenant_id" TEXT NOT NULL,
      "lead_id" TEXT NOT NULL,
      "seq" INTEGER NOT NULL,
      "old_score" INTEGER,
      "new_score" INTEGER NOT NULL,
      "weights_fingerprint" TEXT NOT NULL,
      "why" TEXT NOT NULL,
      "changed_by" TEXT NOT NULL,
      "changed_at" TEXT NOT NULL,
      CONSTRAINT "ck_lead_score_history_why" CHECK (why IN ('submission', 'edit', 'rescoring')),
      CONSTRAINT "ck_lead_score_history_scores" CHECK (old_score >= 0 AND old_score <= 10000 AND new_score >= 0 AND new_score <= 10000),
      CONSTRAINT "fk_lead_score_history_lead" FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "partner_leads" ("tenant_id", "id"),
      CONSTRAINT "fk_lead_score_history_weights" FOREIGN KEY ("tenant_id", "weights_fingerprint") REFERENCES "lead_score_weights" ("tenant_id", "fingerprint"),
      CONSTRAINT "pk_lead_score_history" PRIMARY KEY ("tenant_id", "lead_id", "seq")
    ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE "lead_notes" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "lead_id" TEXT NOT NULL,
      "body" TEXT NOT NULL,
      "author_id" TEXT NOT NULL,
      "created_at" TEXT NOT NULL,
      CONSTRAINT "fk_lead_notes_lead" FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "partner_leads" ("tenant_id", "id"),
      CONSTRAINT "fk_lead_notes_author" FOREIGN KEY ("tenant_id", "author_id") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "pk_lead_notes" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`,
    `CREATE INDEX "ix_lead_notes_lead" ON "lead_notes" ("tenant_id", "lead_id", "created_at", "id")`,
    `CREATE TABLE "saved_views" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "owner_id" TEXT NOT NULL,
      "list" TEXT NOT NULL,
      "name" TEXT NOT NULL,
      "filters" TEXT NOT NULL,
      "shared_with" TEXT NOT NULL,
      "role" TEXT,
      "version" INTEGER NOT NULL,
      "created_at" TEXT NOT NULL,
      "updated_at" TEXT NOT NULL,
      "deleted_at" TEXT,
      CONSTRAINT "ck_saved_views_list" CHECK (list IN ('leads', 'review_queue')),
      CONSTRAINT "ck_saved_views_shared_with" CHECK (shared_with IN ('nobody', 'role', 'organization')),
      CONSTRAINT "ck_saved_views_role" CHECK ((shared_with = 'role') = (role IS NOT NULL)),
      CONSTRAINT "fk_saved_views_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_saved_views" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`,
    `CREATE UNIQUE INDEX "ux_saved_views_name" ON "saved_views" ("tenant_id", "owner_id", "list", "name") WHERE deleted_at IS NULL`,
    ...appendOnly('lead_score_weights'),
    ...appendOnly('lead_score_history'),
    ...appendOnly('lead_notes'),

    `UPDATE "partner_leads" SET "search_text" =
      ' §' || ${reversedDigits} || ' ' || substr(phone_key, 2) || ' ' || (${nationalSql('phone_key')}) || ' ' || trim(${foldedSql('search_text')})`,
    // Words stand behind spaces already, so the tokenizer only has to split there. Where in a text a word stands is not kept.
    `CREATE VIRTUAL TABLE "lead_search" USING fts5(
      words, lead_id UNINDEXED, content='', contentless_delete=1, contentless_unindexed=1, tokenize='ascii', detail='none')`,
    `INSERT INTO "lead_search" ("words", "lead_id") SELECT "search_text", "id" FROM "partner_leads"`,
    `CREATE TRIGGER "tr_partner_leads_search_insert" AFTER INSERT ON "partner_leads" BEGIN
      INSERT INTO "lead_search" ("words", "lead_id") VALUES (NEW."search_text", NEW."id");
    END`,
    `CREATE TRIGGER "tr_partner_leads_search_update" AFTER UPDATE OF "search_text" ON "partner_leads"
      WHEN OLD."search_text" <> NEW."search_text" BEGIN
      ${forget}
      INSERT INTO "lead_search" ("words", "lead_id") VALUES (NEW."search_text", NEW."id");
    END`,
    `CREATE TRIGGER "tr_partner_leads_search_delete" AFTER DELETE ON "partner_leads" BEGIN
      ${forget}
    END`,
  ],
};
