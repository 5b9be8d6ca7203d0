import { type UseMutationOptions, useMutation } from '@tanstack/react-query';
import { tellDone, tellProblem } from '../app/api.tsx';

/**
 * Runs a command of the contract and tells how it went. `done` is the sentence for success; a refusal is told in the host's words, unless the
 * caller shows it itself (`quiet`). Everything on screen refreshes after it.
 */
export function useCommand<O, E, I, C>(
  options: UseMutationOptions<O, E, I, C>,
  told: { done?: string | ((output: O) => string); quiet?: boolean } = {},
) {
  return useMutation({
    ...options,
    onSuccess: (output, ...rest) => {
      if (told.done !== undefined) tellDone(typeof told.done === 'string' ? told.done : told.done(output));
      return options.onSuccess?.(output, ...rest);
    },
    onError: (error, ...rest) => {
      if (!told.quiet) tellProblem(error);
      return options.onError?.(error, ...rest);
    },
  });
}
