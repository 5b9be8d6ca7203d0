import {
  boolean,
  changeColumns,
  day,
  defineTable,
  instant,
  nullable,
  type RowOf,
  rowColumns,
  text,
  uuid,
  within,
} from '../table.ts';

/** Periods that were closed, newest last; a reopened one stays for the record. The day up to which all is closed is `tenants.closedUntil`. */
export const accountingPeriods = defineTable(
  'accounting_periods',
  {
    ...rowColumns,
    /** Null for the first one: everything before. */
    periodStart: nullable(day),
    periodEnd: day,
    note: nullable(text),
    closedBy: uuid,
    closedAt: instant,
    reopenedBy: nullable(uuid),
    reopenedAt: nullable(instant),
    reopenReason: nullable(text),
    fourEyesWaived: boolean,
    ...changeColumns,
  },
  {
    noun: 'period',
    indexes: {
      ux_accounting_periods_closed: {
        on: ['tenantId', 'periodEnd'],
        unique: true,
        where: 'reopened_at IS NULL',
      },
    },
    checks: {
      ck_accounting_periods_days: 'period_start <= period_end',
      ck_accounting_periods_reopened:
        '(reopened_by IS NULL) = (reopened_at IS NULL) AND (reopened_by IS NULL) = (reopen_reason IS NULL)',
      ck_accounting_periods_four_eyes: 'four_eyes_waived OR reopened_by IS NULL OR reopened_by <> closed_by',
    },
    foreignKeys: {
      fk_accounting_periods_tenant: { fields: ['tenantId'], table: 'tenants', references: ['id'] },
      fk_accounting_periods_closed_by: within('staff', 'closedBy'),
      fk_accounting_periods_reopened_by: within('staff', 'reopenedBy'),
    },
  },
);
export type AccountingPeriodRow = RowOf<typeof accountingPeriods>;
