import { DomainError, type FieldError } from '#domain/errors.ts';
import type { AchOriginator } from '#domain/nacha.ts';
import {
  checkAchPayer,
  checkJournalAccounts,
  checkSepaPayer,
  defaultJournalAccounts,
  type JournalAccounts,
  type SepaPayer,
} from '#domain/payers.ts';

/** The settings that payment files and the accounting journal are made by. */
export interface PayerSettings {
  /** The account SEPA payments leave from; null: none are made. */
  sepaPayer: SepaPayer | null;
  /** Who pays by ACH; null: nobody does. */
  achPayer: AchOriginator | null;
  /** The accounting's codes of the ledger's accounts. */
  journalAccounts: JournalAccounts;
}

export const defaultPayerSettings: PayerSettings = {
  sepaPayer: null,
  achPayer: null,
  journalAccounts: defaultJournalAccounts,
};

type Given = { [K in keyof PayerSettings]?: PayerSettings[K] | undefined };

/** What was given of these settings, cleaned. Throws `VALIDATION` with every field that is wrong. */
export function checkedPayerSettings(given: Given): Partial<PayerSettings> {
  const cleaned: Partial<PayerSettings> = {};
  const fields: FieldError[] = [];
  const { sepaPayer, achPayer, journalAccounts } = given;
  if (sepaPayer === null) cleaned.sepaPayer = null;
  if (sepaPayer) {
    const checked = checkSepaPayer(sepaPayer, 'sepaPayer');
    if (checked.ok) cleaned.sepaPayer = checked.value;
    else fields.push(...checked.fields);
  }
  if (achPayer === null) cleaned.achPayer = null;
  if (achPayer) {
    const checked = checkAchPayer(achPayer, 'achPayer');
    if (checked.ok) cleaned.achPayer = checked.value;
    else fields.push(...checked.fields);
  }
  if (journalAccounts !== undefined) {
    const checked = checkJournalAccounts(journalAccounts, 'journalAccounts');
    if (checked.ok) cleaned.journalAccounts = checked.value;
    else fields.push(...checked.fields);
  }
  const [first] = fields;
  if (first !== undefined) throw new DomainError('VALIDATION', first.message, { fields });
  return cleaned;
}
