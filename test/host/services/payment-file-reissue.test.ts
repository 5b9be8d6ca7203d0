import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { validate } from 'achkit';
import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostContext } from '#host/context.ts';
import { createPaymentFile } from '#host/services/payout-exports/payment-file.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { refused } from './partners/setup.ts';
import {
  approvedPayout,
  create,
  dollarOffice,
  type Input,
  type Made,
  sepaOffice,
  textOf,
  usBanking,
} from './payment-file-stories.ts';
import { getPayout, type Payout, paid, payablePartner, pendingPayout } from './payout-stories.ts';

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

describe.each(engines)('a payment file once made, on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  const filesThere = async () => (await readdir(join(host.context.dataFolder, 'exports'))).sort();
  const listed = async (office: TestTenant): Promise<Made[]> =>
    (await office.as('finance').payoutExports.list({})).items;
  const handedOut = async (office: TestTenant, { id }: { id: string }) =>
    (await office.as('auditor').activities.list({ action: 'payment_file_handed_out' })).items.filter(
      (activity) => activity.resourceId === id,
    );

  it('stays the same, byte for byte, whatever becomes of its payouts, partners and payer', async () => {
    const office = await sepaOffice(host);
    const partner = await payablePartner(office);
    const one = await approvedPayout(office, partner, [1000]);
    const two = await approvedPayout(office, await payablePartner(office), [2000]);
    const made = [
      await create(office, { format: 'pain001' }),
      await create(office, { format: 'csv_lines' }),
      await create(office, { format: 'csv_payouts' }),
    ];
    const before = await Promise.all(made.map((each) => textOf(office, each)));
    expect(before.map(sha256)).toEqual(made.map(({ fileSha256 }) => fileSha256));

    await paid(office, one, 400);
    await office.as('approver').payouts.cancel({ id: two.id, reason: 'the deal fell through' });
    await office.as('partner_manager').partners.update({
      id: partner.id,
      organizationName: 'Another Name AG',
      bankingDetails: { accountHolder: 'Another Holder', iban: 'FR1420041010050500013M02606', swift: null },
    });
    await office
      .as('admin')
      .settings.update({ sepaPayer: { name: 'New', iban: 'DE89370400440532013000', bic: null } });

    expect(await Promise.all(made.map((each) => textOf(office, each)))).toEqual(before);
    expect((await listed(office)).toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1))).toEqual(made);
    // What is made now is another file, with another hash, of what is true now.
    const now = await create(office, { format: 'csv_payouts' });
    expect(now.fileSha256).not.toBe(made[2]!.fileSha256);
    expect(await textOf(office, now)).toContain('Another Name AG');
  });

  it('leaves a trace whenever somebody gets it, because it shows account numbers in full', async () => {
    const office = await sepaOffice(host);
    await approvedPayout(office, await payablePartner(office), [100]);
    const made = await create(office, { format: 'pain001' });
    expect(await handedOut(office, made)).toEqual([]);
    await textOf(office, made);
    const first = await handedOut(office, made);
    expect(first).toMatchObject([
      {
        userId: (await office.session('finance')).userId,
        resource: 'payout_export',
        details: { format: 'pain001', fileName: made.fileName, payments: 1 },
      },
    ]);
    const other = office.as('finance', 2).payoutExports;
    // One who begins in the middle is noted all the same, and once for all pieces.
    await other.read({ id: made.id, offset: 100 });
    await other.read({ id: made.id, offset: 200 });
    expect(await handedOut(office, made)).toHaveLength(2);
    await other.read({ id: made.id, offset: 0 });
    await other.read({ id: made.id, offset: 300 });
    expect(await handedOut(office, made)).toHaveLength(3);
    expect(JSON.stringify(await handedOut(office, made))).not.toContain('DE89');
    // A refusal hands nothing out, and a table shows accounts masked.
    await refused(host, () => other.read({ id: made.id, offset: made.byteSize + 1 }));
    const table = await create(office, { format: 'csv_payouts' });
    await textOf(office, table);
    expect(await handedOut(office, made)).toHaveLength(3);
    expect(await handedOut(office, table)).toEqual([]);
    expect(await office.as('auditor').activities.verify()).toMatchObject({ ok: true });
  });

  it('is the answer to the same command once more, and to no other', async () => {
    const office = await sepaOffice(host);
    const payout = await approvedPayout(office, await payablePartner(office), [100]);
    const before = await filesThere();
    const input: Input = { format: 'pain001', payoutIds: [payout.id], commandId: 'pay-june' };
    const made = await create(office, input);
    expect(await create(office, input)).toEqual(made);
    expect(await listed(office)).toEqual([made]);
    expect(await filesThere()).toHaveLength(before.length + 1);
    const conflict = {
      code: 'CONFLICT',
      message: expect.stringContaining('already used for something else'),
    };
    expect(await refused(host, () => create(office, { ...input, again: true }))).toMatchObject(conflict);
    const asOther = () => office.as('finance', 2).payoutExports.create(input);
    expect(await refused(host, asOther)).toMatchObject(conflict);
    // Another organization's command of the same name is another command.
    const stranger = await sepaOffice(host);
    const theirs = () => create(stranger, input);
    expect(await refused(host, theirs)).toMatchObject({ code: 'NOT_FOUND' });

    const again = { ...input, again: true, commandId: 'pay-june-again' };
    const both = await Promise.all([create(office, again), create(office, again)]);
    expect(both[0]).toEqual(both[1]);
    expect(await listed(office)).toHaveLength(2);
    expect(await filesThere()).toHaveLength(before.length + 2);
    const csv: Input = { format: 'csv_lines', commandId: 'table' };
    expect(await create(office, csv)).toEqual(await create(office, csv));
  });

  /** This host, where something happens between the writing of a file and its recording. */
  function meanwhile(work: () => Promise<unknown>): HostContext {
    const { database } = host.context;
    let isOver = false;
    return {
      ...host.context,
      database: {
        ...database,
        async write(scope, fn) {
          if (!isOver) await work();
          isOver = true;
          return database.write(scope, fn);
        },
      },
    };
  }

  it.each<[what: string, act: (office: TestTenant, payout: Payout) => Promise<unknown>, again: boolean]>([
    ['another file ordered its payout', (office) => create(office, { format: 'pain001' }), false],
    [
      'another file ordered its payout again too',
      (office) => create(office, { format: 'pain001', again: true }),
      true,
    ],
    ['its payout was paid', (office, payout) => paid(office, payout), true],
    [
      'its partner changed the account',
      (office, { partnerId }) =>
        office.as('partner_manager').partners.update({
          id: partnerId,
          bankingDetails: { iban: 'FR1420041010050500013M02606', swift: null },
        }),
      true,
    ],
  ])('is not recorded where meanwhile %s', async (_what, act, again) => {
    const office = await sepaOffice(host);
    const payout = await approvedPayout(office, await payablePartner(office), [100]);
    if (again) await create(office, { format: 'pain001' });
    let before: string[] = [];
    let recorded: Made[] = [];
    const busy = meanwhile(async () => {
      await act(office, payout);
      // Ours lies there too by now, without a name.
      before = (await filesThere()).filter((name) => !name.endsWith('.unrecorded'));
      recorded = await listed(office);
    });
    const session = await office.session('finance');
    await expect(
      createPaymentFile(busy, session, { format: 'pain001', again }, { jobId: uuidv7() }),
    ).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('Nothing was kept') });
    expect(await filesThere()).toEqual(before);
    expect(await listed(office)).toEqual(recorded);
  });

  it('has a letter of its own among the ACH files of a day', async () => {
    const office = await dollarOffice(host);
    const payouts = [];
    for (const amount of [100, 200]) {
      const partner = await payablePartner(office, { currency: 'USD', bankingDetails: usBanking });
      payouts.push(await approvedPayout(office, partner, [amount]));
    }
    const [one, two] = payouts.map(({ id }) => ({ format: 'nacha' as const, payoutIds: [id] }));
    const session = await office.session('finance');
    const busy = meanwhile(() => create(office, two!));
    await expect(createPaymentFile(busy, session, one!, { jobId: uuidv7() })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await create(office, one!);
    const texts = await Promise.all((await listed(office)).map((each) => textOf(office, each)));
    expect(texts.map((text) => validate(text))).toEqual(texts.map(() => ({ ok: true, errors: [] })));
    expect(texts.map((text) => text.charAt(33)).toSorted()).toEqual(['A', 'B']);
  });

  // SQLite has one writer, so there the second can't even begin.
  it.skipIf(engine === 'sqlite')('waits for the ACH file that is just being recorded', async () => {
    const office = await dollarOffice(host);
    const payouts = [];
    for (const amount of [100, 200]) {
      const partner = await payablePartner(office, { currency: 'USD', bankingDetails: usBanking });
      payouts.push(await approvedPayout(office, partner, [amount]));
    }
    const [one, two] = payouts.map(({ id }) => ({ format: 'nacha' as const, payoutIds: [id] }));
    const waiting = async () =>
      (
        await host.database.read('system', (reader) =>
          reader.get<{ n: number }>(
            sql`select count(*) as n from pg_locks join pg_database d on d.oid = database
              where locktype = 'advisory' and not granted and datname = current_database()`,
          ),
        )
      )?.n;
    const { database } = host.context;
    const written = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const busy: HostContext = {
      ...host.context,
      database: {
        ...database,
        write: (scope, fn) =>
          database.write(scope, async (tx) => {
            const result = await fn(tx);
            written.resolve();
            await mayCommit.promise;
            return result;
          }),
      },
    };
    const session = await office.session('finance');
    const others = await office.session('finance', 2);
    const first = createPaymentFile(busy, session, one!, { jobId: uuidv7() });
    await Promise.race([first, written.promise]);
    const second = createPaymentFile(host.context, others, two!, { jobId: uuidv7() }).then(
      () => 'recorded',
      (error: unknown) => error,
    );
    // It waits for the lock; and where nothing made it wait, it is over.
    let isOver = false;
    void second.then(() => (isOver = true));
    await expect.poll(async () => isOver || (await waiting()) === 1).toBe(true);
    mayCommit.resolve();
    await first;
    expect(await second).toMatchObject({ code: 'CONFLICT' });
    expect(await listed(office)).toHaveLength(1);
  });

  it('is for the next working day where it is made on a weekend', async () => {
    const office = await sepaOffice(host);
    await approvedPayout(office, await payablePartner(office), [100]);
    host.clock.set('2026-06-20T12:00:00.000Z');
    try {
      const made = await create(office, { format: 'pain001' });
      expect(made.executionDate).toBe('2026-06-22');
      expect(await textOf(office, made)).toContain('<Dt>2026-06-22</Dt>');
    } finally {
      host.clock.set('2026-06-15T12:00:00.000Z');
    }
  });

  it('is in euros by SEPA: no other currency goes in, whatever its decimals, nor one without an IBAN', async () => {
    const office = await sepaOffice(host);
    for (const currency of ['JPY', 'KWD', 'USD']) {
      await approvedPayout(office, await payablePartner(office, { currency }), [100]);
    }
    await approvedPayout(office, await payablePartner(office, { bankingDetails: usBanking }), [100]);
    const { payout: pending } = await pendingPayout(office, [100]);
    const told = await refused(host, () => create(office, { format: 'pain001' }));
    expect(told.data).toMatchObject({
      fields: [
        { message: 'It is in JPY; a SEPA file pays euros only.' },
        { message: 'It is in KWD; a SEPA file pays euros only.' },
        { message: 'It is in USD; a SEPA file pays euros only.' },
        { message: 'The bank details have no IBAN.' },
      ],
    });
    expect((await getPayout(office, pending)).paymentFileAt).toBe(null);
    expect(await listed(office)).toEqual([]);
  });
});
