import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { activePartner, creditsOf } from './credit-stories.ts';
import { aPerson, countersOf, getLead, outcomesOf, recountOf, submitted, walk } from './lead-stories.ts';
import { plansOf } from './partners/plans.ts';
import { lastDetails } from './partners/setup.ts';

describe.each(engines)('leads recorded under another one, on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  /** An organization that links duplicates, with two partners. */
  async function linking(on: TestHost = host) {
    const office = await on.otherTenant();
    await office.as('admin').settings.update({ duplicateHandling: 'link' });
    const [first, second] = [await activePartner(office), await activePartner(office, { leadPrice: 1000 })];
    return { office, first: first.id, second: second.id };
  }
  const reviewer = (office: TestTenant) => office.as('lead_reviewer').leads;
  const inQueue = async (office: TestTenant) => (await walk(office, 'reviewQueue')).map(({ id }) => id);

  it('stay one person when the first is rejected: the oldest is reviewed, the others are under it and earn nothing', async () => {
    const { office, first, second } = await linking();
    const person = aPerson();
    const original = await submitted(office, first, person);
    const [next, last] = [await submitted(office, second, person), await submitted(office, second, person)];
    await reviewer(office).reject({ id: original.id, reason: 'No interest' });
    expect(await inQueue(office)).toEqual([next.id]);
    // That the person was submitted before stays on record.
    expect(await getLead(office, next)).toMatchObject({
      duplicateOf: original.id,
      linkedTo: null,
      version: 2,
    });
    expect(await getLead(office, last)).toMatchObject({
      duplicateOf: next.id,
      linkedTo: next.id,
      version: 2,
    });
    expect(await lastDetails(host, original.id)).toMatchObject({
      leadsStandingByThemselvesAgain: 1,
      recordedElsewhere: [
        { leadId: next.id, linkedTo: null },
        { leadId: last.id, linkedTo: next.id },
      ],
    });
    await reviewer(office).approve({ id: next.id });
    const { outcomes } = await reviewer(office).bulk({ action: 'approve', ids: [last.id] });
    expect(outcomes).toMatchObject([{ ok: false, code: 'INVALID_TRANSITION' }]);
    expect(await creditsOf(office, next)).toMatchObject([{ creditAmount: 1000 }]);
    expect(await creditsOf(office, last)).toEqual([]);
  });

  it('are told of as ready when they come to be reviewed, if they are of high quality', async () => {
    const { office, first, second } = await linking();
    const rich = {
      ...aPerson(),
      company: 'Acme',
      jobTitle: 'Buyer',
      industry: 'Steel',
      address: 'Main Street 1',
      leadType: 'prospect',
    };
    const original = await submitted(office, first, aPerson({ email: rich.email }));
    const [next, last] = [
      await submitted(office, second, rich),
      await submitted(office, second, { ...rich, phone: aPerson().phone }),
    ];
    expect(next.qualityScore).toBe(80);
    const told = async () =>
      (await office.as('lead_reviewer', 2).notifications.list({ limit: 100 })).items
        .filter(({ event }) => event === 'high_quality_lead')
        .map(({ resourceId }) => resourceId);
    expect(await told()).toEqual([]);
    await reviewer(office).reject({ id: original.id, reason: 'No interest' });
    expect(await told()).toEqual([next.id]);
    await reviewer(office).notDuplicate({ id: last.id, reason: 'Twins' });
    expect(new Set(await told())).toEqual(new Set([next.id, last.id]));
  });

  it('stand by themselves when the first is corrected into somebody else', async () => {
    const { office, first, second } = await linking();
    const person = aPerson();
    const original = await submitted(office, first, person);
    const [next, last] = [await submitted(office, second, person), await submitted(office, second, person)];
    const { email, phone } = aPerson();
    // By the phone it is still the same person.
    await reviewer(office).update({ id: original.id, leadData: { email } });
    expect((await getLead(office, next)).linkedTo).toBe(original.id);
    await reviewer(office).update({ id: original.id, leadData: { phone } });
    expect(new Set(await inQueue(office))).toEqual(new Set([original.id, next.id]));
    expect(await getLead(office, next)).toMatchObject({
      duplicateOf: null,
      linkedTo: null,
      duplicateNote: null,
    });
    expect(await getLead(office, last)).toMatchObject({ duplicateOf: next.id, linkedTo: next.id });
    expect(await lastDetails(host, original.id)).toMatchObject({
      recordedElsewhere: [
        { leadId: next.id, linkedTo: null },
        { leadId: last.id, linkedTo: next.id },
      ],
    });
  });

  it('go along when the one they are under is corrected into an older one, and back when it is no duplicate', async () => {
    const { office, first, second } = await linking();
    const oldest = await submitted(office, first);
    const person = aPerson();
    const middle = await submitted(office, second, person);
    // It doubles the one in the middle by its phone only.
    const last = await submitted(office, first, { ...aPerson(), phone: person.phone });
    expect(last.linkedTo).toBe(middle.id);
    await reviewer(office).update({ id: middle.id, leadData: { email: oldest.leadData.email } });
    expect(await getLead(office, middle)).toMatchObject({ linkedTo: oldest.id });
    expect(await getLead(office, last)).toMatchObject({ duplicateOf: middle.id, linkedTo: oldest.id });
    await reviewer(office).notDuplicate({ id: middle.id, reason: 'Sister' });
    expect(await getLead(office, middle)).toMatchObject({ linkedTo: null, duplicateOf: null });
    expect(await getLead(office, last)).toMatchObject({ duplicateOf: middle.id, linkedTo: middle.id });
    expect(await lastDetails(host, middle.id)).toMatchObject({
      recordedElsewhere: [{ leadId: last.id, linkedTo: middle.id }],
    });
  });

  it('stay under it through its conversion and its withdrawal, and earn nothing by them', async () => {
    const { office, first, second } = await linking();
    const person = aPerson();
    const original = await submitted(office, first, person);
    const double = await submitted(office, second, person);
    await reviewer(office).approve({ id: original.id });
    await reviewer(office).convert({ id: original.id, dealValue: 5000, conversionDate: '2026-06-15' });
    await reviewer(office).withdrawConversion({ id: original.id, reason: 'No deal' });
    expect(await getLead(office, double)).toEqual(double);
    expect(await creditsOf(office, double)).toEqual([]);
    expect(await inQueue(office)).toEqual([]);
  });

  it('never go in a circle, not even where a clock was put back between two of them', async () => {
    const { office, first, second } = await linking();
    const person = aPerson();
    const original = await submitted(office, first, person);
    const before = host.clock.now();
    host.clock.set(new Date(Date.parse(before) - 3_600_000).toISOString());
    const double = await submitted(office, second, person);
    expect(double.linkedTo).toBe(original.id);
    host.clock.set(before);
    const { phone } = aPerson();
    const corrected = await reviewer(office).update({ id: original.id, leadData: { phone } });
    expect(corrected).toMatchObject({ duplicateOf: double.id, linkedTo: double.id });
    expect(await getLead(office, double)).toMatchObject({ duplicateOf: null, linkedTo: null });
    expect(await inQueue(office)).toEqual([double.id]);
  });

  it('stay where they are when they are corrected otherwise, by whatever clock they came in', async () => {
    const { office, first, second } = await linking();
    const person = aPerson();
    const original = await submitted(office, first, person);
    const before = host.clock.now();
    host.clock.set(new Date(Date.parse(before) - 3_600_000).toISOString());
    const double = await submitted(office, second, person);
    host.clock.set(before);
    const { email } = aPerson();
    for (const leadData of [{ company: 'Acme' }, { email }]) {
      expect(await reviewer(office).update({ id: double.id, leadData })).toMatchObject({
        duplicateOf: original.id,
        linkedTo: original.id,
      });
    }
  });

  it('are under a live lead that stands by itself, whatever is done in whatever order', async () => {
    const step = fc.record({
      act: fc.constantFrom(
        'submit',
        'submit',
        'submit',
        'update',
        'update',
        'reject',
        'approve',
        'notDuplicate',
      ),
      pick: fc.nat(),
      email: fc.nat(3),
      phone: fc.nat(3),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 30 }), async (steps) => {
        const { office, first, second } = await linking();
        const [emails, phones] = [0, 1, 2, 3]
          .map(() => aPerson())
          .reduce<[string[], string[]]>(
            (all, { email, phone }) => [
              [...all[0], email!],
              [...all[1], phone!],
            ],
            [[], []],
          );
        const ids: string[] = [];
        for (const { act, pick, email, phone } of steps) {
          const id = ids[pick % Math.max(ids.length, 1)] ?? '01920000-0000-7000-8000-000000000000';
          const person = { email: emails[email]!, phone: phones[phone]! };
          const acts: Record<string, () => Promise<unknown>> = {
            submit: async () => {
              const lead = await submitted(office, pick % 2 === 0 ? first : second, person);
              ids.push(lead.id);
            },
            update: () => reviewer(office).update({ id, leadData: person }),
            reject: () => reviewer(office).reject({ id, reason: 'x' }),
            approve: () => reviewer(office).approve({ id }),
            notDuplicate: () => reviewer(office).notDuplicate({ id, reason: 'x' }),
          };
          await outcomesOf([acts[act]!()]);
        }
        const leads = new Map((await walk(office, 'list')).map((lead) => [lead.id, lead]));
        for (const lead of leads.values()) {
          if (lead.linkedTo === null) continue;
          const head = leads.get(lead.linkedTo);
          expect(head).toMatchObject({ linkedTo: null });
          expect(head?.status).not.toBe('rejected');
          expect(head!.submittedAt < lead.submittedAt).toBe(true);
          // An older live one there is of the same person as it is.
          const { email, phone } = lead.leadData;
          const doubles = [...leads.values()].filter(
            (other) =>
              (other.leadData.email === email || other.leadData.phone === phone) &&
              (other.linkedTo ?? other.id) === lead.linkedTo &&
              other.submittedAt < lead.submittedAt &&
              other.status !== 'rejected',
          );
          expect(doubles.length).toBeGreaterThan(0);
        }
        for (const id of [first, second])
          expect(await countersOf(host, id)).toEqual(await recountOf(host, id));
      }),
      { numRuns: engine === 'sqlite' ? 40 : 10 },
    );
  });

  it('are looked up by the lead they are under, and without walking all leads', async () => {
    // PostgreSQL chooses by how many leads there are; here they are a handful.
    if (engine === 'postgres') return;
    // One of its own: SQLite shows a statement only when it meets it first.
    const fresh = await testHost(engine);
    const { office, first, second } = await linking(fresh);
    const person = aPerson();
    const original = await submitted(office, first, person);
    await submitted(office, second, person);
    const plans = await plansOf(fresh, /linked_to/, () =>
      reviewer(office).reject({ id: original.id, reason: 'No interest' }),
    );
    await fresh.close();
    const lookups = plans.filter((plan) => plan.includes('ix_partner_leads_linked'));
    expect(lookups.length).toBeGreaterThan(0);
    expect(plans.filter((plan) => /ix_partner_leads_submitted|SCAN partner_leads/.test(plan))).toEqual([]);
  });
});
