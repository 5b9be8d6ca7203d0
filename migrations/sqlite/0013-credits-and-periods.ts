import type { Migration } from '../types.ts';
import { appendOnly, rebuildTable } from './helpers.ts';

const creditsTable = `CREATE TABLE "partner_lead_credits" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "partner_id" TEXT NOT NULL,
      "partner_lead_id" TEXT,
      "policy_id" TEXT,
      "policy_revision" INTEGER,
      "source_id" TEXT,
      "origin" TEXT NOT NULL,
      "trigger_event" TEXT NOT NULL,
      "calculation_type" TEXT NOT NULL,
      "credit_amount" INTEGER NOT NULL,
      "currency" TEXT NOT NULL,
      "reason" TEXT NOT NULL,
      "status" TEXT NOT NULL,
      "requested_by" TEXT NOT NULL,
      "approved_by" TEXT,
      "approved_at" TEXT,
      "approved_on" TEXT,
      "approval_notes" TEXT,
      "delegated_policy_id" TEXT,
      "rejected_by" TEXT,
      "rejection_reason" TEXT,
      "reversed_by" TEXT,
      "reversal_reason" TEXT,
      "reverses_credit_id" TEXT,
      "four_eyes_waived" INTEGER NOT NULL,
      "version" INTEGER NOT NULL,
      "created_at" TEXT NOT NULL,
      "updated_at" TEXT NOT NULL,
      "event_on" TEXT,
      "withdrawn_at" TEXT,
      "payable_from" TEXT,
      "booking_note" TEXT,
      "carries_over_credit_id" TEXT,
      CONSTRAINT "ck_partner_lead_credits_origin" CHECK (origin IN ('policy', 'partner_terms', 'request', 'reversal', 'adjustment', 'bonus', 'carry_over')),
      CONSTRAINT "ck_partner_lead_credits_trigger_event" CHECK (trigger_event IN ('approval', 'conversion', 'request')),
      CONSTRAINT "ck_partner_lead_credits_calculation_type" CHECK (calculation_type IN ('percentage', 'fixed_price', 'tiered', 'conversion', 'revenue_share')),
      CONSTRAINT "ck_partner_lead_credits_status" CHECK (status IN ('pending_approval', 'approved', 'rejected', 'reversed')),
      CONSTRAINT "ck_partner_lead_credits_amount" CHECK (credit_amount >= 0 OR origin IN ('reversal', 'adjustment', 'carry_over')),
      CONSTRAINT "ck_partner_lead_credits_four_eyes" CHECK (four_eyes_waived OR delegated_policy_id IS NOT NULL OR approved_by IS NULL OR approved_by <> requested_by),
      CONSTRAINT "ck_partner_lead_credits_payable" CHECK ((approved_on IS NULL) = (payable_from IS NULL) AND (approved_on IS NULL OR payable_from >= approved_on)),
      CONSTRAINT "fk_partner_lead_credits_partner" FOREIGN KEY ("tenant_id", "partner_id") REFERENCES "partners" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_lead_credits_lead" FOREIGN KEY ("tenant_id", "partner_lead_id") REFERENCES "partner_leads" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_lead_credits_revision" FOREIGN KEY ("tenant_id", "policy_id", "policy_revision") REFERENCES "partner_credit_policy_revisions" ("tenant_id", "policy_id", "revision"),
      CONSTRAINT "fk_partner_lead_credits_source" FOREIGN KEY ("tenant_id", "source_id") REFERENCES "partner_sources" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_lead_credits_delegated" FOREIGN KEY ("tenant_id", "delegated_policy_id") REFERENCES "partner_credit_policies" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_lead_credits_reverses" FOREIGN KEY ("tenant_id", "reverses_credit_id") REFERENCES "partner_lead_credits" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_lead_credits_carries_over" FOREIGN KEY ("tenant_id", "carries_over_credit_id") REFERENCES "partner_lead_credits" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_lead_credits_approved_by" FOREIGN KEY ("tenant_id", "approved_by") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_lead_credits_rejected_by" FOREIGN KEY ("tenant_id", "rejected_by") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "pk_partner_lead_credits" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`;

const entriesTable = `CREATE TABLE "ledger_entries" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "partner_id" TEXT NOT NULL,
      "kind" TEXT NOT NULL,
      "resource" TEXT NOT NULL,
      "resource_id" TEXT NOT NULL,
      "discriminator" TEXT NOT NULL,
      "currency" TEXT NOT NULL,
      "amount" INTEGER NOT NULL,
      "actor_id" TEXT,
      "booked_on" TEXT NOT NULL,
      "created_at" TEXT NOT NULL,
      CONSTRAINT "fk_ledger_entries_partner" FOREIGN KEY ("tenant_id", "partner_id") REFERENCES "partners" ("tenant_id", "id"),
      CONSTRAINT "pk_ledger_entries" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`;

/** Whether a day lies in what the organization has closed; nothing is closed while `closed_until` is null. */
const isClosed = (day: string): string =>
  `${day} <= (SELECT "closed_until" FROM "tenants" WHERE "id" = NEW."tenant_id")`;

/** Credits know their day in the organization's zone; of other entries SQLite only knows the day in UTC. */
const bookedOn = `coalesce((
  SELECT c.approved_on FROM partner_lead_credits c
  WHERE c.tenant_id = ledger_entries.tenant_id AND c.id = ledger_entries.resource_id AND ledger_entries.kind = 'credit_approved'
), substr(created_at, 1, 10))`;

/**
 * Closed periods; days of payability, adjustments, bonuses and links of carried-over credits; the day each ledger entry is booked on;
 * payments that came back; a partner's own payout terms. Entries made before this count by the credit's day, others by the day in UTC.
 */
export const creditsAndPeriods: Migration = {
  number: 13,
  name: 'credits-and-periods',
  rebuilds: true,
  up: [
    `ALTER TABLE "tenants" ADD COLUMN "closed_until" TEXT`,
    `CREATE TABLE "accounting_periods" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "period_start" TEXT,
      "period_end" TEXT NOT NULL,
      "note" TEXT,
      "closed_by" TEXT NOT NULL,
      "closed_at" TEXT NOT NULL,
      "reopened_by" TEXT,
      "reopened_at" TEXT,
      "reopen_reason" TEXT,
      "four_eyes_waived" INTEGER NOT NULL,
      "version" INTEGER NOT NULL,
      "created_at" TEXT NOT NULL,
      "updated_at" TEXT NOT NULL,
      CONSTRAINT "ck_accounting_periods_days" CHECK (period_start <= period_end),
      CONSTRAINT "ck_accounting_periods_reopened" CHECK ((reopened_by IS NULL) = (reopened_at IS NULL) AND (reopened_by IS NULL) = (reopen_reason IS NULL)),
      CONSTRAINT "ck_accounting_periods_four_eyes" CHECK (four_eyes_waived OR reopened_by IS NULL OR reopened_by <> closed_by),
      CONSTRAINT "fk_accounting_periods_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "fk_accounting_periods_closed_by" FOREIGN KEY ("tenant_id", "closed_by") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "fk_accounting_periods_reopened_by" FOREIGN KEY ("tenant_id", "reopened_by") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "pk_accounting_periods" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`,
    `CREATE UNIQUE INDEX "ux_accounting_periods_closed" ON "accounting_periods" ("tenant_id", "period_end") WHERE reopened_at IS NULL`,

    `ALTER TABLE "partners" ADD COLUMN "holding_days" INTEGER`,
    `ALTER TABLE "partners" ADD COLUMN "minimum_payout" INTEGER
      CONSTRAINT "ck_partners_payout_terms" CHECK (holding_days >= 0 AND minimum_payout >= 0)`,

    ...rebuildTable(
      'partner_lead_credits',
      creditsTable,
      [
        'id',
        'tenant_id',
        'partner_id',
        'partner_lead_id',
        'policy_id',
        'policy_revision',
        'source_id',
        'origin',
        'trigger_event',
        'calculation_type',
        'credit_amount',
        'currency',
        'reason',
        'status',
        'requested_by',
        'approved_by',
        'approved_at',
        'approved_on',
        'approval_notes',
        'delegated_policy_id',
        'rejected_by',
        'rejection_reason',
        'reversed_by',
        'reversal_reason',
        'reverses_credit_id',
        'four_eyes_waived',
        'version',
        'created_at',
        'updated_at',
        'event_on',
        'withdrawn_at',
        ['payable_from', 'approved_on'],
      ],
      [
        `CREATE UNIQUE INDEX "ux_partner_lead_credits_policy" ON "partner_lead_credits" ("tenant_id", "partner_lead_id", "policy_id", "trigger_event") WHERE origin = 'policy' AND withdrawn_at IS NULL`,
        `CREATE UNIQUE INDEX "ux_partner_lead_credits_terms" ON "partner_lead_credits" ("tenant_id", "partner_lead_id", "trigger_event") WHERE origin = 'partner_terms' AND withdrawn_at IS NULL`,
        `CREATE INDEX "ix_partner_lead_credits_reversal" ON "partner_lead_credits" ("tenant_id", "reverses_credit_id") WHERE reverses_credit_id IS NOT NULL`,
        `CREATE INDEX "ix_partner_lead_credits_carry_over" ON "partner_lead_credits" ("tenant_id", "carries_over_credit_id") WHERE carries_over_credit_id IS NOT NULL`,
        `CREATE INDEX "ix_partner_lead_credits_policy" ON "partner_lead_credits" ("tenant_id", "policy_id", "event_on") WHERE policy_id IS NOT NULL`,
        `CREATE INDEX "ix_partner_lead_credits_lead" ON "partner_lead_credits" ("tenant_id", "partner_lead_id")`,
        `CREATE INDEX "ix_partner_lead_credits_created" ON "partner_lead_credits" ("tenant_id", "created_at", "id")`,
        `CREATE INDEX "ix_partner_lead_credits_status" ON "partner_lead_credits" ("tenant_id", "status", "created_at", "id")`,
        `CREATE INDEX "ix_partner_lead_credits_partner" ON "partner_lead_credits" ("tenant_id", "partner_id", "created_at", "id")`,
        `CREATE INDEX "ix_partner_lead_credits_payable" ON "partner_lead_credits" ("tenant_id", "partner_id", "status", "payable_from")`,
      ],
    ),

    // It names ledger_entries, and SQLite renames no table while a trigger names one that is not there.
    `DROP TRIGGER "tr_ledger_postings_sealed"`,
    ...rebuildTable(
      'ledger_entries',
      entriesTable,
      [
        'id',
        'tenant_id',
        'partner_id',
        'kind',
        'resource',
        'resource_id',
        'discriminator',
        'currency',
        'amount',
        'actor_id',
        ['booked_on', bookedOn],
        'created_at',
      ],
      [
        `CREATE UNIQUE INDEX "ux_ledger_entries_event" ON "ledger_entries" ("tenant_id", "kind", "resource_id", "discriminator")`,
        `CREATE INDEX "ix_ledger_entries_partner" ON "ledger_entries" ("tenant_id", "partner_id", "created_at", "id")`,
        `CREATE INDEX "ix_ledger_entries_statement" ON "ledger_entries" ("tenant_id", "partner_id", "booked_on", "id", "kind", "amount")`,
        ...appendOnly('ledger_entries'),
        // The entry comes last and seals its postings: two or more, of its partner, summing to zero.
        `CREATE TRIGGER "tr_ledger_entries_balance" BEFORE INSERT ON "ledger_entries"
          WHEN (
            SELECT count(*) >= 2 AND sum("amount") = 0 AND min("partner_id") = NEW."partner_id" AND max("partner_id") = NEW."partner_id"
            FROM "ledger_postings" WHERE "tenant_id" = NEW."tenant_id" AND "entry_id" = NEW."id"
          ) IS NOT 1 BEGIN
          SELECT RAISE(ABORT, 'unbalanced: ledger_entries');
        END`,
        `CREATE TRIGGER "tr_ledger_postings_sealed" BEFORE INSERT ON "ledger_postings"
          WHEN EXISTS (
            SELECT 1 FROM "ledger_entries" WHERE "tenant_id" = NEW."tenant_id" AND "id" = NEW."entry_id"
          ) BEGIN
          SELECT RAISE(ABORT, 'immutable: ledger_postings');
        END`,
      ],
    ),
    // A closed period takes nothing any more, neither a credit nor an entry.
    `CREATE TRIGGER "tr_ledger_entries_period" BEFORE INSERT ON "ledger_entries" WHEN ${isClosed('NEW."booked_on"')} BEGIN
      SELECT RAISE(ABORT, 'closed: ledger_entries');
    END`,
    `CREATE TRIGGER "tr_partner_lead_credits_period_made" BEFORE INSERT ON "partner_lead_credits"
      WHEN ${isClosed('NEW."approved_on"')} BEGIN
      SELECT RAISE(ABORT, 'closed: partner_lead_credits');
    END`,
    `CREATE TRIGGER "tr_partner_lead_credits_period_approved" BEFORE UPDATE OF "approved_on" ON "partner_lead_credits"
      WHEN NEW."approved_on" IS NOT OLD."approved_on" AND ${isClosed('NEW."approved_on"')} BEGIN
      SELECT RAISE(ABORT, 'closed: partner_lead_credits');
    END`,

    // In parts or as a whole, no more is taken back of a credit than it was.
    `CREATE TRIGGER "tr_partner_lead_credits_taken_back" BEFORE INSERT ON "partner_lead_credits"
      WHEN NEW."reverses_credit_id" IS NOT NULL AND NEW."credit_amount" + (
        SELECT coalesce(sum("credit_amount"), 0) FROM "partner_lead_credits"
        WHERE "tenant_id" = NEW."tenant_id" AND "reverses_credit_id" = NEW."reverses_credit_id"
      ) + (
        SELECT "credit_amount" FROM "partner_lead_credits"
        WHERE "tenant_id" = NEW."tenant_id" AND "id" = NEW."reverses_credit_id"
      ) < 0 BEGIN
      SELECT RAISE(ABORT, 'unbalanced: partner_lead_credits');
    END`,

    `CREATE TABLE "partner_payout_payment_failures" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "payout_id" TEXT NOT NULL,
      "payment_id" TEXT NOT NULL,
      "amount" INTEGER NOT NULL,
      "failed_on" TEXT NOT NULL,
      "reason" TEXT NOT NULL,
      "recorded_by" TEXT NOT NULL,
      "created_at" TEXT NOT NULL,
      CONSTRAINT "ck_partner_payout_payment_failures_amount" CHECK (amount > 0),
      CONSTRAINT "fk_partner_payout_payment_failures_payout" FOREIGN KEY ("tenant_id", "payout_id") REFERENCES "partner_payouts" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_payout_payment_failures_payment" FOREIGN KEY ("tenant_id", "payment_id") REFERENCES "partner_payout_payments" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_payout_payment_failures_recorded_by" FOREIGN KEY ("tenant_id", "recorded_by") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "pk_partner_payout_payment_failures" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`,
    `CREATE UNIQUE INDEX "ux_partner_payout_payment_failures_payment" ON "partner_payout_payment_failures" ("tenant_id", "payment_id")`,
    `CREATE INDEX "ix_partner_payout_payment_failures_payout" ON "partner_payout_payment_failures" ("tenant_id", "payout_id")`,
    ...appendOnly('partner_payout_payment_failures'),
  ],
};
