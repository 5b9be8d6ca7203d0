import { afterAll, beforeAll, expect, it } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { activePartner, leadData, policyInForce, submittedLead } from './credit-stories.ts';

forEachEngine((engine) => {
  let host: TestHost;

  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const previews = () => host.as('partner_manager').leads;

  it('tells the score, the double and the policies of a lead that is none yet, as its submission then has them', async () => {
    const partner = await activePartner(host);
    await policyInForce(host, partner.id, { baseCredit: 1000 });
    const earlier = await submittedLead(host, partner.id, 100);
    const data = { ...leadData[85](), email: earlier.leadData.email };
    const preview = await previews().preview({ id: partner.id, leadData: data });
    expect(preview).toMatchObject({ qualityScore: 85, duplicateOf: earlier.id });
    expect(preview.policies).toMatchObject([{ event: 'approval', applies: true, amount: 1000 }]);

    const submitted = await previews().submit({ id: partner.id, leadData: data });
    expect(submitted).toMatchObject({ qualityScore: 85, duplicateOf: earlier.id });
    const { items } = await host.as('auditor').leads.applicablePolicies({ id: submitted.id });
    expect(items).toEqual(preview.policies);
  });

  it('writes nothing, a campaign that nobody knows included', async () => {
    const partner = await activePartner(host);
    const before = await host.as('auditor').activities.verify({});
    await previews().preview({ id: partner.id, campaignId: 'PREVIEWED', leadData: leadData[70]() });
    const { items, total } = await host.as('auditor').leads.list({ partnerId: partner.id, total: true });
    expect([items, total]).toEqual([[], 0]);
    expect((await host.as('auditor').campaigns.list({ q: 'PREVIEWED' })).items).toEqual([]);
    expect(await host.as('auditor').activities.verify({})).toEqual(before);
  });

  it('refuses what the submission would refuse', async () => {
    const partner = await activePartner(host, { monthlyQuota: 1 });
    const bad = { email: 'nowhere', phone: '12' };
    expect(await refusalOf(previews().preview({ id: partner.id, leadData: bad }))).toMatchObject({
      code: 'VALIDATION',
      data: { fields: [{ path: 'leadData.email' }, { path: 'leadData.phone' }] },
    });
    await submittedLead(host, partner.id);
    const full = previews().preview({ id: partner.id, leadData: leadData[70]() });
    expect(await refusalOf(full)).toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await host.as('approver').partners.suspend({ id: partner.id, reason: 'Under examination' });
    const suspended = previews().preview({ id: partner.id, leadData: leadData[70]() });
    expect(await refusalOf(suspended)).toMatchObject({ code: 'PARTNER_NOT_ACTIVE' });
  });
});
