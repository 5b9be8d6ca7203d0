import { invalidField } from '#domain/errors.ts';

/** Text as the search compares it: composed, in lower case. */
export function searchable(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** What the search box of partners looks in, kept beside the row. */
export function partnerSearchText(partner: {
  partnerCode: string;
  organizationName: string;
  contactEmail: string;
}): string {
  return searchable(`${partner.organizationName} ${partner.partnerCode} ${partner.contactEmail}`);
}

/**
 * Text for a comparison in raw SQL. Throws `VALIDATION` for a NUL, which no stored text has and PostgreSQL refuses with
 * an error of its own.
 */
export function comparable(field: string, text: string): string {
  if (text.includes('\0'))
    throw invalidField(field, 'This text contains a character that cannot be searched for.');
  return text;
}
