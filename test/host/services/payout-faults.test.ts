import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { activePartner } from './credit-stories.ts';
import { approvedCredits, june, ledgerDifferences } from './payout-stories.ts';

describe.each(engines)('generating for all partners on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  it('lets one whose payout can’t be made take no other with it', async () => {
    const office = await host.otherTenant();
    const partners = [];
    for (let n = 0; n < 4; n += 1) {
      const partner = await activePartner(office);
      await approvedCredits(office, partner.id, [10]);
      partners.push(partner);
    }
    const [, second] = partners.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    // What the run would keep for the second is taken by something else.
    const commandId = 'month-end';
    await office.as('partner_manager').partners.update({
      id: second!.id,
      city: 'Kiel',
      commandId: `${commandId}:partner:${second!.id}`,
    });
    const { payouts, skipped } = await office.as('finance').payouts.generate({ ...june, commandId });
    expect(payouts.map(({ partnerId }) => partnerId).sort()).toEqual(
      partners
        .map(({ id }) => id)
        .filter((id) => id !== second!.id)
        .toSorted(),
    );
    expect(payouts.map(({ payoutNumber }) => payoutNumber).sort()).toEqual(
      [1, 2, 3].map((n) => `PO-2026-00000${n}`),
    );
    expect(skipped).toEqual([
      {
        partnerId: second!.id,
        partnerName: second!.organizationName,
        reason: 'This command id was already used for something else. Use a new one.',
      },
    ]);
    expect(await office.as('auditor').activities.verify()).toMatchObject({ ok: true });
    expect(await ledgerDifferences(office)).toEqual([]);
  });

  it.runIf(engine === 'sqlite')(
    'tells a fault of ours as one, and ends where it is everybody’s',
    async () => {
      const office = await host.otherTenant();
      const partners = [];
      for (let n = 0; n < 4; n += 1) {
        const partner = await activePartner(office);
        await approvedCredits(office, partner.id, [10]);
        partners.push(partner.id);
      }
      const broken = (which: string) =>
        host.database.dataSource.query(`create trigger broken before insert on partner_payouts
          when NEW.tenant_id = '${office.tenantId}' and ${which} begin select raise(abort, 'broken'); end`);
      await broken(`NEW.partner_id = '${partners[2]}'`);
      const run = await office.as('finance').payouts.generate(june);
      expect(run.payouts).toHaveLength(3);
      expect(run.skipped).toMatchObject([
        { partnerId: partners[2], reason: expect.stringMatching(/^Something went wrong on our side/) },
      ]);
      await host.database.dataSource.query('drop trigger broken');
      expect((await office.as('finance').payouts.generate(june)).payouts).toHaveLength(1);
      for (const id of partners) await approvedCredits(office, id, [10]);
      await broken('1 = 1');
      expect((await refusalOf(office.as('finance').payouts.generate(june))).code).toBe(
        'INTERNAL_SERVER_ERROR',
      );
      await host.database.dataSource.query('drop trigger broken');
      expect((await office.as('finance').payouts.generate(june)).payouts).toHaveLength(4);
    },
  );
});
