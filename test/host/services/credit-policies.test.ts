import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partnerActivities } from '#host/database/index.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { activePartner, newPolicy, type Partner, policyInForce, terms, unique } from './credit-stories.ts';

forEachEngine((engine) => {
  let host: TestHost;
  let partner: Partner;

  beforeAll(async () => {
    host = await testHost(engine);
    partner = await activePartner(host);
  });
  afterAll(() => host.close());

  const manager = () => host.as('policy_manager').creditPolicies;
  const approver = () => host.as('approver').creditPolicies;

  async function lastActivity() {
    const rows = await host.database.read({ tenantId: host.tenantId }, (reader) =>
      reader.list(partnerActivities, sql`order by seq desc limit 1`),
    );
    return rows[0];
  }

  describe('a new policy', () => {
    it('comes back as it was given, as a first revision that waits for approval', async () => {
      const created = await manager().create({
        id: partner.id,
        policyCode: 'TIERS-1',
        policyName: 'Tiers',
        description: 'By the count of the month',
        policyType: 'time_based',
        timeUnitType: 'monthly',
        calculationType: 'tiered',
        minimumCredit: 500,
        maximumCredit: 2500,
        bonusPercentage: 5,
        minLeadQualityScore: 60.5,
        priority: 3,
        tierConfig: {
          tiers: [
            { tierLevel: 1, minLeads: 0, maxLeads: 100, creditAmount: 800, bonusPercent: 0 },
            { tierLevel: 2, minLeads: 101, creditAmount: 1200, bonusPercent: 2.5 },
          ],
        },
      });
      expect(created).toMatchObject({
        partnerId: partner.id,
        partnerName: partner.organizationName,
        policyCode: 'TIERS-1',
        description: 'By the count of the month',
        bonusPercentage: 5,
        minLeadQualityScore: 60.5,
        baseCredit: null,
        baseRate: null,
        startDate: null,
        endDate: null,
        tierConfig: {
          tiers: [
            { tierLevel: 1, minLeads: 0, maxLeads: 100, creditAmount: 800, bonusPercent: 0 },
            { tierLevel: 2, minLeads: 101, maxLeads: null, creditAmount: 1200, bonusPercent: 2.5 },
          ],
        },
        currency: 'EUR',
        revision: 1,
        effectiveRevision: null,
        approvalRequired: true,
        requiresApproval: true,
        isActive: false,
        approvedBy: null,
        totalLeadsUnderPolicy: 0,
        totalCreditsAllocated: 0,
        version: 1,
      });
      expect(await host.as('auditor').creditPolicies.get({ id: created.id })).toEqual(created);
      expect(await lastActivity()).toMatchObject({
        action: 'policy_created',
        resource: 'policy',
        resourceId: created.id,
        partnerId: partner.id,
      });
    });

    it('is in the currency of its partner, and for all partners in that of the organization', async () => {
      const swiss = await activePartner(host, { currency: 'CHF' });
      expect(await newPolicy(host, swiss.id)).toMatchObject({ currency: 'CHF' });
      const office = await host.otherTenant({ currency: 'JPY', timeZone: 'Asia/Tokyo' });
      expect(await newPolicy(office, null)).toMatchObject({
        currency: 'JPY',
        partnerId: null,
        partnerName: null,
      });
    });

    it('is refused with every field that is wrong', async () => {
      const refusal = await refusalOf(
        manager().create({
          id: partner.id,
          ...terms({
            baseRate: 10,
            startDate: '2026-07-01',
            endDate: '2026-06-01',
            minimumCredit: 200,
            maximumCredit: 100,
            minLeadQualityScore: 80.123,
          }),
        }),
      );
      expect(refusal.code).toBe('VALIDATION');
      const { fields } = refusal.data as { fields: { path: string }[] };
      expect(fields.map(({ path }) => path)).toEqual([
        'endDate',
        'baseRate',
        'maximumCredit',
        'minLeadQualityScore',
      ]);
    });

    it('names the position of a tier that leaves a gap', async () => {
      const tiers = [
        { tierLevel: 1, minLeads: 0, maxLeads: 10, creditAmount: 100 },
        { tierLevel: 2, minLeads: 12, creditAmount: 200 },
      ];
      const refusal = await refusalOf(
        newPolicy(host, partner.id, { calculationType: 'tiered', tierConfig: { tiers } }),
      );
      expect(refusal).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path: 'tierConfig.tiers.1.minLeads' }] },
      });
    });

    it("needs a code of its own in the organization, and another organization's doesn't count", async () => {
      const policyCode = unique('TAKEN');
      await newPolicy(host, partner.id, { policyCode });
      expect(await refusalOf(newPolicy(host, null, { policyCode }))).toMatchObject({
        code: 'DUPLICATE',
        data: { fields: [{ path: 'policyCode' }] },
      });
      const office = await host.otherTenant();
      expect(await newPolicy(office, null, { policyCode })).toMatchObject({ policyCode });
    });

    it('names only a source of its own partner', async () => {
      const other = await activePartner(host);
      const { items: own } = await host.as('auditor').sources.list({ id: partner.id });
      const { items: foreign } = await host.as('auditor').sources.list({ id: other.id });
      const sourceId = own[0]?.id;
      const made = await newPolicy(host, partner.id, { sourceId });
      expect(made).toMatchObject({ sourceId });
      for (const wrong of [foreign[0]?.id, '0190a000-0000-7000-8000-000000000000']) {
        for (const naming of [
          () => newPolicy(host, partner.id, { sourceId: wrong }),
          () => manager().update({ id: made.id, sourceId: wrong }),
        ]) {
          expect(await refusalOf(naming())).toMatchObject({
            code: 'NOT_FOUND',
            data: { fields: [{ path: 'sourceId' }] },
          });
        }
      }
      expect(await refusalOf(newPolicy(host, null, { sourceId }))).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path: 'sourceId' }] },
      });
    });

    it('is not found for a partner of another organization, and leaves nothing behind', async () => {
      const office = await host.otherTenant();
      const input = terms();
      expect(
        await refusalOf(office.as('policy_manager').creditPolicies.create({ id: partner.id, ...input })),
      ).toMatchObject({ code: 'NOT_FOUND' });
      const { items } = await office.as('auditor').creditPolicies.listAll({});
      expect(items).toEqual([]);
    });

    it('answers a repeat of the same command with the same policy, and refuses the id for another', async () => {
      const input = { id: partner.id, ...terms(), commandId: unique('command') };
      const first = await manager().create(input);
      expect(await manager().create(input)).toEqual(first);
      expect(await refusalOf(manager().create({ ...input, policyName: 'Another' }))).toMatchObject({
        code: 'CONFLICT',
      });
    });

    it('is for policy managers only', async () => {
      for (const role of ['approver', 'finance', 'partner_manager', 'lead_reviewer', 'auditor'] as const) {
        const call = host.as(role).creditPolicies.create({ id: partner.id, ...terms() });
        expect(await refusalOf(call)).toMatchObject({ code: 'FORBIDDEN' });
      }
    });
  });

  describe('the approval', () => {
    it('puts the revision in force', async () => {
      const policy = await newPolicy(host, partner.id);
      const approved = await approver().approve({ id: policy.id, version: policy.version });
      const me = (await host.session('approver')).userId;
      expect(approved).toMatchObject({
        isActive: true,
        approvalRequired: false,
        effectiveRevision: 1,
        approvedBy: me,
        version: policy.version + 1,
      });
      expect(await lastActivity()).toMatchObject({ action: 'policy_approved', resourceId: policy.id });
    });

    it('happens once', async () => {
      const policy = await policyInForce(host, partner.id);
      expect(await refusalOf(host.as('approver', 2).creditPolicies.approve({ id: policy.id }))).toEqual({
        code: 'INVALID_TRANSITION',
        message: 'This policy was already approved by approver 1 Tester.',
        data: {},
      });
    });

    it('is not for whoever made the policy, nor for whoever changed it since', async () => {
      const admin = () => host.as('admin').creditPolicies;
      const made = await admin().create({ id: partner.id, ...terms() });
      expect(await refusalOf(admin().approve({ id: made.id }))).toMatchObject({ code: 'SELF_APPROVAL' });

      const changed = await newPolicy(host, partner.id);
      await admin().update({ id: changed.id, baseCredit: 1100 });
      await manager().update({ id: changed.id, baseCredit: 1200 });
      // The third revision carries the administrator's second one, which nobody has approved.
      expect(await refusalOf(admin().approve({ id: changed.id }))).toMatchObject({ code: 'SELF_APPROVAL' });
      expect(await approver().approve({ id: changed.id })).toMatchObject({ effectiveRevision: 3 });
      expect(await admin().get({ id: changed.id })).toMatchObject({ approvalRequired: false });
    });

    it('may be by the maker where four eyes are switched off, and the trail says so', async () => {
      const office = await host.otherTenant();
      const admin = office.as('admin');
      await admin.settings.update({ fourEyes: false });
      const policy = await admin.creditPolicies.createForAll(terms());
      await admin.creditPolicies.approve({ id: policy.id });
      const { items } = await admin.creditPolicies.revisions({ id: policy.id });
      expect(items).toMatchObject([{ revision: 1, fourEyesWaived: true }]);
    });

    it('of two approvers at the same moment one wins and the other is told', async () => {
      const policy = await newPolicy(host, partner.id);
      const outcomes = await Promise.allSettled([
        host.as('approver', 1).creditPolicies.approve({ id: policy.id }),
        host.as('approver', 2).creditPolicies.approve({ id: policy.id }),
      ]);
      const refused = outcomes.filter((each) => each.status === 'rejected');
      expect(refused).toHaveLength(1);
      expect(refused[0]?.reason).toMatchObject({ code: 'INVALID_TRANSITION' });
    });

    it('of a version that is not the latest is a conflict that shows the latest', async () => {
      const policy = await newPolicy(host, partner.id);
      const changed = await manager().update({ id: policy.id, baseCredit: 1500 });
      const refusal = await refusalOf(approver().approve({ id: policy.id, version: policy.version }));
      expect(refusal).toMatchObject({ code: 'CONFLICT', data: { current: { baseCredit: 1500 } } });
      expect(refusal.data).toEqual({ current: changed });
    });
  });

  describe('a change', () => {
    it('of the terms makes a revision that waits, while the approved one stays in force', async () => {
      const policy = await policyInForce(host, partner.id);
      const changed = await manager().update({ id: policy.id, baseCredit: 1500, version: policy.version });
      expect(changed).toMatchObject({
        baseCredit: 1500,
        revision: 2,
        effectiveRevision: 1,
        approvalRequired: true,
        approvedBy: null,
        isActive: true,
      });
      const { items } = await host.as('auditor').creditPolicies.revisions({ id: policy.id });
      expect(items).toMatchObject([
        { revision: 2, terms: { baseCredit: 1500 }, approvedBy: null },
        { revision: 1, terms: { baseCredit: 1000 }, approvedBy: policy.approvedBy },
      ]);
      expect(await approver().approve({ id: policy.id })).toMatchObject({
        effectiveRevision: 2,
        approvalRequired: false,
      });
    });

    it('of the name alone needs no approval', async () => {
      const policy = await policyInForce(host, partner.id, { description: 'Old' });
      const renamed = await manager().update({ id: policy.id, policyName: 'New name', description: null });
      expect(renamed).toMatchObject({
        policyName: 'New name',
        description: null,
        revision: 1,
        approvalRequired: false,
        approvedBy: policy.approvedBy,
        version: policy.version + 1,
      });
    });

    it('that says what was there already makes no revision', async () => {
      const tiers = [{ tierLevel: 1, minLeads: 1, creditAmount: 700 }];
      const policy = await policyInForce(host, partner.id, {
        calculationType: 'tiered',
        tierConfig: { tiers },
      });
      expect(
        await manager().update({ id: policy.id, tierConfig: { tiers }, bonusPercentage: 0 }),
      ).toMatchObject({ revision: 1, approvalRequired: false });
    });

    it('to another calculation needs its own base, and nothing is written until it fits', async () => {
      const policy = await policyInForce(host, partner.id);
      const refusal = await refusalOf(manager().update({ id: policy.id, calculationType: 'percentage' }));
      expect(refusal).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path: 'baseCredit' }, { path: 'baseRate' }] },
      });
      expect(await manager().get({ id: policy.id })).toEqual(policy);
      expect(
        await manager().update({
          id: policy.id,
          calculationType: 'percentage',
          baseCredit: null,
          baseRate: 12.5,
        }),
      ).toMatchObject({ baseRate: 12.5, baseCredit: null, revision: 2 });
    });

    it('of a stale version is a conflict', async () => {
      const policy = await newPolicy(host, partner.id);
      await manager().update({ id: policy.id, policyName: 'Other' });
      const stale = manager().update({ id: policy.id, baseCredit: 1, version: policy.version });
      expect(await refusalOf(stale)).toMatchObject({
        code: 'CONFLICT',
        data: { current: { policyName: 'Other', version: 2 } },
      });
    });

    it('is not possible for a policy of another organization', async () => {
      const policy = await newPolicy(host, partner.id);
      const office = await host.otherTenant();
      const { creditPolicies } = office.as('admin');
      for (const call of [
        () => creditPolicies.get({ id: policy.id }),
        () => creditPolicies.update({ id: policy.id, baseCredit: 1 }),
        () => creditPolicies.approve({ id: policy.id }),
        () => creditPolicies.deactivate({ id: policy.id }),
        () => creditPolicies.revisions({ id: policy.id }),
        () => creditPolicies.list({ id: partner.id }),
      ]) {
        expect(await refusalOf(call())).toMatchObject({ code: 'NOT_FOUND' });
      }
      expect(await manager().get({ id: policy.id })).toEqual(policy);
    });
  });

  describe('a deactivated policy', () => {
    it('is out of force from today, for good', async () => {
      const policy = await policyInForce(host, partner.id);
      const gone = await manager().deactivate({ id: policy.id, reason: 'Season is over' });
      expect(gone).toMatchObject({ isActive: false, deactivatedFrom: '2026-06-15', approvalRequired: false });
      expect(await lastActivity()).toMatchObject({
        action: 'policy_deactivated',
        details: { reason: 'Season is over' },
      });
      for (const call of [
        () => manager().update({ id: policy.id, baseCredit: 1 }),
        () => approver().approve({ id: policy.id }),
        () => manager().deactivate({ id: policy.id }),
      ]) {
        expect(await refusalOf(call())).toMatchObject({ code: 'INVALID_TRANSITION' });
      }
    });

    it('that was never approved no longer waits for it', async () => {
      const policy = await newPolicy(host, partner.id);
      await manager().deactivate({ id: policy.id });
      expect(await refusalOf(approver().approve({ id: policy.id }))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: "A deactivated policy can't be approved.",
      });
      const { items } = await host
        .as('auditor')
        .creditPolicies.listAll({ approvalRequired: true, limit: 500 });
      expect(items.map(({ id }) => id)).not.toContain(policy.id);
    });
  });

  describe('the lists', () => {
    it('page by code, and count where asked', async () => {
      const office = await host.otherTenant();
      const mine = await activePartner(office);
      for (const policyCode of ['C', 'a', 'B', 'D', 'E'])
        await newPolicy(office, mine.id, { policyCode: `L-${policyCode}` });
      const { listAll } = office.as('auditor').creditPolicies;
      const codes: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await listAll({ limit: 2, total: true, ...(cursor !== undefined && { cursor }) });
        expect(page.total).toBe(5);
        codes.push(...page.items.map(({ policyCode }) => policyCode));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(codes).toEqual(['L-B', 'L-C', 'L-D', 'L-E', 'L-a']);
      for (const bad of ['nonsense', Buffer.from('[1]').toString('base64url')]) {
        expect(await refusalOf(listAll({ cursor: bad }))).toMatchObject({ code: 'VALIDATION' });
      }
    });

    it('show what is in force for a partner, the policies for all included', async () => {
      const office = await host.otherTenant();
      const mine = await activePartner(office);
      const other = await activePartner(office);
      const own = await policyInForce(office, mine.id);
      const waiting = await newPolicy(office, mine.id);
      const forAll = await policyInForce(office, null);
      await policyInForce(office, other.id);
      const gone = await policyInForce(office, mine.id);
      await office.as('policy_manager').creditPolicies.deactivate({ id: gone.id });

      const { creditPolicies } = office.as('auditor');
      const idsOf = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id).sort();
      const active = await creditPolicies.list({ id: mine.id, active: true });
      expect(idsOf(active)).toEqual([own.id, forAll.id].sort());
      const every = await creditPolicies.list({ id: mine.id });
      expect(idsOf(every)).toEqual([own.id, waiting.id, gone.id].sort());
      const inactive = await creditPolicies.list({ id: mine.id, active: false });
      expect(idsOf(inactive)).toEqual([waiting.id, gone.id].sort());
      const all = await creditPolicies.listAll({ approvalRequired: true });
      expect(idsOf(all)).toEqual([waiting.id]);
    });
  });
});
