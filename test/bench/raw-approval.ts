import { v7 as uuidv7 } from 'uuid';
import { canonicalJson, sha256 } from '#host/canonical-json.ts';
import type { Connection } from '#host/database/sqlite-connection.ts';
import { madeUpId } from './made-up.ts';
import { creditAmount, creditReason } from './story.ts';

interface LeadRow {
  id: string;
  partner_id: string;
  source_id: string;
  contact_name: string;
  company: string | null;
  lead_data: string;
  estimated_value: number | null;
}

interface PolicyRow {
  id: string;
  revision: number;
  approved_by: string;
}

/**
 * The writes of one approval as prepared statements in one transaction, by hand: what the disk and SQLite ask for them.
 * They keep every projection and the chain of activities true, as the service does. `tiered`: the policy of the partner
 * is applied and approves its credit at once, that for all is passed over.
 */
export function rawApproval(
  connection: Connection,
  on: { tenantId: string; reviewer: string; now: () => string },
): (leadId: string, tiered: boolean) => void {
  const { tenantId: t, reviewer, now } = on;
  const run = (text: string) => {
    const statement = connection.prepare(text);
    return (...values: unknown[]) => void statement.run(...values);
  };
  const lead = connection.prepare<unknown[], LeadRow>(
    'select * from partner_leads where tenant_id = ? and id = ? and deleted_at is null',
  );
  const partner = connection.prepare('select * from partners where tenant_id = ? and id = ?');
  const policies = connection.prepare<unknown[], PolicyRow>(
    `select p.id, r.revision, r.terms, r.approved_by from partner_credit_policies p
      join partner_credit_policy_revisions r on r.tenant_id = p.tenant_id and r.policy_id = p.id and r.revision = p.effective_revision
      where p.tenant_id = ? and p.partner_id = ? and p.is_active = 1`,
  );
  const insertEntry =
    run(`insert into leads (id, tenant_id, source, partner_lead_id, partner_id, contact_name, company, email,
      phone, lead_data, status, estimated_value, currency, version, created_at, updated_at)
    values (?, ?, 'partner_referral', ?, ?, ?, ?, ?, ?, ?, 'open', ?, 'EUR', 1, ?, ?)`);
  const countDay =
    run(`insert into policy_period_counts (tenant_id, policy_id, partner_id, period_start, lead_count)
    values (?, ?, ?, ?, 1) on conflict do update set lead_count = lead_count + 1`);
  const insertMapping =
    run(`insert into partner_credit_policy_mappings (id, tenant_id, partner_lead_id, policy_id,
      policy_revision, event, applied, calculated_credit, reason, created_at) values (?, ?, ?, ?, ?, 'approval', ?, ?, ?, ?)`);
  const countPolicy =
    run(`update partner_credit_policies set total_leads_under_policy = total_leads_under_policy + 1
    where tenant_id = ? and id = ?`);
  const insertCredit =
    run(`insert into partner_lead_credits (id, tenant_id, partner_id, partner_lead_id, policy_id,
      policy_revision, source_id, origin, trigger_event, calculation_type, credit_amount, currency, reason, status, requested_by,
      approved_by, approved_at, approved_on, payable_from, delegated_policy_id, four_eyes_waived, version, created_at, updated_at)
    values (?, ?, ?, ?, ?, ?, ?, 'policy', 'approval', ?, ?, 'EUR', ?, ?, ?, ?, ?, ?, ?, ?, 0, 1, ?, ?)`);
  const updateLead =
    run(`update partner_leads set status = 'approved', lead_id = ?, reviewed_by = ?, reviewed_at = ?,
      approved_at = ?, approved_on = ?, credit_amount = ?, credit_status = ?, updated_at = ?, version = version + 1
    where tenant_id = ? and id = ?`);
  const countPartner = run(
    'update partners set approved_leads = approved_leads + 1 where tenant_id = ? and id = ?',
  );
  const countSource = run(
    'update partner_sources set leads_approved = leads_approved + 1 where tenant_id = ? and id = ?',
  );
  const insertPostings = run(`insert into ledger_postings (tenant_id, entry_id, account, partner_id, amount)
    values (?, ?, 'commission_expense', ?, ?), (?, ?, 'available', ?, ?)`);
  const insertLedgerEntry =
    run(`insert into ledger_entries (id, tenant_id, partner_id, kind, resource, resource_id,
      discriminator, currency, amount, actor_id, booked_on, created_at)
    values (?, ?, ?, 'credit_approved', 'credit', ?, '', 'EUR', ?, ?, ?, ?)`);
  const addToPartner =
    run(`update partners set total_earnings = total_earnings + ?, available_balance = available_balance + ?,
      pending_payout_amount = pending_payout_amount + ? where tenant_id = ? and id = ?`);
  const allocate =
    run(`update partner_credit_policies set total_credits_allocated = total_credits_allocated + ?
    where tenant_id = ? and id = ?`);
  const addToSource = run(
    'update partner_sources set total_credits = total_credits + ? where tenant_id = ? and id = ?',
  );
  const head = connection.prepare<unknown[], { seq: number; hash: string }>(
    'select seq, hash from activity_heads where tenant_id = ?',
  );
  const insertActivity =
    run(`insert into partner_activities (tenant_id, seq, partner_id, user_id, user_name, action, resource,
      resource_id, details, station, created_at, previous_hash, hash) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const updateHead = run('update activity_heads set seq = ?, hash = ? where tenant_id = ?');

  function appendActivity(of: LeadRow, at: string): void {
    const last = head.get(t);
    if (last === undefined) throw new Error('There is no chain of activities.');
    const seq = last.seq + 1;
    const details = {
      before: { status: 'submitted' },
      after: { status: 'approved' },
      path: ['under_review', 'approved'],
    };
    const action = 'lead_approved';
    const named = [of.partner_id, reviewer, 'by hand', action, 'lead', of.id] as const;
    const hash = sha256(canonicalJson([last.hash, t, seq, ...named, details, 'bench', at]));
    insertActivity(t, seq, ...named, canonicalJson(details), 'bench', at, last.hash, hash);
    updateHead(seq, hash, t);
  }

  const forAll = madeUpId(32, 1);
  return (leadId, tiered) => {
    connection.exec('begin immediate');
    const at = now();
    const day = at.slice(0, 10);
    const row = lead.get(t, leadId);
    if (row === undefined) throw new Error('There is no such lead.');
    partner.get(t, row.partner_id);
    const [own] = policies.all(t, row.partner_id);
    const policy = tiered ? own : { id: forAll, revision: 1, approved_by: null };
    if (policy === undefined) throw new Error('The partner has no policy of its own.');
    const [entryId, creditId] = [uuidv7(), uuidv7()];
    const data: { email: string; phone: string } = JSON.parse(row.lead_data);
    insertEntry(
      entryId,
      t,
      leadId,
      row.partner_id,
      row.contact_name,
      row.company,
      data.email,
      data.phone,
      row.lead_data,
      row.estimated_value,
      at,
      at,
    );
    countDay(t, policy.id, row.partner_id, day);
    insertMapping(uuidv7(), t, leadId, policy.id, policy.revision, 1, creditAmount, creditReason, at);
    if (tiered) {
      countDay(t, forAll, row.partner_id, day);
      insertMapping(uuidv7(), t, leadId, forAll, 1, 0, creditAmount, 'passed over', at);
    }
    countPolicy(t, policy.id);
    const approval = tiered ? [policy.approved_by, at, day, day, policy.id] : [null, null, null, null, null];
    insertCredit(
      creditId,
      t,
      row.partner_id,
      leadId,
      policy.id,
      policy.revision,
      row.source_id,
      tiered ? 'tiered' : 'fixed_price',
      creditAmount,
      creditReason,
      tiered ? 'approved' : 'pending_approval',
      reviewer,
      ...approval,
      at,
      at,
    );
    if (tiered) {
      const ledgerId = uuidv7();
      insertPostings(t, ledgerId, row.partner_id, -creditAmount, t, ledgerId, row.partner_id, creditAmount);
      insertLedgerEntry(ledgerId, t, row.partner_id, creditId, creditAmount, reviewer, day, at);
      addToPartner(creditAmount, creditAmount, creditAmount, t, row.partner_id);
      allocate(creditAmount, t, policy.id);
      addToSource(creditAmount, t, row.source_id);
    }
    updateLead(entryId, reviewer, at, at, day, creditAmount, tiered ? 'approved' : 'pending', at, t, leadId);
    countPartner(t, row.partner_id);
    countSource(t, row.source_id);
    appendActivity(row, at);
    connection.exec('commit');
  };
}
