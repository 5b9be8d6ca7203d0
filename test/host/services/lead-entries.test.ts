import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { activePartner, approvedLead, convertedLead } from './credit-stories.ts';
import { submitted } from './lead-stories.ts';
import { plansOf, scanOrSort } from './partners/plans.ts';
import { actionsOf, refused } from './partners/setup.ts';

describe.each(engines)('entries of leads on %s', (engine) => {
  let host: TestHost;
  let partnerId: string;
  beforeAll(async () => {
    host = await testHost(engine);
    partnerId = (await activePartner(host)).id;
  });
  afterAll(() => host.close());
  const entries = () => host.as('auditor').leadEntries;

  it('are made by an approval with what the lead says, and follow its conversion, withdrawal and next conversion', async () => {
    const lead = await submitted(host, partnerId, undefined, { estimatedValue: 5000 });
    expect((await entries().list({ partnerId })).items).toEqual([]);
    const approved = await host.as('lead_reviewer').leads.approve({ id: lead.id });
    const entry = await entries().get({ id: approved.leadId! });
    expect(entry).toMatchObject({
      source: 'partner_referral',
      partnerLeadId: lead.id,
      partnerId,
      contactName: `${lead.leadData.firstName} ${lead.leadData.lastName}`,
      email: lead.leadData.email,
      phone: lead.leadData.phone,
      status: 'open',
      estimatedValue: 5000,
      dealValue: null,
      currency: 'EUR',
    });
    const statusNow = async () => (await entries().get({ id: entry.id })).status;
    await convertedLead(host, approved, 7000);
    expect(await entries().get({ id: entry.id })).toMatchObject({
      status: 'converted',
      dealValue: 7000,
      convertedOn: '2026-06-15',
    });
    const { leads: reviewer } = host.as('lead_reviewer');
    await reviewer.withdrawConversion({ id: lead.id, reason: 'No deal' });
    expect(await statusNow()).toBe('lost');
    await convertedLead(host, approved, 8000);
    expect(await statusNow()).toBe('converted');
    await reviewer.withdrawConversion({ id: lead.id, reason: 'No deal', entryStatus: 'open' });
    expect(await statusNow()).toBe('open');
  });

  it('that sales had already are linked, once, and follow in the same way', async () => {
    const { id } = await host.as('lead_reviewer').leadEntries.create({
      leadData: {
        firstName: 'Known',
        lastName: 'Already',
        email: 'known@example.com',
        phone: '+49 30 1111111',
      },
    });
    const [lead, other] = [await submitted(host, partnerId), await submitted(host, partnerId)];
    const { leads: reviewer } = host.as('lead_reviewer');
    await reviewer.approve({ id: lead.id, actualLeadId: id });
    const again = await refusalOf(reviewer.approve({ id: other.id, actualLeadId: id }));
    expect(again.code).toBe('CONFLICT');
    const foreign = await host.otherTenant();
    const theirs = await approvedLead(foreign, (await activePartner(foreign)).id);
    const refusal = await refusalOf(reviewer.approve({ id: other.id, actualLeadId: theirs.leadId! }));
    expect(refusal.code).toBe('NOT_FOUND');
    await reviewer.convert({ id: lead.id, dealValue: 100, conversionDate: '2026-06-15' });
    expect(await entries().get({ id })).toMatchObject({
      contactName: 'Known Already',
      partnerLeadId: lead.id,
      partnerId,
      status: 'converted',
    });
    await reviewer.withdrawConversion({ id: lead.id, reason: 'No deal' });
    expect((await entries().get({ id })).status).toBe('lost');
  });

  it('are entered by reviewers for what sales has already, in the currency named, with an activity, once for a command id', async () => {
    const { leadEntries } = host.as('lead_reviewer');
    const leadData = {
      company: 'Acme',
      email: 'Buyer@ACME.example',
      phone: '030 2222222',
      country: 'Germany',
    };
    const input = { leadData, estimatedValue: 9000, currency: 'USD', commandId: 'enter acme' };
    const entry = await leadEntries.create(input);
    expect(entry).toMatchObject({
      source: 'partner_referral',
      partnerLeadId: null,
      partnerId: null,
      contactName: 'Acme',
      company: 'Acme',
      email: 'Buyer@acme.example',
      phone: '+49302222222',
      status: 'open',
      estimatedValue: 9000,
      dealValue: null,
      currency: 'USD',
      version: 1,
    });
    expect(await leadEntries.create(input)).toEqual(entry);
    expect(await entries().get({ id: entry.id })).toEqual(entry);
    expect((await entries().list({})).items.filter(({ company }) => company === 'Acme')).toHaveLength(1);
    expect(await actionsOf(host, entry.id)).toEqual(['lead_entry_created']);
    const wrong = await refused(host, () => leadEntries.create({ leadData: { email: 'nobody' } }));
    expect(wrong).toMatchObject({
      code: 'VALIDATION',
      data: { fields: [{ path: 'leadData.email' }, { path: 'leadData.phone' }] },
    });
    const money = await refused(host, () => leadEntries.create({ leadData, currency: 'ZZZ' }));
    expect(money).toMatchObject({ code: 'VALIDATION', data: { fields: [{ path: 'currency' }] } });
    const { leadEntries: managers } = host.as('partner_manager');
    expect((await refused(host, () => managers.create({ leadData }))).code).toBe('FORBIDDEN');
    // The partner is paid in euros.
    const lead = await submitted(host, partnerId);
    const { leads: reviewer } = host.as('lead_reviewer');
    expect((await refused(host, () => reviewer.approve({ id: lead.id, actualLeadId: entry.id }))).code).toBe(
      'VALIDATION',
    );
  });

  it('are listed page by page, newest first, by partner and status, with their count', async () => {
    const other = (await activePartner(host)).id;
    for (let n = 0; n < 5; n += 1) {
      const lead = await approvedLead(host, other);
      if (n % 2 === 0) await convertedLead(host, lead, 100);
    }
    const all = (await entries().list({ partnerId: other, total: true })).items;
    expect(all).toHaveLength(5);
    expect(all).toEqual(all.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1)));
    const paged = [];
    let cursor: string | undefined;
    do {
      const page = await entries().list({ partnerId: other, limit: 2, cursor });
      paged.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(paged).toEqual(all);
    const converted = await entries().list({ partnerId: other, status: 'converted', total: true });
    expect([converted.items.length, converted.total]).toEqual([3, 3]);
    expect((await refusalOf(entries().list({ cursor: 'x' }))).code).toBe('VALIDATION');
  });

  it('are read along an index in its order', async () => {
    const fresh = await testHost(engine);
    const { leadEntries } = fresh.as('auditor');
    const plans = await plansOf(fresh, /from leads|"leads"|leads /, async () => {
      for (const filters of [{}, { partnerId }, { status: 'open' as const }]) {
        await leadEntries.list(filters);
      }
    });
    expect(plans).toHaveLength(3);
    for (const plan of plans) {
      expect(plan).toMatch(/ix_leads_(created|partner|status)/);
      expect(plan).not.toMatch(scanOrSort);
    }
    await fresh.close();
  });
});
