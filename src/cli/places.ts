import { homedir } from 'node:os';
import { join } from 'node:path';
import { composeHost, createLog, type Host } from '../host/index.ts';

/** Where the database is, as every command takes it. */
export interface PlaceOptions {
  data?: string;
  databaseUrl?: string;
  json?: boolean;
}

/** The data folder where none is named: the one of the desktop app. */
export function defaultDataFolder(): string {
  if (process.platform === 'win32') return join(process.env['APPDATA'] ?? homedir(), 'Partner Desk');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Partner Desk');
  return join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'Partner Desk');
}

export function dataFolderOf(options: PlaceOptions): string {
  return options.data ?? process.env['PARTNER_DESK_DATA'] ?? defaultDataFolder();
}

export function logOf(): Host['log'] {
  return createLog(process.env['PARTNER_DESK_LOG'] ?? 'warn');
}

/** The host on the place that the options name; brings the database to this version. */
export function openHost(options: PlaceOptions): Promise<Host> {
  return composeHost({
    dataFolder: dataFolderOf(options),
    databaseUrl: options.databaseUrl ?? process.env['PARTNER_DESK_DATABASE_URL'],
    dataKey: process.env['PARTNER_DESK_DATA_KEY'],
    log: logOf(),
  });
}

/** Opens the host for one piece of work and closes it whatever happens. */
export async function withHost<T>(options: PlaceOptions, work: (host: Host) => Promise<T>): Promise<T> {
  const host = await openHost(options);
  try {
    return await work(host);
  } finally {
    await host.close();
  }
}
