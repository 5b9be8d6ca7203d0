import type { AccountType } from './vocabulary.ts';

/**
 * The file format of the American ACH network as the Nacha Operating Rules lay it out (Appendix Three, "ACH Record
 * Format Specifications"): records of 94 characters in blocks of ten, here with one batch of credits. Amounts are cents
 * of USD. The caller cleans the texts (`toPaymentText`); whatever doesn't fit its field is a mistake of the program and
 * throws, because a cut account number pays somebody else.
 *
 * Written here because no kept-up package can write these files (npm, looked at in November 2026). `achkit` 0.2.0 is the one with
 * a release of this year: it cuts what is too long without a word, account numbers too, takes the sender for a routing number of
 * nine digits, where a bank assigns ten characters, and accepts a wrong check digit. It reads and checks well, so the tests have it
 * read everything written here. `@ach/ach` 1.1.0 is of 2016, and `@midlandsbank/node-nacha` a copy of it; `nach2` 0.5.1 adds amounts
 * up as floats; `ach-node-sdk` is the client of a server, and the library behind that is written in Go.
 */

/** Who pays, as the bank set it up. */
export interface AchOriginator {
  /** Routing number of the bank the file goes to. */
  immediateDestination: string;
  immediateDestinationName: string;
  /** Ten characters; what the bank assigned, usually 1 and the tax number. */
  immediateOrigin: string;
  immediateOriginName: string;
  companyName: string;
  /** Ten characters, usually 1 and the tax number. */
  companyId: string;
  /** Routing number of the bank the money leaves from. */
  odfiRouting: string;
  /** CCD pays companies, PPD people. */
  entryClass: 'CCD' | 'PPD';
  /** What the receiver's statement says, at most ten characters. */
  entryDescription: string;
}

export interface AchCredit {
  routingNumber: string;
  accountNumber: string;
  accountType: AccountType;
  /** Cents of USD, above zero. */
  amount: number;
  receiverName: string;
  /** What the payer knows the payment by: at most 15 characters. */
  identification: string;
  /** The remittance text, at most 80 characters; empty: no addenda record. */
  addenda: string;
}

export interface AchFile {
  originator: AchOriginator;
  /** YYYY-MM-DD and HH:MM of the making, in the payer's zone. */
  createdOn: string;
  createdAt: string;
  /** Tells apart the files of a day: A to Z, then 0 to 9. */
  fileIdModifier: string;
  /** YYYY-MM-DD */
  effectiveDate: string;
  credits: readonly AchCredit[];
}

const RECORD = 94;
const BLOCK = 10;
/** Credits only. */
const CREDITS = '220';

/** What one entry may order, in cents: ten digits. */
export const largestAchAmount = 9_999_999_999;
/** What the credits of a file may add up to, in cents: twelve digits. */
export const largestAchTotal = 999_999_999_999;

const modifiers = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** The modifier of the n-th file of a day, from 0 on; undefined where the day's 36 are used up. */
export function fileIdModifier(earlierToday: number): string | undefined {
  return modifiers[earlierToday];
}

const printable = /^[\x20-\x7E]*$/;

/** Left-justified, filled with spaces. */
function text(value: string, width: number): string {
  if (value.length > width || !printable.test(value)) {
    throw new RangeError(`A field of ${width} characters can't hold ${JSON.stringify(value)}.`);
  }
  return value.padEnd(width);
}

/** Right-justified, filled with zeros. */
function digits(value: number | bigint, width: number): string {
  const plain = String(value);
  if (!/^\d+$/.test(plain) || plain.length > width) {
    throw new RangeError(`A field of ${width} digits can't hold ${plain}.`);
  }
  return plain.padStart(width, '0');
}

/** Whether the ninth digit of an ABA routing number is the check digit of the others (3-7-1). */
export function isRoutingNumber(value: string): boolean {
  if (!/^\d{9}$/.test(value)) return false;
  const sum = Array.from(value).reduce(
    (total, digit, index) => total + Number(digit) * ([3, 7, 1][index % 3] ?? 0),
    0,
  );
  return sum % 10 === 0;
}

function routing(value: string): string {
  if (!isRoutingNumber(value))
    throw new RangeError('A routing number has nine digits that fit its check digit.');
  return value;
}

/** YYYY-MM-DD as YYMMDD. */
function shortDay(day: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) throw new RangeError(`${day} is no day.`);
  return day.slice(2).replaceAll('-', '');
}

function record(...fields: readonly string[]): string {
  const line = fields.join('');
  if (line.length !== RECORD)
    throw new RangeError(`A record has ${line.length} characters instead of ${RECORD}.`);
  return line;
}

/**
 * The sum of the receiving banks' first eight digits, its last ten digits: by it a bank notices a changed routing number.
 */
export function entryHash(routingNumbers: Iterable<string>): string {
  let sum = 0;
  for (const number of routingNumbers) sum = (sum + Number(number.slice(0, 8))) % 10_000_000_000;
  return digits(sum, 10);
}

/** The first digit is 2 for checking and 3 for savings, the second 2: a credit. */
const transactionCodes: Record<AccountType, string> = { checking: '22', savings: '32' };

/**
 * The whole file, lines ended by CR LF.
 * @throws RangeError for no credits, an amount that is no whole number of cents above zero, a routing number with a wrong check digit, a
 * text that doesn't fit its field, or sums beyond the format's digits.
 */
export function nachaFile(file: AchFile): string {
  const { originator, credits } = file;
  if (credits.length === 0) throw new RangeError('An ACH file needs a credit.');
  const odfi = routing(originator.odfiRouting).slice(0, 8);
  const entries: string[] = [];
  let total = 0;
  for (const [index, credit] of credits.entries()) {
    if (!Number.isSafeInteger(credit.amount) || credit.amount <= 0) {
      throw new RangeError(`${credit.amount} is no amount of cents that can be paid.`);
    }
    total += credit.amount;
    const trace = digits(index + 1, 7);
    entries.push(
      record(
        '6',
        transactionCodes[credit.accountType],
        routing(credit.routingNumber),
        text(credit.accountNumber, 17),
        digits(credit.amount, 10),
        text(credit.identification, 15),
        text(credit.receiverName, 22),
        '  ',
        credit.addenda === '' ? '0' : '1',
        odfi,
        trace,
      ),
    );
    if (credit.addenda !== '') entries.push(record('7', '05', text(credit.addenda, 80), '0001', trace));
  }
  const hash = entryHash(credits.map(({ routingNumber }) => routingNumber));
  const batch = digits(1, 7);
  const lines = [
    record(
      '1',
      '01',
      ` ${routing(originator.immediateDestination)}`,
      text(originator.immediateOrigin, 10),
      shortDay(file.createdOn),
      text(file.createdAt.replace(':', ''), 4),
      text(file.fileIdModifier, 1),
      digits(RECORD, 3),
      digits(BLOCK, 2),
      '1',
      text(originator.immediateDestinationName, 23),
      text(originator.immediateOriginName, 23),
      text('', 8),
    ),
    record(
      '5',
      CREDITS,
      text(originator.companyName, 16),
      text('', 20),
      text(originator.companyId, 10),
      originator.entryClass,
      text(originator.entryDescription, 10),
      shortDay(file.createdOn),
      shortDay(file.effectiveDate),
      '   ',
      '1',
      odfi,
      batch,
    ),
    ...entries,
    record(
      '8',
      CREDITS,
      digits(entries.length, 6),
      hash,
      digits(0, 12),
      digits(total, 12),
      text(originator.companyId, 10),
      text('', 19),
      text('', 6),
      odfi,
      batch,
    ),
  ];
  const blocks = Math.ceil((lines.length + 1) / BLOCK);
  lines.push(
    record(
      '9',
      digits(1, 6),
      digits(blocks, 6),
      digits(entries.length, 8),
      hash,
      digits(0, 12),
      digits(total, 12),
      text('', 39),
    ),
  );
  while (lines.length < blocks * BLOCK) lines.push('9'.repeat(RECORD));
  return `${lines.join('\r\n')}\r\n`;
}
