import type { Migration } from '../types.ts';
import { tenantFence } from './helpers.ts';

/** Exports in more formats than a CSV file, with their totals; the amount that a payment file orders for each payout. */
export const exportsAndStatements: Migration = {
  number: 14,
  name: 'exports-and-statements',
  up: [
    `ALTER TABLE "payout_exports" DROP CONSTRAINT "ck_payout_exports_layout"`,
    // A change of type rewrites every row, past the triggers that let nobody update one.
    `ALTER TABLE "payout_exports" ALTER COLUMN "layout" TYPE text COLLATE "C" USING 'csv_' || "layout"`,
    `ALTER TABLE "payout_exports" RENAME COLUMN "layout" TO "format"`,
    `ALTER TABLE "payout_exports"
      ADD CONSTRAINT "ck_payout_exports_format" CHECK (format IN ('csv_payouts', 'csv_lines', 'pain001', 'nacha', 'paypal', 'journal')),
      ADD COLUMN "totals" jsonb,
      ADD COLUMN "skipped" jsonb,
      ADD COLUMN "execution_date" date`,
    `ALTER TABLE "payout_export_items" ADD COLUMN "amount" bigint,
      ADD CONSTRAINT "ck_payout_export_items_amount" CHECK (amount > 0)`,
    // Payment files hold account numbers, so each is sealed with a key of its own, and the key with the data key: changing that
    // one never touches a file.
    `CREATE TABLE "payout_export_keys" (
      "tenant_id" uuid NOT NULL,
      "export_id" uuid NOT NULL,
      "file_key" text COLLATE "C" NOT NULL,
      CONSTRAINT "fk_payout_export_keys_export" FOREIGN KEY ("tenant_id", "export_id") REFERENCES "payout_exports" ("tenant_id", "id"),
      CONSTRAINT "pk_payout_export_keys" PRIMARY KEY ("tenant_id", "export_id")
    )`,
    ...tenantFence('payout_export_keys'),
    `CREATE INDEX "ix_ledger_entries_booked" ON "ledger_entries" ("tenant_id", "booked_on", "id")`,
  ],
};
