import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConstraintError, partnerLeadCredits } from '#host/database/index.ts';
import { listCredits } from '#host/services/credits/list.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import {
  activePartner,
  approvedLead,
  type Credit,
  convertedLead,
  creditOf,
  creditsOf,
  earned,
  figuresOf,
  type Partner,
  plansOf,
  policyInForce,
  submittedLead,
  unique,
} from './credit-stories.ts';

forEachEngine((engine) => {
  let host: TestHost;
  let partner: Partner;

  beforeAll(async () => {
    host = await testHost(engine);
    partner = await activePartner(host, { leadPrice: 2500 });
  });
  afterAll(() => host.close());

  const approver = (person = 1) => host.as('approver', person).credits;
  const leadNow = (id: string) => host.as('auditor').leads.get({ id });

  /** A pending credit of 25.00 by the partner's lead price. */
  async function pendingCredit(of: Partner = partner): Promise<Credit> {
    return creditOf(host, await approvedLead(host, of.id));
  }

  async function approvedCredit(of: Partner = partner): Promise<Credit> {
    const credit = await pendingCredit(of);
    return approver().approve({ id: credit.id });
  }

  describe('the approval of a credit', () => {
    it("puts its amount on the partner's balance, and the lead shows it", async () => {
      const own = await activePartner(host);
      const policy = await policyInForce(host, own.id, { baseCredit: 1234 });
      const credit = await pendingCredit(own);
      const approved = await approver().approve({ id: credit.id, version: 1, approvalNotes: 'Checked' });
      expect(approved).toMatchObject({
        status: 'approved',
        approvedBy: (await host.session('approver')).userId,
        approvalNotes: 'Checked',
        delegatedPolicyId: null,
        fourEyesWaived: false,
        version: 2,
      });
      expect(await figuresOf(host, own.id)).toEqual(earned(1234));
      expect(await leadNow(credit.partnerLeadId ?? '')).toMatchObject({
        creditAmount: 1234,
        creditStatus: 'approved',
      });
      expect(await host.as('auditor').creditPolicies.get({ id: policy.id })).toMatchObject({
        totalCreditsAllocated: 1234,
        totalLeadsUnderPolicy: 1,
      });
      const { items } = await host.as('finance').partners.ledger({ id: own.id });
      expect(items).toMatchObject([
        {
          kind: 'credit_approved',
          resourceId: credit.id,
          amount: 1234,
          postings: expect.arrayContaining([
            { account: 'commission_expense', amount: -1234 },
            { account: 'available', amount: 1234 },
          ]),
        },
      ]);
      const trail = await host.as('auditor').activities.list({ resource: 'credit', resourceId: credit.id });
      expect(trail.items).toMatchObject([{ action: 'credit_approved', partnerId: own.id }]);
    });

    it('happens once, and moves money once', async () => {
      const own = await activePartner(host, { leadPrice: 2500 });
      const credit = await approvedCredit(own);
      expect(await refusalOf(approver(2).approve({ id: credit.id }))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'This credit was already approved by approver 1 Tester.',
      });
      expect(await figuresOf(host, own.id)).toEqual(earned(2500));
    });

    it('by the same command twice answers the same and moves money once', async () => {
      const own = await activePartner(host, { leadPrice: 2500 });
      const credit = await pendingCredit(own);
      const decision = { id: credit.id, commandId: unique('command') };
      const first = await approver().approve(decision);
      expect(await approver().approve(decision)).toEqual(first);
      expect(await figuresOf(host, own.id)).toEqual(earned(2500));
    });

    it('of two approvers at the same moment one wins and the other is told', async () => {
      const own = await activePartner(host, { leadPrice: 2500 });
      const credit = await pendingCredit(own);
      const outcomes = await Promise.allSettled([
        approver(1).approve({ id: credit.id }),
        approver(2).approve({ id: credit.id }),
      ]);
      const refused = outcomes.filter((each) => each.status === 'rejected');
      expect(refused).toHaveLength(1);
      expect(refused[0]?.reason).toMatchObject({ code: 'INVALID_TRANSITION' });
      expect(await figuresOf(host, own.id)).toEqual(earned(2500));
    });

    it('is not for whoever asked for it, by hand or by deciding on the lead', async () => {
      const admin = host.as('admin');
      const lead = await submittedLead(host, partner.id);
      await admin.leads.approve({ id: lead.id });
      const computed = await creditOf(host, lead);
      const requested = await admin.credits.request({ id: lead.id, creditAmount: 100 });
      for (const { id } of [computed, requested]) {
        expect(await refusalOf(admin.credits.approve({ id }))).toMatchObject({ code: 'SELF_APPROVAL' });
        expect(await approver().get({ id })).toMatchObject({ status: 'pending_approval', version: 1 });
      }
    });

    it('may be by the same person where four eyes are switched off, and the credit says so', async () => {
      const office = await host.otherTenant();
      const own = await activePartner(office, { leadPrice: 2500 });
      const admin = office.as('admin');
      await admin.settings.update({ fourEyes: false });
      const lead = await submittedLead(office, own.id);
      await admin.leads.approve({ id: lead.id });
      const credit = await creditOf(office, lead);
      expect(await admin.credits.approve({ id: credit.id })).toMatchObject({
        status: 'approved',
        fourEyesWaived: true,
      });
    });

    it('of a stale version is a conflict that shows the credit as it stands', async () => {
      const credit = await pendingCredit();
      const rejected = await approver(2).reject({ id: credit.id, reason: 'Not agreed' });
      const refusal = await refusalOf(approver().approve({ id: credit.id, version: credit.version }));
      expect(refusal).toMatchObject({ code: 'CONFLICT', data: { current: rejected } });
    });

    it('is for approvers only', async () => {
      const credit = await pendingCredit();
      for (const role of [
        'lead_reviewer',
        'policy_manager',
        'finance',
        'partner_manager',
        'auditor',
      ] as const) {
        const { credits } = host.as(role);
        expect(await refusalOf(credits.approve({ id: credit.id }))).toMatchObject({ code: 'FORBIDDEN' });
        expect(await refusalOf(credits.reject({ id: credit.id, reason: 'No' }))).toMatchObject({
          code: 'FORBIDDEN',
        });
      }
    });

    it('finds nothing of another organization', async () => {
      const credit = await approvedCredit();
      const office = await host.otherTenant();
      const { credits } = office.as('admin');
      for (const call of [
        () => credits.get({ id: credit.id }),
        () => credits.approve({ id: credit.id }),
        () => credits.reject({ id: credit.id, reason: 'No' }),
        () => credits.reverse({ id: credit.id, reason: 'No' }),
        () => credits.request({ id: credit.partnerLeadId ?? '', creditAmount: 1 }),
      ]) {
        expect(await refusalOf(call())).toMatchObject({ code: 'NOT_FOUND' });
      }
      expect((await credits.list({ partnerId: partner.id })).items).toEqual([]);
      expect(await credits.bulk({ action: 'approve', ids: [credit.id] })).toMatchObject({
        outcomes: [{ id: credit.id, ok: false, code: 'NOT_FOUND' }],
      });
    });
  });

  describe('the rejection of a credit', () => {
    it('moves no money and is told on the lead', async () => {
      const own = await activePartner(host, { leadPrice: 2500 });
      const credit = await pendingCredit(own);
      expect(await approver().reject({ id: credit.id, reason: 'Not agreed' })).toMatchObject({
        status: 'rejected',
        rejectionReason: 'Not agreed',
      });
      expect(await figuresOf(host, own.id)).toEqual(earned(0));
      expect(await leadNow(credit.partnerLeadId ?? '')).toMatchObject({
        creditAmount: 0,
        creditStatus: 'rejected',
      });
      expect(await refusalOf(approver().approve({ id: credit.id }))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'This credit was already rejected by approver 1 Tester.',
      });
    });
  });

  it('a decision that was made is not undone by a rejection', async () => {
    const own = await activePartner(host, { leadPrice: 2500 });
    const credit = await approvedCredit(own);
    expect(await refusalOf(approver(2).reject({ id: credit.id, reason: 'No' }))).toMatchObject({
      code: 'INVALID_TRANSITION',
      message: 'This credit was already approved by approver 1 Tester.',
    });
    expect(await figuresOf(host, own.id)).toEqual(earned(2500));
  });

  describe('a request by hand', () => {
    it('waits for approval by someone else and then counts like any other', async () => {
      const own = await activePartner(host);
      const lead = await approvedLead(host, own.id);
      const requested = await host.as('partner_manager').credits.request({
        id: lead.id,
        creditAmount: 4200,
        calculationType: 'percentage',
        currency: 'EUR',
        reason: 'Agreed by telephone',
      });
      expect(requested).toMatchObject({
        origin: 'request',
        triggerEvent: 'request',
        calculationType: 'percentage',
        creditAmount: 4200,
        currency: 'EUR',
        reason: 'Agreed by telephone',
        status: 'pending_approval',
        policyId: null,
        partnerId: own.id,
        partnerName: own.organizationName,
        leadName: expect.any(String),
        sourceId: lead.sourceId,
        requestedBy: (await host.session('partner_manager')).userId,
      });
      expect(await leadNow(lead.id)).toMatchObject({ creditAmount: 4200, creditStatus: 'pending' });
      await approver().approve({ id: requested.id });
      expect(await figuresOf(host, own.id)).toEqual(earned(4200));
    });

    it('comes on top of what was computed', async () => {
      const own = await activePartner(host, { leadPrice: 2500 });
      const lead = await approvedLead(host, own.id);
      await host.as('partner_manager').credits.request({ id: lead.id, creditAmount: 100 });
      expect(await leadNow(lead.id)).toMatchObject({ creditAmount: 2600, creditStatus: 'pending' });
    });

    it('for a lead that has converted is of the day of the deal', async () => {
      const own = await activePartner(host);
      host.clock.set('2026-06-14T12:00:00.000Z');
      const approved = await approvedLead(host, own.id);
      host.clock.set('2026-06-15T13:00:00.000Z');
      const lead = await convertedLead(host, approved, 10_000, '2026-06-15');
      const { request } = host.as('partner_manager').credits;
      expect(await request({ id: lead.id, creditAmount: 100 })).toMatchObject({ eventOn: '2026-06-15' });
    });

    it('is refused for a lead not approved, in another currency, and for a partner not active', async () => {
      const own = await activePartner(host);
      const { request } = host.as('partner_manager').credits;
      const waiting = await submittedLead(host, own.id);
      expect(await refusalOf(request({ id: waiting.id, creditAmount: 1 }))).toMatchObject({
        code: 'INVALID_TRANSITION',
      });
      await host.as('lead_reviewer').leads.reject({ id: waiting.id, reason: 'No interest' });
      expect(await refusalOf(request({ id: waiting.id, creditAmount: 1 }))).toMatchObject({
        code: 'INVALID_TRANSITION',
      });
      const lead = await approvedLead(host, own.id);
      expect(await refusalOf(request({ id: lead.id, creditAmount: 1, currency: 'USD' }))).toMatchObject({
        code: 'CURRENCY_MISMATCH',
        data: { fields: [{ path: 'currency' }] },
      });
      expect(await refusalOf(request({ id: lead.id, creditAmount: 0 }))).toMatchObject({
        code: 'VALIDATION',
      });
      await host.as('approver').partners.suspend({ id: own.id, reason: 'Under review' });
      expect(await refusalOf(request({ id: lead.id, creditAmount: 1 }))).toMatchObject({
        code: 'PARTNER_NOT_ACTIVE',
      });
      expect(await creditsOf(host, lead)).toEqual([]);
    });
  });

  describe('many at once', () => {
    it('get one outcome each, and one that is refused stops none of the others', async () => {
      const own = await activePartner(host, { leadPrice: 2500 });
      const [one, two] = [await pendingCredit(own), await pendingCredit(own)];
      const done = await approvedCredit(own);
      const ids = [one.id, done.id, two.id];
      const { outcomes } = await approver().bulk({ action: 'approve', ids });
      expect(outcomes).toMatchObject([
        { id: one.id, ok: true },
        { id: done.id, ok: false, code: 'INVALID_TRANSITION', message: expect.stringContaining('already') },
        { id: two.id, ok: true },
      ]);
      expect(await figuresOf(host, own.id)).toEqual(earned(7500));
    });

    it('answer the same again under the same command id, and another command may not take it', async () => {
      const own = await activePartner(host, { leadPrice: 2500 });
      const ids = [(await pendingCredit(own)).id, (await pendingCredit(own)).id];
      const bulk = (change: object = {}) =>
        approver().bulk({ action: 'approve', ids, approvalNotes: 'Seen.', commandId: 'bulk-1', ...change });
      const first = await bulk();
      expect(first.outcomes).toEqual(ids.map((id) => ({ id, ok: true })));
      expect(await bulk()).toEqual(first);
      expect(await figuresOf(host, own.id)).toEqual(earned(5000));
      const other = await bulk({ action: 'reject', reason: 'No' });
      expect(other.outcomes).toMatchObject(ids.map((id) => ({ id, ok: false, code: 'CONFLICT' })));
    });

    it('are rejected with one reason, which must be given', async () => {
      const credit = await pendingCredit();
      const { bulk } = approver();
      expect(await refusalOf(bulk({ action: 'reject', ids: [credit.id] }))).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path: 'reason' }] },
      });
      await bulk({ action: 'reject', ids: [credit.id], reason: 'Not agreed' });
      expect(await approver().get({ id: credit.id })).toMatchObject({
        status: 'rejected',
        rejectionReason: 'Not agreed',
      });
    });
  });

  describe('the list', () => {
    it('pages from the oldest on, filtered, with the names and the count', async () => {
      const office = await host.otherTenant();
      const own = await activePartner(office, { leadPrice: 2500, commissionPercentage: 10 });
      const policied = await activePartner(office);
      const policy = await policyInForce(office, policied.id, { policyName: 'Summer' });
      const leads = [];
      for (let i = 0; i < 4; i++) leads.push(await approvedLead(office, own.id));
      await convertedLead(office, leads[0] ?? leads[1]!, 10_000);
      const other = await creditOf(office, await approvedLead(office, policied.id));
      const { credits } = office.as('auditor');

      const found: Credit[] = [];
      let cursor: string | undefined;
      do {
        const page = await credits.list({
          partnerId: own.id,
          limit: 2,
          total: true,
          ...(cursor !== undefined && { cursor }),
        });
        expect(page.total).toBe(5);
        found.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(found.map(({ creditAmount }) => creditAmount)).toEqual([2500, 2500, 2500, 2500, 1000]);
      expect(found.map(({ createdAt }) => createdAt)).toEqual(found.map(({ createdAt }) => createdAt).sort());
      expect(found[0]).toMatchObject({ partnerName: own.organizationName, partnerCode: own.partnerCode });
      // Those of the organization, and of one lead, which has two.
      expect((await credits.list({ limit: 1, total: true })).total).toBe(6);
      const partnerLeadId = leads[0]!.id;
      const one = await credits.list({ partnerLeadId, limit: 1 });
      const rest = await credits.list({ partnerLeadId, cursor: one.nextCursor ?? '' });
      expect([...one.items, ...rest.items].map(({ creditAmount }) => creditAmount)).toEqual([2500, 1000]);

      await office.as('approver').credits.approve({ id: other.id });
      const approved = await credits.list({ status: 'approved' });
      expect(approved.items).toMatchObject([{ id: other.id, policyId: policy.id, policyName: 'Summer' }]);
      expect((await credits.list({ status: 'pending_approval' })).items).toHaveLength(5);
      expect((await credits.list({ partnerLeadId: leads[0]?.id })).items).toHaveLength(2);
      for (const bad of ['x', Buffer.from('["then","there"]').toString('base64url')]) {
        expect(await refusalOf(credits.list({ cursor: bad }))).toMatchObject({ code: 'VALIDATION' });
      }
    });
  });

  it('the database itself refuses a second credit of a policy for the same event', async () => {
    const own = await activePartner(host);
    await policyInForce(host, own.id);
    const credit = await pendingCredit(own);
    const doubling = host.database.write({ tenantId: host.tenantId }, async (tx) => {
      const row = await tx.find(partnerLeadCredits, { id: credit.id });
      if (row === undefined) throw new Error('The credit is not there.');
      await tx.insert(partnerLeadCredits, { ...row, id: '0190a000-0000-7000-8000-000000000001' });
    });
    await expect(doubling).rejects.toThrow(ConstraintError);
  });

  it('after all these stories the figures are what the ledger says, and the trail is whole', async () => {
    expect(await host.as('auditor').ledger.verify({})).toMatchObject({ ok: true, differences: [] });
    expect(await host.as('auditor').activities.verify({})).toMatchObject({ ok: true });
  });

  it('pages of credits are stretches of an index', async () => {
    if (engine !== 'sqlite') return;
    await pendingCredit();
    const session = await host.session('auditor');
    const lead = await approvedLead(host, partner.id);
    const indexes = new Map<object, string>([
      [{}, 'ix_partner_lead_credits_created (tenant_id=?)'],
      [{ status: 'pending_approval' }, 'ix_partner_lead_credits_status (tenant_id=? AND status=?)'],
      [{ status: 'approved' }, 'ix_partner_lead_credits_status (tenant_id=? AND status=?)'],
      [{ partnerId: partner.id }, 'ix_partner_lead_credits_partner (tenant_id=? AND partner_id=?)'],
      [{ partnerLeadId: lead.id }, 'ix_partner_lead_credits_lead (tenant_id=? AND partner_lead_id=?)'],
    ]);
    for (const [filter, index] of indexes) {
      const [page, names] = await plansOf(host, async (reader) => {
        await listCredits(reader, session, { ...filter, limit: 50, cursor: undefined, total: undefined });
      });
      expect(page).toContain(index);
      expect(page).not.toContain('TEMP B-TREE');
      expect(names).not.toMatch(/SCAN|\(tenant_id=\?\)/);
    }
  });
});
