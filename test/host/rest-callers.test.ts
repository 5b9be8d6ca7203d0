import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, openOffice, type RestOffice } from '#test/story/rest-office.ts';

/** What programs and people at a terminal really send: read where it can only mean one thing, refused in our words elsewhere. */
describe('callers of the REST face', () => {
  let office: RestOffice;
  let token: string;
  let admin: Caller;
  let partnerId: string;

  const raw = (
    method: string,
    path: string,
    init: { body?: string; headers?: Record<string, string> } = {},
  ) =>
    fetch(`${office.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...init.headers },
      ...(init.body !== undefined && { body: init.body }),
    });

  beforeAll(async () => {
    office = await openOffice('sqlite');
    const signedIn = await office.caller().post('/setup', {
      organizationName: 'Liberal Office',
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      admin: { email: 'ada@example.com', password: 'correct horse', firstName: 'Ada', lastName: 'Admin' },
    });
    token = signedIn.body.token;
    admin = office.caller(token);
    // Four eyes: another person approves the partner.
    await admin.post('/staff', {
      email: 'bea@example.com',
      password: 'correct horse',
      firstName: 'Bea',
      lastName: 'Boss',
      roles: ['approver'],
    });
    const boss = await office
      .caller()
      .post('/auth/login', { email: 'bea@example.com', password: 'correct horse' });
    const created = await admin.post('/partners', {
      partnerCode: 'LIB-1',
      organizationName: 'Liberal',
      partnerType: 'vendor',
      contactEmail: 'c@example.com',
    });
    partnerId = created.body.id;
    const approved = await office
      .caller(boss.body.token)
      .post(`/partners/${partnerId}/approve`, { override: true, reason: 'Known to us.' });
    if (approved.status !== 200) throw new Error(approved.text);
  });
  afterAll(() => office.close());

  it.each(['bearer', 'BEARER', 'Bearer '])('takes the token with the scheme “%s”', async (scheme) => {
    expect((await raw('GET', '/auth/me', { headers: { authorization: `${scheme} ${token}` } })).status).toBe(
      200,
    );
  });

  it.each([
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
    'APPLICATION/JSON',
    'application/merge-patch+json',
  ])('reads a JSON body that is called %s', async (type) => {
    const website = `https://example.com/${encodeURIComponent(type)}`;
    const answer = await raw('PATCH', `/partners/${partnerId}`, {
      body: JSON.stringify({ website }),
      headers: { 'content-type': type },
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ website });
  });

  it('takes no disguised JSON from a page of another site, which could send it without asking', async () => {
    const body = JSON.stringify({ email: 'ada@example.com', password: 'correct horse' });
    const signIn = (headers: Record<string, string>) => raw('POST', '/auth/login', { body, headers });
    const type = { 'content-type': 'text/plain' };
    expect((await signIn(type)).status).toBe(200);
    expect((await signIn({ ...type, origin: 'https://elsewhere.example' })).status).toBe(400);
  });

  it('reads empty query values as not given', async () => {
    const answer = await admin.get('/partners?status=&partnerType=&q=&cursor=&limit=&total=');
    expect(answer.status).toBe(200);
    expect(answer.body.items).toHaveLength(1);
    expect((await admin.get('/partners?status=&limit=0')).status).toBe(400);
  });

  it('takes every field that may be left out as null or as empty text too', async () => {
    const body = { organizationName: 'Empty', partnerType: 'portal', contactEmail: 'e@example.com' };
    const left = await admin.post('/partners', body);
    const optional = [
      'partnerCode',
      'currency',
      'contactName',
      'contactPhone',
      'website',
      'taxId',
      'address',
      'bankingDetails',
      'documentUrls',
      'commissionPercentage',
      'leadPrice',
      'monthlyQuota',
      'commandId',
    ];
    const nulls = await admin.post('/partners', {
      ...Object.fromEntries(optional.map((field) => [field, null])),
      ...body,
    });
    const texts = ['partnerCode', 'currency', 'contactName', 'contactPhone', 'website', 'taxId', 'commandId'];
    const empties = await admin.post('/partners', {
      ...Object.fromEntries(texts.map((field) => [field, ''])),
      ...body,
      bankingDetails: { iban: '', swift: null, currency: '', paymentMethod: '' },
    });
    const own = ['id', 'partnerCode', 'createdAt', 'updatedAt', 'bankingDetails'];
    const shown = Object.fromEntries(Object.entries(left.body).filter(([field]) => !own.includes(field)));
    for (const answer of [nulls, empties]) {
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject(shown);
    }
  });

  it('takes an empty amount for no amount only where it is not there at all', async () => {
    const nothing = '01890000-0000-7000-8000-000000000000';
    const pay = { paymentDate: '2026-06-15', referenceNumber: 'R' };
    expect((await admin.post(`/payouts/${nothing}/pay`, { ...pay, amount: null })).status).toBe(404);
    expect((await admin.post(`/payouts/${nothing}/pay`, { ...pay, amount: '' })).status).toBe(400);
  });

  it.each([null, ''])('does not overlook a change that empties what can’t be empty (%j)', async (value) => {
    const answer = await admin.patch(`/partners/${partnerId}`, { organizationName: value });
    expect(answer.status).toBe(400);
    expect(answer.body.fields).toMatchObject([{ path: 'organizationName' }]);
    expect((await admin.patch(`/partners/${partnerId}`, { version: null, commandId: null })).status).toBe(
      200,
    );
  });

  it('reads an instant, where a day is asked, as the day it is on in the organization’s zone', async () => {
    const submitted = await admin.post(`/partners/${partnerId}/leads`, {
      leadData: { email: 'deal@example.com', phone: '+4930123999' },
    });
    const lead = `/leads/${submitted.body.id}`;
    expect((await admin.post(`${lead}/approve`)).status).toBe(200);
    // Half past midnight of 15 June in Berlin.
    const converted = await admin.post(`${lead}/convert`, {
      dealValue: 100_000,
      conversionDate: '2026-06-14T22:30:00.000Z',
    });
    expect(converted.body).toMatchObject({ status: 'converted', conversionDate: '2026-06-15' });
    expect(
      (await admin.post(`${lead}/convert`, { dealValue: 1, conversionDate: 'soon' })).body,
    ).toMatchObject({
      code: 'VALIDATION',
      fields: [{ path: 'conversionDate', message: 'Use a day such as 2026-01-31.' }],
    });
  });

  it.each(['none', '11111111-1111-1111-1111-111111111111', '00000000-0000-0000-0000-000000000000', '%20'])(
    'finds nothing under the id “%s”',
    async (nothing) => {
      for (const answer of [
        await admin.get(`/partners/${nothing}`),
        await admin.patch(`/partners/${nothing}`, { city: 'Berlin' }),
        await admin.post(`/leads/${nothing}/approve`),
        await admin.get(`/partners/${partnerId}/sources/${nothing}/stats`),
      ]) {
        expect(answer.status).toBe(404);
        expect(answer.body.code).toBe('NOT_FOUND');
      }
    },
  );

  it('says what is wrong with a body in words, field by field', async () => {
    const answer = await admin.post('/partners', {
      partnerType: 'king',
      organizationName: '',
      leadPrice: 12.5,
      commissionPercentage: 'much',
      website: 'here',
      documentUrls: {},
    });
    expect(answer.body).toMatchObject({ code: 'VALIDATION' });
    const said = answer.body.fields as unknown as { path: string; message: string }[];
    expect(Object.fromEntries(said.map(({ path, message }) => [path, message]))).toEqual({
      partnerType: 'Use one of portal, channel_partner, vendor, customer.',
      organizationName: 'This must not be empty.',
      contactEmail: 'This is needed.',
      leadPrice: 'Use a whole number.',
      commissionPercentage: 'Use a number.',
      website: 'Use a web address such as https://example.com.',
      documentUrls: 'Use a list.',
    });
    const broken = await raw('POST', '/partners', { body: '{"a":' });
    expect(broken.status).toBe(400);
    expect(await broken.json()).toEqual({
      code: 'VALIDATION',
      message: "The body is not JSON, or it is broken: it can't be read.",
    });
  });

  it('simulates leads by id, as they were read, and by data that is scored first', async () => {
    const submitted = await admin.post(`/partners/${partnerId}/leads`, {
      leadData: { email: 'sim@example.com', phone: '+4930123777' },
    });
    const policy = {
      partnerId,
      policyType: 'time_based',
      calculationType: 'fixed_price',
      baseCredit: 1000,
      minLeadQualityScore: 80,
    };
    const known = {
      email: 'a@example.com',
      phone: '+4930123778',
      firstName: 'A',
      lastName: 'B',
      company: 'C',
    };
    const full = { jobTitle: 'D', industry: 'E', address: 'F', leadType: 'prospect', timelineDays: 0 };
    const answer = await admin.post('/credit-policies/simulate', {
      policy,
      leads: [
        submitted.body.id,
        submitted.body,
        { id: submitted.body.id },
        { leadData: known },
        { leadData: { ...known, ...full } },
        { qualityScore: 80 },
      ],
    });
    expect(answer.status).toBe(200);
    const items = answer.body.items as unknown as { leadId: string | null; amount: number }[];
    // A lead named three times is one lead; it scores 15, the first one thought of 40, the second 90.
    expect(items.map(({ leadId, amount }) => [leadId, amount])).toEqual([
      [submitted.body.id, 0],
      [null, 0],
      [null, 1000],
      [null, 1000],
    ]);
    const nothing = await admin.post('/credit-policies/simulate', { policy, leads: [{}] });
    expect(nothing.status).toBe(400);
    expect(nothing.body.fields).toMatchObject([{ path: 'leads.0.qualityScore' }]);
  });

  describe('policies', () => {
    const tiers = [{ tierLevel: 1, minLeads: 0, maxLeads: 100, creditAmount: 800, bonusPercent: 0 }];
    let made = 0;
    const create = (terms: object) =>
      admin.post(`/partners/${partnerId}/credit-policies`, {
        policyCode: `P-${++made}`,
        policyName: 'Any',
        policyType: 'time_based',
        ...terms,
      });

    it.each<[string, object, object]>([
      ['tiered', { tierConfig: { tiers } }, { baseCredit: null, baseRate: null }],
      ['percentage', { baseRate: 15 }, { baseCredit: null, baseRate: 15 }],
      ['revenue_share', { baseRate: 10 }, { baseCredit: null, baseRate: 10 }],
      ['fixed_price', { baseCredit: 1000 }, { baseCredit: 1000, baseRate: null }],
      ['conversion', { baseCredit: 1000 }, { baseCredit: 1000, baseRate: null }],
    ])('reads a base of 0 that a %s policy doesn’t know as none', async (calculationType, terms, shown) => {
      const answer = await create({ calculationType, baseCredit: 0, baseRate: 0, ...terms });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject(shown);
    });

    it('refuses a base that the calculation doesn’t know', async () => {
      const answer = await create({ calculationType: 'percentage', baseRate: 10, baseCredit: 500 });
      expect(answer.status).toBe(400);
      expect(answer.body.fields).toMatchObject([{ path: 'baseCredit' }]);
    });

    it('lets a time-based one that names no period pay by the month, and says so', async () => {
      const answer = await create({ calculationType: 'fixed_price', baseCredit: 99 });
      expect(answer.body).toMatchObject({ timeUnitType: 'monthly' });
    });
  });

  it('answers HEAD as GET, without the body', async () => {
    const answer = await raw('HEAD', '/partners');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.text()).toBe('');
    expect((await raw('HEAD', '/nothing')).status).toBe(404);
  });

  it.each(['//', '//partners', '/api//partners'])('knows nothing at %s, and says so', async (path) => {
    const answer = await fetch(new URL(office.url).origin + path);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'NOT_FOUND' });
  });

  describe('importing', () => {
    const file = 'Rufname;Kontaktweg;Fernsprecher\nLea;lea@example.com;+4930123456\n';
    const form = (fields: Record<string, string>): FormData => {
      const made = new FormData();
      for (const [name, value] of Object.entries(fields)) made.append(name, value);
      made.append('file', new Blob([file], { type: 'text/csv' }), 'leads.csv');
      return made;
    };
    const byColumn = { Rufname: 'firstName', Kontaktweg: 'email', Fernsprecher: 'phone' };
    const byField = { firstName: 'Rufname', email: 'Kontaktweg', phone: 'Fernsprecher' };
    const leads = async (): Promise<number> => (await admin.get('/leads?limit=1&total=true')).body.total;

    it.each([
      ['by column', byColumn],
      ['by field', byField],
    ])('takes a mapping %s, in the query or in the form', async (_how, mapping) => {
      const text = JSON.stringify(mapping);
      const path = `/partners/${partnerId}/leads/import`;
      const before = await leads();
      const query = `dryRun=true&mapping=${encodeURIComponent(text)}`;
      for (const answer of [
        await admin.send(`${path}?${query}`, file, 'text/csv'),
        await admin.send(`${path}?${query}`, form({})),
        await admin.send(path, form({ dryRun: 'true', mapping: text })),
      ]) {
        expect(answer.body).toMatchObject({ dryRun: true, accepted: 1, rejected: 0, mapping: byColumn });
      }
      expect(await leads()).toBe(before);
    });

    it('is described with what its form may say', async () => {
      const form = ['requestBody', 'content', 'multipart/form-data', 'schema', 'properties'];
      const path = ['paths', '/partners/{id}/leads/import', 'post', ...form];
      const description = await (await raw('GET', '/openapi.json')).json();
      expect(description).toHaveProperty([...path, 'dryRun'], { type: 'boolean' });
      expect(description).toHaveProperty([...path, 'mapping'], { type: 'string' });
    });

    it('writes nothing when the form says that it is a dry run, and the rows when it doesn’t', async () => {
      const mapping = JSON.stringify(byField);
      const before = await leads();
      const path = `/partners/${partnerId}/leads/import`;
      expect((await admin.send(path, form({ mapping, dryRun: 'perhaps' }))).status).toBe(400);
      expect((await admin.send(path, form({ mapping, dryRun: 'true' }))).body).toMatchObject({ accepted: 1 });
      expect(await leads()).toBe(before);
      expect((await admin.send(path, form({ mapping }))).body).toMatchObject({ accepted: 1, dryRun: false });
      expect(await leads()).toBe(before + 1);
    });
  });
});
