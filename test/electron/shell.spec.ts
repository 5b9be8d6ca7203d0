import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, test as base, type ElectronApplication, expect, type Page } from '@playwright/test';
import { electronBinary } from '../../tools/electron-binary.ts';

const root = join(import.meta.dirname, '..', '..');

/** The built app in the real Electron, on an empty data folder of its own. */
const test = base.extend<{ app: ElectronApplication; page: Page }>({
  app: async ({ baseURL: _none }, use) => {
    const binary = electronBinary();
    if (binary === null) throw new Error('There is no Electron binary; npm run test:electron says so.');
    const folder = await mkdtemp(join(tmpdir(), 'partner-desk-electron-'));
    // Chromium refuses its sandbox to root; elsewhere it stays on, as for people.
    const sandbox = process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const app = await _electron.launch({
      executablePath: binary,
      args: [root, `--user-data-dir=${folder}`, ...sandbox],
      env: { ...(process.env as Record<string, string>), PARTNER_DESK_DATA: folder },
    });
    await use(app);
    await app.close();
    await rm(folder, { recursive: true, force: true });
  },
  page: async ({ app }, use) => use(await app.firstWindow()),
});

test('the app starts with the set-up of a first organization, over its own scheme', async ({ page }) => {
  await expect(page.getByRole('heading', { name: 'Set up your organization' })).toBeVisible();
  expect(page.url()).toMatch(/^app:\/\/partner-desk\//);
});

test('a first organization can be set up: the window talks to the host', async ({ page }) => {
  await page.getByLabel('Organization').fill('First Office');
  await page.getByLabel('First name').fill('Ada');
  await page.getByLabel('Last name').fill('Admin');
  await page.getByLabel('E-mail address').fill('ada@example.com');
  await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Create the organization' }).click();
  await expect(page.getByRole('button', { name: 'Signed in as Ada Admin' })).toBeVisible();
});

test('the window is sandboxed, isolated and without Node', async ({ app, page }) => {
  await page.waitForLoadState();
  const preferences = await app.evaluate(({ webContents }) =>
    webContents.getAllWebContents().map((contents) => {
      const read: unknown = Reflect.get(contents, 'getLastWebPreferences');
      return typeof read === 'function' ? (read.call(contents) as Record<string, unknown>) : null;
    }),
  );
  expect(preferences).toEqual([
    expect.objectContaining({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
    }),
  ]);
  expect(await page.evaluate('[typeof require, typeof process, typeof module, typeof Buffer]')).toEqual(
    Array(4).fill('undefined'),
  );
  expect(await page.evaluate('Object.keys(window.partnerDesk)')).toEqual(['requestPort']);
});

test('the page can go nowhere else and open no window', async ({ app, page }) => {
  await page.waitForLoadState();
  const prevented = app.evaluate(
    ({ webContents }) =>
      new Promise<boolean>((resolve) => {
        const [contents] = webContents.getAllWebContents();
        contents?.once('will-frame-navigate', (event) => resolve(event.defaultPrevented));
      }),
  );
  await page.evaluate("location.href = 'https://example.com/'");
  expect(await prevented).toBe(true);
  expect(page.url()).toMatch(/^app:\/\/partner-desk\//);
  expect(await page.evaluate("window.open('https://example.com/')")).toBeNull();
  expect(app.windows()).toHaveLength(1);
});

test('the page has no permission and runs no script of its own making', async ({ page }) => {
  await page.waitForLoadState();
  const state = "navigator.permissions.query({ name: 'geolocation' }).then(({ state }) => state)";
  expect(await page.evaluate(state)).toBe('denied');
  const refused = `new Promise((resolve) => {
    document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
    const script = document.createElement('script');
    script.textContent = 'window.injected = true';
    document.head.append(script);
  })`;
  expect(await page.evaluate(refused)).toMatch(/^script-src/);
  expect(await page.evaluate('window.injected')).toBeUndefined();
});
