import { useMutation } from '@tanstack/react-query';
import { tellProblem, useClient } from '../../app/api.tsx';
import { readExportFile, saveFile } from './download.ts';
import type { PayoutExport } from './payout.ts';

/** Downloads the file of an export; the same file as often as it is asked for. */
export function useDownload() {
  const client = useClient();
  return useMutation({
    mutationFn: async (made: PayoutExport) => saveFile(await readExportFile(client, made), made.fileName),
    onError: tellProblem,
  });
}
