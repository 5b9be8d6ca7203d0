import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import {
  activePartner,
  approvedLead,
  leadData,
  newPolicy,
  policyInForce,
  scopesNamed,
  submittedLead,
  unique,
} from './credit-stories.ts';
import { plansOf } from './partners/plans.ts';

forEachEngine((engine) => {
  let host: TestHost;

  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  describe.each(['projects', 'campaigns'] as const)('%s', (kind) => {
    const noun = kind === 'projects' ? 'project' : 'campaign';
    const manager = () => host.as('policy_manager')[kind];

    it('are added, found, changed and taken out of use, each with an activity', async () => {
      const office = await host.otherTenant();
      const own = office.as('partner_manager')[kind];
      const made = await own.create({
        code: 'Q1-OFFICE',
        name: ' Office leasing ',
        startDate: '2026-01-01',
        endDate: '2026-03-31',
      });
      expect(made).toMatchObject({
        code: 'Q1-OFFICE',
        name: 'Office leasing',
        description: null,
        startDate: '2026-01-01',
        endDate: '2026-03-31',
        isActive: true,
        version: 1,
      });
      await own.create({ code: 'A-FIRST', name: 'First of all' });
      expect(await own.get({ id: made.id })).toEqual(made);
      const changed = await own.update({ id: made.id, name: 'Leasing', endDate: null, version: 1 });
      expect(changed).toMatchObject({ name: 'Leasing', endDate: null, startDate: '2026-01-01', version: 2 });
      const gone = await own.deactivate({ id: made.id, reason: 'Sold' });
      expect(gone).toMatchObject({ isActive: false });
      const codes = async (filter: { active?: boolean; q?: string }) =>
        (await own.list({ ...filter, total: true })).items.map(({ code }) => code);
      expect(await codes({})).toEqual(['A-FIRST', 'Q1-OFFICE']);
      expect(await codes({ active: true })).toEqual(['A-FIRST']);
      expect(await codes({ q: 'leas' })).toEqual(['Q1-OFFICE']);
      for (const wildcard of ['%', '_', '\\']) expect(await codes({ q: wildcard })).toEqual([]);
      const first = await own.list({ limit: 1, total: true });
      expect(first).toMatchObject({ items: [{ code: 'A-FIRST' }], total: 2 });
      const second = await own.list({ limit: 1, cursor: first.nextCursor! });
      expect(second).toMatchObject({ items: [{ code: 'Q1-OFFICE' }], nextCursor: null });
      const { items } = await office.as('auditor').activities.list({ resource: noun, resourceId: made.id });
      expect(items.map(({ action }) => action)).toEqual([
        `${noun}_deactivated`,
        `${noun}_updated`,
        `${noun}_created`,
      ]);
    });

    it('have a code of their own, which stays reserved', async () => {
      const code = unique('CODE');
      const made = await manager().create({ code, name: 'One' });
      await manager().deactivate({ id: made.id });
      expect(await refusalOf(manager().create({ code, name: 'Two' }))).toMatchObject({
        code: 'DUPLICATE',
        data: { fields: [{ path: 'code' }] },
      });
      // Another organization's codes are its own.
      const office = await host.otherTenant();
      await office.as('policy_manager')[kind].create({ code, name: 'Theirs' });
    });

    it('refuse what is not right', async () => {
      const made = await manager().create({ code: unique('CODE'), name: 'One', startDate: '2026-05-01' });
      expect(await refusalOf(manager().update({ id: made.id, endDate: '2026-04-30' }))).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path: 'endDate' }] },
      });
      expect(await refusalOf(manager().create({ code: 'not a code', name: 'One' }))).toMatchObject({
        code: 'VALIDATION',
      });
      await manager().update({ id: made.id, name: 'Other' });
      expect(await refusalOf(manager().update({ id: made.id, name: 'Third', version: 1 }))).toMatchObject({
        code: 'CONFLICT',
        data: { current: { name: 'Other', version: 2 } },
      });
      await manager().deactivate({ id: made.id });
      expect(await refusalOf(manager().deactivate({ id: made.id }))).toMatchObject({ code: 'CONFLICT' });
      expect(await refusalOf(host.as('lead_reviewer')[kind].create({ code: 'X', name: 'X' }))).toMatchObject({
        code: 'FORBIDDEN',
      });
    });

    it('are seen by the users of a partner, who name them', async () => {
      const partner = await activePartner(host);
      const user = host.asPartner(partner.id, 'lead_manager');
      const made = await manager().create({ code: unique('CODE'), name: 'Seen' });
      expect(await user[kind].get({ id: made.id })).toMatchObject({ code: made.code, createdBy: null });
      expect(await refusalOf(user[kind].update({ id: made.id, name: 'Mine' }))).toMatchObject({
        code: 'FORBIDDEN',
      });
    });
  });

  describe('a lead', () => {
    it('names a project and a campaign by code or id, and shows the code', async () => {
      const partner = await activePartner(host);
      const project = await host
        .as('policy_manager')
        .projects.create({ code: unique('TOWER'), name: 'Tower' });
      const campaign = await host
        .as('policy_manager')
        .campaigns.create({ code: unique('SUMMER'), name: 'Summer' });
      const lead = await submittedLead(host, partner.id, 70, {
        projectId: project.id,
        campaignId: campaign.code,
      });
      expect(lead).toMatchObject({ projectId: project.code, campaignId: campaign.code });
      const policy = await policyInForce(host, partner.id, {
        policyType: 'project_based',
        timeUnitType: null,
        projectId: project.id,
      });
      expect(policy).toMatchObject({ projectId: project.code });
      expect(await approvedLead(host, partner.id, 70, { projectId: project.code })).toMatchObject({
        creditAmount: 1000,
      });
    });

    it('makes a record of a code nobody knows, once, for staff to name better', async () => {
      const partner = await activePartner(host);
      await (await host.otherTenant()).as('policy_manager').projects.create({ code: 'THEIRS', name: 'X' });
      const fresh = unique('FRESH');
      for (const projectId of [fresh, 'THEIRS']) {
        await newPolicy(host, partner.id, { policyType: 'project_based', timeUnitType: null, projectId });
        const two = await Promise.all([
          submittedLead(host, partner.id, 70, { projectId }),
          submittedLead(host, partner.id, 70, { projectId }),
        ]);
        expect(two).toMatchObject([{ projectId }, { projectId }]);
        const { items } = await host.as('policy_manager').projects.list({ q: projectId });
        expect(items).toMatchObject([{ code: projectId, name: projectId, isActive: true }]);
      }
      const { items } = await host.as('auditor').activities.list({ action: 'policy_created', limit: 2 });
      expect(items.map(({ details }) => details['added'])).toEqual([
        ['project THEIRS'],
        [`project ${fresh}`],
      ]);
    });

    it('is refused to a partner’s people with one the office does not have', async () => {
      const partner = await activePartner(host);
      const agent = host.asPartner(partner.id, 'lead_manager');
      for (const campaignId of ['NOWHERE', '0190a000-0000-7000-8000-00000000000a']) {
        const submitting = agent.leads.submit({ id: partner.id, campaignId, leadData: leadData[70]() });
        expect(await refusalOf(submitting)).toMatchObject({
          code: 'NOT_FOUND',
          message: `There is no campaign ${campaignId}. Name another one, or ask the office to add it.`,
          data: { fields: [{ path: 'campaignId' }] },
        });
      }
    });

    it('is refused with one that is out of use', async () => {
      const partner = await activePartner(host);
      const gone = await host.as('policy_manager').campaigns.create({ code: unique('GONE'), name: 'Gone' });
      const lead = await submittedLead(host, partner.id, 70, { campaignId: gone.code });
      const policy = await policyInForce(host, partner.id, {
        policyType: 'campaign_based',
        timeUnitType: null,
        campaignId: gone.code,
      });
      await host.as('policy_manager').campaigns.deactivate({ id: gone.id });
      expect(await refusalOf(submittedLead(host, partner.id, 70, { campaignId: gone.code }))).toMatchObject({
        code: 'VALIDATION',
        message: `The campaign ${gone.code} is out of use. Name another one.`,
      });
      // What names it already keeps it, and can still be corrected, approved and paid for.
      const { leads } = host.as('lead_reviewer');
      expect(await leads.update({ id: lead.id, estimatedValue: 500 })).toMatchObject({
        campaignId: gone.code,
      });
      expect(await leads.approve({ id: lead.id })).toMatchObject({ creditAmount: 1000 });
      const { creditPolicies } = host.as('policy_manager');
      expect(await creditPolicies.update({ id: policy.id, baseCredit: 5 })).toMatchObject({
        campaignId: gone.code,
      });
      const other = await submittedLead(host, partner.id);
      expect(await refusalOf(leads.update({ id: other.id, campaignId: gone.code }))).toMatchObject({
        code: 'VALIDATION',
      });
    });

    it('looks its codes up once', async () => {
      const own = await testHost(engine);
      try {
        const partner = await activePartner(own);
        const submitting = () =>
          submittedLead(own, partner.id, 70, { projectId: 'NEW', campaignId: 'NEWER' });
        expect(await plansOf(own, /from (projects|campaigns)/, submitting)).toHaveLength(2);
      } finally {
        await own.close();
      }
    });

    it('of a file is refused by its row where the code is out of use, the others come in', async () => {
      const partner = await activePartner(host);
      await scopesNamed(host, { projects: ['FILED', 'LOST'] });
      const { projects, uploads, imports } = host.as('partner_manager');
      const { items: lost } = await projects.list({ q: 'LOST' });
      await projects.deactivate({ id: lost[0]!.id });
      const rows = [
        'Email,Phone,Project',
        'p1@example.com,+49 30 7700001,FILED',
        'p2@example.com,+49 30 7700002,LOST',
      ];
      const { uploadId } = await uploads.begin({ fileName: 'leads.csv', size: 1000 });
      await uploads.append({ uploadId, offset: 0, data: Buffer.from(rows.join('\n')).toString('base64') });
      for await (const event of await imports.run({ partnerId: partner.id, uploadId })) {
        if (event.type !== 'result') continue;
        expect(event.result).toMatchObject({ accepted: 1, rejected: 1 });
      }
      const { items } = await host.as('auditor').leads.list({ partnerId: partner.id });
      expect(items).toMatchObject([{ projectId: 'FILED' }]);
    });
  });
});
