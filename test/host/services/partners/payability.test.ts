import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type Client, type TestHost, testHost } from '#test/support/host.ts';
import { pendingPayout } from '../payout-stories.ts';
import { otherIban, refused, register, registerActive } from './setup.ts';

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

  it('is told to the partner’s own people, of nobody else', async () => {
    const [own, foreign] = [await register(host), await register(host)];
    const viewer = host.asPartner(own.id, 'viewer').partners;
    expect((await viewer.payability({ id: own.id })).payable).toBe(false);
    expect((await refused(host, () => viewer.payability({ id: foreign.id }))).code).toBe('NOT_FOUND');
  });
});
