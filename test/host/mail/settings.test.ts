import sql from 'sql-template-tag';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import {
  aMailServer,
  aPartnerWithPerson,
  aSender,
  outboxOf,
  rejectALead,
  setUpMail,
} from './mail-stories.ts';

forEachEngine((engine) => {
  let host: TestHost;
  beforeEach(async () => {
    host = await testHost(engine);
  });
  afterEach(() => host.close());

  describe('the mail settings', () => {
    it('keep the password sealed, and show it to nobody', async () => {
      expect(await host.as('auditor').mail.settings()).toEqual({ settings: null, waiting: 0 });
      const answer = await setUpMail(host, 2525, { userName: 'office', password: 'geheim-17' });
      expect(answer.settings).toMatchObject({
        isEnabled: true,
        host: '127.0.0.1',
        port: 2525,
        hasPassword: true,
      });
      const everything = await host.database.read('system', async (reader) => [
        await reader.all(sql`select * from mail_settings`),
        await reader.all(sql`select * from partner_activities`),
        await host.as('auditor').mail.settings(),
      ]);
      expect(JSON.stringify(everything)).not.toContain('geheim-17');
      // Left out it stays, null takes it away.
      expect((await setUpMail(host, 2526, { userName: 'office' })).settings?.hasPassword).toBe(true);
      expect((await setUpMail(host, 2526, { password: null })).settings?.hasPassword).toBe(false);
    });

    it('never take the stored password along to another server', async () => {
      await setUpMail(host, 2525, { userName: 'office', password: 'geheim-17' });
      const moved = setUpMail(host, 2525, { userName: 'office', host: 'evil.example', security: 'tls' });
      expect(await refusalOf(moved)).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path: 'password' }] },
      });
      expect((await host.as('admin').mail.settings()).settings?.host).toBe('127.0.0.1');
    });

    it.each([
      [{ host: 'mail.example.com', userName: 'a', password: 'b' }, 'security'],
      [{ password: 'b' }, 'userName'],
      [{ host: 'mail example' }, 'host'],
      [{ port: 0 }, 'port'],
      [{ fromName: 'Nord\r\nBcc: x@example.com' }, 'fromName'],
      [{ fromAddress: 'office' }, 'fromAddress'],
      [{ fromAddress: 'a@example.com\r\nBcc: x@example.com' }, 'fromAddress'],
    ])('refuse %j', async (changes, path) => {
      expect(await refusalOf(setUpMail(host, 2525, changes))).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path }] },
      });
      expect((await host.as('admin').mail.settings()).settings).toBeNull();
    });

    it('can’t be changed by two people at once', async () => {
      const { settings } = await setUpMail(host, 2525);
      await setUpMail(host, 2526, { version: settings!.version });
      const refusal = await refusalOf(setUpMail(host, 2527, { version: settings!.version }));
      expect(refusal.code).toBe('CONFLICT');
      // The row as it is stored is for nobody's eyes.
      expect(JSON.stringify(refusal)).not.toMatch(/passwordSecret|tenantId/);
    });

    it('are tried out with a test message, on or off', async () => {
      expect((await refusalOf(host.as('admin').mail.test({}))).code).toBe('VALIDATION');
      const smtp = await aMailServer();
      await setUpMail(host, smtp.port, { isEnabled: false });
      const { email } = await host.session('admin');
      expect(await host.as('admin').mail.test({})).toMatchObject({ ok: true, to: email });
      expect(smtp.to(email)[0]?.mail).toMatchObject({ subject: 'Test message', from: { name: 'Nordwind' } });
      smtp.refuse = { at: 'recipient', code: 550, message: 'Relay denied' };
      expect(await host.as('admin').mail.test({ to: 'b@example.com' })).toEqual({
        ok: false,
        to: 'b@example.com',
        answer: '550 Relay denied',
      });
      await smtp.close();
      expect(await host.as('admin').mail.test({})).toMatchObject({ ok: false });
    });
  });

  it('sends nothing over a line that is not encrypted where it was to be', async () => {
    const smtp = await aMailServer({ user: 'office', pass: 'geheim-17' });
    await setUpMail(host, smtp.port, { security: 'starttls', userName: 'office', password: 'geheim-17' });
    const answer = await host.as('admin').mail.test({});
    expect(answer).toMatchObject({ ok: false, answer: expect.stringMatching(/STARTTLS/i) });
    expect(smtp.logins).toBe(0);
    await setUpMail(host, smtp.port, { security: 'none', userName: 'office' });
    expect(await host.as('admin').mail.test({})).toMatchObject({ ok: true });
    expect(smtp.logins).toBe(1);
  });

  describe('the outbox', () => {
    it('is listed page by page, by status, for those who may', async () => {
      const { partner, person } = await aPartnerWithPerson(host);
      for (let leads = 0; leads < 3; leads += 1) await rejectALead(host, partner);
      await aSender(host).run();
      const first = await host.as('auditor').mail.outbox({ limit: 2, total: true });
      const second = await host.as('auditor').mail.outbox({ limit: 500, cursor: first.nextCursor! });
      expect(first.total).toBe(2 + second.items.length);
      const all = [...first.items, ...second.items];
      expect(new Set(all.map((item) => item.id)).size).toBe(all.length);
      expect(all.filter((item) => item.address === person.email)).toHaveLength(3);
      expect(all.find((item) => item.address === person.email)).toMatchObject({
        event: 'lead_rejected',
        title: 'Lead Joe Summer was rejected',
        recipientKind: 'partner_user',
        recipientId: person.id,
        status: 'held',
      });
      expect((await host.as('auditor').mail.outbox({ status: 'failed' })).items).toEqual([]);
      expect((await host.as('admin').mail.settings()).waiting).toBe(all.length);
      expect((await refusalOf(host.as('finance').mail.outbox({}))).code).toBe('FORBIDDEN');
      const office = await host.otherTenant();
      expect((await office.as('admin').mail.outbox({})).items).toEqual([]);
      const queued = all.find((item) => item.address === person.email)!;
      expect((await refusalOf(host.as('admin').mail.retry({ id: queued.id }))).code).toBe(
        'INVALID_TRANSITION',
      );
    });
  });

  describe('the words of e-mails', () => {
    const event = 'lead_rejected';
    const words = {
      event,
      subject: 'Leider nein: {{ leadName }}',
      bodyText: '{{ reason }}',
      bodyHtml: '<i>{{ reason }}</i>',
    } as const;

    it('are the organization’s own once it writes them, and the default again', async () => {
      const smtp = await aMailServer();
      await setUpMail(host, smtp.port);
      const admin = host.as('admin');
      const before = (await host.as('auditor').notificationTemplates.list()).items.find(
        (item) => item.event === event,
      );
      expect(before).toMatchObject({ isDefault: true, version: 0 });
      expect(before?.variables).toContain('leadName');
      const own = await admin.notificationTemplates.update({ ...words, version: 0 });
      expect(own).toMatchObject({ ...words, isDefault: false, version: 1 });
      expect((await refusalOf(admin.notificationTemplates.update({ ...words, version: 0 }))).code).toBe(
        'CONFLICT',
      );
      // Another organization still says it the usual way.
      const other = (await host.otherTenant()).as('admin');
      expect((await other.notificationTemplates.list()).items.every((item) => item.isDefault)).toBe(true);

      const { partner, person } = await aPartnerWithPerson(host);
      const sender = aSender(host);
      await rejectALead(host, partner, { reason: 'Zu <spät>' });
      await sender.run();
      expect(smtp.to(person.email)[0]?.mail).toMatchObject({ subject: 'Leider nein: Joe Summer' });
      expect(smtp.to(person.email)[0]?.mail.html?.trim()).toBe('<i>Zu &lt;spät&gt;</i>');
      expect(await admin.notificationTemplates.reset({ event })).toEqual(before);
      await rejectALead(host, partner);
      await sender.run();
      expect(smtp.to(person.email)[1]?.mail.subject).toBe('Lead Joe Summer was rejected');
      expect(await outboxOf(host, person.email)).toMatchObject([{ status: 'sent' }, { status: 'sent' }]);
    });

    it('give way to the usual ones where they can no longer be filled', async () => {
      const smtp = await aMailServer();
      await setUpMail(host, smtp.port);
      await host.as('admin').notificationTemplates.update(words);
      // As an older version may have taken them.
      await host.database.write({ tenantId: host.tenantId }, (tx) =>
        tx.run(sql`update notification_templates set body_text = ${'{{ reasonOfOld }}'}
          where tenant_id = ${host.tenantId} and event = ${event}`),
      );
      const { partner, person } = await aPartnerWithPerson(host);
      await rejectALead(host, partner);
      await aSender(host).run();
      expect(smtp.to(person.email).map(({ mail }) => mail.subject)).toEqual(['Lead Joe Summer was rejected']);
      expect(await outboxOf(host, person.email)).toMatchObject([{ status: 'sent', lastError: null }]);
    });

    it('are refused where they can’t be filled, with line and name, and nothing is kept', async () => {
      const admin = host.as('admin');
      const wrong = { ...words, bodyText: 'Hello\n{{ leadNmae }}' };
      for (const call of [
        admin.notificationTemplates.update(wrong),
        admin.notificationTemplates.preview(wrong),
      ]) {
        expect(await refusalOf(call)).toMatchObject({
          code: 'VALIDATION',
          data: {
            fields: [
              {
                path: 'bodyText',
                message: expect.stringContaining('line 2: there is no variable “leadNmae”'),
              },
            ],
          },
        });
      }
      expect((await admin.notificationTemplates.list()).items.every((item) => item.isDefault)).toBe(true);
      expect((await refusalOf(host.as('approver').notificationTemplates.update(words))).code).toBe(
        'FORBIDDEN',
      );
    });

    it('are shown filled with a sample, as given or as in use', async () => {
      const admin = host.as('admin');
      expect(await admin.notificationTemplates.preview({ event })).toMatchObject({
        subject: 'Lead Mara Jensen was rejected',
      });
      expect(await admin.notificationTemplates.preview(words)).toEqual({
        subject: 'Leider nein: Mara Jensen',
        text: 'The phone number belongs to somebody else.',
        html: '<i>The phone number belongs to somebody else.</i>',
      });
    });
  });

  describe('the sender', () => {
    it('looks now and then and soon after something was told, and leaves no timer', async () => {
      const smtp = await aMailServer();
      await setUpMail(host, smtp.port);
      const { partner, person } = await aPartnerWithPerson(host);
      const timers = new Map<() => void, number>();
      const sender = aSender(host, {
        schedule: (ms, work) => {
          timers.set(work, ms);
          return () => void timers.delete(work);
        },
      });
      /** As time would: the timer that is due next. */
      const tick = async (): Promise<void> => {
        const [[work] = []] = timers;
        if (work === undefined) throw new Error('No timer is set.');
        timers.delete(work);
        work();
        await sender.run();
      };
      sender.start();
      expect([...timers.values()]).toEqual([1_000]);
      await tick();
      await expect.poll(() => [...timers.values()]).toEqual([15_000]);
      await rejectALead(host, partner);
      expect([...timers.values()]).toEqual([1_000]);
      await tick();
      expect(smtp.to(person.email)).toHaveLength(1);
      await expect.poll(() => timers.size).toBe(1);
      await sender.close();
      expect(timers.size).toBe(0);
      await rejectALead(host, partner);
      await sender.run();
      expect(timers.size).toBe(0);
      expect(smtp.to(person.email)).toHaveLength(1);
    });
  });
});
