import { paypalAddress } from '#domain/banking.ts';
import { formatMinor } from '#domain/money.ts';
import { csvRecord } from '../../csv/write.ts';
import type { Order } from './order.ts';

/**
 * PayPal's file for batch payouts: no header; recipient, amount with a point, currency, reference (30 characters at most, no
 * spaces), note, and the wallet. Nothing in it is neutralised: an address that a spreadsheet would run is not let in
 * (`domain/payment-files.ts`), and the rest is ours.
 */
export function paypalText(orders: readonly Order[]): string {
  return orders
    .map((order) =>
      csvRecord([
        paypalAddress(order.details) ?? '',
        formatMinor(order.amount, order.currency),
        order.currency,
        order.payoutNumber,
        `Payout ${order.payoutNumber}, ${order.periodStart} to ${order.periodEnd}`,
        'PAYPAL',
      ]),
    )
    .join('');
}
