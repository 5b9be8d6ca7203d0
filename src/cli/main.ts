import { Command, Option } from 'commander';
import {
  backup,
  type ImportOptions,
  importLeads,
  migrate,
  restore,
  rotateKey,
  secondFactorReset,
  sweep,
  tenantAdd,
  tenantList,
  verify,
} from './data-commands.ts';
import { type ExportOptions, exportPayouts } from './export-command.ts';
import { type Answer, exitCodes, writeAnswer, writeFailure } from './output.ts';
import { defaultDataFolder, type PlaceOptions } from './places.ts';
import { type ServeOptions, serve } from './serve.ts';

const program = new Command('partner-desk')
  .description('Partner Desk without its window: serve it, feed it, check it.')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage))
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 refused or failed, 2 not understood, 3 done with rejected rows, or something does not verify.
Environment: PARTNER_DESK_DATA, PARTNER_DESK_DATABASE_URL, PARTNER_DESK_DATA_KEY, PARTNER_DESK_LOG (warn).`,
  );

/** A command that works on a data folder or a PostgreSQL database. */
function onDatabase(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--data <folder>', `the data folder (default: ${defaultDataFolder()})`)
    .option('--database-url <url>', 'a PostgreSQL database instead of the local one')
    .option('--json', 'answer as JSON');
}

function acting(command: Command): Command {
  return command
    .requiredOption('--as <e-mail>', 'the staff member who acts; rights and trail are that person’s')
    .option('--organization <name>', 'where the address is in several organizations');
}

/** Runs the work of a command and writes its answer. */
function answering<O extends PlaceOptions, A extends string[]>(
  work: (options: O, ...args: A) => Promise<Answer>,
) {
  return async (...given: [...A, O, Command]): Promise<void> => {
    const options = given.at(-2) as O;
    const args = given.slice(0, -2) as A;
    try {
      writeAnswer(await work(options, ...args), options.json === true);
    } catch (error) {
      writeFailure(error, options.json === true);
    }
  };
}

onDatabase('serve', 'serve the screens, REST and RPC until it is told to stop')
  .option('--port <port>', '0 picks a free one', '4310')
  .option('--host <address>', 'the address to listen on', '127.0.0.1')
  .action(async (options: ServeOptions) => {
    try {
      await serve(options);
    } catch (error) {
      writeFailure(error, options.json === true);
    }
  });

onDatabase('migrate', 'bring the database to this version').action(answering(migrate));

program
  .command('demo')
  .description('serve a throw-away database filled with demo data, and print the address and the sign-in')
  .option('--port <port>', '0 picks a free one', '4310')
  .option('--seed <number>', 'the same seed gives the same data', '1')
  .option('--fill-only <folder>', 'only fill this empty data folder')
  .option('--json', 'answer as JSON')
  .action(async (options: { port: string; seed: string; fillOnly?: string; json?: boolean }) => {
    try {
      const { demo } = await import('./demo.ts');
      await demo(options);
    } catch (error) {
      writeFailure(error, options.json === true);
    }
  });

const tenant = program.command('tenant').description('organizations of a database');
for (const command of [
  tenant
    .command('add')
    .description('add an organization with its first administrator')
    .requiredOption('--file <file>', 'JSON: the body of POST /setup')
    .action(answering(tenantAdd)),
  tenant.command('list').description('list the organizations').action(answering(tenantList)),
]) {
  command
    .option('--data <folder>', `the data folder (default: ${defaultDataFolder()})`)
    .option('--database-url <url>', 'a PostgreSQL database instead of the local one')
    .option('--json', 'answer as JSON');
}

acting(onDatabase('import', 'import leads from a CSV file'))
  .argument('<file>')
  .requiredOption('--partner <code>', 'the partner who hands the leads in')
  .option('--mapping <json>', 'header name to field, or null to leave a column out')
  .option('--dry-run', 'say what would happen and write nothing')
  .option('--again', 'import a file that was imported before')
  .action(answering((options: ImportOptions, file: string) => importLeads(file, options)));

acting(onDatabase('export', 'export payouts, a payment file or the accounting journal'))
  .requiredOption('--out <file>', 'the file to write')
  .addOption(
    new Option('--format <format>', 'what the file is (default: csv_payouts)').choices([
      'csv_payouts',
      'csv_lines',
      'pain001',
      'nacha',
      'paypal',
      'journal',
    ]),
  )
  .addOption(
    new Option('--layout <layout>', 'a CSV file with a row per payout or per line')
      .choices(['payouts', 'lines'])
      .conflicts('format'),
  )
  .option('--payout <id...>', 'these payouts')
  .option('--execution-date <day>', 'when the bank is to pay (SEPA, ACH)')
  .option('--currency <code>', 'the one currency of a PayPal file')
  .option('--again', 'order payouts once more that a payment file holds already')
  .option('--bom', 'begin a CSV file with a byte order mark')
  .option('--status <status>', 'only payouts with this status')
  .option('--from <day>', 'periods from this day on')
  .option('--to <day>', 'periods up to this day')
  .action(answering((options: ExportOptions) => exportPayouts(options)));

onDatabase('backup', 'copy the local database while it is in use')
  .requiredOption('--out <file>', 'the file to write')
  .action(answering(backup));

onDatabase('restore', 'check a backup, then put it in the place of the local database')
  .argument('<file>')
  .action(answering((options: PlaceOptions, file: string) => restore(file, options)));

onDatabase(
  'sweep-documents',
  'clear away files of documents that no document of this database ever had; not after putting an older backup back',
).action(answering(sweep));

onDatabase(
  'rotate-key',
  'make a new data key and seal every secret with it; what was cut off goes on where it was',
).action(answering(rotateKey));

onDatabase('reset-second-factor', 'let somebody who lost the second factor sign in without it again')
  .requiredOption('--email <e-mail>', 'whose it is')
  .option('--organization <name>', 'where the address is in several organizations')
  .action(answering(secondFactorReset));

onDatabase('verify', 'verify the ledger and the chain of activities of every organization').action(
  answering(verify),
);

await program.parseAsync();
