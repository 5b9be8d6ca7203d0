import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { createRouterClient } from '@orpc/server';
import { test as base, expect, type Page } from '@playwright/test';
import type { StaffRole } from '#domain/vocabulary.ts';
import { composeHost, createLog, type Host, serveHttp } from '#host/index.ts';
import { type Client, type TestTenant, testTenant } from '#test/support/people.ts';
import { screensFolder } from '../../../src/cli/screens.ts';

export { expect } from '@playwright/test';

/** A real host on a fresh SQLite data folder, serving the built screens. */
export interface EmptyDesk {
  url: string;
  host: Host;
}

/** The same with an organization and people of every role. */
export interface Desk extends EmptyDesk, TestTenant {
  /** Opens the app as a staff member with this role, at a path. */
  signIn(page: Page, role: StaffRole, path?: string, person?: number): Promise<void>;
}

async function open(): Promise<EmptyDesk & { close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'partner-desk-e2e-'));
  const host = await composeHost({ dataFolder: folder, log: createLog(process.env['TEST_LOG'] ?? 'silent') });
  const server = await serveHttp(host, { port: 0, screens: await screensFolder(() => {}), graceMs: 500 });
  return {
    url: server.url,
    host,
    close: async () => {
      await server.close();
      await host.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Where open screens hear what others do. */
export const liveChanges = '**/rpc/changes/subscribe';

interface Fixtures {
  emptyDesk: EmptyDesk;
  desk: Desk;
}

export const test = base.extend<Fixtures>({
  // A page that breaks the content security policy or throws is broken, whatever else the test looks at.
  page: async ({ page }, use) => {
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      const text = message.text();
      if (/Content Security Policy/i.test(text)) problems.push(text);
    });
    // Most stories are of screens that don't know yet what others did; the one about live changes lets them through.
    await page.route(liveChanges, (route) => route.abort());
    await use(page);
    expect(problems).toEqual([]);
  },
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the fixture's needs from its first argument.
  emptyDesk: async ({}, use) => {
    const desk = await open();
    await use(desk);
    await desk.close();
  },
  desk: async ({ emptyDesk }, use) => {
    const { host, url } = emptyDesk;
    const clientWith = (token: string): Client =>
      createRouterClient(host.router, { context: { token, station: 'test' } });
    const tenant = await testTenant(host, clientWith);
    await use({
      ...emptyDesk,
      ...tenant,
      signIn: async (page, role, path = '/', person = 1) => {
        const value = await tenant.token(role, person);
        await page.context().clearCookies();
        await page
          .context()
          .addCookies([{ name: 'partner_desk_session', value, url, httpOnly: true, sameSite: 'Strict' }]);
        await page.goto(`${url}${path}`);
      },
    });
  },
});

/** No violation of the accessibility rules, in light and in dark. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', colorScheme);
    // Colours fade from one scheme to the other; what is measured half-way is neither.
    // Asked from here again and again: waiting inside the page takes an eval that its security policy forbids.
    await expect
      .poll(() =>
        page.evaluate('document.getAnimations().every((animation) => animation.playState === "finished")'),
      )
      .toBe(true);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const told = violations.map(
      ({ id, nodes }) => `${colorScheme}: ${id}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`,
    );
    expect(told).toEqual([]);
  }
}
