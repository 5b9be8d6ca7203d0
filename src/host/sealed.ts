import sql from 'sql-template-tag';
import type { Writer } from './database/index.ts';

/** A column of sealed texts: where they are, and what each is bound to. */
export interface SealedColumn {
  table: string;
  column: string;
  /** Tells the rows of a tenant apart. */
  key: string;
  context: (tenantId: string, key: string) => string;
}

/** What a text is bound to, by what it is about; the same for sealing and for opening. */
export const sealedFor = {
  banking: (tenantId: string, partnerId: string) => `banking:${tenantId}:${partnerId}`,
  secondFactor: (tenantId: string, userId: string) => `second-factor:${tenantId}:${userId}`,
  mailPassword: (tenantId: string, settingsId: string) => `mail:${tenantId}:${settingsId}`,
  mailSecret: (tenantId: string, mailId: string) => `mail-secret:${tenantId}:${mailId}`,
  /** A payment file by its own key, and that key by the data key. */
  paymentFile: (tenantId: string, exportId: string) => `export:${tenantId}:${exportId}`,
};

/**
 * Every column the vault seals, for the change of the data key (`key-rotation.ts`): one that is missing here would be
 * unreadable after it. A test looks for whoever seals without being listed.
 */
export const sealedColumns: readonly SealedColumn[] = [
  { table: 'partners', column: 'banking_secret', key: 'id', context: sealedFor.banking },
  { table: 'second_factors', column: 'secret', key: 'user_id', context: sealedFor.secondFactor },
  { table: 'mail_settings', column: 'password_secret', key: 'id', context: sealedFor.mailPassword },
  { table: 'mail_outbox', column: 'secret', key: 'id', context: sealedFor.mailSecret },
  { table: 'payout_export_keys', column: 'file_key', key: 'export_id', context: sealedFor.paymentFile },
];

/** Any number, the same in every process. */
const sealingLock = 7_304_027;

/**
 * Keeps the data key from being changed under a transaction that seals something: call it before `vault.seal`. Whoever
 * waits for a change to end seals with the new key. SQLite's only writer has nothing to wait for.
 */
export async function keepDataKey(tx: Writer): Promise<void> {
  if (tx.engine === 'postgres') await tx.get(sql`select pg_advisory_xact_lock_shared(${sealingLock})`);
}

/** Waits for every transaction that sealed something, and keeps others from it until this one ends. */
export async function holdDataKey(tx: Writer): Promise<void> {
  if (tx.engine === 'postgres') await tx.get(sql`select pg_advisory_xact_lock(${sealingLock})`);
}
