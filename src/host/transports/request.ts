import type { IncomingMessage } from 'node:http';
import { DomainError } from '#domain/errors.ts';

/** What a request says of itself: whose it is, where it comes from, what its body is. */

export const cookieName = 'partner_desk_session';

/** A page of another site can resolve its own name to this machine; its Host header gives it away. */
export function hostIsOurs(request: IncomingMessage): boolean {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  return host === 'localhost' || host === '127.0.0.1' || host === '[::1]';
}

export function bearerOf(request: IncomingMessage): string | null {
  // The scheme's name is without case (RFC 7235).
  const match = /^Bearer +([A-Za-z0-9_-]{20,200})$/i.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}

export function cookieOf(request: IncomingMessage): string | null {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=');
    if (name === cookieName && value !== undefined && value !== '') return value;
  }
  return null;
}

/** Whether the browser's own line is encrypted: this host speaks plain HTTP, a proxy before it may not. */
export function isEncrypted(request: IncomingMessage): boolean {
  const forwarded = request.headers['x-forwarded-proto'];
  return typeof forwarded === 'string' && forwarded.split(',')[0]?.trim() === 'https';
}

export function stationOf(request: IncomingMessage): string | null {
  const station = request.headers['x-station'];
  return typeof station === 'string' && station.length <= 100 ? station : null;
}

export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * Every body of the REST face is JSON but for files and forms, whatever a program's library calls it by itself: curl says that
 * it is a form, fetch that it is plain text. A browser has to say it as it is: to send JSON elsewhere it must ask first, and no
 * page of another site may get around that to set up or sign in here.
 */
export function readAsJson(request: IncomingMessage): void {
  if (mediaTypeOf(request) === 'multipart/form-data' || request.headers.origin !== undefined) return;
  request.headers['content-type'] = 'application/json';
  delete request.headers['content-disposition'];
}

/** Bytes of a body nobody wants that are read all the same. */
const mostReadAway = 64 * 1024 * 1024;

/** Why a body was not taken; `largest` in bytes. */
export function tooLarge(largest: number): string {
  return `The body is too large: ${largest / 1024 / 1024} MB are the most.`;
}

/**
 * Refuses a body that says of itself that it has more bytes than these, once it has come: who still sends when the connection is
 * cut never reads the refusal. One that is larger by far is not waited for. @throws DomainError `VALIDATION`.
 */
export async function requireSize(request: IncomingMessage, largest: number): Promise<void> {
  const size = Number(request.headers['content-length'] ?? 0);
  if (size <= largest) return;
  if (size <= mostReadAway) {
    await new Promise<void>((resolve) => {
      request.once('end', resolve).once('close', resolve).resume();
    });
  }
  throw new DomainError('VALIDATION', tooLarge(largest));
}

/** Without the query values that are empty: `?status=&cursor=` asks for nothing in particular. */
export function withoutEmptyValues(url: URL): string {
  for (const name of new Set(url.searchParams.keys())) {
    if (url.searchParams.getAll(name).every((value) => value === '')) url.searchParams.delete(name);
  }
  return `${url.pathname}${url.search}`;
}
