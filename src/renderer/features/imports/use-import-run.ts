import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Inputs, Outputs } from '#contract/index.ts';
import { useClient } from '../../app/api.tsx';

type RunInput = Inputs['imports']['run'];
type RunEvent = Outputs['imports']['run'] extends AsyncIterable<infer Event> ? Event : never;
export type ImportProgress = Extract<RunEvent, { type: 'progress' }>;
export type ImportResult = Extract<RunEvent, { type: 'result' }>['result'];

export type ImportRun =
  | { phase: 'idle' }
  | { phase: 'running'; progress: ImportProgress | null }
  | { phase: 'done'; result: ImportResult }
  | { phase: 'stopped'; progress: ImportProgress | null }
  | { phase: 'failed'; error: unknown; progress: ImportProgress | null };

/** Runs an import, or its rehearsal, and tells how far it is. Leaving the screen stops it. */
export function useImportRun() {
  const client = useClient();
  const queryClient = useQueryClient();
  const [run, setRun] = useState<ImportRun>({ phase: 'idle' });
  const controller = useRef<AbortController | null>(null);
  useEffect(() => () => controller.current?.abort(), []);

  const start = async (input: RunInput): Promise<void> => {
    controller.current?.abort();
    const mine = new AbortController();
    controller.current = mine;
    const { signal } = mine;
    /** Only the latest run speaks. */
    const say = (next: ImportRun) => {
      if (controller.current === mine) setRun(next);
    };
    let progress: ImportProgress | null = null;
    let result: ImportResult | null = null;
    say({ phase: 'running', progress });
    try {
      // Leaving the loop closes the stream, and that cancels the import.
      for await (const event of await client.imports.run(input, { signal })) {
        if (signal.aborted) break;
        if (event.type === 'result') {
          result = event.result;
        } else {
          progress = event;
          say({ phase: 'running', progress });
        }
      }
      if (result !== null && result.status === 'completed') say({ phase: 'done', result });
      else if (result !== null || signal.aborted) say({ phase: 'stopped', progress });
      else throw new Error('The connection to the host ended before the import did.');
    } catch (error) {
      say(signal.aborted ? { phase: 'stopped', progress } : { phase: 'failed', error, progress });
    }
    // A stream is no mutation: what it wrote is looked at again here.
    if (input.dryRun !== true) await queryClient.invalidateQueries();
  };

  return {
    run,
    start,
    stop: () => controller.current?.abort(),
    reset: () => {
      controller.current?.abort();
      controller.current = null;
      setRun({ phase: 'idle' });
    },
  };
}
