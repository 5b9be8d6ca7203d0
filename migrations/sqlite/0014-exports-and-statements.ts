import type { Migration } from '../types.ts';
import { appendOnly, rebuildTable } from './helpers.ts';

/** Exports in more formats than a CSV file, with their totals; the amount that a payment file orders for each payout. */
export const exportsAndStatements: Migration = {
  number: 14,
  name: 'exports-and-statements',
  // What was the layout of a CSV file becomes the format of any file: another check.
  rebuilds: true,
  up: [
    ...rebuildTable(
      'payout_exports',
      `CREATE TABLE "payout_exports" (
      "id" TEXT NOT NULL,
      "tenant_id" TEXT NOT NULL,
      "exported_by" TEXT NOT NULL,
      "format" TEXT NOT NULL,
      "filter" TEXT NOT NULL,
      "file_name" TEXT NOT NULL,
      "row_count" INTEGER NOT NULL,
      "byte_size" INTEGER NOT NULL,
      "file_sha256" TEXT NOT NULL,
      "totals" TEXT,
      "skipped" TEXT,
      "execution_date" TEXT,
      "created_at" TEXT NOT NULL,
      CONSTRAINT "ck_payout_exports_format" CHECK (format IN ('csv_payouts', 'csv_lines', 'pain001', 'nacha', 'paypal', 'journal')),
      CONSTRAINT "ck_payout_exports_counts" CHECK (row_count >= 0 AND byte_size >= 0),
      CONSTRAINT "fk_payout_exports_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "fk_payout_exports_exported_by" FOREIGN KEY ("tenant_id", "exported_by") REFERENCES "staff" ("tenant_id", "id"),
      CONSTRAINT "pk_payout_exports" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`,
      [
        'id',
        'tenant_id',
        'exported_by',
        ['format', `'csv_' || "layout"`],
        'filter',
        'file_name',
        'row_count',
        'byte_size',
        'file_sha256',
        'created_at',
      ],
      [
        `CREATE INDEX "ix_payout_exports_created" ON "payout_exports" ("tenant_id", "created_at", "id")`,
        ...appendOnly('payout_exports'),
      ],
    ),
    `ALTER TABLE "payout_export_items" ADD COLUMN "amount" INTEGER CONSTRAINT "ck_payout_export_items_amount" CHECK (amount > 0)`,
    // Payment files hold account numbers, so each is sealed with a key of its own, and the key with the data key: changing that
    // one never touches a file.
    `CREATE TABLE "payout_export_keys" (
      "tenant_id" TEXT NOT NULL,
      "export_id" TEXT NOT NULL,
      "file_key" TEXT NOT NULL,
      CONSTRAINT "fk_payout_export_keys_export" FOREIGN KEY ("tenant_id", "export_id") REFERENCES "payout_exports" ("tenant_id", "id"),
      CONSTRAINT "pk_payout_export_keys" PRIMARY KEY ("tenant_id", "export_id")
    ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX "ix_ledger_entries_booked" ON "ledger_entries" ("tenant_id", "booked_on", "id")`,
  ],
};
