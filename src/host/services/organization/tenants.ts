import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import type * as z from 'zod';
import type { setupInput } from '#contract/organization.ts';
import { isTimeZone } from '#domain/calendar.ts';
import { invalidField } from '#domain/errors.ts';
import { isCurrency } from '#domain/money.ts';
import type { HostContext } from '../../context.ts';
import { activityHeads, staff, tenants, type Writer } from '../../database/index.ts';
import { appendActivity, chainStart } from '../activity-chain.ts';
import { hashPassword } from './passwords.ts';
import { defaultSettings } from './settings.ts';

export type NewTenant = z.output<typeof setupInput>;

/** Makes an organization with its first administrator. `guard` runs first in the same transaction and may refuse. */
export async function createTenant(
  host: HostContext,
  input: NewTenant,
  guard: (tx: Writer) => Promise<void>,
): Promise<{ tenantId: string; adminId: string }> {
  if (!isCurrency(input.currency))
    throw invalidField('currency', 'This is not a currency in use, such as EUR.');
  if (!isTimeZone(input.timeZone)) {
    throw invalidField('timeZone', 'This time zone is not known. Use one such as Europe/Berlin.');
  }
  // Before the transaction: hashing takes tens of milliseconds, and the writer is one for all.
  const passwordHash = await hashPassword(input.admin.password);
  return host.database.write('system', async (tx) => {
    await guard(tx);
    const now = host.now();
    const tenantId = uuidv7();
    const adminId = uuidv7();
    await tx.insert(tenants, {
      id: tenantId,
      organizationName: input.organizationName,
      currency: input.currency,
      timeZone: input.timeZone,
      settings: { ...defaultSettings },
    });
    await tx.insert(activityHeads, { tenantId, seq: 0, hash: chainStart });
    await tx.insert(staff, {
      id: adminId,
      tenantId,
      email: input.admin.email,
      emailKey: input.admin.email.toLowerCase(),
      firstName: input.admin.firstName,
      lastName: input.admin.lastName,
      passwordHash,
      roles: ['admin'],
      isActive: true,
      failedAttempts: 0,
    });
    const actor = {
      tenantId,
      userId: adminId,
      userName: `${input.admin.firstName} ${input.admin.lastName}`,
      station: null,
    };
    await appendActivity(tx, actor, now, {
      action: 'organization_created',
      resource: 'organization',
      resourceId: tenantId,
      details: {
        organizationName: input.organizationName,
        currency: input.currency,
        timeZone: input.timeZone,
      },
    });
    return { tenantId, adminId };
  });
}

/** Whether there is no organization yet. */
export async function isEmpty(reader: Pick<Writer, 'get'>): Promise<boolean> {
  return (await reader.get(sql`select id from tenants limit 1`)) === undefined;
}

/** Lets one set-up at a time through on PostgreSQL; on SQLite the writer is alone anyway. */
export async function lockSetup(tx: Writer): Promise<void> {
  if (tx.engine === 'postgres') await tx.run(sql`lock table tenants in exclusive mode`);
}
