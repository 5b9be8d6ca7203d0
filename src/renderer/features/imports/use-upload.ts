import { useEffect, useRef, useState } from 'react';
import { useClient } from '../../app/api.tsx';
import type { Client } from '../../app/client.ts';

/** Bytes: in base64 it stays below what one call may carry. */
const pieceSize = 128 * 1024;

export interface UploadedFile {
  uploadId: string;
  fileName: string;
  size: number;
}

export type Upload =
  | { phase: 'none' }
  | { phase: 'sending'; fileName: string; size: number; sent: number }
  | { phase: 'there'; file: UploadedFile }
  | { phase: 'failed'; fileName: string; error: unknown };

/** The bytes as base64, read off the disk only when they are due. */
function base64Of(piece: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => {
      const url = typeof reader.result === 'string' ? reader.result : '';
      resolve(url.slice(url.indexOf(',') + 1));
    });
    reader.addEventListener('error', () => {
      reject(new Error('The file can’t be read. It may have been moved or changed since it was chosen.'));
    });
    reader.readAsDataURL(piece);
  });
}

async function discard(client: Client, uploadId: string): Promise<void> {
  try {
    await client.uploads.discard({ uploadId });
  } catch {
    // It is thrown away after a day in any case, and the person has gone on to something else.
  }
}

/** Sends a file to the host piece by piece. Leaving the screen, or choosing another, throws away what was sent. */
export function useUpload() {
  const client = useClient();
  const [upload, setUpload] = useState<Upload>({ phase: 'none' });
  const controller = useRef<AbortController | null>(null);
  const kept = useRef<string | null>(null);

  const drop = () => {
    controller.current?.abort();
    controller.current = null;
    if (kept.current !== null) void discard(client, kept.current);
    kept.current = null;
  };
  const dropLatest = useRef(drop);
  useEffect(() => {
    dropLatest.current = drop;
  });
  useEffect(() => () => dropLatest.current(), []);

  const send = async (source: File): Promise<void> => {
    drop();
    const mine = new AbortController();
    controller.current = mine;
    const { signal } = mine;
    const { name: fileName, size } = source;
    setUpload({ phase: 'sending', fileName, size, sent: 0 });
    try {
      const { uploadId } = await client.uploads.begin({ fileName, size }, { signal });
      if (signal.aborted) return await discard(client, uploadId);
      kept.current = uploadId;
      let offset = 0;
      while (offset < size) {
        const data = await base64Of(source.slice(offset, offset + pieceSize));
        const { received } = await client.uploads.append({ uploadId, offset, data }, { signal });
        if (signal.aborted) return;
        offset = received;
        setUpload({ phase: 'sending', fileName, size, sent: offset });
      }
      setUpload({ phase: 'there', file: { uploadId, fileName, size } });
    } catch (error) {
      if (!signal.aborted) setUpload({ phase: 'failed', fileName, error });
    }
  };

  return {
    upload,
    send,
    /** The host has it, and has used it up. */
    forget: () => {
      kept.current = null;
    },
    clear: () => {
      drop();
      setUpload({ phase: 'none' });
    },
  };
}
