import { loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Connection } from '#host/database/sqlite-connection.ts';

/** One line of the table. */
export interface Figure {
  name: string;
  /** Of `ours` and `raw`. */
  unit: 'ms' | 's' | '/s' | 'MB';
  ours: number;
  /** 95th percentile of one call in milliseconds, where calls were timed one by one. */
  p95: number | null;
  /** The same without this programme, in the same run, by turns. */
  raw: number | null;
  target: string;
  met: boolean;
  note: string;
  /** Load average of the last minute when it was measured. */
  load: number;
}

/** Milliseconds of each call. */
export type Sample = number[];

export function percentile(sample: Sample, share: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error('Nothing was measured.');
  return value;
}

export const median = (sample: Sample): number => percentile(sample, 0.5);
export const sum = (sample: Sample): number => sample.reduce((total, ms) => total + ms, 0);
/** Calls a second; `rest`: milliseconds that are no call's own and all of theirs. */
export const rate = (sample: Sample, rest: number): number => (sample.length * 1000) / (sum(sample) + rest);
export const load = (): number => loadavg()[0] ?? 0;
export const whole = (value: number): string => Math.round(value).toLocaleString('en');

/** The processor's time in this process so far, in milliseconds: what a busy machine does not stretch. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Processor time of one of `n` in words, for the notes. */
export const processor = (ms: number, n: number): string =>
  `${(ms / n).toFixed(3)} ms of processor time each`;

export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** By turns, so that whatever else the machine does falls on both. The first tenth warms up and is not counted. */
export async function byTurns(
  rounds: number,
  ours: (round: number) => Promise<unknown>,
  raw: (round: number) => unknown,
): Promise<{ ours: Sample; raw: Sample; spent: { ours: number; raw: number } }> {
  const samples = { ours: [] as Sample, raw: [] as Sample, spent: { ours: 0, raw: 0 } };
  const warm = Math.ceil(rounds / 10);
  for (let round = 0; round < rounds + warm; round += 1) {
    const before = processorTime();
    const mine = await timed(() => ours(round));
    const between = processorTime();
    const bare = await timed(() => raw(round));
    if (round < warm) continue;
    samples.spent.ours += between - before;
    samples.spent.raw += processorTime() - between;
    samples.ours.push(mine);
    samples.raw.push(bare);
  }
  return samples;
}

/** What the disk takes for a commit of one changed row, in milliseconds. */
export function commits(writing: Connection, tenantId: string, n: number): Sample {
  const sample: Sample = [];
  const change = writing.prepare<[string]>(
    `insert into number_sequences (tenant_id, name, value) values (?, 'bench', 1)
      on conflict (tenant_id, name) do update set value = value + 1`,
  );
  for (let i = 0; i < n; i += 1) {
    const start = performance.now();
    writing.exec('begin immediate');
    change.run(tenantId);
    writing.exec('commit');
    sample.push(performance.now() - start);
  }
  return sample;
}
