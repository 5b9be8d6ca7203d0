import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { type Figure, load, whole } from './measure.ts';
import type { Card, Office } from './office.ts';

/** What a lead's row and its credits say, read by hand. */
interface RawLead {
  quality_score: number;
  credited: number | null;
}

/**
 * A changed policy for all partners over as many approvals of the past as asked for, or all there are: tiers instead of a fixed price,
 * each lead with its reason and the difference. Raw reads the same leads and credits and does the sum without a word.
 */
export async function measureSimulation(
  office: Office,
  card: Card,
  of: { approvals: number; rounds: number },
): Promise<Figure> {
  const days = office.reading
    .prepare<[string], { day: string; n: number }>(
      `select approved_on as day, count(*) as n from partner_leads where tenant_id = ? and approved_at is not null
        group by approved_on order by approved_on desc`,
    )
    .all(office.tenantId);
  let approvals = 0;
  let from = days[0]?.day ?? '';
  for (const { day, n } of days) {
    if (approvals >= of.approvals) break;
    approvals += n;
    from = day;
  }
  const to = days[0]?.day ?? from;
  const policy = {
    id: card.policyId,
    calculationType: 'tiered' as const,
    baseCredit: null,
    bonusPercentage: 5,
    tierConfig: {
      tiers: [
        { tierLevel: 1, minLeads: 1, maxLeads: 100, creditAmount: 800 },
        { tierLevel: 2, minLeads: 101, creditAmount: 1500 },
      ],
    },
  };
  const raw = office.reading.prepare<[string, string, string], RawLead>(
    `select l.quality_score, (select sum(credit_amount) from partner_lead_credits c
        where c.tenant_id = l.tenant_id and c.partner_lead_id = l.id) as credited
      from partner_leads l where l.tenant_id = ? and l.approved_on between ? and ?`,
  );
  const at = load();
  const seconds = { ours: Number.POSITIVE_INFINITY, raw: Number.POSITIVE_INFINITY };
  let events = 0;
  let blocked = 0;
  for (let round = 0; round < of.rounds; round += 1) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    let start = performance.now();
    const told = await office.as('policy_manager').creditPolicies.simulate({ policy, from, to, limit: 0 });
    const mine = (performance.now() - start) / 1000;
    delay.disable();
    events = told.events;
    start = performance.now();
    let difference = 0;
    for (const row of raw.iterate(office.tenantId, from, to)) {
      difference += (row.quality_score >= 8000 ? 1575 : 1500) - (row.credited ?? 0);
    }
    if (!Number.isFinite(difference)) throw new Error('The sum by hand went wrong.');
    const plain = (performance.now() - start) / 1000;
    if (mine < seconds.ours) blocked = delay.max / 1_000_000;
    seconds.ours = Math.min(seconds.ours, mine);
    seconds.raw = Math.min(seconds.raw, plain);
  }
  const ours = (seconds.ours * 100_000) / events;
  return {
    name: 'Simulation over 100,000 leads',
    unit: 's',
    ours,
    p95: null,
    raw: (seconds.raw * 100_000) / events,
    target: '≤ 10 s',
    met: ours <= 10,
    note: `of ${whole(events)} approvals and conversions; nobody else waited longer than ${blocked.toFixed(0)} ms; raw reads and adds up, without reasons`,
    load: at,
  };
}
