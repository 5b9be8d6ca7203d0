import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { defaultScoreWeights } from '#domain/quality-score.ts';
import type { Client } from '#test/support/people.ts';
import { writeCsv } from './imports.ts';
import { type Figure, load, percentile, type Sample, whole } from './measure.ts';
import { type Card, type Office, upload } from './office.ts';
import { freePeriod, paidPeriod, partnerId } from './story.ts';

/** What somebody waits for beside a job, in milliseconds (issue "Jobs"). */
const mostWaiting = 50;
/** Milliseconds between an answer and the next question: somebody who never rests. */
const thinking = 2;

type Order = Parameters<Client['jobs']['start']>[0];
type Caller = Parameters<Office['as']>[0];

/** What a call waited, and of it the processor's time in this thread: the job's and its own, which a busy machine does not stretch. */
interface Wait {
  ms: number;
  busy: number;
}

/** Processor time of this thread so far, in milliseconds. */
function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Each call is due at a moment; what it waits is counted from there, a busy process included. */
async function waited(work: () => Promise<unknown>): Promise<Wait> {
  const before = threadTime();
  const due = performance.now() + thinking;
  await pause(thinking);
  await work();
  return { ms: performance.now() - due, busy: threadTime() - before };
}

type Waits = Record<'pages' | 'approvals', Wait[]>;

const msOf = (waits: readonly Wait[]): Sample => waits.map(({ ms }) => ms);
const busyOf = (waits: readonly Wait[]): Sample => waits.map(({ busy }) => busy);

/** A reviewer who turns pages and approves, one call after the other, until told to stop. */
async function review(office: Office, isOver: () => boolean): Promise<Waits> {
  const { leads } = office.as('lead_reviewer');
  const sample: Waits = { pages: [], approvals: [] };
  let ids: string[] = [];
  while (!isOver()) {
    sample.pages.push(
      await waited(async () => {
        const { items } = await leads.reviewQueue({ limit: 50 });
        if (ids.length === 0) ids = items.map(({ id }) => id);
      }),
    );
    const id = ids.pop();
    if (id !== undefined) sample.approvals.push(await waited(() => leads.approve({ id })));
  }
  return sample;
}

interface Run {
  name: string;
  by: Caller;
  order: Order;
}

/** The longest that a page and an approval wait while a job runs as fast as it can, beside the same with nothing running. */
async function besideJob(office: Office, { name, by, order }: Run, rounds: number): Promise<Figure[]> {
  // The first calls of a program are slower by far, with or without a job.
  let warm = Math.ceil(rounds / 3);
  await review(office, () => warm-- === 0);
  let left = rounds;
  const alone = await review(office, () => left-- === 0);
  const at = load();
  const { jobs } = office.as(by);
  const start = performance.now();
  const { id } = await jobs.start(order);
  let over = false;
  let seconds = 0;
  const running = (async () => {
    for await (const { status, failure, title } of await jobs.watch({ id })) {
      if (status === 'failed') throw new Error(`${title}: ${failure}`);
      seconds = (performance.now() - start) / 1000;
    }
  })().finally(() => {
    over = true;
  });
  const [beside] = await Promise.all([review(office, () => over), running]);
  return (['pages', 'approvals'] as const).map((kind) => {
    const sample = msOf(beside[kind]);
    const busy = busyOf(beside[kind]);
    const longest = Math.max(0, ...sample);
    const what = kind === 'pages' ? 'a page of the queue' : 'an approval';
    return {
      name: `Longest wait for ${what} beside ${name}`,
      unit: 'ms',
      ours: longest,
      p95: sample.length > 0 ? percentile(sample, 0.95) : null,
      raw: Math.max(...msOf(alone[kind])),
      target: `≤ ${mostWaiting} ms`,
      met: longest <= mostWaiting,
      note: `raw: the longest of ${alone[kind].length} with nothing running; of the wait the processor's time, the job's and its own: longest ${Math.max(0, ...busy).toFixed(1)} ms, alone ${Math.max(...busyOf(alone[kind])).toFixed(1)}; ${whole(sample.length)} calls in ${seconds.toFixed(1)} s; counted from when each was due`,
      load: at,
    };
  });
}

/** Other weights, so that nearly every score changes. */
function changeWeights({ writing, tenantId }: Office): void {
  const { email, company, ...others } = defaultScoreWeights;
  const weights = { ...others, email: email + company, company: 0 };
  writing
    .prepare(`update tenants set settings = json_set(settings, '$.scoreWeights', json(?)) where id = ?`)
    .run(JSON.stringify(weights), tenantId);
}

/** What was generated before is taken back by hand, so that there is something to generate. */
function takeBackPayouts({ writing, tenantId }: Office): void {
  for (const table of ['partner_payout_details', 'partner_payouts']) {
    writing.prepare(`delete from ${table} where tenant_id = ? and status = 'pending'`).run(tenantId);
  }
}

/** Each kind of job at full tilt, and somebody at work beside it. */
export async function measureJobs(
  office: Office,
  card: Card,
  of: { rows: number; rounds: number },
): Promise<Figure[]> {
  const file = join(office.dataFolder, 'leads-job.csv');
  await writeCsv(file, of.rows, 900);
  const uploadId = await upload(office.host, office.token('partner_manager'), file, 'leads.csv');
  await rm(file);
  changeWeights(office);
  takeBackPayouts(office);
  const runs: Run[] = [
    {
      name: 'an import',
      by: 'partner_manager',
      order: { kind: 'lead_import', input: { partnerId: partnerId(card.partners - 1), uploadId } },
    },
    {
      name: 'the generation of payouts',
      by: 'finance',
      order: { kind: 'payout_generation', input: freePeriod },
    },
    { name: 'a re-scoring', by: 'lead_reviewer', order: { kind: 'lead_rescoring', input: {} } },
    {
      name: 'an export',
      by: 'finance',
      order: { kind: 'payout_export', input: { ...paidPeriod, format: 'csv_lines' } },
    },
    {
      name: 'a simulation',
      by: 'policy_manager',
      order: {
        kind: 'policy_simulation',
        input: {
          policy: {
            policyType: 'time_based',
            timeUnitType: 'monthly',
            calculationType: 'fixed_price',
            baseCredit: 700,
          },
          from: paidPeriod.periodStart,
          to: freePeriod.periodEnd,
        },
      },
    },
  ];
  const figures: Figure[] = [];
  for (const run of runs) figures.push(...(await besideJob(office, run, of.rounds)));
  return figures;
}
