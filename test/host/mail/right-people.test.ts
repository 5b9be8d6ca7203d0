import sql from 'sql-template-tag';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StaffRole } from '#domain/vocabulary.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { newPolicy, submittedLead } from '../services/credit-stories.ts';
import { partnerPerson } from '../services/notifications/partner-person.ts';
import { june } from '../services/payout-stories.ts';
import { aMailServer, aSender, setUpMail } from './mail-stories.ts';

const staffed = [
  'partner_manager',
  'lead_reviewer',
  'policy_manager',
  'approver',
  'finance',
  'auditor',
] as const satisfies StaffRole[];

forEachEngine((engine) => {
  let host: TestHost;
  beforeEach(async () => {
    host = await testHost(engine);
  });
  afterEach(() => host.close());

  /** Two people of every role who work here, and a third who has left. */
  async function hireEverybody(office: TestTenant): Promise<void> {
    for (const role of staffed) {
      await office.session(role, 2);
      const { userId } = await office.session(role, 3);
      await office.as('admin').staff.update({ id: userId, isActive: false });
    }
  }

  /** One of each role, one who has left, and one who has not accepted the invitation yet. */
  async function peopleOf(office: TestTenant, partnerId: string) {
    const [admin, leadManager, viewer, gone, invited] = [
      await partnerPerson(host, partnerId, { role: 'admin', office }),
      await partnerPerson(host, partnerId, { role: 'lead_manager', office }),
      await partnerPerson(host, partnerId, { role: 'viewer', office }),
      await partnerPerson(host, partnerId, { role: 'admin', office }),
      await partnerPerson(host, partnerId, { role: 'admin', office }),
    ];
    const { tenantId } = office;
    await host.database.write({ tenantId }, async (tx) => {
      await tx.run(
        sql`update partner_users set is_active = ${false} where tenant_id = ${tenantId} and id = ${gone.id}`,
      );
      await tx.run(
        sql`update partner_users set password_hash = ${null} where tenant_id = ${tenantId} and id = ${invited.id}`,
      );
    });
    return { admin, all: [admin.email, leadManager.email, viewer.email] };
  }

  const register = (office: TestTenant, organizationName: string) =>
    office.as('partner_manager').partners.create({
      partnerType: 'portal',
      organizationName,
      contactName: 'Kim',
      contactEmail: 'kim@example.com',
      taxId: 'DE1',
      leadPrice: 5000,
      bankingDetails: {
        accountHolder: organizationName,
        iban: 'DE89370400440532013000',
        paymentMethod: 'bank_transfer',
      },
    });

  it('tells everybody by e-mail what is theirs to know, once, and nobody else', async () => {
    const smtp = await aMailServer();
    const office = await host.otherTenant();
    await setUpMail(office, smtp.port);
    await hireEverybody(office);
    const [manager, reviewer, approver, finance] = [
      office.as('partner_manager'),
      office.as('lead_reviewer'),
      office.as('approver'),
      office.as('finance'),
    ];
    const [own, other, refused] = [
      await register(office, 'Own'),
      await register(office, 'Other'),
      await register(office, 'Refused'),
    ];
    const people = await peopleOf(office, own.id);
    const others = await peopleOf(office, other.id);
    const id = own.id;
    await approver.partners.approve({ id });
    await approver.partners.reject({ id: refused.id, reason: 'No tax id.' });
    await manager.partners.update({ id, bankingDetails: { bankName: 'Sparkasse' } });
    await approver.partners.verifyBanking({ id });
    const policy = await newPolicy(office, other.id);
    await approver.creditPolicies.approve({ id: policy.id });

    const high = await submittedLead(office, id, 85);
    await reviewer.leads.approve({ id: high.id });
    const low = [await submittedLead(office, id), await submittedLead(office, id)].map((lead) => lead.id);
    await reviewer.leads.bulk({ action: 'reject', ids: low, reason: 'The number is not theirs.' });
    const [computed] = (await approver.credits.list({ partnerLeadId: high.id })).items;
    await approver.credits.approve({ id: computed!.id });
    const asked = await people.admin.client.credits.request({
      id: high.id,
      creditAmount: 100,
      reason: 'Fair',
    });
    await approver.credits.reject({ id: asked.id, reason: 'Paid before.' });
    const { payouts } = await finance.payouts.generate({ partnerId: id, ...june });
    await approver.payouts.approve({ id: payouts[0]!.id });
    const paying = { id: payouts[0]!.id, paymentDate: '2026-06-15', referenceNumber: 'X' };
    await finance.payouts.pay(paying);

    const lead = 'Ada,ada@example.com,+49 30 5550000,Acme,Buyer,Trade,Main Street 1,prospect,high,30';
    const header =
      'First name,Email,Phone,Company,Job title,Industry,Address,Lead type,Budget range,Timeline days';
    const file = Buffer.from(
      [header, lead, lead.replaceAll(/ada@|0000/g, (part) => (part === 'ada@' ? 'bo@' : '0001'))].join('\n'),
    );
    const { uploadId } = await manager.uploads.begin({ fileName: 'june.csv', size: file.length });
    await manager.uploads.append({ uploadId, offset: 0, data: file.toString('base64') });
    let accepted = 0;
    for await (const event of await manager.imports.run({ partnerId: id, uploadId })) {
      if (event.type === 'result') accepted = event.result.accepted;
    }
    expect(accepted).toBe(2);
    await aSender(host).run();

    const both = (role: StaffRole) => [`${role}-1@example.com`, `${role}-2@example.com`];
    const told = new Map<string, string[]>();
    for (const { event, address, status } of (await office.as('admin').mail.outbox({ limit: 500 })).items) {
      expect(status).toBe('sent');
      told.set(event, [...(told.get(event) ?? []), address]);
    }
    const expected = {
      partner_approved: [...people.all, ...both('partner_manager')],
      partner_rejected: both('partner_manager'),
      bank_details_changed: both('approver'),
      policy_awaiting_approval: both('approver'),
      // Who wrote it, too: somebody else approved it.
      policy_approved: both('policy_manager'),
      high_quality_lead: both('lead_reviewer'),
      high_quality_leads_imported: both('lead_reviewer'),
      lead_approved: people.all,
      // Each lead of a bulk, once.
      lead_rejected: [...people.all, ...people.all],
      // The computed one waits in the app only.
      credit_awaiting_decision: both('approver'),
      credit_approved: people.all,
      // Who asked for it is of the partner, and still told once.
      credit_rejected: people.all,
      payout_awaiting_approval: both('approver'),
      payout_approved: [people.admin.email, ...both('finance')],
      // The first one paid it.
      payout_paid: [people.admin.email, 'finance-2@example.com'],
    };
    const sorted = (lists: Iterable<[string, string[]]>) =>
      Object.fromEntries([...lists].map(([event, addresses]) => [event, addresses.toSorted()]));
    expect(sorted(told)).toEqual(sorted(Object.entries(expected)));
    const arrived = smtp.received.map(({ to }) => to.join(' ')).toSorted();
    expect(arrived).toEqual(Object.values(expected).flat().toSorted());
    expect(arrived.filter((address) => others.all.includes(address))).toEqual([]);
    const rejections = smtp.received.filter(
      ({ mail }) => mail.subject?.includes('was rejected') && mail.subject.startsWith('Lead'),
    );
    expect(rejections.every(({ mail }) => mail.text?.includes('The number is not theirs.'))).toBe(true);
  });
});
