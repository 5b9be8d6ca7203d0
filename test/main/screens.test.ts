import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentSecurityPolicy } from '#host/index.ts';
import { askedFor, serveScreens } from '../../src/main/screens.ts';

const page = '<meta name="csp-nonce" content="__CSP_NONCE__" />';
let parent: string;
let folder: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'partner-desk-screens-'));
  folder = join(parent, 'renderer');
  await mkdir(join(folder, 'assets'), { recursive: true });
  await writeFile(join(folder, 'index.html'), page);
  await writeFile(join(folder, 'assets', 'index-1a2b.js'), 'export {};');
  await writeFile(join(folder, '.built'), '');
  await writeFile(join(parent, 'secret.txt'), 'secret');
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const get = (path: string) => serveScreens(folder)(new Request(`app://partner-desk${path}`));

describe('the app’s own scheme', () => {
  it('gives the page its own nonce and the strict policy of the served app', async () => {
    const [one, two] = [await get('/'), await get('/')];
    const nonces = await Promise.all(
      [one, two].map(async (answer) => /content="([^"]+)"/.exec(await answer.text())?.[1] ?? ''),
    );
    expect(nonces[0]).toMatch(/^[\w+/]{22}==$/);
    expect(nonces[0]).not.toBe(nonces[1]);
    expect(one.headers.get('content-security-policy')).toBe(contentSecurityPolicy(nonces[0]!));
    expect(one.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  it.each(['/partners', '/partners/7/leads?sort=name', '/index.html'])(
    'gives the page for %s',
    async (path) => {
      const answer = await get(path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    },
  );

  it('gives a built file with its type', async () => {
    const answer = await get('/assets/index-1a2b.js');
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await answer.text()).toBe('export {};');
  });

  it.each(['/assets/none.js', '/index.html/x.js', '/none.map'])('has nothing at %s', async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/..%5csecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/%2fetc/hosts.txt',
    '/C:%5csecret.txt',
    '/secret.txt%00.js',
    '/%E0%A4%A.js',
    '/.built',
  ])('does not climb out or show what is hidden: %s', async (path) => {
    const answer = await get(path);
    expect(await answer.text()).not.toContain('secret');
    expect(answer.status).toBe(404);
  });

  it('answers nobody else’s addresses and takes no other method', async () => {
    expect(askedFor('app://other/index.html')).toEqual({ kind: 'nothing' });
    const post = new Request('app://partner-desk/', { method: 'POST', body: 'x' });
    expect((await serveScreens(folder)(post)).status).toBe(405);
  });
});
