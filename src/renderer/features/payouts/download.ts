import type { Client } from '../../app/client.ts';
import type { PayoutExport } from './payout.ts';

/** The file of an export, put together from its pieces. Throws where it is not the file that was recorded. */
export async function readExportFile(
  client: Client,
  made: PayoutExport,
  signal?: AbortSignal,
): Promise<Blob> {
  const pieces: string[] = [];
  for (let offset: number | null = 0; offset !== null; ) {
    const piece: { data: string; nextOffset: number | null } = await client.payoutExports.read(
      { id: made.id, offset },
      { ...(signal !== undefined && { signal }) },
    );
    pieces.push(piece.data);
    offset = piece.nextOffset;
  }
  const file = new Blob(pieces, { type: made.contentType });
  if (file.size !== made.byteSize || !(await hasHash(file, made.fileSha256))) {
    throw new Error('The file did not arrive whole. Nothing was saved; download it again.');
  }
  return file;
}

async function hasHash(file: Blob, sha256: string): Promise<boolean> {
  // Browsers lend their hashes to secure origins only; over plain HTTP the size has to do.
  if (!window.isSecureContext) return true;
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex === sha256;
}

/** Hands a file to the person, as the browser or the desktop app saves files. */
export function saveFile(file: Blob, fileName: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  // The saving has its own hold on the file by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
