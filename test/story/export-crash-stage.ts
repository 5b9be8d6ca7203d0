import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { actAs, composeHost, createLog } from '#host/index.ts';
import { admins, partnerCount, untilToday } from './crash-stage.ts';

/** Where an export is killed, in the order it comes by. */
export const exportMoments = [
  // Some of its rows are on their way to the file.
  'growing',
  // The file is complete; its transaction is open and has written nothing.
  'written',
  // All of its transaction is written, and not committed.
  'recorded',
  // Committed; the file has not got its name yet.
  'committed',
  // The file has its name; the job does not know that it is done.
  'named',
] as const;
export type ExportMoment = (typeof exportMoments)[number];

/** Lets every partner of the office be paid by SEPA, and approves a payout for each. */
export async function readyToPay(folder: string, databaseUrl?: string): Promise<void> {
  const host = await composeHost({
    dataFolder: folder,
    log: createLog('silent'),
    ...(databaseUrl !== undefined && { databaseUrl }),
  });
  const { client: ada } = await actAs(host, admins.first);
  const { client: bea } = await actAs(host, admins.second);
  await ada.settings.update({
    sepaPayer: { name: 'Crash Office', iban: 'DE75512108001245126199', bic: 'SOGEDEFF' },
  });
  for (const { id } of (await ada.partners.list({ limit: 500 })).items) {
    const bankingDetails = { accountHolder: 'Partner GmbH', iban: 'DE89370400440532013000' };
    await ada.partners.update({ id, bankingDetails });
    await bea.partners.verifyBanking({ id });
  }
  const { payouts } = await ada.payouts.generate(untilToday());
  for (const { id } of payouts) await bea.payouts.approve({ id });
  expect(payouts).toHaveLength(partnerCount);
  await host.close();
}

const script = fileURLToPath(new URL('export-crash-work.ts', import.meta.url));

/** Lets a program of its own make an export in the data folder, and kills it at the moment. */
export async function killedExport(
  folder: string,
  moment: ExportMoment,
  format: 'csv_lines' | 'pain001',
  databaseUrl = '',
): Promise<void> {
  const program = spawn(process.execPath, [script, folder, moment, format, databaseUrl], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(program, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: program.stdout })) {
    lines.push(line);
    if (line === 'here') program.kill('SIGKILL');
  }
  expect(lines).toEqual(['here']);
  expect(await exited).toEqual([null, 'SIGKILL']);
}
