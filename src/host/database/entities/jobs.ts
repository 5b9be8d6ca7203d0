import { jobKinds, jobStatuses, jobUnits } from '#domain/jobs.ts';
import {
  bigint,
  boolean,
  changeColumns,
  defineTable,
  instant,
  integer,
  json,
  nullable,
  oneOf,
  type RowOf,
  rowColumns,
  text,
  uuid,
  within,
} from '../table.ts';

/** Long work, from its being asked for to its result. `createdAt` is when it was asked for. */
export const jobs = defineTable(
  'jobs',
  {
    ...rowColumns,
    kind: oneOf(jobKinds),
    /** What it is, in words: "Import of leads.csv for Hafen Immobilien". */
    title: text,
    /** The partner it is all about; null where it is about several. */
    partnerId: nullable(uuid),
    /** What it was asked, as the contract takes it: enough to do it again. */
    input: json<Record<string, unknown>>(),
    /** Whether it changes anything; of those one runs at a time in a tenant. */
    writes: boolean,
    status: oneOf(jobStatuses),
    done: bigint,
    total: nullable(bigint),
    unit: nullable(oneOf(jobUnits)),
    /** Where it would go on. */
    checkpoint: nullable(json<Record<string, unknown>>()),
    result: nullable(json<Record<string, unknown>>()),
    /** Why it failed or was interrupted, in a sentence. */
    failure: nullable(text),
    startedBy: uuid,
    /** How often it has begun: more than once where it was resumed. */
    runs: integer,
    startedAt: nullable(instant),
    finishedAt: nullable(instant),
    /** The host that has it, and until when that host is taken to be alive. */
    owner: text,
    leaseUntil: instant,
    cancelRequestedBy: nullable(uuid),
    cancelRequestedAt: nullable(instant),
    ...changeColumns,
  },
  {
    noun: 'job',
    indexes: {
      ix_jobs_asked: { on: ['tenantId', 'createdAt', 'id'] },
      ix_jobs_status: { on: ['tenantId', 'status', 'createdAt', 'id'] },
      ix_jobs_kind: { on: ['tenantId', 'kind', 'createdAt', 'id'] },
      ix_jobs_starter: { on: ['tenantId', 'startedBy', 'createdAt', 'id'] },
      ix_jobs_partner: { on: ['tenantId', 'partnerId', 'createdAt', 'id'] },
      ix_jobs_live: { on: ['leaseUntil'], where: "status IN ('queued', 'running')" },
      // Two hosts that both take up a writing job of a tenant: one of them is refused, and waits.
      ux_jobs_writing: { on: ['tenantId'], unique: true, where: "status = 'running' AND writes" },
    },
    checks: {
      ck_jobs_progress: 'done >= 0 AND total >= 0 AND runs >= 0',
      ck_jobs_rest: "(finished_at IS NULL) = (status IN ('queued', 'running'))",
    },
    foreignKeys: {
      fk_jobs_tenant: { fields: ['tenantId'], table: 'tenants', references: ['id'] },
      fk_jobs_partner: within('partners', 'partnerId'),
    },
  },
);
export type JobRow = RowOf<typeof jobs>;

/** The same without what may be large. */
export type JobHead = Omit<JobRow, 'input' | 'checkpoint' | 'result'>;
