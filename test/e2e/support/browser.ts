import { existsSync } from 'node:fs';
import chromium from '@sparticuz/chromium';

/** Chromium without anything it would ask the network for. */
export const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--font-render-hinting=none',
];

/** The installed Chromium where there is one, else the one that comes with npm. */
export async function browserPath(): Promise<string> {
  const chosen = process.env['PARTNER_DESK_CHROMIUM'];
  const installed = [chosen, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
    (path) => path !== undefined && existsSync(path),
  );
  return installed ?? (await chromium.executablePath());
}
