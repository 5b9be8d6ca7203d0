import type { Migration } from '../types.ts';
import { appendOnly, tenantFence } from './helpers.ts';

/**
 * Closed periods; days of payability, adjustments, bonuses and links of carried-over credits; the day each ledger entry is booked on;
 * payments that came back; a partner's own payout terms. Entries made before this count by the credit's day, others by the day in UTC.
 */
export const creditsAndPeriods: Migration = {
  number: 13,
  name: 'credits-and-periods',
  up: [
    `ALTER TABLE "tenants" ADD COLUMN "closed_until" date`,
    `CREATE TABLE "accounting_periods" (
      "id" uuid NOT NULL,
      "tenant_id" uuid NOT NULL,
      "period_start" date,
      "period_end" date NOT NULL,
      "note" text COLLATE "C",
      "closed_by" uuid NOT NULL,
      "closed_at" timestamptz(3) NOT NULL,
      "reopened_by" uuid,
      "reopened_at" timestamptz(3),
      "reopen_reason" text COLLATE "C",
      "four_eyes_waived" boolean NOT NULL,
      "version" integer NOT NULL,
      "created_at" timestamptz(3) NOT NULL,
      "updated_at" timestamptz(3) NOT NULL,
      CONSTRAINT "ck_accounting_periods_days" CHECK (period_start <= period_end),
      CONSTRAINT "ck_accounting_periods_reopened" CHECK ((reopened_by IS NULL) = (reopened_at IS NULL) AND (reopened_by IS NULL) = (reopen_reason IS NULL)),
      CONSTRAINT "ck_accounting_periods_four_eyes" CHECK (four_eyes_waived OR reopened_by IS NULL OR reopened_by <> closed_by),
      CONSTRAINT "fk_accounting_periods_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "fk_accounting_periods_closed_by" FOREIGN KEY ("tenant_id", "closed_by") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "fk_accounting_periods_reopened_by" FOREIGN KEY ("tenant_id", "reopened_by") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "pk_accounting_periods" PRIMARY KEY ("tenant_id", "id")
    )`,
    `CREATE UNIQUE INDEX "ux_accounting_periods_closed" ON "accounting_periods" ("tenant_id", "period_end") WHERE reopened_at IS NULL`,
    ...tenantFence('accounting_periods'),

    `ALTER TABLE "partners" ADD COLUMN "holding_days" integer, ADD COLUMN "minimum_payout" bigint,
      ADD CONSTRAINT "ck_partners_payout_terms" CHECK (holding_days >= 0 AND minimum_payout >= 0)`,

    `ALTER TABLE "partner_lead_credits" ADD COLUMN "payable_from" date, ADD COLUMN "booking_note" text COLLATE "C",
      ADD COLUMN "carries_over_credit_id" uuid`,
    `UPDATE "partner_lead_credits" SET "payable_from" = "approved_on" WHERE "approved_on" IS NOT NULL`,
    `ALTER TABLE "partner_lead_credits" DROP CONSTRAINT "ck_partner_lead_credits_origin",
      DROP CONSTRAINT "ck_partner_lead_credits_amount",
      ADD CONSTRAINT "ck_partner_lead_credits_origin" CHECK (origin IN ('policy', 'partner_terms', 'request', 'reversal', 'adjustment', 'bonus', 'carry_over')),
      ADD CONSTRAINT "ck_partner_lead_credits_amount" CHECK (credit_amount >= 0 OR origin IN ('reversal', 'adjustment', 'carry_over')),
      ADD CONSTRAINT "ck_partner_lead_credits_payable" CHECK ((approved_on IS NULL) = (payable_from IS NULL) AND (approved_on IS NULL OR payable_from >= approved_on)),
      ADD CONSTRAINT "fk_partner_lead_credits_carries_over" FOREIGN KEY ("tenant_id", "carries_over_credit_id") REFERENCES "partner_lead_credits" ("tenant_id", "id")`,
    `DROP INDEX "ux_partner_lead_credits_reversal"`,
    `DROP INDEX "ix_partner_lead_credits_payable"`,
    `CREATE INDEX "ix_partner_lead_credits_reversal" ON "partner_lead_credits" ("tenant_id", "reverses_credit_id") WHERE reverses_credit_id IS NOT NULL`,
    `CREATE INDEX "ix_partner_lead_credits_carry_over" ON "partner_lead_credits" ("tenant_id", "carries_over_credit_id") WHERE carries_over_credit_id IS NOT NULL`,
    `CREATE INDEX "ix_partner_lead_credits_payable" ON "partner_lead_credits" ("tenant_id", "partner_id", "status", "payable_from")`,

    `ALTER TABLE "ledger_entries" ADD COLUMN "booked_on" date`,
    `ALTER TABLE "ledger_entries" DISABLE TRIGGER "tr_ledger_entries_no_change"`,
    `UPDATE "ledger_entries" SET "booked_on" = coalesce((
      SELECT c.approved_on FROM partner_lead_credits c
      WHERE c.tenant_id = ledger_entries.tenant_id AND c.id = ledger_entries.resource_id AND ledger_entries.kind = 'credit_approved'
    ), ("created_at" AT TIME ZONE 'UTC')::date)`,
    `ALTER TABLE "ledger_entries" ENABLE TRIGGER "tr_ledger_entries_no_change"`,
    `ALTER TABLE "ledger_entries" ALTER COLUMN "booked_on" SET NOT NULL`,
    `CREATE INDEX "ix_ledger_entries_statement" ON "ledger_entries" ("tenant_id", "partner_id", "booked_on", "id", "kind", "amount")`,

    // A closed period takes nothing any more, neither a credit nor an entry.
    `CREATE FUNCTION "check_entry_period"() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW."booked_on" <= (SELECT "closed_until" FROM "tenants" WHERE "id" = NEW."tenant_id") THEN
          RAISE EXCEPTION USING ERRCODE = 'PD003', MESSAGE = 'closed: ledger_entries', TABLE = 'ledger_entries';
        END IF;
        RETURN NEW;
      END $$`,
    `CREATE FUNCTION "check_credit_period"() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW."approved_on" <= (SELECT "closed_until" FROM "tenants" WHERE "id" = NEW."tenant_id") THEN
          RAISE EXCEPTION USING ERRCODE = 'PD003', MESSAGE = 'closed: partner_lead_credits', TABLE = 'partner_lead_credits';
        END IF;
        RETURN NEW;
      END $$`,
    `CREATE TRIGGER "tr_ledger_entries_period" BEFORE INSERT ON "ledger_entries"
      FOR EACH ROW EXECUTE FUNCTION check_entry_period()`,
    `CREATE TRIGGER "tr_partner_lead_credits_period_made" BEFORE INSERT ON "partner_lead_credits"
      FOR EACH ROW WHEN (NEW."approved_on" IS NOT NULL) EXECUTE FUNCTION check_credit_period()`,
    `CREATE TRIGGER "tr_partner_lead_credits_period_approved" BEFORE UPDATE OF "approved_on" ON "partner_lead_credits"
      FOR EACH ROW WHEN (NEW."approved_on" IS DISTINCT FROM OLD."approved_on") EXECUTE FUNCTION check_credit_period()`,

    // In parts or as a whole, no more is taken back of a credit than it was.
    `CREATE FUNCTION "check_taken_back"() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW."credit_amount" + (
          SELECT coalesce(sum("credit_amount"), 0) FROM "partner_lead_credits"
          WHERE "tenant_id" = NEW."tenant_id" AND "reverses_credit_id" = NEW."reverses_credit_id"
        ) + (
          SELECT "credit_amount" FROM "partner_lead_credits"
          WHERE "tenant_id" = NEW."tenant_id" AND "id" = NEW."reverses_credit_id"
        ) < 0 THEN
          RAISE EXCEPTION USING ERRCODE = 'PD002', MESSAGE = 'unbalanced: partner_lead_credits', TABLE = 'partner_lead_credits';
        END IF;
        RETURN NEW;
      END $$`,
    `CREATE TRIGGER "tr_partner_lead_credits_taken_back" BEFORE INSERT ON "partner_lead_credits"
      FOR EACH ROW WHEN (NEW."reverses_credit_id" IS NOT NULL) EXECUTE FUNCTION check_taken_back()`,

    `CREATE TABLE "partner_payout_payment_failures" (
      "id" uuid NOT NULL,
      "tenant_id" uuid NOT NULL,
      "payout_id" uuid NOT NULL,
      "payment_id" uuid NOT NULL,
      "amount" bigint NOT NULL,
      "failed_on" date NOT NULL,
      "reason" text COLLATE "C" NOT NULL,
      "recorded_by" uuid NOT NULL,
      "created_at" timestamptz(3) NOT NULL,
      CONSTRAINT "ck_partner_payout_payment_failures_amount" CHECK (amount > 0),
      CONSTRAINT "fk_partner_payout_payment_failures_payout" FOREIGN KEY ("tenant_id", "payout_id") REFERENCES "partner_payouts" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_payout_payment_failures_payment" FOREIGN KEY ("tenant_id", "payment_id") REFERENCES "partner_payout_payments" ("tenant_id", "id"),
      CONSTRAINT "fk_partner_payout_payment_failures_recorded_by" FOREIGN KEY ("tenant_id", "recorded_by") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "pk_partner_payout_payment_failures" PRIMARY KEY ("tenant_id", "id")
    )`,
    `CREATE UNIQUE INDEX "ux_partner_payout_payment_failures_payment" ON "partner_payout_payment_failures" ("tenant_id", "payment_id")`,
    `CREATE INDEX "ix_partner_payout_payment_failures_payout" ON "partner_payout_payment_failures" ("tenant_id", "payout_id")`,
    ...appendOnly('partner_payout_payment_failures'),
    ...tenantFence('partner_payout_payment_failures'),
  ],
};
