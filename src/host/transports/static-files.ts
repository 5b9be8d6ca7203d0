import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';

/** The content type of each kind of file the build of the screens puts out, by extension. */
export const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

interface StaticFile {
  path: string;
  type: string;
  size: number;
  etag: string;
}

/** What the built page says where each answer's own nonce belongs. */
export const noncePlaceholder = '__CSP_NONCE__';

/**
 * The policy of the screens: nothing from elsewhere, no inline script, and inline styles only with the answer's nonce.
 * Style attributes set by script are the CSS object model and need no exception.
 */
export function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

async function listFiles(folder: string): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const url = `/${relative(folder, path).split(sep).join('/')}`;
    const { size } = await stat(path);
    const hash = createHash('sha256')
      .update(await readFile(path))
      .digest('base64url');
    files.set(url, {
      path,
      size,
      type: contentTypes[extname(path)] ?? 'application/octet-stream',
      etag: `"${hash.slice(0, 27)}"`,
    });
  }
  return files;
}

/**
 * Serves the built screens. Only the files found at start can be asked for, so there is no path to climb out of; every other
 * path without an extension is a screen and gets the page.
 */
export async function staticFiles(folder: string) {
  const files = existsSync(folder) ? await listFiles(folder) : new Map<string, StaticFile>();
  const page = files.has('/index.html') ? await readFile(join(folder, 'index.html'), 'utf8') : null;

  function sendPage(request: IncomingMessage, response: ServerResponse): boolean {
    if (page === null) return false;
    const nonce = randomBytes(16).toString('base64');
    const body = page.replaceAll(noncePlaceholder, nonce);
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy(nonce),
      'cache-control': 'no-store',
      'content-length': Buffer.byteLength(body),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  }

  return function serve(request: IncomingMessage, response: ServerResponse, pathname: string): boolean {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const file = files.get(pathname);
    if (file === undefined || pathname === '/index.html') {
      return extname(pathname) === '' || pathname === '/index.html' ? sendPage(request, response) : false;
    }
    if (request.headers['if-none-match'] === file.etag) {
      response.writeHead(304, { etag: file.etag }).end();
      return true;
    }
    response.writeHead(200, {
      'content-type': file.type,
      'content-length': file.size,
      etag: file.etag,
      'cache-control': pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
    if (request.method === 'HEAD') response.end();
    else createReadStream(file.path).pipe(response);
    return true;
  };
}
