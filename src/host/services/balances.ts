import sql from 'sql-template-tag';
import { dayOf } from '#domain/calendar.ts';
import { DomainError } from '#domain/errors.ts';
import { carriedOverReason, isCarriedOver, minimumPayoutOf } from '#domain/payouts.ts';
import type { HostContext } from '../context.ts';
import { type PartnerRow, partners, type Reader } from '../database/index.ts';
import type { Session } from '../session.ts';
import { statementOf } from './balances/statement.ts';
import { command, type Work } from './command.ts';
import { requireVersion } from './credit-policies/refusals.ts';
import { requireOwn } from './own-partner.ts';
import type { Input, Output, Service } from './service.ts';

type Balance = Output<'balances', 'get'>;
type Terms = Output<'balances', 'setTerms'>;

/** What a partner is owed and why it is not paid yet, its statement, and its own payout terms (`domain.md`, "Balances"). */
export function balancesService(host: HostContext): Service<'balances'> {
  const reading = <T>(session: Session, fn: (reader: Reader) => Promise<T>) =>
    host.database.read({ tenantId: session.tenantId }, fn);
  return {
    get: (session, { id }) =>
      reading(session, (reader) =>
        balanceOf(reader, session, id, dayOf(host.now(), session.tenant.timeZone)),
      ),
    setTerms: (session, input) =>
      command(host, session, { name: 'balances.setTerms', input }, (work) => setTerms(work, session, input)),
    statement: (session, input) => reading(session, (reader) => statementOf(reader, session, input)),
  };
}

async function balanceOf(
  reader: Reader,
  session: Session,
  partnerId: string,
  today: string,
): Promise<Balance> {
  const partner = await reader.find(partners, { id: partnerId }, { withDeleted: true });
  if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
  requireOwn(session, partner.id);
  const ofPartner = sql`tenant_id = ${session.tenantId} and partner_id = ${partnerId}`;
  const accounts = await reader.all<{ account: string; amount: number }>(
    sql`select account, sum(amount) as amount from ledger_postings
      where ${ofPartner} and account in ('available', 'payable') group by account`,
  );
  const [available, payable] = (['available', 'payable'] as const).map(
    (name) => accounts.find(({ account }) => account === name)?.amount ?? 0,
  );
  const parts = await partsOf(reader, session, partnerId, today);
  const { free } = parts;
  const terms = termsOf(session, partner);
  const minimum = terms.effectiveMinimumPayout;
  const isWaiting = parts.free_credits > 0 && isCarriedOver(free, minimum);
  return {
    partnerId,
    currency: partner.currency,
    available: available ?? 0,
    payable: payable ?? 0,
    balance: (available ?? 0) + (payable ?? 0),
    free,
    held: parts.held,
    heldUntil: parts.held_until,
    inPendingPayouts: parts.pending,
    carriedOver: isWaiting
      ? { amount: free, reason: carriedOverReason(free, minimum, partner.currency) }
      : null,
    onHold: partner.status !== 'active' || partner.deletedAt !== null,
    terms,
  };
}

interface Parts {
  free: number;
  free_credits: number;
  held: number;
  held_until: string | null;
  pending: number;
}

/** The approved credits that no approved payout holds, by what keeps each of them. Together they are `available`. */
async function partsOf(reader: Reader, session: Session, partnerId: string, today: string): Promise<Parts> {
  const isFree = sql`o.id is null and c.payable_from <= ${today}`;
  const isHeld = sql`o.id is null and c.payable_from > ${today}`;
  const row = await reader.get<Parts>(sql`select
      coalesce(sum(case when ${isFree} then c.credit_amount else 0 end), 0) as free,
      coalesce(sum(case when ${isFree} then 1 else 0 end), 0) as free_credits,
      coalesce(sum(case when ${isHeld} then c.credit_amount else 0 end), 0) as held,
      min(case when ${isHeld} then c.payable_from end) as held_until,
      coalesce(sum(case when o.status = 'pending' then c.credit_amount else 0 end), 0) as pending
    from partner_lead_credits c
    left join partner_payout_details d on d.tenant_id = c.tenant_id and d.credit_id = c.id and d.released_at is null
    left join partner_payouts o on o.tenant_id = d.tenant_id and o.id = d.payout_id
    where c.tenant_id = ${session.tenantId} and c.partner_id = ${partnerId} and c.status = 'approved'`);
  if (row === undefined) throw new Error('The parts of a balance came back empty.');
  return row;
}

function termsOf(session: Session, partner: PartnerRow): Terms {
  const { holdingDays, minimumPayouts } = session.tenant.settings;
  return {
    partnerId: partner.id,
    holdingDays: partner.holdingDays,
    effectiveHoldingDays: partner.holdingDays ?? holdingDays,
    minimumPayout: partner.minimumPayout,
    effectiveMinimumPayout: minimumPayoutOf(partner, minimumPayouts),
    currency: partner.currency,
    version: partner.version,
  };
}

/**
 * Gives a partner payout terms of its own. They hold for what is approved and generated from now on: a credit keeps the day it was given.
 * @throws DomainError `NOT_FOUND`, `CONFLICT` with the terms as they stand.
 */
async function setTerms(work: Work, session: Session, input: Input<'balances', 'setTerms'>): Promise<Terms> {
  const { tx } = work;
  const partner = await tx.find(partners, { id: input.id }, { lock: true });
  if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
  await requireVersion(partner, input.version, 'partner', async () => termsOf(session, partner));
  const { holdingDays = partner.holdingDays, minimumPayout = partner.minimumPayout } = input;
  const after = await tx.update(
    partners,
    { id: partner.id, version: partner.version },
    { holdingDays, minimumPayout, updatedBy: session.userId, updatedAt: work.now },
  );
  work.record({
    action: 'payout_terms_changed',
    resource: 'partner',
    resourceId: partner.id,
    partnerId: partner.id,
    details: {
      currency: partner.currency,
      before: { holdingDays: partner.holdingDays, minimumPayout: partner.minimumPayout },
      after: { holdingDays: after.holdingDays, minimumPayout: after.minimumPayout },
    },
  });
  return termsOf(session, after);
}
