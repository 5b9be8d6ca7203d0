// Reads a generated file of so many megabytes, for memory.test.ts, and prints what came of it.
import { openCsv } from '#host/csv/read.ts';

const megabytes = Number(process.argv[2]);
const line = `Anna,"Müller, ${'x'.repeat(900)}",anna@example.com,"two\nlines"\r\n`;
const chunk = Buffer.from(line.repeat(64));
let left = megabytes * 1_000_000;

async function* generated() {
  yield Buffer.from('a,b,c,d\n');
  for (; left > 0; left -= chunk.length) yield chunk;
}

let rows = 0;
let refusal: string | null = null;
const file = await openCsv(generated());
try {
  for await (const batch of file.rows()) rows += batch.filter(({ problem }) => problem === null).length;
} catch (error) {
  refusal = String(error);
}
console.log(JSON.stringify({ rows, refusal, megabytes: Math.floor(file.bytesRead() / 1_000_000) }));
