import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeHost, type DemoReport, fillWithDemoData } from '../host/index.ts';
import { tell } from './output.ts';
import { logOf } from './places.ts';
import { progressBar } from './progress.ts';
import { portOf, serveUntilSignal } from './serve.ts';

interface DemoOptions {
  port: string;
  seed: string;
  fillOnly?: string;
  json?: boolean;
}

function introduce(report: DemoReport, url: string): string {
  const width = Math.max(...report.people.map((person) => person.email.length));
  return [
    `${report.organizationName} is at ${url}: ${report.partners} partners, ${report.leads} leads, ${report.payouts} payouts.`,
    '',
    `Sign in with the password ${report.people[0]?.password ?? ''} as`,
    ...report.people.map(
      (person) => `  ${person.email.padEnd(width)}  ${person.roles.join(', ').replaceAll('_', ' ')}`,
    ),
    '',
    'Everything is thrown away when you stop it with Ctrl+C.',
  ].join('\n');
}

/** Fills a throw-away data folder and serves it until it is told to stop. */
export async function demo(options: DemoOptions): Promise<void> {
  const seed = Number(options.seed);
  if (!Number.isInteger(seed)) throw new Error('A seed is a whole number.');
  const port = portOf(options.port);
  const dataFolder = options.fillOnly ?? (await mkdtemp(join(tmpdir(), 'partner-desk-demo-')));
  const log = logOf();
  try {
    tell('Making a year of demo data …');
    const progress = progressBar(options.json === true);
    const report = await fillWithDemoData({
      dataFolder,
      log,
      seed,
      until: new Date().toISOString(),
      tell: (done, of) => progress.update(done, of, `day ${done}`),
    }).finally(() => progress.end());
    if (options.fillOnly !== undefined) {
      process.stdout.write(
        options.json ? `${JSON.stringify(report)}\n` : `Filled ${dataFolder}: ${report.leads} leads.\n`,
      );
      return;
    }
    const host = await composeHost({ dataFolder, log, throwAway: true });
    await serveUntilSignal(host, { port }, (url) => {
      process.stdout.write(
        options.json ? `${JSON.stringify({ url, ...report })}\n` : `${introduce(report, url)}\n`,
      );
    });
  } finally {
    if (options.fillOnly === undefined) await rm(dataFolder, { recursive: true, force: true });
  }
}
