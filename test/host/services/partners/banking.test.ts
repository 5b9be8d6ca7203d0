import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PartnerRow, partners } from '#host/database/index.ts';
import { engines } from '#test/support/databases.ts';
import { type Client, type TestHost, testHost } from '#test/support/host.ts';
import {
  actionsOf,
  activitiesOf,
  bankingDetails,
  iban,
  lastDetails,
  otherIban,
  refused,
  register,
} from './setup.ts';

const account = '000887766789';

describe.each(engines)('bank details on %s', (engine) => {
  let host: TestHost;
  let manager: Client['partners'];
  let approver: Client['partners'];
  beforeAll(async () => {
    host = await testHost(engine);
    manager = host.as('partner_manager').partners;
    approver = host.as('approver').partners;
  });
  afterAll(() => host.close());

  async function stored(id: string): Promise<PartnerRow> {
    const row = await host.database.read(host, (reader) => reader.find(partners, { id }));
    if (row === undefined) throw new Error('There is no such partner.');
    return row;
  }

  /** Every text of every column of every table, where a number must never stand. */
  async function everyText(): Promise<string> {
    return host.database.read('system', async (reader) => {
      const texts: unknown[] = [];
      for (const table of ['partners', 'partner_activities', 'commands'] as const) {
        const statement = {
          partners: sql`select * from partners`,
          partner_activities: sql`select * from partner_activities`,
          commands: sql`select * from commands`,
        }[table];
        texts.push(await reader.all(statement));
      }
      return JSON.stringify(texts);
    });
  }

  it('are masked wherever a partner is shown, and stored as ciphertext only', async () => {
    const commandId = uuidv7();
    const created = await register(host, {
      bankingDetails: { ...bankingDetails, accountNumber: account },
      commandId,
    });
    const masked = {
      ...bankingDetails,
      accountNumber: '•••• 6789',
      accountType: null,
      routingNumber: null,
      iban: '•••• 3000',
      paypalEmail: null,
      isVerified: false,
      verifiedAt: null,
    };
    expect(created.bankingDetails).toEqual(masked);
    const { id } = created;
    expect((await approver.get({ id })).bankingDetails).toEqual(masked);
    expect((await approver.getByCode({ partnerCode: created.partnerCode })).bankingDetails).toEqual(masked);
    const { items } = await approver.list({ q: created.partnerCode });
    expect(items.map((item) => item.bankingDetails)).toEqual([masked]);
    const changed = await manager.update({
      id,
      bankingDetails: { iban: otherIban },
      commandId: uuidv7(),
    });
    expect(changed.bankingDetails?.iban).toBe('•••• 6199');
    await approver.approve({ id, commandId: uuidv7() });
    await approver.verifyBanking({ id, commandId: uuidv7() });
    await approver.revealBanking({ id });

    const everything = await everyText();
    for (const number of [iban, otherIban, account, '370400440532', '512108001245', '887766789']) {
      expect(everything).not.toContain(number);
    }
    const { bankingSecret } = await stored(id);
    expect(bankingSecret).toMatch(/^v2\.[0-9a-f]{12}(\.[\w+/=]+){3}$/);
    expect(Buffer.from(bankingSecret!.split('.')[4]!, 'base64').toString('latin1')).not.toContain('DE75');
    expect(
      JSON.parse(host.context.vault.open(bankingSecret!, `banking:${host.tenantId}:${id}`)),
    ).toMatchObject({
      iban: otherIban,
      accountNumber: account,
    });
  });

  it('cannot be opened once they were pasted into another partner', async () => {
    const [rich, poor] = [
      await register(host),
      await register(host, { bankingDetails: { iban: otherIban } }),
    ];
    const { bankingSecret } = await stored(rich.id);
    await host.database.write(host, (tx) =>
      tx.run(sql`update partners set banking_secret = ${bankingSecret} where id = ${poor.id}`),
    );
    expect(await refused(host, () => approver.revealBanking({ id: poor.id }))).toMatchObject({
      code: 'INTERNAL_SERVER_ERROR',
    });
  });

  describe('revealing', () => {
    it('shows them in full and leaves an activity that does not', async () => {
      const { id } = await register(host);
      const { userId } = await host.session('finance');
      expect(await host.as('finance').partners.revealBanking({ id })).toEqual({
        ...bankingDetails,
        accountNumber: null,
        accountType: null,
        routingNumber: null,
        paypalEmail: null,
        isVerified: false,
        verifiedAt: null,
      });
      const last = (await activitiesOf(host, id)).at(-1);
      expect(last).toMatchObject({ action: 'banking_revealed', user_id: userId, details: '{}' });
    });

    it('finds nothing where there are none', async () => {
      const { id } = await register(host, { bankingDetails: null });
      expect(await refused(host, () => approver.revealBanking({ id }))).toMatchObject({
        code: 'NOT_FOUND',
        message: 'This partner has no bank details.',
      });
    });
  });

  describe('changing', () => {
    async function verified(): Promise<string> {
      const { id } = await register(host, { bankingDetails: { ...bankingDetails, accountNumber: account } });
      await approver.verifyBanking({ id });
      return id;
    }
    const revealed = (id: string) => approver.revealBanking({ id });

    it('replaces the fields given and keeps the others; the verification is gone', async () => {
      const id = await verified();
      const { userId } = await host.session('partner_manager', 2);
      const after = await host.as('partner_manager', 2).partners.update({
        id,
        bankingDetails: { iban: ' de75 5121 0800 1245 1261 99 ', bankName: 'SEB', swift: null },
      });
      expect(after.bankingDetails).toMatchObject({ isVerified: false, verifiedAt: null, swift: null });
      expect(await revealed(id)).toMatchObject({
        ...bankingDetails,
        accountNumber: account,
        iban: otherIban,
        bankName: 'SEB',
        swift: null,
      });
      expect(await stored(id)).toMatchObject({
        bankingIsVerified: false,
        bankingVerifiedBy: null,
        bankingVerifiedAt: null,
        bankingChangedBy: userId,
      });
    });

    it('tells in the activity what changed, masked, even where the masks are alike', async () => {
      const { id } = await register(host);
      // The same last four digits.
      await manager.update({ id, bankingDetails: { accountNumber: '1111111111' } });
      await manager.update({ id, bankingDetails: { accountNumber: '2222221111' } });
      expect(await lastDetails(host, id)).toMatchObject({
        before: { bankingDetails: { accountNumber: '•••• 1111', iban: '•••• 3000' } },
        after: { bankingDetails: { accountNumber: '•••• 1111', iban: '•••• 3000' } },
        bankingChanged: ['accountNumber'],
      });
    });

    it('is known again by its command id by what is shown of a number: of the rest not even a hash is kept', async () => {
      const { id } = await register(host);
      const commandId = `account of ${id}`;
      const change = (accountNumber: string) =>
        manager.update({ id, commandId, bankingDetails: { accountNumber } });
      const first = await change('1111111111');
      expect(await change('2222221111')).toEqual(first);
      expect((await revealed(id)).accountNumber).toBe('1111111111');
    });

    it('keeps the real numbers, and the verification, when the masked ones come back', async () => {
      const id = await verified();
      const shown = (await manager.get({ id })).bankingDetails!;
      const { isVerified: _, verifiedAt, ...details } = shown;
      const same = await manager.update({ id, city: 'Kiel', bankingDetails: details });
      expect(same.bankingDetails).toEqual({ ...shown, isVerified: true, verifiedAt });
      expect(await revealed(id)).toMatchObject({ ...bankingDetails, accountNumber: account });
      expect(await manager.update({ id, bankingDetails: {} })).toMatchObject({ bankingDetails: shown });
      // Typing in full what is stored already is no change either.
      expect(await manager.update({ id, bankingDetails: { iban } })).toMatchObject({ bankingDetails: shown });

      const renamed = await manager.update({ id, bankingDetails: { ...details, bankName: 'Renamed Bank' } });
      expect(renamed.bankingDetails).toMatchObject({ isVerified: false, bankName: 'Renamed Bank' });
      expect(await revealed(id)).toMatchObject({ iban, accountNumber: account, bankName: 'Renamed Bank' });
    });

    it('refuses a masked number that is not the one shown', async () => {
      const id = await verified();
      for (const patch of [{ iban: '•••• 9999' }, { accountNumber: '•••• 3000' }]) {
        expect(await refused(host, () => manager.update({ id, bankingDetails: patch }))).toMatchObject({
          code: 'VALIDATION',
          data: { fields: [{ path: `bankingDetails.${Object.keys(patch)[0]}` }] },
        });
      }
    });

    it('clears all of them with null', async () => {
      const id = await verified();
      expect((await manager.update({ id, bankingDetails: null })).bankingDetails).toBeNull();
      expect(await stored(id)).toMatchObject({
        bankingDetails: null,
        bankingSecret: null,
        bankingIsVerified: false,
        bankingVerifiedBy: null,
      });
      expect(await refused(host, () => approver.verifyBanking({ id }))).toMatchObject({ code: 'VALIDATION' });
    });
  });

  describe('verifying', () => {
    it('notes when, and leaves an activity', async () => {
      const { id } = await register(host);
      const { userId } = await host.session('approver');
      const notBefore = host.clock.now();
      const verified = await approver.verifyBanking({ id, version: 1, reason: 'Called the bank.' });
      expect(verified).toMatchObject({ version: 2, status: 'pending', bankingDetails: { isVerified: true } });
      expect(verified.bankingDetails!.verifiedAt! >= notBefore).toBe(true);
      expect(await stored(id)).toMatchObject({ bankingVerifiedBy: userId, fourEyesWaived: false });
      expect(await lastDetails(host, id)).toEqual({
        before: { isVerified: false },
        after: { isVerified: true },
        reason: 'Called the bank.',
      });
    });

    it('is not for who last changed them', async () => {
      const admin = host.as('admin').partners;
      const { id } = await register(host);
      await admin.update({ id, bankingDetails: { iban: otherIban } });
      expect(await refused(host, () => admin.verifyBanking({ id }))).toMatchObject({ code: 'SELF_APPROVAL' });
      // Who changed something else only may.
      const other = await register(host);
      await admin.update({ id: other.id, city: 'Kiel' });
      expect((await admin.verifyBanking({ id: other.id })).bankingDetails).toMatchObject({
        isVerified: true,
      });
      expect((await approver.verifyBanking({ id })).bankingDetails).toMatchObject({ isVerified: true });
    });

    it.each<[string, object | null, string]>([
      ['none', null, 'bankingDetails'],
      ['no account', { accountHolder: 'Kim Berg' }, 'bankingDetails.iban'],
      ['no account of PayPal', { paymentMethod: 'paypal' }, 'bankingDetails.accountNumber'],
    ])('is refused where there is %s', async (_what, details, path) => {
      const { id } = await register(host, { bankingDetails: details });
      expect(await refused(host, () => approver.verifyBanking({ id }))).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path }] },
      });
    });

    it('happens once: of two at the same moment the second is told', async () => {
      const { id } = await register(host);
      await Promise.all([host.session('approver', 1), host.session('approver', 2)]);
      const both = await Promise.allSettled(
        [1, 2].map((person) => host.as('approver', person).partners.verifyBanking({ id })),
      );
      expect(both.map((each) => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(both.find((each) => each.status === 'rejected')?.reason).toMatchObject({
        code: 'CONFLICT',
        message: expect.stringMatching(
          /^These bank details were already verified by approver [12] Tester\.$/,
        ),
      });
      expect(await actionsOf(host, id)).toEqual(['registration_submitted', 'banking_verified']);
    });

    it('tells of a stale version', async () => {
      const { id } = await register(host);
      await manager.update({ id, bankingDetails: { iban: otherIban } });
      expect(await refused(host, () => approver.verifyBanking({ id, version: 1 }))).toMatchObject({
        code: 'CONFLICT',
        data: { current: { version: 2 } },
      });
    });

    it('by who changed them is marked where the organization waived four eyes, until they change again', async () => {
      const office = await host.otherTenant();
      const boss = office.as('admin');
      await boss.settings.update({ fourEyes: false });
      const { id } = await register({ ...office, as: () => boss });
      expect(await boss.partners.verifyBanking({ id })).toMatchObject({
        bankingDetails: { isVerified: true },
        fourEyesWaived: true,
      });
      expect(await lastDetails(host, id)).toMatchObject({ fourEyesWaived: true });
      // Approved by another person, the mark stays: the bank details are still the boss's own word.
      await office.as('approver').partners.approve({ id });
      expect((await boss.partners.get({ id })).fourEyesWaived).toBe(true);

      // That of an approval stays, too, when somebody else verifies what the bank details are by then.
      const approved = await register({ ...office, as: () => boss });
      await boss.partners.approve({ id: approved.id });
      expect(await office.as('approver').partners.verifyBanking({ id: approved.id })).toMatchObject({
        bankingDetails: { isVerified: true },
        fourEyesWaived: true,
      });
      // And that of bank details stays when the partner is rejected and put up again.
      const again = await register({ ...office, as: () => boss });
      await boss.partners.verifyBanking({ id: again.id });
      await office.as('approver').partners.reject({ id: again.id, reason: 'No.' });
      expect((await boss.partners.reapply({ id: again.id })).fourEyesWaived).toBe(true);

      const unapproved = await register({ ...office, as: () => boss });
      await boss.partners.verifyBanking({ id: unapproved.id });
      const changed = await boss.partners.update({ id: unapproved.id, bankingDetails: { iban: otherIban } });
      expect(changed.fourEyesWaived).toBe(false);
    });
  });
});
