import type { Office } from './office.ts';
import { partnerId } from './story.ts';

/** Every fiftieth partner has terms of its own beside those for all: a tiered policy that approves its credits at once. */
export const isTiered = (partner: number): boolean => partner % 50 === 4 % 50;

export const tiers = [
  { tierLevel: 1, minLeads: 1, maxLeads: 100, creditAmount: 800, bonusPercent: 0 },
  { tierLevel: 2, minLeads: 101, maxLeads: 500, creditAmount: 1200, bonusPercent: 5 },
  { tierLevel: 3, minLeads: 501, maxLeads: null, creditAmount: 1500, bonusPercent: 10 },
];

/** Makes and approves the tiered policies through the services. */
export async function addPolicies(office: Office, partners: number): Promise<void> {
  for (let partner = 0; partner < partners; partner += 1) {
    if (!isTiered(partner)) continue;
    const policy = await office.as('policy_manager').creditPolicies.create({
      id: partnerId(partner),
      policyCode: `TIER-${partner}`,
      policyName: 'Monthly tiers',
      policyType: 'time_based',
      timeUnitType: 'monthly',
      calculationType: 'tiered',
      startDate: '2026-01-01',
      tierConfig: { tiers },
      minimumCredit: 500,
      maximumCredit: 2500,
      priority: 10,
      autoApprove: true,
    });
    await office.as('approver').creditPolicies.approve({ id: policy.id });
  }
}
