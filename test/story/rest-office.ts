import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '#host/database/index.ts';
import { composeHost, createLog, type Host, type HttpServer, serveHttp } from '#host/index.ts';
import { emptyLocation } from '#test/support/databases.ts';

/** What the story reads of the bodies it gets; which of it is there, it says itself at each step. */
export interface Body {
  id: string;
  code: string;
  message: string;
  fields: { path: string }[];
  token: string;
  user: unknown;
  items: Body[];
  total: number;
  nextCursor: string | null;
  bankingDetails: unknown;
  iban: string;
  sourceId: string;
  sourceCode: string;
  importId: string;
  rows: { errors: { reason: string }[] }[];
  sameFileAs: unknown;
  leadData: { firstName?: string };
  leadId: string | null;
  qualityScore: number;
  outcomes: unknown[];
  policyCode: string;
  event: string;
  applied: boolean;
  calculatedCredit: number;
  partnerLeadId: string;
  creditAmount: number;
  payouts: Body[];
  skipped: unknown[];
  amount: number;
  postings: { account: string; amount: number }[];
  action: string;
  ok: boolean;
  checked: number;
  invitation: { token: string; link: string | null };
  buckets: unknown[];
  fileName: string;
  fileSha256: string;
  byteSize: number;
  uri: string;
  recoveryCodes: string[];
}

/** An answer of the REST face, read. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The JSON; empty where the answer is none. */
  body: Body;
  text: string;
}

/** One person, or program, at the REST face. */
export interface Caller {
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown): Promise<Answer>;
  patch(path: string, body: unknown): Promise<Answer>;
  /** A body that is no JSON: a file, a form. */
  send(path: string, body: string | FormData, contentType?: string): Promise<Answer>;
}

export interface RestOffice {
  /** For calls that a caller doesn't make: other headers, other methods. */
  url: string;
  /** A caller with this bearer token, or with none. */
  caller(token?: string): Caller;
  close(): Promise<void>;
}

/** The host on an empty database of the engine, served over HTTP on a port of its own; the time is 15 June 2026. */
export async function openOffice(engine: Engine): Promise<RestOffice> {
  const folder = await mkdtemp(join(tmpdir(), 'partner-desk-story-'));
  const { location, remove } = await emptyLocation(engine);
  let at = Date.parse('2026-06-15T09:00:00.000Z');
  const host: Host = await composeHost({
    dataFolder: folder,
    ...(location.engine === 'postgres' && { databaseUrl: location.url }),
    log: createLog('silent'),
    now: () => new Date(at++).toISOString(),
  });
  const server: HttpServer = await serveHttp(host, { port: 0, screens: join(folder, 'no-screens') });

  const caller = (token?: string): Caller => {
    async function call(
      method: string,
      path: string,
      body?: string | FormData,
      type?: string,
    ): Promise<Answer> {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(type !== undefined && { 'content-type': type }),
        },
        ...(body !== undefined && { body }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson ? JSON.parse(text) : {},
      };
    }
    const json = (method: string) => (path: string, body?: unknown) =>
      body === undefined ? call(method, path) : call(method, path, JSON.stringify(body), 'application/json');
    return {
      get: (path) => call('GET', path),
      post: json('POST'),
      patch: json('PATCH'),
      send: (path, body, type) => call('POST', path, body, type),
    };
  };
  return {
    url: `${server.url}/api/v1`,
    caller,
    async close() {
      await server.close();
      await host.close();
      await remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
