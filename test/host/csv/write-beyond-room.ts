// Writes a file over another one, for whole-file.test.ts, which gives it less room than it needs; prints what stopped it.
import { writeWholeFile } from '#host/csv/whole-file.ts';

// The system's own way of telling, besides refusing the write; without this it ends the program.
process.on('SIGXFSZ', () => {});

const [, , path = ''] = process.argv;
try {
  await writeWholeFile(path, async (append) => {
    for (let piece = 0; piece < 64; piece += 1) await append('x'.repeat(16_384));
  });
  console.log('written');
} catch (error) {
  console.log(error instanceof Error && 'code' in error ? error.code : error);
}
