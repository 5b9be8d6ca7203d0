import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRouterClient } from '@orpc/server';
import BetterSqlite3 from 'better-sqlite3';
import { pino } from 'pino';
import type { StaffRole } from '#domain/vocabulary.ts';
import { composeHost, databaseFile, type Host } from '#host/compose.ts';
import type { Connection } from '#host/database/sqlite-connection.ts';
import { type Client, testTenant } from '#test/support/people.ts';

/** Who calls in the measurements, each with a session of their own. */
const roles = ['approver', 'finance', 'lead_reviewer', 'partner_manager', 'policy_manager'] as const;
export type Caller = (typeof roles)[number] & StaffRole;

/** What a filled data folder holds, and the keys to it: written beside the database. */
export interface Card {
  tenantId: string;
  /** Session tokens and staff ids by role. */
  tokens: Record<Caller, string>;
  people: Record<Caller, string>;
  leads: number;
  partners: number;
  /** The policy that pays for the leads of all partners. */
  policyId: string;
  secondsToFill: number;
}

/** The office at work: the host on its database, and the raw connections that the same is measured on. */
export interface Office {
  host: Host;
  dataFolder: string;
  tenantId: string;
  /** A client of the whole contract, with session, permission and validation. */
  as(caller: Caller): Client;
  token(caller: Caller): string;
  /** The connection the host itself writes with: the same pragmas, cache and file. Only for when the host does nothing. */
  writing: Connection;
  /** Read-only, with the pragmas of the host's reading connection. */
  reading: Connection;
  close(): Promise<void>;
}

/** Each look is a millisecond later; after everything that was filled in, so that nothing lies in the future. */
function clock(start: string): () => string {
  let at = Date.parse(start);
  return () => new Date(at++).toISOString();
}

export const silent = pino({ level: 'silent' });
/** The instant the measurements begin at. */
export const today = '2026-07-15T08:00:00.000Z';

function isConnection(value: unknown): value is Connection {
  return typeof value === 'object' && value !== null && 'prepare' in value && 'pragma' in value;
}

function writingOf(host: Host): Connection {
  const { driver } = host.database.dataSource;
  const connection = 'databaseConnection' in driver ? driver.databaseConnection : undefined;
  if (!isConnection(connection)) throw new Error('The driver of the database has no connection.');
  return connection;
}

function clientOf(host: Host, token: string): Client {
  return createRouterClient(host.router, { context: { token, station: 'bench' } });
}

export function compose(dataFolder: string, start = today): Promise<Host> {
  return composeHost({ dataFolder, log: silent, now: clock(start) });
}

export async function readCard(dataFolder: string): Promise<Card | undefined> {
  try {
    const card: Card = JSON.parse(await readFile(join(dataFolder, 'bench.json'), 'utf8'));
    return card;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The card is written last: a folder without one was not filled to its end. */
export async function writeCard(dataFolder: string, card: Card): Promise<void> {
  await writeFile(join(dataFolder, 'bench.json'), JSON.stringify(card));
}

/** An organization with one person of each role, in a new data folder. */
export async function foundOffice(host: Host): Promise<Pick<Card, 'tenantId' | 'tokens' | 'people'>> {
  const tenant = await testTenant(host, (token) => clientOf(host, token));
  const tokens: Partial<Record<Caller, string>> = {};
  const people: Partial<Record<Caller, string>> = {};
  for (const role of roles) {
    tokens[role] = await tenant.token(role);
    people[role] = (await tenant.session(role)).userId;
  }
  return {
    tenantId: tenant.tenantId,
    tokens: tokens as Record<Caller, string>,
    people: people as Record<Caller, string>,
  };
}

export async function openOffice(dataFolder: string, card: Omit<Card, 'secondsToFill'>): Promise<Office> {
  const host = await compose(dataFolder);
  const reading = new BetterSqlite3(databaseFile(dataFolder), { readonly: true, fileMustExist: true });
  reading.pragma('cache_size = -65536');
  reading.pragma('mmap_size = 268435456');
  return {
    host,
    dataFolder,
    tenantId: card.tenantId,
    as: (caller) => clientOf(host, card.tokens[caller]),
    token: (caller) => card.tokens[caller],
    writing: writingOf(host),
    reading,
    close: async () => {
      reading.close();
      await host.close();
    },
  };
}

/** Hands a file to the host as an upload, as the HTTP transport does. */
export async function upload(host: Host, token: string, path: string, fileName: string): Promise<string> {
  const session = await host.resolveSession(token, 'bench');
  if (session === null) throw new Error('The session of the bench is not valid.');
  return host.uploads.receive(session, fileName, createReadStream(path));
}
