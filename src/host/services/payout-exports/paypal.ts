import { paypalAddress } from '#domain/banking.ts';
import { paypalAmount } from '#domain/payment-files.ts';
import { csvRecord } from '../../csv/write.ts';
import type { Order } from './order.ts';

/**
 * PayPal's file for batch payouts as its guide "Send payouts from Payouts Web" lays it out: at most 5,000 rows of one currency,
 * no header; recipient, amount with a point, currency, customer id (30 characters at most, no spaces), note (400 at most), and
 * the wallet. Nothing in it is neutralised: an address that a spreadsheet would run is not let in
 * (`domain/payment-files.ts`), and the rest is ours.
 */
export function paypalText(orders: readonly Order[]): string {
  return orders
    .map((order) =>
      csvRecord([
        paypalAddress(order.details) ?? '',
        paypalAmount(order.amount, order.currency),
        order.currency,
        order.payoutNumber,
        `Payout ${order.payoutNumber}, ${order.periodStart} to ${order.periodEnd}`,
        'PAYPAL',
      ]),
    )
    .join('');
}
