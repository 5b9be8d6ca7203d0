import { afterEach } from 'vitest';
import type { Inputs, Outputs } from '#contract/index.ts';
import { addressNotifications } from '#host/mail/outbox.ts';
import { type MailSender, type MailSenderOptions, mailSender } from '#host/mail/sender.ts';
import type { TestHost, TestTenant } from '#test/support/host.ts';
import { smtpServer, type TestSmtp, type TestTls } from '#test/support/smtp.ts';
import { activePartner, type Partner, submittedLead } from '../services/credit-stories.ts';
import { type PartnerPerson, partnerPerson } from '../services/notifications/partner-person.ts';

/** What the stories about e-mails begin with. */

export type OutboxItem = Outputs['mail']['outbox']['items'][number];

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** A mail server that is closed after the test. */
export async function aMailServer(login?: { user: string; pass: string }, tls?: TestTls): Promise<TestSmtp> {
  const smtp = await smtpServer(login, tls);
  open.push(() => smtp.close());
  return smtp;
}

/** A sender with no chance in its pauses: every one is as long as it may be. */
export function aSender(host: TestHost, options: MailSenderOptions = {}): MailSender {
  const sender = mailSender(host.context, { random: () => 0, ...options });
  open.push(() => sender.close());
  return sender;
}

export function setUpMail(
  office: TestTenant,
  port: number,
  changes: Partial<Inputs['mail']['updateSettings']> = {},
): Promise<Outputs['mail']['settings']> {
  return office.as('admin').mail.updateSettings({
    isEnabled: true,
    host: '127.0.0.1',
    port,
    security: 'none',
    userName: null,
    fromName: 'Nordwind',
    fromAddress: 'office@nordwind.example',
    ...changes,
  });
}

/** A partner with a person of its own, to whom nothing was sent so far. */
export async function aPartnerWithPerson(
  host: TestHost,
  office: TestTenant = host,
): Promise<{ partner: Partner; person: PartnerPerson }> {
  const partner = await activePartner(office);
  // So that what came before the person is not for them.
  while (await addressNotifications(host.context, office.tenantId));
  return { partner, person: await partnerPerson(host, partner.id, { office }) };
}

/** Rejects a new lead of the partner, of which the partner's people are told. */
export async function rejectALead(
  office: TestTenant,
  partner: Partner,
  { reason = 'The number is not theirs.', ...leadData }: { reason?: string; firstName?: string } = {},
): Promise<string> {
  const lead = await submittedLead(office, partner.id);
  if (leadData.firstName !== undefined) {
    await office.as('lead_reviewer').leads.update({ id: lead.id, leadData });
  }
  await office.as('lead_reviewer').leads.reject({ id: lead.id, reason });
  return lead.id;
}

/** What the outbox holds for an address, oldest first. */
export async function outboxOf(office: TestTenant, address: string): Promise<OutboxItem[]> {
  const { items } = await office.as('admin').mail.outbox({ limit: 500 });
  return items.filter((item) => item.address === address).toReversed();
}
