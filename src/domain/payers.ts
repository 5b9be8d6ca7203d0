import { normalizeBankingDetails } from './banking.ts';
import type { FieldError } from './errors.ts';
import { type LedgerAccount, ledgerAccounts } from './ledger.ts';
import { type AchOriginator, isRoutingNumber } from './nacha.ts';
import { bicFits } from './payment-files.ts';
import { isPayableName, toPaymentText } from './sepa-text.ts';

/** The account that SEPA payments leave from. */
export interface SepaPayer {
  name: string;
  iban: string;
  bic: string | null;
}

type Checked<T> = { ok: true; value: T } | { ok: false; fields: FieldError[] };

/**
 * Checks the payer of SEPA files: a name that can be written in SEPA's characters, an IBAN and, where given, a BIC of the
 * same country; the value is compact and in capitals.
 */
export function checkSepaPayer(payer: SepaPayer, path: string): Checked<SepaPayer> {
  const fields: FieldError[] = [];
  const name = payer.name.trim();
  if (!isPayableName(name) || name.length > 70) {
    fields.push({
      path: `${path}.name`,
      message:
        "The payer's name has at most 70 characters and is written in Latin, Greek or Cyrillic letters.",
    });
  }
  const account = normalizeBankingDetails({ iban: payer.iban, swift: payer.bic }, path);
  if (!account.ok) {
    fields.push(
      ...account.fields.map((field) => ({ ...field, path: field.path.replace(/\.swift$/, '.bic') })),
    );
    return { ok: false, fields };
  }
  const { iban, swift: bic } = account.details;
  if (iban === null) fields.push({ path: `${path}.iban`, message: 'The IBAN of the payer is missing.' });
  else if (!bicFits(iban, bic)) {
    fields.push({ path: `${path}.bic`, message: 'The BIC is of another country than the IBAN.' });
  }
  if (iban === null || fields.length > 0) return { ok: false, fields };
  return { ok: true, value: { name, iban, bic } };
}

const achTexts = {
  immediateDestinationName: { label: "The name of the bank's ACH operator", max: 23 },
  immediateOriginName: { label: "The name of the file's sender", max: 23 },
  companyName: { label: 'The company name', max: 16 },
  entryDescription: { label: 'The entry description', max: 10 },
} as const satisfies Partial<Record<keyof AchOriginator, { label: string; max: number }>>;

/** Checks who pays by ACH: routing numbers by their check digit, identifications of ten characters, texts by their lengths. */
export function checkAchPayer(payer: AchOriginator, path: string): Checked<AchOriginator> {
  const fields: FieldError[] = [];
  const value = { ...payer };
  for (const field of ['immediateDestination', 'odfiRouting'] as const) {
    value[field] = payer[field].replaceAll(/[\s-]/g, '');
    if (!isRoutingNumber(value[field])) {
      fields.push({
        path: `${path}.${field}`,
        message: 'A routing number has nine digits that fit its check digit.',
      });
    }
  }
  for (const field of ['immediateOrigin', 'companyId'] as const) {
    value[field] = payer[field].trim().toUpperCase();
    if (!/^[A-Z0-9 ]{9,10}$/.test(value[field])) {
      fields.push({
        path: `${path}.${field}`,
        message: 'The bank assigns ten letters and digits, usually 1 and the tax number.',
      });
    }
    value[field] = value[field].padStart(10);
  }
  for (const field of [
    'immediateDestinationName',
    'immediateOriginName',
    'companyName',
    'entryDescription',
  ] as const) {
    const { label, max } = achTexts[field];
    const written = toPaymentText(payer[field], max + 1).toUpperCase();
    value[field] = written;
    if (written.length === 0 || written.length > max) {
      fields.push({ path: `${path}.${field}`, message: `${label} has 1 to ${max} characters.` });
    }
  }
  return fields.length === 0 ? { ok: true, value } : { ok: false, fields };
}

/** The codes that accounting knows the ledger's accounts by. */
export type JournalAccounts = Record<LedgerAccount, string>;

/** Until somebody names others: the ledger's own names. */
export const defaultJournalAccounts: JournalAccounts = {
  commission_expense: 'commission_expense',
  available: 'available',
  payable: 'payable',
  paid: 'paid',
};

/** Checks account codes: 1 to 30 letters, digits and `. _ - /`, beginning with a letter or digit, one account each. */
export function checkJournalAccounts(accounts: JournalAccounts, path: string): Checked<JournalAccounts> {
  const value = { ...accounts };
  const fields: FieldError[] = [];
  const taken = new Set<string>();
  for (const account of ledgerAccounts) {
    value[account] = accounts[account].trim();
    const code = value[account];
    if (!/^[A-Za-z0-9][A-Za-z0-9._/-]{0,29}$/.test(code)) {
      fields.push({
        path: `${path}.${account}`,
        message: 'An account code has 1 to 30 letters, digits, points or hyphens.',
      });
    } else if (taken.has(code)) {
      // Two accounts under one code could never be told apart again.
      fields.push({ path: `${path}.${account}`, message: 'Another account has this code already.' });
    }
    taken.add(code);
  }
  return fields.length === 0 ? { ok: true, value } : { ok: false, fields };
}
