import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canTransition, type PartnerStatus, partnerActions, partnerMachine } from '#domain/state-machines.ts';
import { engines } from '#test/support/databases.ts';
import { type Client, type TestHost, testHost } from '#test/support/host.ts';
import { actionsOf, lastDetails, refused, register, registerActive } from './setup.ts';

describe.each(engines)('deciding about a partner on %s', (engine) => {
  let host: TestHost;
  let approver: Client['partners'];
  let manager: Client['partners'];
  beforeAll(async () => {
    host = await testHost(engine);
    approver = host.as('approver').partners;
    manager = host.as('partner_manager').partners;
  });
  afterAll(() => host.close());

  it('takes a partner through every state, each step with who, when and why', async () => {
    const { id } = await register(host);
    const { userId } = await host.session('approver');
    const rejected = await approver.reject({ id, version: 1, reason: 'No trade licence.' });
    expect(rejected).toMatchObject({
      status: 'rejected',
      rejectionReason: 'No trade licence.',
      statusReason: 'No trade licence.',
      approvedBy: null,
      version: 2,
    });
    const pending = await manager.reapply({ id, reason: 'Licence is there.' });
    expect(pending).toMatchObject({
      status: 'pending',
      rejectionReason: null,
      statusReason: 'Licence is there.',
    });
    const approvedNotBefore = host.clock.now();
    const active = await approver.approve({ id });
    expect(active).toMatchObject({
      status: 'active',
      approvedBy: userId,
      statusReason: null,
      fourEyesWaived: false,
    });
    expect(active.approvedAt! >= approvedNotBefore).toBe(true);
    expect(await approver.suspend({ id, reason: 'Complaint.' })).toMatchObject({
      status: 'suspended',
      statusReason: 'Complaint.',
      approvedBy: userId,
    });
    expect(await approver.reactivate({ id })).toMatchObject({ status: 'active', statusReason: null });
    expect((await approver.suspend({ id, reason: 'Again.' })).status).toBe('suspended');
    expect((await approver.deactivate({ id, reason: 'Contract ended.' })).status).toBe('inactive');
    expect((await approver.reactivate({ id, reason: 'New contract.' })).statusReason).toBe('New contract.');
    expect((await approver.deactivate({ id, reason: 'Closed.' })).status).toBe('inactive');
    expect(await actionsOf(host, id)).toEqual([
      'registration_submitted',
      'partner_rejected',
      'partner_reapplied',
      'partner_approved',
      'partner_suspended',
      'partner_reactivated',
      'partner_suspended',
      'partner_deactivated',
      'partner_reactivated',
      'partner_deactivated',
    ]);
    expect(await lastDetails(host, id)).toEqual({
      before: { status: 'active' },
      after: { status: 'inactive' },
      reason: 'Closed.',
    });
  });

  it('refuses every step that the table of states has not', async () => {
    const into: Record<PartnerStatus, (id: string) => Promise<unknown>> = {
      pending: async () => {},
      active: (id) => approver.approve({ id }),
      rejected: (id) => approver.reject({ id, reason: 'No.' }),
      suspended: async (id) => {
        await approver.approve({ id });
        await approver.suspend({ id, reason: 'No.' });
      },
      inactive: async (id) => {
        await approver.approve({ id });
        await approver.deactivate({ id, reason: 'No.' });
      },
    };
    const admin = host.as('admin').partners;
    let tried = 0;
    for (const status of partnerMachine.statuses) {
      const { id } = await register(host);
      await into[status](id);
      for (const action of partnerActions.filter((each) => !canTransition(partnerMachine, status, each))) {
        const refusal = await refused(host, () => admin[action]({ id, reason: 'Because.' }));
        expect(refusal, `${action} while ${status}`).toMatchObject({ code: 'INVALID_TRANSITION' });
        tried += 1;
      }
    }
    expect(tried).toBe(
      partnerMachine.statuses.length * partnerActions.length - partnerMachine.transitions.length,
    );
  });

  it.each(['reject', 'suspend', 'deactivate'] as const)('does not %s without a reason', async (action) => {
    const { id } = await register(host);
    const act = approver[action] as (input: object) => Promise<unknown>;
    for (const reason of [undefined, '', '   ']) {
      expect(await refused(host, () => act({ id, reason }))).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path: 'reason' }] },
      });
    }
  });

  describe('completeness', () => {
    it.each<[string, object, string[]]>([
      ['the tax id', { taxId: null }, ['taxId']],
      ['all bank details', { bankingDetails: null }, ['bankingDetails']],
      ['the account', { bankingDetails: { accountHolder: 'Kim Berg' } }, ['bankingDetails.iban']],
      ['everything', { taxId: null, bankingDetails: null }, ['taxId', 'bankingDetails']],
    ])('does not approve a partner without %s', async (_what, patch, paths) => {
      const { id } = await register(host, patch);
      for (const body of [{}, { override: false, reason: 'Never mind.' }]) {
        expect(await refused(host, () => approver.approve({ id, ...body }))).toMatchObject({
          code: 'VALIDATION',
          data: { fields: paths.map((path) => ({ path })) },
        });
      }
    });

    it('asks of the contact what the requirements name, the e-mail address, and no name', async () => {
      const { id } = await register(host, { contactName: null, contactPhone: null });
      expect((await approver.approve({ id })).status).toBe('active');
    });

    it('approves an incomplete one on an override with a reason, and says so', async () => {
      const { id } = await register(host, { taxId: null, bankingDetails: null });
      expect(await refused(host, () => approver.approve({ id, override: true }))).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path: 'reason' }] },
      });
      const active = await approver.approve({ id, override: true, reason: 'Papers follow by post.' });
      expect(active).toMatchObject({ status: 'active', statusReason: 'Papers follow by post.' });
      expect(await lastDetails(host, id)).toEqual({
        before: { status: 'pending' },
        after: { status: 'active' },
        reason: 'Papers follow by post.',
        override: true,
        missing: ['taxId', 'bankingDetails'],
      });
    });

    it('takes the reason for the override, where a program knows no other field', async () => {
      const { id } = await register(host, { taxId: null });
      expect((await approver.approve({ id, reason: 'The number follows.' })).status).toBe('active');
      expect(await lastDetails(host, id)).toMatchObject({ override: true, missing: ['taxId'] });
    });

    it('takes details that name no method for a bank transfer', async () => {
      const { id } = await register(host, {
        bankingDetails: { accountHolder: 'Kim Berg', iban: 'DE89 3704 0044 0532 0130 00' },
      });
      expect((await approver.approve({ id })).status).toBe('active');
    });
  });

  describe('four eyes', () => {
    it('does not let who created a partner approve it', async () => {
      const admin = host.as('admin');
      const { id } = await register({ ...host, as: () => admin });
      const refusal = await refused(host, () => admin.partners.approve({ id }));
      expect(refusal.code).toBe('SELF_APPROVAL');
      expect((await host.as('admin', 2).partners.approve({ id })).fourEyesWaived).toBe(false);
    });

    it('does not let who edited it approve it, even when others edited after', async () => {
      const { id } = await register(host);
      const admin = host.as('admin').partners;
      await admin.update({ id, city: 'Hamburg' });
      expect(await refused(host, () => admin.approve({ id }))).toMatchObject({ code: 'SELF_APPROVAL' });
      await host.as('partner_manager', 2).partners.update({ id, city: 'Bremen' });
      expect(await refused(host, () => admin.approve({ id }))).toMatchObject({ code: 'SELF_APPROVAL' });
      expect((await approver.approve({ id })).status).toBe('active');
    });

    it('does not let who put it up again approve it, and lets who rejected it', async () => {
      const { id } = await register(host);
      await approver.reject({ id, reason: 'No.' });
      const admin = host.as('admin').partners;
      await admin.reapply({ id });
      expect(await refused(host, () => admin.approve({ id }))).toMatchObject({ code: 'SELF_APPROVAL' });
      expect((await approver.approve({ id })).status).toBe('active');
    });

    it('is waived in an organization that switched it off, and the activity says so', async () => {
      const office = await host.otherTenant();
      const boss = office.as('admin');
      await boss.settings.update({ fourEyes: false });
      const { id } = await register({ ...office, as: () => boss });
      expect(await boss.partners.approve({ id })).toMatchObject({ status: 'active', fourEyesWaived: true });
      expect(await lastDetails(host, id)).toEqual({
        before: { status: 'pending' },
        after: { status: 'active' },
        fourEyesWaived: true,
      });
      // Two people who happen to do it in turn waive nothing.
      const second = await register({ ...office, as: () => boss });
      expect(await office.as('approver').partners.approve({ id: second.id })).toMatchObject({
        fourEyesWaived: false,
      });
    });
  });

  describe('at the same moment', () => {
    /** What two approvers get who approve the same partner at once. */
    async function approveTwice(input: { id: string; version?: number }) {
      await Promise.all([host.session('approver', 1), host.session('approver', 2)]);
      const both = await Promise.allSettled(
        [1, 2].map((person) => host.as('approver', person).partners.approve(input)),
      );
      expect(await actionsOf(host, input.id)).toEqual(['registration_submitted', 'partner_approved']);
      return {
        won: both.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])),
        lost: both.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : [])),
      };
    }

    it('lets one of two approvers win and tells the other who it was', async () => {
      const { id } = await register(host);
      const { won, lost } = await approveTwice({ id });
      expect(won).toHaveLength(1);
      expect(lost).toMatchObject([
        {
          code: 'INVALID_TRANSITION',
          message: expect.stringMatching(
            /^This partner was already approved by approver [12] Tester\.$/,
          ) as unknown,
        },
      ]);
    });

    it('shows the second of two who saw the same version what the first made of it', async () => {
      const { id, version } = await register(host);
      const { won, lost } = await approveTwice({ id, version });
      expect(won).toHaveLength(1);
      expect(lost).toMatchObject([{ code: 'CONFLICT', data: { current: won[0] } }]);
    });

    it('lets one of an approval and a rejection win', async () => {
      const { id } = await register(host);
      const both = await Promise.allSettled([
        host.as('approver', 1).partners.approve({ id }),
        host.as('approver', 2).partners.reject({ id, reason: 'No.' }),
      ]);
      expect(both.map((each) => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(both.find((each) => each.status === 'rejected')?.reason).toMatchObject({
        code: 'INVALID_TRANSITION',
      });
      expect(await actionsOf(host, id)).toHaveLength(2);
    });
  });

  it('answers a repeated command with its first result, also after the partner moved on', async () => {
    const { id } = await register(host);
    const commandId = uuidv7();
    const first = await approver.approve({ id, commandId });
    await approver.suspend({ id, reason: 'Complaint.' });
    expect(await approver.approve({ id, commandId })).toEqual(first);
    expect((await approver.get({ id })).status).toBe('suspended');
    expect(await actionsOf(host, id)).toEqual([
      'registration_submitted',
      'partner_approved',
      'partner_suspended',
    ]);
  });

  it('tells of a stale version before it judges', async () => {
    const { id } = await registerActive(host);
    const current = await approver.get({ id });
    expect(await refused(host, () => approver.suspend({ id, version: 1, reason: 'Late.' }))).toMatchObject({
      code: 'CONFLICT',
      data: { current },
    });
  });
});
