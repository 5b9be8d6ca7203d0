import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { payoutExports } from '#host/database/index.ts';
import { rotateDataKey } from '#host/key-rotation.ts';
import { exportFile, openFile, sweepExports } from '#host/services/payout-exports/files.ts';
import { vaultOf } from '#host/vault.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { schemaErrors } from '#test/support/schemas.ts';
import { refused } from './partners/setup.ts';
import {
  approvedPayout,
  create,
  dollarOffice,
  type Input,
  iban,
  sepaOffice,
  sepaPayer,
  textOf,
  usBanking,
} from './payment-file-stories.ts';
import { getPayout, paid, payablePartner, pendingPayout } from './payout-stories.ts';

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

describe.each(engines)('payment files on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  const filesThere = async () => (await readdir(join(host.context.dataFolder, 'exports'))).sort();

  it('orders what is open by SEPA, as every schema here has it, and tells what it leaves out', async () => {
    const office = await sepaOffice(host);
    const partner = await payablePartner(office, {
      organizationName: 'Łódź',
      bankingDetails: {
        accountHolder: 'Łódź "Söhne" <GmbH>',
        iban,
        swift: 'COBADEFFXXX',
        paymentMethod: 'bank_transfer',
      },
    });
    const full = await approvedPayout(office, partner, [1000, 2550]);
    const part = await approvedPayout(office, await payablePartner(office), [1234_56]);
    await paid(office, part, 234_56);
    const { payout: pending } = await pendingPayout(office, [5]);
    const unverified = await approvedPayout(office, await payablePartner(office), [700]);
    await office
      .as('partner_manager')
      .partners.update({ id: unverified.partnerId, bankingDetails: { bankName: 'New' } });
    const payoutIds = [full.id, part.id, pending.id, unverified.id];
    const made = await create(office, { format: 'pain001', payoutIds, executionDate: '2026-06-17' });
    expect(made).toMatchObject({
      format: 'pain001',
      rowCount: 2,
      totals: [{ currency: 'EUR', payouts: 2, amount: 103_550 }],
      executionDate: '2026-06-17',
      contentType: 'application/xml; charset=utf-8',
      fileName: expect.stringMatching(/^sepa-2026-06-15-[0-9a-f]{6}\.xml$/),
      alreadyExported: 0,
      exportedBy: (await office.session('finance')).userId,
    });
    expect(made.skipped).toEqual([
      {
        payoutId: pending.id,
        payoutNumber: pending.payoutNumber,
        partnerName: pending.partnerName,
        reason: 'It is not approved yet.',
      },
      {
        payoutId: unverified.id,
        payoutNumber: unverified.payoutNumber,
        partnerName: unverified.partnerName,
        reason: 'The bank details are not verified.',
      },
    ]);
    const text = await textOf(office, made);
    expect(sha256(text)).toBe(made.fileSha256);
    expect(Buffer.byteLength(text)).toBe(made.byteSize);
    expect(Object.values(await schemaErrors([text]))).toEqual([[], []]);
    const values = (tag: string) =>
      [...text.matchAll(new RegExp(`<${tag}[^>]*>([^<]*)</${tag}>`, 'g'))].map(([, value]) => value);
    expect(values('InstdAmt')).toEqual(['35.50', '1000.00']);
    expect(values('CtrlSum')).toEqual(['1035.50', '1035.50']);
    expect(values('EndToEndId')).toEqual([full.payoutNumber, part.payoutNumber]);
    expect(values('Nm')).toEqual([
      'Hafen + Sohne GmbH',
      'Hafen + Sohne GmbH',
      'Lodz &apos;Sohne&apos; .GmbH.',
      'Partner GmbH',
    ]);
    expect(values('IBAN')).toEqual(['DE75512108001245126199', iban, iban]);
    expect(values('BICFI')).toEqual(['SOGEDEFF', 'COBADEFFXXX', 'COBADEFFXXX']);
    expect(values('Dt')).toEqual(['2026-06-17']);
    expect(values('Ustrd')[0]).toBe(`Payout ${full.payoutNumber}, 2026-06-01 to 2026-06-30`);
    // A file pays nothing: that is recorded by a person, when the bank did.
    expect(await getPayout(office, full)).toMatchObject({
      status: 'approved',
      openAmount: 3550,
      paymentFileAt: made.createdAt,
    });
    expect((await getPayout(office, pending)).paymentFileAt).toBe(null);
    const { items } = await office.as('auditor').activities.list({ action: 'payouts_exported' });
    expect(items[0]).toMatchObject({
      resourceId: made.id,
      details: {
        format: 'pain001',
        payouts: 2,
        skipped: 2,
        executionDate: '2026-06-17',
        totals: made.totals,
      },
    });
    expect((await office.as('auditor').payoutExports.list({})).items).toEqual([made]);
  });

  it('gives the same file again, piece by piece too, and keeps no account number readable on the disk', async () => {
    const office = await sepaOffice(host);
    await approvedPayout(office, await payablePartner(office), [100]);
    const made = await create(office, { format: 'pain001' });
    const { headers, body } = await office.as('finance').payoutExports.file({ id: made.id });
    expect(headers).toMatchObject({
      'content-disposition': `attachment; filename="${made.fileName}"`,
      'x-sha256': made.fileSha256,
      'x-export-id': made.id,
    });
    expect(body.type).toBe('application/xml; charset=utf-8');
    const text = await body.text();
    expect(text).toContain(iban);
    expect(await textOf(office, made)).toBe(text);
    expect(await office.as('finance').payoutExports.read({ id: made.id, offset: 0 })).toEqual({
      data: text,
      nextOffset: null,
    });
    const onDisk = await readFile(exportFile(host.context, made), 'utf8');
    expect(onDisk).not.toContain(iban.slice(4));
    const keys = await host.database.read(office, (reader) =>
      reader.all<{ file_key: string }>(
        sql`select file_key from payout_export_keys where export_id = ${made.id}`,
      ),
    );
    expect(keys).toHaveLength(1);
    expect(keys[0]!.file_key.startsWith(host.context.vault.currentPrefix())).toBe(true);
  });

  it('hands out the same file after the data key was changed', async () => {
    const own = await testHost(engine);
    try {
      await own.as('admin').settings.update({ sepaPayer });
      await approvedPayout(own, await payablePartner(own), [100]);
      const made = await create(own, { format: 'pain001' });
      const before = await textOf(own, made);
      const [old, next] = [Buffer.alloc(32, 7), Buffer.alloc(32, 9)];
      const rotation = rotateDataKey({ ...own.context, vault: vaultOf(next, old) });
      const events: string[] = [];
      for await (const { type } of rotation) events.push(type);
      expect(events.at(-1)).toBe('done');
      const row = await own.database.read(own, (reader) => reader.find(payoutExports, { id: made.id }));
      const blob = await openFile({ ...own.context, vault: vaultOf(next) }, row!);
      expect(await blob.text()).toBe(before);
      await expect(openFile(own.context, row!)).rejects.toThrow(Error);
    } finally {
      await own.close();
    }
  });

  it.each(['pain001', 'csv_payouts'] as const)(
    'refuses a %s file that is gone or was changed',
    async (format) => {
      const office = await sepaOffice(host);
      await approvedPayout(office, await payablePartner(office), [100]);
      const made = await create(office, { format });
      const path = exportFile(host.context, made);
      const before = await readFile(path);
      const { payoutExports } = office.as('finance');
      const both = [
        () => payoutExports.file({ id: made.id }),
        () => payoutExports.read({ id: made.id, offset: 0 }),
      ];
      await both[1]!();
      const changed = Buffer.from(before);
      changed[before.length - 3]! ^= 1;
      await writeFile(path, changed);
      // Whoever changes a file may set its times back too, but not in the same moment.
      await utimes(path, new Date(), new Date(Date.now() + 5000));
      for (const call of both) {
        expect(await refused(host, call)).toMatchObject({
          code: 'CONFLICT',
          message:
            'The file of this export was changed after it was made, so it is not handed out. Make a new export.',
        });
      }
      await rm(path);
      for (const call of both) {
        expect(await refused(host, call)).toMatchObject({
          code: 'NOT_FOUND',
          message: 'The file of this export is no longer in the data folder.',
        });
      }
      await writeFile(path, before);
      expect((await payoutExports.file({ id: made.id })).body.size).toBe(made.byteSize);
    },
  );

  it('clears up after a crash: what was recorded gets its name, the rest goes, nothing else is touched', async () => {
    const office = await sepaOffice(host);
    await approvedPayout(office, await payablePartner(office), [100]);
    const made = await create(office, { format: 'csv_lines' });
    const kept = await create(office, { format: 'csv_lines' });
    const folder = join(host.context.dataFolder, 'exports');
    // As if the program had ended between the commit and the renaming of the first.
    await rename(exportFile(host.context, made), `${exportFile(host.context, made)}.unrecorded`);
    const orphan = '01975a2b-0000-7000-8000-000000000001';
    const left = [`${orphan}.csv.unrecorded`, `.${orphan}.sealed.unrecorded.1f.tmp`];
    for (const name of left) await writeFile(join(folder, name), 'half');
    const fresh = '01975a2b-0000-7000-8000-000000000002.csv.unrecorded';
    const stranger = '01975a2b-0000-7000-8000-000000000003.csv';
    await writeFile(join(folder, fresh), 'growing');
    await writeFile(join(folder, stranger), 'of another database');
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const name of [...left, stranger]) await utimes(join(folder, name), longAgo, longAgo);

    expect(await sweepExports(host.context)).toEqual({ kept: 1, removed: 2 });
    const after = await filesThere();
    expect(after).toEqual(expect.arrayContaining([`${made.id}.csv`, `${kept.id}.csv`, fresh, stranger]));
    expect(after.filter((name) => name.includes(orphan))).toEqual([]);
    expect(sha256(await textOf(office, made))).toBe(made.fileSha256);

    // Whoever asks before the next start is served all the same.
    await rename(exportFile(host.context, kept), `${exportFile(host.context, kept)}.unrecorded`);
    expect(sha256(await textOf(office, kept))).toBe(kept.fileSha256);
    expect(await sweepExports(host.context)).toEqual({ kept: 0, removed: 0 });
    for (const name of [fresh, stranger]) await rm(join(folder, name));
  });

  it('names the day of an earlier order as it was where the organization is', async () => {
    const office = await dollarOffice(host);
    const partner = await payablePartner(office, { bankingDetails: usBanking });
    const { id } = await approvedPayout(office, partner, [100]);
    // In New York it is still the evening before.
    host.clock.set('2026-06-16T02:00:00.000Z');
    try {
      await create(office, { format: 'nacha' });
      const again = await refused(host, () => create(office, { format: 'nacha', payoutIds: [id] }));
      expect(again.message).toContain('It is already in the payment file of 2026-06-15.');
    } finally {
      host.clock.set('2026-06-15T12:00:00.000Z');
    }
  });

  it('orders a payout once more only on purpose, and tells that it does', async () => {
    const office = await sepaOffice(host);
    const one = await approvedPayout(office, await payablePartner(office), [100]);
    await create(office, { format: 'csv_payouts' });
    // A table for people is no order.
    expect((await getPayout(office, one)).paymentFileAt).toBe(null);
    const first = await create(office, { format: 'pain001' });
    expect(first.alreadyExported).toBe(0);
    const before = await filesThere();
    const again = await refused(host, () => create(office, { format: 'pain001', payoutIds: [one.id] }));
    expect(again.code).toBe('DUPLICATE');
    expect(again.message).toContain(
      `${one.payoutNumber} of ${one.partnerName}: It is already in the payment file of 2026-06-15.`,
    );
    expect(await filesThere()).toEqual(before);
    expect(await office.as('finance').payoutExports.preview({ format: 'pain001' })).toMatchObject({
      payouts: 0,
      skipped: [{ payoutId: one.id }],
      alreadyExportedCount: 1,
      alreadyExported: [{ payoutId: one.id, payoutNumber: one.payoutNumber, exportedAt: first.createdAt }],
    });
    const two = await approvedPayout(office, await payablePartner(office), [200]);
    const second = await create(office, { format: 'pain001' });
    expect(second).toMatchObject({ rowCount: 1, alreadyExported: 0, skipped: [{ payoutId: one.id }] });
    expect(await textOf(office, second)).toContain(two.payoutNumber);
    const third = await create(office, { format: 'pain001', payoutIds: [one.id], again: true });
    expect(third).toMatchObject({ rowCount: 1, alreadyExported: 1, skipped: [] });
  });

  it('of two files made at once, one is recorded and the other leaves nothing', async () => {
    const office = await sepaOffice(host);
    await approvedPayout(office, await payablePartner(office), [100]);
    const before = await filesThere();
    const ends = await Promise.allSettled([
      create(office, { format: 'pain001' }),
      office.as('finance', 2).payoutExports.create({ format: 'pain001' }),
    ]);
    const made = ends.filter((end) => end.status === 'fulfilled');
    expect(made).toHaveLength(1);
    const failed = ends.find((end) => end.status === 'rejected');
    expect(['CONFLICT', 'DUPLICATE']).toContain(failed?.reason.code);
    expect((await office.as('finance').payoutExports.list({})).items).toHaveLength(1);
    expect(await filesThere()).toHaveLength(before.length + 1);
  });

  it('refuses in words what it cannot order, and writes nothing', async () => {
    const bare = await host.otherTenant();
    const payout = await approvedPayout(bare, await payablePartner(bare), [100]);
    const before = await filesThere();
    const of = (office: TestTenant, input: Input) => refused(host, () => create(office, input));
    expect(await of(bare, { format: 'pain001' })).toMatchObject({
      code: 'VALIDATION',
      message: 'Say first in the settings which account SEPA payments leave from.',
    });
    const office = await sepaOffice(host);
    expect(await of(office, { format: 'pain001' })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await of(office, { format: 'pain001', payoutIds: [payout.id] })).toMatchObject({
      code: 'NOT_FOUND',
    });
    const { payout: pending } = await pendingPayout(office, [100]);
    const nothing = await of(office, { format: 'pain001', payoutIds: [pending.id] });
    expect(nothing).toMatchObject({
      code: 'VALIDATION',
      message: `There is nothing to pay in this file. ${pending.payoutNumber} of ${pending.partnerName}: It is not approved yet.`,
    });
    expect(nothing.data).toMatchObject({ fields: [{ message: 'It is not approved yet.' }] });
    await office.as('approver').payouts.approve({ id: pending.id });
    const cases: [Input, string][] = [
      [{ format: 'pain001', executionDate: '2026-06-14' }, 'A bank pays today or later, not in the past.'],
      [{ format: 'pain001', executionDate: '2027-06-30' }, 'No bank keeps an order for more than a year.'],
      [
        { format: 'pain001', executionDate: '2026-06-20' },
        'This is a Saturday, and banks pay from Monday to Friday. The next such day is 2026-06-22.',
      ],
      [
        { format: 'nacha', executionDate: '2026-06-21' },
        'This is a Sunday, and banks pay from Monday to Friday. The next such day is 2026-06-22.',
      ],
      [{ format: 'pain001', currency: 'EUR' }, 'Only a PayPal file takes this.'],
      [{ format: 'pain001', bom: true }, 'Only a CSV file takes this.'],
      [{ format: 'csv_lines', again: true }, 'Only a payment file takes this.'],
      [{ format: 'paypal', executionDate: '2026-06-20' }, 'Only a SEPA or ACH file takes this.'],
    ];
    for (const [input, message] of cases) {
      expect(await of(office, input)).toMatchObject({ code: 'VALIDATION', message });
      // The look beforehand says so already.
      const look = () => office.as('finance').payoutExports.preview(input);
      expect(await refused(host, look)).toMatchObject({ code: 'VALIDATION', message });
    }
    expect(await of(office, { format: 'nacha' })).toMatchObject({ code: 'VALIDATION' });
    expect(await filesThere()).toEqual(before);
  });
});
