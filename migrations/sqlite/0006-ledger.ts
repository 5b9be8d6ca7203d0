import type { Migration } from '../types.ts';
import { appendOnly } from './helpers.ts';

export const ledger: Migration = {
  number: 6,
  name: 'ledger',
  up: [
    `CREATE TABLE "ledger_entries" (
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
      "created_at" TEXT NOT NULL,
      CONSTRAINT "fk_ledger_entries_partner" FOREIGN KEY ("tenant_id", "partner_id") REFERENCES "partners" ("tenant_id", "id"),
      CONSTRAINT "pk_ledger_entries" PRIMARY KEY ("tenant_id", "id")
    ) STRICT`,
    `CREATE UNIQUE INDEX "ux_ledger_entries_event" ON "ledger_entries" ("tenant_id", "kind", "resource_id", "discriminator")`,
    `CREATE INDEX "ix_ledger_entries_partner" ON "ledger_entries" ("tenant_id", "partner_id", "created_at", "id")`,
    `CREATE TABLE "ledger_postings" (
      "tenant_id" TEXT NOT NULL,
      "entry_id" TEXT NOT NULL,
      "account" TEXT NOT NULL,
      "partner_id" TEXT NOT NULL,
      "amount" INTEGER NOT NULL,
      CONSTRAINT "ck_ledger_postings_account" CHECK (account IN ('commission_expense', 'available', 'payable', 'paid')),
      CONSTRAINT "fk_ledger_postings_entry" FOREIGN KEY ("tenant_id", "entry_id") REFERENCES "ledger_entries" ("tenant_id", "id") DEFERRABLE INITIALLY DEFERRED,
      CONSTRAINT "fk_ledger_postings_partner" FOREIGN KEY ("tenant_id", "partner_id") REFERENCES "partners" ("tenant_id", "id"),
      CONSTRAINT "pk_ledger_postings" PRIMARY KEY ("tenant_id", "entry_id", "account")
    ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX "ix_ledger_postings_balance" ON "ledger_postings" ("tenant_id", "partner_id", "account", "amount")`,
    ...appendOnly('ledger_entries'),
    ...appendOnly('ledger_postings'),
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
};
