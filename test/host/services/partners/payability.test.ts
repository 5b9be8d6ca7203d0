import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type Client, type TestHost, testHost } from '#test/support/host.ts';
import { pendingPayout } from '../payout-stories.ts';
import { bankingDetails, otherIban, refused, register, registerActive } from './setup.ts';

describe.each(engines)('what keeps a partner from being paid on %s', (engine) => {
  let host: TestHost;
  let manager: Client['partners'];
  let approver: Client['partners'];
  beforeAll(async () => {
    host = await testHost(engine);
    manager = host.as('partner_manager').partners;
    approver = host.as('approver').partners;
  });
  afterAll(() => host.close());

  const codes = async (id: string) => {
    const { payable, reasons } = await host.as('finance').partners.payability({ id });
    return { payable, codes: reasons.map(({ code }) => code) };
  };

  it('goes away reason by reason as the partner is brought in order', async () => {
    const { id } = await register(host, { bankingDetails: null, taxId: null });
    expect(await codes(id)).toEqual({
      payable: false,
      codes: ['not_active', 'bank_details_missing', 'bank_details_unverified', 'tax_id_missing'],
    });
    await manager.update({ id, bankingDetails: { accountHolder: 'Kim Berg', iban: otherIban } });
    await approver.approve({ id, override: true, reason: 'The number follows.' });
    expect(await codes(id)).toEqual({ payable: false, codes: ['bank_details_unverified', 'tax_id_missing'] });
    await approver.verifyBanking({ id });
    // Who approved the partner without one has said why: it is told, and stops nothing.
    expect(await codes(id)).toEqual({ payable: true, codes: ['tax_id_missing'] });
    await manager.update({ id, taxId: 'DE123456789' });
    expect(await codes(id)).toEqual({ payable: true, codes: [] });
    await approver.suspend({ id, reason: 'Complaints.' });
    expect(await codes(id)).toEqual({ payable: false, codes: ['suspended'] });
    await approver.reactivate({ id });
    await manager.update({ id, bankingDetails: { bankName: 'Another bank' } });
    expect(await codes(id)).toEqual({ payable: false, codes: ['bank_details_unverified'] });
  });

  it('is said in the words the payment is refused with', async () => {
    const { partner, payout } = await pendingPayout(host, [5000]);
    await host.as('approver', 2).payouts.approve({ id: payout.id });
    await manager.update({ id: partner.id, bankingDetails: { bankName: 'Another bank' } });
    const pay = () =>
      host.as('finance').payouts.pay({ id: payout.id, paymentDate: '2026-06-15', referenceNumber: 'X' });
    const sentence = async () =>
      (await host.as('finance').partners.payability({ id: partner.id })).reasons[0]?.sentence;
    expect((await refused(host, pay)).message).toBe(await sentence());
    await approver.suspend({ id: partner.id, reason: 'Complaints.' });
    expect((await refused(host, pay)).message).toBe(await sentence());
  });

  it('is a balance below the minimum payout of the organization, or of the partner itself', async () => {
    const office = await host.otherTenant();
    const { id, currency } = await registerActive(office);
    await office.as('approver').partners.verifyBanking({ id });
    const finance = office.as('finance').partners;
    expect(await finance.payability({ id })).toEqual({ payable: true, reasons: [] });
    await office.as('admin').settings.update({ minimumPayouts: { [currency]: 2500, USD: 1 } });
    expect(await finance.payability({ id })).toEqual({
      payable: false,
      reasons: [
        {
          code: 'below_minimum_payout',
          sentence: 'The balance of Hafen Immobilien, 0.00 EUR, is below the minimum payout of 25.00 EUR.',
          stops: 'generation',
        },
      ],
    });
  });

  it('is what the list of partners is filtered by, in every standing, currency and minimum', async () => {
    const office = await host.otherTenant();
    const [ours, theirs] = [office.as('partner_manager').partners, office.as('approver').partners];
    const payable = async () => {
      const [yes, no] = await Promise.all(
        [true, false].map((each) => ours.list({ payable: each, limit: 500, total: true })),
      );
      expect([yes?.total, no?.total]).toEqual([yes?.items.length, no?.items.length]);
      return { yes: yes?.items.map(({ id }) => id), no: no?.items.map(({ id }) => id) };
    };
    const told = async () => {
      const { items } = await ours.list({ limit: 500 });
      const answers = new Map<string, boolean>();
      for (const { id } of items) answers.set(id, (await ours.payability({ id })).payable);
      const ids = (wanted: boolean) => items.map(({ id }) => id).filter((id) => answers.get(id) === wanted);
      return { yes: ids(true), no: ids(false) };
    };
    for (const currency of ['EUR', 'USD', 'JPY']) {
      const details = { currency, bankingDetails: { ...bankingDetails, currency } };
      await register(office, details);
      await registerActive(office, details);
      for (const balance of [-100, 0, 2499, 2500, 5_000_000_000]) {
        const { id } = await registerActive(office, details);
        await theirs.verifyBanking({ id });
        await host.database.write({ tenantId: office.tenantId }, (tx) =>
          tx.run(sql`update partners set available_balance = ${balance} where id = ${id}`),
        );
        if (balance === 0) await office.as('finance').balances.setTerms({ id, minimumPayout: 0 });
        if (balance === 2500) await office.as('finance').balances.setTerms({ id, minimumPayout: 2501 });
      }
      const { id } = await registerActive(office, details);
      await theirs.verifyBanking({ id });
      await theirs.suspend({ id, reason: 'Complaints.' });
      await ours.update({ id: (await registerActive(office, details)).id, bankingDetails: null });
    }
    const free = await payable();
    expect(free).toEqual(await told());
    await office.as('admin').settings.update({ minimumPayouts: { EUR: 2500, JPY: 4_000_000_000, KWD: 1 } });
    const held = await payable();
    expect(held).toEqual(await told());
    expect(held.yes?.length).toBeLessThan(free.yes?.length ?? 0);
    expect(held.yes?.length).toBeGreaterThan(0);
  });

  it('is told to the partner’s own people, of nobody else', async () => {
    const [own, foreign] = [await register(host), await register(host)];
    const viewer = host.asPartner(own.id, 'viewer').partners;
    expect((await viewer.payability({ id: own.id })).payable).toBe(false);
    expect((await refused(host, () => viewer.payability({ id: foreign.id }))).code).toBe('NOT_FOUND');
  });
});
