import sql from 'sql-template-tag';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '#host/database/index.ts';
import {
  addressNotifications,
  claimMail,
  mostAttempts,
  oldestToSend,
  pauseAfter,
  settleFailed,
  settleSent,
  tooOld,
} from '#host/mail/outbox.ts';
import { mailSender } from '#host/mail/sender.ts';
import { sendMail } from '#host/mail/smtp.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { pendingPayout } from '../services/payout-stories.ts';
import {
  aMailServer,
  aPartnerWithPerson,
  aSender,
  outboxOf,
  rejectALead,
  setUpMail,
} from './mail-stories.ts';

const hours = 60;

forEachEngine((engine) => {
  let host: TestHost;
  beforeEach(async () => {
    host = await testHost(engine);
  });
  afterEach(() => host.close());

  describe('an e-mail', () => {
    it('arrives once, with what the template says', async () => {
      const smtp = await aMailServer();
      await setUpMail(host, smtp.port);
      const { partner, person } = await aPartnerWithPerson(host);
      const sender = aSender(host);
      await rejectALead(host, partner, { reason: 'Line one\nline two & <b>more</b>' });
      await sender.run();
      await sender.run();
      const [message, ...others] = smtp.to(person.email);
      expect(others).toEqual([]);
      const [row] = await outboxOf(host, person.email);
      expect(row).toMatchObject({ status: 'sent', attempts: 1, lastError: null, nextAttemptAt: null });
      expect(row?.sentAt).not.toBeNull();
      expect(message).toMatchObject({ from: 'office@nordwind.example', to: [person.email] });
      expect(message?.mail).toMatchObject({
        subject: 'Lead Joe Summer was rejected',
        from: { name: 'Nordwind', address: 'office@nordwind.example' },
        to: [{ name: 'Pia admin', address: person.email }],
        messageId: row?.messageId,
      });
      expect(message?.mail.text).toContain('Reason: Line one\nline two & <b>more</b>');
      expect(message?.mail.html).toContain('Line one\nline two &amp; &lt;b&gt;more&lt;/b&gt;');
      expect(message?.raw).toMatch(/^Auto-Submitted: auto-generated$/m);
      expect(row?.messageId).toBe(`<${row?.id}@nordwind.example>`);
    });

    it('stays one e-mail to one person, whatever names are in it', async () => {
      const smtp = await aMailServer();
      await setUpMail(host, smtp.port, { fromName: 'Nord, "wind" <x@evil.example>' });
      const { partner, person } = await aPartnerWithPerson(host);
      await host.database.write({ tenantId: host.tenantId }, (tx) =>
        tx.run(sql`update partner_users set first_name = ${'Pia\r\nBcc: y@evil.example'}, last_name = ${'"<z@evil.example>, q'}
          where tenant_id = ${host.tenantId} and id = ${person.id}`),
      );
      // A name that no form lets in, but an older import or a restored database may have.
      const leadId = await rejectALead(host, partner);
      await host.database.write({ tenantId: host.tenantId }, (tx) =>
        tx.run(sql`update notifications set data = ${{ leadName: 'A\r\nBcc: w@evil.example\r\n\r\nB<i>', partnerName: 'x', reason: 'y' }}
          where tenant_id = ${host.tenantId} and resource_id = ${leadId} and event = 'lead_rejected'`),
      );
      await aSender(host).run();
      const [message] = smtp.to(person.email);
      expect(message?.to).toEqual([person.email]);
      expect(message?.mail.to).toEqual([
        { name: 'Pia Bcc: y@evil.example "<z@evil.example>, q', address: person.email },
      ]);
      expect(message?.mail.from).toEqual({
        name: 'Nord, "wind" <x@evil.example>',
        address: 'office@nordwind.example',
      });
      expect(message?.mail.subject).toBe('Lead A Bcc: w@evil.example B<i> was rejected');
      expect(message?.mail.bcc).toBeUndefined();
      expect(smtp.received.flatMap(({ to }) => to).filter((address) => address.includes('evil'))).toEqual([]);
      expect(message?.mail.html).not.toContain('<i>');
    });

    it('goes to who is meant: not to who caused it, has left, or does not want it', async () => {
      const smtp = await aMailServer();
      await setUpMail(host, smtp.port);
      const { partner, person } = await aPartnerWithPerson(host);
      const second = await aPartnerWithPerson(host);
      const [one, two] = [await host.session('finance'), await host.session('finance', 2)];
      await host.as('finance', 2).notifications.updatePreferences({ byMail: { payout_approved: false } });
      await person.client.notifications.updatePreferences({ byMail: { lead_rejected: false } });
      await rejectALead(host, partner);
      await rejectALead(host, second.partner);
      // The one who leaves before it is sent gets nothing; the outbox says why.
      const sender = aSender(host);
      await addressNotifications(host.context, host.tenantId);
      await host.database.write({ tenantId: host.tenantId }, (tx) =>
        tx.run(
          sql`update partner_users set is_active = ${false} where tenant_id = ${host.tenantId} and id = ${second.person.id}`,
        ),
      );
      await sender.run();
      expect(smtp.to(person.email)).toEqual([]);
      expect(smtp.to(second.person.email)).toEqual([]);
      expect(await outboxOf(host, second.person.email)).toMatchObject([
        { status: 'skipped', lastError: 'The recipient is no longer active.' },
      ]);
      expect(await outboxOf(host, person.email)).toEqual([]);
      // Of the approved partners the managers were told, not the approver who did it.
      const approver = await host.session('approver');
      expect(smtp.to(approver.email).map(({ mail }) => mail.subject)).not.toContain(
        `${partner.organizationName} was approved as a partner`,
      );
      expect([one.email, two.email].flatMap((address) => smtp.to(address))).toEqual([]);
    });

    it('reaches an administrator where nobody has the role it is for', async () => {
      const smtp = await aMailServer();
      const office = await host.otherTenant();
      const admin = office.as('admin');
      await setUpMail(office, smtp.port);
      const { id } = await admin.partners.create({
        partnerType: 'portal',
        organizationName: 'One',
        contactEmail: 'a@example.com',
      });
      await admin.partners.update({ id, bankingDetails: { bankName: 'Bank' } });
      await aSender(host).run();
      const recipients = smtp.received.filter(({ mail }) => mail.subject?.includes('bank details'));
      // The other administrator: this one did it.
      expect(recipients.flatMap(({ to }) => to)).toEqual(['first@example.com']);
    });
  });

  it('reaches an administrator where the only one who has the role caused it', async () => {
    const smtp = await aMailServer();
    const office = await host.otherTenant();
    await setUpMail(office, smtp.port);
    await office.as('admin').settings.update({ secondApprovalThreshold: 100 });
    const { payout } = await pendingPayout(office, [1000]);
    // Whoever gave the first approval can't give the second.
    await office.as('approver').payouts.approve({ id: payout.id });
    await aSender(host).run();
    const told = smtp.received.filter(({ mail }) => mail.subject?.includes('awaits approval'));
    const { email } = await office.session('approver');
    const administrators = ['first@example.com', (await office.session('admin')).email];
    expect(told.flatMap(({ to }) => to).toSorted()).toEqual([email, ...administrators].toSorted());
  });

  describe('while nothing is set up', () => {
    it('waits, goes out once it is, and is left behind when it is too old by then', async () => {
      const { partner, person } = await aPartnerWithPerson(host);
      const sender = aSender(host);
      await rejectALead(host, partner);
      await sender.run();
      expect(await outboxOf(host, person.email)).toMatchObject([
        { status: 'held', attempts: 0, nextAttemptAt: null },
      ]);
      const held = await host.as('admin').mail.outbox({ status: 'held', total: true });
      expect(held.total).toBeGreaterThan(0);
      expect((await host.as('admin').mail.outbox({ status: 'queued' })).items).toEqual([]);

      const smtp = await aMailServer();
      await setUpMail(host, smtp.port, { isEnabled: false });
      await sender.run();
      expect(smtp.connections).toBe(0);
      host.clock.advance(oldestToSend / 60_000 + 1);
      await rejectALead(host, partner, { reason: 'The second.' });
      await setUpMail(host, smtp.port);
      await sender.run();
      expect(smtp.to(person.email).map(({ mail }) => mail.text?.includes('The second.'))).toEqual([true]);
      const [old, fresh] = await outboxOf(host, person.email);
      expect(old).toMatchObject({ status: 'skipped', lastError: tooOld });
      expect(fresh).toMatchObject({ status: 'sent' });
      // By hand it goes, old as it is.
      expect(await host.as('admin').mail.retry({ id: old!.id })).toMatchObject({
        status: 'queued',
        attempts: 0,
      });
      await sender.run();
      expect(smtp.to(person.email)).toHaveLength(2);
    });
  });

  describe('when the server', () => {
    it('is down, the e-mail waits longer and longer, and arrives once when it is back', async () => {
      const gone = await aMailServer();
      await setUpMail(host, gone.port);
      const { partner, person } = await aPartnerWithPerson(host);
      const sender = aSender(host);
      await sender.run();
      await gone.close();
      await rejectALead(host, partner);
      const pauses: number[] = [];
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        await sender.run();
        const [row] = await outboxOf(host, person.email);
        expect(row).toMatchObject({ status: 'queued', attempts: attempt });
        expect(row?.lastError).toContain('ECONNREFUSED');
        pauses.push(Math.round((Date.parse(row!.nextAttemptAt!) - Date.parse(host.clock.now())) / 60_000));
        // Not a moment earlier.
        await sender.run();
        expect(await outboxOf(host, person.email)).toMatchObject([{ attempts: attempt }]);
        host.clock.advance(5 * hours);
      }
      expect(pauses).toEqual([1, 2, 4]);
      const back = await aMailServer();
      await setUpMail(host, back.port);
      await sender.run();
      await sender.run();
      expect(back.to(person.email)).toHaveLength(1);
      expect(await outboxOf(host, person.email)).toMatchObject([
        { status: 'sent', attempts: 4, lastError: null },
      ]);
    });

    it('is away for days, no e-mail is given up until it is of no use any more', async () => {
      const gone = await aMailServer();
      await setUpMail(host, gone.port);
      const { partner, person } = await aPartnerWithPerson(host);
      const sender = aSender(host);
      await sender.run();
      await gone.close();
      await rejectALead(host, partner, { reason: 'The first.' });
      for (let tries = 0; tries < 26; tries += 1) {
        host.clock.advance(6 * hours);
        await sender.run();
      }
      await rejectALead(host, partner, { reason: 'The second.' });
      for (let tries = 0; tries < 4; tries += 1) {
        host.clock.advance(6 * hours);
        await sender.run();
      }
      const [first, second] = await outboxOf(host, person.email);
      expect(first).toMatchObject({ status: 'failed', lastError: expect.stringContaining('ECONNREFUSED') });
      expect(second).toMatchObject({ status: 'queued', lastError: expect.stringContaining('ECONNREFUSED') });
      const back = await aMailServer();
      await setUpMail(host, back.port);
      host.clock.advance(6 * hours);
      await sender.run();
      expect(back.to(person.email).map(({ mail }) => mail.messageId)).toEqual([second!.messageId]);
      // The other one goes by hand, and may miss the server once more.
      await host.as('admin').mail.retry({ id: first!.id });
      back.refuse = { at: 'connect', code: 421, message: 'Busy' };
      await sender.run();
      expect(await outboxOf(host, person.email)).toMatchObject([{ status: 'queued' }, { status: 'sent' }]);
      back.refuse = undefined;
      host.clock.advance(6 * hours);
      await sender.run();
      expect(back.to(person.email)).toHaveLength(2);
    });

    it('does not take our sender, no e-mail is given up for it', async () => {
      const smtp = await aMailServer();
      await setUpMail(host, smtp.port, { fromAddress: 'nobody@nordwind.example' });
      const { partner, person } = await aPartnerWithPerson(host);
      await rejectALead(host, partner);
      smtp.refuse = { at: 'sender', code: 550, message: 'Sender address rejected' };
      const sender = aSender(host);
      await sender.run();
      const { items } = await host.as('admin').mail.outbox({ limit: 500 });
      expect(items.map(({ status }) => status).filter((status) => status !== 'queued')).toEqual([]);
      expect(items.map(({ lastError }) => lastError)).toContain('550 Sender address rejected');
      smtp.refuse = undefined;
      await setUpMail(host, smtp.port);
      host.clock.advance(hours);
      await sender.run();
      expect(smtp.to(person.email)).toMatchObject([{ from: 'office@nordwind.example' }]);
    });

    it('of one organization does not answer, the e-mails of the others go out', async () => {
      const smtp = await aMailServer();
      const office = await host.otherTenant();
      const { partner, person } = await aPartnerWithPerson(host);
      const other = await aPartnerWithPerson(host, office);
      for (const each of [host, office]) await setUpMail(each, smtp.port);
      await rejectALead(host, partner);
      await rejectALead(office, other.partner);
      const release = Promise.withResolvers<undefined>();
      const sender = aSender(host, {
        send: async (context, settings, ...rest) => {
          if (settings.tenantId === host.tenantId) await release.promise;
          return sendMail(context, settings, ...rest);
        },
      });
      const running = sender.run();
      await expect.poll(() => smtp.to(other.person.email).length).toBe(1);
      expect(smtp.to(person.email)).toEqual([]);
      release.resolve(undefined);
      await running;
      expect(smtp.to(person.email)).toHaveLength(1);
    });

    it('is slow, others have their turn before all is sent, and all is sent', async () => {
      const smtp = await aMailServer();
      const office = await host.otherTenant();
      const { partner, person } = await aPartnerWithPerson(host);
      const other = await aPartnerWithPerson(host, office);
      for (const each of [host, office]) await setUpMail(each, smtp.port);
      await aSender(host).run();
      for (let leads = 0; leads < 12; leads += 1) await rejectALead(host, partner);
      // A turn is over with the e-mail that it began with; what another organization is told meanwhile is not sent last.
      let sent = 0;
      const sender = aSender(host, {
        turn: 0,
        send: async (...args) => {
          sent += 1;
          if (sent === 1) await rejectALead(office, other.partner);
          return sendMail(...args);
        },
      });
      await sender.run();
      expect(smtp.to(person.email)).toHaveLength(12);
      const order = smtp.received.map(({ to: [address] }) => address);
      expect(order.filter((address) => address === other.person.email)).toHaveLength(1);
      expect(order.indexOf(other.person.email)).toBeLessThan(order.lastIndexOf(person.email));
    });

    it('refuses for now, it is tried again; after so many times it has failed, with the reason', async () => {
      const smtp = await aMailServer();
      await setUpMail(host, smtp.port);
      const { partner, person } = await aPartnerWithPerson(host);
      await aSender(host).run();
      smtp.refuse = { at: 'recipient', code: 451, message: 'Greylisted, come back later' };
      await rejectALead(host, partner);
      const sender = aSender(host);
      await sender.run();
      expect(await outboxOf(host, person.email)).toMatchObject([
        { status: 'queued', attempts: 1, lastError: '451 Greylisted, come back later' },
      ]);
      for (let attempt = 2; attempt <= mostAttempts; attempt += 1) {
        host.clock.advance(5 * hours);
        await sender.run();
      }
      expect(await outboxOf(host, person.email)).toMatchObject([
        {
          status: 'failed',
          attempts: mostAttempts,
          nextAttemptAt: null,
          lastError: '451 Greylisted, come back later',
        },
      ]);
      host.clock.advance(5 * hours);
      smtp.refuse = undefined;
      await sender.run();
      expect(smtp.to(person.email)).toEqual([]);
      // By hand, its attempts begin anew.
      const [given] = await outboxOf(host, person.email);
      await host.as('admin').mail.retry({ id: given!.id });
      await sender.run();
      expect(smtp.to(person.email)).toHaveLength(1);
    });

    it.each(['recipient', 'data'] as const)(
      'refuses for good at the %s, it is not tried again but by hand',
      async (at) => {
        const smtp = await aMailServer();
        await setUpMail(host, smtp.port);
        const { partner, person } = await aPartnerWithPerson(host);
        await rejectALead(host, partner);
        smtp.refuse = { at, code: 550, message: 'No such user here' };
        const sender = aSender(host);
        await sender.run();
        const [row] = await outboxOf(host, person.email);
        expect(row).toMatchObject({ status: 'failed', attempts: 1, lastError: '550 No such user here' });
        smtp.refuse = undefined;
        host.clock.advance(5 * hours);
        await sender.run();
        expect(smtp.to(person.email)).toEqual([]);

        await host.as('admin').mail.retry({ id: row!.id });
        await sender.run();
        expect(smtp.to(person.email)).toHaveLength(1);
        const again = await refusalOf(host.as('admin').mail.retry({ id: row!.id }));
        expect(again).toMatchObject({ code: 'INVALID_TRANSITION', message: 'This e-mail was sent.' });
      },
    );

    it('does not let us in, no e-mail is given up for it', async () => {
      const smtp = await aMailServer({ user: 'office', pass: 'right' });
      await setUpMail(host, smtp.port, { userName: 'office', password: 'wrong' });
      const { partner, person } = await aPartnerWithPerson(host);
      await rejectALead(host, partner);
      const sender = aSender(host);
      await sender.run();
      const refused = (await host.as('admin').mail.outbox({ limit: 500 })).items.filter(
        (item) => item.lastError !== null,
      );
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.every((item) => item.status === 'queued' && item.lastError?.includes('535'))).toBe(true);
      await setUpMail(host, smtp.port, { userName: 'office', password: 'right' });
      host.clock.advance(hours);
      await sender.run();
      expect(smtp.to(person.email)).toHaveLength(1);
    });
  });

  describe('when a host dies', () => {
    /** An e-mail to a partner's person that nobody has claimed yet. */
    async function oneToSend() {
      const smtp = await aMailServer();
      await setUpMail(host, smtp.port);
      const { partner, person } = await aPartnerWithPerson(host);
      await aSender(host).run();
      await rejectALead(host, partner);
      await addressNotifications(host.context, host.tenantId);
      return { smtp, person };
    }

    it('between claiming and sending, another one sends it after the lease', async () => {
      const { smtp, person } = await oneToSend();
      const claim = await claimMail(host.context, host.tenantId, {
        sender: '01890000-0000-7000-8000-000000000001',
        domain: 'nordwind.example',
      });
      expect(claim?.to.address).toBe(person.email);
      const sender = aSender(host);
      host.clock.advance(4);
      await sender.run();
      expect(smtp.to(person.email)).toEqual([]);
      host.clock.advance(2);
      await sender.run();
      expect(smtp.to(person.email)).toHaveLength(1);
      expect(await outboxOf(host, person.email)).toMatchObject([{ status: 'sent', attempts: 2 }]);
    });

    it('or only stood still, what it says afterwards changes nothing about an e-mail that another one holds', async () => {
      const { person } = await oneToSend();
      const [late, holder] = ['01890000-0000-7000-8000-000000000001', '01890000-0000-7000-8000-000000000002'];
      const claimAs = (sender: string) =>
        claimMail(host.context, host.tenantId, { sender, domain: 'nordwind.example' });
      const before = await claimAs(late);
      host.clock.advance(6);
      const now = await claimAs(holder);
      expect(now?.row.id).toBe(before?.row.id);
      const held = await outboxOf(host, person.email);
      expect(held).toMatchObject([{ status: 'sending', attempts: 2 }]);
      expect(await settleSent(host.context, host.tenantId, before!, late)).toBe(false);
      const failure = { kind: 'permanent', reason: 'Too late.' } as const;
      await settleFailed(host.context, host.tenantId, before!, { sender: late, failure, random: 0 });
      expect(await outboxOf(host, person.email)).toEqual(held);
      expect(await settleSent(host.context, host.tenantId, now!, holder)).toBe(true);
    });

    it('each time over the same e-mail, that one is given up in the end', async () => {
      const { person } = await oneToSend();
      const sender = '01890000-0000-7000-8000-000000000001';
      const claim = () => claimMail(host.context, host.tenantId, { sender, domain: 'nordwind.example' });
      for (let times = 0; times < mostAttempts; times += 1) {
        expect(await claim()).toBeDefined();
        host.clock.advance(6);
      }
      expect(await claim()).toBeUndefined();
      expect(await outboxOf(host, person.email)).toMatchObject([
        { status: 'failed', attempts: mostAttempts, lastError: expect.stringContaining('Given up') },
      ]);
    });

    it('after the server took it and before that was written, it comes again as the same message', async () => {
      const smtp = await aMailServer();
      await setUpMail(host, smtp.port);
      const { partner, person } = await aPartnerWithPerson(host);
      await aSender(host).run();
      await rejectALead(host, partner);
      // Never closed: it is no more.
      const dying = mailSender(host.context, {
        send: async (...args) => {
          await sendMail(...args);
          // From here on this host does nothing more: its database is gone.
          return new Promise(() => undefined);
        },
      });
      void dying.run();
      await expect.poll(() => smtp.to(person.email).length).toBe(1);
      host.clock.advance(6);
      await aSender(host).run();
      const ids = smtp.to(person.email).map(({ mail }) => mail.messageId);
      expect(ids).toHaveLength(2);
      expect(new Set(ids).size).toBe(1);
    });
  });
});

describe('two hosts on one PostgreSQL', () => {
  it('never send an e-mail twice', async () => {
    const host = await testHost('postgres');
    const { options } = host.database.dataSource;
    if (options.type !== 'postgres' || options.url === undefined) throw new Error('Not on PostgreSQL.');
    const database = await openDatabase({ engine: 'postgres', url: options.url, now: host.clock.now });
    const smtp = await aMailServer();
    await setUpMail(host, smtp.port);
    const { partner, person } = await aPartnerWithPerson(host);
    const senders = [host.context, { ...host.context, database }].map((context) => mailSender(context));
    for (let round = 0; round < 3; round += 1) {
      for (let leads = 0; leads < 12; leads += 1) await rejectALead(host, partner);
      await Promise.all(senders.map((sender) => sender.run()));
    }
    await Promise.all(senders.map((sender) => sender.run()));
    const ids = smtp.received.map(({ mail }) => mail.messageId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(smtp.to(person.email)).toHaveLength(36);
    const { items } = await host.as('admin').mail.outbox({ limit: 500 });
    expect(items.filter((item) => item.status !== 'sent' || item.attempts !== 1)).toEqual([]);
    for (const sender of senders) await sender.close();
    await database.close();
    await host.close();
  });
});

describe('the pause before another attempt', () => {
  it('doubles up to four hours, and is cut by chance to no less than half', () => {
    const minutes = [1, 2, 3, 8, 9, 10, 19].map((attempts) => pauseAfter(attempts, 0) / 60_000);
    expect(minutes).toEqual([1, 2, 4, 128, 240, 240, 240]);
    expect(pauseAfter(3, 1)).toBe(2 * 60_000);
    // All of them together: two days in which a server may be away.
    const all = Array.from({ length: mostAttempts - 1 }, (_, i) => pauseAfter(i + 1, 0.5));
    expect(all.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(32 * 60 * 60_000);
  });
});
