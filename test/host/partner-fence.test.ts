import type { AnyContractProcedure } from '@orpc/contract';
import sql, { raw } from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcedureMeta } from '#contract/base.ts';
import { contract, type Inputs } from '#contract/index.ts';
import { partnerRoles } from '#domain/vocabulary.ts';
import { allTables } from '#host/database/index.ts';
import { engines } from '#test/support/databases.ts';
import { type Client, type TestHost, testHost } from '#test/support/host.ts';
import { answerFor, answers, foreignIds } from './foreign-ids.ts';
import { oneOfEach, type Rows } from './one-of-each.ts';
import { type Answer, answerOf, call, idFieldsOf, visibleFields, withField } from './procedures.ts';
import { leadData } from './services/credit-stories.ts';

/** Every call that takes a session; a new one is in here without anybody thinking of it. */
const calls = Object.entries(contract).flatMap(([resource, procedures]) =>
  Object.entries(procedures).map(([name, procedure]: [string, AnyContractProcedure]) => ({
    path: `${resource}.${name}`,
    procedure,
    meta: procedure['~orpc'].meta as ProcedureMeta,
  })),
);
/** Those that a partner's own users may make because of their role, and those that everybody may. */
const open = calls.filter(({ meta }) => meta.partners === true);
const anybodys = calls.filter(({ meta }) => meta.permission === 'signedIn');
/** The office's own, and no partner's: every partner finds them. */
const ofTheOffice: ReadonlySet<string | undefined> = new Set(['project', 'campaign']);

/** What only the office has: a partner's people find none, not even one about their partner. */
const onlyTheOffices: ReadonlySet<string | undefined> = new Set(['job']);

const withIds = [...open, ...anybodys]
  // No partner's: its service refuses them whatever they name (`services/jobs/jobs.test.ts`).
  .filter(({ path }) => path !== 'jobs.start')
  .flatMap(({ path, procedure }) => idFieldsOf(procedure).map((field) => ({ path, field })))
  .filter(({ path, field }) => !ofTheOffice.has(foreignIds[path]?.fields[field]));
const nowhere = '01890000-0000-7000-8000-000000000000';

/** Everything of a partner, to see that it stays so. */
async function storedOf(host: TestHost, partnerId: string): Promise<Record<string, unknown>> {
  return host.database.read('system', async (reader) => {
    const stored: Record<string, unknown> = {};
    for (const table of allTables.filter(({ columns }) => 'partnerId' in columns)) {
      stored[table.name] = await reader.all(
        sql`select * from ${raw(table.name)} where partner_id = ${partnerId}`,
      );
    }
    stored['partners'] = await reader.all(sql`select * from partners where id = ${partnerId}`);
    return stored;
  });
}

describe.each(engines)('a partner’s own people on %s', (engine) => {
  let host: TestHost;
  let own: Rows;
  let other: Rows;
  let ours: string;
  let theirs: string;
  let me: Client;

  beforeAll(async () => {
    host = await testHost(engine);
    other = await oneOfEach(host, host.database);
    own = await oneOfEach(host, host.database, (partnerId) => host.asPartner(partnerId, 'admin'));
    [ours, theirs] = [await own.id('partner'), await other.id('partner')];
    me = host.asPartner(ours, 'admin');
  });
  afterAll(() => host.close());
  const submitted = (data: Inputs['leads']['submit']['leadData'] = leadData[70]()) =>
    host.as('partner_manager').leads.submit({ id: ours, leadData: data });

  describe('with an id of another partner', () => {
    let before: unknown;
    beforeAll(async () => {
      before = await storedOf(host, theirs);
    });

    it.each(withIds)('find nothing: $path, $field', async ({ path, field }) => {
      const spec = foreignIds[path]!;
      const attempt = async (id: string): Promise<Answer> =>
        answerOf(call(me, path, withField(await spec.input(own), field, id)));
      const tried = await other.id(spec.fields[field]!);
      const answer = await attempt(tried);
      expect(answer).toMatchObject(answers[answerFor(spec, field)]);
      // Not a word tells it from an id that nobody has.
      const unknown = JSON.stringify(await attempt(nowhere));
      expect(unknown).toBe(JSON.stringify(answer).replaceAll(tried, nowhere));
      // And it is this id that was refused: with one's own it goes on. Once is enough, it may use the row up.
      const isLast = field === Object.keys(spec.fields).at(-1) && !onlyTheOffices.has(spec.fields[field]);
      const mine = isLast ? await answerOf(call(me, path, await spec.input(own))) : undefined;
      expect(['NOT_FOUND', 'FORBIDDEN', 'INTERNAL_SERVER_ERROR']).not.toContain(mine?.code);
    });

    it('are tried with each id field there is', () => {
      expect(withIds.length).toBeGreaterThan(60);
    });

    it('have changed nothing there', async () => {
      expect(await storedOf(host, theirs)).toEqual(before);
    });
  });

  it('find nothing by the code or the e-mail address of another partner', async () => {
    const admin = host.as('admin');
    const foreign = await admin.partners.get({ id: theirs });
    const [source] = (await admin.sources.list({ id: theirs })).items;
    const [person] = (await admin.partnerUsers.list({ id: theirs })).items;
    for (const [path, input, unknown] of [
      ['partners.getByCode', { partnerCode: foreign.partnerCode }, { partnerCode: 'NOBODY' }],
      ['sources.getByCode', { sourceCode: source!.sourceCode }, { sourceCode: 'NOBODY' }],
      ['partnerUsers.getByEmail', { email: person!.email }, { email: 'nobody@example.com' }],
    ] as const) {
      const answer = await answerOf(call(me, path, input));
      expect([path, answer.code]).toEqual([path, 'NOT_FOUND']);
      expect(answer).toEqual(await answerOf(call(me, path, unknown)));
    }
  });

  it('see the own partner in lists, and no other', async () => {
    const items = async (path: string) =>
      (await call(me, path, { total: true })) as { items: { partnerId?: string }[]; total?: number };
    expect((await me.partners.list({ total: true })).items.map(({ id }) => id)).toEqual([ours]);
    expect((await me.partners.list({ total: true })).total).toBe(1);
    for (const path of ['leads.list', 'credits.list', 'payouts.list', 'imports.list']) {
      const page = await items(path);
      expect([path, page.items.length > 0]).toEqual([path, true]);
      expect(new Set(page.items.map(({ partnerId }) => partnerId))).toEqual(new Set([ours]));
      expect([path, page.total]).toEqual([path, page.items.length]);
    }
    // Figures that are the whole office's where nobody is named are the own partner's.
    const admin = host.as('admin');
    expect(await me.payouts.stats({})).toEqual(await admin.payouts.stats({ partnerId: ours }));
    const june = { from: '2026-06-01', to: '2026-06-30', unit: 'month' } as const;
    expect(await me.figures.series(june)).toEqual(await admin.figures.series({ ...june, partnerId: ours }));
    expect(await me.figures.series(june)).not.toEqual(await admin.figures.series(june));
  });

  it.each(partnerRoles)(
    'find nothing of another partner by a filter, a cursor, a total or a search, as %s',
    async (role) => {
      const client = host.asPartner(ours, role);
      const admin = host.as('admin');
      const foreign = await admin.partners.get({ id: theirs });
      const [lead] = (await admin.leads.list({ partnerId: theirs })).items;
      for (const q of [foreign.organizationName, foreign.partnerCode, foreign.contactEmail!]) {
        const { items, total } = await client.partners.list({ q, total: true });
        expect(total).toBe(items.length);
        expect(items.filter(({ id }) => id !== ours)).toEqual([]);
      }
      for (const payable of [true, false]) {
        const { items, total } = await client.partners.list({ payable, total: true });
        expect(total).toBe(items.length);
        expect(items.filter(({ id }) => id !== ours)).toEqual([]);
      }
      for (const q of [lead!.leadData.email, lead!.leadData.phone, lead!.leadData.lastName!]) {
        const page = await client.leads.list({ q, total: true });
        expect(page.total).toBe(page.items.length);
        expect(page.items.filter(({ partnerId }) => partnerId !== ours)).toEqual([]);
      }
      expect((await answerOf(client.leads.list({ escalated: true }))).code).toBe('FORBIDDEN');
      // A place in the office's own list, handed on or guessed, opens no more of it.
      for (const path of ['partners.list', 'leads.list', 'credits.list', 'payouts.list', 'imports.list']) {
        const office = (await call(admin, path, { limit: 1 })) as { nextCursor: string | null };
        expect([path, office.nextCursor]).not.toEqual([path, null]);
        const answer = await answerOf(
          call(client, path, { cursor: office.nextCursor, total: true, limit: 500 }),
        );
        if (role === 'viewer' && path === 'imports.list' && answer.code !== undefined) continue;
        expect([path, answer.code]).toEqual([path, undefined]);
        const page = (await call(client, path, { cursor: office.nextCursor, total: true, limit: 500 })) as {
          items: { id: string; partnerId?: string }[];
          total: number;
        };
        const whose = page.items.map((item) => (path === 'partners.list' ? item.id : item.partnerId));
        expect([path, whose.filter((id) => id !== ours)]).toEqual([path, []]);
        const own = (await call(client, path, { total: true, limit: 500 })) as { total: number };
        expect([path, page.total]).toEqual([path, own.total]);
      }
    },
  );

  it('hear of what they can look up, and not of the office’s jobs and files about them', async () => {
    const stream = await me.changes.subscribe();
    const heard: unknown[] = [];
    const about = (resource: string, partnerId: string | null) =>
      host.context.changes.publish({ tenantId: host.tenantId, resource, resourceId: nowhere, partnerId });
    for await (const event of stream) {
      if (event.type === 'ready') {
        for (const resource of ['job', 'payout_export', 'mail', 'period', 'staff', 'anything']) {
          about(resource, ours);
          about(resource, null);
        }
        about('lead', theirs);
        about('lead', ours);
      } else {
        heard.push(event);
        break;
      }
    }
    expect(heard).toEqual([{ type: 'change', resource: 'lead', resourceId: nowhere }]);
  });

  it('are told that a budget for all partners is used up, and not how much it is or what others had of it', async () => {
    const policy = await host.as('policy_manager').creditPolicies.createForAll({
      policyCode: 'SHARED',
      policyName: 'Shared',
      policyType: 'time_based',
      timeUnitType: 'monthly',
      calculationType: 'fixed_price',
      baseCredit: 7000,
      totalBudget: 12_345,
      priority: 900,
    });
    await host.as('approver').creditPolicies.approve({ id: policy.id });
    const approve = async (partnerId: string, seed: string) => {
      const { id } = await host.as('partner_manager').leads.submit({
        id: partnerId,
        leadData: { ...leadData[85](), email: `${seed}@budget.example` },
      });
      return host.as('lead_reviewer').leads.approve({ id });
    };
    await approve(theirs, 'first');
    const lead = await approve(ours, 'second');
    const [credit] = (await me.credits.list({ partnerLeadId: lead.id })).items;
    expect(credit).toMatchObject({
      creditAmount: 5345,
      reason: expect.stringContaining('; only 53.45 is left of its total budget → 53.45'),
    });
    const [whole] = (await host.as('auditor').credits.list({ partnerLeadId: lead.id })).items;
    expect(whole?.reason).toContain('only 53.45 is left of its total budget of 123.45 → 53.45');
    await host.as('approver').credits.approve({ id: credit!.id });
    const { payouts } = await host.as('finance').payouts.generate({
      partnerId: ours,
      periodStart: '2026-06-01',
      periodEnd: '2026-06-30',
    });
    const id = payouts[0]!.id;
    // The remittance statement is for the partner, whoever prints it.
    const paper = async (by: Client) => {
      const { data } = await by.remittances.read({ id, format: 'html', offset: 0 });
      return Buffer.from(data, 'base64').toString('utf8');
    };
    const statement = { id: ours, from: '2026-06-01', to: '2026-06-30' } as const;
    for (const seen of [
      await me.credits.get({ id: credit!.id }),
      await me.payouts.lines({ id }),
      await me.balances.statement(statement),
      await paper(me),
      await paper(host.as('finance')),
    ]) {
      const words = JSON.stringify(seen);
      expect(words).toContain('is left of its total budget');
      expect(words).not.toContain('123.45');
    }
  });

  it('are shown nothing of other partners, of the office’s people or of its notes, in any answer', async () => {
    // A lead that somebody else's customer handed in before, with notes of the review, held by a reviewer.
    const [theirLead] = (await host.as('admin').leads.list({ partnerId: theirs })).items;
    const { email, phone } = theirLead!.leadData;
    const twin = await submitted({ email, phone, firstName: 'Twin' });
    expect(twin.duplicateOf).toBe(theirLead!.id);
    await host.as('lead_reviewer').leads.claim({ id: twin.id });
    await host.as('lead_reviewer').leads.update({ id: twin.id, reviewNotes: 'secret note' });
    const staff = (await host.as('admin').staff.list({ limit: 500 })).items;
    const people = (await host.as('admin').partnerUsers.list({ id: theirs })).items;
    const foreign = await host.as('admin').partners.get({ id: theirs });
    const secrets = [
      theirs,
      theirLead!.id,
      foreign.partnerCode,
      foreign.organizationName,
      'secret note',
      // What all of the office's people are called in these tests.
      'Tester',
      ...staff.flatMap(({ id, email: address }) => [id, address]),
      ...people.flatMap(({ id, email: address }) => [id, address]),
    ];
    const told: string[] = [];
    const reads = anybodys.filter(({ procedure }) => procedure['~orpc'].route.method === 'GET');
    for (const { path } of [...open, ...reads]) {
      const spec = foreignIds[path];
      const answer = await answerOf(call(me, path, spec === undefined ? {} : await spec.input(own)));
      const words = JSON.stringify(answer);
      told.push(...secrets.filter((secret) => words.includes(secret)).map((secret) => `${path}: ${secret}`));
    }
    for (const answer of [await me.leads.get({ id: twin.id }), await me.leads.list({ limit: 500 })]) {
      const words = JSON.stringify(answer);
      expect(words).toContain(twin.id);
      told.push(...secrets.filter((secret) => words.includes(secret)).map((secret) => `twin: ${secret}`));
    }
    expect(told).toEqual([]);
  });

  it('may not correct a lead any more once its review has begun', async () => {
    const lead = await submitted();
    expect((await me.leads.update({ id: lead.id, leadData: { company: 'Own' } })).leadData.company).toBe(
      'Own',
    );
    await host.as('lead_reviewer').leads.claim({ id: lead.id });
    const answer = await answerOf(me.leads.update({ id: lead.id, leadData: { company: 'Late' } }));
    expect(['LOCKED', 'INVALID_TRANSITION']).toContain(answer.code);
    // Who of the office has it is the office's matter.
    expect(answer.message).not.toMatch(/lead_reviewer|Tester/);
    await host.as('lead_reviewer').leads.approve({ id: lead.id });
    const decided = await answerOf(me.leads.update({ id: lead.id, leadData: { company: 'Later' } }));
    expect(decided.code).toBe('INVALID_TRANSITION');
    expect(decided.message).not.toMatch(/lead_reviewer|Tester/);
    const untouched = await submitted();
    await expect(me.leads.update({ id: untouched.id, reviewNotes: 'mine' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('change how the own partner is reached and paid, and none of its terms', async () => {
    await host
      .as('approver')
      .partners.verifyBanking({ id: ours })
      .catch(() => undefined);
    const changed = await me.partners.update({
      id: ours,
      city: 'Kiel',
      bankingDetails: { iban: 'DE75512108001245126199' },
    });
    expect(changed).toMatchObject({ city: 'Kiel', bankingDetails: { isVerified: false } });
    expect(changed.bankingDetails?.iban).toContain('•');
    for (const field of [
      { leadPrice: 9900 },
      { monthlyQuota: 0 },
      { taxId: 'X' },
      { organizationName: 'X' },
    ]) {
      expect(await answerOf(me.partners.update({ id: ours, ...field }))).toMatchObject({ code: 'FORBIDDEN' });
    }
  });

  it('see the policies in force for them, by the terms that make credits', async () => {
    const manager = host.as('policy_manager');
    const forAll = await manager.creditPolicies.createForAll({
      policyCode: 'EVERYBODY',
      policyName: 'Everybody',
      policyType: 'time_based',
      timeUnitType: 'monthly',
      calculationType: 'fixed_price',
      baseCredit: 700,
    });
    const codes = async () =>
      (await me.creditPolicies.list({ id: ours })).items.map((policy) => policy.policyCode);
    expect(await codes()).not.toContain('EVERYBODY');
    expect((await answerOf(me.creditPolicies.get({ id: forAll.id }))).code).toBe('NOT_FOUND');
    await host.as('approver').creditPolicies.approve({ id: forAll.id });
    await manager.creditPolicies.update({ id: forAll.id, baseCredit: 100 });
    expect(await codes()).toContain('EVERYBODY');
    expect(await me.creditPolicies.get({ id: forAll.id })).toMatchObject({
      baseCredit: 700,
      revision: 1,
      approvalRequired: null,
      totalCreditsAllocated: null,
      editedBy: null,
    });
  });
});

/** What a partner is told of its own matters: why a payout or a line of it was not approved. */
const toldToPartners = ['rejectionNotes', 'notes'];

describe('the contract', () => {
  it('declares who did a thing, and the office’s notes, as not for partners wherever they may look', () => {
    const exposed = open.flatMap(({ path, procedure }) =>
      visibleFields(procedure['~orpc'].outputSchema).map((field) => `${path} ${field}`),
    );
    expect(
      exposed.filter(
        (field) =>
          /(By|[nN]otes|Waived|fourEyes\w*)$/.test(field) &&
          !toldToPartners.some((told) => field.endsWith(`.${told}`) || field.endsWith(` ${told}`)),
      ),
    ).toEqual([]);
  });
});
