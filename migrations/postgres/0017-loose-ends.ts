import type { Migration } from '../types.ts';

export const looseEnds: Migration = {
  number: 17,
  name: 'loose-ends',
  up: [
    // Where a payment went, masked: the partner's details may change after it.
    `ALTER TABLE "partner_payout_payments" ADD COLUMN "account" text COLLATE "C"`,
    `ALTER TABLE "mail_settings" ADD COLUMN "ca_certificate" text`,
    // What an e-mail hands over and nobody else may read: a one-time link, sealed.
    `ALTER TABLE "mail_outbox" ADD COLUMN "secret" text COLLATE "C"`,
  ],
};
