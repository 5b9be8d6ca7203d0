import type { Figure } from './measure.ts';

/** Where and on what it was measured. */
export interface Machine {
  node: string;
  cores: number;
  load: number[];
  commit: { median: number; p95: number };
  leads: number;
  partners: number;
  credits: number;
  secondsToFill: number;
}

function withUnit(value: number | null, unit: Figure['unit']): string {
  if (value === null) return '';
  const digits = unit === 'ms' || unit === 's' ? 2 : 0;
  const number = value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === '/s' ? `${number}/s` : `${number} ${unit}`;
}

/** How many times the raw cost ours is. */
function ratio({ ours, raw, unit }: Figure): string {
  if (raw === null) return '';
  return `${(unit === '/s' ? raw / ours : ours / raw).toFixed(1)} ×`;
}

function cellsOf(figure: Figure): string[] {
  return [
    figure.name,
    withUnit(figure.ours, figure.unit),
    figure.p95 === null ? '' : `${figure.p95.toFixed(2)} ms`,
    withUnit(figure.raw, figure.unit),
    ratio(figure),
    figure.target,
    figure.met ? 'met' : 'NOT MET',
    figure.load.toFixed(1),
  ];
}

/** The table for people, on stdout. */
export function printTable(machine: Machine, figures: readonly Figure[]): void {
  const header = ['figure', 'ours (median)', 'p95 of one', 'raw (median)', 'cost', 'target', '', 'load'];
  const rows = [header, ...figures.map(cellsOf)];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const { node, cores, load, commit } = machine;
  console.log(
    `\nSQLite, ${machine.leads.toLocaleString('en')} leads, ${machine.partners.toLocaleString('en')} partners, ${machine.credits.toLocaleString('en')} credits (filled in ${machine.secondsToFill} s)`,
  );
  console.log(
    `Node ${node}, ${cores} cores, load average ${load.join(' ')}; a bare commit takes ${commit.median.toFixed(2)} ms (p95 ${commit.p95.toFixed(2)})\n`,
  );
  lines.splice(1, 0, widths.map((width) => '─'.repeat(width)).join('──'));
  for (const line of lines) console.log(line);
  console.log('');
  for (const { name, note } of figures) console.log(`${name}: ${note}`);
}
