import type { AnyContractProcedure } from '@orpc/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { contract } from '#contract/index.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { type Client, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { foreignIds } from './foreign-ids.ts';
import { oneOfEach, type Rows } from './one-of-each.ts';
import { answerOf, call } from './procedures.ts';
import {
  activePartner,
  approvedLead,
  creditsOf,
  figuresOf,
  policyInForce,
  submittedLead,
} from './services/credit-stories.ts';
import { outcomesOf } from './services/lead-stories.ts';
import {
  approvedCredits,
  getPayout,
  june,
  linesOf,
  paid,
  payablePartner,
  pendingPayout,
} from './services/payout-stories.ts';

/** Often enough that the two really meet, whoever is quicker. */
const rounds = 20;

forEachEngine((engine) => {
  let host: TestHost;
  let office: TestTenant;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  describe('at the same moment', () => {
    beforeAll(async () => {
      office = await host.otherTenant();
    });

    /** Lets both go at once, for each subject, all subjects at once. */
    async function race<S, T>(subjects: readonly S[], both: (subject: S, n: number) => Promise<T>[]) {
      return Promise.all(
        subjects.map(async (subject, n) => ({ subject, ...(await outcomesOf(both(subject, n))) })),
      );
    }
    const times = <T>(make: (n: number) => Promise<T>): Promise<T[]> => inTurn(rounds, make);

    it('two people approve the same payout: one does, the other is told', async () => {
      const pending = await times(() => pendingPayout(office, [700, 300]));
      const results = await race(pending, ({ payout: { id } }, n) => [
        office.as('approver', 1).payouts.approve({ id }),
        // Every other time by somebody who approves a part only, and says which version was read.
        office.as('approver', 2).payouts.approve(n % 2 === 0 ? { id } : { id, amount: 500, version: 1 }),
      ]);
      for (const { subject, done, codes } of results) {
        expect(done).toHaveLength(1);
        expect(['INVALID_TRANSITION', 'CONFLICT']).toContain(codes[0]);
        expect(await getPayout(office, subject.payout)).toEqual(done[0]);
        const approved = done[0]!.approvedAmount;
        expect(await figuresOf(office, subject.partner.id)).toEqual({
          totalEarnings: 1000,
          withdrawnAmount: approved,
          availableBalance: 1000 - approved,
          pendingPayoutAmount: 1000 - approved,
        });
      }
      await expectSound(office);
    });

    it('two people generate the same period of one partner: one payout, and the other is told', async () => {
      const partners = await times(async () => {
        const partner = await payablePartner(office);
        await approvedCredits(office, partner.id, [100, 250]);
        return partner;
      });
      const results = await race(partners, ({ id }) =>
        [1, 2].map((person) => office.as('finance', person).payouts.generate({ ...june, partnerId: id })),
      );
      for (const { subject, done, codes } of results) {
        const made = done.flatMap(({ payouts }) => payouts);
        expect(made).toMatchObject([{ totalAmount: 350 }]);
        const told = [...done.flatMap(({ skipped }) => skipped.map(({ reason }) => reason)), ...codes];
        expect(told).toHaveLength(1);
        expect(told[0]).toMatch(
          /^(CONFLICT|All approved credits of the period are already in a payout\..*)$/,
        );
        const { items } = await office.as('auditor').payouts.list({ partnerId: subject.id });
        expect(items).toEqual(made);
        expect(await linesOf(office, made[0]!)).toHaveLength(2);
      }
      await expectSound(office);
    });

    it('two people generate the same period of everybody: each credit is in one payout', async () => {
      const own = await host.otherTenant();
      const partners = await inTurn(rounds, async () => {
        const partner = await payablePartner(own);
        await approvedCredits(own, partner.id, [100]);
        return partner.id;
      });
      const results = await Promise.all(
        [1, 2].map((person) => own.as('finance', person).payouts.generate(june)),
      );
      const made = results.flatMap(({ payouts }) => payouts.map(({ partnerId }) => partnerId));
      expect(made.toSorted()).toEqual(partners.toSorted());
      // Whoever came second to a partner was told why there is nothing.
      const skipped = results.flatMap((result) => result.skipped.map(({ partnerId }) => partnerId));
      expect(new Set([...made, ...skipped])).toEqual(new Set(partners));
      await expectSound(own);
    });

    it('two reviewers decide the same lead: one does, the other is told', async () => {
      const partner = await activePartner(office);
      await policyInForce(office, partner.id, { autoApprove: true });
      const leads = await times(() => submittedLead(office, partner.id));
      const reviewer = (person: number): Client['leads'] => office.as('lead_reviewer', person).leads;
      const results = await race(leads, ({ id }, n) => [
        reviewer(1).approve({ id }),
        n % 2 === 0 ? reviewer(2).approve({ id }) : reviewer(2).reject({ id, reason: 'a duplicate' }),
      ]);
      let earned = 0;
      for (const { subject, done, codes } of results) {
        expect(codes).toEqual(['INVALID_TRANSITION']);
        expect(await office.as('auditor').leads.get({ id: subject.id })).toEqual(done[0]);
        const amounts = (await creditsOf(office, subject)).map(({ creditAmount }) => creditAmount);
        expect(amounts).toEqual(done[0]!.status === 'approved' ? [1000] : []);
        earned += amounts.length * 1000;
      }
      expect(await figuresOf(office, partner.id)).toMatchObject({ totalEarnings: earned });
      await expectSound(office);
    });

    it('two people decide the same credit: one does, the other is told', async () => {
      const partner = await activePartner(office);
      const credits = await times(async () => {
        const lead = await approvedLead(office, partner.id);
        return office.as('partner_manager').credits.request({ id: lead.id, creditAmount: 500 });
      });
      const approver = (person: number): Client['credits'] => office.as('approver', person).credits;
      const results = await race(credits, ({ id }, n) => [
        approver(1).approve({ id }),
        n % 2 === 0 ? approver(2).approve({ id }) : approver(2).reject({ id, reason: 'no' }),
      ]);
      expect(results.map(({ codes }) => codes)).toEqual(credits.map(() => ['INVALID_TRANSITION']));
      const approved = results.filter(({ done }) => done[0]?.status === 'approved');
      expect(await figuresOf(office, partner.id)).toMatchObject({ totalEarnings: approved.length * 500 });
      await expectSound(office);
    });

    it('two people pay all of the same payout: one does, the other is told', async () => {
      const pending = await times(() => pendingPayout(office, [900]));
      for (const { payout } of pending) await office.as('approver').payouts.approve({ id: payout.id });
      const results = await race(pending, ({ payout }) => [paid(office, payout), paid(office, payout)]);
      for (const { subject, done, codes } of results) {
        expect(done).toMatchObject([{ status: 'paid', paidAmount: 900 }]);
        expect(codes).toEqual(['INVALID_TRANSITION']);
        const { items } = await office.as('auditor').payouts.payments({ id: subject.payout.id });
        expect(items).toHaveLength(1);
      }
      await expectSound(office);
    });
  });

  it('a fault of ours says that it is one, and nothing of what it was', async () => {
    const own = await testHost(engine);
    const client = own.as('auditor');
    await client.auth.me();
    const { read } = own.database;
    own.database.read = (scope, fn) =>
      scope === 'system' ? read(scope, fn) : Promise.reject(new Error('no column geheim in partners'));
    const answer = await answerOf(client.partners.list({}));
    own.database.read = read;
    expect(answer.code).toBe('INTERNAL_SERVER_ERROR');
    expect(answer.message).toMatch(/^Something went wrong on our side/);
    expect(JSON.stringify(answer)).not.toContain('geheim');
    await own.close();
  });

  describe('nonsense', () => {
    const junk: readonly unknown[] = [
      null,
      -1,
      1.5,
      1e300,
      '',
      'x'.repeat(50_000),
      ' \u0000 ',
      '\ud800',
      [],
      {},
      true,
    ];
    const fieldsOf = (procedure: AnyContractProcedure): string[] => {
      const schema = procedure['~orpc'].inputSchema;
      return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    };
    const calls = Object.entries(contract).flatMap(([resource, named]) =>
      Object.entries(named).map(([name, procedure]: [string, AnyContractProcedure]) => ({
        path: `${resource}.${name}`,
        fields: fieldsOf(procedure),
      })),
    );
    let own: Rows;
    beforeAll(async () => {
      office = await host.otherTenant();
      own = await oneOfEach(office, host.database);
    });

    it.each(calls)('in any field of $path is answered, and is no fault of ours', async ({ path, fields }) => {
      const right = foreignIds[path] === undefined ? {} : await foreignIds[path].input(own);
      const admin = office.as('admin', path === 'auth.logout' ? 2 : 1);
      const faults: string[] = [];
      for (const field of fields) {
        for (const value of junk) {
          const { code } = await answerOf(call(admin, path, { ...right, [field]: value }));
          if (code === 'INTERNAL_SERVER_ERROR')
            faults.push(`${field}: ${JSON.stringify(value).slice(0, 20)}`);
        }
      }
      expect(faults).toEqual([]);
    });

    it('writes nothing where it is refused', async () => {
      const admin = office.as('admin');
      const inputs: { path: string; input: object }[] = [];
      for (const [path, { input }] of Object.entries(foreignIds))
        inputs.push({ path, input: await input(own) });
      const before = await own.snapshot();
      for (const { path, input } of inputs) {
        const wrong = Object.fromEntries(Object.keys({ id: '', ...input }).map((field) => [field, 7n]));
        const { code } = await answerOf(call(admin, path, wrong));
        // Filters alone can be left out, so a list may have nothing to refuse.
        expect(code ?? foreignIds[path]?.answer).toMatch(/^(VALIDATION|nothing)$/);
      }
      expect(await own.snapshot()).toEqual(before);
    });
  });
});

/** One after the other, as things happen; what follows is what happens at once. */
async function inTurn<T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let n = 0; n < count; n += 1) made.push(await make(n));
  return made;
}

async function expectSound(office: TestTenant): Promise<void> {
  expect(await office.as('auditor').activities.verify()).toMatchObject({ ok: true });
  expect(await office.as('auditor').ledger.verify()).toMatchObject({ ok: true, differences: [] });
}
