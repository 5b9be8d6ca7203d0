import sql, { raw } from 'sql-template-tag';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { allTables } from '#host/database/index.ts';
import { addressNotifications } from '#host/mail/outbox.ts';
import { sendMail } from '#host/mail/smtp.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { type Client, refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import type { TestSmtp } from '#test/support/smtp.ts';
import { activePartner } from '../services/credit-stories.ts';
import { refused } from '../services/partners/setup.ts';
import { aMailServer, aSender, outboxOf, setUpMail } from './mail-stories.ts';

const kim = { email: 'kim@hafen.example', firstName: 'Kim', lastName: 'Berg', role: 'admin' as const };
const password = 'correct horse battery';
const publicUrl = 'https://desk.example.com';

/** Everything the database holds, as text. */
async function everything(host: TestHost): Promise<string> {
  return host.database.read('system', async (reader) => {
    const tables = [];
    for (const { name } of allTables) tables.push(await reader.all(sql`select * from ${raw(name)}`));
    return JSON.stringify(tables);
  });
}

/** The one-time secret that an e-mail to the address brought. */
function tokenIn(smtp: TestSmtp, address: string): string {
  const texts = smtp.to(address).map(({ mail }) => mail.text ?? '');
  const token = texts.flatMap((text) => /\/accept-invitation#([\w-]+)/.exec(text)?.[1] ?? []).at(-1);
  if (token === undefined) throw new Error(`No link reached ${address}.`);
  return token;
}

forEachEngine((engine) => {
  let host: TestHost;
  let smtp: TestSmtp;
  let manager: Client['partnerUsers'];
  let partnerId: string;
  let partnerName: string;
  beforeEach(async () => {
    host = await testHost(engine);
    smtp = await aMailServer();
    manager = host.as('partner_manager').partnerUsers;
    ({ id: partnerId, organizationName: partnerName } = await activePartner(host));
    // What was told of the partner until now is not for its people to come.
    while (await addressNotifications(host.context, host.tenantId));
  });
  afterEach(() => host.close());

  const setUp = async () => {
    await host.as('admin').settings.update({ publicUrl });
    await setUpMail(host, smtp.port);
    // What others were told so far.
    await aSender(host).run();
  };
  const accept = (token: string, chosen = password) =>
    host.anonymous.auth.acceptInvitation({ token, password: chosen });

  it('an invitation by e-mail brings its person the link, and shows it to nobody else', async () => {
    await setUp();
    const order = { id: partnerId, ...kim, commandId: 'invite-kim' };
    const person = await manager.create(order);
    expect(person).toMatchObject({ invitation: null, mailedTo: kim.email, hasPassword: false });
    expect(await manager.create(order)).toEqual(person);
    const waiting = await everything(host);
    const [queued] = await outboxOf(host, kim.email);
    expect(queued).toMatchObject({ event: 'partner_user_invited', status: 'queued' });

    const sender = aSender(host);
    await sender.run();
    await sender.run();
    const [message, ...others] = smtp.to(kim.email);
    expect(others).toEqual([]);
    expect(message?.mail.subject).toBe(`Your access for ${partnerName}`);
    const token = tokenIn(smtp, kim.email);
    const link = `${publicUrl}/accept-invitation#${token}`;
    expect(message?.mail.html).toContain(`<a href="${link}">${link}</a>`);
    // The day it ends on in the office's zone.
    expect(message?.mail.text).toContain('until 2026-06-22');
    // In no row, no answer and no activity, before it was sent and after.
    const sent = await everything(host);
    const shown = JSON.stringify([
      person,
      await outboxOf(host, kim.email),
      await host.as('admin').activities.list({}),
      await host.as('admin').notifications.list({}),
      await host.as('admin').notificationTemplates.list(),
    ]);
    for (const text of [waiting, sent, shown]) expect(text).not.toContain(token);
    expect(waiting).toMatch(/"secret":"v2\./);
    expect(sent).not.toMatch(/"secret":"v2\./);

    await accept(token);
    expect((await host.anonymous.auth.login({ email: kim.email, password })).user.id).toBe(person.id);
    expect((await refusalOf(accept(token))).code).toBe('NOT_FOUND');
  });

  it('whoever has a password gets a new one the same way, and keeps the old one until then', async () => {
    await setUp();
    const { id } = await manager.create({ id: partnerId, ...kim, password });
    const signIn = (given: string) => host.anonymous.auth.login({ email: kim.email, password: given });
    const { token: open } = await signIn(password);
    expect(await manager.invite({ id })).toMatchObject({ invitation: null, mailedTo: kim.email });
    await aSender(host).run();
    expect(smtp.to(kim.email)[0]?.mail.subject).toBe(`A new password for ${partnerName}`);
    expect((await signIn(password)).user.id).toBe(id);
    await accept(tokenIn(smtp, kim.email), 'quite another one');
    expect((await refusalOf(signIn(password))).code).toBe('UNAUTHENTICATED');
    expect((await signIn('quite another one')).user.id).toBe(id);
    expect((await refusalOf(host.clientWith(open).auth.me())).code).toBe('UNAUTHENTICATED');
  });

  it('an e-mail whose link was replaced, withdrawn or has lapsed is not sent, nor by hand later', async () => {
    await setUp();
    const sender = aSender(host);
    const people = ['replaced', 'moved', 'left', 'late'] as const;
    const ids = new Map<string, string>();
    for (const name of people) {
      const { id } = await manager.create({ id: partnerId, ...kim, email: `${name}@hafen.example` });
      ids.set(name, id);
    }
    const idOf = (name: (typeof people)[number]) => ids.get(name) ?? '';
    await manager.invite({ id: idOf('replaced') });
    await manager.update({ id: idOf('moved'), email: 'elsewhere@hafen.example' });
    await manager.deactivate({ id: idOf('left') });
    await manager.update({ id: idOf('left'), isActive: true });
    await setUpMail(host, smtp.port, { isEnabled: false });
    await sender.run();
    expect((await outboxOf(host, 'late@hafen.example'))[0]?.status).toBe('held');
    await setUpMail(host, smtp.port);
    await sender.run();
    // Of the two of one person only the newer goes out, and its link holds.
    const reached = () => smtp.received.flatMap(({ to }) => to).filter((to) => to.endsWith('@hafen.example'));
    expect(reached().toSorted()).toEqual(['late@hafen.example', 'replaced@hafen.example']);
    const isOver = { status: 'skipped', lastError: 'The link in it does not hold any more.' };
    expect((await outboxOf(host, 'replaced@hafen.example')).map(({ status }) => status)).toEqual([
      'skipped',
      'sent',
    ]);
    const [moved] = await outboxOf(host, 'moved@hafen.example');
    expect(moved).toMatchObject(isOver);
    expect((await outboxOf(host, 'left@hafen.example'))[0]).toMatchObject(isOver);
    await host.as('admin').mail.retry({ id: moved?.id ?? '' });
    await sender.run();
    expect((await outboxOf(host, 'moved@hafen.example'))[0]).toMatchObject(isOver);
    expect(reached()).toHaveLength(2);
    expect(await everything(host)).not.toMatch(/"secret":"v2\./);
    await accept(tokenIn(smtp, 'replaced@hafen.example'));

    // A week in which the server refuses it for now: then the link is over.
    smtp.refuse = { at: 'recipient', code: 450, message: 'Try later' };
    await manager.invite({ id: idOf('late') });
    await sender.run();
    smtp.refuse = undefined;
    host.clock.advance(7 * 24 * 60 + 1);
    await sender.run();
    expect((await outboxOf(host, 'late@hafen.example')).at(-1)).toMatchObject(isOver);
    expect(reached()).toHaveLength(2);
  });

  it('the link is shown as before where e-mail is off, no address is known, or whoever invites wants it so', async () => {
    const wanting = (byMail?: boolean) => () =>
      manager.create({ id: partnerId, ...kim, ...(byMail !== undefined && { byMail }) });
    const aboutMail = { code: 'VALIDATION', data: { fields: [{ path: 'byMail' }] } };
    expect(await refused(host, wanting(true))).toMatchObject(aboutMail);
    await setUpMail(host, smtp.port);
    expect(await refused(host, wanting(true))).toMatchObject(aboutMail);
    const { id, ...unreachable } = await wanting()();
    expect(unreachable).toMatchObject({ mailedTo: null, invitation: { link: null } });
    await host.as('admin').settings.update({ publicUrl });
    const shown = await manager.invite({ id, byMail: false });
    expect(shown).toMatchObject({ mailedTo: null });
    expect(shown.invitation?.link).toContain(shown.invitation?.token);
    await setUpMail(host, smtp.port, { isEnabled: false });
    expect((await manager.invite({ id })).invitation).not.toBeNull();
    expect(await refused(host, () => manager.invite({ id, byMail: true }))).toMatchObject(aboutMail);
    expect(await outboxOf(host, kim.email)).toEqual([]);
  });

  it('what a server answers is kept without the link, should it quote it', async () => {
    await setUp();
    await manager.create({ id: partnerId, ...kim });
    let token = '';
    await aSender(host, {
      send: (of, settings, message, signal) => {
        if (message.to.address !== kim.email) return sendMail(of, settings, message, signal);
        token = /#([\w-]+)/.exec(message.text)?.[1] ?? '';
        smtp.refuse = { at: 'data', code: 554, message: `5.7.1 Blocked address: ...#${token.slice(4, 20)}` };
        return sendMail(of, settings, message, signal);
      },
    }).run();
    const [row] = await outboxOf(host, kim.email);
    expect(row?.status).toBe('failed');
    expect(token).toHaveLength(43);
    expect(row?.lastError).toMatch(/quote the link/);
    expect(await everything(host)).not.toContain(token.slice(4, 20));
    // Any other answer stays as the server said it, and by hand it goes out after all.
    await host.as('admin').mail.retry({ id: row?.id ?? '' });
    smtp.refuse = { at: 'data', code: 554, message: '5.7.1 Not today' };
    await aSender(host).run();
    expect((await outboxOf(host, kim.email))[0]?.lastError).toContain('Not today');
    await host.as('admin').mail.retry({ id: row?.id ?? '' });
    smtp.refuse = undefined;
    await aSender(host).run();
    await accept(tokenIn(smtp, kim.email));
  });
});
