import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  actAs,
  addTenant,
  composeHost,
  createLog,
  type Host,
  type HttpServer,
  serveHttp,
} from '#host/index.ts';

/** Closed periods, adjustments, payouts by hand and statements, as a program without a screen would use them. */
describe('money over REST', () => {
  const people = { ada: 'ada@example.com', bea: 'bea@example.com' } as const;
  const password = 'correct horse battery';
  let folder: string;
  let host: Host;
  let server: HttpServer;
  const tokens: Record<string, string> = {};

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-money-'));
    host = await composeHost({ dataFolder: folder, log: createLog('silent'), throwAway: true });
    await addTenant(host, {
      organizationName: 'Money Office',
      currency: 'EUR',
      timeZone: 'UTC',
      admin: { email: people.ada, password, firstName: 'Ada', lastName: 'First' },
    });
    const { client } = await actAs(host, people.ada);
    await client.staff.create({
      email: people.bea,
      password,
      firstName: 'Bea',
      lastName: 'Second',
      roles: ['admin'],
    });
    server = await serveHttp(host, { port: 0, screens: join(folder, 'no-screens') });
    for (const email of Object.values(people)) {
      const signedIn = await rest('', 'POST', '/auth/login', { email, password });
      tokens[email] = String(signedIn.body['token']);
    }
  });
  afterAll(async () => {
    await server.close();
    await host.close();
    await rm(folder, { recursive: true, force: true });
  });

  interface Row {
    [field: string]: unknown;
    id: string;
    items: Row[];
    outcomes: Row[];
    payouts: Row[];
    nextCursor: string | null;
  }

  async function rest(email: string, method: string, path: string, body?: unknown) {
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(email !== '' && { authorization: `Bearer ${tokens[email]}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Row };
  }
  const ada = async (method: string, path: string, body?: unknown) =>
    (await rest(people.ada, method, path, body)).body;
  const bea = async (method: string, path: string, body?: unknown) =>
    (await rest(people.bea, method, path, body)).body;

  it('goes from an adjustment to a payment that came back, and every figure is in the statement', async () => {
    const today = new Date().toISOString().slice(0, 10);
    const year = today.slice(0, 4);
    const partner = await ada('POST', '/partners', {
      partnerType: 'vendor',
      organizationName: 'Hafen GmbH',
      contactName: 'Kim Berg',
      contactEmail: 'kim@example.com',
      taxId: 'DE123456789',
      bankingDetails: {
        accountHolder: 'Hafen GmbH',
        iban: 'DE89370400440532013000',
        paymentMethod: 'bank_transfer',
      },
    });
    await bea('POST', `/partners/${partner.id}/approve`, {});
    await bea('POST', `/partners/${partner.id}/banking/verify`, {});
    await bea('PATCH', `/partners/${partner.id}/payout-terms`, { holdingDays: 0, minimumPayout: 500 });

    const credits: Row[] = [];
    for (const amount of [1000, 400, -100]) {
      const asked = await ada('POST', `/partners/${partner.id}/adjustments`, {
        kind: 'adjustment',
        amount,
        reason: `An adjustment of ${amount}.`,
      });
      credits.push(await bea('POST', `/credits/${asked.id}/approve`, { approvalNotes: 'Seen.' }));
    }
    const [first, second, third] = credits;
    expect(credits.map(({ approvedOn }) => approvedOn)).toEqual([today, today, today]);

    const period = { periodStart: `${year}-01-01`, periodEnd: today };
    const chosen = await ada('POST', '/payouts', {
      partnerId: partner.id,
      ...period,
      creditIds: [first!.id, third!.id],
    });
    expect(chosen).toMatchObject({ status: 'pending', totalAmount: 900 });
    const { items: lines } = await ada('GET', `/payouts/${chosen.id}/lines`);
    const decided = await bea('POST', `/payouts/${chosen.id}/lines/decide`, {
      action: 'approve',
      lineIds: lines.map(({ id }) => id),
    });
    expect(decided.outcomes).toEqual(lines.map(({ id }) => ({ id, ok: true })));
    await bea('POST', `/payouts/${chosen.id}/approve`, {});
    await ada('POST', `/payouts/${chosen.id}/pay`, { paymentDate: today, referenceNumber: 'SEPA-1' });
    const { items: payments } = await ada('GET', `/payouts/${chosen.id}/payments`);
    const failed = await ada('POST', `/payouts/${chosen.id}/payments/${payments[0]!.id}/fail`, {
      reason: 'No such account.',
      date: today,
    });
    expect(failed).toMatchObject({ status: 'approved', openAmount: 900 });

    // Below the minimum, the rest is carried over.
    const generated = await ada('POST', '/payouts/generate', { partnerId: partner.id, ...period });
    expect(generated.payouts).toEqual([]);
    const balance = await ada('GET', `/partners/${partner.id}/balance`);
    expect(balance).toMatchObject({ available: 400, payable: 900, balance: 1300, free: 400 });
    expect(balance['carriedOver']).toMatchObject({ amount: 400 });

    for (const status of ['approved', 'approved,pending', 'pending,approved,paid']) {
      const { items } = await ada('GET', `/payouts?status=${encodeURIComponent(status)}`);
      expect(items.map(({ id }) => id)).toEqual([chosen.id]);
    }
    expect((await ada('GET', '/payouts?status=paid,cancelled')).items).toEqual([]);

    const path = `/partners/${partner.id}/statement?from=${year}-01-01&to=${today}`;
    const whole = await ada('GET', `${path}&total=true`);
    expect(whole).toMatchObject({
      opening: { balance: 0 },
      closing: { available: 400, payable: 900, balance: 1300 },
      totals: { credits: 0, adjustments: 1300, payments: -900, failedPayments: 900, payouts: 900 },
      total: 6,
    });
    const piece = await ada('GET', `${path}&limit=4`);
    const rest4 = await ada('GET', `${path}&limit=4&cursor=${piece.nextCursor}`);
    expect([...piece.items, ...rest4.items]).toEqual(whole.items);

    const taken = await bea('POST', `/credits/${second!.id}/reverse`, { reason: 'Too much.', amount: 150 });
    expect(taken).toMatchObject({ origin: 'reversal', creditAmount: -150, reversesCreditId: second!.id });

    const closed = await ada('POST', '/periods/close', { periodEnd: today, note: 'Year end.' });
    expect((await ada('GET', '/periods'))['closedUntil']).toBe(today);
    const own = await rest(people.ada, 'POST', `/periods/${closed.id}/reopen`, { reason: 'Too early.' });
    expect([own.status, own.body['code']]).toEqual([403, 'SELF_APPROVAL']);
    const opened = await bea('POST', `/periods/${closed.id}/reopen`, { reason: 'Too early.' });
    expect(opened).toMatchObject({ isClosed: false });
    expect(await ada('GET', '/ledger/verify')).toMatchObject({ ok: true, differences: [] });
    expect(await ada('GET', '/activities/verify')).toMatchObject({ ok: true });
  });
});
