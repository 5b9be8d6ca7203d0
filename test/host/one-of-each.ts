import sql, { raw } from 'sql-template-tag';
import { allTables, type Database, sessions } from '#host/database/index.ts';
import { addressNotifications } from '#host/mail/outbox.ts';
import { openSession } from '#host/services/organization/sessions.ts';
import type { Client, TestTenant } from '#test/support/host.ts';
import { approvedLead, leadData, policyInForce, submittedLead } from './services/credit-stories.ts';
import { paid, pendingPayout } from './services/payout-stories.ts';

/** The kinds of rows that ids on the wire stand for. */
export type Kind =
  | 'staff'
  | 'partner'
  | 'source'
  | 'lead'
  | 'entry'
  | 'view'
  | 'upload'
  | 'import'
  | 'job'
  | 'policy'
  | 'project'
  | 'campaign'
  | 'credit'
  | 'payout'
  | 'paidPayout'
  | 'payment'
  | 'period'
  | 'line'
  | 'export'
  | 'document'
  /** One that a test may remove. */
  | 'spareDocument'
  | 'notification'
  | 'mail'
  | 'partnerUser'
  | 'session'
  /** One that nobody decides: only the calls that hand it to somebody use it. */
  | 'newLead';

export interface Rows {
  /** The id of the organization's row; an upload and a session are new ones each time, since they are used up. */
  id(kind: Kind): Promise<string>;
  /** Everything the organization has, to see that it stays so. */
  snapshot(): Promise<unknown>;
}

let serial = 0;

/**
 * An organization with one row of each kind, made through the calls. What belongs to a person, such as an upload, is the
 * admin's, or of whoever `actor` makes it for.
 */
export async function oneOfEach(
  office: TestTenant,
  database: Database,
  actor: (partnerId: string) => Client = () => office.as('admin'),
): Promise<Rows> {
  const admin = office.as('admin');
  const { partner, payout, lines } = await pendingPayout(office, [1000]);
  const line = lines[0]!;
  const settled = await pendingPayout(office, [500]);
  await office.as('approver').payouts.approve({ id: settled.payout.id });
  await paid(office, settled.payout);
  const [payment] = (await admin.payouts.payments({ id: settled.payout.id })).items;
  // An organization may be asked for its rows twice; its books are closed once.
  const [closed] = (await admin.periods.list({})).items;
  const period = closed ?? (await office.as('finance').periods.close({ periodEnd: '2025-12-31' }));
  const [source] = (await admin.sources.list({ id: partner.id })).items;
  const policy = await policyInForce(office, partner.id);
  const approved = await approvedLead(office, partner.id);
  const project = await admin.projects.create({ code: `OFFICES-${++serial}`, name: 'Offices' });
  const campaign = await admin.campaigns.create({ code: `SUMMER-${++serial}`, name: 'Summer' });
  const lead = await office.as('partner_manager').leads.submit({ id: partner.id, leadData: leadData[70]() });

  const newLead = await submittedLead(office, partner.id);
  const own = actor(partner.id);
  const upload = async (): Promise<string> => {
    const { uploadId } = await own.uploads.begin({ fileName: 'leads.csv', size: 100 });
    const row = `First,Last,Email,Phone\nA,B,a${++serial}@example.com,+49 30 ${6_000_000 + serial}\n`;
    await own.uploads.append({ uploadId, offset: 0, data: Buffer.from(row).toString('base64') });
    return uploadId;
  };
  const events = await own.imports.run({ partnerId: partner.id, uploadId: await upload() });
  let imported = '';
  for await (const event of events) {
    if (event.type === 'result' && event.result.importId !== null) imported = event.result.importId;
  }
  const exported = await admin.payoutExports.create({ payoutIds: [payout.id], format: 'csv_lines' });
  const document = async (): Promise<string> => {
    const { uploadId } = await admin.uploads.begin({ fileName: 'tax.pdf', size: 9 });
    const data = Buffer.from(`%PDF-1.7 ${++serial}`).toString('base64');
    await admin.uploads.append({ uploadId, offset: 0, data });
    return (await admin.partnerDocuments.add({ id: partner.id, name: 'Tax', kind: 'tax', uploadId })).id;
  };
  const me = await admin.auth.me();
  const [job] = (await admin.jobs.list({})).items;
  const view = await own.savedViews.create({ list: 'leads', name: `Mine ${++serial}`, filters: {} });
  const { id: partnerUser } = await admin.partnerUsers.create({
    id: partner.id,
    email: `person-${++serial}@example.com`,
    firstName: 'Kim',
    lastName: 'Berg',
    role: 'viewer',
  });
  const session = async (): Promise<string> => {
    const { id: userId, kind } = await own.auth.me();
    // Ahead of every test's clock, so that it has not ended.
    const now = '2030-01-01T00:00:00.000Z';
    return database.write({ tenantId: office.tenantId }, async (tx) => {
      await openSession(tx, { tenantId: office.tenantId, userId, station: null, kind }, now);
      const [latest] = await tx.list(
        sessions,
        sql`user_id = ${userId} and created_at = ${now} order by id desc limit 1`,
      );
      return latest!.id;
    });
  };
  const [told] = (await own.notifications.list({ limit: 1 })).items;
  await addressNotifications({ database, now: () => '2026-06-15T12:00:00.000Z' }, office.tenantId);
  const { items: mails } = await admin.mail.outbox({ limit: 1 });

  const ids: Record<Exclude<Kind, 'upload' | 'session'>, string> = {
    staff: me.id,
    partner: partner.id,
    source: source!.id,
    lead: lead.id,
    entry: approved.leadId!,
    view: view.id,
    import: imported,
    job: job!.id,
    policy: policy.id,
    project: project.id,
    campaign: campaign.id,
    credit: line.creditId,
    payout: payout.id,
    paidPayout: settled.payout.id,
    payment: payment!.id,
    period: period.id,
    line: line.id,
    export: exported.id,
    document: await document(),
    spareDocument: await document(),
    newLead: newLead.id,
    partnerUser,
    notification: told!.id,
    mail: mails[0]!.id,
  };
  return {
    id: async (kind) =>
      kind === 'upload' ? await upload() : kind === 'session' ? await session() : ids[kind],
    snapshot: () =>
      database.read('system', async (reader) => {
        const rows: Record<string, unknown> = {};
        for (const { name } of allTables) {
          if (name === 'tenants' || name === 'sessions') continue;
          const all = await reader.all(sql`select * from ${raw(name)} where tenant_id = ${office.tenantId}`);
          // In which order they come is the database's own business.
          rows[name] = all.map((row) => JSON.stringify(row)).toSorted();
        }
        return rows;
      }),
  };
}
