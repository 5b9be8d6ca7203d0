import type { PaymentMethod } from '#domain/vocabulary.ts';

/** What people call the ways to pay. */
export const paymentMethodLabels: Record<PaymentMethod, string> = {
  bank_transfer: 'Bank transfer',
  wire: 'Wire transfer',
  check: 'Check',
  paypal: 'PayPal',
};
