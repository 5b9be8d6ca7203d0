// A process of its own for one import, by the programme or by hand, so that its memory is its own. Started by imports.ts.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { createRouterClient } from '@orpc/server';
import BetterSqlite3 from 'better-sqlite3';
import { parse } from 'csv-parse';
import { v7 as uuidv7 } from 'uuid';
import { searchTextOf } from '#domain/lead-search.ts';
import { databaseFile } from '#host/compose.ts';
import { type PartnerLeadRow, partnerLeads } from '#host/database/index.ts';
import type { Connection } from '#host/database/sqlite-connection.ts';
import type { Client } from '#test/support/people.ts';
import { bulk } from './bulk.ts';
import { compose, today, upload } from './office.ts';

/** What the process is told. */
export interface ImportTask {
  how: 'ours' | 'raw';
  dataFolder: string;
  token: string;
  tenantId: string;
  submittedBy: string;
  partnerId: string;
  sourceId: string;
  file: string;
}

/** What it answers, as JSON on stdout. Memory in bytes. */
export interface ImportReport {
  seconds: number;
  rows: number;
  /** The most the process ever held, by the kernel's count; pages of the database that are only mapped included. */
  peakRss: number;
  /** The most of it that was the process's own, sampled; null where the system does not tell. */
  peakOwn: number | null;
}

async function ownMemory(): Promise<number | null> {
  try {
    const status = await readFile('/proc/self/status', 'utf8');
    return Number(/RssAnon:\s*(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function importByService(task: ImportTask): Promise<{ seconds: number; rows: number }> {
  const host = await compose(task.dataFolder);
  try {
    const client: Client = createRouterClient(host.router, {
      context: { token: task.token, station: 'bench' },
    });
    const uploadId = await upload(host, task.token, task.file, 'leads.csv');
    const start = performance.now();
    const events = await client.imports.run({ partnerId: task.partnerId, uploadId });
    let rows = 0;
    for await (const event of events) {
      if (event.type !== 'result') continue;
      const { accepted, rejected, duplicates } = event.result;
      if (rejected + duplicates > 0)
        throw new Error(`${rejected} rows were rejected, ${duplicates} doubled.`);
      rows = accepted;
    }
    return { seconds: (performance.now() - start) / 1000, rows };
  } finally {
    await host.close();
  }
}

/** Rows of one transaction: what the programme commits at once. */
const rowsPerCommit = 500;

/** The file parsed by csv-parse, and its rows inserted by multi-row statements, nothing asked and nothing checked. */
async function importByHand(task: ImportTask): Promise<{ seconds: number; rows: number }> {
  const connection = new BetterSqlite3(databaseFile(task.dataFolder));
  try {
    for (const pragma of [
      'synchronous = FULL',
      'wal_autocheckpoint = 1000',
      'cache_size = -65536',
      'mmap_size = 268435456',
    ]) {
      connection.pragma(pragma);
    }
    const start = performance.now();
    const rows = await insertAll(connection, task);
    return { seconds: (performance.now() - start) / 1000, rows };
  } finally {
    connection.close();
  }
}

async function insertAll(connection: Connection, task: ImportTask): Promise<number> {
  const into = bulk(connection, partnerLeads);
  let rows = 0;
  const parser = createReadStream(task.file).pipe(parse({ columns: true }));
  for await (const record of parser as AsyncIterable<Record<string, string>>) {
    if (rows % rowsPerCommit === 0) connection.exec('begin immediate');
    into.add(rowOf(record, task));
    rows += 1;
    if (rows % rowsPerCommit !== 0) continue;
    into.end();
    connection.exec('commit');
  }
  into.end();
  if (connection.inTransaction) connection.exec('commit');
  return rows;
}

function rowOf(record: Record<string, string>, task: ImportTask): PartnerLeadRow {
  const { tenantId, partnerId, sourceId, submittedBy } = task;
  const { estimatedValue, ...leadData } = record;
  const { email = '', phone = '', firstName = '', lastName = '' } = leadData;
  const name = `${firstName} ${lastName}`;
  return {
    id: uuidv7(),
    tenantId,
    partnerId,
    sourceId,
    leadId: null,
    submissionType: 'import_batch',
    status: 'submitted',
    leadData: { ...leadData, email, phone, timelineDays: Number(leadData['timelineDays']) },
    contactName: name,
    company: leadData['company'] ?? null,
    emailKey: email,
    phoneKey: phone,
    searchText: searchTextOf({ name, company: leadData['company'], email, phoneKey: phone }),
    qualityScore: 8000,
    duplicateOf: null,
    linkedTo: null,
    protectedUntil: null,
    notDuplicateReason: null,
    notDuplicateBy: null,
    notDuplicateAt: null,
    projectId: null,
    campaignId: null,
    estimatedValue: estimatedValue === '' ? null : Number(estimatedValue) * 100,
    currency: 'EUR',
    claimedBy: null,
    claimExpiresAt: null,
    reviewNotes: null,
    rejectionReason: null,
    reviewedBy: null,
    reviewedAt: null,
    submittedBy,
    submittedAt: today,
    month: today.slice(0, 7),
    approvedAt: null,
    approvedOn: null,
    conversionDate: null,
    convertedAt: null,
    dealValue: null,
    conversionWithdrawnAt: null,
    conversionWithdrawnBy: null,
    conversionWithdrawalReason: null,
    creditAmount: null,
    creditStatus: null,
    importId: null,
    version: 1,
    createdAt: today,
    updatedAt: today,
    deletedAt: null,
  };
}

const given = process.argv[2];
if (given !== undefined) {
  const task: ImportTask = JSON.parse(given);
  let peakOwn: number | null = null;
  const sampling = setInterval(() => {
    void ownMemory().then((own) => {
      if (own !== null) peakOwn = Math.max(peakOwn ?? 0, own);
    });
  }, 50);
  const done = await (task.how === 'ours' ? importByService(task) : importByHand(task));
  clearInterval(sampling);
  const report: ImportReport = { ...done, peakRss: process.resourceUsage().maxRSS * 1024, peakOwn };
  console.log(JSON.stringify(report));
}
