// Opens the vaults of some folders at the same moment as other processes do, and tells what it sealed in each.
import { once } from 'node:events';
import { openVault } from '#host/vault.ts';

const folders = process.argv.slice(2);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const sealed = folders.map((folder) => openVault(folder, undefined).seal(folder, 'row'));
process.stdout.write(`${JSON.stringify(sealed)}\n`, () => process.exit(0));
