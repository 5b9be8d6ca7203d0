// Changes the data key of a folder and kills itself after so many events, as a power cut would.
import { pino } from 'pino';
import { composeHost } from '#host/compose.ts';
import { rotateDataKey } from '#host/key-rotation.ts';

const [dataFolder, databaseUrl, events] = process.argv.slice(2);
if (dataFolder === undefined) throw new Error('Which folder?');
const host = await composeHost({
  dataFolder,
  databaseUrl: databaseUrl === '' ? undefined : databaseUrl,
  log: pino({ level: 'silent' }),
});
let left = Number(events);
for await (const _event of rotateDataKey(host, { slice: 2 })) {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}
await host.close();
