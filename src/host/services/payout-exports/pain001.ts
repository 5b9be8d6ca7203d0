import { setImmediate as breathe } from 'node:timers/promises';
import { Document } from 'sepa';
import { DomainError, invalidField } from '#domain/errors.ts';
import { formatMinor, sumMinor } from '#domain/money.ts';
import { toPaymentText } from '#domain/sepa-text.ts';
import type { Session } from '../../session.ts';
import type { Order } from './order.ts';

/** What banks take from November 2026 on; the message of 2009 (03) ends then. */
const version = 'pain.001.001.09';

/** Transfers in one block, which a bank books as one sum; also what is written at a stretch. */
const transfersPerBlock = 250;

const endOfMessage = '</CstmrCdtTrfInitn>';

/** `sepa` writes the local day of a Date; noon has no gap in any zone. */
function localNoon(day: string): Date {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date, 12);
}

/**
 * SEPA credit transfers in euros (ISO 20022). The end-to-end id is the payout's number. The library adds up floats, so the sums are given
 * to it, from integers, block by block; what it wrote is compared all the same, and a file with a wrong sum is refused.
 * Throws `VALIDATION` where the payer is not set up, or for sums that can't be written exactly.
 */
export async function pain001Text(
  session: Session,
  orders: readonly Order[],
  { id, now, executionDate }: { id: string; now: string; executionDate: string },
): Promise<string> {
  const payer = session.tenant.settings.sepaPayer;
  if (payer === null) {
    throw invalidField('sepaPayer', 'Say first in the settings which account SEPA payments leave from.');
  }
  const name = toPaymentText(payer.name, 70);
  const document = new Document(version);
  // Short, because the ids of blocks and transfers begin with it and have 35 characters at most.
  document.grpHdr.id = `${now.slice(0, 10).replaceAll('-', '')}-${id.slice(-12)}`;
  document.grpHdr.created = new Date(now);
  document.grpHdr.initiatorName = name;
  const blocks: string[] = [];
  for (let start = 0; start < orders.length; start += transfersPerBlock) {
    const some = orders.slice(start, start + transfersPerBlock);
    const amounts = some.map(({ amount }) => amount);
    const block = document.createPaymentInfo();
    block.id = `${document.grpHdr.id}.${blocks.length}`;
    block.requestedExecutionDate = localNoon(executionDate);
    block.batchBooking = true;
    block.debtorName = name;
    block.debtorIBAN = payer.iban;
    block.debtorBIC = payer.bic ?? '';
    block.controlSum = sumMinor(amounts) / 100;
    for (const order of some) {
      const transfer = block.createTransaction();
      transfer.end2endId = order.payoutNumber;
      transfer.amount = order.amount / 100;
      transfer.creditorName = toPaymentText(order.details.accountHolder ?? '', 70);
      transfer.creditorIBAN = order.details.iban ?? '';
      transfer.creditorBIC = order.details.swift ?? '';
      transfer.remittanceInfo = toPaymentText(
        `Payout ${order.payoutNumber}, ${order.periodStart} to ${order.periodEnd}`,
        140,
      );
      block.addTransaction(transfer);
    }
    const text = block.toString();
    requireSums(text, amounts);
    blocks.push(text);
    await breathe();
  }
  // An empty message gives the frame; serializing it sets the header's sums to nothing, so they are set after it.
  const frame = document.toString();
  const emptyHeader = document.grpHdr.toString();
  const all = orders.map(({ amount }) => amount);
  document.grpHdr.controlSum = sumMinor(all) / 100;
  document.grpHdr.transactionCount = all.length;
  const header = document.grpHdr
    .toString()
    // The library writes the local time of this machine; the instant itself says the same everywhere.
    .replace(/<CreDtTm>[^<]*<\/CreDtTm>/, `<CreDtTm>${now.slice(0, 19)}Z</CreDtTm>`);
  requireSums(header, all, false);
  const [before, after] = frame.split(`${emptyHeader}${endOfMessage}`);
  if (before === undefined || after === undefined)
    throw new Error('The frame of the SEPA message is another.');
  return [before, header, ...blocks, endOfMessage, after].join('');
}

const valuesOf = (text: string, tag: string): string[] =>
  [...text.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([^<]*)</${tag}>`, 'g'))].map(([, value]) => value ?? '');

/** The amounts, their sum and number in a piece of the file against the orders, in integers. Throws `VALIDATION`. */
export function requireSums(text: string, amounts: readonly number[], listed = true): void {
  const expected = {
    InstdAmt: listed ? amounts.map((amount) => formatMinor(amount, 'EUR')) : [],
    CtrlSum: [formatMinor(sumMinor(amounts), 'EUR')],
    NbOfTxs: [String(amounts.length)],
  };
  const isExact = Object.entries(expected).every(([tag, values]) => {
    const found = valuesOf(text, tag);
    return found.length === values.length && found.every((value, index) => value === values[index]);
  });
  if (!isExact) {
    throw new DomainError(
      'VALIDATION',
      'These payments add up to more than a SEPA file can say exactly. Export fewer of them at once.',
    );
  }
}
