import { Document } from 'sepa';
import { DomainError, invalidField } from '#domain/errors.ts';
import { formatMinor, sumMinor } from '#domain/money.ts';
import { toPaymentText } from '#domain/sepa-text.ts';
import type { Session } from '../../session.ts';
import type { Order } from './order.ts';

/** What banks take from November 2026 on; the message of 2009 (03) ends then. */
const version = 'pain.001.001.09';

/** Transfers in one block; a bank books a block as one sum. */
const transfersPerBlock = 1000;

/** `sepa` writes the local day of a Date; noon has no gap in any zone. */
function localNoon(day: string): Date {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date, 12);
}

/**
 * SEPA credit transfers in euros (ISO 20022). The end-to-end id is the payout's number. The sums in it are compared with the
 * integers they come from, because the library adds up floats: a file with a wrong sum is refused, never written.
 * Throws `VALIDATION` where the payer is not set up, or for sums the library can't write exactly.
 */
export function pain001Text(
  session: Session,
  orders: readonly Order[],
  { id, now, executionDate }: { id: string; now: string; executionDate: string },
): string {
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
  for (let start = 0; start < orders.length; start += transfersPerBlock) {
    const block = document.createPaymentInfo();
    block.requestedExecutionDate = localNoon(executionDate);
    block.batchBooking = true;
    block.debtorName = name;
    block.debtorIBAN = payer.iban;
    block.debtorBIC = payer.bic ?? '';
    document.addPaymentInfo(block);
    for (const order of orders.slice(start, start + transfersPerBlock)) {
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
  }
  // The library writes the local time of this machine; the instant itself says the same everywhere.
  const text = document
    .toString()
    .replace(/<CreDtTm>[^<]*<\/CreDtTm>/, `<CreDtTm>${now.slice(0, 19)}Z</CreDtTm>`);
  requireSums(text, orders);
  return text;
}

const valuesOf = (text: string, tag: string): string[] =>
  [...text.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([^<]*)</${tag}>`, 'g'))].map(([, value]) => value ?? '');

/** Every amount, sum and count of the file against the orders, in integers. Throws `VALIDATION`. */
export function requireSums(text: string, orders: readonly Pick<Order, 'amount'>[]): void {
  const blocks: number[][] = [];
  for (let start = 0; start < orders.length; start += transfersPerBlock) {
    blocks.push(orders.slice(start, start + transfersPerBlock).map(({ amount }) => amount));
  }
  const all = blocks.flat();
  const euros = (amounts: readonly number[]): string => formatMinor(sumMinor(amounts), 'EUR');
  const expected = {
    InstdAmt: all.map((amount) => formatMinor(amount, 'EUR')),
    CtrlSum: [all, ...blocks].map(euros),
    NbOfTxs: [all, ...blocks].map((amounts) => String(amounts.length)),
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
