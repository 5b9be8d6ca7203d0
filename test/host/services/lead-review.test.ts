import * as fc from 'fast-check';
import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leads as leadEntries } from '#host/database/index.ts';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { activePartner, creditsOf, policyInForce } from './credit-stories.ts';
import {
  aPerson,
  countersOf,
  getLead,
  type Lead,
  outcomesOf,
  recountOf,
  submitted,
  walk,
} from './lead-stories.ts';
import { actionsOf, lastDetails, refused } from './partners/setup.ts';

const nowhere = '01920000-0000-7000-8000-000000000000';

describe.each(engines)('reviewing leads on %s', (engine) => {
  let host: TestHost;
  let partnerId: string;
  let reviewerId: string;
  beforeAll(async () => {
    host = await testHost(engine);
    partnerId = (await activePartner(host)).id;
    reviewerId = (await host.session('lead_reviewer')).userId;
  });
  afterAll(async () => host.close());

  const reviewer = (person = 1) => host.as('lead_reviewer', person).leads;

  /** The entries of `leads` that stand for a partner's lead. */
  const entriesOf = (lead: { id: string }) =>
    host.database.read({ tenantId: host.tenantId }, (reader) =>
      reader.list(leadEntries, sql`partner_lead_id = ${lead.id}`),
    );

  /** An entry that sales made themselves. */
  async function anEntry(currency = 'EUR'): Promise<string> {
    const id = uuidv7();
    await host.database.write({ tenantId: host.tenantId }, (tx) =>
      tx.insert(leadEntries, {
        id,
        source: 'partner_referral',
        leadData: {} as never,
        status: 'open',
        currency,
      }),
    );
    return id;
  }

  it('goes from the partner’s hand to the deal, and every step is on record', async () => {
    const partner = await activePartner(host, { leadPrice: 2500, commissionPercentage: 15 });
    const lead = await submitted(host, partner.id, aPerson({ company: 'Acme' }), { estimatedValue: 90_000 });
    const queue = await host.as('lead_reviewer').leads.reviewQueue({ partnerId: partner.id });
    expect(queue).toEqual({ items: [lead], nextCursor: null });

    const claimed = await reviewer().claim({ id: lead.id, version: lead.version });
    expect(claimed).toMatchObject({ status: 'under_review', claimedBy: reviewerId, version: 2 });

    const approved = await reviewer().approve({ id: lead.id, version: 2, notes: 'Budget confirmed' });
    expect(approved).toMatchObject({
      status: 'approved',
      version: 3,
      reviewedBy: reviewerId,
      reviewedAt: expect.any(String),
      reviewNotes: 'Budget confirmed',
      claimedBy: null,
      claimExpiresAt: null,
      creditAmount: 2500,
      creditStatus: 'pending',
    });
    expect(await walk(host, 'reviewQueue', { partnerId: partner.id })).toEqual([]);
    const [entry, ...more] = await entriesOf(lead);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      id: approved.leadId,
      source: 'partner_referral',
      partnerId: partner.id,
      contactName: `${lead.leadData.firstName} ${lead.leadData.lastName}`,
      company: 'Acme',
      email: lead.leadData.email,
      phone: lead.leadData.phone,
      leadData: lead.leadData,
      status: 'open',
      estimatedValue: 90_000,
      currency: 'EUR',
      dealValue: null,
    });
    const [credit] = await creditsOf(host, lead);
    expect(await lastDetails(host, lead.id)).toEqual({
      before: { status: 'under_review' },
      after: { status: 'approved', leadId: entry!.id, notes: 'Budget confirmed' },
      path: ['approved'],
      linked: false,
      credits: [
        {
          creditId: credit!.id,
          policyId: null,
          creditAmount: 2500,
          currency: 'EUR',
          status: 'pending_approval',
        },
      ],
    });

    const converted = await reviewer().convert({
      id: lead.id,
      version: 3,
      dealValue: 100_000,
      conversionDate: '2026-06-15',
      currency: 'EUR',
    });
    expect(converted).toMatchObject({
      status: 'converted',
      dealValue: 100_000,
      conversionDate: '2026-06-15',
      creditAmount: 17_500,
      creditStatus: 'pending',
    });
    expect(await getLead(host, lead)).toEqual(converted);
    expect((await entriesOf(lead))[0]).toMatchObject({
      status: 'converted',
      dealValue: 100_000,
      convertedOn: '2026-06-15',
    });
    const counters = await countersOf(host, partner.id);
    expect(counters).toEqual(await recountOf(host, partner.id));
    expect(counters.partner).toMatchObject({ approved_leads: 1, rejected_leads: 0, converted_leads: 1 });
    expect(counters.sources).toMatchObject([
      { leads_approved: 1, leads_converted: 1, total_revenue: 100_000 },
    ]);
    expect(await actionsOf(host, lead.id)).toEqual([
      'lead_submitted',
      'lead_claimed',
      'lead_approved',
      'lead_converted',
    ]);
    expect(await host.as('auditor').activities.verify()).toMatchObject({ ok: true });
  });

  describe('a claim', () => {
    it('holds the lead for the lease the organization chose, and a second claim renews it', async () => {
      const office = await host.otherTenant();
      await office.as('admin').settings.update({ claimLeaseMinutes: 30 });
      const lead = await submitted(office, (await activePartner(office)).id);
      const { leads } = office.as('lead_reviewer');
      const first = await leads.claim({ id: lead.id });
      expect(Date.parse(first.claimExpiresAt!) - Date.parse(first.updatedAt)).toBe(30 * 60_000);
      host.clock.advance(29);
      const second = await leads.claim({ id: lead.id });
      expect(second.status).toBe('under_review');
      expect(Date.parse(second.claimExpiresAt!) - Date.parse(first.claimExpiresAt!)).toBeGreaterThanOrEqual(
        29 * 60_000,
      );
    });

    it('keeps everybody else out, naming who holds it and until when, until the lease lapses', async () => {
      const lead = await submitted(host, partnerId);
      const claimed = await reviewer().claim({ id: lead.id });
      const others: Record<string, () => Promise<unknown>> = {
        claim: () => reviewer(2).claim({ id: lead.id }),
        release: () => reviewer(2).release({ id: lead.id }),
        approve: () => reviewer(2).approve({ id: lead.id }),
        reject: () => reviewer(2).reject({ id: lead.id, reason: 'x' }),
        update: () => reviewer(2).update({ id: lead.id, reviewNotes: 'x' }),
        // Whoever sees an old version learns first that somebody is at work on it.
        stale: () => reviewer(2).approve({ id: lead.id, version: lead.version }),
      };
      const berlin = new Date(Date.parse(claimed.claimExpiresAt!) + 2 * 3_600_000)
        .toISOString()
        .slice(11, 16);
      for (const call of Object.values(others)) {
        const refusal = await refused(host, call);
        expect(refusal).toMatchObject({
          code: 'LOCKED',
          message: `lead_reviewer 1 Tester is reviewing this lead until ${berlin}.`,
          data: { current: claimed },
        });
      }
      host.clock.set(new Date(Date.parse(claimed.claimExpiresAt!) - 2).toISOString());
      expect((await refusalOf(others['claim']!())).code).toBe('LOCKED');
      host.clock.set(claimed.claimExpiresAt!);
      const taken = await reviewer(2).claim({ id: lead.id });
      expect(taken.claimedBy).toBe((await host.session('lead_reviewer', 2)).userId);
      expect((await refusalOf(reviewer().approve({ id: lead.id }))).code).toBe('LOCKED');
    });

    it('that lapsed holds up no decision', async () => {
      const lead = await submitted(host, partnerId);
      await reviewer().claim({ id: lead.id });
      host.clock.advance(16);
      expect((await reviewer(2).approve({ id: lead.id })).status).toBe('approved');
    });

    it('is given back by its holder: the lead stays under review, free for anybody', async () => {
      const lead = await submitted(host, partnerId);
      await reviewer().claim({ id: lead.id });
      expect(await reviewer().release({ id: lead.id })).toMatchObject({
        status: 'under_review',
        claimedBy: null,
        claimExpiresAt: null,
      });
      expect((await reviewer(2).claim({ id: lead.id })).status).toBe('under_review');
      expect(await actionsOf(host, lead.id)).toEqual([
        'lead_submitted',
        'lead_claimed',
        'lead_released',
        'lead_claimed',
      ]);
    });

    it('that nobody made can’t be released, and a decided lead can’t be claimed', async () => {
      const lead = await submitted(host, partnerId);
      const unclaimed = await refused(host, () => reviewer().release({ id: lead.id }));
      expect(unclaimed).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'Nobody has claimed this lead.',
      });
      await reviewer().reject({ id: lead.id, reason: 'No interest' });
      for (const call of [reviewer(2).claim, reviewer(2).release]) {
        expect(await refused(host, () => call({ id: lead.id }))).toMatchObject({
          code: 'INVALID_TRANSITION',
          message: 'This lead was already rejected by lead_reviewer 1 Tester.',
        });
      }
    });

    it('is won by one of two reviewers who reach for the lead at once', async () => {
      const lead = await submitted(host, partnerId);
      const { done, codes } = await outcomesOf([
        reviewer(1).claim({ id: lead.id }),
        reviewer(2).claim({ id: lead.id }),
      ]);
      expect(done).toHaveLength(1);
      expect(codes).toEqual(['LOCKED']);
      expect((await getLead(host, lead)).claimedBy).toBe(done[0]!.claimedBy);
    });
  });

  describe('approving', () => {
    it('a submitted lead passes through review, and the day is the organization’s', async () => {
      const late = await testHost(engine, { now: '2026-06-15T22:30:00.000Z' });
      const lead = await submitted(late, (await activePartner(late)).id);
      await late.as('lead_reviewer').leads.approve({ id: lead.id });
      expect(await lastDetails(late, lead.id)).toMatchObject({
        before: { status: 'submitted' },
        path: ['under_review', 'approved'],
      });
      const stored = await late.database.read('system', (reader) =>
        reader.get(sql`select approved_on from partner_leads where id = ${lead.id}`),
      );
      expect(stored).toEqual({ approved_on: '2026-06-16' });
      await late.close();
    });

    it('links the entry that sales has already, once', async () => {
      const entryId = await anEntry();
      const [lead, other] = [await submitted(host, partnerId), await submitted(host, partnerId)];
      const approved = await reviewer().approve({ id: lead.id, actualLeadId: entryId });
      expect(approved.leadId).toBe(entryId);
      expect(await entriesOf(lead)).toMatchObject([{ id: entryId, partnerId, version: 2 }]);
      const again = await refused(host, () => reviewer().approve({ id: other.id, actualLeadId: entryId }));
      expect(again).toMatchObject({ code: 'CONFLICT', data: { fields: [{ path: 'actualLeadId' }] } });
      expect(
        (await reviewer().convert({ id: lead.id, dealValue: 1, conversionDate: '2026-06-15' })).status,
      ).toBe('converted');
      expect(await entriesOf(lead)).toMatchObject([{ status: 'converted', dealValue: 1 }]);
    });

    it('refuses an entry that is not there, is another organization’s, or in another currency', async () => {
      const lead = await submitted(host, partnerId);
      const office = await host.otherTenant();
      const theirs = await submitted(office, (await activePartner(office)).id);
      const foreign = (await office.as('lead_reviewer').leads.approve({ id: theirs.id })).leadId;
      for (const actualLeadId of [nowhere, foreign]) {
        const refusal = await refused(host, () => reviewer().approve({ id: lead.id, actualLeadId }));
        expect(refusal.code).toBe('NOT_FOUND');
      }
      const dollars = await anEntry('USD');
      const refusal = await refused(host, () => reviewer().approve({ id: lead.id, actualLeadId: dollars }));
      expect(refusal.code).toBe('VALIDATION');
    });

    it('is still possible for what a partner handed in before it was suspended', async () => {
      const partner = await activePartner(host, { leadPrice: 1000 });
      const lead = await submitted(host, partner.id);
      await host.as('approver').partners.suspend({ id: partner.id, reason: 'Complaints' });
      expect(await reviewer().approve({ id: lead.id })).toMatchObject({
        status: 'approved',
        creditAmount: 1000,
      });
    });

    it('stores the credits of the policies that trigger, and names them on record', async () => {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id, { baseCredit: 700 });
      const lead = await submitted(host, partner.id);
      expect(await host.as('auditor').leads.applicablePolicies({ id: lead.id })).toMatchObject({
        items: expect.arrayContaining([
          expect.objectContaining({ policyId: policy.id, applies: true, amount: 700 }),
        ]),
        nextCursor: null,
      });
      expect(await reviewer().approve({ id: lead.id })).toMatchObject({
        creditAmount: 700,
        creditStatus: 'pending',
      });
      expect(await lastDetails(host, lead.id)).toMatchObject({
        credits: [{ policyId: policy.id, creditAmount: 700, status: 'pending_approval' }],
      });
      expect((await host.as('auditor').leads.policyMappings({ id: lead.id })).items).toMatchObject([
        { policyId: policy.id, applied: true, calculatedCredit: 700 },
      ]);
    });

    it('happens once when two reviewers decide at the same moment, and the other is told', async () => {
      const partner = await activePartner(host, { leadPrice: 1000 });
      const raced: Lead[] = [];
      for (let n = 0; n < 8; n += 1) raced.push(await submitted(host, partner.id));
      const ways = [
        (id: string) => [reviewer(1).approve({ id }), reviewer(2).approve({ id })],
        (id: string) => [reviewer(1).approve({ id }), reviewer(2).reject({ id, reason: 'x' })],
        (id: string) => [reviewer(1).approve({ id, version: 1 }), reviewer(2).approve({ id, version: 1 })],
        (id: string) => [reviewer(1).reject({ id, reason: 'x' }), reviewer(2).reject({ id, reason: 'y' })],
      ];
      // All leads at once, so that the commands of one partner really meet.
      const results = await Promise.all(
        raced.map(async ({ id }, n) => ({ id, way: n % 4, ...(await outcomesOf(ways[n % 4]!(id))) })),
      );
      for (const { id, way, done, codes } of results) {
        expect(done).toHaveLength(1);
        expect(codes).toEqual([way === 2 ? 'CONFLICT' : 'INVALID_TRANSITION']);
        const lead = await getLead(host, { id });
        expect(lead).toEqual(done[0]);
        expect(await entriesOf(lead)).toHaveLength(lead.status === 'approved' ? 1 : 0);
        expect(await creditsOf(host, lead)).toHaveLength(lead.status === 'approved' ? 1 : 0);
        expect(await actionsOf(host, id)).toEqual(['lead_submitted', `lead_${lead.status}`]);
      }
      expect(await countersOf(host, partner.id)).toEqual(await recountOf(host, partner.id));
    });
  });

  describe('a decision', () => {
    it('is refused, and nothing is written, when stale, taken already, foreign or not one’s to make', async () => {
      const lead = await submitted(host, partnerId);
      const noted = await reviewer().update({ id: lead.id, reviewNotes: 'called' });
      const decisions = {
        approve: (id: string, version?: number) => reviewer().approve({ id, version }),
        reject: (id: string, version?: number) => reviewer().reject({ id, reason: 'x', version }),
        claim: (id: string, version?: number) => reviewer().claim({ id, version }),
      };
      for (const decide of Object.values(decisions)) {
        const stale = await refused(host, () => decide(lead.id, 1));
        expect(stale).toMatchObject({ code: 'CONFLICT', data: { current: noted } });
        expect((await refused(host, () => decide(nowhere))).code).toBe('NOT_FOUND');
      }
      const office = await host.otherTenant();
      const foreign = () => office.as('lead_reviewer').leads.approve({ id: lead.id });
      expect((await refused(host, foreign)).code).toBe('NOT_FOUND');
      const manager = () => host.as('partner_manager').leads.approve({ id: lead.id });
      expect((await refused(host, manager)).code).toBe('FORBIDDEN');
      const noReason = () => reviewer().reject({ id: lead.id, reason: '  ' });
      expect((await refused(host, noReason)).code).toBe('VALIDATION');
      const early = () => reviewer().convert({ id: lead.id, dealValue: 1, conversionDate: '2026-06-15' });
      expect(await refused(host, early)).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: "A submitted lead can't be converted.",
      });

      await reviewer(2).approve({ id: lead.id });
      for (const decide of Object.values(decisions)) {
        expect(await refused(host, () => decide(lead.id))).toMatchObject({
          code: 'INVALID_TRANSITION',
          message: 'This lead was already approved by lead_reviewer 2 Tester.',
        });
      }
    });

    it('to reject keeps the reason, ends the claim and the lead', async () => {
      const lead = await submitted(host, partnerId);
      await reviewer().claim({ id: lead.id });
      expect(await reviewer().reject({ id: lead.id, reason: 'No budget' })).toMatchObject({
        status: 'rejected',
        rejectionReason: 'No budget',
        reviewedBy: reviewerId,
        claimedBy: null,
        creditAmount: null,
        creditStatus: null,
      });
      expect(await entriesOf(lead)).toEqual([]);
      expect(await countersOf(host, partnerId)).toEqual(await recountOf(host, partnerId));
      const convert = () => reviewer().convert({ id: lead.id, dealValue: 1, conversionDate: '2026-06-15' });
      expect(await refused(host, convert)).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: "A rejected lead can't be converted.",
      });
    });

    it('gives its first answer again for the same command id, and does nothing', async () => {
      const partner = await activePartner(host, { leadPrice: 1000, commissionPercentage: 10 });
      const lead = await submitted(host, partner.id);
      const steps = [
        () => reviewer().claim({ id: lead.id, commandId: `claim ${lead.id}` }),
        () => reviewer().release({ id: lead.id, commandId: `release ${lead.id}` }),
        () => reviewer().approve({ id: lead.id, commandId: `approve ${lead.id}` }),
        () =>
          reviewer().convert({
            id: lead.id,
            dealValue: 5000,
            conversionDate: '2026-06-15',
            commandId: `convert ${lead.id}`,
          }),
      ];
      const answers: Lead[] = [];
      for (const step of steps) {
        answers.push(await step());
        expect(await step()).toEqual(answers.at(-1));
      }
      const before = [
        await countersOf(host, partner.id),
        await getLead(host, lead),
        await actionsOf(host, lead.id),
      ];
      for (const [n, step] of steps.entries()) expect(await step()).toEqual(answers[n]);
      expect([
        await countersOf(host, partner.id),
        await getLead(host, lead),
        await actionsOf(host, lead.id),
      ]).toEqual(before);
      expect(await creditsOf(host, lead)).toHaveLength(2);
    });
  });

  describe('converting', () => {
    it('takes a day from the submission to today, in the organization’s zone, and the partner’s currency', async () => {
      // 00:30 on the 16th in Berlin.
      const late = await testHost(engine, { now: '2026-06-15T22:30:00.000Z' });
      const { leads } = late.as('lead_reviewer');
      const lead = await submitted(late, (await activePartner(late)).id);
      await leads.approve({ id: lead.id });
      const convert = (conversionDate: string, more = {}) =>
        leads.convert({ id: lead.id, dealValue: 100, conversionDate, ...more });
      const before = await refused(late, () => convert('2026-06-15'));
      expect(before).toMatchObject({ code: 'VALIDATION', data: { fields: [{ path: 'conversionDate' }] } });
      const after = await refused(late, () => convert('2026-06-17'));
      expect(after).toMatchObject({ code: 'VALIDATION', data: { fields: [{ path: 'conversionDate' }] } });
      const dollars = await refused(late, () => convert('2026-06-16', { currency: 'USD' }));
      expect(dollars).toMatchObject({ code: 'CURRENCY_MISMATCH', data: { fields: [{ path: 'currency' }] } });
      const negative = await refused(late, () =>
        leads.convert({ id: lead.id, dealValue: -1, conversionDate: '2026-06-16' }),
      );
      expect(negative.code).toBe('VALIDATION');
      const stale = await refused(late, () => convert('2026-06-16', { version: lead.version }));
      expect(stale.code).toBe('CONFLICT');
      expect((await convert('2026-06-16')).status).toBe('converted');
      expect(await refused(late, () => convert('2026-06-16'))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: "A converted lead can't be converted again.",
      });
      await late.close();
    });

    it('happens once when two record the deal at the same moment', async () => {
      const partner = await activePartner(host, { commissionPercentage: 10 });
      const lead = await submitted(host, partner.id);
      await reviewer().approve({ id: lead.id });
      const { done, codes } = await outcomesOf(
        [1, 2].map((person) =>
          reviewer(person).convert({ id: lead.id, dealValue: 1000 * person, conversionDate: '2026-06-15' }),
        ),
      );
      expect(codes).toEqual(['INVALID_TRANSITION']);
      expect(await creditsOf(host, lead)).toMatchObject([{ creditAmount: done[0]!.dealValue! / 10 }]);
      expect(await countersOf(host, partner.id)).toEqual(await recountOf(host, partner.id));
    });
  });

  describe('many at once', () => {
    it('have one outcome each, in the order of the ids, whatever becomes of the others', async () => {
      const [free, held, decided, last] = await Promise.all(
        [1, 2, 3, 4].map(() => submitted(host, partnerId)),
      );
      await reviewer(2).claim({ id: held!.id });
      await reviewer(2).reject({ id: decided!.id, reason: 'No budget' });
      const ids = [last!.id, held!.id, nowhere, decided!.id, free!.id, last!.id];
      const { outcomes } = await reviewer().bulk({ action: 'approve', ids });
      expect(outcomes).toEqual([
        { id: last!.id, ok: true },
        {
          id: held!.id,
          ok: false,
          code: 'LOCKED',
          message: expect.stringContaining('lead_reviewer 2 Tester'),
        },
        { id: nowhere, ok: false, code: 'NOT_FOUND', message: 'There is no such lead.' },
        {
          id: decided!.id,
          ok: false,
          code: 'INVALID_TRANSITION',
          message: 'This lead was already rejected by lead_reviewer 2 Tester.',
        },
        { id: free!.id, ok: true },
      ]);
      for (const lead of [free, last]) {
        expect((await getLead(host, lead!)).status).toBe('approved');
        expect(await actionsOf(host, lead!.id)).toEqual(['lead_submitted', 'lead_approved']);
      }
      expect((await getLead(host, held!)).status).toBe('under_review');
      expect(await countersOf(host, partnerId)).toEqual(await recountOf(host, partnerId));
    });

    it('are claimed, released and rejected', async () => {
      const raced = await Promise.all([1, 2, 3].map(() => submitted(host, partnerId)));
      const ids = raced.map((lead) => lead.id);
      const allDone = ids.map((id) => ({ id, ok: true }));
      expect((await reviewer().bulk({ action: 'claim', ids })).outcomes).toEqual(allDone);
      expect((await reviewer().bulk({ action: 'release', ids })).outcomes).toEqual(allDone);
      expect((await reviewer().bulk({ action: 'reject', ids, reason: 'Fair is over' })).outcomes).toEqual(
        allDone,
      );
      for (const id of ids) {
        expect(await getLead(host, { id })).toMatchObject({
          status: 'rejected',
          rejectionReason: 'Fair is over',
        });
      }
    });

    it('are not rejected without a reason, not even one of them', async () => {
      const lead = await submitted(host, partnerId);
      const refusal = await refused(host, () => reviewer().bulk({ action: 'reject', ids: [lead.id] }));
      expect(refusal).toMatchObject({ code: 'VALIDATION', data: { fields: [{ path: 'reason' }] } });
    });
  });

  it('keeps every counter at what the leads add up to, whatever happens in whatever order', async () => {
    const step = fc.record({
      act: fc.constantFrom(
        'submit',
        'submit',
        'claim',
        'release',
        'update',
        'approve',
        'reject',
        'convert',
        'bulk',
      ),
      pick: fc.nat(),
      person: fc.constantFrom(1, 2),
      value: fc.integer({ min: 0, max: 1_000_000 }),
      minutes: fc.constantFrom(0, 0, 20),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const partner = await activePartner(host, { leadPrice: 100, commissionPercentage: 5 });
        const fair = await host
          .as('partner_manager')
          .sources.create({ id: partner.id, sourceType: 'vendor_reference', sourceName: 'Fair' });
        const ids: string[] = [];
        for (const { act, pick, person, value, minutes } of steps) {
          host.clock.advance(minutes);
          const id = ids[pick % Math.max(ids.length, 1)] ?? nowhere;
          const sourceId = value % 3 === 0 ? fair.id : null;
          const { leads } = host.as('lead_reviewer', person);
          const acts: Record<string, () => Promise<unknown>> = {
            submit: async () => {
              const more = value % 2 === 0 ? { company: 'Acme', industry: 'Steel' } : {};
              ids.push((await submitted(host, partner.id, aPerson(more), { sourceId })).id);
            },
            claim: () => leads.claim({ id }),
            release: () => leads.release({ id }),
            update: () =>
              leads.update({ id, sourceId, leadData: { address: value % 2 === 0 ? 'Main Street' : '' } }),
            approve: () => leads.approve({ id }),
            reject: () => leads.reject({ id, reason: 'x' }),
            convert: () =>
              leads.convert({ id, dealValue: value, conversionDate: host.clock.now().slice(0, 10) }),
            bulk: () =>
              leads.bulk({ action: value % 2 === 0 ? 'approve' : 'reject', ids: [id, ...ids], reason: 'x' }),
          };
          // A refusal is as good an answer as any; what must hold holds after it too.
          await outcomesOf([acts[act]!()]);
        }
        expect(await countersOf(host, partner.id)).toEqual(await recountOf(host, partner.id));
      }),
      { numRuns: 12 },
    );
    expect(await host.as('auditor').activities.verify()).toMatchObject({ ok: true });
    expect(await host.as('auditor').ledger.verify()).toMatchObject({ ok: true });
  });
});
