import type { BankingDetails } from '#domain/banking.ts';

/** One payment of a file. */
export interface Order {
  payoutId: string;
  payoutNumber: string;
  periodStart: string;
  periodEnd: string;
  currency: string;
  /** Minor units: what is open of the payout. */
  amount: number;
  details: BankingDetails;
}
