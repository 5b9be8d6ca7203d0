import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Inputs } from '#contract/index.ts';
import { defaultScoreWeights, qualityScore } from '#domain/quality-score.ts';
import { rescoreLeads } from '#host/services/leads/rescoring.ts';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { activePartner, leadData } from './credit-stories.ts';
import { aPerson, countersOf, getLead, recountOf, submitted, walk } from './lead-stories.ts';
import { actionsOf, lastDetails, refused } from './partners/setup.ts';
import { ledgerDifferences } from './payout-stories.ts';

/** Only how to reach somebody counts. */
const contactOnly = {
  ...Object.fromEntries(Object.keys(defaultScoreWeights).map((field) => [field, 0])),
  email: 50,
  phone: 49.99,
  company: 0.01,
};

describe.each(engines)('scores of leads on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const scoresOf = async (office: TestTenant, { id }: { id: string }) =>
    (await office.as('auditor').leads.scores({ id })).items;

  async function rescored(office: TestTenant, input: Inputs['leadScoring']['rescore'] = {}) {
    const events = [];
    for await (const event of await office.as('lead_reviewer').leadScoring.rescore(input)) events.push(event);
    const last = events.at(-1);
    if (last?.type !== 'result') throw new Error('Scoring again had no result.');
    return { result: last, progress: events.slice(0, -1) };
  }

  describe('weights of a partner', () => {
    it('are the organization’s until it has its own, which new leads are scored by', async () => {
      const partner = await activePartner(host);
      const scoring = host.as('partner_manager').leadScoring;
      expect(await scoring.weights({ id: partner.id })).toEqual({
        partnerId: partner.id,
        own: null,
        effective: defaultScoreWeights,
        version: partner.version,
      });
      expect((await submitted(host, partner.id)).qualityScore).toBe(30);
      const set = await scoring.setWeights({
        id: partner.id,
        scoreWeights: contactOnly,
        version: partner.version,
      });
      expect(set).toMatchObject({ own: contactOnly, effective: contactOnly, version: partner.version + 1 });
      expect(await host.as('auditor').leadScoring.weights({ id: partner.id })).toEqual(set);
      expect((await submitted(host, partner.id)).qualityScore).toBe(99.99);
      expect(await lastDetails(host, partner.id)).toEqual({
        before: { scoreWeights: null },
        after: { scoreWeights: contactOnly },
      });
      const cleared = await scoring.setWeights({ id: partner.id, scoreWeights: null });
      expect(cleared).toMatchObject({ own: null, effective: defaultScoreWeights });
      expect((await submitted(host, partner.id)).qualityScore).toBe(30);
    });

    it('must be all there, of two decimals and 100 together, and are changed from the version that was read', async () => {
      const partner = await activePartner(host);
      const { setWeights } = host.as('partner_manager').leadScoring;
      const { email: _, ...incomplete } = contactOnly;
      for (const [weights, path] of [
        [{ ...contactOnly, email: 50.01 }, 'scoreWeights'],
        [{ ...contactOnly, email: 49.999 }, 'scoreWeights.email'],
        [incomplete, 'scoreWeights.email'],
        [{ ...contactOnly, shoeSize: 0 }, 'scoreWeights.shoeSize'],
      ] as const) {
        const refusal = await refused(host, () => setWeights({ id: partner.id, scoreWeights: weights }));
        expect(refusal).toMatchObject({ code: 'VALIDATION', data: { fields: [{ path }] } });
      }
      const stale = await refused(host, () =>
        setWeights({ id: partner.id, scoreWeights: null, version: partner.version - 1 }),
      );
      expect(stale.code).toBe('CONFLICT');
    });
  });

  describe('the history', () => {
    it('begins with the submission and has every edit that changed the score, with the weights and who', async () => {
      const partner = await activePartner(host);
      const lead = await submitted(host, partner.id);
      const { leads } = host.as('lead_reviewer');
      await leads.update({ id: lead.id, leadData: { company: 'Acme' } });
      await leads.update({ id: lead.id, reviewNotes: 'Called.' });
      await host.as('partner_manager').leadScoring.setWeights({ id: partner.id, scoreWeights: contactOnly });
      await leads.update({ id: lead.id, leadData: { jobTitle: 'Buyer' } });
      const [manager, reviewer] = [
        await host.session('partner_manager'),
        await host.session('lead_reviewer'),
      ];
      expect(await scoresOf(host, lead)).toMatchObject([
        { oldScore: 40, newScore: 100, why: 'edit', weights: contactOnly, changedBy: reviewer.userId },
        { oldScore: 30, newScore: 40, why: 'edit', weights: defaultScoreWeights, changedBy: reviewer.userId },
        {
          oldScore: null,
          newScore: 30,
          why: 'submission',
          weights: defaultScoreWeights,
          changedBy: manager.userId,
        },
      ]);
    });

    it('has imported leads too, and can’t be changed', async () => {
      const partner = await activePartner(host);
      const client = host.as('partner_manager');
      const file = Buffer.from(
        [
          'email,phone',
          ...Array.from({ length: 130 }, () => {
            const { email, phone } = aPerson();
            return `${email},${phone}`;
          }),
        ].join('\n'),
      );
      const { uploadId } = await client.uploads.begin({ fileName: 'leads.csv', size: file.length });
      await client.uploads.append({ uploadId, offset: 0, data: file.toString('base64') });
      for await (const _ of await client.imports.run({ partnerId: partner.id, uploadId })) continue;
      const leads = await walk(host, 'list', { partnerId: partner.id });
      expect(leads).toHaveLength(130);
      for (const lead of leads.slice(0, 3)) {
        expect(await scoresOf(host, lead)).toMatchObject([
          { oldScore: null, newScore: 15, why: 'submission' },
        ]);
      }
      for (const statement of [
        sql`update lead_score_history set new_score = 1 where lead_id = ${leads[0]!.id}`,
        sql`delete from lead_score_history where lead_id = ${leads[0]!.id}`,
        sql`update lead_score_weights set fingerprint = 'x'`,
      ]) {
        await expect(host.database.write('system', (tx) => tx.run(statement))).rejects.toThrow(
          /never changed|immutable|added/,
        );
      }
    });
  });

  describe('scoring again', () => {
    it('scores what is undecided by today’s weights: versions, queue, counters and history follow', async () => {
      const office = await host.otherTenant();
      const [one, two] = [await activePartner(office), await activePartner(office)];
      const waiting = await submitted(office, one.id, leadData[70]());
      const claimed = await submitted(office, two.id, aPerson());
      await office.as('lead_reviewer', 2).leads.claim({ id: claimed.id });
      const decided = await submitted(office, one.id, leadData[70]());
      await office.as('lead_reviewer').leads.approve({ id: decided.id });
      const unmoved = await submitted(office, two.id, leadData[100]());
      await office.as('admin').settings.update({ scoreWeights: contactOnly });

      const { result, progress } = await rescored(office);
      expect(result).toEqual({ type: 'result', scored: 3, changed: 2, cancelled: false });
      expect(progress[0]).toEqual({ type: 'progress', done: 0, of: 3, changed: 0 });
      expect(await getLead(office, waiting)).toMatchObject({
        qualityScore: 100,
        version: waiting.version + 1,
      });
      expect(await getLead(office, claimed)).toMatchObject({ qualityScore: 99.99, version: 3 });
      expect(await getLead(office, decided)).toMatchObject({ qualityScore: 70, version: 2 });
      expect(await getLead(office, unmoved)).toEqual(unmoved);
      expect((await walk(office, 'reviewQueue')).map(({ qualityScore }) => qualityScore)).toEqual([
        100, 100, 99.99,
      ]);
      const reviewer = await office.session('lead_reviewer');
      expect(await scoresOf(office, waiting)).toMatchObject([
        { oldScore: 70, newScore: 100, why: 'rescoring', weights: contactOnly, changedBy: reviewer.userId },
        { oldScore: null, newScore: 70, why: 'submission' },
      ]);
      expect(await scoresOf(office, unmoved)).toHaveLength(1);
      for (const { id } of [one, two]) expect(await countersOf(host, id)).toEqual(await recountOf(host, id));
      expect(await ledgerDifferences(office)).toEqual([]);
      expect((await office.as('auditor').activities.verify()).ok).toBe(true);
      // Whoever read the lead before decides nothing by the old score.
      const stale = await refusalOf(
        office.as('lead_reviewer').leads.approve({ id: waiting.id, version: waiting.version }),
      );
      expect(stale.code).toBe('CONFLICT');
      // Again, nothing is left to change; with the decided ones, one is.
      expect((await rescored(office)).result).toMatchObject({ scored: 3, changed: 0 });
      expect((await rescored(office, { all: true })).result).toMatchObject({ scored: 4, changed: 1 });
      expect((await getLead(office, decided)).qualityScore).toBe(100);
    });

    it('of one partner leaves the others alone', async () => {
      const office = await host.otherTenant();
      const [one, two] = [await activePartner(office), await activePartner(office)];
      const [own, other] = [await submitted(office, one.id), await submitted(office, two.id)];
      await office.as('admin').settings.update({ scoreWeights: contactOnly });
      expect((await rescored(office, { partnerId: one.id })).result).toMatchObject({ scored: 1, changed: 1 });
      expect((await getLead(office, own)).qualityScore).toBe(99.99);
      expect((await getLead(office, other)).qualityScore).toBe(30);
      const nowhere = '01920000-0000-7000-8000-000000000000';
      expect((await refusalOf(rescored(office, { partnerId: nowhere }))).code).toBe('NOT_FOUND');
    });

    it('goes on in slices, is stopped between two of them, and finishes when it is started again', async () => {
      const office = await host.otherTenant();
      const partner = await activePartner(office);
      const client = office.as('partner_manager');
      const rows = Array.from({ length: 450 }, (_, n) => {
        const { email, phone } = aPerson();
        return `${email},${phone},${n % 2 === 0 ? 'Acme' : ''}`;
      });
      const file = Buffer.from(['email,phone,company', ...rows].join('\n'));
      const { uploadId } = await client.uploads.begin({ fileName: 'leads.csv', size: file.length });
      await client.uploads.append({ uploadId, offset: 0, data: file.toString('base64') });
      for await (const _ of await client.imports.run({ partnerId: partner.id, uploadId })) continue;
      await office.as('admin').settings.update({ scoreWeights: contactOnly });

      const session = await office.session('lead_reviewer');
      const stop = new AbortController();
      const events = [];
      let commands = 0;
      // Stopped by whoever hears of the first slice that is stored.
      const hear = host.context.changes.listen(() => {
        commands += 1;
        stop.abort();
      });
      for await (const event of rescoreLeads(host.context, session, { all: false }, stop.signal))
        events.push(event);
      hear();
      expect(commands).toBeGreaterThan(0);
      expect(events.at(-1)).toEqual({ type: 'result', scored: 50, changed: 50, cancelled: true });
      const { result } = await rescored(office);
      expect(result).toEqual({ type: 'result', scored: 450, changed: 400, cancelled: false });
      const leads = await walk(office, 'list', { limit: 500 });
      for (const lead of leads) {
        const expected = lead.leadData.company === undefined ? 9999 : 10_000;
        expect(lead.qualityScore * 100).toBeCloseTo(expected);
        expect(lead.version).toBe(2);
      }
      expect(await countersOf(host, partner.id)).toEqual(await recountOf(host, partner.id));
      expect(await ledgerDifferences(office)).toEqual([]);
    });

    it('leaves alone what is decided while its slice waits for its turn', async () => {
      const office = await host.otherTenant();
      const lead = await submitted(office, (await activePartner(office)).id, leadData[70]());
      await office.as('admin').settings.update({ scoreWeights: contactOnly });
      const session = await office.session('lead_reviewer');
      const { write } = host.database;
      host.database.write = async (scope, fn) => {
        host.database.write = write;
        await office.as('lead_reviewer').leads.approve({ id: lead.id });
        return write(scope, fn);
      };
      const events = [];
      for await (const event of rescoreLeads(host.context, session, { all: false }, undefined))
        events.push(event);
      expect(events.at(-1)).toEqual({ type: 'result', scored: 1, changed: 0, cancelled: false });
      expect(await getLead(office, lead)).toMatchObject({ status: 'approved', qualityScore: 70 });
    });

    it('leaves an activity for each slice that changed something', async () => {
      const office = await host.otherTenant();
      const partner = await activePartner(office);
      const lead = await submitted(office, partner.id);
      const before = (await office.as('auditor').activities.list({ action: 'leads_rescored' })).items.length;
      await rescored(office);
      await office.as('admin').settings.update({ scoreWeights: contactOnly });
      await rescored(office, { partnerId: partner.id });
      const { items } = await office.as('auditor').activities.list({ action: 'leads_rescored' });
      expect(items).toHaveLength(before + 1);
      expect(items[0]).toMatchObject({ partnerId: partner.id, details: { changed: 1, leadIds: [lead.id] } });
      expect(await actionsOf(host, lead.id)).toEqual(['lead_submitted']);
    });
  });

  it('are what the weights say of the data, for every lead there is', async () => {
    for (const lead of await walk(host, 'list', { limit: 500 })) {
      const [latest] = await scoresOf(host, lead);
      const weights = latest!.weights as typeof defaultScoreWeights;
      expect(qualityScore(lead.leadData, weights) / 100).toBe(latest!.newScore);
      expect(lead.qualityScore).toBe(latest!.newScore);
    }
  });
});
