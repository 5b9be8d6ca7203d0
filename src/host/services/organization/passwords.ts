import { hash, verify } from '@node-rs/argon2';

// The library's defaults are argon2id with 19 MiB and two passes, which is what OWASP asks for.

export function hashPassword(password: string): Promise<string> {
  return hash(password);
}

export function verifyPassword(hashed: string, password: string): Promise<boolean> {
  return verify(hashed, password);
}

let decoy: Promise<string> | undefined;

/** Costs what a real check costs, so that an unknown address can't be told from a wrong password by the clock. */
export async function wasteOneVerification(password: string): Promise<void> {
  decoy ??= hash('no such person');
  await verify(await decoy, password);
}
