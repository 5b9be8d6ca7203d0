import { createHash } from 'node:crypto';
import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outputs } from '#contract/index.ts';
import { statementHtml } from '#host/services/remittances/html.ts';
import { statementPdf } from '#host/services/remittances/pdf.ts';
import { type Statement, type StatementLine, statementOf } from '#host/services/remittances/statement.ts';
import { amountText, dayText } from '#host/services/remittances/words.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { type PdfPage, readPdf } from '#test/support/pdf-text.ts';
import { refused } from './partners/setup.ts';
import {
  approvedCredits,
  generated,
  july,
  linesOf,
  paid,
  payablePartner,
  pendingPayout,
} from './payout-stories.ts';

const hostile = `<img src=x onerror=alert(1)> "&' \u202Eevil \u0007 株`;
const names = ['Łódź', 'Ōsaka Fudōsan', 'Ελληνικά Ακίνητα', 'Красивые Дома', "O'Neill & Söhne"];

const aLine = (changes: Partial<StatementLine> = {}): StatementLine => ({
  on: '2026-06-15',
  payableFrom: '2026-06-15',
  origin: 'policy',
  leadName: 'Joe Summer',
  sourceName: 'Portal',
  policyName: 'Tiers',
  reason: 'tier 2 (101–500): 12.00',
  status: 'approved',
  notes: null,
  amount: 1200,
  ...changes,
});

function aStatement(changes: Partial<Statement> = {}): Statement {
  return {
    payoutNumber: 'PO-2026-000001',
    status: 'approved',
    statusReason: null,
    periodStart: '2026-06-01',
    periodEnd: '2026-06-30',
    currency: 'EUR',
    asOf: '2026-06-15T22:30:00.000Z',
    timeZone: 'Europe/Berlin',
    payer: 'Hafen GmbH',
    payee: { name: 'Łódź', code: 'L', contactName: null, address: [], taxId: null, account: null },
    lines: [aLine()],
    payments: [],
    totals: { approvedLines: 1200, rejectedLines: 0, pendingLines: 0, approved: 1200, paid: 0, open: 1200 },
    ...changes,
  };
}

/** What stands beside each other on a page, from top to bottom. */
function rowsOf({ runs }: PdfPage): string[] {
  const rows = new Map<number, { x: number; text: string }[]>();
  for (const run of runs) {
    const y = Math.round(run.y);
    rows.set(y, [...(rows.get(y) ?? []), run]);
  }
  return [...rows]
    .toSorted(([one], [other]) => one - other)
    .map(([, cells]) =>
      cells
        .toSorted((one, other) => one.x - other.x)
        .map(({ text }) => text.trim())
        .join(' | '),
    );
}

describe('the words of a statement', () => {
  it("group thousands and keep the currency's own decimals", () => {
    expect(amountText(123_456_789, 'EUR')).toBe('1,234,567.89 EUR');
    expect(amountText(-5, 'USD')).toBe('-0.05 USD');
    expect(amountText(1260, 'JPY')).toBe('1,260 JPY');
    expect(amountText(1260, 'KWD')).toBe('1.260 KWD');
    expect(dayText('2026-01-02')).toBe('2 Jan 2026');
  });
});

describe('the page', () => {
  it('takes whatever stands in names and notes for text', () => {
    const text = statementHtml(
      aStatement({
        payer: hostile,
        payee: {
          name: hostile,
          code: hostile,
          contactName: hostile,
          address: [hostile],
          taxId: hostile,
          account: null,
        },
        lines: [
          aLine({
            leadName: hostile,
            policyName: hostile,
            reason: hostile,
            notes: hostile,
            status: 'rejected',
          }),
        ],
        payments: [
          {
            on: '2026-06-20',
            method: 'wire',
            reference: hostile,
            account: hostile,
            amount: 1,
            failed: { on: '2026-06-21', reason: hostile },
          },
        ],
        statusReason: hostile,
      }),
    );
    expect(text).not.toMatch(/<img|<script/i);
    expect(text.match(/&lt;img src=x onerror=alert\(1\)&gt; &quot;&amp;&#39;/g)).toHaveLength(14);
    expect(text).not.toContain('\u0007');
    // Whatever turns the writing direction stays within its own text.
    expect(text.match(/\u202E/g)?.length).toBe(14);
    expect(text.match(/<bdi>/g)?.length).toBeGreaterThanOrEqual(12);
    expect(text).toContain("default-src 'none'");
    expect(text).not.toMatch(/https?:|src="|url\(/);
  });

  it('says from when a line is payable that is of a day outside the period', () => {
    const payable = (on: string, payableFrom: string) =>
      /Payable [^<]*/.exec(statementHtml(aStatement({ lines: [aLine({ on, payableFrom })] })))?.[0];
    expect(payable('2026-05-28', '2026-06-03')).toBe('Payable from 3 Jun 2026.');
    expect(payable('2026-04-28', '2026-05-02')).toBe('Payable since 2 May 2026.');
    expect(payable('2026-06-01', '2026-06-01')).toBeUndefined();
    expect(payable('2026-06-30', '2026-06-30')).toBeUndefined();
  });

  it('can be read out: a language, a title, captions, and headers of rows and columns', () => {
    const text = statementHtml(aStatement());
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(text).toContain('<title>Remittance statement PO-2026-000001</title>');
    for (const table of text.split('<table').slice(1)) {
      expect(table).toMatch(/<caption/);
      expect(table).toMatch(/<th scope="(col|row)"/);
    }
    expect(text).toMatch(/@media print[\s\S]*table-header-group[\s\S]*break-inside: avoid/);
    expect(text).toContain('As of 16 Jun 2026. 1 line.');
  });
});

describe('the PDF file', () => {
  it('holds 500 lines over pages: none cut, none lost, the header and the number on every page', async () => {
    const lines = Array.from({ length: 500 }, (_, index) =>
      aLine({
        leadName: `${names[index % names.length]} ${index}`,
        reason:
          index % 7 === 0
            ? `line ${index}: ${'a long explanation '.repeat(40)}end ${index}`
            : `line ${index} end ${index}`,
        notes: index % 11 === 0 ? hostile : null,
        status: index % 5 === 0 ? 'rejected' : 'approved',
        amount: index,
      }),
    );
    const bytes = await statementPdf(aStatement({ lines }), 'A4');
    const { pages, info, embeddedFonts } = readPdf(bytes);
    expect(pages.length).toBeGreaterThan(20);
    for (const [index, page] of pages.entries()) {
      const rows = rowsOf(page);
      expect([page.width, page.height]).toEqual([595.28, 841.89]);
      expect(rows.at(-1)).toBe(`Remittance statement PO-2026-000001 | Page ${index + 1} of ${pages.length}`);
      // The number stands alone below what the table may use.
      const body = page.runs.filter(({ y }) => y < page.height - 48 - 10);
      expect(Math.max(...body.map(({ y }) => y))).toBeLessThan(page.height - 48 - 20);
      const goesOn = index > 0 && rows.some((row) => /^\d+ Jun 2026/.test(row));
      expect([goesOn, rows[0] === 'Date | For | Explanation | Decision | Amount']).toEqual([goesOn, goesOn]);
    }
    for (const [index] of lines.entries()) {
      const text = (page: PdfPage) => page.runs.map((run) => run.text).join('');
      const first = pages.findIndex((page) =>
        page.runs.some(
          (run) =>
            run.text.startsWith(`line ${index}`) &&
            /^line \d+(:| )/.test(run.text) &&
            run.text.split(/[: ]/)[1] === String(index),
        ),
      );
      expect(first).toBeGreaterThanOrEqual(0);
      // Where a line begins it ends, on the same page.
      expect(text(pages[first]!).replaceAll(/\s+/g, ' ')).toContain(`end ${index}`);
    }
    const all = pages.flatMap(({ runs }) => runs.map(({ text }) => text)).join('\n');
    for (const name of names) expect(all).toContain(`${name} `);
    expect(info).toMatchObject({
      Title: 'Remittance statement PO-2026-000001',
      Author: 'Hafen GmbH',
      Subject: 'Payout PO-2026-000001 to Łódź',
      CreationDate: 'D:20260615223000Z',
    });
    expect(embeddedFonts.toSorted()).toEqual([
      expect.stringMatching(/\+DejaVuSans$/),
      expect.stringMatching(/\+DejaVuSans-Bold$/),
    ]);
  });

  it('is the same to the byte for the same statement, and another for another', async () => {
    const one = await statementPdf(aStatement(), 'A4');
    expect((await statementPdf(aStatement(), 'A4')).equals(one)).toBe(true);
    expect((await statementPdf(aStatement({ asOf: '2026-06-16T00:00:00.000Z' }), 'A4')).equals(one)).toBe(
      false,
    );
    expect(readPdf(await statementPdf(aStatement(), 'LETTER')).pages[0]).toMatchObject({
      width: 612,
      height: 792,
    });
  });

  it('leaves the program room while it is drawn', async () => {
    const lines = Array.from({ length: 800 }, (_, index) => aLine({ leadName: `Lead ${index}` }));
    let turns = 0;
    let isDrawn = false;
    const count = (): void => {
      turns += 1;
      if (!isDrawn) setImmediate(count);
    };
    setImmediate(count);
    await statementPdf(aStatement({ lines }), 'A4');
    isDrawn = true;
    // Others had their turn every few lines.
    expect(turns).toBeGreaterThan(100);
  });
});

describe.each(engines)('remittance statements on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  const page = async (office: TestTenant, id: string): Promise<string> => {
    const { body } = await office.as('finance').remittances.statement({ id });
    return body.text();
  };

  it('explain every line, its decision, the payments and the sums', async () => {
    const office = await host.otherTenant();
    const { payout, partner, lines } = await pendingPayout(office, [1000, 2550, 70]);
    await office.as('approver').payouts.rejectLine({ id: lines[2]!.id, notes: 'no <contract>' });
    expect(await page(office, payout.id)).toContain(
      'This payout is not approved yet; it announces no payment.',
    );
    await office.as('approver').payouts.approve({ id: payout.id, amount: 3000 });
    await paid(office, payout, 1234);
    const text = await page(office, payout.id);
    const all = await linesOf(office, payout);
    for (const line of all) {
      const reason = line.description.replaceAll('<', '&lt;');
      expect(text).toContain(`<bdi>${reason}</bdi>`);
      expect(text).toContain(`${amountText(line.amount, 'EUR')}</td>`);
      expect(text).toContain(line.leadName ?? line.description.replaceAll('<', '&lt;'));
    }
    expect(text).toContain('<bdi>Rejected: no &lt;contract&gt;</bdi>');
    expect(text).toContain('<bdi>Requested credit</bdi>');
    expect(text).toContain('<bdi>Carried over</bdi>');
    expect(text).toContain(`<bdi>${partner.organizationName}</bdi>`);
    expect(text).toContain('<bdi>•••• 3000</bdi>');
    expect(text).not.toContain('DE89370400440532013000');
    expect(text).toContain('This payout is paid in part.');
    expect(text).toContain('<bdi>SEPA-1</bdi>');
    const sums = [...text.matchAll(/<th scope="row">([^<]*)<\/th><td class="amount">([^<]*)<\/td>/g)].map(
      ([, label, value]) => [label, value],
    );
    expect(sums).toEqual([
      ['Approved lines', '30.00 EUR'],
      ['Rejected lines, not paid', '0.70 EUR'],
      ['Approved for payment', '30.00 EUR'],
      ['Paid', '12.34 EUR'],
      ['Open', '17.66 EUR'],
    ]);
  });

  it('are handed out with their type and name, the same bytes in pieces as in one', async () => {
    const office = await host.otherTenant();
    const partner = await payablePartner(office, { organizationName: 'Красивые Дома' });
    await approvedCredits(office, partner.id, [100]);
    const payout = await generated(office, partner.id);
    for (const format of ['html', 'pdf'] as const) {
      const { headers, body } = await office.as('auditor').remittances.statement({ id: payout.id, format });
      expect(headers).toEqual({
        'content-disposition': `inline; filename="remittance-${payout.payoutNumber}.${format}"`,
        'content-security-policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'",
      });
      expect(body.type).toBe(format === 'pdf' ? 'application/pdf' : 'text/html; charset=utf-8');
      const whole = Buffer.from(await body.arrayBuffer());
      const pieces: Buffer[] = [];
      let told: Outputs['remittances']['read'] | undefined;
      for (let offset: number | null = 0; offset !== null; offset = told.nextOffset) {
        told = await office.as('finance').remittances.read({ id: payout.id, format, offset });
        pieces.push(Buffer.from(told.data, 'base64'));
      }
      expect(Buffer.concat(pieces).equals(whole)).toBe(true);
      expect(told).toMatchObject({
        byteSize: whole.length,
        sha256: createHash('sha256').update(whole).digest('hex'),
        contentType: body.type,
        fileName: `remittance-${payout.payoutNumber}.${format}`,
      });
      const beyond = () =>
        office.as('finance').remittances.read({ id: payout.id, format, offset: whole.length + 1 });
      expect((await refused(host, beyond)).code).toBe('VALIDATION');
    }
    const { body } = await office.as('auditor').remittances.statement({ id: payout.id, format: 'pdf' });
    const { pages, info } = readPdf(Buffer.from(await body.arrayBuffer()));
    expect(pages.flatMap(rowsOf).join('\n')).toContain('Красивые Дома');
    expect(info['Subject']).toBe(`Payout ${payout.payoutNumber} to Красивые Дома`);
  });

  it("are for the partner's own people too, and for no other partner's", async () => {
    const office = await host.otherTenant();
    const { payout, partner } = await pendingPayout(office, [100]);
    const other = await payablePartner(office);
    const own = await office.asPartner(partner.id, 'viewer').remittances.statement({ id: payout.id });
    expect(await own.body.text()).toContain(payout.payoutNumber);
    const theirs = () =>
      office.asPartner(other.id, 'admin').remittances.read({ id: payout.id, format: 'pdf', offset: 0 });
    expect(await refused(host, theirs)).toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no such payout.',
    });
  });

  it('say why a credit that was held is in a later period, and which payout paid what is taken back', async () => {
    const office = await host.otherTenant();
    const partner = await payablePartner(office);
    const [early] = await approvedCredits(office, partner.id, [400]);
    const first = await generated(office, partner.id);
    await office.as('approver').payouts.approve({ id: first.id });
    await paid(office, first);
    await office.as('finance').balances.setTerms({ id: partner.id, holdingDays: 20 });
    await approvedCredits(office, partner.id, [1000]);
    await office.as('approver').credits.reverse({ id: early!.id, reason: 'A discount.', amount: 100 });
    host.clock.set('2026-07-05T10:00:00.000Z');
    const later = await generated(office, partner.id, july);
    const text = await page(office, later.id);
    host.clock.set('2026-06-15T12:00:00.000Z');
    expect(text).toContain('<bdi>Payable from 5 Jul 2026.</bdi>');
    expect(text).toContain('<bdi>Payable since 15 Jun 2026.</bdi>');
    expect(text).toContain(
      `<bdi>takes back 1.00 of a credit that was already in payout ${first.payoutNumber}: A discount.</bdi>`,
    );
  });

  it('say where each payment went, whatever the bank details are today', async () => {
    const office = await host.otherTenant();
    const { payout, partner } = await pendingPayout(office, [1000]);
    await office.as('approver').payouts.approve({ id: payout.id });
    await paid(office, payout, 600);
    const changed = { iban: 'FR1420041010050500013M02606', paypalEmail: 'pay@partner.example' };
    await office.as('partner_manager').partners.update({ id: partner.id, bankingDetails: changed });
    const partly = await page(office, payout.id);
    expect(partly).toContain('Bank transfer<div class="note">to <bdi>•••• 3000</bdi></div>');
    // What is still open goes to the new account.
    expect(partly).toContain('<dt>Account</dt><dd><bdi>•••• 2606</bdi></dd>');
    expect((await refused(host, () => paid(office, payout))).code).toBe('VALIDATION');
    await office.as('approver', 2).partners.verifyBanking({ id: partner.id });
    const { pay } = office.as('finance').payouts;
    const payment = { id: payout.id, paymentDate: '2026-06-15' };
    await pay({ ...payment, referenceNumber: 'PP-1', paymentMethod: 'paypal', amount: 100 });
    await pay({ ...payment, referenceNumber: 'CHECK-1', paymentMethod: 'check' });
    const wholly = await page(office, payout.id);
    expect(wholly).toContain('<td>Check</td>');
    expect(wholly).not.toContain('2606');
    const { items } = await office.as('auditor').payouts.payments({ id: payout.id });
    expect(items.map(({ account }) => account)).toEqual(['•••• 3000', '•••• @partner.example', null]);
  });

  it('change when the payout does, and print on the paper of the country', async () => {
    const office = await host.otherTenant();
    const { payout } = await pendingPayout(office, [100]);
    const first = await office.as('finance').remittances.read({ id: payout.id, format: 'pdf', offset: 0 });
    await office.as('approver').payouts.approve({ id: payout.id });
    const second = await office.as('finance').remittances.read({ id: payout.id, format: 'pdf', offset: 0 });
    expect(second.sha256).not.toBe(first.sha256);
    await office.as('admin').settings.update({ defaultCountry: 'US' });
    const third = await office.as('finance').remittances.read({ id: payout.id, format: 'pdf', offset: 0 });
    expect(readPdf(Buffer.from(third.data, 'base64')).pages[0]).toMatchObject({ width: 612, height: 792 });
  });

  it('are refused for what is not there, and for more lines than anyone reads; they leave nothing behind', async () => {
    const office = await host.otherTenant();
    const { payout, lines } = await pendingPayout(office, [100, 200]);
    const stranger = await host.otherTenant();
    const foreign = () => stranger.as('finance').remittances.statement({ id: payout.id });
    expect(await refused(host, foreign)).toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no such payout.',
    });
    expect(lines).toHaveLength(2);
    const session = await office.session('finance');
    const read = (most: number) =>
      host.database.read(office, (reader) => statementOf(reader, session, payout.id, most));
    expect((await read(2)).lines).toHaveLength(2);
    await expect(read(1)).rejects.toMatchObject({
      code: 'VALIDATION',
      message: 'This payout has more than 1 lines, too many to read. Export them as a CSV file instead.',
    });
    const counted = await host.database.read(office, (reader) =>
      reader.get<{ n: number }>(
        sql`select count(*) as n from payout_exports where tenant_id = ${office.tenantId}`,
      ),
    );
    expect(counted?.n).toBe(0);
  });
});
