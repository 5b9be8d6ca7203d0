import * as fc from 'fast-check';
import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partners } from '#host/database/index.ts';
import { command } from '#host/services/command.ts';
import { type IntakeOutcome, insertLeads, prepareLead, type RawLead } from '#host/services/lead-intake.ts';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { activePartner } from './credit-stories.ts';
import {
  aPerson,
  countersOf,
  getLead,
  type LeadData,
  outcomesOf,
  partnerWithQuota,
  recountOf,
  submitted,
} from './lead-stories.ts';
import { actionsOf, lastDetails, refused, register } from './partners/setup.ts';

describe.each(engines)('leads on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
    const { projects, campaigns } = host.as('admin');
    await projects.create({ code: 'P-1', name: 'Harbour' });
    for (const code of ['C-1', 'C-2']) await campaigns.create({ code, name: 'Summer' });
  });
  afterAll(async () => host.close());

  /** An organization that takes no duplicates. */
  async function refusingOffice(): Promise<TestTenant> {
    const office = await host.otherTenant();
    await office.as('admin').settings.update({ duplicateHandling: 'refuse' });
    return office;
  }

  /** Several leads at once, as an import hands them in. */
  async function intake(partnerId: string, raws: readonly RawLead[]): Promise<IntakeOutcome[]> {
    const session = await host.session('partner_manager');
    const scope = { tenantId: host.tenantId };
    const partner = await host.database.read(scope, (reader) => reader.find(partners, { id: partnerId }));
    const prepared = raws.map((raw) => {
      const preparation = prepareLead(session, partner!, raw);
      if (!preparation.ok) throw new Error(preparation.message);
      return preparation.prepared;
    });
    return command(host.context, session, { name: 'test.intake', input: {} }, async (work) => {
      work.record({ action: 'leads_imported', resource: 'import', resourceId: null, partnerId });
      return insertLeads(work, session, partner!, prepared);
    });
  }

  describe('submitting', () => {
    it('normalises, scores and stores the lead, and counts it', async () => {
      const partner = await activePartner(host);
      const lead = await submitted(
        host,
        partner.id,
        {
          firstName: ' Ana ',
          lastName: 'Meyer',
          email: 'Ana.Meyer@EXAMPLE.com',
          phone: '030 1234567',
          country: 'Germany',
          company: 'Acme',
          leadType: 'Warm lead',
          jobTitle: '',
        },
        { estimatedValue: 250_000, currency: 'EUR', projectId: 'P-1', campaignId: 'C-1' },
      );
      expect(lead).toMatchObject({
        version: 1,
        partnerId: partner.id,
        partnerCode: partner.partnerCode,
        partnerName: partner.organizationName,
        status: 'submitted',
        submissionType: 'new_lead',
        qualityScore: 50,
        duplicateOf: null,
        projectId: 'P-1',
        campaignId: 'C-1',
        estimatedValue: 250_000,
        currency: 'EUR',
        claimedBy: null,
        reviewedBy: null,
        creditAmount: null,
        importId: null,
        leadData: {
          firstName: 'Ana',
          lastName: 'Meyer',
          email: 'Ana.Meyer@example.com',
          phone: '+49301234567',
          country: 'Germany',
          company: 'Acme',
          leadType: 'warm_lead',
        },
      });
      expect(lead.leadData).not.toHaveProperty('jobTitle');
      expect(await getLead(host, lead)).toEqual(lead);
      const sources = (await host.as('auditor').sources.list({ id: partner.id })).items;
      expect(lead.sourceId).toBe(sources.find((source) => source.isAutomatic)?.id);
      expect(await countersOf(host, partner.id)).toEqual({
        partner: {
          total_leads_submitted: 1,
          total_quality_score: 5000,
          approved_leads: 0,
          rejected_leads: 0,
          converted_leads: 0,
        },
        sources: [
          {
            id: lead.sourceId,
            leads_generated: 1,
            total_quality_score: 5000,
            leads_approved: 0,
            leads_converted: 0,
            total_revenue: 0,
          },
        ],
        months: [{ month: '2026-06', leads_submitted: 1 }],
      });
      expect(await actionsOf(host, lead.id)).toEqual(['lead_submitted']);
    });

    it('leaves the version of the partner alone, so that an open form of it stays good', async () => {
      const partner = await activePartner(host);
      await submitted(host, partner.id);
      expect((await host.as('auditor').partners.get({ id: partner.id })).version).toBe(partner.version);
    });

    it('scores by the weights of the organization', async () => {
      const office = await host.otherTenant();
      const { scoreWeights } = await office.as('admin').settings.get();
      await office.as('admin').settings.update({
        scoreWeights: { ...scoreWeights, company: 20, address: 0 },
      });
      const partner = await activePartner(office);
      const lead = await submitted(
        office,
        partner.id,
        aPerson({ company: 'Acme', address: 'Main Street 1' }),
      );
      expect(lead.qualityScore).toBe(50);
    });

    it('takes a source of the partner that is named', async () => {
      const partner = await activePartner(host);
      const source = await host.as('partner_manager').sources.create({
        id: partner.id,
        sourceType: 'vendor_reference',
        sourceName: 'Fair',
      });
      expect((await submitted(host, partner.id, aPerson(), { sourceId: source.id })).sourceId).toBe(
        source.id,
      );
      expect(await countersOf(host, partner.id)).toEqual(await recountOf(host, partner.id));
    });

    it('gives the first answer again for the same command id, and does nothing', async () => {
      const partner = await activePartner(host);
      const input = { id: partner.id, leadData: aPerson(), commandId: `submit-${partner.id}` };
      const { leads } = host.as('partner_manager');
      const first = await leads.submit(input);
      const before = await countersOf(host, partner.id);
      expect(await leads.submit(input)).toEqual(first);
      expect(await countersOf(host, partner.id)).toEqual(before);
      expect((await refused(host, () => leads.submit({ ...input, leadData: aPerson() }))).code).toBe(
        'CONFLICT',
      );
    });

    describe('is refused, and nothing is written,', () => {
      let partnerId: string;
      beforeAll(async () => {
        partnerId = (await activePartner(host)).id;
      });
      const submit = (leadData: LeadData, more = {}) => submitted(host, partnerId, leadData, more);

      it('for a partner that is not there, or is another organization’s', async () => {
        const missing = '01920000-0000-7000-8000-000000000000';
        const foreign = (await activePartner(await host.otherTenant())).id;
        for (const id of [missing, foreign]) {
          expect((await refused(host, () => submitted(host, id))).code).toBe('NOT_FOUND');
        }
      });

      it('for a partner that is pending, suspended or inactive', async () => {
        const pending = await register(host);
        expect((await refused(host, () => submitted(host, pending.id))).code).toBe('PARTNER_NOT_ACTIVE');
        const partner = await activePartner(host);
        await host.as('approver').partners.suspend({ id: partner.id, reason: 'Complaints' });
        const refusal = await refused(host, () => submitted(host, partner.id));
        expect(refusal).toMatchObject({
          code: 'PARTNER_NOT_ACTIVE',
          message: expect.stringContaining('suspended'),
        });
        await host.as('approver').partners.deactivate({ id: partner.id, reason: 'Gone' });
        expect((await refused(host, () => submitted(host, partner.id))).code).toBe('PARTNER_NOT_ACTIVE');
      });

      it('naming every field that is wrong', async () => {
        const refusal = await refused(host, () =>
          submit({ email: 'nobody', phone: '12', budgetRange: 'huge', timelineDays: -1 }),
        );
        expect(refusal.code).toBe('VALIDATION');
        expect(refusal.data).toMatchObject({
          fields: [
            { path: 'leadData.email' },
            { path: 'leadData.phone' },
            { path: 'leadData.budgetRange' },
            { path: 'leadData.timelineDays' },
          ],
        });
        expect((await refused(host, () => submit({}))).data).toMatchObject({
          fields: [{ path: 'leadData.email' }, { path: 'leadData.phone' }],
        });
      });

      it('for a source that is another partner’s, or out of use', async () => {
        const other = await submitted(host, (await activePartner(host)).id);
        const foreign = await refused(host, () => submit(aPerson(), { sourceId: other.sourceId }));
        expect(foreign).toMatchObject({ code: 'NOT_FOUND', data: { fields: [{ path: 'sourceId' }] } });
        const { sources } = host.as('partner_manager');
        const source = await sources.create({
          id: partnerId,
          sourceType: 'vendor_reference',
          sourceName: 'Old fair',
        });
        await sources.deactivate({ id: source.id });
        const unused = await refused(host, () => submit(aPerson(), { sourceId: source.id }));
        expect(unused).toMatchObject({ code: 'VALIDATION', message: expect.stringContaining('Old fair') });
      });

      it('in another currency than the partner’s', async () => {
        const refusal = await refused(host, () =>
          submit(aPerson(), { currency: 'USD', estimatedValue: 100 }),
        );
        expect(refusal).toMatchObject({
          code: 'CURRENCY_MISMATCH',
          data: { fields: [{ path: 'currency' }] },
        });
      });

      it('to whoever may not submit', async () => {
        const call = () => host.as('lead_reviewer').leads.submit({ id: partnerId, leadData: aPerson() });
        expect((await refused(host, call)).code).toBe('FORBIDDEN');
        const unknown = () => host.anonymous.leads.submit({ id: partnerId, leadData: aPerson() });
        expect((await refused(host, unknown)).code).toBe('UNAUTHENTICATED');
      });
    });
  });

  describe('the monthly quota', () => {
    it('holds to the last lead, and not a lead more', async () => {
      const partnerId = await partnerWithQuota(host, 2);
      await submitted(host, partnerId);
      await submitted(host, partnerId);
      const before = await countersOf(host, partnerId);
      const refusal = await refused(host, () => submitted(host, partnerId));
      expect(refusal).toMatchObject({ code: 'QUOTA_EXCEEDED', message: expect.stringContaining('2026-06') });
      expect(await countersOf(host, partnerId)).toEqual(before);
    });

    it('begins anew with the month of the organization’s own time zone', async () => {
      const auckland = await testHost(engine, {
        timeZone: 'Pacific/Auckland',
        now: '2026-06-30T11:30:00.000Z',
      });
      const partnerId = await partnerWithQuota(auckland, 1);
      await submitted(auckland, partnerId);
      expect((await refusalOf(submitted(auckland, partnerId))).code).toBe('QUOTA_EXCEEDED');
      // Midnight there; in UTC it is still June.
      auckland.clock.set('2026-06-30T12:00:00.000Z');
      await submitted(auckland, partnerId);
      expect((await refusalOf(submitted(auckland, partnerId))).code).toBe('QUOTA_EXCEEDED');
      expect((await countersOf(auckland, partnerId)).months).toEqual([
        { month: '2026-06', leads_submitted: 1 },
        { month: '2026-07', leads_submitted: 1 },
      ]);
      await auckland.close();
    });

    it('can’t be overshot by stations that submit at the same moment', async () => {
      const partnerId = await partnerWithQuota(host, 3);
      const { done, codes } = await outcomesOf(
        Array.from({ length: 10 }, (_, n) =>
          host.as('partner_manager', 1 + (n % 2)).leads.submit({ id: partnerId, leadData: aPerson() }),
        ),
      );
      expect(done).toHaveLength(3);
      expect(codes).toEqual(Array.from({ length: 7 }, () => 'QUOTA_EXCEEDED'));
      expect(await countersOf(host, partnerId)).toEqual(await recountOf(host, partnerId));
    });
  });

  describe('a duplicate', () => {
    it('points at the oldest live lead with its e-mail or its phone, whoever handed that in', async () => {
      const [mine, theirs] = [await activePartner(host), await activePartner(host)];
      const person = aPerson();
      const first = await submitted(host, theirs.id, person);
      const sameEmail = await submitted(host, mine.id, {
        ...aPerson(),
        email: person.email?.toUpperCase(),
      });
      const samePhone = await submitted(host, mine.id, {
        ...aPerson(),
        phone: person.phone?.replaceAll(' ', ''),
      });
      const both = await submitted(host, mine.id, { ...person, email: sameEmail.leadData.email });
      expect([first, sameEmail, samePhone, both].map((lead) => lead.duplicateOf)).toEqual([
        null,
        first.id,
        first.id,
        first.id,
      ]);
    });

    it('is none of a rejected lead, nor of another organization’s', async () => {
      const partner = await activePartner(host);
      const person = aPerson();
      const first = await submitted(host, partner.id, person);
      await host.as('lead_reviewer').leads.reject({ id: first.id, reason: 'No interest' });
      expect((await submitted(host, partner.id, person)).duplicateOf).toBeNull();
      const office = await host.otherTenant();
      expect((await submitted(office, (await activePartner(office)).id, person)).duplicateOf).toBeNull();
    });

    it('is refused where the organization wants none, naming the lead that is there', async () => {
      const office = await refusingOffice();
      const partner = await activePartner(office);
      const person = aPerson();
      const first = await submitted(office, partner.id, person);
      const refusal = await refused(host, () => submitted(office, partner.id, person));
      expect(refusal).toMatchObject({
        code: 'DUPLICATE',
        message: expect.stringContaining(`${person.firstName} ${person.lastName}`),
        data: { fields: [{ path: 'leadData.email' }, { path: 'leadData.phone' }] },
      });
      expect(refusal.message).toContain(first.id);
      // A partner's own people are told which lead it is only where it is one of theirs.
      const other = await activePartner(office);
      const toldTo = async ({ id }: { id: string }) => {
        const { leads } = office.asPartner(id, 'lead_manager');
        return (await refused(host, () => leads.submit({ id, leadData: person }))).message;
      };
      expect(await toldTo(partner)).toBe(refusal.message);
      expect(await toldTo(other)).toBe('This lead is already there.');
    });

    it('is seen by stations that submit the same person at the same moment', async () => {
      const partnersOf = async (office: TestTenant) =>
        Promise.all([activePartner(office), activePartner(office), activePartner(office)]);
      const flagging = await partnersOf(host);
      const person = aPerson();
      const { done } = await outcomesOf(flagging.map(({ id }) => submitted(host, id, person)));
      // Which of them came first is settled by a lock; that only one of them is the first is what counts.
      expect(done.filter((lead) => lead.duplicateOf === null)).toHaveLength(1);
      const ids = done.map((lead) => lead.id);
      expect(done.every((lead) => lead.duplicateOf === null || ids.includes(lead.duplicateOf))).toBe(true);

      const office = await refusingOffice();
      const refusing = await partnersOf(office);
      const outcomes = await outcomesOf(refusing.map(({ id }) => submitted(office, id, person)));
      expect(outcomes.done).toHaveLength(1);
      expect(outcomes.codes).toEqual(['DUPLICATE', 'DUPLICATE']);
    });
  });

  describe('a batch', () => {
    it('finds duplicates within itself, stops at the quota, and refuses only the leads concerned', async () => {
      const partnerId = await partnerWithQuota(host, 3);
      const [one, two, three] = [aPerson(), aPerson(), aPerson()];
      const raw = (leadData: LeadData, sourceId?: string): RawLead => ({
        submissionType: 'import_batch',
        leadData,
        sourceId,
      });
      const outcomes = await intake(partnerId, [
        raw(one),
        raw({ ...two, phone: one.phone }),
        raw(aPerson(), '01920000-0000-7000-8000-000000000000'),
        raw(two),
        raw(three),
      ]);
      const [first, second, third, fourth, fifth] = outcomes;
      expect(first).toMatchObject({ accepted: true, duplicateOf: null });
      expect(second).toMatchObject({ accepted: true, duplicateOf: first?.accepted && first.id });
      expect(third).toMatchObject({ accepted: false, code: 'NOT_FOUND' });
      expect(fourth).toMatchObject({ accepted: true, duplicateOf: second?.accepted && second.id });
      expect(fifth).toMatchObject({ accepted: false, code: 'QUOTA_EXCEEDED' });
      expect(await countersOf(host, partnerId)).toEqual(await recountOf(host, partnerId));
      expect((await countersOf(host, partnerId)).months).toEqual([{ month: '2026-06', leads_submitted: 3 }]);
    });

    it('comes in whole whatever its size, in the order of its rows', async () => {
      const partner = await activePartner(host);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (size) => {
          const people = Array.from({ length: size }, () => aPerson());
          const outcomes = await intake(
            partner.id,
            people.map((leadData) => ({ submissionType: 'import_batch', leadData })),
          );
          const ids = outcomes.map((outcome) => (outcome.accepted ? outcome.id : ''));
          expect(ids.toSorted()).toEqual(ids);
          const stored = await host.database.read({ tenantId: host.tenantId }, (reader) =>
            reader.all<{ contact_name: string }>(sql`select contact_name from partner_leads
              where partner_id = ${partner.id} order by id desc limit ${size}`),
          );
          const names = people.map(({ firstName, lastName }) => `${firstName} ${lastName}`);
          expect(stored.map((row) => row.contact_name).toReversed()).toEqual(names);
        }),
        { numRuns: 8, examples: [[128], [127], [257]] },
      );
      expect(await countersOf(host, partner.id)).toEqual(await recountOf(host, partner.id));
    });
  });

  describe('correcting', () => {
    it('replaces the fields given, clears the empty ones, keeps the others, and scores again', async () => {
      const partner = await activePartner(host);
      const lead = await submitted(host, partner.id, aPerson({ company: 'Acme', city: 'Bonn' }), {
        projectId: 'P-1',
        estimatedValue: 5000,
      });
      const after = await host.as('lead_reviewer').leads.update({
        id: lead.id,
        version: lead.version,
        campaignId: 'C-2',
        estimatedValue: null,
        reviewNotes: 'called',
        leadData: { company: '', city: null, industry: 'Steel', timelineDays: 0 },
      });
      expect(after).toMatchObject({
        version: 2,
        status: 'submitted',
        projectId: 'P-1',
        campaignId: 'C-2',
        estimatedValue: null,
        reviewNotes: 'called',
        qualityScore: 50,
      });
      const { company: _, city: __, ...kept } = lead.leadData;
      expect(after.leadData).toEqual({ ...kept, industry: 'Steel', timelineDays: 0 });
      expect(await getLead(host, lead)).toEqual(after);
      expect(await countersOf(host, partner.id)).toEqual(await recountOf(host, partner.id));
      expect(await lastDetails(host, lead.id)).toEqual({
        before: {
          campaignId: null,
          estimatedValue: 5000,
          qualityScore: 40,
          reviewNotes: null,
          'leadData.company': 'Acme',
          'leadData.city': 'Bonn',
          'leadData.industry': null,
          'leadData.timelineDays': null,
        },
        after: {
          campaignId: 'C-2',
          estimatedValue: null,
          qualityScore: 50,
          reviewNotes: 'called',
          'leadData.company': null,
          'leadData.city': null,
          'leadData.industry': 'Steel',
          'leadData.timelineDays': 0,
        },
      });
    });

    it('moves the lead to another source with its counts, and back to the automatic one', async () => {
      const partner = await activePartner(host);
      const lead = await submitted(host, partner.id);
      const fair = await host
        .as('partner_manager')
        .sources.create({ id: partner.id, sourceType: 'vendor_reference', sourceName: 'Fair' });
      const { leads } = host.as('lead_reviewer');
      expect((await leads.update({ id: lead.id, sourceId: fair.id })).sourceId).toBe(fair.id);
      expect(await countersOf(host, partner.id)).toEqual(await recountOf(host, partner.id));
      expect((await leads.update({ id: lead.id, sourceId: null })).sourceId).toBe(lead.sourceId);
      expect(await countersOf(host, partner.id)).toEqual(await recountOf(host, partner.id));
    });

    it('is found by what it says now', async () => {
      const partner = await activePartner(host);
      const lead = await submitted(host, partner.id);
      await host.as('lead_reviewer').leads.update({
        id: lead.id,
        leadData: { lastName: 'Österreicher', company: 'Fjord & Söhne' },
      });
      const found = await host.as('auditor').leads.list({ partnerId: partner.id, q: 'FJORD & SÖ' });
      expect(found.items.map(({ id }) => id)).toEqual([lead.id]);
      expect((await host.as('auditor').leads.list({ q: lead.leadData.lastName })).items).toEqual([]);
    });

    it('compares with other leads again: the newer of two alike is marked', async () => {
      const partner = await activePartner(host);
      const [first, second, third] = [
        await submitted(host, partner.id),
        await submitted(host, partner.id),
        await submitted(host, partner.id),
      ];
      const { leads } = host.as('lead_reviewer');
      const marked = await leads.update({ id: second.id, leadData: { phone: first.leadData.phone } });
      expect(marked.duplicateOf).toBe(first.id);
      expect(
        (await leads.update({ id: second.id, leadData: { phone: second.leadData.phone } })).duplicateOf,
      ).toBeNull();
      expect(
        (await leads.update({ id: first.id, leadData: { email: third.leadData.email } })).duplicateOf,
      ).toBeNull();
      expect((await getLead(host, third)).duplicateOf).toBe(first.id);
    });

    it('into a duplicate is refused where the organization wants none', async () => {
      const office = await refusingOffice();
      const partner = await activePartner(office);
      const [first, second] = [await submitted(office, partner.id), await submitted(office, partner.id)];
      const call = () =>
        office.as('lead_reviewer').leads.update({ id: second.id, leadData: { email: first.leadData.email } });
      expect((await refused(host, call)).code).toBe('DUPLICATE');
      // Its own e-mail is no duplicate.
      await office
        .as('lead_reviewer')
        .leads.update({ id: second.id, leadData: { email: second.leadData.email, company: 'Acme' } });
    });

    it('is refused, and nothing is written, when stale, wrong, foreign, claimed by another or decided', async () => {
      const partner = await activePartner(host);
      const lead = await submitted(host, partner.id);
      const reviewer = host.as('lead_reviewer').leads;
      const renamed = await reviewer.update({ id: lead.id, leadData: { firstName: 'Jo' } });
      const stale = await refused(host, () =>
        reviewer.update({ id: lead.id, version: 1, leadData: { firstName: 'Jim' } }),
      );
      expect(stale).toMatchObject({ code: 'CONFLICT', data: { current: renamed } });

      const cleared = await refused(host, () => reviewer.update({ id: lead.id, leadData: { email: '' } }));
      expect(cleared).toMatchObject({ code: 'VALIDATION', data: { fields: [{ path: 'leadData.email' }] } });
      const currency = await refused(host, () => reviewer.update({ id: lead.id, currency: 'USD' }));
      expect(currency.code).toBe('CURRENCY_MISMATCH');
      const office = await host.otherTenant();
      const foreign = await refused(host, () =>
        office.as('lead_reviewer').leads.update({ id: lead.id, reviewNotes: 'x' }),
      );
      expect(foreign.code).toBe('NOT_FOUND');

      await reviewer.claim({ id: lead.id });
      const second = host.as('lead_reviewer', 2).leads;
      const locked = await refused(host, () => second.update({ id: lead.id, reviewNotes: 'x' }));
      expect(locked.code).toBe('LOCKED');
      await reviewer.reject({ id: lead.id, reason: 'No interest' });
      const decided = await refused(host, () => second.update({ id: lead.id, reviewNotes: 'x' }));
      expect(decided).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'This lead was already rejected by lead_reviewer 1 Tester.',
      });
      const forbidden = () => host.as('partner_manager').leads.update({ id: lead.id, reviewNotes: 'x' });
      expect((await refused(host, forbidden)).code).toBe('FORBIDDEN');
    });
  });
});
