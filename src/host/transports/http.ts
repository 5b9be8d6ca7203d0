import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import busboy from '@fastify/busboy';
import { OpenAPIHandler } from '@orpc/openapi/node';
import type { ORPCError } from '@orpc/server';
import { BodyLimitPlugin, RPCHandler } from '@orpc/server/node';
import { SimpleCsrfProtectionHandlerPlugin } from '@orpc/server/plugins';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { Host } from '../compose.ts';
import { requirePermission } from '../permission.ts';
import type { CallContext } from '../router/index.ts';
import { type FileCall, fileCallAt } from './file-calls.ts';
import { docsAssetFolder, docsPage, docsScript, hasRestPath, openApiDocument } from './openapi.ts';
import {
  bearerOf,
  cookieName,
  cookieOf,
  hostIsOurs,
  isEncrypted,
  mediaTypeOf,
  readAsJson,
  requireSize,
  stationOf,
  tooLarge,
  withoutEmptyValues,
} from './request.ts';
import { staticFiles } from './static-files.ts';

const restPrefix = '/api/v1';
const rpcPrefix = '/rpc';
/** How often a host that closes looks for connections that nothing but their client keeps open, in milliseconds. */
const letGoEvery = 50;
/** Bytes of a JSON body; files take the way of uploads. */
const largestBody = 8 * 1024 * 1024;

interface HttpContext extends CallContext {
  /** Takes a new session's token into the cookie; absent where the caller keeps it itself. */
  keepToken?: (token: string, expiresAt: string) => void;
}

export interface HttpOptions {
  port: number;
  /** 127.0.0.1 unless told otherwise. */
  address?: string;
  /** The folder of the built screens. */
  screens: string;
  /** How long a shutdown waits for calls under way, in milliseconds. */
  graceMs?: number;
}

export interface HttpServer {
  /** `http://127.0.0.1:4310` */
  url: string;
  /** Takes no new calls, finishes what is under way, then closes. */
  close(): Promise<void>;
}

function isLoopback(address: string): boolean {
  return address === '127.0.0.1' || address === '::1' || address === 'localhost';
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function sendRefusal(response: ServerResponse, error: DomainError): void {
  sendJson(response, error.status, {
    code: error.code,
    message: error.message,
    ...(error.fields.length > 0 && { fields: error.fields }),
  });
}

/** The body of an error as `api.md` has it: code, sentence, fields. */
export function restErrorBody(error: ORPCError<string, unknown>): Record<string, unknown> {
  const data = typeof error.data === 'object' && error.data !== null ? error.data : {};
  // These two are about the body itself, before any call saw it.
  if (error.code === 'BAD_REQUEST') {
    return { code: 'VALIDATION', message: "The body is not JSON, or it is broken: it can't be read." };
  }
  if (error.code === 'PAYLOAD_TOO_LARGE') {
    return { code: 'VALIDATION', message: tooLarge(largestBody) };
  }
  return { code: error.code, message: error.message, ...data };
}

/** The body that a file call is handed: the upload's id, and what a form says besides its file. */
type SpooledBody = Record<string, string> & { uploadId: string };

/** Spools the file that a request brings to disk. */
async function spoolFile(
  host: Host,
  request: IncomingMessage,
  context: CallContext,
  call: FileCall,
): Promise<SpooledBody> {
  // Before a byte is stored: whoever may not import must not be able to fill the disk.
  const session = context.token === null ? null : await host.resolveSession(context.token, context.station);
  if (session === null)
    throw new DomainError(
      'UNAUTHENTICATED',
      'Sign in first: you are not signed in, or your session has ended.',
    );
  requirePermission(session, call.permission, call.needsActivePartner);
  const type = mediaTypeOf(request);
  if (call.contentTypes.includes(type)) {
    return { uploadId: await host.uploads.receive(session, call.fileName, request, call.largest) };
  }
  if (type !== 'multipart/form-data') {
    const [usual] = call.contentTypes;
    throw invalidField('body', `Send the file itself as ${usual}, or as one file of multipart/form-data.`);
  }
  return new Promise((resolve, reject) => {
    let receiving: Promise<string> | undefined;
    let arriving: Readable | undefined;
    const fields: Record<string, string> = {};
    const form = busboy({
      headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
      limits: { files: 1, fields: 20, fieldSize: 64 * 1024 },
    });
    form.on('file', (_field, file, fileName) => {
      const name = basename(fileName || call.fileName).slice(0, 255);
      arriving = file;
      const received = host.uploads.receive(session, name, file, call.largest);
      received.catch(reject);
      receiving = received;
    });
    form.on('field', (name, value) => {
      fields[name] = value;
    });
    form.on('error', () => reject(invalidField('body', 'The multipart body is broken. Send it again.')));
    form.on('finish', () => {
      if (receiving === undefined) reject(invalidField('body', 'There is no file in the request.'));
      else receiving.then((uploadId) => resolve({ ...fields, uploadId }), reject);
    });
    // The form hears nothing of a caller who goes away half-way: neither it nor its file would ever end.
    const giveUp = (): void => {
      if (request.complete) return;
      const cut = invalidField('body', 'The file did not come whole. Send it again.');
      arriving?.destroy(cut);
      reject(cut);
    };
    request.once('close', giveUp);
    if (request.destroyed) giveUp();
    request.pipe(form);
  });
}

/** Serves a host over HTTP: RPC for the screens, REST for programs, and the screens themselves. */
export async function serveHttp(host: Host, options: HttpOptions): Promise<HttpServer> {
  const address = options.address ?? '127.0.0.1';
  const onlyLocal = isLoopback(address);
  const screens = await staticFiles(options.screens);
  const description = await openApiDocument(host.version);
  const docsAssets = docsAssetFolder();

  const rest = new OpenAPIHandler<CallContext>(host.router, {
    plugins: [new BodyLimitPlugin({ maxBodySize: largestBody })],
    customErrorResponseBodyEncoder: restErrorBody,
    filter: hasRestPath,
  });
  const rpc = new RPCHandler<HttpContext>(host.router, {
    plugins: [new BodyLimitPlugin({ maxBodySize: largestBody }), new SimpleCsrfProtectionHandlerPlugin()],
    clientInterceptors: [
      async ({ next, path, context }) => {
        const output = await next();
        const name = path.join('.');
        if ((name === 'auth.login' || name === 'setup.run') && context.keepToken && isSignedIn(output)) {
          context.keepToken(output.token, output.expiresAt);
          // The page's scripts have no use for the token, and must have no way to it.
          return { ...output, token: '' };
        }
        return output;
      },
    ],
  });

  const underWay = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  let closing = false;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'no-referrer');
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-resource-policy', 'same-origin');
    if (onlyLocal && !hostIsOurs(request)) {
      sendJson(response, 421, { code: 'VALIDATION', message: 'This host only answers to localhost.' });
      return;
    }
    if (closing) {
      response.setHeader('connection', 'close');
      sendJson(response, 503, { code: 'UNAVAILABLE', message: 'The host is shutting down.' });
      return;
    }
    // Two slashes ahead would begin another host's name, not a path.
    const asked = request.url?.startsWith('/') ? `http://localhost${request.url}` : (request.url ?? '');
    if (!URL.canParse(asked)) {
      sendJson(response, 404, { code: 'NOT_FOUND', message: 'There is nothing at this address.' });
      return;
    }
    const url = new URL(asked);
    const { pathname } = url;

    if (pathname.startsWith(`${rpcPrefix}/`)) {
      response.setHeader('cache-control', 'no-store');
      const bearer = bearerOf(request);
      const { matched } = await rpc.handle(request, response, {
        prefix: rpcPrefix,
        context: {
          token: bearer ?? cookieOf(request),
          station: stationOf(request),
          ...(bearer === null && {
            keepToken: (token: string, expiresAt: string) => {
              response.setHeader(
                'set-cookie',
                `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Strict; Expires=${new Date(expiresAt).toUTCString()}${isEncrypted(request) ? '; Secure' : ''}`,
              );
            },
          }),
        },
      });
      if (!matched) sendJson(response, 404, { code: 'NOT_FOUND', message: 'There is no such call.' });
      return;
    }

    if (pathname === restPrefix || pathname.startsWith(`${restPrefix}/`)) {
      response.setHeader('cache-control', 'no-store');
      await handleRest(request, response, url);
      return;
    }

    if (!screens(request, response, pathname)) {
      sendJson(response, 404, { code: 'NOT_FOUND', message: 'There is nothing at this address.' });
    }
  }

  async function handleRest(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { pathname } = url;
    // HEAD is GET without the body (RFC 9110), which Node leaves out by itself.
    if (request.method === 'HEAD') request.method = 'GET';
    if (request.method === 'GET' && pathname === `${restPrefix}/openapi.json`) {
      sendJson(response, 200, description);
      return;
    }
    if (
      request.method === 'GET' &&
      (pathname === `${restPrefix}/docs` || pathname.startsWith(`${restPrefix}/docs/`))
    ) {
      sendDocs(response, pathname.slice(`${restPrefix}/docs`.length), docsAssets);
      return;
    }
    const context: CallContext = { token: bearerOf(request), station: stationOf(request) };
    const fileCall = fileCallAt(pathname.slice(restPrefix.length));
    if (request.method === 'POST' && fileCall !== undefined) {
      // oRPC takes a body that is already there; the file itself stays on disk.
      Object.assign(request, { body: await spoolFile(host, request, context, fileCall) });
    } else {
      await requireSize(request, largestBody);
    }
    readAsJson(request);
    request.url = withoutEmptyValues(url);
    const { matched } = await rest.handle(request, response, { prefix: restPrefix, context });
    if (!matched) sendJson(response, 404, { code: 'NOT_FOUND', message: 'There is no such call.' });
  }

  const server = createServer((request, response) => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) {
        response.destroy();
      } else if (error instanceof DomainError) {
        // The rest of a refused upload is not read: the connection ends with the answer.
        response.setHeader('connection', 'close');
        sendRefusal(response, error);
      } else {
        host.log.error({ err: error, url: request.url }, 'A request failed');
        sendJson(response, 500, {
          code: 'INTERNAL_SERVER_ERROR',
          message: 'Something went wrong on our side.',
        });
      }
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // Reading a large import from a slow line takes longer than the default allows.
  server.requestTimeout = 30 * 60_000;

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, address, resolve);
  });
  /** A stream ends only when its reader goes: cut it, and its command stops at its next whole step. */
  function letGo(): void {
    server.closeIdleConnections();
    for (const response of underWay) {
      if (String(response.getHeader('content-type')).startsWith('text/event-stream')) response.destroy();
    }
  }

  const { port } = server.address() as AddressInfo;
  const shown = address.includes(':') ? `[${address}]` : address;

  return {
    url: `http://${shown}:${port}`,
    async close() {
      closing = true;
      // First, so that a long call under way ends as interrupted, to be resumed, and not as cancelled by its caller.
      const jobsStopped = host.jobs.stop();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      letGo();
      // What was under way may only now have begun a stream, or have left its connection idle.
      const looking = setInterval(letGo, letGoEvery);
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, options.graceMs ?? 20_000);
      await closed;
      clearInterval(looking);
      clearTimeout(cut);
      await jobsStopped;
    },
  };
}

function isSignedIn(output: unknown): output is { token: string; expiresAt: string } {
  return (
    typeof output === 'object' &&
    output !== null &&
    'token' in output &&
    typeof output.token === 'string' &&
    'expiresAt' in output &&
    typeof output.expiresAt === 'string'
  );
}

const docsFiles: Record<string, string> = {
  '/swagger-ui.css': 'text/css; charset=utf-8',
  '/swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

function sendDocs(response: ServerResponse, path: string, assets: string): void {
  const type = docsFiles[path];
  if (type !== undefined) {
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
    createReadStream(join(assets, path)).pipe(response);
    return;
  }
  if (path === '/start.js') {
    response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(docsScript);
    return;
  }
  if (path === '' || path === '/') {
    response
      .writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        // The library sets inline styles; it gets no more than that.
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
      })
      .end(docsPage);
    return;
  }
  sendJson(response, 404, { code: 'NOT_FOUND', message: 'There is nothing at this address.' });
}
