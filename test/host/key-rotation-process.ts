// Changes the data key of a folder and kills itself after so many events, as a power cut would.
import { type DatabaseLocation, openDatabase } from '#host/database/index.ts';
import { rotateDataKey } from '#host/key-rotation.ts';
import { openVault } from '#host/vault.ts';

const [dataFolder, place, events] = process.argv.slice(2);
if (dataFolder === undefined || place === undefined) throw new Error('Which folder, and which database?');
const location: DatabaseLocation = JSON.parse(place);
const database = await openDatabase(location);
const host = { database, vault: openVault(dataFolder, undefined), now: () => new Date().toISOString() };
let left = Number(events);
for await (const _event of rotateDataKey(host, { slice: 2 })) {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}
await database.close();
