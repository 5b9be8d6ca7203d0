import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Inputs } from '#contract/index.ts';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { activePartner, creditsOf } from './credit-stories.ts';
import { aPerson, getLead, type LeadData, submitted, walk } from './lead-stories.ts';
import { actionsOf, lastDetails, refused } from './partners/setup.ts';
import { ledgerDifferences } from './payout-stories.ts';

describe.each(engines)('a person who was submitted before, on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  /** An organization with two partners and these settings. */
  async function officeWith(settings: Inputs['settings']['update']) {
    const office = await host.otherTenant();
    await office.as('admin').settings.update(settings);
    const first = await activePartner(office, { leadPrice: 1000 });
    const second = await activePartner(office, { leadPrice: 1000, monthlyQuota: 3 });
    return { office, first: first.id, second: second.id };
  }
  const inQueue = async (office: TestTenant) => (await walk(office, 'reviewQueue')).map(({ id }) => id);
  const reviewer = (office: TestTenant) => office.as('lead_reviewer').leads;

  describe('and is linked', () => {
    it('is recorded under the first lead: in the list, out of the queue, not reviewed, not paid', async () => {
      const { office, first, second } = await officeWith({ duplicateHandling: 'link' });
      const person = aPerson();
      const original = await submitted(office, first, person);
      const lead = await submitted(office, second, { ...person, phone: '+49 40 5554433' });
      expect(lead).toMatchObject({
        status: 'submitted',
        duplicateOf: original.id,
        linkedTo: original.id,
        dueAt: null,
        overdue: false,
      });
      expect(lead.duplicateNote).toContain('recorded under that one');
      expect(await inQueue(office)).toEqual([original.id]);
      expect((await office.as('auditor').leads.reviewQueue({ total: true })).total).toBe(1);
      expect((await office.as('auditor').leads.queueCounts({})).waiting).toBe(1);
      expect((await walk(office, 'list', { linked: true })).map(({ id }) => id)).toEqual([lead.id]);
      expect((await walk(office, 'list', { linked: false })).map(({ id }) => id)).toEqual([original.id]);
      const me = (await office.as('lead_reviewer').auth.me()).id;
      for (const attempt of [
        () => reviewer(office).claim({ id: lead.id }),
        () => reviewer(office).assign({ id: lead.id, reviewerId: me }),
        () => reviewer(office).approve({ id: lead.id }),
        () => reviewer(office).reject({ id: lead.id, reason: 'Twice' }),
      ]) {
        const refusal = await refused(host, attempt);
        expect(refusal.code).toBe('INVALID_TRANSITION');
        expect(refusal.message).toContain(original.id);
      }
      await reviewer(office).approve({ id: original.id });
      expect(await creditsOf(office, lead)).toEqual([]);
      expect(await ledgerDifferences(office)).toEqual([]);
    });

    it('stands by itself again, and earns, once somebody says it is no duplicate', async () => {
      const { office, first, second } = await officeWith({
        duplicateHandling: 'link',
        protectionDays: 30,
        protectionHandling: 'flag',
      });
      const person = aPerson();
      const original = await submitted(office, first, person);
      const lead = await submitted(office, second, person);
      expect((await refusalOf(reviewer(office).notDuplicate({ id: lead.id } as never))).code).toBe(
        'VALIDATION',
      );
      const freed = await reviewer(office).notDuplicate({ id: lead.id, reason: 'Father and son' });
      expect(freed).toMatchObject({
        duplicateOf: null,
        linkedTo: null,
        protectedUntil: null,
        duplicateNote: null,
        notDuplicateReason: 'Father and son',
        version: lead.version + 1,
      });
      expect(freed.dueAt).not.toBeNull();
      expect(new Set(await inQueue(office))).toEqual(new Set([original.id, lead.id]));
      expect(await lastDetails(host, lead.id)).toMatchObject({
        reason: 'Father and son',
        before: { duplicateOf: original.id, linkedTo: original.id },
      });
      await reviewer(office).approve({ id: lead.id });
      expect(await creditsOf(office, lead)).toMatchObject([{ creditAmount: 1000 }]);
      const again = await refused(host, () =>
        reviewer(office).notDuplicate({ id: lead.id, reason: 'Twice' }),
      );
      expect(again).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'This lead is not marked as a duplicate.',
      });
    });

    it('goes under the first of them all, and is reviewed by itself once that one is rejected', async () => {
      const { office, first, second } = await officeWith({ duplicateHandling: 'link' });
      const [one, two] = [aPerson(), aPerson()];
      const original = await submitted(office, first, one);
      const middle = await submitted(office, second, { ...two, email: one.email });
      // It shares its phone with the linked one only.
      const last = await submitted(office, second, { ...aPerson(), phone: two.phone });
      expect(last).toMatchObject({ duplicateOf: middle.id, linkedTo: original.id });
      await reviewer(office).reject({ id: original.id, reason: 'No interest' });
      expect(await lastDetails(host, original.id)).toMatchObject({ leadsStandingByThemselvesAgain: 1 });
      expect(await inQueue(office)).toEqual([middle.id]);
      // These two share the phone: of one person one lead is reviewed.
      expect(await getLead(office, last)).toMatchObject({ linkedTo: middle.id, duplicateOf: middle.id });
      expect(await getLead(office, middle)).toMatchObject({
        linkedTo: null,
        duplicateOf: original.id,
        version: 2,
      });
    });

    it('counts against the quota like any lead', async () => {
      const { office, first, second } = await officeWith({ duplicateHandling: 'link' });
      const person = aPerson();
      await submitted(office, first, person);
      for (let n = 0; n < 3; n += 1) await submitted(office, second, person);
      const refusal = await refused(host, () => submitted(office, second, person));
      expect(refusal.code).toBe('QUOTA_EXCEEDED');
    });

    it('is freed by a correction that makes it somebody else, and linked by one that makes it the same', async () => {
      const { office, first, second } = await officeWith({ duplicateHandling: 'link' });
      const [person, other] = [aPerson(), aPerson()];
      const original = await submitted(office, first, person);
      const lead = await submitted(office, second, person);
      const { email, phone } = other;
      const apart = await reviewer(office).update({ id: lead.id, leadData: { email, phone } });
      expect(apart).toMatchObject({ duplicateOf: null, linkedTo: null });
      const joined = await reviewer(office).update({ id: lead.id, leadData: { email: person.email } });
      expect(joined).toMatchObject({ duplicateOf: original.id, linkedTo: original.id });
      // Corrected elsewhere, it stays where it is.
      const same = await reviewer(office).update({ id: lead.id, leadData: { company: 'Acme' } });
      expect(same).toMatchObject({ linkedTo: original.id, qualityScore: lead.qualityScore + 10 });
    });
  });

  describe('and whose first partner is protected', () => {
    const days = 10;
    const protecting = (more: Inputs['settings']['update'] = {}) =>
      officeWith({ protectionDays: days, ...more });
    const untilOf = (lead: { submittedAt: string }) =>
      new Date(Date.parse(lead.submittedAt) + days * 86_400_000).toISOString();

    it('is refused to another partner, with until when and not a word of whose it is', async () => {
      const { office, first, second } = await protecting();
      const person = aPerson();
      const original = await submitted(office, first, person);
      const refusal = await refused(host, () => submitted(office, second, person));
      expect(refusal).toMatchObject({
        code: 'DUPLICATE',
        message: 'Another partner submitted this person on 2026-06-15 and is protected until 2026-06-25.',
        data: { fields: [{ path: 'leadData.email' }, { path: 'leadData.phone' }] },
      });
      const own = await office.as('auditor').partners.get({ id: first });
      const words = JSON.stringify(refusal);
      for (const secret of [original.id, own.organizationName, own.partnerCode])
        expect(words).not.toContain(secret);
      // By one of the two is enough.
      const byPhone = await refused(host, () =>
        submitted(office, second, { ...aPerson(), phone: person.phone }),
      );
      expect(byPhone).toMatchObject({ code: 'DUPLICATE', data: { fields: [{ path: 'leadData.phone' }] } });
    });

    it('is not refused to the partner itself, nor to others when the days are over or the first lead is dead', async () => {
      const { office, first, second } = await protecting();
      const person = aPerson();
      const original = await submitted(office, first, person);
      expect(await submitted(office, first, person)).toMatchObject({
        duplicateOf: original.id,
        protectedUntil: null,
      });
      const [dead] = [await submitted(office, first)];
      await reviewer(office).reject({ id: dead.id, reason: 'No interest' });
      const { email, phone } = dead.leadData;
      expect(await submitted(office, second, { email, phone })).toMatchObject({ duplicateOf: null });
      const before = host.clock.now();
      host.clock.set(new Date(Date.parse(untilOf(original)) - 1000).toISOString());
      expect((await refused(host, () => submitted(office, second, person))).code).toBe('DUPLICATE');
      host.clock.set(untilOf(original));
      expect(await submitted(office, second, person)).toMatchObject({
        duplicateOf: original.id,
        protectedUntil: null,
      });
      host.clock.set(before);
    });

    it('is taken in marked, with until when and why, where the organization wants that', async () => {
      const { office, first, second } = await protecting({ protectionHandling: 'flag' });
      const person = aPerson();
      const original = await submitted(office, first, person);
      const lead = await submitted(office, second, person);
      expect(lead).toMatchObject({
        duplicateOf: original.id,
        linkedTo: null,
        protectedUntil: untilOf(original),
        duplicateNote: 'Another partner submitted the same person first and is protected until 2026-06-25.',
      });
      expect(await lastDetails(host, lead.id)).toMatchObject({ protectedUntil: untilOf(original) });
      // The partner itself is told that much, and no more.
      const own = await office.asPartner(second, 'viewer').leads.get({ id: lead.id });
      expect(own).toMatchObject({ duplicateOf: null, duplicateNote: lead.duplicateNote });
      // Of two partners who were first, one by the e-mail and one by the phone, the longer protection holds.
      const later = await submitted(office, (await activePartner(office)).id);
      const { phone } = later.leadData;
      expect(await submitted(office, second, { ...aPerson(), email: person.email, phone })).toMatchObject({
        duplicateOf: original.id,
        protectedUntil: untilOf(later),
      });
    });

    it('is refused to a lead that shares the e-mail with an older one of its own partner, too', async () => {
      const { office, first, second } = await protecting();
      const own = await submitted(office, second);
      const person = aPerson();
      const original = await submitted(office, first, person);
      const mixed = { ...person, email: own.leadData.email };
      const refusal = await refused(host, () => submitted(office, second, mixed));
      expect(refusal).toMatchObject({
        code: 'DUPLICATE',
        message: 'Another partner submitted this person on 2026-06-15 and is protected until 2026-06-25.',
        data: { fields: [{ path: 'leadData.phone' }] },
      });
      await office.as('admin').settings.update({ protectionHandling: 'flag' });
      expect(await submitted(office, second, mixed)).toMatchObject({
        duplicateOf: own.id,
        protectedUntil: untilOf(original),
      });
    });

    it('is refused when a correction turns another partner’s lead into them', async () => {
      const { office, first, second } = await protecting();
      const original = await submitted(office, first);
      const lead = await submitted(office, second);
      const refusal = await refused(host, () =>
        reviewer(office).update({ id: lead.id, leadData: { email: original.leadData.email } }),
      );
      expect(refusal.code).toBe('DUPLICATE');
    });

    it('is a rejected row of an import, in the same words', async () => {
      const { office, first, second } = await protecting();
      const person = aPerson();
      await submitted(office, first, person);
      const client = office.as('partner_manager');
      const rows = [person, aPerson()].map(({ firstName, lastName, email, phone }) =>
        [firstName, lastName, email, phone].join(','),
      );
      const file = Buffer.from(['first name,last name,email,phone', ...rows].join('\n'));
      for (const dryRun of [true, false]) {
        const { uploadId } = await client.uploads.begin({ fileName: 'leads.csv', size: file.length });
        await client.uploads.append({ uploadId, offset: 0, data: file.toString('base64') });
        const events = await client.imports.run({ partnerId: second, uploadId, dryRun });
        for await (const event of events) {
          if (event.type !== 'result') continue;
          expect(event.result).toMatchObject({ accepted: 1, rejected: 1 });
          expect(JSON.stringify(event.result.rows)).toContain('and is protected until 2026-06-25.');
        }
      }
    });
  });

  it('and was marked before the organization began to refuse such leads can still be corrected', async () => {
    const { office, first, second } = await officeWith({ duplicateHandling: 'flag' });
    const person = aPerson();
    const original = await submitted(office, first, person);
    const lead = await submitted(office, second, person);
    await office.as('admin').settings.update({ duplicateHandling: 'refuse' });
    expect(await reviewer(office).update({ id: lead.id, leadData: { company: 'Acme' } })).toMatchObject({
      duplicateOf: original.id,
      leadData: { company: 'Acme' },
    });
  });

  it('is judged by hand: the word of whoever looked holds until the e-mail or phone changes', async () => {
    const { office, first, second } = await officeWith({ duplicateHandling: 'flag' });
    const person = aPerson();
    const original = await submitted(office, first, person);
    const lead = await submitted(office, second, person);
    expect(lead).toMatchObject({
      duplicateOf: original.id,
      linkedTo: null,
      duplicateNote: 'The same e-mail address or phone number was submitted before.',
    });
    const stale = await refused(host, () =>
      reviewer(office).notDuplicate({ id: lead.id, reason: 'Twins', version: lead.version + 1 }),
    );
    expect(stale.code).toBe('CONFLICT');
    await reviewer(office).notDuplicate({ id: lead.id, reason: 'Twins', version: lead.version });
    const edited = await reviewer(office).update({ id: lead.id, leadData: { company: 'Acme' } });
    expect(edited).toMatchObject({ duplicateOf: null, notDuplicateReason: 'Twins' });
    const moved: LeadData = { email: aPerson().email };
    expect(await reviewer(office).update({ id: lead.id, leadData: moved })).toMatchObject({
      // The phone is still the same, and nobody has looked at this e-mail yet.
      duplicateOf: original.id,
      notDuplicateReason: null,
    });
    expect(await actionsOf(host, lead.id)).toEqual([
      'lead_submitted',
      'lead_not_duplicate',
      'lead_changed',
      'lead_changed',
    ]);
  });

  it('judged by hand stays so when the other one is corrected, which says whom else it marked', async () => {
    const { office, first, second } = await officeWith({});
    const person = aPerson();
    const original = await submitted(office, first, person);
    const [judged, other] = [await submitted(office, second, person), await submitted(office, second)];
    await reviewer(office).notDuplicate({ id: judged.id, reason: 'Twins' });
    const { phone } = other.leadData;
    await reviewer(office).update({ id: original.id, leadData: { phone } });
    expect(await getLead(office, judged)).toMatchObject({ duplicateOf: null, notDuplicateReason: 'Twins' });
    expect(await getLead(office, other)).toMatchObject({ duplicateOf: original.id, version: 2 });
    expect(await lastDetails(host, original.id)).toMatchObject({ markedAsItsDuplicates: [other.id] });
  });

  it('can’t be judged while somebody else holds the lead', async () => {
    const { office, first, second } = await officeWith({});
    const person = aPerson();
    await submitted(office, first, person);
    const lead = await submitted(office, second, person);
    await office.as('lead_reviewer', 2).leads.claim({ id: lead.id });
    const refusal = await refused(host, () =>
      reviewer(office).notDuplicate({ id: lead.id, reason: 'Twins' }),
    );
    expect(refusal.code).toBe('LOCKED');
  });
});
