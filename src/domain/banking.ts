import { isValidBIC, ValidationErrorsIBAN, validateIBAN } from 'ibantools';
import { normalizeEmail } from './contact.ts';
import type { FieldError } from './errors.ts';
import { isCurrency } from './money.ts';
import { cleanText, type TextRule } from './text.ts';
import { type AccountType, accountTypes, isOneOf, type PaymentMethod, paymentMethods } from './vocabulary.ts';

/**
 * Where a partner's money goes (`domain.md`, "Partner", banking). Whether the details were verified, by whom and when,
 * is kept beside them: it is said about the details, not part of them.
 */
export interface BankingDetails {
  bankName: string | null;
  accountHolder: string | null;
  /** Letters and digits only; for PayPal its email address or merchant id. */
  accountNumber: string | null;
  /** What a payment within the United States asks for; null where nobody said. */
  accountType: AccountType | null;
  /** An ABA routing number: nine digits. */
  routingNumber: string | null;
  /** In capitals, without spaces. */
  iban: string | null;
  /** A BIC of eight or eleven characters, in capitals. */
  swift: string | null;
  currency: string | null;
  /** The address PayPal knows the partner by, which PayPal's batch files pay to. */
  paypalEmail: string | null;
  paymentMethod: PaymentMethod | null;
}

export type BankingField = keyof BankingDetails;

/** As details were stored before the account type and the PayPal address were known. */
export type KnownBankingDetails = Omit<BankingDetails, 'accountType' | 'paypalEmail'> &
  Partial<Pick<BankingDetails, 'accountType' | 'paypalEmail'>>;

export const bankingFields = [
  'bankName',
  'accountHolder',
  'accountNumber',
  'accountType',
  'routingNumber',
  'iban',
  'swift',
  'currency',
  'paypalEmail',
  'paymentMethod',
] as const satisfies readonly BankingField[];

const rules = {
  bankName: { label: 'bank name', maxLength: 200 },
  accountHolder: { label: 'account holder', maxLength: 200 },
  accountNumber: { label: 'account number', maxLength: 254 },
  accountType: { label: 'account type', maxLength: 20 },
  routingNumber: { label: 'routing number', maxLength: 20 },
  iban: { label: 'IBAN', maxLength: 50 },
  swift: { label: 'SWIFT code', maxLength: 20 },
  currency: { label: 'currency', maxLength: 10 },
  paypalEmail: { label: 'PayPal e-mail address', maxLength: 254 },
  paymentMethod: { label: 'payment method', maxLength: 50 },
} as const satisfies Record<BankingField, TextRule>;

export type NormalizedBankingDetails =
  | { ok: true; details: BankingDetails }
  | { ok: false; fields: FieldError[] };

/**
 * Cleans and checks banking details. Every field may be absent, what is there must be right: IBAN by country, length and
 * check digits, BIC by shape and country, routing number by its checksum. What a payment would still lack is another
 * question: `missingForPayment`.
 * @param input an object with the fields of `BankingDetails`; null and empty text are absent, other fields are reported
 * @param path the field that the problems are reported under
 */
export function normalizeBankingDetails(input: unknown, path = 'bankingDetails'): NormalizedBankingDetails {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { ok: false, fields: [{ path, message: 'The banking details are missing.' }] };
  }
  const given = new Map<string, unknown>(Object.entries(input));
  const fields: FieldError[] = [];
  const report = (name: string, message: string): null => {
    fields.push({ path: `${path}.${name.slice(0, 100)}`, message });
    return null;
  };
  for (const name of given.keys()) {
    if (!isOneOf(bankingFields, name)) report(name, 'Banking details have no field of this name.');
  }
  const text = (name: BankingField): string | null => {
    const raw = given.get(name) ?? '';
    if (typeof raw !== 'string') return report(name, `The ${rules[name].label} must be text.`);
    const cleaned = cleanText(raw, rules[name]);
    return cleaned.ok ? (cleaned.text ?? null) : report(name, cleaned.message);
  };
  const checked = (name: BankingField, check: (value: string) => Checked): string | null => {
    const value = text(name);
    if (value === null) return null;
    if (value.includes(MASK)) {
      return report(name, `This is the masked ${rules[name].label}. Type all of it, or leave it as it is.`);
    }
    const result = check(value);
    return result.ok ? result.value : report(name, result.message);
  };

  const method = text('paymentMethod');
  const paymentMethod = isOneOf(paymentMethods, method) ? method : null;
  if (method !== null && paymentMethod === null) {
    report('paymentMethod', 'The payment method must be bank_transfer, paypal, check or wire.');
  }
  const type = text('accountType');
  const accountType = isOneOf(accountTypes, type) ? type : null;
  if (type !== null && accountType === null) {
    report('accountType', 'The account type must be checking or savings.');
  }
  const details: BankingDetails = {
    bankName: text('bankName'),
    accountHolder: text('accountHolder'),
    accountNumber: checked('accountNumber', (value) => checkAccountNumber(value, paymentMethod)),
    accountType,
    routingNumber: checked('routingNumber', checkRoutingNumber),
    iban: checked('iban', checkIban),
    swift: checked('swift', checkSwift),
    currency: checked('currency', checkCurrency),
    paypalEmail: checked('paypalEmail', checkPaypalEmail),
    paymentMethod,
  };
  return fields.length === 0 ? { ok: true, details } : { ok: false, fields };
}

type Checked = { ok: true; value: string } | { ok: false; message: string };

function compact(value: string): string {
  return value.replaceAll(/[\s-]/g, '').toUpperCase();
}

/** Checks an IBAN by country, length, national format and check digits (ISO 13616, mod 97); the value is compact. */
function checkIban(text: string): Checked {
  const value = compact(text);
  const { valid, errorCodes } = validateIBAN(value);
  if (valid) return { ok: true, value };
  const has = (code: ValidationErrorsIBAN): boolean => errorCodes.includes(code);
  if (has(ValidationErrorsIBAN.NoIBANCountry)) {
    return {
      ok: false,
      message: 'The IBAN must begin with the code of a country that uses IBANs, such as DE.',
    };
  }
  if (has(ValidationErrorsIBAN.WrongBBANLength)) {
    return { ok: false, message: `The IBAN has the wrong length for ${value.slice(0, 2)}.` };
  }
  return {
    ok: false,
    message: 'The IBAN is wrong: its check digits do not fit. Please compare it once more.',
  };
}

function checkSwift(text: string): Checked {
  const value = compact(text);
  if (isValidBIC(value)) return { ok: true, value };
  return {
    ok: false,
    message: 'The SWIFT code (BIC) has 8 or 11 characters, such as DEUTDEFF or DEUTDEFF500.',
  };
}

/** Checks an ABA routing number: nine digits in an assigned range, and the checksum 3-7-1. */
function checkRoutingNumber(text: string): Checked {
  const value = compact(text);
  if (!/^\d{9}$/.test(value)) return { ok: false, message: 'The routing number has nine digits.' };
  const weights = [3, 7, 1, 3, 7, 1, 3, 7, 1];
  const sum = weights.reduce((total, weight, index) => total + weight * Number(value[index]), 0);
  // Federal Reserve districts 01-12, thrifts +20, electronic +60, and 80 for traveller's cheques.
  const isAssigned = /^(0[1-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)/.test(value);
  if (sum % 10 === 0 && isAssigned) return { ok: true, value };
  return { ok: false, message: 'The routing number is wrong: its check digit does not fit.' };
}

function checkAccountNumber(text: string, method: PaymentMethod | null): Checked {
  const email = text.includes('@') ? normalizeEmail(text) : undefined;
  if (email?.ok && (method === 'paypal' || method === null)) return { ok: true, value: email.email };
  const value = compact(text);
  if (method === 'paypal') {
    if (/^[A-Z0-9]{13}$/.test(value)) return { ok: true, value };
    const message = 'A PayPal account is an email address or a merchant id of 13 letters and digits.';
    return { ok: false, message };
  }
  if (/^[A-Z0-9]{4,34}$/.test(value) && /\d/.test(value)) return { ok: true, value };
  return { ok: false, message: 'The account number has 4 to 34 letters and digits.' };
}

function checkPaypalEmail(text: string): Checked {
  const email = normalizeEmail(text);
  if (email.ok) return { ok: true, value: email.email };
  return { ok: false, message: 'The PayPal e-mail address must be one such as ana@example.com.' };
}

/** The address a PayPal payment goes to: the one given for it, else the account itself where that is an address. */
export function paypalAddress({
  paypalEmail,
  accountNumber,
  paymentMethod,
}: Pick<BankingDetails, 'paypalEmail' | 'accountNumber' | 'paymentMethod'>): string | null {
  if (paypalEmail !== null) return paypalEmail;
  return paymentMethod === 'paypal' && accountNumber?.includes('@') === true ? accountNumber : null;
}

function checkCurrency(text: string): Checked {
  const value = text.toUpperCase();
  if (isCurrency(value)) return { ok: true, value };
  return { ok: false, message: 'The currency must be a three-letter code such as EUR.' };
}

/**
 * What the details lack for a payment by a method, empty when it can be made. A bank transfer needs the holder and an
 * IBAN, or an account number with a routing number or SWIFT code; a wire needs the bank's name as well, and says where
 * the bank is (SWIFT code or routing number) even beside an IBAN; a check needs the payee's name; PayPal its account.
 * @param method by default the one the details name
 */
export function missingForPayment(
  details: KnownBankingDetails | null,
  method: PaymentMethod | null = details?.paymentMethod ?? null,
  path = 'bankingDetails',
): FieldError[] {
  if (details === null) return [{ path, message: 'The banking details are missing.' }];
  const missing: FieldError[] = [];
  const needs = (field: BankingField, present: boolean, message: string): void => {
    if (!present) missing.push({ path: `${path}.${field}`, message });
  };
  const has = (field: BankingField): boolean => (details[field] ?? '') !== '';
  const bankKnown = has('routingNumber') || has('swift');

  if (method === null) {
    needs('paymentMethod', false, 'The payment method is missing.');
  } else if (method === 'paypal') {
    needs(
      'accountNumber',
      has('accountNumber') || has('paypalEmail'),
      'PayPal needs the email address or merchant id of the account.',
    );
  } else if (method === 'check') {
    needs('accountHolder', has('accountHolder'), 'A check needs the name of the payee as account holder.');
  } else if (method === 'bank_transfer') {
    needs('accountHolder', has('accountHolder'), 'A bank transfer needs the account holder.');
    const message =
      'A bank transfer needs an IBAN, or an account number with a routing number or SWIFT code.';
    needs('iban', has('iban') || (has('accountNumber') && bankKnown), message);
  } else {
    needs('accountHolder', has('accountHolder'), 'A wire needs the account holder.');
    needs('bankName', has('bankName'), 'A wire needs the name of the bank.');
    needs('iban', has('iban') || has('accountNumber'), 'A wire needs an IBAN or an account number.');
    needs('swift', bankKnown, "A wire needs the bank's SWIFT code or routing number.");
  }
  return missing;
}

const MASK = '••••';

/**
 * An account number or IBAN as everyone may see it: "DE89370400440532013000" → "•••• 3000". Fewer than eight characters
 * would be half given away by four of them, so they show none; of an email address only the domain is left.
 */
export function maskAccount(account: string): string {
  const at = account.lastIndexOf('@');
  if (at >= 0) return `${MASK} ${account.slice(at)}`;
  const characters = account.replaceAll(/[\s-]/g, '');
  return characters.length < 8 ? MASK : `${MASK} ${characters.slice(-4)}`;
}

/** The details as everyone may see them: account number, IBAN and PayPal address masked. Routing number and BIC name a bank, not a person. */
export function maskBankingDetails(details: BankingDetails): BankingDetails {
  return {
    ...details,
    accountNumber: details.accountNumber === null ? null : maskAccount(details.accountNumber),
    iban: details.iban === null ? null : maskAccount(details.iban),
    paypalEmail: details.paypalEmail === null ? null : maskAccount(details.paypalEmail),
  };
}
