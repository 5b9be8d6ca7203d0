// The "min" metadata on purpose; see `isDiallable`.
import {
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  isSupportedCountry,
  ParseError,
  type PhoneNumber,
  parsePhoneNumberWithError,
} from 'libphonenumber-js/min';
import { cleanText } from './text.ts';

export type NormalizedEmail =
  | {
      ok: true;
      /** As typed, in plain letters where they were full-width ones, with the domain in lower case. */
      email: string;
      /** What makes two addresses the same: all in lower case. */
      emailKey: string;
    }
  | { ok: false; message: string };

const MAX_EMAIL = 254;
const MAX_LOCAL_PART = 64;
// One dot-separated run of the unquoted characters of RFC 5322.
const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
// Letters of any script, so that müller.de is one. The last label is no number: 10.0.0.1 is no mail domain.
const DOMAIN_LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?$/u;

/**
 * Checks an email address by what mail systems deliver to: name@domain, the name of plain characters, the domain with
 * at least one dot, 254 characters at most. Quoted names, comments and addresses by number are refused.
 */
export function normalizeEmail(raw: string): NormalizedEmail {
  const cleaned = cleanText(raw, { label: 'email address', maxLength: MAX_EMAIL });
  if (!cleaned.ok) return cleaned;
  if (cleaned.text === undefined) return { ok: false, message: 'The email address is missing.' };
  const text = cleaned.text.normalize('NFKC'); // full-width letters, signs and digits
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  const domain = text.slice(at + 1).toLowerCase();
  const labels = domain.split('.');
  const plausible =
    text.length <= MAX_EMAIL &&
    local.length <= MAX_LOCAL_PART &&
    LOCAL_PART.test(local) &&
    labels.length >= 2 &&
    labels.every((label) => DOMAIN_LABEL.test(label)) &&
    /^(?!\p{N}+$).{2,}$/u.test(labels.at(-1) ?? '');
  if (!plausible) return { ok: false, message: 'The email address must look like name@example.com.' };
  const email = `${local}@${domain}`;
  return { ok: true, email, emailKey: email.toLowerCase() };
}

export type NormalizedPhone =
  | {
      ok: true;
      /** E.164, followed by " ext. 12" where the number has an extension, which E.164 can't hold. */
      phone: string;
      /** What makes two numbers the same: E.164 alone. */
      phoneKey: string;
    }
  | { ok: false; message: string };

const MAX_PHONE = 60;

/**
 * Turns a phone number into E.164 (`domain.md`, "Lead"). A leading 00 reads as + in every country.
 * @param raw with a country code (+49 …), or national
 * @param country ISO 3166 alpha-2 of the country that a national number is in, where known
 */
export function normalizePhone(raw: string, country: string | undefined): NormalizedPhone {
  const cleaned = cleanText(raw, { label: 'phone number', maxLength: MAX_PHONE });
  if (!cleaned.ok) return cleaned;
  if (cleaned.text === undefined) return { ok: false, message: 'The phone number is missing.' };
  const text = cleaned.text.normalize('NFKC').replace(/^tel:/i, ''); // NFKC: full-width digits and plus
  const region = country !== undefined && isSupportedCountry(country) ? country : undefined;

  let number = read(text, region);
  if (!isDiallable(number) && /^00[1-9]/.test(text)) number = read(`+${text.slice(2)}`, undefined);
  if (isDiallable(number)) {
    const extension = number.ext === undefined ? '' : ` ext. ${number.ext}`;
    return { ok: true, phone: number.number + extension, phoneKey: number.number };
  }
  if (number === 'INVALID_COUNTRY') {
    return {
      ok: false,
      message: text.startsWith('+')
        ? 'The phone number begins with a country code that does not exist.'
        : 'The phone number has no country code. Write it like +49 30 1234567, or give the country.',
    };
  }
  const national = region !== undefined && !/^(\+|00[1-9])/.test(text);
  const where = national ? ` (country: ${regionName(region)})` : '';
  return { ok: false, message: `This is no possible phone number${where}. Please check its digits.` };
}

/** The number, or libphonenumber's reason for not seeing one. */
function read(text: string, region: CountryCode | undefined): PhoneNumber | string {
  try {
    return parsePhoneNumberWithError(text, { defaultCountry: region, extract: false });
  } catch (error) {
    if (error instanceof ParseError) return error.message;
    throw error;
  }
}

/**
 * Whether a number can be dialled, by its length and general pattern. Not by the ranges that operators hold today
 * (libphonenumber's "max" metadata): those change monthly, an installed app's copy grows old, and refusing a real
 * lead's new number costs more than keeping a dead one. Where countries share a calling code, "min" knows such ranges
 * as well, to tell the countries apart; there the length and the first digit decide.
 */
function isDiallable(number: PhoneNumber | string): number is PhoneNumber {
  if (typeof number === 'string') return false;
  if (number.isValid()) return true;
  if (!sharedCallingCodes.has(number.countryCallingCode) || !number.isPossible()) return false;
  // No area code of North America begins with 0 or 1; elsewhere a 0 is a trunk prefix left over.
  return (number.countryCallingCode === '1' ? /^[2-9]/ : /^[1-9]/).test(number.nationalNumber);
}

const sharedCallingCodes = sharedOnes(getCountries().map((country) => getCountryCallingCode(country)));

function sharedOnes(codes: readonly string[]): ReadonlySet<string> {
  return new Set(codes.filter((code, index) => codes.indexOf(code) !== index));
}

function regionName(region: string): string {
  return new Intl.DisplayNames(['en'], { type: 'region' }).of(region) ?? region;
}
