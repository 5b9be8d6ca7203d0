import { open, rename, rm } from 'node:fs/promises';
import type { Inputs, Outputs } from '#contract/index.ts';
import { actAs } from '../host/index.ts';
import type { ActingOptions } from './data-commands.ts';
import type { Answer } from './output.ts';
import { withHost } from './places.ts';

export interface ExportOptions extends ActingOptions {
  out: string;
  format?: string;
  /** The older way to name the two CSV files. */
  layout?: string;
  payout?: string[];
  status?: string;
  from?: string;
  to?: string;
  executionDate?: string;
  currency?: string;
  again?: boolean;
  bom?: boolean;
}

/** Makes an export and writes its file to `out`: the same bytes that are kept, readable by nobody else. */
export function exportPayouts(options: ExportOptions): Promise<Answer> {
  return withHost(options, async (host) => {
    const acting = await actAs(host, options.as, options.organization);
    try {
      const exports = acting.client.payoutExports;
      // The contract judges what was typed; its refusal names the option.
      const input = {
        format: options.format ?? `csv_${options.layout ?? 'payouts'}`,
        payoutIds: options.payout,
        status: options.status,
        periodStart: options.from,
        periodEnd: options.to,
        executionDate: options.executionDate,
        currency: options.currency,
        again: options.again,
        bom: options.bom,
      } as Inputs['payoutExports']['create'];
      const made = await exports.create(input);
      // Complete or absent: whoever waits for the file must not find half of it.
      const draft = `${options.out}.part`;
      const file = await open(draft, 'w', 0o600);
      try {
        let offset: number | null = 0;
        while (offset !== null) {
          const piece: Outputs['payoutExports']['read'] = await exports.read({ id: made.id, offset });
          await file.appendFile(piece.data);
          offset = piece.nextOffset;
        }
        await file.sync();
        await file.close();
        await rename(draft, options.out);
      } catch (error) {
        await file.close();
        await rm(draft, { force: true });
        throw error;
      }
      return { text: told(made, options.out), data: { ...made, file: options.out } };
    } finally {
      await acting.end();
    }
  });
}

function told(made: Outputs['payoutExports']['create'], out: string): string {
  return [
    `${made.rowCount} rows in ${out} (SHA-256 ${made.fileSha256}). ${made.alreadyExported} payouts were exported before.`,
    ...made.skipped.map(
      ({ payoutNumber, partnerName, reason }) => `Left out: ${payoutNumber} of ${partnerName}. ${reason}`,
    ),
  ].join('\n');
}
