import { DomainError } from '#domain/errors.ts';
import type { Session } from '../../session.ts';
import { requireOwn } from '../own-partner.ts';
import type { Input } from '../service.ts';

type UpdateInput = Input<'partners', 'update'>;

/**
 * What a partner's admin may change of the own partner: how to reach it, and where its money goes, which then has to be
 * verified anew. Its name, tax id and terms are what was approved, and stay with staff. (The documents leave open how far
 * "all operations on partner" goes.)
 */
const ownFields: ReadonlySet<string> = new Set([
  'contactName',
  'contactEmail',
  'contactPhone',
  'website',
  'address',
  'city',
  'state',
  'country',
  'zipCode',
  'bankingDetails',
] satisfies (keyof UpdateInput)[]);

/** No change by themselves. */
const always: ReadonlySet<string> = new Set(['id', 'version', 'commandId', 'currency']);

/** Throws `NOT_FOUND` for another partner, and `FORBIDDEN` naming the fields that only staff changes. */
export function requireOwnFields(session: Session, input: UpdateInput): void {
  if (session.partnerId === null) return;
  requireOwn(session, input.id);
  const refused = Object.entries(input)
    .filter(([field, value]) => value !== undefined && !ownFields.has(field) && !always.has(field))
    .map(([field]) => field);
  if (refused.length === 0) return;
  throw new DomainError(
    'FORBIDDEN',
    `Only the office changes this: ${refused.join(', ')}. Ask your contact there.`,
    { fields: refused.map((path) => ({ path, message: 'Only the office changes this.' })) },
  );
}
