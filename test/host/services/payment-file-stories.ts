import type { Inputs, Outputs } from '#contract/index.ts';
import type { TestHost, TestTenant } from '#test/support/host.ts';
import type { Partner } from './credit-stories.ts';
import { approvedCredits, generated, type Payout } from './payout-stories.ts';

/** What the stories about payment files begin with. */

export type Made = Outputs['payoutExports']['create'];
export type Input = Inputs['payoutExports']['create'];
type Banking = NonNullable<Inputs['partners']['create']['bankingDetails']>;

export const iban = 'DE89370400440532013000';
export const sepaPayer = { name: 'Häfen & Söhne GmbH', iban: 'DE75 5121 0800 1245 1261 99', bic: 'SOGEDEFF' };
export const achPayer = {
  immediateDestination: '021000021',
  immediateDestinationName: 'JPMorgan Chase',
  immediateOrigin: '1123456789',
  immediateOriginName: 'Hafen Inc',
  companyName: 'Hafen Inc',
  companyId: '1123456789',
  odfiRouting: '021000021',
};
export const usBanking: Banking = {
  accountHolder: 'Łódź Partners LLC',
  accountNumber: '000123456789',
  accountType: 'savings',
  routingNumber: '011000015',
  paymentMethod: 'bank_transfer',
};
export const paypal: Banking = { paypalEmail: 'pay@partner.example', paymentMethod: 'paypal' };

export const create = (office: TestTenant, input: Input): Promise<Made> =>
  office.as('finance').payoutExports.create(input);

export async function textOf(office: TestTenant, { id }: { id: string }): Promise<string> {
  const { body } = await office.as('finance').payoutExports.file({ id });
  return body.text();
}

export async function approvedPayout(
  office: TestTenant,
  partner: Partner,
  amounts: number[],
): Promise<Payout> {
  await approvedCredits(office, partner.id, amounts);
  const payout = await generated(office, partner.id);
  return office.as('approver').payouts.approve({ id: payout.id });
}

/** An organization that pays by SEPA. */
export async function sepaOffice(host: TestHost): Promise<TestTenant> {
  const office = await host.otherTenant();
  await office.as('admin').settings.update({ sepaPayer });
  return office;
}

/** An organization in dollars that pays by ACH and PayPal. */
export async function dollarOffice(host: TestHost): Promise<TestTenant> {
  const office = await host.otherTenant({ currency: 'USD', timeZone: 'America/New_York' });
  await office.as('admin').settings.update({ achPayer });
  return office;
}
