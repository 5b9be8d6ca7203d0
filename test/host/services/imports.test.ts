import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sql from 'sql-template-tag';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';

const header = 'First Name;last_name;E-Mail;Telefon;Company';
const goodRow = (n: number) => `Ana;Meyer ${n};ana${n}@example.com;+49 30 ${1_000_000 + n};Firm ${n}`;

describe.each(engines)('importing leads on %s', (engine) => {
  let host: TestHost;
  let partnerId: string;

  beforeEach(async () => {
    host = await testHost(engine);
    partnerId = await activePartner(host);
  });
  afterEach(() => host.close());

  async function activePartner(of: TestHost, monthlyQuota = 0): Promise<string> {
    const partner = await of.as('partner_manager').partners.create({
      organizationName: 'Import Partner',
      partnerType: 'vendor',
      contactEmail: 'partner@example.com',
      monthlyQuota,
    });
    await of.as('approver').partners.approve({ id: partner.id, override: true, reason: 'Known to us.' });
    return partner.id;
  }

  async function upload(content: string | Buffer, fileName = 'leads.csv'): Promise<string> {
    const client = host.as('partner_manager');
    const { uploadId } = await client.uploads.begin({ fileName, size: content.length });
    const bytes = Buffer.from(content);
    // Pieces that cut characters and rows wherever they like.
    for (let offset = 0; offset < bytes.length; offset += 1000) {
      await client.uploads.append({
        uploadId,
        offset,
        data: bytes.subarray(offset, offset + 1000).toString('base64'),
      });
    }
    return uploadId;
  }

  async function run(
    content: string | Buffer,
    options: { dryRun?: boolean; again?: boolean; mapping?: Record<string, string | null> } = {},
  ) {
    const uploadId = await upload(content);
    const events = await host.as('partner_manager').imports.run({ partnerId, uploadId, ...options });
    const seen = [];
    for await (const event of events) seen.push(event);
    const last = seen.at(-1);
    if (last?.type !== 'result') throw new Error('The import told no result.');
    return { ...last.result, events: seen };
  }

  /** What must not change when something is refused. */
  async function traces() {
    return host.database.read({ tenantId: host.tenantId }, async (reader) => ({
      leads: (await reader.get<{ n: number }>(sql`select count(*) as n from partner_leads`))?.n,
      imports: (await reader.get<{ n: number }>(sql`select count(*) as n from lead_imports`))?.n,
      activities: (await reader.get<{ n: number }>(sql`select count(*) as n from partner_activities`))?.n,
    }));
  }

  it('takes good rows in and tells of each bad one its row, column, value and reason', async () => {
    const result = await run(
      [header, goodRow(1), 'Bo;Bad;not-an-address;12;Firm', goodRow(2), ';;cy@example.com;;'].join('\r\n'),
    );
    expect(result).toMatchObject({
      accepted: 2,
      rejected: 2,
      dryRun: false,
      status: 'completed',
      duplicates: 0,
    });
    expect(result.mapping).toEqual({
      'First Name': 'firstName',
      last_name: 'lastName',
      'E-Mail': 'email',
      Telefon: 'phone',
      Company: 'company',
    });
    expect(result.rows.map((row) => [row.row, row.errors.map((error) => error.column)])).toEqual([
      [3, ['E-Mail', 'Telefon']],
      [5, ['Telefon']],
    ]);
    expect(result.rows[0]?.errors[0]).toMatchObject({ field: 'email', value: 'not-an-address' });
    const leads = await host.as('lead_reviewer').leads.list({ importId: result.importId!, total: true });
    expect(leads.total).toBe(2);
    expect(leads.items.every((lead) => lead.submissionType === 'import_batch')).toBe(true);
    const stored = await host.as('auditor').imports.rejectedRows({ id: result.importId! });
    expect(stored.items.map((row) => row.row)).toEqual([3, 3, 5]);
    expect(await host.as('auditor').imports.get({ id: result.importId! })).toMatchObject({
      status: 'completed',
      rowsRead: 4,
      accepted: 2,
      rejected: 2,
      partnerName: 'Import Partner',
    });
    // The file is not kept.
    expect(await readdir(join(host.context.dataFolder, 'uploads'))).toEqual([]);
    expect((await host.as('auditor').activities.verify()).ok).toBe(true);
  });

  it('says in a dry run what would happen, duplicates within the file included, and writes nothing', async () => {
    const before = await traces();
    const content = [header, goodRow(1), goodRow(1), 'x;y;bad;bad;'].join('\n');
    const dry = await run(content, { dryRun: true });
    expect(dry).toMatchObject({ accepted: 2, rejected: 1, duplicates: 1, dryRun: true, importId: null });
    expect(await traces()).toEqual(before);
    const wet = await run(content);
    expect(wet).toMatchObject({ accepted: 2, rejected: 1, duplicates: 1 });
    expect(wet.rows).toEqual(dry.rows);
  });

  it('says that the same file was imported before, and imports it again only when told to', async () => {
    const content = [header, goodRow(1)].join('\n');
    const first = await run(content);
    const before = await traces();
    expect((await refusalOf(run(content))).code).toBe('DUPLICATE');
    expect(await traces()).toEqual(before);
    expect((await run(content, { dryRun: true })).sameFileAs?.importId).toBe(first.importId);
    expect((await run(content, { again: true })).duplicates).toBe(1);
  });

  it('takes what the quota leaves room for and rejects the rest row by row', async () => {
    partnerId = await activePartner(host, 3);
    const result = await run([header, ...[1, 2, 3, 4, 5].map(goodRow)].join('\n'));
    expect(result).toMatchObject({ accepted: 3, rejected: 2 });
    expect(result.rows.map((row) => row.row)).toEqual([5, 6]);
    expect(result.rows[0]?.errors[0]?.reason).toMatch(/quota|month/i);
    expect((await host.as('auditor').partners.stats({ id: partnerId })).currentMonthLeads).toBe(3);
  });

  it('maps by hand what it can’t guess, and refuses to start without e-mail and phone', async () => {
    const content = ['who;reach1;reach2', 'Ana;ana@example.com;+49 30 1000001'].join('\n');
    const before = await traces();
    const refusal = await refusalOf(run(content));
    expect(refusal).toMatchObject({ code: 'VALIDATION' });
    expect(refusal.message).toContain('reach1');
    expect(await traces()).toEqual(before);
    const result = await run(content, { mapping: { reach1: 'email', reach2: 'phone', who: null } });
    expect(result).toMatchObject({ accepted: 1, unmapped: [] });
  });

  it('stops when cancelled and leaves whole rows, counted right', async () => {
    const content = [header, ...Array.from({ length: 2000 }, (_, n) => goodRow(n))].join('\n');
    const uploadId = await upload(content);
    const events = await host.as('partner_manager').imports.run({ partnerId, uploadId });
    for await (const event of events) if (event.type === 'progress') break;
    const [record] = (await host.as('auditor').imports.list({})).items;
    expect(record).toMatchObject({ status: 'cancelled' });
    expect(record!.accepted).toBeGreaterThan(0);
    expect(record!.accepted).toBeLessThan(2000);
    const leads = await host.as('auditor').leads.list({ importId: record!.id, total: true, limit: 1 });
    expect(leads.total).toBe(record!.accepted);
    expect((await host.as('auditor').partners.stats({ id: partnerId })).totalLeadsSubmitted).toBe(
      record!.accepted,
    );
  });

  it('tells an import whose host died apart from one that runs', async () => {
    const result = await run([header, goodRow(1)].join('\n'));
    await host.database.write({ tenantId: host.tenantId }, (tx) =>
      tx.run(
        sql`update lead_imports set status = 'running', finished_at = null, updated_at = ${host.clock.now()} where id = ${result.importId}`,
      ),
    );
    expect((await host.as('auditor').imports.get({ id: result.importId! })).status).toBe('running');
    host.clock.advance(3);
    expect((await host.as('auditor').imports.get({ id: result.importId! })).status).toBe('interrupted');
  });

  it.each([
    ['an empty file', ''],
    ['only a header', header],
    ['an Excel workbook', Buffer.from('504b0304140006000800000021', 'hex')],
    ['zeros', Buffer.alloc(5000)],
    ['an unclosed quote on the last row', [header, goodRow(1), 'Ana;"Meyer;a@b.de;1;x'].join('\n')],
    ['one endless line', `${header}\n${'x'.repeat(2 * 1024 * 1024)}`],
  ])('refuses %s in words and writes nothing', async (_what, content) => {
    const before = await traces();
    const refusal = await refusalOf(run(content));
    expect(refusal.code).toBe('VALIDATION');
    expect(refusal.message.length).toBeGreaterThan(15);
    expect(await traces()).toEqual(before);
  });

  it('refuses a partner that is not active, an upload of somebody else, and an unknown one', async () => {
    await host.as('approver').partners.suspend({ id: partnerId, reason: 'Under investigation.' });
    expect((await refusalOf(run([header, goodRow(1)].join('\n')))).code).toBe('PARTNER_NOT_ACTIVE');
    const uploadId = await upload([header, goodRow(1)].join('\n'));
    const theirs = host.as('partner_manager', 2).imports;
    await host.as('approver').partners.reactivate({ id: partnerId });
    const start = async () => {
      for await (const _event of await theirs.run({ partnerId, uploadId })) throw new Error('It started.');
    };
    expect((await refusalOf(start())).code).toBe('NOT_FOUND');
  });

  it('keeps formulas as text', async () => {
    const result = await run([header, '=1+1;"@SUM(A1)";f@example.com;+49 30 1000009;-2+3'].join('\n'));
    expect(result.accepted).toBe(1);
    const [lead] = (await host.as('auditor').leads.list({ importId: result.importId! })).items;
    expect(lead?.leadData).toMatchObject({ firstName: '=1+1', lastName: '@SUM(A1)', company: '-2+3' });
  });
});
