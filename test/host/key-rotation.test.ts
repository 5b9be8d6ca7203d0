import { execFile } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRouterClient } from '@orpc/server';
import { pino } from 'pino';
import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { composeHost, databaseFile, type Host } from '#host/compose.ts';
import {
  mailOutbox,
  mailSettings,
  payoutExportKeys,
  payoutExports,
  secondFactors,
} from '#host/database/index.ts';
import { type KeyRotationEvent, rotateDataKey } from '#host/key-rotation.ts';
import { keepDataKey, sealedColumns, sealedFor } from '#host/sealed.ts';
import { verifyChain } from '#host/services/activity-chain.ts';
import { vaultOf } from '#host/vault.ts';
import { engines, testLocation } from '#test/support/databases.ts';
import { refusalOf } from '#test/support/host.ts';
import { type TestTenant, testTenant } from '#test/support/people.ts';
import { iban, register } from './services/partners/setup.ts';

const log = pino({ level: 'silent' });
const rotation = fileURLToPath(new URL('./key-rotation-process.ts', import.meta.url));

async function all(events: AsyncIterable<KeyRotationEvent>): Promise<KeyRotationEvent[]> {
  const seen: KeyRotationEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

it('knows everything that is sealed: whoever seals says what for, and each of these has its column', async () => {
  const folder = fileURLToPath(new URL('../../src/host/', import.meta.url));
  const sealing: string[] = [];
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.ts') || ['vault.ts', 'key-rotation.ts'].includes(name)) continue;
    const lines = (await readFile(join(folder, name), 'utf8')).split('\n');
    for (const [at, line] of lines.entries()) {
      // What it is sealed for stands in the call, or right before it.
      const around = lines.slice(Math.max(0, at - 2), at + 1).join(' ');
      if (line.includes('.seal(')) sealing.push(/sealedFor\.(\w+)/.exec(around)?.[1] ?? `${name}:${at + 1}`);
    }
  }
  expect([...new Set(sealing)].toSorted()).toEqual(Object.keys(sealedFor).toSorted());
  const columns = sealedColumns.map(({ context }) => context('t', 'k'));
  expect(columns.toSorted()).toEqual(
    Object.values(sealedFor)
      .map((context) => context('t', 'k'))
      .toSorted(),
  );
});

describe.each(engines)('the change of the data key on %s', (engine) => {
  let dataFolder: string;
  let databaseUrl: string | undefined;
  let remove: () => Promise<void>;
  const open = new Set<Host>();
  let host: Host;
  let office: TestTenant;
  let partnerIds: string[];

  async function openHost(dataKey?: string): Promise<Host> {
    const opened = await composeHost({ dataFolder, databaseUrl, dataKey, log });
    open.add(opened);
    return opened;
  }
  const clientOf = (of: Host) => (token: string) =>
    createRouterClient(of.router, { context: { token, station: 'test' } });

  beforeEach(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'partner-desk-keys-'));
    const place = await testLocation(engine);
    databaseUrl = place.location.engine === 'postgres' ? place.location.url : undefined;
    remove = place.remove;
    host = await openHost();
    office = await testTenant(host, clientOf(host));
    partnerIds = [];
    for (let n = 0; n < 5; n += 1) partnerIds.push((await register(office)).id);
    await register(office, { bankingDetails: null });
  });
  afterEach(async () => {
    for (const each of open) await each.close();
    open.clear();
    await remove();
    await rm(dataFolder, { recursive: true, force: true });
  });

  const keys = async () => (await readFile(join(dataFolder, 'data.key'), 'utf8')).trim().split('\n');
  const secrets = () =>
    host.database.read('system', (reader) =>
      reader.all<{ id: string; banking_secret: string; version: number }>(
        sql`select id, banking_secret, version from partners where banking_secret is not null order by id`,
      ),
    );
  const activities = async () =>
    host.database.read('system', (reader) =>
      reader.all<{ details: string }>(
        sql`select details from partner_activities where action = 'secrets_sealed_anew' order by seq`,
      ),
    );
  /** What somebody with the right to see them is shown, by a host that is opened for it. */
  async function revealedByAnotherHost(): Promise<(string | null)[]> {
    const another = await openHost();
    const client = clientOf(another)(await office.token('finance'));
    const shown: (string | null)[] = [];
    for (const id of partnerIds) shown.push((await client.partners.revealBanking({ id })).iban);
    await another.close();
    open.delete(another);
    return shown;
  }
  const everyIban = () => partnerIds.map(() => iban);

  it('seals every secret anew, slice by slice, leaves an activity of each, and drops the old key', async () => {
    const [oldKey] = await keys();
    const before = await secrets();
    const events = await all(rotateDataKey(host, { slice: 2 }));
    expect(events).toEqual([
      { type: 'begun', resumed: false },
      { type: 'progress', secrets: 2 },
      { type: 'progress', secrets: 4 },
      { type: 'progress', secrets: 5 },
      { type: 'done', secrets: 5, oldKeyDropped: true },
    ]);
    const [newKey, ...more] = await keys();
    expect(more).toEqual([]);
    expect(newKey).not.toBe(oldKey);
    const after = await secrets();
    const [held, lost] = [newKey, oldKey].map((key) => vaultOf(Buffer.from(key!, 'base64')));
    for (const [at, row] of after.entries()) {
      const context = sealedFor.banking(office.tenantId, row.id);
      expect(JSON.parse(held!.open(row.banking_secret, context))).toMatchObject({ iban });
      expect(() => lost!.open(row.banking_secret, context)).toThrow('is not here');
      // Nothing that people edit has changed: a screen that is open can still save.
      expect(row.version).toBe(before[at]!.version);
    }
    expect((await activities()).map(({ details }) => JSON.parse(details).secrets)).toEqual([2, 2, 1]);
    const chain = await host.database.read({ tenantId: office.tenantId }, (reader) =>
      verifyChain(reader, office.tenantId),
    );
    expect(chain.ok).toBe(true);
    expect(await revealedByAnotherHost()).toEqual(everyIban());
  });

  // 1: the new key is there and nothing is sealed with it; 3: between two slices; 4: nothing needs the old key any more.
  it.each([1, 3, 4])('killed after %i steps loses nothing, and goes on where it was', async (steps) => {
    const [oldKey] = await keys();
    const place =
      databaseUrl === undefined
        ? { engine: 'sqlite', file: databaseFile(dataFolder) }
        : { engine: 'postgres', url: databaseUrl };
    const child = execFile(process.execPath, [rotation, dataFolder, JSON.stringify(place), String(steps)], {
      env: { ...process.env, NODE_NO_WARNINGS: '1' },
    });
    const signal = await new Promise((resolve) => child.once('exit', (_code, by) => resolve(by)));
    expect(signal).toBe('SIGKILL');
    const [newKey, kept] = await keys();
    expect(kept).toBe(oldKey);
    const underNew = (await secrets()).filter(({ banking_secret }) =>
      banking_secret.startsWith(vaultOf(Buffer.from(newKey!, 'base64')).currentPrefix()),
    );
    expect(underNew).toHaveLength({ 1: 0, 3: 4, 4: 5 }[steps]!);
    // Half under one key, half under the other: every host opens all of them.
    expect(await revealedByAnotherHost()).toEqual(everyIban());

    const events = await all(rotateDataKey(host, { slice: 2 }));
    expect(events[0]).toEqual({ type: 'begun', resumed: true });
    expect(events.at(-1)).toEqual({ type: 'done', secrets: 5 - underNew.length, oldKeyDropped: true });
    expect(await keys()).toEqual([newKey]);
    expect(await revealedByAnotherHost()).toEqual(everyIban());
    // Each slice told of itself once, whoever it was cut off from.
    const told = (await activities()).map(({ details }) => Number(JSON.parse(details).secrets));
    expect(told.reduce((total, n) => total + n, 0)).toBe(5);
  });

  it('is noticed by a host that was running all along: it opens the new, and seals with the new', async () => {
    const another = await openHost();
    await all(rotateDataKey(another));
    const finance = office.as('finance').partners;
    const [id] = partnerIds;
    expect((await finance.revealBanking({ id: id! })).iban).toBe(iban);
    await office.as('partner_manager').partners.update({ id: id!, bankingDetails: { bankName: 'SEB' } });
    const row = (await secrets()).find((each) => each.id === id);
    expect(row?.banking_secret.startsWith(another.vault.currentPrefix())).toBe(true);
    expect(await revealedByAnotherHost()).toEqual(everyIban());
  });

  it('takes texts along that name no key, from before keys had names', async () => {
    const [id] = partnerIds;
    const key = Buffer.from((await keys())[0]!, 'base64');
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(Buffer.from(sealedFor.banking(office.tenantId, id!)));
    const body = Buffer.concat([cipher.update(JSON.stringify({ iban })), cipher.final()]);
    const parts = [nonce, cipher.getAuthTag(), body].map((part) => part.toString('base64'));
    const before = ['v1', ...parts].join('.');
    await host.database.write({ tenantId: office.tenantId }, (tx) =>
      tx.run(sql`update partners set banking_secret = ${before} where id = ${id}`),
    );
    expect((await all(rotateDataKey(host))).at(-1)).toMatchObject({ secrets: 5, oldKeyDropped: true });
    expect(await revealedByAnotherHost()).toEqual(everyIban());
  });

  it('takes every kind of secret along, not the bank details alone', async () => {
    // The other columns of sealed texts, filled as their services fill them.
    const [userId, settingsId, exportId, mailId] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
    const { tenantId } = office;
    const at = host.now();
    const { userId: exportedBy } = await office.session('finance');
    const seal = (of: Exclude<keyof typeof sealedFor, 'banking'>, key: string) =>
      host.vault.seal(of, sealedFor[of](tenantId, key));
    await host.database.write({ tenantId }, async (tx) => {
      await tx.insert(secondFactors, {
        userId,
        userKind: 'staff',
        secret: seal('secondFactor', userId),
        createdAt: at,
      });
      await tx.insert(mailSettings, {
        id: settingsId,
        isEnabled: false,
        host: 'mail.example.com',
        port: 465,
        security: 'tls',
        passwordSecret: seal('mailPassword', settingsId),
        fromName: 'Office',
        fromAddress: 'office@example.com',
        updatedBy: userId,
      });
      await tx.insert(payoutExports, {
        id: exportId,
        exportedBy,
        filter: {},
        fileName: 'payouts.csv',
        rowCount: 0,
        byteSize: 0,
        fileSha256: '',
        createdAt: at,
        format: 'csv_payouts',
      });
      await tx.insert(payoutExportKeys, { exportId, fileKey: seal('paymentFile', exportId) });
      await tx.insert(mailOutbox, {
        id: mailId,
        notificationId: mailId,
        event: 'partner_user_invited',
        data: {},
        secret: seal('mailSecret', mailId),
        recipientKind: 'partner_user',
        recipientId: userId,
        address: 'kim@example.com',
        status: 'queued',
        attempts: 0,
        nextAttemptAt: at,
      });
    });
    expect((await all(rotateDataKey(host, { slice: 1 }))).at(-1)).toMatchObject({ secrets: 9 });
    const withNew = vaultOf(Buffer.from((await keys())[0]!, 'base64'));
    const kept = await host.database.read({ tenantId }, async (reader) => ({
      secondFactor: (await reader.find(secondFactors, { userId }))!.secret,
      mailPassword: (await reader.find(mailSettings, { id: settingsId }))!.passwordSecret!,
      mailSecret: (await reader.find(mailOutbox, { id: mailId }))!.secret!,
      paymentFile: (await reader.find(payoutExportKeys, { exportId }))!.fileKey,
    }));
    expect(withNew.open(kept.secondFactor, sealedFor.secondFactor(tenantId, userId))).toBe('secondFactor');
    expect(withNew.open(kept.mailPassword, sealedFor.mailPassword(tenantId, settingsId))).toBe(
      'mailPassword',
    );
    expect(withNew.open(kept.mailSecret, sealedFor.mailSecret(tenantId, mailId))).toBe('mailSecret');
    expect(withNew.open(kept.paymentFile, sealedFor.paymentFile(tenantId, exportId))).toBe('paymentFile');
  });

  it('waits for who is sealing with the old key, and takes that along', async () => {
    const [id] = partnerIds;
    let finish = (): void => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let sealing = (): void => {};
    const begun = new Promise<void>((resolve) => {
      sealing = resolve;
    });
    const slow = host.database.write({ tenantId: office.tenantId }, async (tx) => {
      await keepDataKey(tx);
      const secret = host.vault.seal(JSON.stringify({ iban }), sealedFor.banking(office.tenantId, id!));
      sealing();
      await held;
      await tx.run(sql`update partners set banking_secret = ${secret} where id = ${id}`);
    });
    await begun;
    let isDone = false;
    const rotating = all(rotateDataKey(await openHost())).then((events) => {
      isDone = true;
      return events;
    });
    if (engine === 'postgres') {
      // Until it stands in the queue of the lock.
      for (;;) {
        const waiting = await host.database.read('system', (reader) =>
          reader.get(sql`select 1 as one from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database())`),
        );
        if (waiting !== undefined) break;
        await turn();
      }
    }
    expect(isDone).toBe(false);
    expect(await keys()).toHaveLength(1);
    finish();
    await slow;
    expect((await rotating).at(-1)).toMatchObject({ secrets: 5 });
    expect(await revealedByAnotherHost()).toEqual(everyIban());
  });

  it('stops at a secret that cannot be opened, and keeps the old key', async () => {
    await host.database.write({ tenantId: office.tenantId }, (tx) =>
      tx.run(
        sql`update partners set banking_secret = ${'v2.000000000000.a.b.c'} where id = ${partnerIds[4]}`,
      ),
    );
    const refusal = await refusalOf(all(rotateDataKey(host)));
    expect(refusal).toMatchObject({ code: 'VALIDATION', message: expect.stringContaining(partnerIds[4]!) });
    expect(await keys()).toHaveLength(2);
  });

  it('of keys that were handed in needs both of them, and leaves the dropping to who handed them in', async () => {
    const [oldKey] = await keys();
    const newKey = randomBytes(32).toString('base64');
    const withOne = await openHost(oldKey);
    expect(await refusalOf(all(rotateDataKey(withOne)))).toMatchObject({
      code: 'VALIDATION',
      message: expect.stringContaining('PARTNER_DESK_DATA_KEY'),
    });
    const withBoth = await openHost(`${newKey},${oldKey}`);
    expect((await all(rotateDataKey(withBoth))).at(-1)).toEqual({
      type: 'done',
      secrets: 5,
      oldKeyDropped: false,
    });
    const withNew = await openHost(newKey);
    const client = clientOf(withNew)(await office.token('finance'));
    expect((await client.partners.revealBanking({ id: partnerIds[0]! })).iban).toBe(iban);
  });

  it('of an office without secrets is over at once', async () => {
    await host.database.write({ tenantId: office.tenantId }, (tx) =>
      tx.run(sql`update partners set banking_secret = null, banking_details = null`),
    );
    expect(await all(rotateDataKey(host))).toEqual([
      { type: 'begun', resumed: false },
      { type: 'done', secrets: 0, oldKeyDropped: true },
    ]);
  });
});
