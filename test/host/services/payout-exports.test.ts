import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outputs } from '#contract/index.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { refused } from './partners/setup.ts';
import { approvedCredits, generated, june, paid, payablePartner, pendingPayout } from './payout-stories.ts';

type ExportRecord = Outputs['payoutExports']['create'];

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** The cells by their headers, as any reader of RFC 4180 sees them. */
function rowsOf(text: string): Record<string, string>[] {
  return parse(text, { columns: true, bom: true });
}

describe.each(engines)('exporting payouts on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  /** The whole file, piece by piece, as the screens get it. */
  async function fileOf(office: TestTenant, { id }: ExportRecord): Promise<string> {
    let text = '';
    for (let offset: number | null = 0; offset !== null; ) {
      const piece: Outputs['payoutExports']['read'] = await office
        .as('finance')
        .payoutExports.read({ id, offset });
      text += piece.data;
      offset = piece.nextOffset;
    }
    return text;
  }
  const filesThere = async () => {
    try {
      return (await readdir(join(host.context.dataFolder, 'exports'))).sort();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
  };

  it('gives one row per payout, to the cent, and records who, when, the rows and the hash', async () => {
    const office = await host.otherTenant();
    const one = await pendingPayout(office, [1000, 2550]);
    await office.as('approver').payouts.approve({ id: one.payout.id, amount: 3000 });
    await paid(office, one.payout, 1234);
    const two = await pendingPayout(office, [5]);
    const made = await office.as('finance').payoutExports.create({ format: 'csv_payouts' });
    const text = await fileOf(office, made);
    expect(made).toMatchObject({
      format: 'csv_payouts',
      rowCount: 2,
      byteSize: Buffer.byteLength(text),
      fileSha256: sha256(text),
      totals: [{ currency: 'EUR', payouts: 2, amount: 3555 }],
      contentType: 'text/csv; charset=utf-8',
      executionDate: null,
      skipped: [],
      exportedBy: (await office.session('finance')).userId,
      fileName: expect.stringMatching(/^payouts-2026-06-15-[0-9a-f]{6}\.csv$/),
      alreadyExported: 0,
    });
    expect(text).toBe(await readFile(join(host.context.dataFolder, 'exports', `${made.id}.csv`), 'utf8'));
    const rows = rowsOf(text);
    expect(rows[0]).toMatchObject({
      'Payout number': one.payout.payoutNumber,
      'Partner code': one.partner.partnerCode,
      Partner: one.partner.organizationName,
      'Period start': '2026-06-01',
      'Period end': '2026-06-30',
      Currency: 'EUR',
      Leads: '2',
      Total: '35.50',
      Approved: '30.00',
      Rejected: '5.50',
      Paid: '12.34',
      Open: '17.66',
      Status: 'partially_paid',
      'Payment method': 'bank_transfer',
      'Payment date': '2026-06-15',
      Reference: 'SEPA-1',
      'Approved by': 'approver 1 Tester',
      'Account holder': 'Partner GmbH',
      'Account (masked)': '•••• 3000',
      'Bank details verified': 'yes',
    });
    expect(rows[1]).toMatchObject({ 'Payout number': two.payout.payoutNumber, Total: '0.05', Open: '0.00' });
    expect(text).not.toContain('DE89370400440532013000');
    const { items } = await office.as('auditor').activities.list({ action: 'payouts_exported' });
    expect(items[0]).toMatchObject({
      resourceId: made.id,
      details: { rows: 2, payouts: 2, fileSha256: made.fileSha256, alreadyExported: 0 },
    });
    expect((await office.as('auditor').payoutExports.list({ total: true })).items).toEqual([made]);
  });

  it('gives one row per line, and the lines come to what was approved', async () => {
    const office = await host.otherTenant();
    const { payout, lines } = await pendingPayout(office, [1000, 2550, 70]);
    await office.as('approver').payouts.rejectLine({ id: lines[2]!.id, notes: 'no contract' });
    await office.as('approver').payouts.approve({ id: payout.id, amount: 3000 });
    const made = await office.as('finance').payoutExports.create({ format: 'csv_lines' });
    const rows = rowsOf(await fileOf(office, made));
    expect(rows.map((row) => [row['Amount'], row['Line status'], row['Description']])).toEqual([
      ['10.00', 'approved', 'worth 1000'],
      ['25.50', 'approved', 'worth 2550'],
      ['0.70', 'rejected', 'worth 70'],
      ['-5.50', 'approved', 'carried over: 5.50 of 25.50 EUR was not approved with this payout'],
    ]);
    const approved = rows.filter((row) => row['Line status'] === 'approved');
    const cents = approved.reduce((sum, row) => sum + Math.round(Number(row['Amount']) * 100), 0);
    expect(cents).toBe(3000);
    expect(rows[2]).toMatchObject({ Notes: 'no contract', 'Payout status': 'partially_approved' });
  });

  it("writes money in each currency's own decimals, and no cell runs as a formula", async () => {
    const office = await host.otherTenant();
    const name = '=HYPERLINK("http://evil.example")';
    const yen = await payablePartner(office, { currency: 'JPY', organizationName: name });
    const dinar = await payablePartner(office, { currency: 'KWD', organizationName: '@SUM(A1)' });
    for (const { id } of [yen, dinar]) {
      await approvedCredits(office, id, [1260]);
      await generated(office, id);
    }
    const made = await office.as('finance').payoutExports.create({ format: 'csv_payouts', bom: true });
    const text = await fileOf(office, made);
    expect(text.startsWith('\u{FEFF}"Payout number') || text.startsWith('\u{FEFF}Payout number')).toBe(true);
    expect(rowsOf(text).map((row) => [row['Partner'], row['Total']])).toEqual([
      [`'${name}`, '1260'],
      ["'@SUM(A1)", '1.260'],
    ]);
  });

  it('says which payouts were exported before, and exports them again all the same', async () => {
    const office = await host.otherTenant();
    const one = await pendingPayout(office, [100]);
    const { payoutExports } = office.as('finance');
    expect(await payoutExports.preview({ format: 'csv_lines' })).toEqual({
      payouts: 1,
      rows: 1,
      totals: [{ currency: 'EUR', payouts: 1, amount: 100 }],
      skipped: [],
      alreadyExported: [],
      alreadyExportedCount: 0,
    });
    const first = await payoutExports.create({ format: 'csv_lines' });
    const two = await pendingPayout(office, [200, 300]);
    const second = await payoutExports.create({ format: 'csv_lines' });
    expect(second.alreadyExported).toBe(1);
    expect(await payoutExports.preview({ format: 'csv_lines' })).toEqual({
      payouts: 2,
      rows: 3,
      totals: [{ currency: 'EUR', payouts: 2, amount: 600 }],
      skipped: [],
      alreadyExportedCount: 2,
      alreadyExported: [
        { payoutId: one.payout.id, payoutNumber: one.payout.payoutNumber, exportedAt: second.createdAt },
        { payoutId: two.payout.id, payoutNumber: two.payout.payoutNumber, exportedAt: second.createdAt },
      ],
    });
    // What was told at the time stays told.
    expect(
      (await payoutExports.list({})).items.map(({ id, alreadyExported }) => [id, alreadyExported]),
    ).toEqual([
      [second.id, 1],
      [first.id, 0],
    ]);
    const page = await payoutExports.list({ limit: 1 });
    const rest = await payoutExports.list({ limit: 1, cursor: page.nextCursor ?? '' });
    expect(rest.items.map(({ id }) => id)).toEqual([first.id]);
  });

  it('exports what was chosen: by hand, by status, by period', async () => {
    const office = await host.otherTenant();
    const one = await pendingPayout(office, [100]);
    const two = await pendingPayout(office, [200]);
    await office.as('approver').payouts.approve({ id: two.payout.id });
    const numbers = async (filter: { payoutIds?: string[]; status?: 'approved'; periodEnd?: string }) =>
      rowsOf(
        await fileOf(
          office,
          await office.as('finance').payoutExports.create({ format: 'csv_payouts', ...filter }),
        ),
      ).map((row) => row['Payout number']);
    expect(await numbers({ payoutIds: [one.payout.id, one.payout.id] })).toEqual([one.payout.payoutNumber]);
    expect(await numbers({ status: 'approved' })).toEqual([two.payout.payoutNumber]);
    expect(await numbers({ periodEnd: june.periodEnd })).toEqual([
      one.payout.payoutNumber,
      two.payout.payoutNumber,
    ]);
  });

  it('refuses what is not there, and leaves no file', async () => {
    const { payout } = await pendingPayout(host, [100]);
    const other = await host.otherTenant();
    const before = await filesThere();
    const foreign = () =>
      other.as('finance').payoutExports.create({ format: 'csv_payouts', payoutIds: [payout.id] });
    expect(await refused(host, foreign)).toMatchObject({
      code: 'NOT_FOUND',
      message: 'One of the payouts does not exist.',
    });
    const nothing = () => other.as('finance').payoutExports.create({ format: 'csv_payouts' });
    expect((await refused(host, nothing)).code).toBe('NOT_FOUND');
    expect(
      (await refused(host, () => other.as('finance').payoutExports.preview({ format: 'csv_lines' }))).code,
    ).toBe('NOT_FOUND');
    const backwards = { periodStart: '2026-06-02', periodEnd: '2026-06-01', format: 'csv_lines' } as const;
    expect((await refused(host, () => host.as('finance').payoutExports.create(backwards))).code).toBe(
      'VALIDATION',
    );
    expect(await filesThere()).toEqual(before);
  });

  it('removes the file where the export could not be recorded, and where the caller goes away', async () => {
    const office = await host.otherTenant();
    await pendingPayout(office, [100]);
    const before = await filesThere();
    // A chain without its head: the activity can't be written, so the command fails after the file is there.
    const { tenantId } = office;
    const heads = await host.database.read({ tenantId }, (reader) =>
      reader.all<{ seq: number; hash: string }>(
        sql`select seq, hash from activity_heads where tenant_id = ${tenantId}`,
      ),
    );
    const finance = office.as('finance');
    await finance.payouts.list({});
    await host.database.write({ tenantId }, (tx) =>
      tx.run(sql`delete from activity_heads where tenant_id = ${tenantId}`),
    );
    await expect(finance.payoutExports.create({ format: 'csv_payouts' })).rejects.toBeInstanceOf(Error);
    expect(await filesThere()).toEqual(before);
    await host.database.write({ tenantId }, (tx) =>
      tx.run(
        sql`insert into activity_heads (tenant_id, seq, hash) values (${tenantId}, ${heads[0]!.seq}, ${heads[0]!.hash})`,
      ),
    );
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(
      finance.payoutExports.create({ format: 'csv_payouts' }, { signal: gone }),
    ).rejects.toBeInstanceOf(Error);
    expect(await filesThere()).toEqual(before);
    expect((await finance.payoutExports.list({})).items).toEqual([]);
  });

  it('is read in pieces that never cut a character, and tells where there is nothing to read', async () => {
    const office = await host.otherTenant();
    const partner = await payablePartner(office, {
      organizationName: 'Größenwahn & Söhne 🏗️ 株式会社'.repeat(3),
    });
    await approvedCredits(office, partner.id, [100]);
    const payout = await generated(office, partner.id);
    // Long enough for several pieces: the same line over and over, straight into the table.
    await host.database.write({ tenantId: office.tenantId }, (tx) =>
      tx.run(
        sql`update partner_payout_details set description = ${'ü€🏗'.repeat(40_000)} where payout_id = ${payout.id}`,
      ),
    );
    const made = await office.as('finance').payoutExports.create({ format: 'csv_lines' });
    expect(made.byteSize).toBeGreaterThan(300_000);
    const text = await fileOf(office, made);
    expect(sha256(text)).toBe(made.fileSha256);
    expect(rowsOf(text)[0]?.['Description']).toBe('ü€🏗'.repeat(40_000));

    const read = (offset: number) => () => office.as('finance').payoutExports.read({ id: made.id, offset });
    expect(await read(made.byteSize)()).toEqual({ data: '', nextOffset: null });
    expect((await refused(host, read(made.byteSize + 1))).code).toBe('VALIDATION');
    const insideUmlaut = Buffer.from(text).indexOf(Buffer.from('ü€')) + 1;
    expect((await refused(host, read(insideUmlaut))).code).toBe('VALIDATION');
    await rm(join(host.context.dataFolder, 'exports', `${made.id}.csv`));
    expect(await refused(host, read(0))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'The file of this export is no longer in the data folder.',
    });
    const stranger = await host.otherTenant();
    expect(
      (await refused(host, () => stranger.as('finance').payoutExports.read({ id: made.id, offset: 0 }))).code,
    ).toBe('NOT_FOUND');
  });

  it('answers the REST face with the file itself', async () => {
    const office = await host.otherTenant();
    const { payout } = await pendingPayout(office, [100]);
    await office.as('finance').payoutExports.create({ format: 'csv_payouts' });
    const { headers, body } = await office
      .as('finance')
      .payouts.export({ layout: 'payouts', payoutIds: [payout.id] });
    const text = await body.text();
    expect(body.type).toBe('text/csv; charset=utf-8');
    expect(headers).toEqual({
      'content-disposition': `attachment; filename="${body.name}"`,
      'x-already-exported': '1',
      'x-export-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-sha256': sha256(text),
    });
    expect(rowsOf(text)).toHaveLength(1);
  });
});
