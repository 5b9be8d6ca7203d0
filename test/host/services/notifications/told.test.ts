import { performance } from 'node:perf_hooks';
import sql, { type Sql } from 'sql-template-tag';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { NotificationEvent } from '#domain/notifications.ts';
import { partnerLeadCredits, partnerLeads } from '#host/database/index.ts';
import { JobCancelled, JobInterrupted } from '#host/services/jobs/stopping.ts';
import { leadApproved } from '#host/services/notifications/drafts.ts';
import { notify } from '#host/services/notifications/notify.ts';
import { generateForAll } from '#host/services/payouts/generation-run.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { type Client, refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import {
  activePartner,
  approvedLead,
  leadData,
  newPolicy,
  policyInForce,
  submittedLead,
} from '../credit-stories.ts';
import { approvedCredits, june, paid, payablePartner, pendingPayout } from '../payout-stories.ts';
import { partnerPerson } from './partner-person.ts';

forEachEngine((engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  afterAll(() => host.close());

  /** What somebody was told of a thing, oldest first. */
  async function toldOf(client: Client, resourceId: string | null, event?: NotificationEvent) {
    const { items } = await client.notifications.list({ limit: 500 });
    return items
      .filter((item) => item.resourceId === resourceId && (event === undefined || item.event === event))
      .toReversed();
  }
  const events = async (client: Client, resourceId: string | null) =>
    (await toldOf(client, resourceId)).map((item) => item.event);

  it('tells a partner’s people of the decisions on their leads, with the reason, and nobody else’s', async () => {
    const partner = await activePartner(host);
    const other = await activePartner(host);
    const viewer = await partnerPerson(host, partner.id, { role: 'viewer' });
    const stranger = await partnerPerson(host, other.id);
    const good = await approvedLead(host, partner.id);
    const bad = await submittedLead(host, partner.id);
    await host.as('lead_reviewer').leads.reject({ id: bad.id, reason: 'The number is not theirs.' });

    expect(await toldOf(viewer.client, good.id)).toMatchObject([
      {
        event: 'lead_approved',
        title: `Lead Joe Summer was approved`,
        resource: 'lead',
        partnerId: partner.id,
        data: { leadName: 'Joe Summer', partnerName: partner.organizationName, qualityScore: 70 },
        readAt: null,
      },
    ]);
    expect(await toldOf(viewer.client, bad.id)).toMatchObject([
      { event: 'lead_rejected', data: { reason: 'The number is not theirs.' } },
    ]);
    expect((await stranger.client.notifications.list({})).items.map((item) => item.partnerId)).not.toContain(
      partner.id,
    );
    const [first] = await toldOf(viewer.client, good.id);
    expect((await refusalOf(stranger.client.notifications.read({ id: first!.id }))).code).toBe('NOT_FOUND');
  });

  it('tells reviewers of a high-quality lead that comes in, or is made one, once', async () => {
    const partner = await activePartner(host);
    const high = await submittedLead(host, partner.id, 85);
    const low = await submittedLead(host, partner.id, 70);
    const reviewer = host.as('lead_reviewer', 2);
    expect(await events(reviewer, high.id)).toEqual(['high_quality_lead']);
    expect(await events(reviewer, low.id)).toEqual([]);
    for (const leadType of ['prospect', 'customer']) {
      await host
        .as('lead_reviewer')
        .leads.update({ id: low.id, leadData: { leadType, budgetRange: 'high' } });
    }
    expect(await events(reviewer, low.id)).toEqual(['high_quality_lead']);
    expect(await events(host.as('finance'), high.id)).toEqual([]);
  });

  it('tells reviewers of an import once, however many high-quality leads it brought', async () => {
    const partner = await activePartner(host);
    const manager = host.as('partner_manager');
    const rows = Array.from({ length: 300 }, (_, i) => {
      const { email, phone, ...rest } = leadData[100]();
      return [
        'Ada',
        `Import ${i}`,
        email,
        phone,
        rest.company,
        rest.jobTitle,
        rest.industry,
        rest.address,
        rest.leadType,
        rest.budgetRange,
        rest.timelineDays,
      ];
    });
    const header =
      'First name,Last name,Email,Phone,Company,Job title,Industry,Address,Lead type,Budget range,Timeline days';
    const csv = Buffer.from([header, ...rows.map((row) => row.join(','))].join('\n'));
    const { uploadId } = await manager.uploads.begin({ fileName: 'june.csv', size: csv.length });
    await manager.uploads.append({ uploadId, offset: 0, data: csv.toString('base64') });
    let importId: string | null = null;
    for await (const event of await manager.imports.run({ partnerId: partner.id, uploadId })) {
      if (event.type === 'result') importId = event.result.importId;
    }
    expect(await toldOf(host.as('lead_reviewer'), importId)).toMatchObject([
      { event: 'high_quality_leads_imported', data: { leadCount: 300, fileName: 'june.csv' } },
    ]);
    const written = await host.database.read({ tenantId: host.tenantId }, (reader) =>
      reader.get<{ n: number }>(sql`select count(*) as n from notifications
        where tenant_id = ${host.tenantId} and partner_id = ${partner.id} and event like 'high%'`),
    );
    expect(written?.n).toBe(1);
  });

  it('tells approvers of a payout, and the partner’s admins and finance of what became of it', async () => {
    const { partner, payout } = await pendingPayout(host, [1000, 2000]);
    const admin = await partnerPerson(host, partner.id);
    const viewer = await partnerPerson(host, partner.id, { role: 'viewer' });
    expect(await toldOf(host.as('approver'), payout.id)).toMatchObject([
      {
        event: 'payout_awaiting_approval',
        title: `Payout ${payout.payoutNumber} of ${partner.organizationName} awaits approval`,
        data: { amount: 3000, currency: 'EUR', periodStart: june.periodStart },
      },
    ]);
    await host.as('approver').payouts.approve({ id: payout.id, amount: 1000 });
    // Two part payments: each is told, with what is still open.
    await paid(host, payout, 400);
    const told = ['payout_partially_approved', 'payout_paid'];
    expect(await events(admin.client, payout.id)).toEqual(told);
    expect(await toldOf(admin.client, payout.id)).toMatchObject([
      { data: { amount: 1000, totalAmount: 3000 } },
      { title: `4.00 EUR was paid for payout ${payout.payoutNumber}`, data: { openAmount: 600 } },
    ]);
    // Finance 1 paid, and is not told of the own payment; finance 2 is told of both.
    expect(await events(host.as('finance', 2), payout.id)).toEqual(told);
    expect(await events(host.as('finance'), payout.id)).toEqual(['payout_partially_approved']);
    expect(await events(viewer.client, payout.id)).toEqual([]);

    const second = await pendingPayout(host, [500]);
    const secondAdmin = await partnerPerson(host, second.partner.id);
    await host.as('approver').payouts.reject({ id: second.payout.id, notes: 'Too early.' });
    expect(await toldOf(secondAdmin.client, second.payout.id)).toMatchObject([
      { event: 'payout_rejected', data: { notes: 'Too early.' } },
    ]);
    const third = await pendingPayout(host, [700]);
    await host.as('approver').payouts.approve({ id: third.payout.id });
    expect(await events(host.as('finance'), third.payout.id)).toEqual(['payout_approved']);
  });

  it('tells approvers of a payout made by hand, and that a second approval is wanted', async () => {
    const office = await host.otherTenant();
    await office.as('admin').settings.update({ secondApprovalThreshold: 1000 });
    const partner = await payablePartner(office);
    const [credit] = await approvedCredits(office, partner.id, [1100]);
    const { id } = await office
      .as('finance')
      .payouts.create({ partnerId: partner.id, ...june, creditIds: [credit!.id] });
    const awaits = 'payout_awaiting_approval';
    expect(await events(office.as('approver', 2), id)).toEqual([awaits]);
    await office.as('approver').payouts.approve({ id });
    expect(await events(office.as('approver', 2), id)).toEqual([awaits, awaits]);
  });

  it('tells whom it told of an approval or a payment that it was cancelled or came back', async () => {
    const { partner, payout } = await pendingPayout(host, [1000]);
    const admin = await partnerPerson(host, partner.id);
    await host.as('approver').payouts.approve({ id: payout.id });
    await paid(host, payout, 400);
    const finance = host.as('finance');
    const [payment] = (await finance.payouts.payments({ id: payout.id })).items;
    const failure = { id: payout.id, paymentId: payment!.id, reason: 'The account was closed.' };
    await finance.payouts.failPayment({ ...failure, date: '2026-06-15' });
    await host.as('approver').payouts.cancel({ id: payout.id, reason: 'Another account first.' });
    expect(await toldOf(admin.client, payout.id)).toMatchObject([
      { event: 'payout_approved' },
      { event: 'payout_paid' },
      {
        event: 'payment_failed',
        title: `A payment of 4.00 EUR for payout ${payout.payoutNumber} failed`,
        data: { amount: 400, referenceNumber: 'SEPA-1', reason: 'The account was closed.' },
      },
      { event: 'payout_cancelled', data: { amount: 1000, reason: 'Another account first.' } },
    ]);
    // Finance 1 recorded the failure, and is told of what the approver did.
    expect(await events(finance, payout.id)).toEqual(['payout_approved', 'payout_cancelled']);
  });

  it('tells how much of a credit was taken back, and who asked for an adjustment what became of it', async () => {
    const partner = await payablePartner(host);
    const person = await partnerPerson(host, partner.id);
    const [credit] = await approvedCredits(host, partner.id, [5000]);
    await host.as('approver').credits.reverse({ id: credit!.id, amount: 1200, reason: 'A part of it.' });
    expect(await toldOf(person.client, credit!.id, 'credit_reversed')).toMatchObject([
      { title: '12.00 EUR of a credit was taken back', data: { amount: 1200 } },
    ]);
    await host.as('approver').credits.reverse({ id: credit!.id, reason: 'The rest.' });
    expect(await toldOf(person.client, credit!.id, 'credit_reversed')).toMatchObject([
      { data: { amount: 1200 } },
      { data: { amount: 3800 } },
    ]);
    const asked = await host
      .as('partner_manager')
      .credits.adjust({ id: partner.id, kind: 'bonus', amount: 700, reason: 'A good year.' });
    expect(await events(host.as('approver'), asked.id)).toEqual(['credit_awaiting_decision']);
    await host.as('approver').credits.approve({ id: asked.id });
    for (const client of [person.client, host.as('partner_manager')]) {
      expect(await events(client, asked.id)).toEqual(['credit_approved']);
    }
    expect(await events(host.as('partner_manager', 2), asked.id)).toEqual([]);
  });

  it('tells approvers of a run over all partners once', async () => {
    const office = await host.otherTenant();
    for (let partners = 0; partners < 3; partners += 1) {
      const { id } = await payablePartner(office);
      await approvedCredits(office, id, [1000]);
    }
    await office.as('finance').payouts.generate(june);
    const { items } = await office.as('approver').notifications.list({});
    expect(items.filter((item) => item.resource === 'payout')).toMatchObject([
      { event: 'payouts_awaiting_approval', resourceId: null, data: { payoutCount: 3 } },
    ]);
    await office.as('finance').payouts.generate(june);
    expect((await office.as('approver').notifications.list({})).items).toHaveLength(items.length);
  });

  it.each([
    { why: 'cancelled', reason: new JobCancelled(), runId: 'a run', told: [1] },
    { why: 'broken off for good', reason: new JobInterrupted(), runId: undefined, told: [1] },
    // It goes on under its id, and tells of all of it at its end.
    { why: 'broken off', reason: new JobInterrupted(), runId: 'a run', told: [] },
    { why: 'hit by a fault', reason: new Error('The disk is full.'), runId: 'a run', told: [] },
    { why: 'hit by a fault for good', reason: new Error('The disk is full.'), runId: undefined, told: [1] },
  ])('tells approvers of what a run made that was $why', async ({ reason, runId, told }) => {
    const office = await host.otherTenant();
    for (let partners = 0; partners < 3; partners += 1) {
      const { id } = await payablePartner(office);
      await approvedCredits(office, id, [1000]);
    }
    // Every look at the clock is 30 ms later, so that each partner has a transaction of its own.
    let at = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => (at += 60));
    const stop = new AbortController();
    const { signal } = stop;
    const session = await office.session('finance');
    const run = generateForAll(host.context, session, june, { signal, runId });
    await expect(
      (async () => {
        for await (const { generated } of run) if (generated === 1) stop.abort(reason);
      })(),
    ).rejects.toBe(reason);
    vi.restoreAllMocks();
    expect((await office.as('approver').payouts.list({})).items).toHaveLength(1);
    const counts = async () =>
      (await office.as('approver').notifications.list({})).items
        .filter(({ event }) => event === 'payouts_awaiting_approval')
        .map(({ data }) => data['payoutCount']);
    expect(await counts()).toEqual(told);
    const again = generateForAll(host.context, session, june, {
      signal: new AbortController().signal,
      runId,
    });
    for await (const _progress of again);
    // Of all of them, or of those that were left.
    expect(await counts()).toEqual([runId === undefined ? 2 : 3, ...told]);
  });

  it('tells approvers of what a run made that was broken off and then given up', async () => {
    const office = await testHost(engine);
    for (let partners = 0; partners < 3; partners += 1) {
      const { id } = await payablePartner(office);
      await approvedCredits(office, id, [1000]);
    }
    await office.context.jobs.stop();
    const finance = office.as('finance');
    const job = await finance.jobs.start({ kind: 'payout_generation', input: june });
    let at = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => (at += 60));
    const stop = new AbortController();
    const session = await office.session('finance');
    const run = generateForAll(office.context, session, june, {
      signal: stop.signal,
      runId: `job:${job.id}`,
    });
    const broken = (async () => {
      for await (const { generated } of run) if (generated === 2) stop.abort(new JobInterrupted());
    })();
    await expect(broken).rejects.toBeInstanceOf(JobInterrupted);
    vi.restoreAllMocks();
    const counts = async () =>
      (await office.as('approver').notifications.list({})).items
        .filter(({ event }) => event === 'payouts_awaiting_approval')
        .map(({ data }) => data['payoutCount']);
    expect(await counts()).toEqual([]);
    expect((await finance.jobs.get({ id: job.id })).status).toBe('interrupted');
    await finance.jobs.cancel({ id: job.id });
    expect(await counts()).toEqual([2]);
    await office.close();
  });

  it('tells nobody that a lead is ready for review that is recorded under another, until it is', async () => {
    const office = await host.otherTenant();
    await office.as('admin').settings.update({ duplicateHandling: 'link' });
    const [first, second] = [await activePartner(office), await activePartner(office)];
    const person = leadData[100]();
    const manager = office.as('partner_manager');
    const original = await manager.leads.submit({ id: first.id, leadData: person });
    const linked = await manager.leads.submit({ id: second.id, leadData: person });
    expect(linked.linkedTo).toBe(original.id);
    const reviewer = office.as('lead_reviewer', 2);
    expect(await events(reviewer, original.id)).toEqual(['high_quality_lead']);
    expect(await events(reviewer, linked.id)).toEqual([]);
    await office.as('lead_reviewer').leads.notDuplicate({ id: linked.id, reason: 'Father and son.' });
    expect(await events(reviewer, linked.id)).toEqual(['high_quality_lead']);

    const third = await manager.leads.submit({ id: second.id, leadData: person });
    expect(third.linkedTo).toBe(original.id);
    expect(await events(reviewer, third.id)).toEqual([]);
    await office.as('lead_reviewer').leads.reject({ id: original.id, reason: 'No interest.' });
    const freed = await office.as('lead_reviewer').leads.get({ id: third.id });
    expect(await events(reviewer, third.id)).toEqual(freed.linkedTo === null ? ['high_quality_lead'] : []);
  });

  it('tells a partner’s people in the app of a credit that was approved at once', async () => {
    const partner = await activePartner(host);
    const person = await partnerPerson(host, partner.id, { role: 'viewer' });
    await policyInForce(host, partner.id, { autoApprove: true });
    const lead = await approvedLead(host, partner.id);
    const [credit] = (await host.as('auditor').credits.list({ partnerLeadId: lead.id })).items;
    expect(credit?.status).toBe('approved');
    expect(await toldOf(person.client, credit!.id)).toMatchObject([
      { event: 'credit_approved', data: { amount: credit!.creditAmount, leadName: 'Joe Summer' } },
    ]);
    expect(await events(host.as('approver'), credit!.id)).toEqual([]);
    const rows = await host.database.read({ tenantId: host.tenantId }, (reader) =>
      reader.all<{ awaits_mail: unknown }>(sql`select awaits_mail from notifications
        where tenant_id = ${host.tenantId} and resource_id = ${credit!.id} and not awaits_mail`),
    );
    expect(rows).toHaveLength(1);
  });

  it('tells of partners approved, rejected and suspended, and of changed bank details', async () => {
    const partner = await activePartner(host);
    const person = await partnerPerson(host, partner.id, { role: 'viewer' });
    await host.as('approver').partners.suspend({ id: partner.id, reason: 'Under review.' });
    await host
      .as('partner_manager')
      .partners.update({ id: partner.id, bankingDetails: { bankName: 'Sparkasse' } });
    // Another word changes no bank detail.
    await host.as('partner_manager').partners.update({ id: partner.id, city: 'Kiel' });
    expect(await events(person.client, partner.id)).toEqual(['partner_approved', 'partner_suspended']);
    expect(await events(host.as('partner_manager'), partner.id)).toEqual([
      'partner_approved',
      'partner_suspended',
    ]);
    expect(await events(host.as('approver'), partner.id)).toEqual(['bank_details_changed']);
    // Why it was suspended is the staff's own, here as in the partner itself.
    const all = JSON.stringify((await person.client.notifications.list({})).items);
    expect(all).not.toContain('Under review.');

    const { id } = await host.as('partner_manager').partners.create({
      partnerType: 'vendor',
      organizationName: 'Never',
      contactEmail: 'never@example.com',
    });
    await host.as('approver').partners.reject({ id, reason: 'No tax id.' });
    expect(await toldOf(host.as('partner_manager'), id)).toMatchObject([
      { event: 'partner_rejected', data: { reason: 'No tax id.' } },
    ]);
  });

  it('tells of policies and credits that wait, and of the decisions', async () => {
    const partner = await activePartner(host);
    const person = await partnerPerson(host, partner.id, { role: 'lead_manager' });
    const policy = await newPolicy(host, partner.id);
    expect(await events(host.as('approver'), policy.id)).toEqual(['policy_awaiting_approval']);
    await host.as('approver').creditPolicies.approve({ id: policy.id });
    expect(await toldOf(host.as('policy_manager'), policy.id)).toMatchObject([
      { event: 'policy_approved', data: { policyCode: policy.policyCode, revision: 1 } },
    ]);
    await host.as('policy_manager').creditPolicies.update({ id: policy.id, baseCredit: 1500 });
    expect(await events(host.as('approver'), policy.id)).toEqual([
      'policy_awaiting_approval',
      'policy_awaiting_approval',
    ]);
    await host.as('policy_manager').creditPolicies.update({ id: policy.id, policyName: 'Another name' });
    expect(await events(host.as('approver'), policy.id)).toHaveLength(2);

    const lead = await approvedLead(host, partner.id);
    const [computed] = (await host.as('auditor').credits.list({ partnerLeadId: lead.id })).items;
    expect(await events(host.as('approver'), computed!.id)).toEqual(['credit_awaiting_decision']);
    const asked = await host
      .as('partner_manager')
      .credits.request({ id: lead.id, creditAmount: 250, reason: 'Fair' });
    expect(await toldOf(host.as('approver'), asked.id)).toMatchObject([
      { event: 'credit_awaiting_decision', data: { amount: 250, reason: 'Fair', leadName: 'Joe Summer' } },
    ]);
    await host.as('approver').credits.reject({ id: asked.id, reason: 'Paid before.' });
    await host.as('approver').credits.approve({ id: computed!.id });
    await host.as('approver').credits.reverse({ id: computed!.id, reason: 'Fell through.' });
    expect(await events(person.client, computed!.id)).toEqual(['credit_approved', 'credit_reversed']);
    expect(await toldOf(person.client, asked.id)).toMatchObject([
      { event: 'credit_rejected', data: { reason: 'Paid before.' } },
    ]);
    // Whoever asked is told, whatever the role.
    expect(await events(host.as('partner_manager'), asked.id)).toEqual(['credit_rejected']);
    expect(await events(host.as('partner_manager', 2), asked.id)).toEqual([]);
  });

  it('is nothing where the command is refused', async () => {
    const { payout } = await pendingPayout(host, [1000]);
    await host.as('approver').payouts.approve({ id: payout.id });
    const before = (await host.as('finance', 2).notifications.list({ limit: 500 })).items.length;
    await refusalOf(host.as('approver', 2).payouts.approve({ id: payout.id }));
    expect((await host.as('finance', 2).notifications.list({ limit: 500 })).items).toHaveLength(before);
  });

  it('costs an approval one INSERT and no read, whatever it left to be decided', async () => {
    const partner = await activePartner(host);
    await policyInForce(host, partner.id);
    const lead = await approvedLead(host, partner.id);
    const audiences = await host.database.read({ tenantId: host.tenantId }, (reader) =>
      reader.all<{ audience: string }>(sql`select audience from notifications
        where tenant_id = ${host.tenantId} and partner_id = ${partner.id} and actor_id is not null
          and event in ('lead_approved', 'credit_awaiting_decision') order by audience`),
    );
    expect(audiences.map((row) => row.audience)).toEqual([`partner:${partner.id}`, 'staff:approver']);

    const session = await host.session('lead_reviewer');
    const statements: string[] = [];
    await host.database.write({ tenantId: host.tenantId }, async (tx) => {
      const row = await tx.find(partnerLeads, { id: lead.id });
      const made = await tx.list(partnerLeadCredits, sql`partner_lead_id = ${lead.id}`);
      const counted = new Proxy(tx, {
        get: (target, name, receiver) => {
          if (name === 'run') {
            return (statement: Sql) => {
              statements.push(statement.sql.trim().slice(0, 25));
              return target.run(statement);
            };
          }
          if (name === 'engine' || name === 'scope') return Reflect.get(target, name, receiver);
          throw new Error(`${String(name)} is one too many.`);
        },
      });
      const work = { tx: counted, now: host.clock.now(), record: () => undefined, changed: () => undefined };
      await notify(work, session, ...leadApproved(row!, partner, [...made, ...made]));
    });
    expect(statements).toEqual(['insert into notifications']);
  });

  it('reads page by page, counts the unread, and keeps who read what apart', async () => {
    const office = await host.otherTenant();
    const partner = await activePartner(office);
    for (let leads = 0; leads < 5; leads += 1) await submittedLead(office, partner.id, 85);
    const [one, two, admin] = [office.as('lead_reviewer'), office.as('lead_reviewer', 2), office.as('admin')];
    const first = await one.notifications.list({ limit: 2, total: true });
    expect(first).toMatchObject({ unreadCount: 5, total: 5 });
    const second = await one.notifications.list({ limit: 2, cursor: first.nextCursor! });
    const third = await one.notifications.list({ limit: 2, cursor: second.nextCursor! });
    const all = [...first.items, ...second.items, ...third.items].map((item) => item.id);
    expect([new Set(all).size, third.nextCursor]).toEqual([5, null]);
    expect(all).toEqual(all.toSorted().toReversed());

    const read = await one.notifications.read({ id: all[1]! });
    expect(read.readAt).not.toBeNull();
    expect((await one.notifications.read({ id: all[1]! })).readAt).toBe(read.readAt);
    const unread = await one.notifications.list({ unread: true });
    expect(unread.items.map((item) => item.id)).toEqual(all.filter((id) => id !== all[1]));
    expect(unread.unreadCount).toBe(4);
    await one.notifications.readAll();
    expect((await one.notifications.list({ unread: true })).items).toEqual([]);
    expect((await one.notifications.list({})).items.every((item) => item.readAt !== null)).toBe(true);
    await submittedLead(office, partner.id, 85);
    expect((await one.notifications.list({})).unreadCount).toBe(1);
    // The others have read nothing.
    expect((await two.notifications.list({})).unreadCount).toBe(6);
    expect((await admin.notifications.list({ limit: 100 })).unreadCount).toBeGreaterThanOrEqual(6);
    expect((await refusalOf(one.notifications.list({ cursor: 'x' }))).code).toBe('VALIDATION');
  });

  it('leaves unread what comes later with an older id, as from a host whose clock is behind', async () => {
    const office = await host.otherTenant();
    const partner = await activePartner(office);
    const reviewer = office.as('lead_reviewer');
    await submittedLead(office, partner.id, 85);
    await reviewer.notifications.readAll();
    const [newest] = (await reviewer.notifications.list({ limit: 1 })).items;
    const tell = (secondsBefore: number) =>
      host.database.write({ tenantId: office.tenantId }, async (tx) => {
        const ms = Number.parseInt(newest!.id.replaceAll('-', '').slice(0, 12), 16) - secondsBefore * 1000;
        const hex = ms.toString(16).padStart(12, '0');
        const id = `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
        await tx.run(sql`insert into notifications
          (tenant_id, audience, id, event, resource, resource_id, partner_id, data, actor_id, awaits_mail, created_at)
          select tenant_id, audience, ${id}, event, resource, resource_id, partner_id, data, actor_id, awaits_mail, created_at
          from notifications where tenant_id = ${office.tenantId} and audience = 'staff:lead_reviewer' and id = ${newest!.id}`);
        return id;
      });
    const late = await tell(20);
    const unread = async () => {
      const { items, unreadCount } = await reviewer.notifications.list({ unread: true });
      return [unreadCount, ...items.map(({ id }) => id)];
    };
    expect(await unread()).toEqual([1, late]);
    await reviewer.notifications.readAll();
    expect(await unread()).toEqual([0]);
    // However many came in that time.
    for (let n = 0; n < 250; n += 1) await tell(19 - n / 20);
    expect((await unread())[0]).toBe(250);
    await reviewer.notifications.readAll();
    expect(await unread()).toEqual([0]);
  });

  it('offers everybody the events that can reach them', async () => {
    const partner = await activePartner(host);
    const viewer = await partnerPerson(host, partner.id, { role: 'viewer' });
    const labels = (await viewer.client.notifications.preferences()).items.map((item) => item.event);
    expect(labels).toContain('lead_approved');
    expect(labels).not.toContain('payout_paid');
    expect(labels).not.toContain('bank_details_changed');
    const changed = await viewer.client.notifications.updatePreferences({
      byMail: { lead_approved: false, bank_details_changed: false },
    });
    expect(changed.items.filter((item) => !item.byMail).map((item) => item.event)).toEqual(['lead_approved']);
    const reviewer = await host.as('lead_reviewer').notifications.preferences();
    expect(reviewer.items.every((item) => item.byMail)).toBe(true);
  });

  it('tells nothing to another organization', async () => {
    const office = await host.otherTenant();
    const told = await Promise.all(
      (['admin', 'approver', 'finance', 'lead_reviewer'] as const).map((role) =>
        office.as(role).notifications.list({}),
      ),
    );
    expect(told.flatMap(({ items }) => items)).toEqual([]);
  });
});
