import type { Outputs } from '#contract/index.ts';
import type { TestTenant } from '#test/support/host.ts';
import { activePartner, approvedLead, type Credit, type Partner } from './credit-stories.ts';

/** What the stories about payouts begin with, all of it through the calls that the roles themselves make. */

export type Payout = Outputs['payouts']['get'];
export type Line = Outputs['payouts']['lines']['items'][number];

/** The month the tests' clock stands in. */
export const june = { periodStart: '2026-06-01', periodEnd: '2026-06-30' } as const;
export const july = { periodStart: '2026-07-01', periodEnd: '2026-07-31' } as const;

/** An active partner whose bank details are verified: one that can be paid. */
export async function payablePartner(
  office: TestTenant,
  fields: Parameters<typeof activePartner>[1] = {},
): Promise<Partner> {
  const partner = await activePartner(office, fields);
  return office.as('approver').partners.verifyBanking({ id: partner.id });
}

/** Approved credits of these amounts, each for an approved lead of its own, approved in this order. */
export async function approvedCredits(
  office: TestTenant,
  partnerId: string,
  amounts: readonly number[],
): Promise<Credit[]> {
  const credits: Credit[] = [];
  for (const creditAmount of amounts) {
    const lead = await approvedLead(office, partnerId);
    const { id } = await office
      .as('partner_manager')
      .credits.request({ id: lead.id, creditAmount, reason: `worth ${creditAmount}` });
    credits.push(await office.as('approver').credits.approve({ id }));
  }
  return credits;
}

/** The one payout that generating for the partner makes; throws where it makes none. */
export async function generated(
  office: TestTenant,
  partnerId: string,
  period: { periodStart: string; periodEnd: string } = june,
): Promise<Payout> {
  const { payouts, skipped } = await office.as('finance').payouts.generate({ partnerId, ...period });
  const [payout] = payouts;
  if (payout === undefined) throw new Error(`No payout was generated: ${skipped[0]?.reason ?? 'no reason'}`);
  return payout;
}

/** A payable partner with credits of these amounts in a pending payout of June. */
export async function pendingPayout(
  office: TestTenant,
  amounts: readonly number[],
): Promise<{ partner: Partner; payout: Payout; lines: Line[] }> {
  const partner = await payablePartner(office);
  await approvedCredits(office, partner.id, amounts);
  const payout = await generated(office, partner.id);
  return { partner, payout, lines: await linesOf(office, payout) };
}

export async function linesOf(office: TestTenant, payout: { id: string }): Promise<Line[]> {
  return (await office.as('auditor').payouts.lines({ id: payout.id, limit: 500 })).items;
}

export const getPayout = (office: TestTenant, { id }: { id: string }): Promise<Payout> =>
  office.as('auditor').payouts.get({ id });

/** A payment of today's, of all that is open unless told otherwise. */
export function paid(office: TestTenant, payout: { id: string }, amount?: number): Promise<Payout> {
  return office.as('finance').payouts.pay({
    id: payout.id,
    paymentDate: '2026-06-15',
    referenceNumber: 'SEPA-1',
    ...(amount !== undefined && { amount }),
  });
}

/** What the ledger's own check says; a sound one differs nowhere. */
export async function ledgerDifferences(
  office: TestTenant,
): Promise<Outputs['ledger']['verify']['differences']> {
  return (await office.as('auditor').ledger.verify()).differences;
}
