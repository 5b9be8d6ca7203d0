import sql from 'sql-template-tag';
import { beforeAll, expect, it } from 'vitest';
import {
  asBoolean,
  asJson,
  type Database,
  numberSequences,
  type PartnerLeadRow,
  partnerLeads,
  partners,
  tenants,
} from '#host/database/index.ts';
import { forEachEngine, testDatabase } from '#test/support/databases.ts';
import { aLead, anOffice, aPartner, insertLeads, type Office, uuidv7 } from './rows.ts';

forEachEngine((engine) => {
  let database: Database;
  let office: Office;
  let scope: { tenantId: string };

  beforeAll(async () => {
    ({ database } = await testDatabase(engine, { now: () => '2026-03-01T10:00:00.000Z' }));
    office = await anOffice(database);
    scope = { tenantId: office.tenantId };
  });

  it('gives a row of every kind of column back as it was put in', async () => {
    const row = {
      ...aLead(office),
      tenantId: office.tenantId,
      leadId: null,
      leadData: {
        email: 'ß@example.com',
        phone: '+49 30',
        company: 'Ü "quoted" \\ 🏠\nline',
        timelineDays: 30,
      },
      company: 'Ü "quoted" \' 🏠',
      qualityScore: 9999,
      duplicateOf: null,
      linkedTo: null,
      protectedUntil: null,
      notDuplicateReason: null,
      notDuplicateBy: null,
      notDuplicateAt: null,
      projectId: null,
      campaignId: 'spring',
      estimatedValue: Number.MAX_SAFE_INTEGER,
      claimedBy: office.checker,
      claimExpiresAt: '2026-03-01T09:15:00.007Z',
      reviewNotes: null,
      rejectionReason: null,
      reviewedBy: null,
      reviewedAt: null,
      approvedAt: null,
      approvedOn: '2024-02-29',
      conversionDate: null,
      convertedAt: null,
      dealValue: 0,
      conversionWithdrawnAt: null,
      conversionWithdrawnBy: null,
      conversionWithdrawalReason: null,
      creditAmount: null,
      creditStatus: null,
      importId: null,
      version: 1,
      createdAt: '2026-03-01T10:00:00.000Z',
      updatedAt: '2026-03-01T10:00:00.000Z',
      deletedAt: null,
    } satisfies PartnerLeadRow;
    await database.write(scope, (tx) => tx.insert(partnerLeads, row));
    const found = await database.read(scope, (reader) => reader.find(partnerLeads, { id: row.id }));
    expect(found).toEqual(row);
    const [listed] = await database.read(scope, (reader) => reader.list(partnerLeads, sql`id = ${row.id}`));
    expect(listed).toEqual(row);
  });

  it('tells true from false and an empty list from none', async () => {
    const partner = aPartner(office, { bankingIsVerified: true, fourEyesWaived: false, scoreWeights: null });
    await database.write(scope, (tx) => tx.insert(partners, partner));
    const found = await database.read(scope, (reader) => reader.find(partners, { id: partner.id }));
    expect(found).toMatchObject({
      bankingIsVerified: true,
      fourEyesWaived: false,
      documentUrls: [],
      scoreWeights: null,
    });
  });

  it('fills in the tenant, the version and the times of a new row', async () => {
    const [id] = await insertLeads(database, office, 1);
    const found = await database.read(scope, (reader) => reader.find(partnerLeads, { id }));
    expect(found).toMatchObject({
      tenantId: office.tenantId,
      version: 1,
      createdAt: '2026-03-01T10:00:00.000Z',
      updatedAt: '2026-03-01T10:00:00.000Z',
    });
  });

  it('keeps an instant with an offset or fewer digits as the same moment in UTC', async () => {
    const lead = aLead(office, { submittedAt: '2026-03-01T10:30:00+02:00' });
    await database.write(scope, (tx) => tx.insert(partnerLeads, lead));
    const found = await database.read(scope, (reader) => reader.find(partnerLeads, { id: lead.id }));
    expect(found?.submittedAt).toBe('2026-03-01T08:30:00.000Z');
  });

  it.each([
    ['half a cent', { creditAmount: 10.5 }],
    ['a number that is not exact', { estimatedValue: Number.MAX_SAFE_INTEGER + 1 }],
    ['a day that does not exist', { approvedOn: '2026-02-30' }],
    ['an instant without a zone', { submittedAt: '2026-03-01T10:00:00' }],
    ['an id that is no UUID', { duplicateOf: 'lead-1' }],
    ['a score beyond a column of four bytes', { qualityScore: 3_000_000_000 }],
  ])('refuses %s before the database sees it', async (_what, patch) => {
    const lead = aLead(office, patch);
    await expect(database.write(scope, (tx) => tx.insert(partnerLeads, lead))).rejects.toThrow(TypeError);
  });

  it('refuses a NUL in text and in JSON with the field it is in', async () => {
    const inText = aLead(office, { company: 'a\0b' });
    await expect(database.write(scope, (tx) => tx.insert(partnerLeads, inText))).rejects.toMatchObject({
      code: 'VALIDATION',
      fields: [{ path: 'company' }],
    });
    const inJson = aLead(office, { leadData: { email: 'a\0b', phone: '' } });
    await expect(database.write(scope, (tx) => tx.insert(partnerLeads, inJson))).rejects.toMatchObject({
      code: 'VALIDATION',
      fields: [{ path: 'leadData.email' }],
    });
  });

  it('stores half a surrogate pair as the replacement character', async () => {
    const lead = aLead(office, { company: 'x\ud83c', leadData: { email: 'x\ud83c', phone: '' } });
    await database.write(scope, (tx) => tx.insert(partnerLeads, lead));
    const found = await database.read(scope, (reader) => reader.find(partnerLeads, { id: lead.id }));
    expect(found?.company).toBe('x�');
    expect(found?.leadData.email).toBe('x�');
  });

  it('inserts many rows at once, more than one statement can take', async () => {
    const ids = await insertLeads(database, office, 1203);
    const row = await database.read(scope, (reader) =>
      reader.get<{ n: number }>(sql`select count(*) as n from partner_leads
        where tenant_id = ${office.tenantId} and id >= ${ids[0]} and id <= ${ids.at(-1)}`),
    );
    expect(row?.n).toBe(1203);
  });

  it('sorts and compares text by its bytes, whatever the language of the server', async () => {
    const names = ['Zebra', 'apple', 'Österreich', 'Apple', 'zebra'];
    await database.write(scope, (tx) =>
      tx.insertMany(
        numberSequences,
        names.map((name) => ({ name, value: 1 })),
      ),
    );
    const rows = await database.read(scope, (reader) => reader.list(numberSequences, sql`order by name`));
    expect(rows.map(({ name }) => name)).toEqual(['Apple', 'Zebra', 'apple', 'zebra', 'Österreich']);
  });

  it('answers raw queries with the same numbers, instants, days and JSON on both engines', async () => {
    const lead = aLead(office, {
      estimatedValue: 9_007_199_254_740_000,
      submittedAt: '2026-03-05T23:59:59.999Z',
      approvedOn: '2026-03-05',
      month: 'raw',
    });
    const second = aLead(office, { estimatedValue: 40, month: 'raw' });
    await database.write(scope, (tx) => tx.insertMany(partnerLeads, [lead, second]));
    const row = await database.read(scope, (reader) =>
      reader.get<Record<string, unknown>>(sql`
        select count(*) as n, sum(estimated_value) as total, max(submitted_at) as latest, max(approved_on) as day,
          min(quality_score) as lowest, avg(quality_score) as mean, min(deal_value) as missing
        from partner_leads where tenant_id = ${office.tenantId} and month = ${'raw'}`),
    );
    expect(row).toEqual({
      n: 2,
      total: 9_007_199_254_740_040,
      latest: '2026-03-05T23:59:59.999Z',
      day: '2026-03-05',
      lowest: 1500,
      mean: 1500,
      missing: null,
    });
    const data = await database.read(scope, (reader) =>
      reader.get<{ lead_data: unknown }>(sql`select lead_data from partner_leads
        where tenant_id = ${office.tenantId} and id = ${lead.id}`),
    );
    expect(data?.lead_data).toBeTypeOf('string');
    expect(asJson(data?.lead_data)).toEqual({ email: 'kim@example.com', phone: '+4930123456' });
  });

  it('takes booleans, nothing, dates and JSON as parameters of raw SQL', async () => {
    const partner = aPartner(office, { bankingIsVerified: true });
    await database.write(scope, async (tx) => {
      await tx.insert(partners, partner);
      await tx.run(sql`update partners set four_eyes_waived = ${true}, website = ${undefined},
        document_urls = ${['https://example.com/a']}, approved_at = ${new Date('2026-03-01T00:00:00Z')}
        where tenant_id = ${office.tenantId} and id = ${partner.id}`);
    });
    const found = await database.read(scope, (reader) => reader.find(partners, { id: partner.id }));
    expect(found).toMatchObject({
      fourEyesWaived: true,
      website: null,
      documentUrls: ['https://example.com/a'],
      approvedAt: '2026-03-01T00:00:00.000Z',
    });
    const raw = await database.read(scope, (reader) =>
      reader.all<{ four_eyes_waived: unknown }>(sql`select four_eyes_waived from partners
        where tenant_id = ${office.tenantId} and id = ${partner.id} and banking_is_verified = ${true}`),
    );
    expect(raw.map((row) => asBoolean(row.four_eyes_waived))).toEqual([true]);
  });

  it('finds nothing, and does not fail, for an id that is no UUID', async () => {
    expect(await database.read(scope, (reader) => reader.find(partners, { id: 'nonsense' }))).toBeUndefined();
    await expect(
      database.write(scope, (tx) => tx.update(partners, { id: 'nonsense' }, { status: 'active' })),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('refuses a condition without a value rather than finding any row', async () => {
    await expect(database.read(scope, (reader) => reader.find(partners, { id: undefined }))).rejects.toThrow(
      /undefined/,
    );
  });

  it('leaves deleted rows out unless asked for', async () => {
    const partner = aPartner(office);
    await database.write(scope, (tx) => tx.insert(partners, partner));
    await database.write(scope, (tx) =>
      tx.update(partners, { id: partner.id }, { deletedAt: '2026-03-02T00:00:00.000Z' }),
    );
    await database.read(scope, async (reader) => {
      expect(await reader.find(partners, { id: partner.id })).toBeUndefined();
      expect(await reader.find(partners, { id: partner.id }, { withDeleted: true })).toMatchObject({
        version: 2,
      });
      expect(await reader.list(partners, sql`id = ${partner.id}`)).toEqual([]);
      expect(await reader.list(partners, sql`id = ${partner.id}`, { withDeleted: true })).toHaveLength(1);
    });
  });

  it('lists everything, a condition, or only an order and a limit', async () => {
    const all = await database.read('system', (reader) => reader.list(tenants));
    expect(all.map(({ id }) => id)).toContain(office.tenantId);
    const first = await database.read(scope, (reader) =>
      reader.list(partners, sql`order by created_at, id limit ${1}`),
    );
    expect(first).toHaveLength(1);
    const none = await database.read(scope, (reader) =>
      reader.list(partners, sql`partner_code = ${uuidv7()}`),
    );
    expect(none).toEqual([]);
  });

  it('streams a result in batches, in a read and within a transaction that writes meanwhile', async () => {
    const month = 'stream';
    const rows = Array.from({ length: 25 }, () => aLead(office, { month }));
    await database.write(scope, (tx) => tx.insertMany(partnerLeads, rows));
    const statement = sql`select id from partner_leads
      where tenant_id = ${office.tenantId} and month = ${month} order by id`;
    const inRead: string[][] = [];
    await database.read(scope, async (reader) => {
      for await (const batch of reader.stream<{ id: string }>(statement, 10)) {
        inRead.push(batch.map(({ id }) => id));
      }
    });
    expect(inRead.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(inRead.flat()).toEqual(rows.map(({ id }) => id));

    let touched = 0;
    await database.write(scope, async (tx) => {
      await tx.insert(partnerLeads, aLead(office, { month }));
      for await (const batch of tx.stream<{ id: string }>(statement, 10)) {
        for (const { id } of batch) {
          await tx.update(partnerLeads, { id }, { reviewNotes: 'seen' });
          touched++;
        }
      }
    });
    expect(touched).toBe(26);
  });

  it('can leave a stream early', async () => {
    await insertLeads(database, office, 30);
    const taken = await database.read(scope, async (reader) => {
      let rows = 0;
      for await (const batch of reader.stream(sql`select id from partner_leads`, 10)) {
        rows += batch.length;
        break;
      }
      const after = await reader.get<{ n: number }>(sql`select 1 as n`);
      return rows + (after?.n ?? 0);
    });
    expect(taken).toBe(11);
  });

  it('closes a stream that outlives its read, and refuses what comes after it', async () => {
    await insertLeads(database, office, 30);
    const [stream, reader] = await database.read(scope, async (inner) => {
      const batches = inner.stream(sql`select id from partner_leads`, 10)[Symbol.asyncIterator]();
      expect((await batches.next()).value).toHaveLength(10);
      return [batches, inner] as const;
    });
    expect((await stream.next()).done).toBe(true);
    await expect(reader.list(partners)).rejects.toThrow(/over/);
  });
});
