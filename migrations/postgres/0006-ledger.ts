import type { Migration } from '../types.ts';
import { appendOnly, tenantFence } from './helpers.ts';

export const ledger: Migration = {
  number: 6,
  name: 'ledger',
  up: [
    `CREATE TABLE "ledger_entries" (
      "id" uuid NOT NULL,
      "tenant_id" uuid NOT NULL,
      "partner_id" uuid NOT NULL,
      "kind" text COLLATE "C" NOT NULL,
      "resource" text COLLATE "C" NOT NULL,
      "resource_id" uuid NOT NULL,
      "discriminator" text COLLATE "C" NOT NULL,
      "currency" text COLLATE "C" NOT NULL,
      "amount" bigint NOT NULL,
      "actor_id" uuid,
      "created_at" timestamptz(3) NOT NULL,
      CONSTRAINT "fk_ledger_entries_partner" FOREIGN KEY ("tenant_id", "partner_id") REFERENCES "partners" ("tenant_id", "id"),
      CONSTRAINT "pk_ledger_entries" PRIMARY KEY ("tenant_id", "id")
    )`,
    `CREATE UNIQUE INDEX "ux_ledger_entries_event" ON "ledger_entries" ("tenant_id", "kind", "resource_id", "discriminator")`,
    `CREATE INDEX "ix_ledger_entries_partner" ON "ledger_entries" ("tenant_id", "partner_id", "created_at", "id")`,
    `CREATE TABLE "ledger_postings" (
      "tenant_id" uuid NOT NULL,
      "entry_id" uuid NOT NULL,
      "account" text COLLATE "C" NOT NULL,
      "partner_id" uuid NOT NULL,
      "amount" bigint NOT NULL,
      CONSTRAINT "ck_ledger_postings_account" CHECK (account IN ('commission_expense', 'available', 'payable', 'paid')),
      CONSTRAINT "fk_ledger_postings_entry" FOREIGN KEY ("tenant_id", "entry_id") REFERENCES "ledger_entries" ("tenant_id", "id") DEFERRABLE INITIALLY DEFERRED,
      CONSTRAINT "fk_ledger_postings_partner" FOREIGN KEY ("tenant_id", "partner_id") REFERENCES "partners" ("tenant_id", "id"),
      CONSTRAINT "pk_ledger_postings" PRIMARY KEY ("tenant_id", "entry_id", "account")
    )`,
    `CREATE INDEX "ix_ledger_postings_balance" ON "ledger_postings" ("tenant_id", "partner_id", "account", "amount")`,
    ...appendOnly('ledger_entries'),
    ...appendOnly('ledger_postings'),
    // The entry comes last and seals its postings: two or more, of its partner, summing to zero.
    `CREATE FUNCTION "check_ledger_balance"() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF (
          SELECT count(*) >= 2 AND sum("amount") = 0 AND bool_and("partner_id" = NEW."partner_id")
          FROM "ledger_postings" WHERE "tenant_id" = NEW."tenant_id" AND "entry_id" = NEW."id"
        ) IS NOT TRUE THEN
          RAISE EXCEPTION USING ERRCODE = 'PD002', MESSAGE = 'unbalanced: ledger_entries', TABLE = 'ledger_entries';
        END IF;
        RETURN NEW;
      END $$`,
    `CREATE FUNCTION "refuse_sealed_posting"() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (
          SELECT 1 FROM "ledger_entries" WHERE "tenant_id" = NEW."tenant_id" AND "id" = NEW."entry_id"
        ) THEN
          RAISE EXCEPTION USING ERRCODE = 'PD001', MESSAGE = 'immutable: ledger_postings', TABLE = 'ledger_postings';
        END IF;
        RETURN NEW;
      END $$`,
    `CREATE TRIGGER "tr_ledger_entries_balance" BEFORE INSERT ON "ledger_entries"
      FOR EACH ROW EXECUTE FUNCTION check_ledger_balance()`,
    `CREATE TRIGGER "tr_ledger_postings_sealed" BEFORE INSERT ON "ledger_postings"
      FOR EACH ROW EXECUTE FUNCTION refuse_sealed_posting()`,
    ...tenantFence('ledger_entries'),
    ...tenantFence('ledger_postings'),
  ],
};
