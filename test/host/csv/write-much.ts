// Writes a generated file of so many megabytes, for memory.test.ts, and prints what came of it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCsvFile } from '#host/csv/write.ts';

const rows = Number(process.argv[2]) * 1000;
const note = 'x'.repeat(990);

async function* generated() {
  for (let row = 0; row < rows; row += 500) {
    yield Array.from({ length: Math.min(500, rows - row) }, (_, index) => row + index);
  }
}

const folder = await mkdtemp(join(tmpdir(), 'partner-desk-csv-'));
try {
  const written = await writeCsvFile(
    join(folder, 'much.csv'),
    [
      { header: 'row', kind: 'number', value: (row) => row },
      { header: 'note', kind: 'text', value: (row) => `${note}${String(row).padStart(6, '0')}` },
    ],
    generated(),
  );
  console.log(JSON.stringify({ rows: written.rows, megabytes: Math.floor(written.bytes / 1_000_000) }));
} finally {
  await rm(folder, { recursive: true });
}
