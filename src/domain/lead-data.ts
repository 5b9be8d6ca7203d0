import { normalizeEmail, normalizePhone } from './contact.ts';
import { countryCode, isCountryCode } from './countries.ts';
import type { FieldError } from './errors.ts';
import { cleanText, type TextRule } from './text.ts';
import { type BudgetRange, budgetRanges, isOneOf, type LeadType, leadTypes } from './vocabulary.ts';

/**
 * What is known about a lead, as stored: the fields of the requirements, clean, the absent ones left out.
 * `domain.md`, "Lead": a valid email and phone are needed, everything else raises the quality score.
 */
export interface LeadData {
  firstName?: string;
  lastName?: string;
  email: string;
  /** E.164, with " ext. 12" behind it where there is an extension. */
  phone: string;
  company?: string;
  industry?: string;
  jobTitle?: string;
  /** Street and number. */
  address?: string;
  city?: string;
  state?: string;
  /** As the partner wrote it; `countryCode` of `countries.ts` reads it. */
  country?: string;
  zipCode?: string;
  leadType?: LeadType;
  budgetRange?: BudgetRange;
  /** Days until the lead wants to decide; 0 is today. */
  timelineDays?: number;
  /** Comma-separated, as submitted. */
  interestAreas?: string;
  additionalInfo?: string;
}

export type LeadDataField = keyof LeadData;

const textRules = {
  firstName: { label: 'first name', maxLength: 100 },
  lastName: { label: 'last name', maxLength: 100 },
  company: { label: 'company', maxLength: 255 },
  industry: { label: 'industry', maxLength: 100 },
  jobTitle: { label: 'job title', maxLength: 150 },
  address: { label: 'address', maxLength: 255 },
  city: { label: 'city', maxLength: 100 },
  state: { label: 'state', maxLength: 100 },
  country: { label: 'country', maxLength: 100 },
  zipCode: { label: 'ZIP code', maxLength: 20 },
  interestAreas: { label: 'interest areas', maxLength: 1000 },
  additionalInfo: { label: 'additional information', maxLength: 5000, multiline: true },
} as const satisfies Partial<Record<LeadDataField, TextRule>>;

/** Every field of a lead's data, in the order of forms and files. */
export const leadDataFields = [
  'firstName',
  'lastName',
  'email',
  'phone',
  'company',
  'industry',
  'jobTitle',
  'address',
  'city',
  'state',
  'country',
  'zipCode',
  'leadType',
  'budgetRange',
  'timelineDays',
  'interestAreas',
  'additionalInfo',
] as const satisfies readonly LeadDataField[];

/** Ten years: beyond it is a typing mistake, not a plan. */
const MAX_TIMELINE_DAYS = 3650;

export interface LeadDataOptions {
  /** ISO 3166 alpha-2 of the country that national numbers are in when the lead names none. */
  readonly defaultCountry?: string | null;
}

export type NormalizedLeadData =
  | {
      ok: true;
      leadData: LeadData;
      /** Equal for leads with the same email address; see `normalizeEmail`. */
      emailKey: string;
      /** Equal for leads with the same phone number; see `normalizePhone`. */
      phoneKey: string;
    }
  | { ok: false; fields: FieldError[] };

/**
 * Cleans and checks a lead's data from a form, a file or the wire (`domain.md`, "Lead"). Text is trimmed, its whitespace
 * collapsed, Unicode composed; empty text and null are absent. Email and phone must be there and valid. The country may
 * be written as ISO 3166 alpha-2 or alpha-3 or by name; it is kept as written, and one that is not known is a problem
 * only to a national phone number. Lead type and budget range are read in any case ("Warm lead"), days also as text.
 *
 * Normalising what it returned gives the same again, so an edit may pass the stored data with the changed fields.
 * @param input an object with the fields of `LeadData`; a field that is not one of them is reported
 * @returns the data, or every problem with a path such as `leadData.phone` and a sentence
 * @throws RangeError where `defaultCountry` is no country code: that is a wrong setting, not a wrong lead.
 */
export function normalizeLeadData(input: unknown, options: LeadDataOptions = {}): NormalizedLeadData {
  const defaultCountry = options.defaultCountry ?? undefined;
  if (defaultCountry !== undefined && !isCountryCode(defaultCountry)) {
    throw new RangeError(`"${String(defaultCountry)}" is not the code of a country.`);
  }
  if (!isRecord(input)) {
    return { ok: false, fields: [{ path: 'leadData', message: "The lead's data is missing." }] };
  }

  const fields: FieldError[] = [];
  const report = (name: string, message: string): undefined => {
    fields.push({ path: `leadData.${name}`, message });
  };
  for (const name of Object.keys(input)) {
    if (!isOneOf(leadDataFields, name)) report(name.slice(0, 100), 'A lead has no field of this name.');
  }
  const text = (name: keyof typeof textRules): string | undefined => {
    const rule = textRules[name];
    const raw = textIn(input[name]);
    if (raw === undefined) return undefined;
    if (raw === null) return report(name, `The ${rule.label} must be text.`);
    const cleaned = cleanText(raw, rule);
    return cleaned.ok ? cleaned.text : report(name, cleaned.message);
  };

  const country = text('country');
  const email = contact('email', input, report, normalizeEmail);
  const phone = contact('phone', input, report, (raw) => phoneOf(raw, country, defaultCountry));
  const leadData: Partial<LeadData> = {
    firstName: text('firstName'),
    lastName: text('lastName'),
    email: email?.email,
    phone: phone?.phone,
    company: text('company'),
    industry: text('industry'),
    jobTitle: text('jobTitle'),
    address: text('address'),
    city: text('city'),
    state: text('state'),
    country,
    zipCode: text('zipCode'),
    leadType: word('leadType', 'lead type', leadTypes, input, report),
    budgetRange: word('budgetRange', 'budget range', budgetRanges, input, report),
    timelineDays: days(input.timelineDays, report),
    interestAreas: text('interestAreas'),
    additionalInfo: text('additionalInfo'),
  };
  if (email === undefined || phone === undefined || fields.length > 0) return { ok: false, fields };
  return {
    ok: true,
    leadData: { ...present(leadData), email: email.email, phone: phone.phone },
    emailKey: email.emailKey,
    phoneKey: phone.phoneKey,
  };
}

type Report = (name: string, message: string) => undefined;
type Input = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a field; undefined where there is none, null where there is something else. */
function textIn(value: unknown): string | undefined | null {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : null;
}

function contact<Normalized extends { ok: true }>(
  name: 'email' | 'phone',
  input: Input,
  report: Report,
  normalize: (raw: string) => Normalized | { ok: false; message: string },
): Normalized | undefined {
  const raw = textIn(input[name]);
  if (raw === null) return report(name, `The ${name} must be text.`);
  const normalized = normalize(raw ?? '');
  return normalized.ok ? normalized : report(name, normalized.message);
}

function phoneOf(raw: string, country: string | undefined, defaultCountry: string | undefined) {
  if (country === undefined) return normalizePhone(raw, defaultCountry);
  const code = countryCode(country);
  const normalized = normalizePhone(raw, code);
  if (
    normalized.ok ||
    code !== undefined ||
    raw.trim() === '' ||
    /^\s*(tel:)?\+/i.test(raw.normalize('NFKC'))
  ) {
    return normalized;
  }
  // Not the default country: the lead is somewhere else, and a number completed wrongly belongs to a stranger.
  const message = `The country "${country}" is not known, so the phone number needs a country code, like +49 30 1234567.`;
  return { ok: false as const, message };
}

function word<Word extends string>(
  name: LeadDataField,
  label: string,
  words: readonly Word[],
  input: Input,
  report: Report,
): Word | undefined {
  const raw = textIn(input[name]);
  if (raw === undefined) return undefined;
  const expected = `The ${label} must be ${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}.`;
  if (raw === null || raw.length > 100) return report(name, expected);
  const spelled = raw
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, '_');
  if (spelled === '') return undefined;
  return isOneOf(words, spelled) ? spelled : report(name, expected);
}

function days(value: unknown, report: Report): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value.length < 100 && value.trim() === '') return undefined;
  const isNumeral = typeof value === 'string' && value.length < 100 && /^\s*\d{1,9}\s*$/.test(value);
  const count = isNumeral ? Number(value) : value;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= MAX_TIMELINE_DAYS) {
    return count + 0;
  }
  return report(
    'timelineDays',
    `The timeline must be a whole number of days from 0 to ${MAX_TIMELINE_DAYS}.`,
  );
}

/** The same without the keys that hold nothing, so that stored data and its hash don't depend on them. */
function present(leadData: Partial<LeadData>): Partial<LeadData> {
  return Object.fromEntries(Object.entries(leadData).filter(([, value]) => value !== undefined));
}
