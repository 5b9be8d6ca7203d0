import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Inputs } from '#contract/index.ts';
import { useClient } from '../../app/api.tsx';
import type { Client } from '../../app/client.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';

type Stream = Awaited<ReturnType<Client['payouts']['generateStream']>>;
type Event = Stream extends AsyncIterable<infer E> ? E : never;
export type GenerationProgress = Extract<Event, { type: 'progress' }>;
export type GenerationResult = Extract<Event, { type: 'result' }>;
export type GenerationInput = Omit<Inputs['payouts']['generateStream'], 'commandId'>;

export type Generation =
  | { state: 'idle' }
  | { state: 'running'; progress: GenerationProgress | null }
  | { state: 'done'; result: GenerationResult }
  /** The person stopped it; what was made until then stays. */
  | { state: 'stopped'; generated: number }
  | { state: 'failed'; error: unknown };

/**
 * Generates payouts and tells how far it is. The same input gets the same command id, so that starting again after a stop
 * or a lost answer goes on where it ended. Leaving the screen stops it.
 */
export function useGeneration() {
  const client = useClient();
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  const [generation, setGeneration] = useState<Generation>({ state: 'idle' });
  const underWay = useRef<AbortController | null>(null);
  useEffect(() => () => underWay.current?.abort(), []);

  const start = async (input: GenerationInput): Promise<void> => {
    const controller = new AbortController();
    const { signal } = controller;
    underWay.current = controller;
    setGeneration({ state: 'running', progress: null });
    let progress: GenerationProgress | null = null;
    let result: GenerationResult | null = null;
    try {
      const stream = await client.payouts.generateStream(
        { ...input, commandId: commandId(input) },
        { signal },
      );
      for await (const event of stream) {
        if (event.type === 'result') {
          result = event;
        } else {
          progress = event;
          setGeneration({ state: 'running', progress });
        }
      }
      if (result === null) throw new Error('The host ended before it was done. Start again to go on.');
      // The lists behind show the new payouts before the result does.
      await queryClient.invalidateQueries();
      setGeneration({ state: 'done', result });
    } catch (error) {
      await queryClient.invalidateQueries();
      setGeneration(
        signal.aborted
          ? { state: 'stopped', generated: progress?.generated ?? 0 }
          : { state: 'failed', error },
      );
    } finally {
      underWay.current = null;
    }
  };

  return { generation, start, stop: () => underWay.current?.abort() };
}
