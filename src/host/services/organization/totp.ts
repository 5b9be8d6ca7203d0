import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { sha256 } from '../../canonical-json.ts';
import type { HostContext } from '../../context.ts';
import { recoveryCodes, type SecondFactorRow, secondFactors, type Writer } from '../../database/index.ts';
import { sealedFor } from '../../sealed.ts';

/**
 * Codes of an authenticator app (TOTP, RFC 6238: SHA-1, six digits, 30 seconds, which is what every app reads) and the
 * recovery codes in their place.
 */

interface Owner {
  tenantId: string;
  userId: string;
}

/** A code of the step before or after is taken too: clocks differ, and typing takes its time. */
const tolerance = 1;
const codesAtOnce = 10;

function totpOf(secret: Secret): TOTP {
  return new TOTP({ secret, algorithm: 'SHA1', digits: 6, period: 30 });
}

/** A new secret, and how it is kept: sealed, bound to its person. */
export function newSecret(host: HostContext, owner: Owner): { secret: Secret; sealed: string } {
  const secret = new Secret({ size: 20 });
  return {
    secret,
    sealed: host.vault.seal(secret.base32, sealedFor.secondFactor(owner.tenantId, owner.userId)),
  };
}

/** `otpauth://totp/…`, as authenticator apps read it from a QR code. */
export function uriOf(secret: Secret, issuer: string, label: string): string {
  return new TOTP({ secret, issuer, label, algorithm: 'SHA1', digits: 6, period: 30 }).toString();
}

/** The time step a code is right for at this instant; null when it is for none near it. */
function stepOf(host: HostContext, owner: Owner, sealed: string, code: string, now: string): number | null {
  const base32 = host.vault.open(sealed, sealedFor.secondFactor(owner.tenantId, owner.userId));
  const totp = totpOf(Secret.fromBase32(base32));
  const timestamp = Date.parse(now);
  const delta = totp.validate({ token: code, timestamp, window: tolerance });
  return delta === null ? null : totp.counter({ timestamp }) + delta;
}

/** As typed: digits in groups, codes in small letters. */
function tidied(code: string): string {
  return code.replaceAll(/[\s-]/g, '').toUpperCase();
}

/**
 * Uses a code of the authenticator up: its time step and those before it are refused from then on, so that a code
 * overseen or overheard is worth nothing. False when it is not right, or was used.
 */
async function takeStep(
  host: HostContext,
  tx: Writer,
  factor: SecondFactorRow,
  code: string,
  now: string,
): Promise<boolean> {
  const step = stepOf(host, factor, factor.secret, code, now);
  if (step === null) return false;
  const used = await tx.run(sql`update second_factors set last_step = ${step}
    where tenant_id = ${factor.tenantId} and user_id = ${factor.userId} and (last_step is null or last_step < ${step})`);
  return used.changes === 1;
}

async function takeRecoveryCode(tx: Writer, owner: Owner, code: string, now: string): Promise<boolean> {
  const used = await tx.run(sql`update recovery_codes set used_at = ${now}
    where tenant_id = ${owner.tenantId} and user_id = ${owner.userId} and code_hash = ${sha256(code)} and used_at is null`);
  return used.changes === 1;
}

/** Which way a code was right; null when it was not. The code is used up with the transaction. */
export async function takeCode(
  host: HostContext,
  tx: Writer,
  factor: SecondFactorRow,
  given: string,
  now: string,
): Promise<'authenticator' | 'recovery_code' | null> {
  const code = tidied(given);
  if (/^\d{6}$/.test(code)) {
    return (await takeStep(host, tx, factor, code, now)) ? 'authenticator' : null;
  }
  // A factor that is only offered has no recovery codes yet.
  return (await takeRecoveryCode(tx, factor, code, now)) ? 'recovery_code' : null;
}

/** The person's second factor, an offered one included. */
export function findFactor(tx: Writer, owner: Owner): Promise<SecondFactorRow | undefined> {
  return tx.find(secondFactors, { tenantId: owner.tenantId, userId: owner.userId }, { lock: true });
}

/** Ten new codes in place of those there were; returned as the person writes them down. */
export async function replaceRecoveryCodes(tx: Writer, owner: Owner, now: string): Promise<string[]> {
  await dropRecoveryCodes(tx, owner);
  const codes = Array.from({ length: codesAtOnce }, () => base32(randomBytes(10)));
  await tx.insertMany(
    recoveryCodes,
    codes.map((code) => ({ id: uuidv7(), ...owner, codeHash: sha256(code), createdAt: now })),
  );
  return codes.map((code) => code.match(/.{4}/g)?.join('-') ?? code);
}

function base32(bytes: Buffer): string {
  return new Secret({ buffer: new Uint8Array(bytes).buffer }).base32;
}

async function dropRecoveryCodes(tx: Writer, owner: Owner): Promise<void> {
  await tx.run(
    sql`delete from recovery_codes where tenant_id = ${owner.tenantId} and user_id = ${owner.userId}`,
  );
}

/** Takes the second factor away, recovery codes and all. False when there was none. */
export async function dropFactor(tx: Writer, owner: Owner): Promise<boolean> {
  await dropRecoveryCodes(tx, owner);
  const dropped = await tx.run(
    sql`delete from second_factors where tenant_id = ${owner.tenantId} and user_id = ${owner.userId}`,
  );
  return dropped.changes === 1;
}
