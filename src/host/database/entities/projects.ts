import {
  bigint,
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

/** What projects and campaigns have in common: leads and policies name one by its code. */
const scopeColumns = {
  ...rowColumns,
  /** Never changes, and stays reserved: leads and policies carry it. */
  code: text,
  name: text,
  description: nullable(text),
  startDate: nullable(day),
  endDate: nullable(day),
  isActive: boolean,
  /** Null: taken over from what leads and policies named before there were records. */
  createdBy: nullable(uuid),
  ...changeColumns,
  deletedAt: nullable(instant),
} as const;

const ofTenant = { fields: ['tenantId'], table: 'tenants', references: ['id'] } as const;

export const projects = defineTable('projects', scopeColumns, {
  noun: 'project',
  indexes: { ux_projects_code: { on: ['tenantId', 'code'], unique: true } },
  checks: { ck_projects_days: 'start_date <= end_date' },
  foreignKeys: { fk_projects_tenant: ofTenant },
});

export const campaigns = defineTable('campaigns', scopeColumns, {
  noun: 'campaign',
  indexes: { ux_campaigns_code: { on: ['tenantId', 'code'], unique: true } },
  checks: { ck_campaigns_days: 'start_date <= end_date' },
  foreignKeys: { fk_campaigns_tenant: ofTenant },
});
/** A project or a campaign: the two are alike. */
export type ScopeRow = RowOf<typeof projects>;

/** What was credited under a policy by the day of the event, in minor units; kept for policies that have had a cap per period. */
export const policyDayCredits = defineTable(
  'policy_day_credits',
  { tenantId: uuid, policyId: uuid, day, amount: bigint },
  {
    noun: 'credited day',
    primaryKey: ['tenantId', 'policyId', 'day'],
    foreignKeys: { fk_policy_day_credits_policy: within('partner_credit_policies', 'policyId') },
  },
);
