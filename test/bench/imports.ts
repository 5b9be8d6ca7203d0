import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stringify } from 'csv-stringify';
import type { ImportReport, ImportTask } from './import-process.ts';
import { madeUpLead } from './made-up.ts';
import { commits, type Figure, load, median, whole } from './measure.ts';
import type { Card, Office } from './office.ts';
import { partnerId, sourceId } from './story.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./import-process.ts', import.meta.url));

/** Bytes. */
const memoryLimit = 300_000_000;

const columns = [
  'firstName',
  'lastName',
  'email',
  'phone',
  'company',
  'industry',
  'jobTitle',
  'address',
  'city',
  'zipCode',
  'country',
  'leadType',
  'budgetRange',
  'timelineDays',
  'interestAreas',
  'additionalInfo',
  'estimatedValue',
] as const; // prettier-ignore

/** A file as offices get them: all columns, gaps, umlauts, quotes and commas in cells. */
export async function writeCsv(path: string, rows: number, file: number): Promise<void> {
  function* records() {
    for (let n = 0; n < rows; n += 1) {
      yield { ...madeUpLead(n, file), estimatedValue: n % 3 === 0 ? 500 + (n % 1000) : '' };
    }
  }
  await pipeline(
    Readable.from(records()),
    stringify({ header: true, columns: [...columns] }),
    createWriteStream(path),
  );
}

async function runProcess(task: ImportTask): Promise<ImportReport> {
  const { stdout } = await run(process.execPath, [script, JSON.stringify(task)], {
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  const report: ImportReport = JSON.parse(stdout);
  return report;
}

/** One file after the other, by turns by the programme and by hand, each in a process of its own. */
export async function measureImports(
  office: Office,
  card: Card,
  of: { rows: number; rounds: number },
): Promise<Figure[]> {
  const partner = card.partners - 1;
  const reports: Record<ImportTask['how'], ImportReport[]> = { ours: [], raw: [] };
  const at = load();
  let file = 0;
  for (let round = 0; round < of.rounds; round += 1) {
    for (const how of ['raw', 'ours'] as const) {
      file += 1;
      const path = join(office.dataFolder, `leads-${file}.csv`);
      await writeCsv(path, of.rows, file);
      const report = await runProcess({
        how,
        dataFolder: office.dataFolder,
        token: office.token('partner_manager'),
        tenantId: office.tenantId,
        submittedBy: card.people.partner_manager,
        partnerId: partnerId(partner),
        sourceId: sourceId(partner),
        file: path,
      });
      if (report.rows !== of.rows) throw new Error(`${report.rows} rows came in, ${of.rows} were sent.`);
      reports[how].push(report);
      await rm(path);
    }
  }
  const disk = commits(office.writing, office.tenantId, 50);
  const ours = median(reports.ours.map(({ seconds }) => seconds));
  const raw = median(reports.raw.map(({ seconds }) => seconds));
  const peak = Math.max(...reports.ours.map(({ peakRss }) => peakRss));
  const own = Math.max(...reports.ours.map(({ peakOwn }) => peakOwn ?? 0));
  const megabytes = (bytes: number) => Math.round(bytes / 1_000_000);
  return [
    {
      name: `Import of ${whole(of.rows)} rows`,
      unit: 's',
      ours,
      p95: null,
      raw,
      target: `≤ 3 × raw = ${(3 * raw).toFixed(1)} s`,
      met: ours <= 3 * raw,
      note: `raw: csv-parse and inserts of 50 rows, 500 a commit as ours; ${of.rounds} rounds by turns; a bare commit ${median(disk).toFixed(2)} ms`,
      load: at,
    },
    {
      name: 'Its peak memory',
      unit: 'MB',
      ours: megabytes(peak),
      p95: null,
      raw: megabytes(Math.max(...reports.raw.map(({ peakRss }) => peakRss))),
      target: '< 300 MB',
      met: peak < memoryLimit,
      note: `resident by the kernel's count, the whole process; its own without mapped files ${own === 0 ? 'not told here' : `${megabytes(own)} MB`}`,
      load: at,
    },
  ];
}
