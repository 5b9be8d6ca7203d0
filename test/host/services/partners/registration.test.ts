import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partnerTypes, partnerTypeToSourceType } from '#domain/vocabulary.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { actionsOf, activitiesOf, anApplication, lastDetails, refused, register } from './setup.ts';

describe.each(engines)('registering and changing a partner on %s', (engine) => {
  let host: TestHost;
  let other: TestTenant;
  beforeAll(async () => {
    host = await testHost(engine);
    other = await host.otherTenant({ currency: 'USD' });
  });
  afterAll(() => host.close());

  describe('create', () => {
    it('makes a pending partner in the currency of the organization, with one activity', async () => {
      const manager = await host.session('partner_manager');
      const partner = await register(host, { organizationName: '  Erste   Adresse\u200b ', leadPrice: 5000 });
      expect(partner).toMatchObject({
        organizationName: 'Erste Adresse',
        partnerCode: 'ERSTE-ADRESSE',
        status: 'pending',
        currency: 'EUR',
        version: 1,
        leadPrice: 5000,
        commissionPercentage: null,
        monthlyQuota: 0,
        currentMonthLeads: 0,
        totalEarnings: 0,
        submittedBy: manager.userId,
        createdBy: manager.userId,
        approvedBy: null,
        fourEyesWaived: false,
      });
      expect(await host.as('auditor').partners.get({ id: partner.id })).toEqual(partner);
      const [activity, ...more] = await activitiesOf(host, partner.id);
      expect(more).toEqual([]);
      expect(activity).toMatchObject({
        action: 'registration_submitted',
        resource: 'partner',
        partner_id: partner.id,
        user_id: manager.userId,
      });
      expect(JSON.parse(activity!.details)).toMatchObject({
        after: { partnerCode: 'ERSTE-ADRESSE', leadPrice: 5000 },
      });
    });

    it.each(partnerTypes)(
      'makes the source that a %s comes with, in the same transaction',
      async (partnerType) => {
        const partner = await register(host, { partnerType, organizationName: `Source of ${partnerType}` });
        const { items } = await host.as('auditor').sources.list({ id: partner.id });
        expect(items).toHaveLength(1);
        expect(items[0]).toMatchObject({
          partnerId: partner.id,
          sourceType: partnerTypeToSourceType[partnerType],
          sourceName: partner.organizationName,
          isActive: true,
          isAutomatic: true,
        });
        expect(items[0]?.sourceCode.startsWith(`${partner.partnerCode}-`)).toBe(true);
      },
    );

    it.each([
      ['Müller & Söhne GmbH', 'MULLER-SOHNE-GMBH'],
      ["O'Neill’s Straße ÆØ Łódź", 'ONEILLS-STRASSE-AEO-LODZ'],
      ['Щука и Ёж', 'SHCHUKA-I-EZH'],
      ['Αθήνα Ψηφιακή', 'ATHINA-PSIFIAKI'],
      ['東京不動産', 'PARTNER'],
      [
        'A very long name that nobody would want to type again and again',
        'A-VERY-LONG-NAME-THAT-NOBODY-WOULD-WANT',
      ],
      ['x'.repeat(255), 'X'.repeat(40)],
    ])('makes a code from the name %s', async (organizationName, code) => {
      expect((await register(host, { organizationName })).partnerCode).toBe(code);
      expect((await register(host, { organizationName })).partnerCode).toBe(`${code}-2`);
      expect((await register(host, { organizationName })).partnerCode).toBe(`${code}-3`);
    });

    it('gives each of those registered at the same moment a code of its own', async () => {
      const organizationName = 'Gleichzeitig';
      const made = await Promise.all(
        [1, 2, 3, 4].map((person) =>
          host.as('partner_manager', person).partners.create(anApplication({ organizationName })),
        ),
      );
      expect(made.map((partner) => partner.partnerCode).toSorted()).toEqual([
        'GLEICHZEITIG',
        'GLEICHZEITIG-2',
        'GLEICHZEITIG-3',
        'GLEICHZEITIG-4',
      ]);
    });

    it('refuses a code that is taken, also by a deleted partner and at the same moment', async () => {
      const { id } = await register(host, { partnerCode: 'Taken.1' });
      const refusal = await refused(host, () => register(host, { partnerCode: 'Taken.1' }));
      expect(refusal).toMatchObject({ code: 'DUPLICATE', data: { fields: [{ path: 'partnerCode' }] } });
      await host.database.write(host, (tx) =>
        tx.run(sql`update partners set deleted_at = ${host.clock.now()} where id = ${id}`),
      );
      expect(await refused(host, () => register(host, { partnerCode: 'Taken.1' }))).toMatchObject({
        code: 'DUPLICATE',
      });
      expect((await register(host, { partnerCode: 'taken.1' })).partnerCode).toBe('taken.1');

      const both = await Promise.allSettled([
        host.as('partner_manager', 1).partners.create(anApplication({ partnerCode: 'RACE' })),
        host.as('partner_manager', 2).partners.create(anApplication({ partnerCode: 'RACE' })),
      ]);
      expect(both.map((each) => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(both.find((each) => each.status === 'rejected')?.reason).toMatchObject({ code: 'DUPLICATE' });
    });

    it('lets another organization have the same code', async () => {
      await register(host, { partnerCode: 'SHARED' });
      expect(await register(other, { partnerCode: 'SHARED', bankingDetails: null })).toMatchObject({
        partnerCode: 'SHARED',
        currency: 'USD',
      });
    });

    it.each<[string, object, string]>([
      ['a code with a space', { partnerCode: 'A B' }, 'partnerCode'],
      ['no name', { organizationName: ' ' }, 'organizationName'],
      ['a name of nothing visible', { organizationName: '\u200b\u200b' }, 'organizationName'],
      ['a control character', { contactName: 'Kim\u0007Berg' }, 'contactName'],
      ['an unknown type', { partnerType: 'friend' }, 'partnerType'],
      ['no e-mail', { contactEmail: 'kim' }, 'contactEmail'],
      ['a currency that does not exist', { currency: 'XYZ' }, 'currency'],
      ['a script as website', { website: 'javascript:alert(1)' }, 'website'],
      ['a percentage above 100', { commissionPercentage: 100.5 }, 'commissionPercentage'],
      ['a percentage of five decimals', { commissionPercentage: 1.23456 }, 'commissionPercentage'],
      ['a negative price', { leadPrice: -1 }, 'leadPrice'],
      ['a fractional price', { leadPrice: 12.5 }, 'leadPrice'],
      ['a negative quota', { monthlyQuota: -1 }, 'monthlyQuota'],
      ['text where a number belongs', { leadPrice: '50' }, 'leadPrice'],
      ['a wrong IBAN', { bankingDetails: { iban: 'DE89370400440532013001' } }, 'bankingDetails.iban'],
      ['a masked IBAN', { bankingDetails: { iban: '•••• 3000' } }, 'bankingDetails.iban'],
      ['a wrong BIC', { bankingDetails: { swift: 'NOPE' } }, 'bankingDetails.swift'],
      [
        'a wrong routing number',
        { bankingDetails: { routingNumber: '123456789' } },
        'bankingDetails.routingNumber',
      ],
    ])('refuses %s', async (_what, patch, path) => {
      const refusal = await refused(host, () =>
        host.as('partner_manager').partners.create({ ...anApplication(), ...patch }),
      );
      expect(refusal).toMatchObject({ code: 'VALIDATION', data: { fields: [{ path }] } });
    });

    it('gives the first answer again to the same command id, and registers nobody', async () => {
      const manager = host.as('partner_manager');
      const commandId = uuidv7();
      const first = await manager.partners.create(anApplication({ organizationName: 'Zweimal', commandId }));
      const again = await manager.partners.create(anApplication({ organizationName: 'Zweimal', commandId }));
      expect(again).toEqual(first);
      expect(await actionsOf(host, first.id)).toEqual(['registration_submitted']);
      expect(
        await refused(host, () =>
          manager.partners.create(anApplication({ organizationName: 'Anders', commandId })),
        ),
      ).toMatchObject({ code: 'CONFLICT' });
    });
  });

  describe('update', () => {
    it('changes what is given, empties what is null, and leaves the rest', async () => {
      const before = await register(host, {
        contactPhone: '+49 40 123',
        website: 'https://hafen.example',
        monthlyQuota: 10,
        documentUrls: ['https://hafen.example/a.pdf'],
      });
      host.clock.advance(5);
      const after = await host.as('partner_manager', 2).partners.update({
        id: before.id,
        version: 1,
        organizationName: 'Hafen & Partner',
        contactPhone: null,
        commissionPercentage: 12.3456,
        leadPrice: 2500,
        documentUrls: [],
        currency: 'EUR',
      });
      expect(after).toEqual({
        ...before,
        version: 2,
        updatedAt: after.updatedAt,
        organizationName: 'Hafen & Partner',
        contactPhone: null,
        commissionPercentage: 12.3456,
        leadPrice: 2500,
        documentUrls: [],
      });
      expect(after.updatedAt > before.updatedAt).toBe(true);
      expect(await lastDetails(host, before.id)).toEqual({
        before: {
          organizationName: before.organizationName,
          contactPhone: '+49 40 123',
          commissionPercentage: null,
          leadPrice: null,
          documentUrls: ['https://hafen.example/a.pdf'],
        },
        after: {
          organizationName: 'Hafen & Partner',
          contactPhone: null,
          commissionPercentage: 12.3456,
          leadPrice: 2500,
          documentUrls: [],
        },
      });
      const { items } = await host.as('auditor').partners.list({ q: 'hafen & partner' });
      expect(items.map((item) => item.id)).toEqual([before.id]);
    });

    it('is found by its name, code and e-mail whatever else was changed', async () => {
      const { id } = await register(host, {
        organizationName: 'Unverwechselbar',
        contactEmail: 'one@only.example',
      });
      const manager = host.as('partner_manager').partners;
      const found = async (q: string) => (await manager.list({ q })).items.map((item) => item.id);
      await manager.update({ id, city: 'Kiel' });
      for (const q of ['UNVERWECHSELBAR', 'one@only', 'lbar unv']) expect(await found(q)).toEqual([id]);
      await manager.update({ id, contactEmail: 'Two@Only.example' });
      expect(await found('one@only')).toEqual([]);
      for (const q of ['verwechsel', 'two@ONLY']) expect(await found(q)).toEqual([id]);
    });

    it('tells of a stale version, with the partner as it stands', async () => {
      const { id } = await register(host);
      const manager = host.as('partner_manager');
      const current = await manager.partners.update({ id, version: 1, city: 'Hamburg' });
      const refusal = await refused(host, () => manager.partners.update({ id, version: 1, city: 'Bremen' }));
      expect(refusal).toMatchObject({ code: 'CONFLICT', data: { current } });
    });

    it('lets one of two who edit the same version at once win', async () => {
      const { id } = await register(host);
      const both = await Promise.allSettled(
        [1, 2].map((person) =>
          host.as('partner_manager', person).partners.update({ id, version: 1, city: `City ${person}` }),
        ),
      );
      expect(both.map((each) => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(both.find((each) => each.status === 'rejected')?.reason).toMatchObject({ code: 'CONFLICT' });
      expect(await host.as('auditor').partners.get({ id })).toMatchObject({ version: 2 });
    });

    it('refuses another currency', async () => {
      const { id } = await register(host);
      const refusal = await refused(host, () =>
        host.as('partner_manager').partners.update({ id, currency: 'USD' }),
      );
      expect(refusal).toMatchObject({
        code: 'CURRENCY_MISMATCH',
        message: "The currency of this partner is EUR and can't change.",
      });
    });

    it.each<[string, object]>([
      ['an empty name', { organizationName: '' }],
      ['no e-mail', { contactEmail: null }],
      ['a price below zero', { leadPrice: -5 }],
      ['a wrong IBAN', { bankingDetails: { iban: 'DE00' } }],
    ])('refuses %s', async (_what, patch) => {
      const { id } = await register(host);
      expect(
        await refused(host, () => host.as('partner_manager').partners.update({ id, ...patch })),
      ).toMatchObject({ code: 'VALIDATION' });
    });

    it('finds neither an unknown partner nor that of another organization', async () => {
      const foreign = await register(other, { bankingDetails: null });
      for (const id of [uuidv7(), foreign.id, 'not-an-id']) {
        expect(
          await refused(host, () => host.as('partner_manager').partners.update({ id, city: 'X' })),
        ).toMatchObject({ code: 'NOT_FOUND' });
      }
    });
  });
});
