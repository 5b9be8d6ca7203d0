import sql from 'sql-template-tag';
import { dayOf } from '#domain/calendar.ts';
import { DomainError } from '#domain/errors.ts';
import { whyNoPayout } from '#domain/payout-why.ts';
import { minimumPayoutOf } from '#domain/payouts.ts';
import type { PayoutStatus } from '#domain/state-machines.ts';
import type { HostContext } from '../../context.ts';
import { partners, type Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { requireOwn } from '../own-partner.ts';
import type { Input, Output, Service } from '../service.ts';
import { creditsToTake, freeCredits } from './free-credits.ts';
import { closedUntil, hasApprovedCredits, payableUntil } from './generate.ts';
import { heldCredits } from './held-credits.ts';
import { checkDays } from './queries.ts';

/** Why a partner got no payout for a period, by the rules of generating one and by what there is at this moment. Reads only. */
export function payoutReasons(host: HostContext): Pick<Service<'payouts'>, 'why'> {
  return {
    why: (session, input) => {
      checkDays(input);
      return host.database.read({ tenantId: session.tenantId }, (reader) =>
        why(reader, session, input, host.now()),
      );
    },
  };
}

/** @throws DomainError `NOT_FOUND`, also for another partner than the own. */
async function why(
  reader: Reader,
  session: Session,
  input: Input<'payouts', 'why'>,
  now: string,
): Promise<Output<'payouts', 'why'>> {
  const { partnerId, periodStart, periodEnd } = input;
  requireOwn(session, partnerId);
  const partner = await reader.find(partners, { id: partnerId });
  if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
  const { currency, organizationName } = partner;
  const minimumPayout = minimumPayoutOf(partner, session.tenant.settings.minimumPayouts);
  const until = payableUntil(session, now, periodEnd);
  const today = dayOf(now, session.tenant.timeZone);
  const free = await freeCredits(reader, session, partnerId, { until, today });
  const taken = creditsToTake(
    free,
    periodStart,
    await closedUntil(reader, session, partnerId),
    minimumPayout,
  );
  const isTaken = new Set(taken);
  const [held] = await heldCredits(reader, session, { until, periodEnd, which: sql`p.id = ${partnerId}` });
  const reasons = whyNoPayout({
    organizationName,
    status: partner.status,
    currency,
    minimumPayout,
    today,
    periodStart,
    periodEnd,
    payouts: await payoutsOf(reader, session, input),
    hasApproved: await hasApprovedCredits(reader, session, partnerId, { periodStart, periodEnd: until }),
    pending: await pendingCredits(reader, session, input),
    held: held === undefined ? null : { amount: held.amount, until: held.until },
    taken: taken.map(({ amount }) => amount),
    left: free.filter((credit) => !isTaken.has(credit)).map(({ amount }) => amount),
  });
  return { partnerId, partnerName: organizationName, periodStart, periodEnd, currency, reasons };
}

async function payoutsOf(
  reader: Reader,
  session: Session,
  { partnerId, periodStart, periodEnd }: Input<'payouts', 'why'>,
) {
  const rows = await reader.all<{
    payout_number: string;
    status: PayoutStatus;
    period_start: string;
    period_end: string;
    total_amount: number;
  }>(sql`select payout_number, status, period_start, period_end, total_amount from partner_payouts
    where tenant_id = ${session.tenantId} and partner_id = ${partnerId}
      and period_start <= ${periodEnd} and period_end >= ${periodStart}
    order by generated_at, id`);
  return rows.map((row) => ({
    payoutNumber: row.payout_number,
    status: row.status,
    periodStart: row.period_start,
    periodEnd: row.period_end,
    totalAmount: row.total_amount,
  }));
}

/** Of events up to the end of the period, or of none: approved in time they would be payable then, held ones later. */
async function pendingCredits(
  reader: Reader,
  session: Session,
  { partnerId, periodEnd }: Input<'payouts', 'why'>,
): Promise<{ credits: number; amount: number }> {
  const row = await reader.get<{ credits: number; amount: number | null }>(sql`
    select count(*) as credits, sum(credit_amount) as amount from partner_lead_credits
    where tenant_id = ${session.tenantId} and partner_id = ${partnerId} and status = 'pending_approval'
      and (event_on is null or event_on <= ${periodEnd})`);
  return { credits: row?.credits ?? 0, amount: row?.amount ?? 0 };
}
