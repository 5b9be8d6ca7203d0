import type { AnyContractProcedure } from '@orpc/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcedureMeta } from '#contract/base.ts';
import { contract } from '#contract/index.ts';
import { permissions } from '#contract/permissions.ts';
import { partnerRoles, staffRoles } from '#domain/vocabulary.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { answerFor, answers, foreignIds } from './foreign-ids.ts';
import { oneOfEach, type Rows } from './one-of-each.ts';
import { type Answer, answerOf, call, idFieldsOf, withField } from './procedures.ts';
import { activePartner } from './services/credit-stories.ts';
import { whoMay } from './who-may.ts';

/** Every call of the contract, as `leads.approve`; a new one is in here without anybody thinking of it. */
const procedures = Object.entries(contract).flatMap(([resource, calls]) =>
  Object.entries(calls).map(([name, procedure]: [string, AnyContractProcedure]) => ({
    path: `${resource}.${name}`,
    procedure,
    permission: (procedure['~orpc'].meta as ProcedureMeta).permission,
    /** Whether partners' own users may call it, where their role holds the permission. */
    partners: (procedure['~orpc'].meta as ProcedureMeta).partners ?? false,
    method: procedure['~orpc'].route.method,
  })),
);
const guarded = procedures.filter(({ permission }) => permission !== 'public');

/** What reads without being a GET: what has too much input for one, and what only the screens call. */
const readsOtherwise = new Set([
  'creditPolicies.simulate',
  'creditPolicies.simulateStream',
  'remittances.read',
]);
/** Files for the bank, which show account numbers in full. */
const fullAccountNumbers = new Set(['payoutExports.file']);

describe('who may call what', () => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost('sqlite');
  });
  afterAll(() => host.close());

  it('is open to everybody only for health, set-up and sign-in', () => {
    const open = procedures.filter(({ permission }) => permission === 'public').map(({ path }) => path);
    expect(open).toEqual([
      'health.check',
      'setup.status',
      'setup.run',
      'auth.login',
      'auth.acceptInvitation',
    ]);
  });

  it('is open to whoever is signed in, partners’ people too, only for what is one’s own', () => {
    const signedIn = procedures.filter(({ permission }) => permission === 'signedIn').map(({ path }) => path);
    expect(signedIn).toEqual([
      'auth.logout',
      'auth.me',
      'account.changePassword',
      'account.sessions',
      'account.endSession',
      'account.endOtherSessions',
      'account.secondFactor',
      'account.enrolSecondFactor',
      'account.confirmSecondFactor',
      'account.disableSecondFactor',
      'account.renewRecoveryCodes',
      'savedViews.list',
      'savedViews.create',
      'savedViews.update',
      'savedViews.remove',
      // These take the permission of the job's kind, or that it is one's own.
      'jobs.start',
      'jobs.cancel',
      'jobs.resume',
      'notifications.list',
      'notifications.read',
      'notifications.readAll',
      'notifications.preferences',
      'notifications.updatePreferences',
      'changes.subscribe',
    ]);
  });

  it('is, call by call, what the design says of the roles', () => {
    const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);
    const said = whoMay.flatMap(({ staff, partner, calls }) =>
      words(calls).map((path) => `${path}: ${[...words(staff), '|', ...words(partner)].join(' ')}`),
    );
    const declared = procedures.flatMap(({ path, permission, partners }) => {
      if (permission === 'public' || permission === 'signedIn') return [];
      const holders = permissions[permission];
      return [`${path}: ${[...holders.staff, '|', ...(partners ? holders.partner : [])].join(' ')}`];
    });
    expect(declared.toSorted()).toEqual(said.toSorted());
  });

  it.each(guarded)('takes a session: $path', async ({ path }) => {
    for (const token of [null, 'a'.repeat(43)]) {
      expect(await answerOf(call(host.clientWith(token), path, {}))).toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    }
  });

  describe.each(staffRoles)('as %s', (role) => {
    // Signing out ends the session of whoever calls it, so somebody else does.
    const person = (path: string) => host.as(role, path === 'auth.logout' ? 2 : 1);

    it.each(guarded)('$path', async ({ path, permission }) => {
      const holders: readonly string[] =
        permission === 'public' || permission === 'signedIn' ? staffRoles : permissions[permission].staff;
      const mayCall = role === 'admin' || holders.includes(role);
      const { code } = await answerOf(call(person(path), path, {}));
      // With the permission, an empty input is answered, or judged for what it is.
      expect(mayCall ? [undefined, 'VALIDATION'] : ['FORBIDDEN']).toContain(code);
    });
  });

  describe.each(partnerRoles)('as a partner’s %s', (role) => {
    let partnerId: string;
    beforeAll(async () => {
      ({ id: partnerId } = await activePartner(host));
    });
    const person = (path: string) => host.asPartner(partnerId, role, path === 'auth.logout' ? 2 : 1);

    it.each(guarded)('$path', async ({ path, permission, partners }) => {
      const holders: readonly string[] =
        permission === 'public' || permission === 'signedIn'
          ? partnerRoles
          : partners
            ? permissions[permission].partner
            : [];
      const { code } = await answerOf(call(person(path), path, {}));
      expect(holders.includes(role) ? [undefined, 'VALIDATION'] : ['FORBIDDEN']).toContain(code);
    });
  });

  it('leaves a partner’s people only reading while it is suspended', async () => {
    const { id } = await activePartner(host);
    const admin = host.asPartner(id, 'admin');
    await admin.auth.me();
    await host.as('approver').partners.suspend({ id, reason: 'Complaints' });
    const refused: string[] = [];
    const held: string[] = [];
    for (const { path, procedure, permission, partners } of guarded) {
      if (permission === 'public' || permission === 'signedIn' || !partners) continue;
      const holders: readonly string[] = permissions[permission].partner;
      if (!holders.includes('admin')) continue;
      if (!permission.endsWith('.read')) held.push(path);
      // Nothing is given, so that it is the guard who answers: a call that has the refusal says what is the matter by its code.
      const tells = 'PARTNER_NOT_ACTIVE' in procedure['~orpc'].errorMap;
      const { code } = await answerOf(call(admin, path, {}));
      if (code === (tells ? 'PARTNER_NOT_ACTIVE' : 'FORBIDDEN')) refused.push(path);
    }
    expect(refused).toEqual(held);
    await host.as('approver').partners.deactivate({ id, reason: 'Over' });
    expect((await answerOf(call(admin, 'auth.me', {}))).code).toBe('UNAUTHENTICATED');
  });

  it('lets the auditor read everything and write nothing', async () => {
    const reads: string[] = [];
    for (const { path } of guarded.filter(({ permission }) => permission !== 'signedIn')) {
      const { code } = await answerOf(call(host.as('auditor'), path, {}));
      if (code !== 'FORBIDDEN') reads.push(path);
    }
    const gets = guarded.filter(({ permission, method }) => permission !== 'signedIn' && method === 'GET');
    const readable = gets.map(({ path }) => path).filter((path) => !fullAccountNumbers.has(path));
    expect(reads.filter((path) => !readsOtherwise.has(path))).toEqual(readable);
    expect(reads.filter((path) => readsOtherwise.has(path))).toHaveLength(readsOtherwise.size);
  });
});

describe.each(engines)('an id of another organization on %s', (engine) => {
  const nowhere = '01890000-0000-7000-8000-000000000000';
  const withIds = procedures
    // Each kind of job has an input of its own: `services/jobs/jobs.test.ts` tries every one of their ids.
    .filter(({ path }) => path !== 'jobs.start')
    .flatMap(({ path, procedure }) => idFieldsOf(procedure).map((field) => ({ path, field })));
  let host: TestHost;
  let own: Rows;
  let foreign: Rows;
  let before: unknown;

  beforeAll(async () => {
    host = await testHost(engine);
    const other = await host.otherTenant();
    own = await oneOfEach(host, host.database);
    foreign = await oneOfEach(other, host.database);
    before = await foreign.snapshot();
  });
  afterAll(() => host.close());

  it('is tried in every field that takes an id', () => {
    const mapped = Object.entries(foreignIds).flatMap(([path, { fields }]) =>
      Object.keys(fields).map((field) => `${path} ${field}`),
    );
    expect(mapped.toSorted()).toEqual(withIds.map(({ path, field }) => `${path} ${field}`).toSorted());
  });

  it.each(withIds)('is nobody’s: $path, $field', async ({ path, field }) => {
    const spec = foreignIds[path]!;
    const kind = spec.fields[field]!;
    const attempt = async (id: string): Promise<Answer> =>
      answerOf(call(host.as('admin'), path, withField(await spec.input(own), field, id)));
    const tried = await foreign.id(kind);
    const answer = await attempt(tried);
    expect(answer).toMatchObject(answers[answerFor(spec, field)]);
    // Not a word tells it from an id that nobody has.
    const unknown = JSON.stringify(await attempt(nowhere));
    expect(unknown).toBe(JSON.stringify(answer).replaceAll(tried, nowhere));
    // And it is this id that was refused: with one's own it goes on. Once is enough, it may use the row up.
    const isLast = field === Object.keys(spec.fields).at(-1);
    const mine = isLast ? await answerOf(call(host.as('admin'), path, await spec.input(own))) : undefined;
    expect(['NOT_FOUND', 'INTERNAL_SERVER_ERROR']).not.toContain(mine?.code);
  });

  it('has changed nothing over there', async () => {
    expect(await foreign.snapshot()).toEqual(before);
  });
});
