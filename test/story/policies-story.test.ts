import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { type Answer, type Body, type Caller, openOffice, type RestOffice } from './rest-office.ts';

/**
 * The work of whoever makes policies, as another program would do it: over HTTP, with the paths and bodies of the REST face. It is
 * 15 June 2026, amounts are cents.
 */

const password = 'correct horse battery';
const staff = {
  manager: ['partner_manager'],
  reviewer: ['lead_reviewer'],
  policies: ['policy_manager'],
  approver: ['approver'],
  auditor: ['auditor'],
} as const;

function ok({ status, body, text }: Answer): Body {
  if (status !== 200) throw new Error(`Answered with ${status}: ${text}`);
  return body;
}

const leadOf = (n: number, rest: object = {}) => ({
  ...rest,
  leadData: {
    firstName: 'Joe',
    lastName: 'Summer',
    email: `joe-${n}@example.com`,
    phone: `+49 30 555020${n}`,
  },
});

forEachEngine((engine) => {
  describe('the story of policies over REST', () => {
    let office: RestOffice;
    const tokens: Record<string, string> = {};
    const as = (person: keyof typeof staff): Caller => office.caller(tokens[person]);
    let partnerId: string;

    beforeAll(async () => {
      office = await openOffice(engine);
      const { token } = ok(
        await office.caller().post('/setup', {
          organizationName: 'Hafen',
          currency: 'EUR',
          timeZone: 'Europe/Berlin',
          admin: { email: 'admin@example.com', password, firstName: 'Adam', lastName: 'Admin' },
        }),
      );
      const admin = office.caller(token);
      for (const [person, roles] of Object.entries(staff)) {
        const email = `${person}@example.com`;
        ok(await admin.post('/staff', { email, password, firstName: person, lastName: 'Tester', roles }));
        tokens[person] = ok(await office.caller().post('/auth/login', { email, password })).token;
      }
      const organization = {
        organizationName: 'Portal Nord',
        partnerType: 'portal',
        contactEmail: 'a@example.com',
      };
      partnerId = ok(await as('manager').post('/partners', organization)).id;
      const waived = { override: true, reason: 'Known for years.' };
      ok(await as('approver').post(`/partners/${partnerId}/approve`, waived));
    });
    afterAll(() => office.close());

    it('adds a project, which leads and policies then name', async () => {
      const project = ok(
        await as('policies').post('/projects', { code: 'Q1-OFFICE', name: 'Office leasing' }),
      );
      expect(ok(await as('auditor').get('/projects?active=true&total=true'))).toMatchObject({ total: 1 });
      expect(ok(await as('policies').patch(`/projects/${project.id}`, { name: 'Leasing' }))).toMatchObject({
        code: 'Q1-OFFICE',
        name: 'Leasing',
      });
      // What nobody has added yet is, by who names it first.
      ok(await as('manager').post(`/partners/${partnerId}/leads`, leadOf(9, { projectId: 'Q2-RETAIL' })));
      expect(ok(await as('auditor').get('/projects')).items).toMatchObject([
        { code: 'Q1-OFFICE' },
        { code: 'Q2-RETAIL', name: 'Q2-RETAIL' },
      ]);
      const { body, status } = await as('policies').post('/campaigns', { code: 'SPRING', name: 'Spring' });
      expect(status).toBe(200);
      expect(ok(await as('policies').post(`/campaigns/${body.id}/deactivate`))).toMatchObject({
        isActive: false,
      });
    });

    it('simulates a policy with a budget, then lets it pay, and the lead that reaches the budget says so', async () => {
      const terms = {
        policyType: 'project_based',
        projectId: 'Q1-OFFICE',
        calculationType: 'fixed_price',
        baseCredit: 1000,
        totalBudget: 1500,
      };
      const leads = [];
      for (const n of [1, 2, 3]) {
        const path = `/partners/${partnerId}/leads`;
        leads.push(ok(await as('manager').post(path, leadOf(n, { projectId: 'Q1-OFFICE' }))).id);
      }
      const told = ok(
        await as('policies').post('/credit-policies/simulate', { policy: { ...terms, partnerId }, leads }),
      );
      expect(told).toMatchObject({
        totals: [{ currency: 'EUR', amount: 1500, credited: 0, difference: 1500 }],
        items: [{ amount: 1000 }, { amount: 500 }, { amount: 0 }],
      });
      const policy = ok(
        await as('policies').post(`/partners/${partnerId}/credit-policies`, {
          policyCode: 'OFFICE',
          policyName: 'Office leasing',
          ...terms,
        }),
      );
      ok(await as('approver').post(`/credit-policies/${policy.id}/approve`));
      expect(ok(await as('auditor').get(`/leads/${leads[0]}/credit-calculation`))).toMatchObject({
        basis: 'next',
        amount: 1000,
        policyIds: [policy.id],
      });
      for (const id of leads) ok(await as('reviewer').post(`/leads/${id}/approve`));
      const mappings = ok(await as('auditor').get(`/leads/${leads[1]}/policy-mappings`));
      expect(mappings.items).toMatchObject([
        {
          applied: true,
          calculatedCredit: 500,
          reason: 'fixed price: 10.00; only 5.00 is left of its total budget of 15.00 → 5.00',
        },
      ]);
      const june = { from: '2026-06-01', to: '2026-06-30' };
      const same = ok(
        await as('approver').post('/credit-policies/simulate', { policy: { id: policy.id }, ...june }),
      );
      expect(same).toMatchObject({
        events: 3,
        differing: 0,
        totals: [{ amount: 1500, credited: 1500, difference: 0 }],
      });
      // Lead by lead, as it goes.
      const { headers, text } = await as('approver').post('/credit-policies/simulate/stream', {
        policy: { id: policy.id, totalBudget: 2000 },
        ...june,
      });
      expect(headers.get('content-type')).toMatch(/^text\/event-stream/);
      const events = text
        .split('\n')
        .filter((line) => line.startsWith('data: {'))
        .map((line): Body => JSON.parse(line.slice(6)));
      expect(events).toMatchObject([
        { type: 'leads', items: [{ amount: 1000 }, { amount: 1000 }, { amount: 0 }] },
        { type: 'progress', done: 3, of: 3 },
        { type: 'result', totals: [{ amount: 2000, credited: 1500, difference: 500 }] },
      ]);
      const none = await as('reviewer').post('/credit-policies/simulate', {
        policy: { id: policy.id },
        ...june,
      });
      expect([none.status, none.body.code]).toEqual([403, 'FORBIDDEN']);
      const ending = ok(
        await as('policies').post(`/credit-policies/${policy.id}/deactivate`, {
          deactivatedFrom: '2026-07-01',
        }),
      );
      expect(ending).toMatchObject({ isActive: true, deactivatedFrom: '2026-07-01' });
      const path = `/credit-policies?partnerId=${partnerId}&active=true`;
      expect(ok(await as('auditor').get(path)).items).toMatchObject([{ policyCode: 'OFFICE' }]);
    });

    it('tells why the partner got no payout, and verifies every counter', async () => {
      const why = ok(
        await as('auditor').get(
          `/payouts/why?partnerId=${partnerId}&periodStart=2026-06-01&periodEnd=2026-06-30`,
        ),
      );
      expect(why).toMatchObject({
        partnerName: 'Portal Nord',
        reasons: [
          { code: 'nothing_approved' },
          { code: 'waiting_for_approval', amount: 1500, sentence: '2 credits wait for approval: 15.00 EUR.' },
        ],
      });
      const [source] = ok(await as('auditor').get(`/partners/${partnerId}/source-stats`)).items;
      expect(source).toMatchObject({
        leadsGenerated: 4,
        leadsConverted: 0,
        totalCredits: 0,
        conversionRate: 0,
      });
      expect(ok(await as('auditor').get(`/sources/${source?.sourceId}`))).toMatchObject({
        id: source?.sourceId,
      });
      expect(ok(await as('auditor').get('/ledger/verify'))).toMatchObject({ ok: true, differences: [] });
    });
  });
});
