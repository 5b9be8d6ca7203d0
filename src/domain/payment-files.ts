import { isSEPACountry } from 'ibantools';
import { type BankingDetails, paypalAddress } from './banking.ts';
import { currencyDecimals, formatMinor } from './money.ts';
import { isRoutingNumber, largestAchAmount } from './nacha.ts';
import { isPayableName } from './sepa-text.ts';
import type { PartnerStatus, PayoutStatus } from './state-machines.ts';
import type { PaymentFileFormat, PaymentMethod } from './vocabulary.ts';

/** A payout that somebody wants in a payment file, and whom it is owed to. */
export interface PaymentCandidate {
  status: PayoutStatus;
  currency: string;
  /** Minor units. */
  openAmount: number;
  partnerStatus: PartnerStatus;
  details: BankingDetails | null;
  isVerified: boolean;
}

/** Euro cents: what one SEPA credit transfer may order (EPC115-06, AT-04). */
export const largestSepaAmount = 99_999_999_999;

/** Payments that PayPal takes in one file. */
export const mostPaypalPayments = 5000;

/** The currencies PayPal pays out in, and those of them it takes no decimals of. */
const paypalCurrencies = new Set(
  'AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD'.split(
    ' ',
  ),
);
const paypalWholeUnits = new Set(['HUF', 'JPY', 'TWD']);

/**
 * An amount as PayPal's file says it: 12.60; without decimals where PayPal takes none, though the currency itself has some (HUF
 * 1500, not 1500.00, which PayPal refuses).
 * @throws RangeError for a part of a unit of such a currency; `whyNotInFile` lets none through.
 */
export function paypalAmount(amount: number, currency: string): string {
  const said = formatMinor(amount, currency);
  if (!paypalWholeUnits.has(currency)) return said;
  const [units = '', part = ''] = said.split('.');
  if (/[1-9]/.test(part)) throw new RangeError(`PayPal takes no part of a ${currency}: ${said}.`);
  return units;
}

const methodWords: Record<PaymentMethod, string> = {
  bank_transfer: 'by bank transfer',
  wire: 'by wire',
  paypal: 'by PayPal',
  check: 'by check',
};

const notOpen: Partial<Record<PayoutStatus, string>> = {
  pending: 'It is not approved yet.',
  rejected: 'It was rejected.',
  cancelled: 'It was cancelled.',
  paid: 'It is paid already.',
};

/**
 * Why a payout can't go into a payment file of this format, in words; null where it can. The file orders what is open, and
 * only for an active partner whose details somebody verified (`domain.md`, "Partner": a payout to unverified details is refused).
 */
export function whyNotInFile(format: PaymentFileFormat, candidate: PaymentCandidate): string | null {
  const { status, openAmount, partnerStatus, details, isVerified } = candidate;
  const closed = notOpen[status];
  if (closed !== undefined) return closed;
  if (openAmount <= 0) return 'Nothing of it is open.';
  if (partnerStatus !== 'active') return `The partner is ${partnerStatus}.`;
  const currency = whyNotCurrency(format, candidate);
  if (currency !== null) return currency;
  if (details === null) return 'The partner has no bank details.';
  if (!isVerified) return 'The bank details are not verified.';
  const method = details.paymentMethod ?? 'bank_transfer';
  const fits = format === 'paypal' ? method === 'paypal' : method === 'bank_transfer' || method === 'wire';
  if (!fits) return `The partner is paid ${methodWords[method]}.`;
  if (format === 'paypal') return whyNotPaypal(details);
  if (details.accountHolder === null) return 'The account holder is missing.';
  if (!isPayableName(details.accountHolder)) {
    return "The account holder's name can't be written in Latin letters; add it in those.";
  }
  return format === 'pain001' ? whyNotSepa(details) : whyNotAch(details);
}

function whyNotCurrency(
  format: PaymentFileFormat,
  { currency, openAmount }: Pick<PaymentCandidate, 'currency' | 'openAmount'>,
): string | null {
  if (format === 'pain001') {
    if (currency !== 'EUR') return `It is in ${currency}; a SEPA file pays euros only.`;
    if (openAmount > largestSepaAmount) {
      return `One SEPA transfer pays at most ${formatMinor(largestSepaAmount, 'EUR')} EUR.`;
    }
    return null;
  }
  if (format === 'nacha') {
    if (currency !== 'USD') return `It is in ${currency}; an ACH file pays US dollars only.`;
    if (openAmount > largestAchAmount) {
      return `One ACH payment is at most ${formatMinor(largestAchAmount, 'USD')} USD.`;
    }
    return null;
  }
  if (!paypalCurrencies.has(currency)) return `PayPal does not pay out in ${currency}.`;
  if (paypalWholeUnits.has(currency) && openAmount % 10 ** currencyDecimals(currency) !== 0) {
    return `PayPal pays whole ${currency} only.`;
  }
  return null;
}

function whyNotSepa({ iban, swift }: BankingDetails): string | null {
  if (iban === null) return 'The bank details have no IBAN.';
  if (!isSEPACountry(iban.slice(0, 2))) {
    return `The account is in ${iban.slice(0, 2)}, which SEPA does not reach.`;
  }
  return bicFits(iban, swift) ? null : 'The SWIFT code (BIC) is of another country than the IBAN.';
}

/** Territories whose banks have IBANs of the country they belong to. */
const territories: Readonly<Record<string, readonly string[]>> = {
  FI: ['AX'],
  FR: ['GF', 'GP', 'MQ', 'RE', 'PF', 'TF', 'YT', 'NC', 'BL', 'MF', 'PM', 'WF'],
  GB: ['IM', 'JE', 'GG'],
};

/** Whether a BIC is of the country, or a territory of the country, of the IBAN; none always fits. */
export function bicFits(iban: string, bic: string | null): boolean {
  if (bic === null) return true;
  const bank = bic.slice(4, 6);
  const country = iban.slice(0, 2);
  return bank === country || territories[country]?.includes(bank) === true;
}

function whyNotAch({ accountNumber, routingNumber }: BankingDetails): string | null {
  if (routingNumber === null || accountNumber === null) {
    return 'The bank details have no account and routing number.';
  }
  if (!isRoutingNumber(routingNumber)) return 'The check digit of the routing number does not fit.';
  if (!/^[A-Z0-9]{1,17}$/.test(accountNumber)) {
    return 'The account number has more than the 17 letters and digits an ACH file holds.';
  }
  return null;
}

function whyNotPaypal(details: BankingDetails): string | null {
  const address = paypalAddress(details);
  if (address === null) return 'The PayPal e-mail address is missing.';
  // PayPal's file is opened in spreadsheets too, and changing an address would pay somebody else.
  return /^[=+\-@]/.test(address)
    ? 'The PayPal e-mail address begins with a sign that a spreadsheet would run.'
    : null;
}
