import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Writable } from 'node:stream';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify';
import { commits, type Figure, load, median, processorTime, sum, timed, whole } from './measure.ts';
import type { Office } from './office.ts';
import { freePeriod, paidPeriod } from './story.ts';

/** The payouts of a period and their lines by two statements, then taken back: what the inserts alone cost. */
function rawGeneration(office: Office, by: string): { seconds: number; lines: number } {
  const { writing, tenantId } = office;
  const free = `c.tenant_id = @tenantId and c.partner_id = p.id and c.status = 'approved' and c.approved_on >= @periodStart
    and c.approved_on <= @periodEnd and not exists (select 1 from partner_payout_details d
      where d.tenant_id = c.tenant_id and d.credit_id = c.id and d.released_at is null)`;
  const values = { tenantId, by, ...freePeriod };
  writing.exec('begin immediate');
  try {
    const start = performance.now();
    writing
      .prepare(
        `insert into partner_payouts (id, tenant_id, partner_id, payout_number, period_start, period_end, currency, total_leads_count,
          approved_leads, converted_leads, total_amount, approved_amount, rejected_amount, paid_amount, status, generated_by,
          generated_at, four_eyes_waived, version, created_at, updated_at)
        select 'raw-' || p.id, p.tenant_id, p.id, 'RAW-' || p.id, @periodStart, @periodEnd, p.currency, count(*), count(*), 0,
          sum(c.credit_amount), 0, 0, 0, 'pending', @by, @periodEnd, 0, 1, @periodEnd, @periodEnd
        from partners p join partner_lead_credits c on ${free} where p.tenant_id = @tenantId group by p.id`,
      )
      .run(values);
    const { changes } = writing
      .prepare(
        `insert into partner_payout_details (id, tenant_id, payout_id, credit_id, partner_lead_id, lead_submission_id, source_id,
          policy_id, policy_revision, amount, description, status, version, created_at, updated_at)
        select 'raw-' || c.id, c.tenant_id, 'raw-' || p.id, c.id, c.partner_lead_id, l.lead_id, c.source_id, c.policy_id,
          c.policy_revision, c.credit_amount, c.reason, 'pending', 1, @periodEnd, @periodEnd
        from partners p join partner_lead_credits c on ${free}
        left join partner_leads l on l.tenant_id = c.tenant_id and l.id = c.partner_lead_id
        where p.tenant_id = @tenantId`,
      )
      .run(values);
    return { seconds: (performance.now() - start) / 1000, lines: changes };
  } finally {
    writing.exec('rollback');
  }
}

/** All free credits of a period into payouts, one transaction and one activity for each. */
export async function measureGeneration(office: Office, by: string): Promise<Figure> {
  const raws = [rawGeneration(office, by), rawGeneration(office, by), rawGeneration(office, by)];
  const lines = raws[0]?.lines ?? 0;
  const before = commits(office.writing, office.tenantId, 50);
  const at = load();
  let generated = 0;
  const cpu = processorTime();
  const ms = await timed(async () => {
    const events = await office.as('finance').payouts.generateStream(freePeriod);
    for await (const event of events) if (event.type === 'result') generated = event.generated;
  });
  const spent = processorTime() - cpu;
  const disk = [...before, ...commits(office.writing, office.tenantId, 50)];
  const made = office.reading
    .prepare<unknown[], { n: number }>(
      'select count(*) as n from partner_payout_details where tenant_id = ? and status = ?',
    )
    .get(office.tenantId, 'pending');
  if (generated === 0 || made?.n !== lines)
    throw new Error(`${made?.n} lines were made of ${lines} credits.`);
  const raw = median(raws.map(({ seconds }) => seconds));
  return {
    name: `${whole(lines)} credits into ${whole(generated)} payouts`,
    unit: 's',
    ours: ms / 1000,
    p95: null,
    raw,
    target: '≤ 8 s',
    met: ms <= 8000,
    note: `raw: the inserts alone, in one transaction that is not committed; ${whole(generated)} bare commits take ${((generated * sum(disk)) / disk.length / 1000).toFixed(2)} s; ours ${(spent / 1000).toFixed(2)} s of processor time`,
    load: at,
  };
}

/** The cells of a CSV file, without its header. */
async function cellsOf(path: string): Promise<string[][]> {
  const rows: string[][] = [];
  const parser = createReadStream(path).pipe(parse({ fromLine: 2 }));
  for await (const row of parser as AsyncIterable<string[]>) rows.push(row);
  return rows;
}

/** csv-stringify with the rows in memory and its text thrown away. */
async function stringifyAlone(rows: readonly string[][]): Promise<number> {
  return timed(async () => {
    const stringifier = stringify({ record_delimiter: '\r\n' });
    const nothing = new Writable({ write: (_chunk, _encoding, done) => done() });
    const finished = once(nothing, 'finish');
    stringifier.pipe(nothing);
    for (const row of rows) if (!stringifier.write(row)) await once(stringifier, 'drain');
    stringifier.end();
    await finished;
  });
}

/** The lines of paid payouts as a file for finance: read, written, hashed, on the disk and recorded. */
export async function measureExport(office: Office, rounds: number): Promise<Figure> {
  const client = office.as('finance');
  const input = { format: 'csv_lines' as const, ...paidPeriod };
  const { id, rowCount } = await client.payoutExports.create(input);
  const rows = await cellsOf(join(office.dataFolder, 'exports', `${id}.csv`));
  if (rows.length !== rowCount) throw new Error(`The file has ${rows.length} rows, not ${rowCount}.`);
  await stringifyAlone(rows);
  const ours: number[] = [];
  const raw: number[] = [];
  const spent = { ours: 0, raw: 0 };
  const at = load();
  for (let round = 0; round < rounds; round += 1) {
    const cpu = processorTime();
    ours.push((rowCount * 1000) / (await timed(() => client.payoutExports.create(input))));
    const between = processorTime();
    raw.push((rowCount * 1000) / (await stringifyAlone(rows)));
    spent.ours += between - cpu;
    spent.raw += processorTime() - between;
  }
  return {
    name: `Export of ${whole(rowCount)} lines`,
    unit: '/s',
    ours: median(ours),
    p95: null,
    raw: median(raw),
    target: `≥ raw ÷ 2 = ${whole(median(raw) / 2)}/s`,
    met: median(ours) >= median(raw) / 2,
    note: `raw: csv-stringify alone, rows in memory, text thrown away; ours reads, writes, hashes, syncs and records; ${rounds} rounds by turns; processor time ours ${(spent.ours / rounds / 1000).toFixed(2)} s, raw ${(spent.raw / rounds / 1000).toFixed(2)} s`,
    load: at,
  };
}
