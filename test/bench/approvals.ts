import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { scatter } from './made-up.ts';
import {
  commits,
  type Figure,
  load,
  median,
  percentile,
  processor,
  processorTime,
  rate,
  type Sample,
  timed,
  whole,
} from './measure.ts';
import type { Office } from './office.ts';
import { isTiered } from './policies.ts';
import { rawApproval } from './raw-approval.ts';
import { leadId, storyOf } from './story.ts';

/** Leads that wait, of partners with or without a policy of their own, in no order of the tables. */
function waitingLeads(of: { leads: number; partners: number }, tiered: boolean, n: number): string[] {
  const found: { id: string; order: number }[] = [];
  for (let lead = 0; lead < of.leads; lead += 1) {
    if (isTiered(lead % of.partners) !== tiered) continue;
    if (storyOf(lead, of.partners).fate !== 'waiting') continue;
    found.push({ id: leadId(lead), order: scatter(lead + 77) });
  }
  const chosen = found.toSorted((a, b) => a.order - b.order).slice(0, n);
  if (chosen.length < n) throw new Error(`Only ${chosen.length} leads wait, ${n} are needed.`);
  return chosen.map(({ id }) => id);
}

async function measure(
  office: Office,
  of: { leads: number; partners: number; approvals: number; reviewer: string },
  tiered: boolean,
): Promise<Figure> {
  const client = office.as('lead_reviewer');
  const raw = rawApproval(office.writing, {
    tenantId: office.tenantId,
    reviewer: of.reviewer,
    now: office.host.now,
  });
  // So many one after the other before the other side has its turn; the first two blocks warm up.
  const block = Math.min(100, Math.ceil(of.approvals / 5));
  const leads = waitingLeads(of, tiered, of.approvals * 2 + block * 2);
  const ours: Sample = [];
  const bare: Sample = [];
  const disk: Sample = [];
  const at = load();
  const spent = { ours: 0, raw: 0 };
  /** Milliseconds for what a block left in the log: it is that side's cost. */
  const rest = { ours: 0, raw: 0 };
  let warm = true;
  const writeBack = (): number => {
    const start = performance.now();
    office.writing.pragma('wal_checkpoint(PASSIVE)');
    return performance.now() - start;
  };
  while (leads.length > 0) {
    const before = processorTime();
    for (const id of leads.splice(0, block)) {
      const ms = await timed(async () => {
        // A call comes with a turn of the event loop, in which the database's other thread is heard too.
        await setImmediate();
        const lead = await client.leads.approve({ id });
        if (lead.creditStatus !== (tiered ? 'approved' : 'pending')) throw new Error('No credit was made.');
      });
      if (!warm) ours.push(ms);
    }
    const oursLeft = writeBack();
    const between = processorTime();
    // By hand, nobody else writes the log back.
    office.writing.pragma('wal_autocheckpoint = 1000');
    for (const id of leads.splice(0, block)) {
      const start = performance.now();
      raw(id, tiered);
      if (!warm) bare.push(performance.now() - start);
    }
    office.writing.pragma('wal_autocheckpoint = 65536');
    const rawLeft = writeBack();
    if (!warm) {
      rest.ours += oursLeft;
      rest.raw += rawLeft;
      spent.ours += between - before;
      spent.raw += processorTime() - between;
    }
    disk.push(...commits(office.writing, office.tenantId, 5));
    warm = false;
  }
  return {
    name: tiered ? 'Approval, tiered, credit approved at once' : 'Approval with all it causes',
    unit: '/s',
    ours: rate(ours, rest.ours),
    p95: percentile(ours, 0.95),
    raw: rate(bare, rest.raw),
    target: '≥ 800/s',
    met: rate(ours, rest.ours) >= 800,
    note: `one ${median(ours).toFixed(2)} ms, raw ${median(bare).toFixed(2)} (p95 ${percentile(bare, 0.95).toFixed(2)}), a bare commit ${median(disk).toFixed(2)} (p95 ${percentile(disk, 0.95).toFixed(2)}); by the medians ${whole(1000 / median(ours))}/s; ours ${processor(spent.ours, ours.length)}, raw ${(spent.raw / bare.length).toFixed(3)}`,
    load: at,
  };
}

/** One lead after the other approved through the contract, beside the same writes by hand. */
export async function measureApprovals(
  office: Office,
  of: { leads: number; partners: number; approvals: number; reviewer: string },
): Promise<Figure[]> {
  return [await measure(office, of, false), await measure(office, of, true)];
}
