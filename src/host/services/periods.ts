import sql, { empty } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { addDays, dayOf, isDay } from '#domain/calendar.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../context.ts';
import {
  type AccountingPeriodRow,
  accountingPeriods,
  type Reader,
  tenants,
  type Writer,
} from '../database/index.ts';
import type { Session } from '../session.ts';
import { command, type Work } from './command.ts';
import { nameOfStaff } from './credit-policies/refusals.ts';
import { cutPage, decodeCursor } from './paging.ts';
import type { Input, Output, Service } from './service.ts';

type Period = Output<'periods', 'close'>;

/**
 * Closing the books (issue "period lock"). Periods are closed in order, each from the end of the one before, so that one day tells all
 * that is closed: `tenants.closedUntil`. A day up to today may be closed, today included; whatever is approved, adjusted, paid or
 * returned later is booked on the first open day, and generating payouts of a closed period gathers what was booked in it.
 * Only the newest closed period can be opened again, by an administrator who did not close it.
 */
export function periodsService(host: HostContext): Service<'periods'> {
  return {
    list: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, (reader) => listPeriods(reader, session, input)),
    close: (session, input) =>
      command(host, session, { name: 'periods.close', input }, (work) => close(work, session, input)),
    reopen: (session, input) =>
      command(host, session, { name: 'periods.reopen', input }, (work) => reopen(work, session, input)),
  };
}

async function listPeriods(
  reader: Reader,
  session: Session,
  { cursor, limit, total }: Input<'periods', 'list'>,
): Promise<Output<'periods', 'list'>> {
  const before = cursor === undefined ? empty : sql`id < ${decodeCursor(cursor, ['id'])[0]}`;
  const rows = await reader.list(accountingPeriods, sql`${before} order by id desc limit ${limit + 1}`);
  const { items, nextCursor } = cutPage(rows, limit, (row) => [row.id]);
  const tenant = await reader.find(tenants, { id: session.tenantId });
  const answer = { items: items.map(toWire), nextCursor, closedUntil: tenant?.closedUntil ?? null };
  if (total !== true) return answer;
  const counted = await reader.get<{ n: number }>(
    sql`select count(*) as n from accounting_periods where tenant_id = ${session.tenantId}`,
  );
  return { ...answer, total: counted?.n ?? 0 };
}

async function close(work: Work, session: Session, input: Input<'periods', 'close'>): Promise<Period> {
  const { tx, now } = work;
  const { periodEnd } = input;
  if (!isDay(periodEnd)) throw invalidField('periodEnd', 'This day does not exist.');
  const today = dayOf(now, session.tenant.timeZone);
  if (periodEnd > today) {
    throw invalidField('periodEnd', `A period can't be closed before it is over: today is ${today}.`);
  }
  const closedUntil = await holdClosedUntil(tx, session);
  if (closedUntil !== null && periodEnd <= closedUntil) {
    throw new DomainError('INVALID_TRANSITION', `Everything until ${closedUntil} is closed already.`);
  }
  const period: AccountingPeriodRow = {
    id: uuidv7(),
    tenantId: session.tenantId,
    periodStart: closedUntil === null ? null : addDays(closedUntil, 1),
    periodEnd,
    note: input.note ?? null,
    closedBy: session.userId,
    closedAt: now,
    reopenedBy: null,
    reopenedAt: null,
    reopenReason: null,
    fourEyesWaived: false,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  await tx.insert(accountingPeriods, period);
  await setClosedUntil(tx, session, periodEnd);
  work.record({
    action: 'period_closed',
    resource: 'period',
    resourceId: period.id,
    details: {
      periodStart: period.periodStart,
      periodEnd,
      ...(period.note !== null && { note: period.note }),
      before: { closedUntil },
      after: { closedUntil: periodEnd },
    },
  });
  return toWire(period);
}

async function reopen(work: Work, session: Session, input: Input<'periods', 'reopen'>): Promise<Period> {
  const { tx, now } = work;
  const closedUntil = await holdClosedUntil(tx, session);
  const period = await tx.find(accountingPeriods, { id: input.id }, { lock: true });
  if (period === undefined) throw new DomainError('NOT_FOUND', 'There is no such period.');
  if (input.version !== undefined && input.version !== period.version) {
    const sentence = 'This period was changed by someone else in the meantime.';
    throw new DomainError('CONFLICT', sentence, { current: toWire(period) });
  }
  if (period.reopenedAt !== null) {
    const name = await nameOfStaff(tx, session.tenantId, period.reopenedBy);
    throw new DomainError('INVALID_TRANSITION', `This period was already opened again by ${name}.`);
  }
  if (period.periodEnd !== closedUntil) {
    const sentence = `A later period is closed until ${closedUntil ?? ''}. Open that one first.`;
    throw new DomainError('INVALID_TRANSITION', sentence);
  }
  const isOwn = period.closedBy === session.userId;
  if (isOwn && session.tenant.settings.fourEyes) {
    const sentence = 'You closed this period yourself, so someone else must open it again.';
    throw new DomainError('SELF_APPROVAL', sentence);
  }
  const after = await tx.update(
    accountingPeriods,
    { id: period.id, version: period.version },
    {
      reopenedBy: session.userId,
      reopenedAt: now,
      reopenReason: input.reason,
      fourEyesWaived: isOwn,
      updatedAt: now,
    },
  );
  const stillClosed = period.periodStart === null ? null : addDays(period.periodStart, -1);
  await setClosedUntil(tx, session, stillClosed);
  work.record({
    action: 'period_reopened',
    resource: 'period',
    resourceId: period.id,
    details: {
      periodStart: period.periodStart,
      periodEnd: period.periodEnd,
      reason: input.reason,
      before: { closedUntil },
      after: { closedUntil: stillClosed },
      ...(isOwn && { fourEyesWaived: true }),
    },
  });
  return toWire(after);
}

/** The organization's row, held: whoever is booking on PostgreSQL holds it too, and is waited for. */
async function holdClosedUntil(tx: Writer, session: Session): Promise<string | null> {
  const tenant = await tx.find(tenants, { id: session.tenantId }, { lock: true });
  if (tenant === undefined) throw new Error('The session names an organization that does not exist.');
  return tenant.closedUntil;
}

/** No edit of the settings: the row's `version` stays, or closing a period would make an open form stale. */
async function setClosedUntil(tx: Writer, session: Session, day: string | null): Promise<void> {
  await tx.run(sql`update tenants set closed_until = ${day} where id = ${session.tenantId}`);
}

function toWire(row: AccountingPeriodRow): Period {
  return {
    id: row.id,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    periodStart: row.periodStart,
    periodEnd: row.periodEnd,
    note: row.note,
    closedBy: row.closedBy,
    closedAt: row.closedAt,
    isClosed: row.reopenedAt === null,
    reopenedBy: row.reopenedBy,
    reopenedAt: row.reopenedAt,
    reopenReason: row.reopenReason,
    fourEyesWaived: row.fourEyesWaived,
  };
}
