import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { Figure } from './measure.ts';

const run = promisify(execFile);

it('the bench fills a small office that verifies, and measures every figure beside its raw cost', async () => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const { stdout } = await run(process.execPath, [main, '--leads', '1000', '--quick', '--json'], {
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  const { machine, figures }: { machine: object; figures: Figure[] } = JSON.parse(stdout);
  expect(machine).toMatchObject({ leads: 1000, partners: 5, credits: 400 });
  expect(figures.map(({ name }) => name)).toEqual([
    'Queue, page 1 of 50',
    'Queue, page 10 of 50',
    'PartnerStats',
    'Series over a year by day',
    'Top partners of a year',
    'Score distribution of a year',
    'Search for one lead',
    'Approval with all it causes',
    'Approval, tiered, credit approved at once',
    'Import of 1,000 rows',
    'Its peak memory',
    'Credit calculation, pure code',
    '100 credits into 2 payouts',
    'Export of 100 lines',
    'Simulation over 100,000 leads',
    ...['an import', 'the generation of payouts', 'a re-scoring', 'an export', 'a simulation'].flatMap(
      (job) => ['a page of the queue', 'an approval'].map((what) => `Longest wait for ${what} beside ${job}`),
    ),
  ]);
  expect(figures.filter(({ ours, raw }) => !(ours > 0 && raw !== null && raw > 0))).toEqual([]);
});
