import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceState } from '#host/services/leads/service-level.ts';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { activePartner } from './credit-stories.ts';
import { getLead, type Lead, submitted, walk } from './lead-stories.ts';
import { plansOf, scanOrSort } from './partners/plans.ts';
import { actionsOf, lastDetails, refused } from './partners/setup.ts';

const hours = (n: number) => n * 60;
const idsOf = (leads: readonly Lead[]) => leads.map(({ id }) => id);

describe('the service level of a lead', () => {
  const limits = fc
    .tuple(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 500 }))
    .map(([reviewHours, more]) => ({ reviewHours, escalationHours: reviewHours + more }));
  const instants = fc.date({
    min: new Date('2020-01-01T00:00:00Z'),
    max: new Date('2040-01-01T00:00:00Z'),
    noInvalidDate: true,
  });

  it('is overdue exactly from when it is due, and escalated never before it is overdue', () => {
    fc.assert(
      fc.property(limits, instants, fc.integer({ min: -5, max: 5 }), (given, submittedAt, off) => {
        const lead = { status: 'submitted', linkedTo: null, submittedAt: submittedAt.toISOString() } as const;
        const due = submittedAt.getTime() + given.reviewHours * 3_600_000;
        const at = serviceState(given, lead, new Date(due + off).toISOString());
        expect(at).toMatchObject({ dueAt: new Date(due).toISOString(), overdue: off >= 0 });
        expect(at.escalated && !at.overdue).toBe(false);
        const late = submittedAt.getTime() + given.escalationHours * 3_600_000 + off;
        expect(serviceState(given, lead, new Date(late).toISOString()).escalated).toBe(off >= 0);
      }),
    );
  });

  it('ends with the decision, and is not that of a lead recorded under another', () => {
    const now = '2026-06-20T00:00:00.000Z';
    const submittedAt = '2026-06-01T00:00:00.000Z';
    const limits = { reviewHours: 24, escalationHours: 48 };
    for (const lead of [
      { status: 'approved', linkedTo: null, submittedAt },
      { status: 'rejected', linkedTo: null, submittedAt },
      { status: 'submitted', linkedTo: 'another', submittedAt },
    ] as const) {
      expect(serviceState(limits, lead, now)).toEqual({ dueAt: null, overdue: false, escalated: false });
    }
  });
});

describe.each(engines)('the work on leads, on %s', (engine) => {
  let host: TestHost;
  let partnerId: string;
  beforeAll(async () => {
    host = await testHost(engine);
    partnerId = (await activePartner(host)).id;
  });
  afterAll(() => host.close());
  const reviewer = (person = 1) => host.as('lead_reviewer', person);

  describe('by when they are decided', () => {
    let leads: Record<'fresh' | 'due' | 'late' | 'claimed' | 'decided', Lead>;
    beforeAll(async () => {
      const claimed = await submitted(host, partnerId);
      const late = await submitted(host, partnerId);
      const decided = await submitted(host, partnerId);
      host.clock.advance(hours(30));
      const due = await submitted(host, partnerId);
      host.clock.advance(hours(24));
      const fresh = await submitted(host, partnerId);
      await reviewer().leads.claim({ id: claimed.id });
      await reviewer().leads.approve({ id: decided.id });
      leads = { fresh, due, late, claimed, decided };
    });
    const at = (lead: Lead, after: number) =>
      new Date(Date.parse(lead.submittedAt) + after * 60_000).toISOString();

    it('is told of each lead: due a day after its submission, escalated after two, by calendar hours', async () => {
      const told = async (lead: Lead) => {
        const { dueAt, overdue, escalated } = await getLead(host, lead);
        return { dueAt, overdue, escalated };
      };
      const dueAt = (lead: Lead) => at(lead, hours(24));
      expect(await told(leads.fresh)).toEqual({
        dueAt: dueAt(leads.fresh),
        overdue: false,
        escalated: false,
      });
      expect(await told(leads.due)).toEqual({ dueAt: dueAt(leads.due), overdue: true, escalated: false });
      expect(await told(leads.late)).toEqual({ dueAt: dueAt(leads.late), overdue: true, escalated: true });
      expect(await told(leads.claimed)).toEqual({
        dueAt: dueAt(leads.claimed),
        overdue: true,
        escalated: true,
      });
      expect(await told(leads.decided)).toEqual({ dueAt: null, overdue: false, escalated: false });
    });

    it('filters both lists, and is counted', async () => {
      const { fresh, due, late, claimed } = leads;
      for (const [filter, expected] of [
        [{ overdue: true }, [due, late, claimed]],
        [{ escalated: true }, [late, claimed]],
        [{ overdue: false }, [fresh]],
        [{ overdue: true, escalated: false }, [due]],
        [{ overdue: false, escalated: true }, []],
        [{ overdue: true, status: 'under_review' }, [claimed]],
        [{ overdue: true, submittedBefore: due.submittedAt }, [late, claimed]],
        [{ overdue: true, partnerId }, [due, late, claimed]],
      ] as const) {
        const list = idsOf(await walk(host, 'list', { ...filter, limit: 1 }));
        expect([filter, new Set(list)]).toEqual([filter, new Set(idsOf(expected))]);
        expect(new Set(idsOf(await walk(host, 'reviewQueue', { ...filter, limit: 2 })))).toEqual(
          new Set(list),
        );
        const { auditor } = { auditor: host.as('auditor').leads };
        expect((await auditor.list({ ...filter, total: true })).total).toBe(expected.length);
        expect((await auditor.reviewQueue({ ...filter, total: true })).total).toBe(expected.length);
      }
      expect(await host.as('auditor').leads.queueCounts({})).toEqual({
        waiting: 4,
        claimed: 1,
        overdue: 3,
        escalated: 2,
      });
      // A lease that has lapsed holds nothing.
      const before = host.clock.now();
      host.clock.advance(16);
      expect((await host.as('auditor').leads.queueCounts({})).claimed).toBe(0);
      host.clock.set(before);
    });

    it('is overdue from the very instant on that it is due', async () => {
      const office = await host.otherTenant();
      const lead = await submitted(office, (await activePartner(office)).id);
      const before = host.clock.now();
      const due = Date.parse(at(lead, hours(24)));
      // Each look at the tests' clock is a millisecond later, so the one before the instant is a second before.
      for (const [instant, overdue] of [
        [due - 1000, false],
        [due, true],
      ] as const) {
        host.clock.set(new Date(instant).toISOString());
        expect((await office.as('auditor').leads.list({ overdue: true })).items.length === 1).toBe(overdue);
        expect((await getLead(office, lead)).overdue).toBe(overdue);
      }
      host.clock.set(before);
    });

    it('follows the settings at once', async () => {
      const { settings } = host.as('admin');
      const refusal = await refused(host, () => settings.update({ reviewHours: 72 }));
      expect(refusal).toMatchObject({ code: 'VALIDATION', data: { fields: [{ path: 'escalationHours' }] } });
      await settings.update({ reviewHours: 50, escalationHours: 60 });
      expect(new Set(idsOf(await walk(host, 'list', { overdue: true })))).toEqual(
        new Set(idsOf([leads.late, leads.claimed])),
      );
      expect((await host.as('auditor').leads.queueCounts({})).escalated).toBe(0);
      await settings.update({ reviewHours: 24, escalationHours: 48 });
    });

    it('is read from indexes', async () => {
      const fresh = await testHost(engine);
      const { leads: auditor } = fresh.as('auditor');
      await submitted(fresh, (await activePartner(fresh)).id);
      const plans = await plansOf(fresh, /partner_leads/, async () => {
        await auditor.list({ overdue: true });
        await auditor.reviewQueue({ escalated: true });
        await auditor.queueCounts({});
      });
      expect(plans).toHaveLength(4);
      for (const plan of plans) {
        expect(plan).toMatch(/ix_partner_leads_(waiting|queue|partner_queue|claimed)/);
        expect(plan).not.toMatch(scanOrSort);
      }
      await fresh.close();
    });
  });

  describe('notes', () => {
    it('are added and listed newest first, with who wrote them, and never changed', async () => {
      const lead = await submitted(host, partnerId);
      const { leads } = host.as('partner_manager');
      const first = await leads.addNote({ id: lead.id, body: '  Called, nobody there. ' });
      expect(first).toMatchObject({
        leadId: lead.id,
        body: 'Called, nobody there.',
        authorName: 'partner_manager 1 Tester',
      });
      const second = await reviewer().leads.addNote({ id: lead.id, body: 'Reached at noon.' });
      const { items, nextCursor, total } = await host
        .as('auditor')
        .leads.notes({ id: lead.id, limit: 1, total: true });
      expect([items, total]).toEqual([[second], 2]);
      expect((await host.as('auditor').leads.notes({ id: lead.id, cursor: nextCursor! })).items).toEqual([
        first,
      ]);
      // A note is no edit of the lead.
      expect((await getLead(host, lead)).version).toBe(lead.version);
      expect(await actionsOf(host, lead.id)).toEqual([
        'lead_submitted',
        'lead_note_added',
        'lead_note_added',
      ]);
    });

    it('are refused empty, on no lead, and to whoever only reads', async () => {
      const lead = await submitted(host, partnerId);
      const { addNote } = reviewer().leads;
      expect((await refused(host, () => addNote({ id: lead.id, body: ' ' }))).code).toBe('VALIDATION');
      const nowhere = '01920000-0000-7000-8000-000000000000';
      expect((await refused(host, () => addNote({ id: nowhere, body: 'x' }))).code).toBe('NOT_FOUND');
      const auditor = host.as('auditor').leads;
      expect((await refused(host, () => auditor.addNote({ id: lead.id, body: 'x' }))).code).toBe('FORBIDDEN');
      const theirs = host.asPartner(partnerId, 'admin').leads;
      expect((await refused(host, () => theirs.notes({ id: lead.id }))).code).toBe('FORBIDDEN');
      expect((await refusalOf(auditor.notes({ id: lead.id, cursor: 'x' }))).code).toBe('VALIDATION');
    });
  });

  describe('handing a lead to a reviewer', () => {
    it('lets that one hold it for the lease, and its holder hand it on', async () => {
      const lead = await submitted(host, partnerId);
      const [one, two] = [(await reviewer(1).auth.me()).id, (await reviewer(2).auth.me()).id];
      const assigned = await reviewer(1).leads.assign({ id: lead.id, reviewerId: two });
      expect(assigned).toMatchObject({ status: 'under_review', claimedBy: two });
      expect(await lastDetails(host, lead.id)).toMatchObject({
        before: { status: 'submitted', claimedBy: null },
        after: { claimedBy: two },
      });
      const locked = await refused(host, () => reviewer(1).leads.assign({ id: lead.id, reviewerId: one }));
      expect(locked.code).toBe('LOCKED');
      expect((await reviewer(2).leads.assign({ id: lead.id, reviewerId: one })).claimedBy).toBe(one);
      // An administrator takes it from whoever holds it.
      expect((await host.as('admin').leads.assign({ id: lead.id, reviewerId: two })).claimedBy).toBe(two);
      expect((await reviewer(2).leads.approve({ id: lead.id })).claimedBy).toBeNull();
      const decided = await refused(host, () => reviewer(2).leads.assign({ id: lead.id, reviewerId: two }));
      expect(decided.code).toBe('INVALID_TRANSITION');
    });

    it('is refused for somebody who isn’t there or reviews no leads', async () => {
      const lead = await submitted(host, partnerId);
      const nowhere = '01920000-0000-7000-8000-000000000000';
      const finance = (await host.as('finance').auth.me()).id;
      const { assign } = reviewer().leads;
      expect((await refused(host, () => assign({ id: lead.id, reviewerId: nowhere }))).code).toBe(
        'NOT_FOUND',
      );
      expect(await refused(host, () => assign({ id: lead.id, reviewerId: finance }))).toMatchObject({
        code: 'VALIDATION',
        message: "finance 1 Tester doesn't review leads.",
      });
      const gone = (await reviewer(3).auth.me()).id;
      await host.as('admin').staff.update({ id: gone, isActive: false });
      expect((await refused(host, () => assign({ id: lead.id, reviewerId: gone }))).code).toBe('VALIDATION');
      // Nor by an administrator who has not seen what became of the lead.
      const one = (await reviewer(1).auth.me()).id;
      await assign({ id: lead.id, reviewerId: one });
      const stale = { id: lead.id, reviewerId: one, version: lead.version };
      expect((await refused(host, () => host.as('admin').leads.assign(stale))).code).toBe('CONFLICT');
    });

    it('works for many at once, like saying that they are no duplicates, with an outcome each', async () => {
      const { leads } = reviewer();
      const person = { email: 'many@example.com', phone: '+49 30 5550001' };
      const [first, twin, other] = [
        await submitted(host, partnerId, person),
        await submitted(host, partnerId, person),
        await submitted(host, partnerId),
      ];
      expect(twin.duplicateOf).toBe(first.id);
      const two = (await reviewer(2).auth.me()).id;
      const nowhere = '01920000-0000-7000-8000-000000000000';
      const { outcomes } = await leads.bulk({
        action: 'notDuplicate',
        ids: [twin.id, other.id, nowhere],
        reason: 'Looked at',
      });
      expect(outcomes).toMatchObject([
        { id: twin.id, ok: true },
        { id: other.id, ok: false, code: 'INVALID_TRANSITION' },
        { id: nowhere, ok: false, code: 'NOT_FOUND' },
      ]);
      const handed = await leads.bulk({ action: 'assign', ids: [twin.id, other.id], reviewerId: two });
      expect(handed.outcomes.map(({ ok }) => ok)).toEqual([true, true]);
      expect((await getLead(host, other)).claimedBy).toBe(two);
      for (const action of ['assign', 'notDuplicate', 'reject'] as const) {
        expect((await refused(host, () => leads.bulk({ action, ids: [first.id] }))).code).toBe('VALIDATION');
      }
    });
  });
});
