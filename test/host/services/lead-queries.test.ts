import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Inputs } from '#contract/index.ts';
import { matchesSearch, readSearch, searchTextOf } from '#domain/lead-search.ts';
import { partners } from '#host/database/index.ts';
import { command } from '#host/services/command.ts';
import { insertLeads, prepareLead } from '#host/services/lead-intake.ts';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { activePartner } from './credit-stories.ts';
import { aPerson, getLead, type Lead, type LeadData, submitted, walk } from './lead-stories.ts';
import { plansOf, scanOrSort } from './partners/plans.ts';

type Filters = Inputs['leads']['list'];

const newestFirst = (a: Lead, b: Lead) =>
  a.submittedAt === b.submittedAt ? (a.id < b.id ? 1 : -1) : a.submittedAt < b.submittedAt ? 1 : -1;
const queueOrder = (a: Lead, b: Lead) =>
  a.qualityScore === b.qualityScore ? -newestFirst(a, b) : b.qualityScore - a.qualityScore;
const idsOf = (leads: readonly Lead[]) => leads.map((lead) => lead.id);

const extras: LeadData[] = [
  {},
  { company: 'Acme' },
  { company: 'Acme', jobTitle: 'Buyer' },
  { company: '100% Söhne_& Co', industry: 'Steel' },
];

describe.each(engines)('lists of leads on %s', (engine) => {
  let host: TestHost;
  let office: TestTenant;
  let all: Lead[];
  let importId: string;
  let sourceIds: (string | null)[];

  /** Leads of two partners over several days, in every status, some alike in score, instant or person. */
  beforeAll(async () => {
    host = await testHost(engine, { now: '2026-06-13T09:00:00.000Z' });
    office = host;
    const made = [await activePartner(office), await activePartner(office)];
    const fair = await office
      .as('partner_manager')
      .sources.create({ id: made[0]!.id, sourceType: 'vendor_reference', sourceName: 'Fair' });
    const twin = aPerson();
    const ids: string[] = [];
    for (let n = 0; n < 36; n += 1) {
      const person = n % 9 === 0 ? { ...twin, ...extras[n % 4] } : aPerson(extras[n % 4]);
      const sourceId = n % 6 === 0 ? fair.id : undefined;
      ids.push((await submitted(office, made[n % 2]!.id, person, { sourceId })).id);
      if (n % 3 === 0) host.clock.advance(170);
    }
    importId = await imported(made[1]!.id);
    const { leads } = office.as('lead_reviewer');
    await leads.bulk({ action: 'approve', ids: ids.filter((_, n) => n % 5 === 0) });
    await leads.bulk({ action: 'reject', ids: ids.filter((_, n) => n % 7 === 3), reason: 'x' });
    await leads.bulk({ action: 'claim', ids: ids.filter((_, n) => n % 4 === 1) });
    await leads.convert({ id: ids[0]!, dealValue: 1, conversionDate: '2026-06-14' });
    all = await walk(office, 'list', { limit: 500 });
    sourceIds = [...new Set(all.map((lead) => lead.sourceId))];
  });
  afterAll(async () => host.close());

  /** A file of leads that came in at one instant. */
  async function imported(partnerId: string): Promise<string> {
    const client = office.as('partner_manager');
    const rows = Array.from({ length: 6 }, () => aPerson({ company: 'Imported' }));
    const file = Buffer.from(
      ['first name,last name,email,phone,company', ...rows.map((row) => Object.values(row).join(','))].join(
        '\n',
      ),
    );
    const { uploadId } = await client.uploads.begin({ fileName: 'leads.csv', size: file.length });
    await client.uploads.append({ uploadId, offset: 0, data: file.toString('base64') });
    const events = await client.imports.run({ partnerId, uploadId });
    for await (const event of events) {
      if (event.type === 'result' && event.result.importId !== null) return event.result.importId;
    }
    throw new Error('The import told no result.');
  }

  it('show every lead as it is by itself', async () => {
    expect(all.length).toBe(42);
    for (const lead of all.slice(0, 5)) expect(await getLead(office, lead)).toEqual(lead);
    expect(new Set(all.map((lead) => lead.status)).size).toBe(5);
    expect(new Set(all.map((lead) => lead.partnerName)).size).toBe(2);
  });

  it('page by page show each lead once: the list newest first, the queue by score and then age', async () => {
    const waiting = all.filter((lead) => lead.status === 'submitted' || lead.status === 'under_review');
    for (const limit of [1, 4, 7, 100]) {
      expect(idsOf(await walk(office, 'list', { limit }))).toEqual(idsOf(all.toSorted(newestFirst)));
      expect(idsOf(await walk(office, 'reviewQueue', { limit }))).toEqual(
        idsOf(waiting.toSorted(queueOrder)),
      );
    }
  });

  it('count only where asked', async () => {
    const { leads } = office.as('auditor');
    expect(await leads.list({ limit: 1 })).not.toHaveProperty('total');
    expect((await leads.list({ limit: 1, total: true })).total).toBe(all.length);
    const queue = await leads.reviewQueue({ limit: 1, total: true });
    expect(queue.total).toBe((await walk(office, 'reviewQueue')).length);
  });

  it('give by any filters what the filters say, in order, with its count', async () => {
    const instants = all.map((lead) => lead.submittedAt);
    const option = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });
    const filters: fc.Arbitrary<Filters> = fc.record({
      status: option(fc.constantFrom('submitted', 'under_review', 'approved', 'rejected', 'converted')),
      partnerId: option(fc.constantFrom(...new Set(all.map((lead) => lead.partnerId)))),
      sourceId: option(fc.constantFrom(...sourceIds.filter((id) => id !== null))),
      importId: option(fc.constant(importId)),
      minScore: option(fc.constantFrom(0, 30, 39.999, 40, 40.001, 50, 100)),
      q: option(
        fc.constantFrom('acme', 'ACME', '%', '_', '100% sö', 'joe-1', 'example.com', 'sum', "o'", 'nobody'),
      ),
      duplicates: option(fc.boolean()),
      submittedBefore: option(fc.constantFrom(...instants, '2026-06-15', '2020-01-01')),
      limit: fc.integer({ min: 1, max: 20 }),
    });
    const startOf = (before: string) =>
      before.length === 10 ? Date.parse(`${before}T00:00:00+02:00`) : Date.parse(before);
    const matches = (lead: Lead, f: Filters) => {
      const { firstName = '', lastName = '', company, email, phone } = lead.leadData;
      const text = searchTextOf({ name: `${firstName} ${lastName}`, company, email, phoneKey: phone });
      const terms = f.q === undefined ? [] : readSearch(f.q);
      return (
        (f.status === undefined || lead.status === f.status) &&
        (f.partnerId === undefined || lead.partnerId === f.partnerId) &&
        (f.sourceId === undefined || lead.sourceId === f.sourceId) &&
        (f.importId === undefined || lead.importId === f.importId) &&
        (f.minScore === undefined || lead.qualityScore >= Number(f.minScore)) &&
        terms !== undefined &&
        matchesSearch(text, terms) &&
        (f.duplicates === undefined || (lead.duplicateOf !== null) === f.duplicates) &&
        (f.submittedBefore === undefined || Date.parse(lead.submittedAt) < startOf(f.submittedBefore))
      );
    };
    let found = 0;
    await fc.assert(
      fc.asyncProperty(filters, async (chosen) => {
        const expected = all.filter((lead) => matches(lead, chosen)).toSorted(newestFirst);
        found += expected.length;
        expect(idsOf(await walk(office, 'list', chosen as never))).toEqual(idsOf(expected));
        expect((await office.as('auditor').leads.list({ ...chosen, total: true })).total).toBe(
          expected.length,
        );
        if (chosen.status !== undefined && !['submitted', 'under_review'].includes(chosen.status)) return;
        const queue = expected.filter((lead) => ['submitted', 'under_review'].includes(lead.status));
        const page = { ...chosen, status: chosen.status as 'submitted' | undefined };
        expect(idsOf(await walk(office, 'reviewQueue', page))).toEqual(idsOf(queue.toSorted(queueOrder)));
        expect((await office.as('auditor').leads.reviewQueue({ ...page, total: true })).total).toBe(
          queue.length,
        );
      }),
      { numRuns: 60 },
    );
    expect(found).toBeGreaterThan(0);
  });

  it('find nothing of an unknown import, of an import of another partner, or before all time', async () => {
    const { leads } = office.as('auditor');
    const empty = { items: [], nextCursor: null, total: 0 };
    const nowhere = '01920000-0000-7000-8000-000000000000';
    const other = all.find(
      (lead) => lead.importId === null && lead.partnerId !== all[0]!.partnerId,
    )!.partnerId;
    const partnerId =
      all.find((lead) => lead.importId === importId)!.partnerId === other ? all[0]!.partnerId : other;
    for (const list of [leads.list, leads.reviewQueue]) {
      expect(await list({ importId: nowhere, total: true })).toEqual(empty);
      expect(await list({ importId, partnerId, total: true })).toEqual(empty);
      expect(await list({ submittedBefore: '0001-01-01', total: true })).toEqual(empty);
      expect(await list({ submittedBefore: '0000-01-01T00:00:00Z', total: true })).toEqual(empty);
    }
  });

  it('take a day as the organization’s own: leads before its first instant', async () => {
    const zoned = await testHost(engine, { now: '2026-06-14T21:59:58.000Z' });
    const partner = await activePartner(zoned);
    zoned.clock.set('2026-06-14T21:59:59.000Z');
    const before = await submitted(zoned, partner.id);
    zoned.clock.set('2026-06-14T22:00:00.000Z');
    const after = await submitted(zoned, partner.id);
    expect(idsOf(await walk(zoned, 'list', { submittedBefore: '2026-06-15' }))).toEqual([before.id]);
    expect(idsOf(await walk(zoned, 'list', { submittedBefore: '2026-06-16' }))).toEqual([
      after.id,
      before.id,
    ]);
    expect(idsOf(await walk(zoned, 'list', { submittedBefore: after.submittedAt }))).toEqual([before.id]);
    await zoned.close();
  });

  it('refuse a page marker that is not theirs', async () => {
    const { leads } = office.as('auditor');
    const marker = (values: unknown) => Buffer.from(JSON.stringify(values)).toString('base64url');
    const ofList = (await leads.list({ limit: 1 })).nextCursor!;
    const ofQueue = (await leads.reviewQueue({ limit: 1 })).nextCursor!;
    const [, time, id] = JSON.parse(Buffer.from(ofQueue, 'base64url').toString()) as [number, string, string];
    const foreign = {
      list: [
        'x',
        ofQueue,
        marker(['Acme', id]),
        marker([time, 'x']),
        marker(['0000-01-01T00:00:00.000Z', id]),
      ],
      reviewQueue: ['x', ofList, marker([1e300, time, id]), marker([0.5, time, id]), marker([30, 'now', id])],
    };
    for (const cursor of foreign.list) {
      expect((await refusalOf(leads.list({ cursor }))).code).toBe('VALIDATION');
    }
    for (const cursor of foreign.reviewQueue) {
      expect((await refusalOf(leads.reviewQueue({ cursor }))).code).toBe('VALIDATION');
    }
  });

  it('show nothing of another organization', async () => {
    const other = await host.otherTenant();
    const { leads } = other.as('auditor');
    expect((await leads.list({ total: true })).total).toBe(0);
    expect((await leads.reviewQueue({ total: true })).total).toBe(0);
    expect((await leads.list({ partnerId: all[0]!.partnerId })).items).toEqual([]);
    for (const call of [leads.get, leads.policyMappings, leads.applicablePolicies]) {
      expect((await refusalOf(call({ id: all[0]!.id }))).code).toBe('NOT_FOUND');
    }
  });

  describe('among thousands', () => {
    let crowd: TestHost;
    let lead: Lead;
    let lookups: string[];
    const lookupsOf = (call: () => Promise<unknown>) => plansOf(crowd, /row_number/, call);
    beforeAll(async () => {
      crowd = await testHost(engine);
      const partner = await activePartner(crowd);
      const session = await crowd.session('partner_manager');
      const scope = { tenantId: crowd.tenantId };
      // SQLite plans without looking at the rows, and shows a statement when it meets it first; PostgreSQL looks.
      lookups = await lookupsOf(() => submitted(crowd, partner.id));
      const row = await crowd.database.read(scope, (reader) => reader.find(partners, { id: partner.id }));
      for (let batch = 0; batch < 6; batch += 1) {
        const prepared = Array.from({ length: 500 }, (_, n) => {
          const raw = { submissionType: 'import_batch' as const, leadData: aPerson(extras[n % 4]) };
          const preparation = prepareLead(session, row!, raw);
          if (!preparation.ok) throw new Error(preparation.message);
          return preparation.prepared;
        });
        await command(crowd.context, session, { name: 'test.intake', input: {} }, async (work) => {
          work.record({ action: 'leads_imported', resource: 'import', resourceId: null });
          return insertLeads(work, session, row!, prepared);
        });
      }
      lead = await submitted(crowd, partner.id);
    });
    afterAll(async () => crowd.close());

    it('are read along an index in its order, by whatever filter, on the first page and later ones', async () => {
      const { leads } = crowd.as('auditor');
      await leads.get({ id: lead.id });
      const values = {
        status: 'submitted' as const,
        partnerId: lead.partnerId,
        sourceId: lead.sourceId!,
        minScore: 10,
        // Every lead has it, so that the list itself is walked.
        q: 'joe',
        duplicates: false,
        submittedBefore: '2026-07-01',
      };
      const names = Object.keys(values) as (keyof typeof values)[];
      const pairs = names.flatMap((one, n) => names.slice(n + 1).map((two) => [one, two]));
      const seen: string[] = [];
      for (const chosen of [[], ...names.map((name) => [name]), ...pairs, names]) {
        const filters = Object.fromEntries(chosen.map((name) => [name, values[name]]));
        for (const list of [leads.list, leads.reviewQueue]) {
          const plans = await plansOf(crowd, /partner_leads/, async () => {
            const { nextCursor } = await list({ ...filters, limit: 3 });
            // The second page is read in two stretches of the queue.
            await list({ ...filters, limit: 500, cursor: nextCursor! });
          });
          seen.push(...plans);
          // The index of words is a table of its own kind, and asked by words, however its plan is put.
          // So are the newest leads that a short beginning is looked for in: they are a fixed number, taken along an index.
          const walks = plans
            .filter((plan) => !plan.includes('SCAN lead_search VIRTUAL TABLE INDEX'))
            .map((plan) => plan.replace('SCAN newest', ''));
          expect(walks.filter((plan) => scanOrSort.test(plan))).toEqual([]);
        }
      }
      for (const index of ['queue', 'submitted', 'partner', 'status', 'source']) {
        expect(seen.filter((plan) => plan.includes(`ix_partner_leads_${index}`)).length).toBeGreaterThan(0);
      }
    });

    it('are looked through by their keys for a duplicate', async () => {
      const plans = [...lookups, ...(await lookupsOf(() => submitted(crowd, lead.partnerId)))];
      expect(plans).toHaveLength(engine === 'sqlite' ? 2 : 4);
      for (const [n, plan] of plans.entries()) {
        expect(plan).toContain(n % 2 === 0 ? 'ix_partner_leads_email' : 'ix_partner_leads_phone');
        // What is sorted are the few leads that share a key, never the table.
        expect(plan).not.toMatch(/SCAN (lead|partner_leads)|Seq Scan/);
      }
    });

    it('are looked through by their keys when a lead is corrected, too', async () => {
      const corrected = await submitted(crowd, lead.partnerId);
      const plans = await plansOf(crowd, /_key = /, () =>
        crowd
          .as('lead_reviewer')
          .leads.update({ id: corrected.id, leadData: { email: lead.leadData.email } }),
      );
      expect(plans).toHaveLength(3);
      for (const plan of plans) {
        expect(plan).toMatch(/ix_partner_leads_(email|phone)/);
        expect(plan).not.toMatch(/SCAN (lead|partner_leads)|Seq Scan|ix_partner_leads_submitted/);
      }
    });

    it('are counted by an index, the queue by its own', async () => {
      const { leads } = crowd.as('auditor');
      const queue = await plansOf(crowd, /count\(\*\)/, () => leads.reviewQueue({ total: true, limit: 1 }));
      expect(queue).toEqual([expect.stringMatching(/ix_partner_leads_(queue|waiting|partner_queue)/)]);
      const list = await plansOf(crowd, /count\(\*\)/, () => leads.list({ total: true, limit: 1 }));
      expect(list).toEqual([expect.stringMatching(/ix_partner_leads_|pk_partner_leads/)]);
      const { total } = await leads.reviewQueue({ total: true, limit: 1, status: 'submitted', minScore: 1 });
      expect(total).toBe((await leads.list({ total: true, limit: 1, status: 'submitted' })).total);
    });
  });
});
