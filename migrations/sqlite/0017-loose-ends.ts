import type { Migration } from '../types.ts';
import { rebuildTable } from './helpers.ts';

export const looseEnds: Migration = {
  number: 17,
  name: 'loose-ends',
  rebuilds: true,
  up: [
    // Where a payment went, masked: the partner's details may change after it.
    `ALTER TABLE "partner_payout_payments" ADD COLUMN "account" TEXT`,
    `ALTER TABLE "mail_settings" ADD COLUMN "ca_certificate" TEXT`,
    // What an e-mail hands over and nobody else may read: a one-time link, sealed.
    `ALTER TABLE "mail_outbox" ADD COLUMN "secret" TEXT`,
    // One job makes one export, however often it is resumed.
    `ALTER TABLE "payout_exports" ADD COLUMN "job_id" TEXT`,
    `CREATE UNIQUE INDEX "ux_payout_exports_job" ON "payout_exports" ("tenant_id", "job_id") WHERE job_id IS NOT NULL`,
    // Payable are approved credits alone: one that waits for its approval needs no entry here.
    `DROP INDEX "ix_partner_lead_credits_payable"`,
    `CREATE INDEX "ix_partner_lead_credits_payable" ON "partner_lead_credits" ("tenant_id", "partner_id", "payable_from") WHERE status = 'approved'`,
    // With its rows in the order they come. In the order of the key each went to a place of its own, among long rows: four pages written
    // for one notification, where two do.
    ...rebuildTable(
      'notifications',
      `CREATE TABLE "notifications" (
      "tenant_id" TEXT NOT NULL,
      "audience" TEXT NOT NULL,
      "id" TEXT NOT NULL,
      "event" TEXT NOT NULL,
      "resource" TEXT NOT NULL,
      "resource_id" TEXT,
      "partner_id" TEXT,
      "data" TEXT NOT NULL,
      "actor_id" TEXT,
      "awaits_mail" INTEGER NOT NULL,
      "created_at" TEXT NOT NULL,
      CONSTRAINT "fk_notifications_tenant" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
      CONSTRAINT "pk_notifications" PRIMARY KEY ("tenant_id", "audience", "id")
    ) STRICT`,
      [
        'tenant_id',
        'audience',
        'id',
        'event',
        'resource',
        'resource_id',
        'partner_id',
        'data',
        'actor_id',
        'awaits_mail',
        'created_at',
      ],
      [`CREATE INDEX "ix_notifications_mail" ON "notifications" ("tenant_id", "id") WHERE awaits_mail`],
    ),
    // Whoever writes words merges a little of them (services/leads/search.ts): by itself the index does much of it at once, in one
    // statement in which nobody else is served.
    `INSERT INTO "lead_search" ("lead_search", "rank") VALUES ('automerge', 0)`,
  ],
};
