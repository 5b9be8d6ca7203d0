import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { type Answer, type Body, type Caller, openOffice, type RestOffice } from './rest-office.ts';

/**
 * One partner's whole story as another program would tell it: over HTTP, with the paths and bodies of the REST face.
 * Each step builds on the one before; amounts are cents.
 */

const password = 'correct horse battery';
const people = {
  manager: { firstName: 'Mia', lastName: 'Manager', roles: ['partner_manager'] },
  reviewer: { firstName: 'Rita', lastName: 'Reviewer', roles: ['lead_reviewer'] },
  colleague: { firstName: 'Rolf', lastName: 'Reviewer', roles: ['lead_reviewer'] },
  policies: { firstName: 'Paul', lastName: 'Policy', roles: ['policy_manager'] },
  approver: { firstName: 'Ana', lastName: 'Meyer', roles: ['approver'] },
  // Holds both roles, so that only four eyes stand between generating a payout and approving it.
  finance: { firstName: 'Finn', lastName: 'Finance', roles: ['finance', 'approver'] },
  auditor: { firstName: 'Alma', lastName: 'Auditor', roles: ['auditor'] },
} as const;
type Person = keyof typeof people;

const company = { company: 'Acme', jobTitle: 'Buyer', industry: 'Trade', address: 'Main Street 1' };
const interest = { leadType: 'prospect', budgetRange: 'high', timelineDays: 30 };
const june = { periodStart: '2026-06-01', periodEnd: '2026-06-30' };

const firstFile = [
  'First Name;Last Name;E-Mail;Phone;Company;Job Title;Industry;Address;Lead Type;Budget;Timeline',
  'Ann;Archer;ann@example.com;+49 30 5550001;Acme;Buyer;Trade;"Main Street 2\nrear building";;;',
  'Bob;Baker;bob@example.com;+49 30 5550002;Acme;Buyer;Trade;Main Street 3;prospect;high;30',
  'Cid;Cole;not-an-address;+49 30 5550003;;;;;;;',
  'Dee;Dorn;dee@example.com;+49 30 5550004;;;;;;;',
].join('\n');
const secondFile = [
  'Vorname,Nachname,Where to write,Telefon,Firma,Position,Branche,Adresse',
  'Eve,East,eve@example.com,+49 30 5550005,Acme,Buyer,Trade,Main Street 4',
].join('\r\n');

forEachEngine((engine) => {
  describe('the story of a partner', () => {
    let office: RestOffice;
    let adminToken: string;
    const tokens: Partial<Record<Person, string>> = {};
    const as = (person: Person): Caller => office.caller(tokens[person]);
    const admin = (): Caller => office.caller(adminToken);

    let partnerId: string;
    const policyIds: Record<string, string> = {};
    /** Leads by the first name of whom they are about. */
    const leads: Record<string, string> = {};
    let payoutId: string;

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
    const lead = (name: string): string => leads[name] ?? 'no such lead';

    it('begins with health and set-up, once', async () => {
      expect(await ok(office.caller().get('/health'))).toMatchObject({ status: 'ok', engine });
      const setup = {
        organizationName: 'Story Office',
        currency: 'EUR',
        timeZone: 'Europe/Berlin',
        admin: { email: 'ada@example.com', password, firstName: 'Ada', lastName: 'Admin' },
      };
      const { token, user } = await ok(office.caller().post('/setup', setup));
      expect(user).toMatchObject({ email: 'ada@example.com', roles: ['admin'] });
      adminToken = token;
      await refused(office.caller().post('/setup', setup), 409, 'CONFLICT');
      await refused(office.caller().get('/partners'), 401, 'UNAUTHENTICATED');
    });

    it('adds staff of each role, who sign in with their passwords', async () => {
      for (const [name, person] of Object.entries(people)) {
        const email = `${name}@example.com`;
        await ok(admin().post('/staff', { email, ...person, password }));
        await refused(
          office.caller().post('/auth/login', { email, password: 'wrong horse' }),
          401,
          'UNAUTHENTICATED',
        );
        const { token, user } = await ok(office.caller().post('/auth/login', { email, password }));
        expect(user).toMatchObject({ email, roles: person.roles });
        tokens[name as Person] = token;
        expect(await ok(as(name as Person).get('/auth/me'))).toMatchObject({ email });
      }
      expect(await ok(admin().get('/staff?limit=5&total=true'))).toMatchObject({ total: 8 });
    });

    it('registers a partner with bank details, which someone else approves', async () => {
      const body = {
        partnerType: 'portal',
        partnerCode: 'HAFEN',
        organizationName: 'Hafen Immobilien',
        contactName: 'Hanna Hafen',
        contactEmail: 'hanna@hafen.example',
        taxId: 'DE123456789',
        country: 'DE',
        bankingDetails: {
          bankName: 'Commerzbank',
          accountHolder: 'Hafen Immobilien GmbH',
          iban: 'DE89 3704 0044 0532 0130 00',
          swift: 'COBADEFFXXX',
          paymentMethod: 'bank_transfer',
        },
      };
      const wrong = { ...body, bankingDetails: { ...body.bankingDetails, iban: 'DE88370400440532013000' } };
      const told = await refused(as('manager').post('/partners', wrong), 400, 'VALIDATION');
      expect(told.fields).toMatchObject([{ path: 'bankingDetails.iban' }]);
      await refused(as('reviewer').post('/partners', body), 403, 'FORBIDDEN');

      const created = await ok(as('manager').post('/partners', body));
      expect(created).toMatchObject({ status: 'pending', currency: 'EUR' });
      expect(created.bankingDetails).toMatchObject({ iban: '•••• 3000', isVerified: false });
      partnerId = created.id;
      await refused(as('manager').post(`/partners/${partnerId}/approve`), 403, 'FORBIDDEN');
      const own = await ok(
        admin().post('/partners', { ...body, partnerCode: 'OWN', organizationName: 'Own' }),
      );
      await refused(admin().post(`/partners/${own.id}/approve`), 403, 'SELF_APPROVAL');
      await ok(as('approver').post(`/partners/${own.id}/reject`, { reason: 'A trial entry' }));

      const lateLead = { leadData: { email: 'a@example.com', phone: '+49 30 5550099' } };
      await refused(as('manager').post(`/partners/${partnerId}/leads`, lateLead), 422, 'PARTNER_NOT_ACTIVE');
      const approved = await ok(as('approver').post(`/partners/${partnerId}/approve`, { version: 1 }));
      expect(approved).toMatchObject({ status: 'active', version: 2 });
      expect(await ok(as('auditor').get('/partners/by-code/HAFEN'))).toMatchObject({ id: partnerId });
      expect(await ok(as('auditor').get('/partners?status=active&partnerType=portal&q=hafen'))).toMatchObject(
        {
          items: [{ id: partnerId }],
          nextCursor: null,
        },
      );
    });

    it('finds the automatic source there', async () => {
      const { items } = await ok(as('manager').get(`/partners/${partnerId}/sources`));
      expect(items).toMatchObject([{ sourceType: 'property_portal', isAutomatic: true, isActive: true }]);
      const byCode = await ok(as('auditor').get(`/sources/by-code/${items[0]!.sourceCode}`));
      expect(byCode).toEqual(items[0]);
    });

    it('makes three policies, which someone else approves', async () => {
      const monthly = { policyType: 'time_based', timeUnitType: 'monthly' };
      const policies = {
        SPRING: {
          ...monthly,
          policyName: 'Spring campaign',
          calculationType: 'fixed_price',
          baseCredit: 1000,
          campaignId: 'spring',
          priority: 10,
          autoApprove: true,
        },
        TIERS: {
          ...monthly,
          policyName: 'By count',
          calculationType: 'tiered',
          bonusPercentage: 5,
          minimumCredit: 500,
          maximumCredit: 2500,
          tierConfig: {
            tiers: [
              { tierLevel: 1, minLeads: 1, maxLeads: 2, creditAmount: 800 },
              { tierLevel: 2, minLeads: 3, creditAmount: 1200 },
            ],
          },
        },
        SHARE: {
          ...monthly,
          policyName: 'Share of the deal',
          calculationType: 'revenue_share',
          baseRate: 10,
        },
      };
      const path = `/partners/${partnerId}/credit-policies`;
      for (const [policyCode, policy] of Object.entries(policies)) {
        const created = await ok(as('policies').post(path, { policyCode, ...policy }));
        expect(created).toMatchObject({ policyCode, approvalRequired: true, effectiveRevision: null });
        policyIds[policyCode] = created.id;
        await refused(as('policies').post(`/credit-policies/${created.id}/approve`), 403, 'FORBIDDEN');
        const approved = await ok(as('approver').post(`/credit-policies/${created.id}/approve`));
        expect(approved).toMatchObject({ approvalRequired: false, effectiveRevision: 1 });
      }
      expect((await ok(as('auditor').get(`${path}?active=true`))).items).toHaveLength(3);
    });

    it('takes leads one by one, each with its score', async () => {
      const path = `/partners/${partnerId}/leads`;
      const contact = { email: 'lena@example.com', phone: '030 5550010', country: 'DE' };
      const spring = await ok(
        as('manager').post(path, {
          submissionType: 'new_lead',
          campaignId: 'spring',
          leadData: { ...contact, ...company, ...interest },
        }),
      );
      expect(spring).toMatchObject({ status: 'submitted', qualityScore: 85 });
      expect(spring.leadData).toMatchObject({ phone: '+49305550010' });
      leads['Lena'] = spring.id;
      const full = await ok(
        as('manager').post(path, {
          leadData: {
            firstName: 'Max',
            lastName: 'May',
            email: 'max@example.com',
            phone: '+49 30 5550011',
            ...company,
            ...interest,
          },
        }),
      );
      expect(full.qualityScore).toBe(100);
      leads['Max'] = full.id;
      const bad = await refused(
        as('manager').post(path, { leadData: { email: 'nope', phone: '12' } }),
        400,
        'VALIDATION',
      );
      expect(bad.fields.map((field: { path: string }) => field.path)).toEqual([
        'leadData.email',
        'leadData.phone',
      ]);
    });

    it('imports leads from a file: a dry run first, then the good rows, the bad one told', async () => {
      const path = `/partners/${partnerId}/leads/import`;
      const bad = {
        row: 4,
        fields: { 'First Name': 'Cid', 'E-Mail': 'not-an-address' },
        errors: [{ column: 'E-Mail', field: 'email', value: 'not-an-address' }],
      };
      const dry = await ok(as('manager').send(`${path}?dryRun=true`, firstFile, 'text/csv'));
      expect(dry).toMatchObject({ dryRun: true, importId: null, accepted: 3, rejected: 1, rows: [bad] });
      expect((await ok(as('auditor').get('/leads?total=true'))).total).toBe(2);

      const done = await ok(as('manager').send(path, firstFile, 'text/csv'));
      expect(done).toMatchObject({ dryRun: false, accepted: 3, rejected: 1, rows: [bad], sameFileAs: null });
      expect(done.rows[0]!.errors[0]!.reason).toMatch(/\.$/);
      const again = await refused(as('manager').send(path, firstFile, 'text/csv'), 409, 'DUPLICATE');
      expect(again.message).toMatch(/^This very file was imported on 2026-06-15 \(3 leads\)\./);
      const { sameFileAs } = await ok(as('manager').send(`${path}?dryRun=true`, firstFile, 'text/csv'));
      expect(sameFileAs).toMatchObject({ importId: done.importId, accepted: 3 });
      await refused(as('reviewer').send(path, firstFile, 'text/csv'), 403, 'FORBIDDEN');
    });

    it('imports another one from a form, with a column mapped by hand', async () => {
      const form = new FormData();
      form.append('file', new Blob([secondFile], { type: 'text/csv' }), 'messe.csv');
      const mapping = encodeURIComponent(JSON.stringify({ 'Where to write': 'email' }));
      const path = `/partners/${partnerId}/leads/import?mapping=${mapping}`;
      expect(await ok(as('manager').send(path, form))).toMatchObject({ accepted: 1, rejected: 0, rows: [] });
    });

    it('shows the review queue: best score first, then oldest', async () => {
      const { items, total } = await ok(as('reviewer').get('/leads/review-queue?limit=100&total=true'));
      expect(total).toBe(6);
      const scored = items.map((item: Body) => [item.leadData.firstName ?? 'Lena', item.qualityScore]);
      expect(scored).toEqual([
        ['Max', 100],
        ['Bob', 100],
        ['Lena', 85],
        ['Ann', 70],
        ['Eve', 70],
        ['Dee', 30],
      ]);
      for (const item of items) leads[item.leadData.firstName ?? 'Lena'] = item.id;
      const first = await ok(as('reviewer').get('/leads/review-queue?limit=4'));
      const rest = await ok(as('reviewer').get(`/leads/review-queue?limit=4&cursor=${first.nextCursor}`));
      expect([...first.items, ...rest.items]).toEqual(items);
      expect(rest.nextCursor).toBeNull();
    });

    it('explains what the policies would do', async () => {
      const { items } = await ok(as('reviewer').get(`/leads/${lead('Lena')}/applicable-policies`));
      expect(items).toMatchObject([
        { policyCode: 'SHARE', event: 'conversion', applies: true, amount: null },
        { policyCode: 'SPRING', event: 'approval', applies: true, amount: 1000 },
        { policyCode: 'TIERS', event: 'approval', applies: false },
      ]);
    });

    it('lets one reviewer hold a lead while another sees who does', async () => {
      const path = `/leads/${lead('Max')}`;
      expect(await ok(as('reviewer').post(`${path}/claim`))).toMatchObject({ status: 'under_review' });
      const locked = await refused(as('colleague').post(`${path}/approve`), 409, 'LOCKED');
      expect(locked.message).toMatch(/^Rita Reviewer is reviewing this lead until \d\d:\d\d\.$/);
      await refused(as('colleague').post(`${path}/claim`), 409, 'LOCKED');
      expect(await ok(as('reviewer').post(`${path}/release`))).toMatchObject({ claimedBy: null });
    });

    it('approves, rejects with a reason, and approves many at once', async () => {
      // The first under TIERS: 8.00, +5 % for its score.
      const max = await ok(as('colleague').post(`/leads/${lead('Max')}/approve`));
      expect(max).toMatchObject({ status: 'approved', creditAmount: 840, creditStatus: 'pending' });
      expect(max.leadId).not.toBeNull();
      await refused(as('reviewer').post(`/leads/${lead('Max')}/approve`), 409, 'INVALID_TRANSITION');

      await refused(as('reviewer').post(`/leads/${lead('Dee')}/reject`, {}), 400, 'VALIDATION');
      const dee = await ok(as('reviewer').post(`/leads/${lead('Dee')}/reject`, { reason: 'Not reachable' }));
      expect(dee).toMatchObject({ status: 'rejected', rejectionReason: 'Not reachable', creditAmount: null });

      const ids = ['Bob', 'Ann', 'Eve', 'Dee'].map(lead);
      const { outcomes } = await ok(as('reviewer').post('/leads/bulk', { action: 'approve', ids }));
      expect(outcomes).toMatchObject([
        { id: ids[0], ok: true },
        { id: ids[1], ok: true },
        { id: ids[2], ok: true },
        { id: ids[3], ok: false, code: 'INVALID_TRANSITION' },
      ]);
      // Bob is the second: 8.00, +5 %. Ann and Eve are the third and fourth: 12.00, without a bonus at 70.
      const credited = await Promise.all(ids.map((id) => ok(as('auditor').get(`/leads/${id}`))));
      expect(credited.map(({ creditAmount }) => creditAmount)).toEqual([840, 1200, 1200, null]);

      const lena = await ok(as('reviewer').post(`/leads/${lead('Lena')}/approve`));
      expect(lena).toMatchObject({ creditAmount: 1000, creditStatus: 'approved' });
    });

    it('records the deal of a lead, and its share', async () => {
      const deal = { dealValue: 123_455, conversionDate: '2026-06-15' };
      await refused(as('reviewer').post(`/leads/${lead('Dee')}/convert`, deal), 409, 'INVALID_TRANSITION');
      const other = { ...deal, currency: 'USD' };
      await refused(as('reviewer').post(`/leads/${lead('Max')}/convert`, other), 422, 'CURRENCY_MISMATCH');
      // 10 % of 1,234.55 is 123.455: half a cent goes up, beside the 8.40 of the approval.
      const max = await ok(as('reviewer').post(`/leads/${lead('Max')}/convert`, deal));
      expect(max).toMatchObject({ status: 'converted', dealValue: 123_455, creditAmount: 840 + 12_346 });
    });

    it('tells of every policy why it was applied or passed over', async () => {
      const mappings = async (name: string) =>
        (await ok(as('auditor').get(`/leads/${lead(name)}/policy-mappings`))).items.map((mapping: Body) => [
          mapping.policyCode,
          mapping.event,
          mapping.applied,
          mapping.calculatedCredit,
        ]);
      expect(await mappings('Max')).toEqual([
        ['TIERS', 'approval', true, 840],
        ['SHARE', 'conversion', true, 12_346],
      ]);
      const lena = await mappings('Lena');
      expect(lena).toHaveLength(2);
      expect(lena).toContainEqual(['SPRING', 'approval', true, 1000]);
      expect(lena).toContainEqual(['TIERS', 'approval', false, expect.any(Number)]);
      const { items } = await ok(as('auditor').get(`/leads/${lead('Bob')}/policy-mappings`));
      expect(items).toMatchObject([
        { reason: expect.stringContaining('tier 1 (1–2): 8.00, +5 % for score 100') },
      ]);
    });

    it('has credits to decide: some approved, one rejected, one asked for by hand', async () => {
      const path = `/credits?partnerId=${partnerId}`;
      const { items: pending } = await ok(as('approver').get(`${path}&status=pending_approval`));
      const amounts = (credits: Body[]) => credits.map(({ creditAmount }) => creditAmount);
      expect(amounts(pending)).toEqual([840, 840, 1200, 1200, 12_346]);
      const { items: delegated } = await ok(as('approver').get(`${path}&status=approved`));
      expect(delegated).toMatchObject([{ creditAmount: 1000, delegatedPolicyId: policyIds['SPRING'] }]);

      const decided: Body[] = [];
      for (const { id, partnerLeadId } of pending) {
        decided.push(
          await ok(
            partnerLeadId === lead('Eve')
              ? as('approver').post(`/credits/${id}/reject`, { reason: 'Known to us already' })
              : as('approver').post(`/credits/${id}/approve`),
          ),
        );
      }
      expect(decided).toMatchObject([
        { status: 'approved', creditAmount: 840 },
        { status: 'approved', creditAmount: 840 },
        { status: 'approved', creditAmount: 1200, partnerLeadId: lead('Ann') },
        { status: 'rejected', creditAmount: 1200, rejectionReason: 'Known to us already' },
        { status: 'approved', creditAmount: 12_346 },
      ]);
      const byHand = await ok(
        as('manager').post(`/leads/${lead('Eve')}/credits`, {
          creditAmount: 500,
          reason: 'For the introduction',
        }),
      );
      expect(byHand).toMatchObject({ origin: 'request', status: 'pending_approval' });
      await ok(as('approver').post(`/credits/${byHand.id}/approve`));
      const { items: approved } = await ok(as('approver').get(`${path}&status=approved`));
      expect(amounts(approved).toSorted((one, other) => one - other)).toEqual([
        500, 840, 840, 1000, 1200, 12_346,
      ]);
      expect(await ok(as('auditor').get(`/partners/${partnerId}`))).toMatchObject({
        totalEarnings: 16_726,
        availableBalance: 16_726,
        pendingPayoutAmount: 16_726,
        withdrawnAmount: 0,
      });
    });

    it('generates a payout, and nothing when asked again', async () => {
      const { payouts, skipped } = await ok(as('finance').post('/payouts/generate', june));
      expect(payouts).toMatchObject([
        {
          partnerId,
          status: 'pending',
          payoutNumber: 'PO-2026-000001',
          totalAmount: 16_726,
          totalLeadsCount: 5,
          approvedLeads: 5,
          convertedLeads: 1,
        },
      ]);
      expect(skipped).toEqual([]);
      payoutId = payouts[0]!.id;
      const again = await ok(as('finance').post('/payouts/generate', { ...june, partnerId }));
      expect(again).toMatchObject({ payouts: [], skipped: [{ partnerId }] });
      expect(await ok(as('auditor').get(`/payouts?partnerId=${partnerId}&status=pending`))).toMatchObject({
        items: [{ id: payoutId }],
      });
    });

    it('has its lines reviewed and its payout approved, not by who generated it', async () => {
      const { items } = await ok(as('approver').get(`/payouts/${payoutId}/lines`));
      expect(items).toHaveLength(6);
      for (const line of items) {
        const isAnn = line.partnerLeadId === lead('Ann');
        const decided = await ok(
          isAnn
            ? as('approver').post(`/payout-lines/${line.id}/reject`, { notes: 'Wait for her answer' })
            : as('approver').post(`/payout-lines/${line.id}/approve`),
        );
        expect(decided).toMatchObject({ status: isAnn ? 'rejected' : 'approved', amount: line.amount });
      }
      await refused(as('finance').post(`/payouts/${payoutId}/approve`), 403, 'SELF_APPROVAL');
      const tooMuch = { amount: 15_527 };
      await refused(as('approver').post(`/payouts/${payoutId}/approve`, tooMuch), 422, 'AMOUNT_EXCEEDS');
      await refused(as('approver').post(`/payouts/${payoutId}/approve`, { version: 1 }), 409, 'CONFLICT');
      expect(await ok(as('approver').post(`/payouts/${payoutId}/approve`))).toMatchObject({
        status: 'partially_approved',
        approvedAmount: 15_526,
        rejectedAmount: 1200,
        openAmount: 15_526,
      });
      expect(await ok(as('auditor').get(`/partners/${partnerId}`))).toMatchObject({
        totalEarnings: 16_726,
        withdrawnAmount: 15_526,
        availableBalance: 1200,
        pendingPayoutAmount: 1200,
      });
    });

    it('is paid in two parts, once the bank details are verified', async () => {
      const path = `/payouts/${payoutId}/pay`;
      const payment = { paymentDate: '2026-06-15', referenceNumber: 'SEPA-1' };
      const unverified = await refused(as('finance').post(path, payment), 400, 'VALIDATION');
      expect(unverified.message).toBe('The bank details of Hafen Immobilien are not verified.');
      const verified = await ok(as('approver').post(`/partners/${partnerId}/banking/verify`));
      expect(verified.bankingDetails).toMatchObject({ isVerified: true });
      const revealed = await ok(as('finance').post(`/partners/${partnerId}/banking/reveal`));
      expect(revealed.iban).toBe('DE89370400440532013000');

      const part = { ...payment, amount: 5000, commandId: 'first-part' };
      const partly = { status: 'partially_paid', paidAmount: 5000, openAmount: 10_526 };
      expect(await ok(as('finance').post(path, part))).toMatchObject(partly);
      // A repeat under the same command id pays nothing more.
      expect(await ok(as('finance').post(path, part))).toMatchObject(partly);
      const tooMuch = { ...payment, amount: 10_527 };
      await refused(as('finance').post(path, tooMuch), 422, 'AMOUNT_EXCEEDS');
      const rest = { ...payment, referenceNumber: 'SEPA-2', paymentMethod: 'wire' };
      expect(await ok(as('finance').post(path, rest))).toMatchObject({
        status: 'paid',
        paidAmount: 15_526,
        openAmount: 0,
      });
      await refused(as('finance').post(path, payment), 409, 'INVALID_TRANSITION');
      await refused(
        as('approver').post(`/payouts/${payoutId}/cancel`, { reason: 'x' }),
        409,
        'INVALID_TRANSITION',
      );
    });

    it('exports the payout and its lines as CSV, to the cent', async () => {
      const exported = async (body: object) => {
        const answer = await as('finance').post('/payouts/export', body);
        expect(answer.status).toBe(200);
        expect(answer.headers.get('content-type')).toMatch(/^text\/csv/);
        const rows: Record<string, string>[] = parse(answer.text, { columns: true });
        return { rows, before: answer.headers.get('x-already-exported') };
      };
      const payouts = await exported({ ...june, status: 'paid', layout: 'payouts' });
      expect(payouts.before).toBe('0');
      expect(payouts.rows).toMatchObject([
        {
          'Payout number': 'PO-2026-000001',
          'Partner code': 'HAFEN',
          Leads: '5',
          Total: '167.26',
          Approved: '155.26',
          Rejected: '12.00',
          Paid: '155.26',
          Open: '0.00',
          Reference: 'SEPA-2',
          'Approved by': 'Ana Meyer',
          'Account (masked)': '•••• 3000',
        },
      ]);
      const lines = await exported({ payoutIds: [payoutId], layout: 'lines' });
      expect(lines.before).toBe('1');
      const told = lines.rows.map((row) => `${row['Amount']} ${row['Line status']} ${row['Policy code']}`);
      expect(told.toSorted((one, other) => Number.parseFloat(one) - Number.parseFloat(other))).toEqual([
        '5.00 approved ',
        '8.40 approved TIERS',
        '8.40 approved TIERS',
        '10.00 approved SPRING',
        '12.00 rejected TIERS',
        '123.46 approved SHARE',
      ]);
      await refused(as('reviewer').post('/payouts/export', { layout: 'lines' }), 403, 'FORBIDDEN');
    });

    it('hands out exports, the journal and the remittance statement as the files they are', async () => {
      const june30 = { periodStart: june.periodStart, periodEnd: june.periodEnd };
      const made = await ok(
        as('finance').post('/payout-exports', { format: 'csv_lines', payoutIds: [payoutId] }),
      );
      const file = await as('finance').get(`/payout-exports/${made.id}/file`);
      expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8');
      expect(file.headers.get('content-disposition')).toBe(`attachment; filename="${made.fileName}"`);
      expect(file.headers.get('x-sha256')).toBe(made.fileSha256);
      expect(Buffer.byteLength(file.text)).toBe(made.byteSize);
      await refused(as('reviewer').get(`/payout-exports/${made.id}/file`), 403, 'FORBIDDEN');
      await refused(as('finance').get(`/payout-exports/${payoutId}/file`), 404, 'NOT_FOUND');
      await refused(
        as('finance').post('/payout-exports', { format: 'pain001', payoutIds: [payoutId] }),
        400,
        'VALIDATION',
      );

      const journal = await as('finance').post('/ledger/journal', june30);
      expect(journal.headers.get('content-type')).toBe('text/csv; charset=utf-8');
      const postings: Record<string, string>[] = parse(journal.text, { columns: true });
      const cents = (column: string) =>
        postings.reduce((sum, row) => sum + Math.round(Number(row[column] ?? 0) * 100), 0);
      expect(cents('Debit')).toBe(cents('Credit'));
      expect(postings.length).toBeGreaterThan(4);
      await refused(as('reviewer').post('/ledger/journal', june30), 403, 'FORBIDDEN');

      const page = await as('finance').get(`/payouts/${payoutId}/remittance`);
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(page.headers.get('content-disposition')).toBe(
        'inline; filename="remittance-PO-2026-000001.html"',
      );
      expect(page.headers.get('content-security-policy')).toContain('sandbox');
      expect(page.text).toContain('Hafen Immobilien');
      expect(page.text).toContain('155.26 EUR');
      const pdf = await as('auditor').get(`/payouts/${payoutId}/remittance?format=pdf`);
      expect(pdf.headers.get('content-type')).toBe('application/pdf');
      expect(pdf.text.startsWith('%PDF-')).toBe(true);
      await refused(as('finance').get(`/payouts/${payoutId}/remittance?format=doc`), 400, 'VALIDATION');
    });

    it('adds up to figures', async () => {
      const stats = {
        totalLeadsSubmitted: 6,
        approvedLeads: 5,
        rejectedLeads: 1,
        convertedLeads: 1,
        approvalRate: expect.closeTo(5 / 6, 4),
        conversionRate: 0.2,
        averageLeadQuality: expect.closeTo(455 / 6, 1),
        totalEarnings: 16_726,
        availableBalance: 1200,
        pendingPayout: 1200,
        currentMonthLeads: 6,
      };
      expect(await ok(as('auditor').get(`/partners/${partnerId}/stats`))).toMatchObject(stats);
      const month = await ok(as('auditor').get(`/partners/${partnerId}/stats/monthly?year=2026&month=6`));
      expect(month).toMatchObject({ totalLeadsSubmitted: 6, approvedLeads: 5, convertedLeads: 1 });
      expect(await ok(as('auditor').get(`/payouts/stats?partnerId=${partnerId}`))).toMatchObject({
        totalPayoutsGenerated: 1,
        approvedPayouts: 1,
        rejectedPayouts: 0,
        totalAmountGenerated: 16_726,
        totalAmountApproved: 15_526,
        totalAmountPaid: 15_526,
        averageApprovalRate: 1,
        pendingApprovalAmount: 0,
        currency: 'EUR',
      });
      const { items } = await ok(as('auditor').get(`/partners/${partnerId}/source-stats`));
      expect(items).toMatchObject([
        { leadsGenerated: 6, leadsConverted: 1, totalRevenue: 123_455, conversionRate: 0.2 },
      ]);
      const one = await ok(as('auditor').get(`/partners/${partnerId}/sources/${items[0]!.sourceId}/stats`));
      expect(one).toEqual(items[0]);
    });

    it('is in the ledger, entry by entry, and the ledger verifies', async () => {
      const { items } = await ok(as('finance').get(`/partners/${partnerId}/ledger?limit=100`));
      // Six credits approved, one payout approved, two payments.
      expect(items).toHaveLength(9);
      const totals: Record<string, number> = {};
      for (const { postings } of items) {
        let sum = 0;
        for (const { account, amount } of postings) {
          sum += amount;
          totals[account] = (totals[account] ?? 0) + amount;
        }
        expect(sum).toBe(0);
      }
      const { commission_expense: expense, available, payable, paid } = totals;
      expect([expense, available, payable, paid].map((total) => Math.abs(total ?? Number.NaN))).toEqual([
        16_726, 1200, 0, 15_526,
      ]);
      expect(await ok(as('auditor').get('/ledger/verify'))).toEqual({
        ok: true,
        entries: 9,
        differences: [],
      });
    });

    it('is in the activities, which are found by what they tell, and verify', async () => {
      const actions = async (query: string) =>
        (await ok(as('auditor').get(`/activities?limit=500&${query}`))).items.map(
          ({ action }: { action: string }) => action,
        );
      expect(await actions(`resource=payout&resourceId=${payoutId}`)).toEqual([
        'payment_recorded',
        'payment_recorded',
        'payout_approved',
        'payout_generated',
      ]);
      expect(await actions(`partnerId=${partnerId}&action=lead_rejected`)).toEqual(['lead_rejected']);
      expect(await actions('from=2026-06-16')).toEqual([]);
      const { id: actorId } = await ok(as('colleague').get('/auth/me'));
      expect(await actions(`actorId=${actorId}&from=2026-06-15&to=2026-06-15&resource=lead`)).toEqual([
        'lead_approved',
      ]);
      expect(await actions(`partnerId=${partnerId}&action=banking_revealed`)).toEqual(['banking_revealed']);
      await refused(as('manager').get('/activities'), 403, 'FORBIDDEN');
      const verified = await ok(as('auditor').get('/activities/verify'));
      expect(verified.ok).toBe(true);
      expect(verified.checked).toBeGreaterThan(50);
    });

    it('ends when everybody signs out', async () => {
      for (const name of Object.keys(people) as Person[]) {
        expect(await ok(as(name).post('/auth/logout'))).toEqual({ ok: true });
        await refused(as(name).get('/auth/me'), 401, 'UNAUTHENTICATED');
      }
    });
  });
});
