import type { Migration } from '../types.ts';

export const looseEnds: Migration = {
  number: 17,
  name: 'loose-ends',
  up: [
    // Where a payment went, masked: the partner's details may change after it.
    `ALTER TABLE "partner_payout_payments" ADD COLUMN "account" text COLLATE "C"`,
    `ALTER TABLE "mail_settings" ADD COLUMN "ca_certificate" text COLLATE "C"`,
    // What an e-mail hands over and nobody else may read: a one-time link, sealed.
    `ALTER TABLE "mail_outbox" ADD COLUMN "secret" text COLLATE "C"`,
    // One job makes one export, however often it is resumed.
    `ALTER TABLE "payout_exports" ADD COLUMN "job_id" uuid`,
    `CREATE UNIQUE INDEX "ux_payout_exports_job" ON "payout_exports" ("tenant_id", "job_id") WHERE job_id IS NOT NULL`,
    // Payable are approved credits alone: one that waits for its approval needs no entry here.
    `DROP INDEX "ix_partner_lead_credits_payable"`,
    `CREATE INDEX "ix_partner_lead_credits_payable" ON "partner_lead_credits" ("tenant_id", "partner_id", "payable_from") WHERE status = 'approved'`,
  ],
};
