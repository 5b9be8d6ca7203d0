import { notifications } from '@mantine/notifications';
import { ORPCError } from '@orpc/client';
import type { createTanstackQueryUtils } from '@orpc/tanstack-query';
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use } from 'react';
import type { Client } from './client.ts';

export type Api = ReturnType<typeof createTanstackQueryUtils<Client>>;

interface Connection {
  api: Api;
  client: Client;
}

const ConnectionContext = createContext<Connection | null>(null);

export function ConnectionProvider({ client, api, children }: Connection & { children: ReactNode }) {
  return <ConnectionContext value={{ client, api }}>{children}</ConnectionContext>;
}

function useConnection(): Connection {
  const connection = use(ConnectionContext);
  if (connection === null) throw new Error('There is no connection to the host around this component.');
  return connection;
}

/** The contract as TanStack Query options: `useQuery(api.partners.get.queryOptions({ input: { id } }))`. */
export function useApi(): Api {
  return useConnection().api;
}

/** The contract as plain functions, for streams and one-off calls. */
export function useClient(): Client {
  return useConnection().client;
}

/** The stable code of a refusal, or null where it is none. */
export function codeOf(error: unknown): string | null {
  return error instanceof ORPCError ? error.code : null;
}

/** The sentence to show for an error. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ORPCError) return error.message;
  if (error instanceof TypeError) return 'The host can’t be reached. Check that it runs, then try again.';
  return error instanceof Error ? error.message : 'Something went wrong.';
}

/** What is wrong with which field: `{ 'leadData.email': 'Use an e-mail address.' }`, as Mantine's forms take it. */
export function fieldErrorsOf(error: unknown): Record<string, string> {
  if (!(error instanceof ORPCError)) return {};
  const data: unknown = error.data;
  if (typeof data !== 'object' || data === null || !('fields' in data) || !Array.isArray(data.fields))
    return {};
  const fields: unknown[] = data.fields;
  const entries = fields.flatMap((field) =>
    typeof field === 'object' &&
    field !== null &&
    'path' in field &&
    typeof field.path === 'string' &&
    'message' in field &&
    typeof field.message === 'string'
      ? [[field.path, field.message] as const]
      : [],
  );
  return Object.fromEntries(entries);
}

const worthRetrying = (error: unknown) => !(error instanceof ORPCError) || error.status >= 500;

/**
 * Queries that refresh after every command: a command may touch figures anywhere, and the host is next door. A session
 * that has ended sends the person to the sign-in screen, whatever was asked.
 */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  const noticeSignedOut = (error: unknown) => {
    if (codeOf(error) === 'UNAUTHENTICATED') onSignedOut();
  };
  const queryClient: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: noticeSignedOut }),
    mutationCache: new MutationCache({
      onError: noticeSignedOut,
      onSuccess: () => queryClient.invalidateQueries(),
    }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => worthRetrying(error) && failures < 2,
        refetchOnWindowFocus: true,
      },
      mutations: { retry: false },
    },
  });
  return queryClient;
}

/** Tells that something was done. */
export function tellDone(message: string): void {
  notifications.show({ message, color: 'pine', autoClose: 4000 });
}

/** Tells that something was refused or failed, in the host's own words. */
export function tellProblem(error: unknown): void {
  notifications.show({ title: 'Not done', message: sentenceOf(error), color: 'red', autoClose: 8000 });
}
