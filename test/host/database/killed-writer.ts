/** A program that is killed in the middle of a transaction: it commits one partner, then writes many more and waits for its end. */
import { openDatabase, partners } from '#host/database/index.ts';
import { aPartner } from './rows.ts';

const [, , location = '', tenantId = '', maker = ''] = process.argv;
const database = await openDatabase(JSON.parse(location));
const office = { maker };
await database.write({ tenantId }, (tx) =>
  tx.insert(partners, aPartner(office, { organizationName: 'committed' })),
);
await database.write({ tenantId }, async (tx) => {
  for (let i = 0; i < 2000; i++) {
    await tx.insert(partners, aPartner(office, { organizationName: 'half a command' }));
  }
  process.stdout.write('in the middle\n');
  // Keeps the process alive, and the transaction open, until the signal comes.
  await new Promise(() => {
    process.stdin.resume();
  });
});
