/**
 * A program that makes one export and stands still at a given place of it, says so on stdout, and waits there for the signal
 * that kills it.
 */

import { payoutExports, type Writer } from '#host/database/index.ts';
import { actAs, composeHost, createLog, type Host } from '#host/index.ts';
import { admins } from './crash-stage.ts';
import { type ExportMoment, exportMoments } from './export-crash-stage.ts';

const [, , folder = '', wanted = '', format = '', databaseUrl = ''] = process.argv;
const moment = exportMoments.find((each) => each === wanted);
if (moment === undefined) throw new Error(`There is no moment ${wanted}.`);

let isArmed = false;

async function passing(place: ExportMoment): Promise<void> {
  if (!isArmed || place !== moment) return;
  process.stdout.write('here\n');
  await new Promise(() => {
    process.stdin.resume();
  });
}

function watched(host: Host): Host {
  const { read, write } = host.database;
  let hasExport = false;
  host.database.read = (scope, fn) =>
    read(scope, (reader) =>
      fn({
        ...reader,
        async *stream(statement, batch) {
          for await (const rows of reader.stream<never>(statement, batch)) {
            yield rows;
            await passing('growing');
          }
        },
      }),
    );
  host.database.write = async (scope, fn) => {
    if (hasExport) await passing('named');
    const result = await write(scope, async (tx) => {
      const counting: Writer = {
        ...tx,
        async insert(table, row) {
          if (Object.is(table, payoutExports)) {
            await passing('written');
            hasExport = true;
          }
          return tx.insert(table, row);
        },
      };
      const made = await fn(counting);
      if (hasExport) await passing('recorded');
      return made;
    });
    if (hasExport) await passing('committed');
    return result;
  };
  return host;
}

const host = watched(
  await composeHost({
    dataFolder: folder,
    log: createLog('silent'),
    ...(databaseUrl !== '' && { databaseUrl }),
  }),
);
const { client } = await actAs(host, admins.second);
isArmed = true;
await client.payoutExports.create({ format: format === 'pain001' ? 'pain001' : 'csv_lines' });
throw new Error(`The export never came by "${moment}".`);
