import { TOTP, URI } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { type Answer, type Body, type Caller, openOffice, type RestOffice } from './rest-office.ts';

/**
 * What partners' own people and finance do beyond the main path, as another program would: over HTTP, with the paths and bodies of the
 * REST face. Each step builds on the one before; it is 15 June 2026, amounts are cents.
 */

const password = 'correct horse battery';
const staff = {
  manager: { firstName: 'Mia', lastName: 'Manager', roles: ['partner_manager'] },
  reviewer: { firstName: 'Rita', lastName: 'Reviewer', roles: ['lead_reviewer'] },
  policies: { firstName: 'Paul', lastName: 'Policy', roles: ['policy_manager'] },
  approver: { firstName: 'Ana', lastName: 'Meyer', roles: ['approver'] },
  finance: { firstName: 'Finn', lastName: 'Finance', roles: ['finance'] },
  auditor: { firstName: 'Alma', lastName: 'Auditor', roles: ['auditor'] },
} as const;
const ofPartner = {
  owner: { firstName: 'Hanna', lastName: 'Hafen', role: 'admin' },
  agent: { firstName: 'Lars', lastName: 'Lotse', role: 'lead_manager' },
  viewer: { firstName: 'Vera', lastName: 'Viewer', role: 'viewer' },
} as const;
type Person = keyof typeof staff | keyof typeof ofPartner | 'admin';

const contact = {
  lastName: 'Archer',
  company: 'Acme',
  jobTitle: 'Buyer',
  industry: 'Trade',
  address: 'Main Street 1',
  leadType: 'prospect',
  budgetRange: 'high',
  timelineDays: 30,
};
const leadOf = (firstName: string, n: number) => ({
  campaignId: 'SPRING',
  estimatedValue: 100_000,
  leadData: {
    ...contact,
    firstName,
    email: `${firstName.toLowerCase()}@example.com`,
    phone: `+49 30 555010${n}`,
  },
});

forEachEngine((engine) => {
  describe('the story around the main path', () => {
    let office: RestOffice;
    const tokens: Partial<Record<Person, string>> = {};
    const as = (person: Person): Caller => office.caller(tokens[person]);

    let partnerId: string;
    let otherPartnerId: string;
    let policyId: string;
    let payoutId: string;
    /** By first name. */
    const leads: Record<string, string> = {};

    beforeAll(async () => {
      office = await openOffice(engine);
    });
    afterAll(() => office.close());

    /** The body of a call that succeeds. */
    async function ok(answering: Promise<Answer>): Promise<Body> {
      const { status, body, text } = await answering;
      expect(`${status} ${status === 200 ? '' : text}`).toBe('200 ');
      return body;
    }
    async function refused(answering: Promise<Answer>, status: number, code: string): Promise<Body> {
      const answer = await answering;
      expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
      expect(answer.body.message).not.toBe('');
      return answer.body;
    }

    it('begins with an office, its settings and two partners', async () => {
      const { token } = await ok(
        office.caller().post('/setup', {
          organizationName: 'Portal Office',
          currency: 'EUR',
          timeZone: 'Europe/Berlin',
          admin: { email: 'ada@example.com', password, firstName: 'Ada', lastName: 'Admin' },
        }),
      );
      tokens.admin = token;
      for (const [name, person] of Object.entries(staff)) {
        const email = `${name}@example.com`;
        await ok(as('admin').post('/staff', { email, ...person, password }));
        tokens[name as Person] = (await ok(office.caller().post('/auth/login', { email, password }))).token;
      }
      const settings = await ok(
        as('admin').patch('/settings', {
          publicUrl: 'https://desk.example.com',
          sepaPayer: { name: 'Portal Office GmbH', iban: 'DE02 1203 0000 0000 2020 51', bic: 'BYLADEM1001' },
        }),
      );
      expect(settings).toMatchObject({ publicUrl: 'https://desk.example.com', holdingDays: 0 });
      const partner = (partnerCode: string, organizationName: string) => ({
        partnerType: 'portal',
        partnerCode,
        organizationName,
        contactName: 'Hanna Hafen',
        contactEmail: `${partnerCode.toLowerCase()}@example.com`,
        taxId: 'DE123456789',
        country: 'DE',
        website: 'https://hafen.example',
        bankingDetails: {
          accountHolder: organizationName,
          iban: 'DE89 3704 0044 0532 0130 00',
          swift: 'COBADEFFXXX',
          paymentMethod: 'bank_transfer',
        },
      });
      partnerId = (await ok(as('manager').post('/partners', partner('HAFEN', 'Łódź Hafen')))).id;
      otherPartnerId = (await ok(as('manager').post('/partners', partner('WERFT', 'Werft Wohnen')))).id;
      for (const id of [partnerId, otherPartnerId]) await ok(as('approver').post(`/partners/${id}/approve`));
      const payability = await ok(as('finance').get(`/partners/${partnerId}/payability`));
      expect(JSON.stringify(payability)).toMatch(/bank details/i);
      await ok(as('approver').post(`/partners/${partnerId}/banking/verify`));
    });

    it('keeps documents of the partner, which somebody reviews', async () => {
      const path = `/partners/${partnerId}/documents`;
      const added = await ok(
        as('manager').post(path, { name: 'Contract', kind: 'contract', url: 'https://hafen.example/c.pdf' }),
      );
      const pdf = '%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n';
      const form = new FormData();
      form.append('file', new Blob([pdf], { type: 'application/pdf' }), 'tax.pdf');
      const file = await ok(as('manager').send(`${path}/upload?name=Tax&kind=tax`, form));
      expect(file).toMatchObject({ fileName: 'tax.pdf', mediaType: 'application/pdf' });
      await ok(as('approver').post(`/partner-documents/${added.id}/review`, { note: 'Signed' }));
      expect((await ok(as('auditor').get(path))).items).toHaveLength(2);
      const back = await as('auditor').get(`/partner-documents/${file.id}/file`);
      expect(back.text).toBe(pdf);
      expect(back.headers.get('content-disposition')).toContain('attachment');
    });

    it('invites the partner’s people by a link that opens once', async () => {
      for (const [name, person] of Object.entries(ofPartner)) {
        const email = `${name}@hafen.example`;
        const invited = await ok(as('manager').post(`/partners/${partnerId}/users`, { email, ...person }));
        const { token, link } = invited.invitation;
        expect(link).toMatch(/^https:\/\/desk\.example\.com\//);
        await refused(office.caller().post('/auth/login', { email, password }), 401, 'UNAUTHENTICATED');
        await ok(office.caller().post('/auth/accept-invitation', { token, password }));
        await refused(office.caller().post('/auth/accept-invitation', { token, password }), 404, 'NOT_FOUND');
        const signedIn = await ok(office.caller().post('/auth/login', { email, password }));
        expect(signedIn.user).toMatchObject({ kind: 'partner_user', partnerId, partnerRole: person.role });
        tokens[name as Person] = signedIn.token;
      }
    });

    it('keeps them to the own partner, and to their role', async () => {
      for (const person of ['owner', 'agent', 'viewer'] as const) {
        expect((await ok(as(person).get('/partners'))).items.map(({ id }) => id)).toEqual([partnerId]);
        await refused(as(person).get(`/partners/${otherPartnerId}`), 404, 'NOT_FOUND');
        await refused(as(person).get('/staff'), 403, 'FORBIDDEN');
        await refused(as(person).get('/activities'), 403, 'FORBIDDEN');
        await refused(as(person).post('/payouts/generate', {}), 403, 'FORBIDDEN');
      }
      const path = `/partners/${partnerId}/leads`;
      await refused(as('viewer').post(path, leadOf('Ann', 1)), 403, 'FORBIDDEN');
      await refused(
        as('agent').post(`/partners/${otherPartnerId}/leads`, leadOf('Ann', 1)),
        404,
        'NOT_FOUND',
      );
    });

    it('tries a policy with a budget before it is made', async () => {
      await ok(as('policies').post('/campaigns', { code: 'SPRING', name: 'Spring campaign' }));
      const policy = {
        policyCode: 'SPRING-10',
        policyName: 'Spring, ten percent of the estimate',
        policyType: 'campaign_based',
        campaignId: 'SPRING',
        calculationType: 'percentage',
        baseRate: 10,
        totalBudget: 25_000,
      };
      for (const [name, n] of [
        ['Ann', 1],
        ['Bob', 2],
        ['Cid', 3],
        ['Dee', 4],
      ] as const) {
        leads[name] = (await ok(as('agent').post(`/partners/${partnerId}/leads`, leadOf(name, n)))).id;
      }
      const before = (await ok(as('auditor').get('/activities/verify'))).checked;
      const simulated = await ok(
        as('policies').post('/credit-policies/simulate', {
          policy: { partnerId, ...policy },
          leads: Object.values(leads),
        }),
      );
      expect(JSON.stringify(simulated)).toContain('10000');
      expect((await ok(as('auditor').get('/activities/verify'))).checked).toBe(before);

      const made = await ok(as('policies').post(`/partners/${partnerId}/credit-policies`, policy));
      policyId = made.id;
      await ok(as('approver').post(`/credit-policies/${policyId}/approve`));
    });

    it('pays what is left of the budget, and says so', async () => {
      const credited: (number | null)[] = [];
      for (const name of ['Ann', 'Bob', 'Cid', 'Dee']) {
        const lead = await ok(as('reviewer').post(`/leads/${leads[name]}/approve`));
        credited.push(lead.creditAmount);
      }
      expect(credited).toEqual([10_000, 10_000, 5000, null]);
      const { items } = await ok(as('auditor').get(`/leads/${leads['Cid']}/policy-mappings`));
      expect(items).toMatchObject([
        {
          applied: true,
          reason: expect.stringContaining('only 50.00 is left of its total budget of 250.00'),
        },
      ]);
    });

    it('tells the partner’s people of it, and nobody else of theirs', async () => {
      const { items } = await ok(as('owner').get('/notifications?limit=100'));
      expect(items.filter(({ event }) => event === 'lead_approved')).toHaveLength(4);
      const [first] = items;
      await ok(as('owner').post(`/notifications/${first!.id}/read`));
      expect((await ok(as('owner').get('/notifications?unread=true&limit=100'))).items).toHaveLength(
        items.length - 1,
      );
      await refused(as('reviewer').post(`/notifications/${first!.id}/read`), 404, 'NOT_FOUND');
    });

    it('takes requests of the partner, adjustments and a bonus, each approved by somebody else', async () => {
      const request = { creditAmount: 1500, reason: 'We also brought the keys' };
      await refused(as('viewer').post(`/leads/${leads['Dee']}/credits`, request), 403, 'FORBIDDEN');
      await ok(as('agent').post(`/leads/${leads['Dee']}/credits`, request));
      const path = `/partners/${partnerId}/adjustments`;
      const bonus = { kind: 'bonus', amount: 2000, reason: 'Best quarter so far' };
      await refused(as('approver').post(path, bonus), 403, 'FORBIDDEN');
      await ok(as('finance').post(path, bonus));
      await ok(as('finance').post(path, { kind: 'adjustment', amount: -700, reason: 'Paid twice in May' }));
      const { items } = await ok(as('approver').get('/credits?status=pending_approval&limit=100'));
      expect(items.map(({ creditAmount }) => creditAmount)).toEqual([10_000, 10_000, 5000, 1500, 2000, -700]);
      const ids = items.map(({ id }) => id);
      const { outcomes } = await ok(as('approver').post('/credits/bulk', { action: 'approve', ids }));
      expect(outcomes).toEqual(ids.map((id) => ({ id, ok: true })));
      expect(await ok(as('owner').get(`/partners/${partnerId}/balance`))).toMatchObject({
        free: 27_800,
        balance: 27_800,
      });
    });

    it('takes back what a deal earned that fell through', async () => {
      const share = {
        policyCode: 'SHARE',
        policyName: 'Share of the deal',
        policyType: 'time_based',
        timeUnitType: 'monthly',
        calculationType: 'revenue_share',
        baseRate: 5,
        autoApprove: true,
        isStackable: true,
      };
      const { id } = await ok(as('policies').post(`/partners/${partnerId}/credit-policies`, share));
      await ok(as('approver').post(`/credit-policies/${id}/approve`));
      const deal = { dealValue: 200_000, conversionDate: '2026-06-15' };
      const path = `/leads/${leads['Bob']}`;
      expect(await ok(as('reviewer').post(`${path}/convert`, deal))).toMatchObject({ creditAmount: 20_000 });
      const withdrawn = await ok(
        as('reviewer').post(`${path}/withdraw-conversion`, { reason: 'No financing' }),
      );
      expect(withdrawn).toMatchObject({ status: 'approved', creditAmount: 10_000, dealValue: null });
      expect(await ok(as('auditor').get(`/partners/${partnerId}/stats`))).toMatchObject({
        convertedLeads: 0,
      });
      expect(await ok(as('owner').get(`/partners/${partnerId}/balance`))).toMatchObject({ free: 27_800 });
    });

    it('holds credits back for a time, and says why there is no payout', async () => {
      await ok(as('finance').patch(`/partners/${partnerId}/payout-terms`, { minimumPayout: 30_000 }));
      const june = { partnerId, periodStart: '2026-06-01', periodEnd: '2026-06-30' };
      const none = await ok(as('finance').post('/payouts/generate', june));
      expect(none).toMatchObject({ payouts: [], skipped: [{ partnerId }] });
      const why = await ok(
        as('finance').get(
          `/payouts/why?partnerId=${partnerId}&periodStart=${june.periodStart}&periodEnd=${june.periodEnd}`,
        ),
      );
      expect(JSON.stringify(why)).toContain('300.00');
      await ok(as('finance').patch(`/partners/${partnerId}/payout-terms`, { minimumPayout: null }));
    });

    it('generates as a job that anybody may watch', async () => {
      const job = await ok(
        as('finance').post('/jobs', {
          kind: 'payout_generation',
          input: { periodStart: '2026-06-01', periodEnd: '2026-06-30' },
        }),
      );
      await vi.waitFor(
        async () => {
          expect(await ok(as('auditor').get(`/jobs/${job.id}`))).toMatchObject({
            status: 'completed',
            result: { generated: 1, totalAmount: 27_800 },
          });
        },
        { timeout: 20_000, interval: 20 },
      );
      const { items } = await ok(as('auditor').get(`/payouts?partnerId=${partnerId}`));
      payoutId = items[0]!.id;
      expect(items).toMatchObject([{ totalAmount: 27_800, status: 'pending' }]);
      const told = await ok(as('approver').get('/notifications?unread=true&limit=100'));
      expect(told.items.map(({ event }) => event)).toContain('payouts_awaiting_approval');
    });

    it('is decided line by line in one go, approved, and ordered from the bank', async () => {
      const { items } = await ok(as('approver').get(`/payouts/${payoutId}/lines`));
      const lineIds = items.map(({ id }) => id);
      const decided = await ok(
        as('approver').post(`/payouts/${payoutId}/lines/decide`, { action: 'approve', lineIds }),
      );
      expect(decided.outcomes).toEqual(lineIds.map((id) => ({ id, ok: true })));
      await ok(as('approver').post(`/payouts/${payoutId}/approve`));

      const made = await ok(
        as('finance').post('/payout-exports', { format: 'pain001', payoutIds: [payoutId] }),
      );
      expect(made).toMatchObject({ rowCount: 1, totals: [{ currency: 'EUR', amount: 27_800 }], skipped: [] });
      const file = await as('finance').get(`/payout-exports/${made.id}/file`);
      expect(file.text).toContain('<CtrlSum>278.00</CtrlSum>');
      expect(file.text).toContain('DE89370400440532013000');
      expect((await as('finance').get(`/payout-exports/${made.id}/file`)).text).toBe(file.text);
      await refused(
        as('finance').post('/payout-exports', { format: 'pain001', payoutIds: [payoutId] }),
        409,
        'DUPLICATE',
      );
    });

    it('comes back from the bank, is paid again, and is explained on paper', async () => {
      const payment = { paymentDate: '2026-06-15', referenceNumber: 'SEPA-1' };
      await ok(as('finance').post(`/payouts/${payoutId}/pay`, payment));
      const { items } = await ok(as('finance').get(`/payouts/${payoutId}/payments`));
      const failed = await ok(
        as('finance').post(`/payouts/${payoutId}/payments/${items[0]!.id}/fail`, {
          reason: 'Account closed',
          date: '2026-06-15',
        }),
      );
      expect(failed).toMatchObject({ status: 'approved', paidAmount: 0, openAmount: 27_800 });
      await ok(as('finance').post(`/payouts/${payoutId}/pay`, { ...payment, referenceNumber: 'SEPA-2' }));

      const html = await as('owner').get(`/payouts/${payoutId}/remittance`);
      expect(html.headers.get('content-type')).toMatch(/^text\/html/);
      for (const told of ['Łódź Hafen', '278.00', 'only 50.00 is left', 'SEPA-2', 'Account closed']) {
        expect(html.text).toContain(told);
      }
      const pdf = await as('owner').get(`/payouts/${payoutId}/remittance?format=pdf`);
      expect(pdf.headers.get('content-type')).toBe('application/pdf');
      expect(pdf.text.startsWith('%PDF-')).toBe(true);
    });

    it('states the account, movement by movement', async () => {
      const path = `/partners/${partnerId}/statement?from=2026-06-01&to=2026-06-30&limit=100`;
      const statement = await ok(as('owner').get(path));
      expect(statement).toMatchObject({
        opening: { balance: 0 },
        closing: { balance: 0, available: 0, payable: 0 },
        totals: { payments: -55_600, failedPayments: 27_800 },
      });
      await refused(
        as('owner').get(`/partners/${otherPartnerId}/statement?from=2026-06-01&to=2026-06-30`),
        404,
        'NOT_FOUND',
      );
    });

    it('closes the books; what is for a closed day is booked on the first open one', async () => {
      await ok(as('finance').post('/periods/close', { periodEnd: '2026-05-31' }));
      const { id } = await ok(
        as('finance').post(`/partners/${partnerId}/adjustments`, {
          kind: 'bonus',
          amount: 4200,
          on: '2026-05-20',
          reason: 'Forgotten in May',
        }),
      );
      const booked = await ok(as('approver').post(`/credits/${id}/approve`));
      expect(booked).toMatchObject({ status: 'approved', eventOn: '2026-05-20', approvedOn: '2026-06-15' });
      expect(booked).toMatchObject({
        bookingNote: '2026-05-20 is in a period closed until 2026-05-31, so it is booked on 2026-06-15.',
      });
    });

    it('finds, scores and keeps in view', async () => {
      const { items } = await ok(as('reviewer').get('/leads?q=archer%20bob'));
      expect(items.map(({ id }) => id)).toEqual([leads['Bob']]);
      const scores = await ok(as('reviewer').get(`/leads/${leads['Bob']}/scores`));
      expect(scores.items).toMatchObject([{ oldScore: null, newScore: 100, why: 'submission' }]);
      await ok(as('reviewer').post(`/leads/${leads['Bob']}/notes`, { body: 'Called, will call back' }));
      expect((await ok(as('reviewer').get(`/leads/${leads['Bob']}/notes`))).items).toHaveLength(1);
      await refused(as('owner').get(`/leads/${leads['Bob']}/notes`), 403, 'FORBIDDEN');
    });

    it('adds up to figures', async () => {
      const series = await ok(as('owner').get('/figures/series?unit=month&from=2026-06-01&to=2026-06-30'));
      expect(series.buckets).toMatchObject([{ leadsSubmitted: 4, leadsApproved: 4, leadsConverted: 0 }]);
      const top = await ok(
        as('auditor').get('/figures/top-partners?by=earnings&from=2026-06-01&to=2026-06-30'),
      );
      expect(top).toMatchObject({ currency: 'EUR', items: [{ partnerId, value: 32_000 }] });
      await refused(as('owner').get('/figures/top-partners'), 403, 'FORBIDDEN');
    });

    it('asks for a second factor once there is one', async () => {
      const { uri } = await ok(as('agent').post('/auth/second-factor/enrol'));
      const totp = URI.parse(uri);
      if (!(totp instanceof TOTP)) throw new Error('Not a time-based code.');
      // The host's clock stands at the story's day.
      const code = (steps: number) =>
        totp.generate({ timestamp: Date.parse('2026-06-15T09:00:00Z') + steps * 30_000 });
      const { recoveryCodes } = await ok(as('agent').post('/auth/second-factor/confirm', { code: code(0) }));
      expect(recoveryCodes.length).toBeGreaterThan(5);
      const login = { email: 'agent@hafen.example', password };
      const asked = await refused(office.caller().post('/auth/login', login), 401, 'UNAUTHENTICATED');
      expect(asked.fields).toMatchObject([{ path: 'code' }]);
      await refused(office.caller().post('/auth/login', { ...login, code: code(0) }), 401, 'UNAUTHENTICATED');
      await ok(office.caller().post('/auth/login', { ...login, code: recoveryCodes[0] }));
      await refused(
        office.caller().post('/auth/login', { ...login, code: recoveryCodes[0] }),
        401,
        'UNAUTHENTICATED',
      );
    });

    it('still adds up, and nothing of the trail is missing', async () => {
      expect(await ok(as('auditor').get('/ledger/verify'))).toMatchObject({ ok: true, differences: [] });
      expect(await ok(as('auditor').get('/activities/verify'))).toMatchObject({ ok: true });
      const journal = await as('finance').post('/ledger/journal', {
        periodStart: '2026-06-01',
        periodEnd: '2026-06-30',
      });
      expect(journal.headers.get('content-type')).toMatch(/^text\/csv/);
      expect(journal.text.split('\r\n').length).toBeGreaterThan(20);
    });
  });
});
