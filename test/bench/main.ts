// npm run bench: the figures of the product, each beside its raw cost in the same run. Nothing here passes or fails.
import { constants } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { databaseFile } from '#host/compose.ts';
import { verifyChain } from '#host/services/activity-chain.ts';
import { measureApprovals } from './approvals.ts';
import { measureCalculation } from './calculation.ts';
import { measureFigures } from './figures.ts';
import { fill, leadsPerPartner } from './fill.ts';
import { measureImports } from './imports.ts';
import { measureJobs } from './jobs.ts';
import { commits, type Figure, median, percentile } from './measure.ts';
import { type Card, openOffice, readCard } from './office.ts';
import { measureExport, measureGeneration } from './payouts.ts';
import { measureReads } from './reads.ts';
import { measureSimulation } from './simulation.ts';
import { printTable } from './table.ts';

const usage = `npm run bench -- [--leads 1000000] [--data <folder>] [--only queue,figures,approval,import,credit,payouts,export,simulate,jobs] [--json]

  --leads   leads in the database; a 200th of that are partners, two credits for five leads (default 1,000,000)
  --data    keeps the filled database there and measures on a copy of it; without it, all is in a temporary folder
  --only    measures only these
  --quick   fewer rounds and a smaller import: to see that it works, not how fast
  --json    the figures as JSON`;

const { values } = parseArgs({
  options: {
    leads: { type: 'string', default: '1000000' },
    data: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (what: string) => console.error(`· ${what}`);

const areas = [
  'queue',
  'figures',
  'approval',
  'import',
  'credit',
  'payouts',
  'export',
  'simulate',
  'jobs',
] as const;

/** How much is measured. */
const effort = values.quick
  ? { reads: 20, approvals: 30, importRows: 1000, importRounds: 1, credits: 10_000, exports: 2 }
  : { reads: 300, approvals: 1000, importRows: 100_000, importRounds: 2, credits: 100_000, exports: 5 };

/** The folder to measure in: filled now, or a copy of one that was filled before. */
async function prepare(work: string, leads: number): Promise<Card> {
  if (values.data === undefined) return fill(work, leads, say);
  const folder = values.data;
  await mkdir(folder, { recursive: true });
  const known = await readCard(folder);
  const card = known ?? (await fill(folder, leads, say));
  if (card.leads !== Math.max(5, Math.round(leads / leadsPerPartner)) * leadsPerPartner) {
    throw new Error(`The folder ${folder} holds ${card.leads} leads. Name another one, or that many.`);
  }
  say('copying the filled database');
  await copyFile(databaseFile(folder), databaseFile(work), constants.COPYFILE_FICLONE);
  // Else the disk would still be writing the copy while its answers are measured.
  const copy = await open(databaseFile(work), 'r+');
  try {
    await copy.sync();
  } finally {
    await copy.close();
  }
  await copyFile(join(folder, 'data.key'), join(work, 'data.key'));
  return card;
}

async function measure(work: string, card: Card): Promise<{ figures: Figure[]; commit: number[] }> {
  const wanted = (area: (typeof areas)[number]) =>
    values.only === undefined || values.only.split(',').includes(area);
  const figures: Figure[] = [];
  const office = await openOffice(work, card);
  try {
    const commit = commits(office.writing, office.tenantId, 200);
    if (wanted('queue')) {
      say('queue and stats');
      // Eleven twentieths of the leads wait: page 10,000 of a million.
      const deep = Math.max(2, Math.round(card.leads / 100));
      figures.push(...(await measureReads(office, { partners: card.partners, deep, rounds: effort.reads })));
    }
    if (wanted('figures')) {
      say('figures and search');
      const of = { leads: card.leads, rounds: Math.ceil(effort.reads / 20), searches: effort.reads };
      figures.push(...(await measureFigures(office, of)));
    }
    if (wanted('approval')) {
      say('approvals');
      const of = { leads: card.leads, partners: card.partners, reviewer: card.people.lead_reviewer };
      // A fiftieth of the partners have a policy of their own, and only so many leads.
      const approvals = Math.min(effort.approvals, Math.floor(card.leads / 200));
      figures.push(...(await measureApprovals(office, { ...of, approvals })));
    }
    if (wanted('import')) {
      say('imports');
      const of = { rows: effort.importRows, rounds: effort.importRounds };
      figures.push(...(await measureImports(office, card, of)));
    }
    if (wanted('credit')) {
      say('credit calculation');
      figures.push(measureCalculation({ credits: effort.credits, rounds: 10 }));
    }
    if (wanted('payouts')) {
      say('payouts');
      figures.push(await measureGeneration(office, card.people.finance));
    }
    if (wanted('export')) {
      say('export');
      figures.push(await measureExport(office, effort.exports));
    }
    if (wanted('simulate')) {
      say('simulation');
      const of = { approvals: effort.credits, rounds: values.quick ? 1 : 3 };
      figures.push(await measureSimulation(office, card, of));
    }
    if (wanted('jobs')) {
      say('jobs, and somebody at work beside them');
      const of = { rows: effort.importRows, rounds: effort.reads };
      figures.push(...(await measureJobs(office, card, of)));
    }
    say('checking the chain of activities');
    const chain = await office.host.database.read({ tenantId: card.tenantId }, (reader) =>
      verifyChain(reader, card.tenantId),
    );
    if (!chain.ok) throw new Error(`The chain of activities is broken: ${JSON.stringify(chain)}`);
    return { figures, commit };
  } finally {
    await office.close();
  }
}

async function main(): Promise<void> {
  const unknown = (values.only ?? '')
    .split(',')
    .filter((area) => area !== '' && !areas.some((one) => one === area));
  const leads = Number(values.leads);
  if (values.help || unknown.length > 0 || !Number.isInteger(leads) || leads < 1000) {
    console.error(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const work = await mkdtemp(join(tmpdir(), 'partner-desk-bench-'));
  try {
    const card = await prepare(work, leads);
    const { figures, commit } = await measure(work, card);
    const machine = {
      node: process.version,
      cores: cpus().length,
      load: loadavg().map((one) => Number(one.toFixed(1))),
      /** One row changed and committed by hand, in milliseconds. */
      commit: { median: median(commit), p95: percentile(commit, 0.95) },
      leads: card.leads,
      partners: card.partners,
      credits: (card.leads * 2) / 5,
      secondsToFill: card.secondsToFill,
    };
    if (values.json) console.log(JSON.stringify({ machine, figures }, null, 2));
    else printTable(machine, figures);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

await main();
