import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { contentSecurityPolicy, contentTypes, noncePlaceholder } from '../host/index.ts';
import { isOwnPage } from './addresses.ts';

/** What an address asks for: a built file by its parts, the page of the screens, or nothing that there is. */
export type Asked = { kind: 'file'; parts: readonly string[] } | { kind: 'page' } | { kind: 'nothing' };

// Windows would take a back slash for a separator and a colon for a drive or a stream; no built file has either.
const plainPart = /^[^.\\/:\0][^\\/:\0]*$/;

/**
 * Reads an address of the app's own pages. As over HTTP, a path without an extension is a screen and gets the page. A part
 * that starts with a dot is nothing, so there is no way to climb out and no hidden file to ask for.
 */
export function askedFor(address: string): Asked {
  if (!isOwnPage(address)) return { kind: 'nothing' };
  const { pathname } = new URL(address);
  let parts: string[];
  try {
    parts = pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch (error) {
    if (error instanceof URIError) return { kind: 'nothing' };
    throw error;
  }
  if (!parts.every((part) => plainPart.test(part))) return { kind: 'nothing' };
  const last = parts.at(-1);
  if (last === undefined || extname(last) === '' || (parts.length === 1 && last === 'index.html')) {
    return { kind: 'page' };
  }
  return { kind: 'file', parts };
}

const always = { 'x-content-type-options': 'nosniff' };

function notFound(): Response {
  return new Response('Not found', { status: 404, headers: always });
}

function isMissing(error: unknown): boolean {
  const missing = ['ENOENT', 'ENOTDIR', 'EISDIR'];
  return error instanceof Error && 'code' in error && missing.includes(String(error.code));
}

async function page(folder: string): Promise<Response> {
  const nonce = randomBytes(16).toString('base64');
  const text = await readFile(join(folder, 'index.html'), 'utf8');
  return new Response(text.replaceAll(noncePlaceholder, nonce), {
    headers: {
      ...always,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy(nonce),
      'cache-control': 'no-store',
    },
  });
}

async function file(folder: string, parts: readonly string[]): Promise<Response> {
  const path = join(folder, ...parts);
  try {
    const type = contentTypes[extname(path)] ?? 'application/octet-stream';
    return new Response(await readFile(path), { headers: { ...always, 'content-type': type } });
  } catch (error) {
    if (isMissing(error)) return notFound();
    throw error;
  }
}

/** Answers the app's own addresses with the built screens; the page comes with its own nonce and the strict policy. */
export function serveScreens(folder: string): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'GET') return new Response('Not allowed', { status: 405, headers: always });
    const asked = askedFor(request.url);
    if (asked.kind === 'page') return page(folder);
    return asked.kind === 'file' ? file(folder, asked.parts) : notFound();
  };
}
