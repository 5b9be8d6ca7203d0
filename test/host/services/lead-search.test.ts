import * as fc from 'fast-check';
import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { matchesSearch, readSearch, searchTextOf } from '#domain/lead-search.ts';
import { partners } from '#host/database/index.ts';
import { command } from '#host/services/command.ts';
import { insertLeads, prepareLead } from '#host/services/lead-intake.ts';
import { FEW, findLeads } from '#host/services/leads/search.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { activePartner } from './credit-stories.ts';
import { aPerson, type Lead, type LeadData, submitted, walk } from './lead-stories.ts';
import { plansOf } from './partners/plans.ts';

const people: LeadData[] = [
  {
    firstName: 'Ana-María',
    lastName: 'Müller',
    company: 'Weiß & Søn 54 GmbH',
    email: 'ana.mueller@hafen.example.com',
    phone: '+49 30 1234567',
  },
  {
    firstName: 'Łukasz',
    lastName: 'O’Brien',
    company: 'Nordlicht Bau',
    email: 'l.obrien@nordlicht.example.org',
    phone: '+48 22 123 45 67',
  },
  {
    firstName: 'JOSÉ',
    lastName: 'Muller',
    company: '100% Immo_bilien',
    email: 'jose_m@example.net',
    phone: '+1 202 555 0143',
  },
  {
    firstName: '太郎',
    lastName: '山田',
    company: '株式会社東京',
    email: 'taro@example.jp',
    phone: '+81 3 1234 5678',
  },
  {
    firstName: 'Zoë',
    lastName: "D'Or",
    company: 'Søn "Quoted" (AND) OR NOT',
    email: 'zoe+near@example.com',
    phone: '+49 30 7654321',
  },
  { company: 'Anonymous', email: 'nobody@example.com', phone: '+49 172 1234567' },
];

const searches = [
  'muller',
  'MÜLLER',
  'Mu\u0308ller',
  'ana maria',
  'maria ana',
  'mull ana',
  'uller',
  'weiss',
  'WEIẞ søn',
  'son',
  'o’b',
  "o'brien",
  'lukasz',
  'ŁUK',
  '山田',
  '太',
  '株式会社',
  '東京',
  '100%',
  '%',
  '_',
  '"',
  "'",
  '*',
  '(',
  ')',
  '\\',
  '"*',
  'immo_b',
  '54',
  '5',
  'gmbh 54',
  'ana.mueller@hafen.example.com',
  '@example',
  'example.com',
  'hafen.example',
  'zoe+near',
  'net',
  '+49',
  '030',
  '+49301234567',
  '030 1234567',
  '(030) 123',
  '1234567',
  '4567',
  '567',
  '67',
  '0049 30',
  '202 555-0143',
  '5550143',
  '+1 202',
  'ana 030 1234567',
  'and',
  'or not',
  'NEAR(ana maria)',
  'words:ana',
  'ana AND maria',
  'ana OR zoe',
  '-ana',
  '^ana',
  'ana*',
  "ana' or '1'='1",
  '; drop table leads',
  'tenant_id',
  '§7654321',
  'ﬁ',
  '１００',
  '😀',
  'ana 😀',
  'a',
  'z',
  'e',
  'x'.repeat(200),
]; // prettier-ignore

const textOf = ({ leadData: { firstName, lastName, company, email, phone } }: Lead): string =>
  searchTextOf({
    name: [firstName, lastName].filter((part) => part !== undefined).join(' '),
    company,
    email,
    phoneKey: phone,
  });
const idsOf = (leads: readonly Lead[]) => leads.map(({ id }) => id);

describe.each(engines)('the search of leads on %s', (engine) => {
  let host: TestHost;
  let all: Lead[];

  beforeAll(async () => {
    host = await testHost(engine);
    const partner = await activePartner(host);
    for (const person of people) await submitted(host, partner.id, person);
    all = await walk(host, 'list');
  });
  afterAll(() => host.close());

  const expected = (q: string, among: readonly Lead[] = all): string[] => {
    const terms = readSearch(q);
    return idsOf(among.filter((lead) => terms !== undefined && matchesSearch(textOf(lead), terms)));
  };

  it.each(searches)('finds what the rules say for %s', async (q) => {
    if (q.trim() === '') return;
    expect(idsOf(await walk(host, 'list', { q }))).toEqual(expected(q));
    expect((await host.as('auditor').leads.list({ q, total: true })).total).toBe(expected(q).length);
    expect(new Set(idsOf(await walk(host, 'reviewQueue', { q })))).toEqual(new Set(expected(q)));
  });

  it('finds what the rules say for whatever anybody types', async () => {
    const pieces = fc.constantFrom(
      'Ana',
      'mül',
      'example',
      '030',
      '1234',
      '+49',
      '"',
      "'",
      '%',
      '(',
      'AND',
      '\\',
      '東',
      'o',
      ' ',
      '@',
      '*',
      '-',
      '§',
    );
    const typed = fc.oneof(
      fc.array(pieces, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('')),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    );
    let found = 0;
    await fc.assert(
      fc.asyncProperty(typed, async (q) => {
        fc.pre(q.trim() !== '' && !q.includes('\0'));
        const ids = idsOf(await walk(host, 'list', { q }));
        found += ids.length;
        expect(ids).toEqual(expected(q.trim()));
      }),
      { numRuns: 150 },
    );
    expect(found).toBeGreaterThan(0);
  });

  it('follows a correction: the new words find the lead, the old ones no longer', async () => {
    const office = await host.otherTenant();
    const partner = await activePartner(office);
    const lead = await submitted(office, partner.id, { ...people[0], firstName: 'Before' });
    await office.as('lead_reviewer').leads.update({
      id: lead.id,
      leadData: { firstName: 'After', phone: '+49 40 9998877' },
    });
    for (const [q, n] of [
      ['before', 0],
      ['1234567', 0],
      ['after', 1],
      ['040 9998877', 1],
      ['müller', 1],
    ] as const) {
      expect([q, (await office.as('auditor').leads.list({ q })).items.length]).toEqual([q, n]);
    }
    // And nothing of it is left in the index.
    const left = await host.database.read('system', (reader) =>
      engine === 'sqlite'
        ? reader.all(sql`select lead_id from lead_search where lead_search match 'before'`)
        : reader.all(sql`select lead_id from lead_search_words where word = 'before'`),
    );
    expect(left).toEqual([]);
  });

  it.runIf(engine === 'sqlite')(
    'keeps the index in few parts, without ever merging many at once',
    async () => {
      const office = await testHost(engine);
      const partner = await activePartner(office);
      const parts = () =>
        office.database.read('system', async (reader) => {
          const [row] = await reader.all<{ n: number }>(
            sql`select count(distinct id >> 37) as n from lead_search_data where id > 10`,
          );
          return row!.n;
        });
      const seen: number[] = [];
      // By itself the index merges a level when it has 16 parts.
      for (let n = 0; n < 15; n += 1) {
        const lead = await submitted(office, partner.id, aPerson());
        if (n % 3 === 0) {
          const leadData = { firstName: `Renamed ${n}` };
          await office.as('lead_reviewer').leads.update({ id: lead.id, leadData });
        }
        seen.push(await parts());
      }
      expect(Math.max(...seen)).toBeLessThanOrEqual(6);
      await office.close();
    },
  );

  it('finds nothing of another organization', async () => {
    const office = await host.otherTenant();
    expect((await office.as('auditor').leads.list({ q: 'müller', total: true })).total).toBe(0);
  });

  it('finds for a partner’s own people only what is theirs', async () => {
    const own = await activePartner(host);
    const lead = await submitted(host, own.id, aPerson({ company: 'Weiß' }));
    const { items } = await host.asPartner(own.id, 'viewer').leads.list({ q: 'weiss' });
    expect(idsOf(items)).toEqual([lead.id]);
  });

  describe('among thousands', () => {
    let crowd: TestHost;
    let office: TestTenant;
    let crowded: Lead[];
    const count = FEW * 2 + 300;

    beforeAll(async () => {
      crowd = await testHost(engine);
      office = crowd;
      const partner = await activePartner(crowd);
      const session = await crowd.session('partner_manager');
      const row = await crowd.database.read({ tenantId: crowd.tenantId }, (reader) =>
        reader.find(partners, { id: partner.id }),
      );
      for (let made = 0; made < count; made += 500) {
        const prepared = Array.from({ length: Math.min(500, count - made) }, (_, n) => {
          const extra = { company: n % 2 === 0 ? 'Common Half' : 'Common', jobTitle: 'Buyer' };
          const leadData = aPerson((made + n) % 400 === 0 ? { ...extra, company: 'Common Rare' } : extra);
          const preparation = prepareLead(session, row!, { submissionType: 'import_batch', leadData });
          if (!preparation.ok) throw new Error(preparation.message);
          return preparation.prepared;
        });
        await command(crowd.context, session, { name: 'test.intake', input: {} }, async (work) => {
          work.record({ action: 'leads_imported', resource: 'import', resourceId: null });
          return insertLeads(work, session, row!, prepared);
        });
      }
      crowded = await walk(office, 'list', { limit: 500 });
    });
    afterAll(() => crowd.close());

    // First: SQLite shows a statement only when it meets it first.
    it('asks the index of words, and reads the few it names by their ids', async () => {
      const plans = await plansOf(crowd, /lead_search|partner_leads/, async () => {
        await office.as('auditor').leads.list({ q: 'rare' });
        // One letter of a script in which it is a word: nobody has it, and no lead is walked to find that out.
        expect((await office.as('auditor').leads.list({ q: '山' })).items).toEqual([]);
        await office.as('auditor').leads.reviewQueue({ q: 'rare', total: true });
      });
      const words = engine === 'sqlite' ? /lead_search VIRTUAL TABLE INDEX/ : /pk_lead_search_words/;
      expect(plans.filter((plan) => words.test(plan)).length).toBeGreaterThan(0);
      // PostgreSQL chooses by how many leads there are; the tests' tables are too small to be told from a handful.
      if (engine === 'postgres') return;
      // Besides the newest ones that a short beginning is looked for in, none is read but by its id.
      const lists = plans.filter((plan) => !words.test(plan) && !plan.includes('newest'));
      const newest = plans.filter((plan) => plan.includes('newest'));
      expect(newest).toEqual([
        expect.stringMatching(/SEARCH partner_leads USING INDEX ix_partner_leads_submitted/),
      ]);
      expect(newest.join()).not.toContain('TEMP B-TREE');
      expect(lists.length).toBeGreaterThan(1);
      for (const plan of lists) {
        expect(plan).toMatch(/SEARCH partner_leads USING INDEX \w+ \(tenant_id=\? AND id=\?\)/);
        expect(plan).not.toMatch(/SCAN partner_leads/);
      }
    });

    it('asks no index for a short beginning that many of the newest leads have', async () => {
      if (engine === 'postgres') return;
      const asked = (q: string) =>
        crowd.database.read({ tenantId: crowd.tenantId }, async (reader) => {
          const statements: string[] = [];
          const all: typeof reader.all = (statement) => {
            statements.push(statement.sql);
            return reader.all(statement);
          };
          const found = await findLeads({ ...reader, all }, crowd.tenantId, readSearch(q)!);
          return { found: found === 'many' ? found : found.length, statements: statements.length };
        });
      expect(await asked('co')).toEqual({ found: 'many', statements: 0 });
      expect(await asked('ra')).toEqual({ found: expected('ra', crowded).length, statements: 1 });
      expect(expected('ra', crowded).length).toBeGreaterThan(0);
      expect(await asked('zz')).toEqual({ found: 0, statements: 1 });
    });

    it.each([
      'common',
      'c',
      'co',
      'ra',
      'co ra',
      'zz',
      'common half',
      'common rare',
      'rare',
      'joe common rare',
      'joe summer',
      'nobody',
    ])('finds the same whether they are few or many: %s', async (q) => {
      const ids = expected(q, crowded);
      expect(idsOf(await walk(office, 'list', { q, limit: 500 }))).toEqual(ids);
      expect((await office.as('auditor').leads.list({ q, total: true, limit: 1 })).total).toBe(ids.length);
      const queue = await walk(office, 'reviewQueue', { q, limit: 400 });
      expect(new Set(idsOf(queue))).toEqual(new Set(ids));
      expect(queue.length).toBe(ids.length);
    });
  });
});
