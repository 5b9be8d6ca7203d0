import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import {
  leads,
  type PartnerLeadCreditRow,
  type PartnerLeadRow,
  type PartnerRow,
  partnerLeadCredits,
  partnerLeads,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command, type Work } from '../command.ts';
import { addToPolicies } from '../credit-engine/caps.ts';
import { leadCreditOf } from '../credit-engine/lead-credit.ts';
import { settleRejected } from '../credit-engine/settle.ts';
import { leftOf, takeBackWithin } from '../credits/reverse.ts';
import { notifyOfCredit } from '../notifications/drafts.ts';
import type { Input } from '../service.ts';
import { holdLeadAndPartner, requireFree, requirePath } from './claims.ts';
import { count } from './counters.ts';
import { toWire, type WireLead } from './wire.ts';

/** What became of a credit of the conversion, for the trail. Minor units. */
interface TakenBack {
  creditId: string;
  creditAmount: number;
  outcome: 'rejected' | 'reversed' | 'clawed_back';
  amount: number;
  payoutNumber?: string;
  compensatingCreditId?: string;
}

/**
 * Takes a conversion back: the deal fell through. In one transaction the lead is approved again, the counters and the entry in
 * `leads` follow, and what the conversion earned is taken back: a pending credit is rejected, an approved one reversed, one in an approved
 * or paid payout clawed back by a credit below zero that the next payout nets off. A credit in a payout that waits for approval holds up
 * the whole, as it does any reversal: its line is rejected there first. What the approval earned stays.
 *
 * The lead may be converted again: credits and weighed policies of this conversion are marked withdrawn, and make room for
 * those of the next one.
 * @throws DomainError `NOT_FOUND`, `LOCKED`, `CONFLICT`, `INVALID_TRANSITION`.
 */
export function withdrawConversion(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'withdrawConversion'>,
): Promise<WireLead> {
  return command(host, session, { name: 'leads.withdrawConversion', input }, async (work) => {
    const { tx, now, record } = work;
    const held = await holdLeadAndPartner(tx, input.id);
    const { lead, partner } = held;
    await requireFree(tx, session, held, { now, version: input.version });
    if (lead.status !== 'converted') {
      throw new DomainError('INVALID_TRANSITION', 'This lead has no conversion that could be withdrawn.');
    }
    const path = await requirePath(tx, lead, 'withdraw');
    const takenBack = await takeBackCredits(work, session, lead, partner, input.reason);
    await withdrawMappings(work, lead);
    const shown = await leadCreditOf(tx, lead.tenantId, lead.id);
    const after = await tx.update(
      partnerLeads,
      { id: lead.id, version: lead.version },
      {
        status: 'approved',
        dealValue: null,
        conversionDate: null,
        convertedAt: null,
        conversionWithdrawnAt: now,
        conversionWithdrawnBy: session.userId,
        conversionWithdrawalReason: input.reason,
        ...shown,
        updatedAt: now,
      },
    );
    if (lead.leadId === null) throw new Error(`The converted lead ${lead.id} has no entry in leads.`);
    await tx.update(
      leads,
      { id: lead.leadId },
      { status: input.entryStatus, dealValue: null, convertedOn: null, updatedAt: now },
    );
    await count(tx, lead, { converted: -1, revenue: -(lead.dealValue ?? 0) });
    record({
      action: 'lead_conversion_withdrawn',
      resource: 'lead',
      resourceId: lead.id,
      partnerId: lead.partnerId,
      details: {
        reason: input.reason,
        before: {
          status: lead.status,
          dealValue: lead.dealValue,
          conversionDate: lead.conversionDate,
          currency: lead.currency,
        },
        after: { status: after.status, entryStatus: input.entryStatus },
        path,
        credits: takenBack,
      },
    });
    return toWire({ session, now }, after, partner);
  });
}

/** Credits that the conversion made, by a policy or the partner's terms; one that a payout carried over is the same earning. */
async function takeBackCredits(
  work: Work,
  session: Session,
  lead: PartnerLeadRow,
  partner: PartnerRow,
  reason: string,
): Promise<TakenBack[]> {
  const { tx, now } = work;
  const ofConversion = sql`partner_lead_id = ${lead.id} and trigger_event = 'conversion'
    and origin in ('policy', 'partner_terms', 'carry_over') and withdrawn_at is null`;
  if (tx.engine === 'postgres') {
    await tx.all(sql`select id from partner_lead_credits where tenant_id = ${lead.tenantId} and ${ofConversion}
      order by id for update`);
  }
  const taken: TakenBack[] = [];
  for (const credit of await tx.list(partnerLeadCredits, sql`${ofConversion} order by id`)) {
    const one =
      credit.status === 'pending_approval'
        ? await reject(work, session, credit, reason)
        : await takeBack(work, session, credit, partner, reason);
    if (one === undefined) continue;
    taken.push(one);
    const { outcome, amount } = one;
    await notifyOfCredit(work, session, {
      credit,
      partner,
      told:
        outcome === 'rejected'
          ? { event: 'credit_rejected', reason }
          : { event: 'credit_reversed', reason, amount },
    });
  }
  await tx.run(sql`update partner_lead_credits set withdrawn_at = ${now}
    where tenant_id = ${lead.tenantId} and ${ofConversion}`);
  return taken;
}

async function reject(
  work: Work,
  session: Session,
  credit: PartnerLeadCreditRow,
  reason: string,
): Promise<TakenBack> {
  const after = await work.tx.update(
    partnerLeadCredits,
    { id: credit.id, version: credit.version },
    {
      status: 'rejected',
      rejectedBy: session.userId,
      rejectionReason: `The conversion was withdrawn: ${reason}`,
      updatedAt: work.now,
    },
  );
  await settleRejected(work, session, after);
  const { id, creditAmount } = credit;
  return { creditId: id, creditAmount, outcome: 'rejected', amount: creditAmount };
}

/** Undefined where nothing is left to take back: rejected or reversed before. */
async function takeBack(
  work: Work,
  session: Session,
  credit: PartnerLeadCreditRow,
  partner: PartnerRow,
  reason: string,
): Promise<TakenBack | undefined> {
  if (credit.status !== 'approved' || (await leftOf(work.tx, session, credit)) <= 0) return undefined;
  const reversal = { reason: `The conversion was withdrawn: ${reason}` };
  const { amount, compensation, payoutNumber } = await takeBackWithin(
    work,
    session,
    { credit, partner },
    reversal,
  );
  return {
    creditId: credit.id,
    creditAmount: credit.creditAmount,
    outcome: compensation === undefined ? 'reversed' : 'clawed_back',
    amount,
    ...(payoutNumber !== undefined && { payoutNumber }),
    ...(compensation !== undefined && { compensatingCreditId: compensation.id }),
  };
}

/** The policies that were applied at this conversion have one lead less. */
async function withdrawMappings(
  { tx, now }: { tx: Writer; now: string },
  lead: PartnerLeadRow,
): Promise<void> {
  const ofConversion = sql`tenant_id = ${lead.tenantId} and partner_lead_id = ${lead.id} and event = 'conversion'
    and withdrawn_at is null`;
  const applied = await tx.all<{ policy_id: string }>(
    sql`select policy_id from partner_credit_policy_mappings where ${ofConversion} and applied = ${true} order by policy_id`,
  );
  await tx.run(sql`update partner_credit_policy_mappings set withdrawn_at = ${now} where ${ofConversion}`);
  if (applied.length === 0) return;
  const figures = applied.map(({ policy_id }) => ({ policyId: policy_id, leads: -1, allocated: 0, made: 0 }));
  await addToPolicies(tx, lead.tenantId, lead.conversionDate, figures);
}
