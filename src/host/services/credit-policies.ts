import sql, { empty, join, type Sql } from 'sql-template-tag';
import { dayOf } from '#domain/calendar.ts';
import { DomainError } from '#domain/errors.ts';
import type { HostContext } from '../context.ts';
import {
  ConstraintError,
  type PartnerCreditPolicyRow,
  type PartnerRow,
  partnerCreditPolicies,
  partnerCreditPolicyRevisions,
  partners,
  type Reader,
} from '../database/index.ts';
import type { Session } from '../session.ts';
import { command } from './command.ts';
import { calculateLeadCredit } from './credit-policies/calculate.ts';
import {
  approvePolicy,
  createPolicy,
  deactivatePolicy,
  requirePolicy,
  updatePolicy,
} from './credit-policies/commands.ts';
import { byEffectiveTerms, requireForPartner } from './credit-policies/partner-view.ts';
import { policySimulation } from './credit-policies/simulation.ts';
import { termsToWire } from './credit-policies/terms.ts';
import { policiesToWire, policyToWire } from './credit-policies/wire.ts';
import { requireOwn } from './own-partner.ts';
import { cutPage, decodeCursor } from './paging.ts';
import type { Input, Output, Service } from './service.ts';

type Page = Output<'creditPolicies', 'listAll'>;
type Paging = Pick<Input<'creditPolicies', 'listAll'>, 'cursor' | 'limit' | 'total'>;

/**
 * Credit policies and their revisions (`domain.md`, "Credits"). A policy's row carries the terms of its latest revision;
 * what makes credits is `effectiveRevision`, the latest one that was approved. `isActive` is true from the first approval
 * until the policy is deactivated, which is for good.
 */
export function creditPoliciesService(host: HostContext): Service<'creditPolicies'> {
  const reading = <T>(session: Session, fn: (reader: Reader) => Promise<T>) =>
    host.database.read({ tenantId: session.tenantId }, fn);

  const today = (session: Session) => dayOf(host.now(), session.tenant.timeZone);

  return {
    listAll: (session, input) =>
      reading(session, (reader) => {
        const conditions = inForce(input.active, today(session));
        if (input.partnerId !== undefined) conditions.push(sql`partner_id = ${input.partnerId}`);
        if (input.approvalRequired !== undefined) {
          conditions.push(sql`approval_required = ${input.approvalRequired}`);
        }
        return listPage(reader, session, conditions, input, today(session));
      }),

    list: (session, input) =>
      reading(session, async (reader) => {
        requireOwn(session, input.id);
        await requirePartner(reader, input.id);
        // A partner's own user sees those in force, and no others.
        const asked = session.partnerId === null ? input : { ...input, active: true };
        return listOfPartner(reader, session, asked, today(session));
      }),

    get: (session, input) =>
      reading(session, async (reader) => {
        const row = await requirePolicy(reader, input.id);
        requireForPartner(session, row, today(session));
        const policy = await policyToWire(reader, row, today(session));
        const [shown = policy] = await byEffectiveTerms(reader, session, [policy]);
        return shown;
      }),

    create: (session, { id: partnerId, ...input }) =>
      namingDuplicates(
        command(
          host,
          session,
          { name: 'creditPolicies.create', input: { partnerId, ...input } },
          async (work) => {
            const partner = await requirePartner(work.tx, partnerId);
            return createPolicy(work, session, input, partner);
          },
        ),
      ),

    createForAll: (session, input) =>
      namingDuplicates(
        command(host, session, { name: 'creditPolicies.createForAll', input }, (work) =>
          createPolicy(work, session, input, null),
        ),
      ),

    update: (session, input) =>
      command(host, session, { name: 'creditPolicies.update', input }, (work) =>
        updatePolicy(work, session, input),
      ),

    approve: (session, input) =>
      command(host, session, { name: 'creditPolicies.approve', input }, (work) =>
        approvePolicy(work, session, input),
      ),

    deactivate: (session, input) =>
      command(host, session, { name: 'creditPolicies.deactivate', input }, (work) =>
        deactivatePolicy(work, session, input),
      ),

    ...policySimulation(host),

    calculateLeadCredit: (session, input) =>
      reading(session, (reader) => calculateLeadCredit(reader, session, input.id, host.now())),

    revisions: (session, input) =>
      reading(session, async (reader) => {
        await requirePolicy(reader, input.id);
        const rows = await reader.list(
          partnerCreditPolicyRevisions,
          sql`policy_id = ${input.id} order by revision desc`,
        );
        const items = rows.map((row) => ({
          revision: row.revision,
          terms: termsToWire(row.terms),
          madeBy: row.madeBy,
          madeAt: row.madeAt,
          approvedBy: row.approvedBy,
          approvedAt: row.approvedAt,
          fourEyesWaived: row.fourEyesWaived,
        }));
        return { items, nextCursor: null };
      }),
  };
}

async function requirePartner(reader: Reader, id: string): Promise<PartnerRow> {
  const partner = await reader.find(partners, { id });
  if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
  return partner;
}

async function namingDuplicates<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ConstraintError) || error.constraint !== 'ux_partner_credit_policies_code')
      throw error;
    throw new DomainError('DUPLICATE', 'There is already a policy with this code. Choose another one.', {
      fields: [{ path: 'policyCode', message: 'Already in use.' }],
    });
  }
}

/** In force: active, with a revision that was approved, and the day it is deactivated from not yet come. */
function inForce(active: boolean | undefined, today: string): Sql[] {
  if (active === undefined) return [];
  return active
    ? [
        sql`is_active = ${true}`,
        sql`effective_revision is not null`,
        sql`(deactivated_from is null or deactivated_from > ${today})`,
      ]
    : [sql`(is_active = ${false} or effective_revision is null or deactivated_from <= ${today})`];
}

/** Of every partner: a page is a stretch of the index of the codes. */
async function listPage(
  reader: Reader,
  session: Session,
  conditions: readonly Sql[],
  { cursor, limit, total }: Paging,
  today: string,
): Promise<Page> {
  const after = cursor === undefined ? [] : [sql`policy_code > ${decodeCursor(cursor, ['text'])[0]}`];
  const rows = await reader.list(
    partnerCreditPolicies,
    sql`${allOf([...conditions, ...after])} order by policy_code limit ${limit + 1}`,
  );
  const page = await pageOf(reader, session, rows, limit, today);
  if (!total) return page;
  const live = [sql`tenant_id = ${session.tenantId}`, sql`deleted_at is null`];
  const counted = await reader.get<{ n: number }>(
    sql`select count(*) as n from partner_credit_policies where ${allOf([...live, ...conditions])}`,
  );
  return { ...page, total: counted?.n ?? 0 };
}

/**
 * Of one partner, who has a few, and in force also those for all partners. They are found by the partner and put in order
 * here, because by their order SQLite would read the policies of all partners.
 */
async function listOfPartner(
  reader: Reader,
  session: Session,
  { id, active, cursor, limit, total }: Input<'creditPolicies', 'list'>,
  today: string,
): Promise<Page> {
  const whose = [sql`partner_id = ${id}`, ...(active === true ? [sql`partner_id is null`] : [])];
  const rows: PartnerCreditPolicyRow[] = [];
  for (const each of whose) {
    rows.push(...(await reader.list(partnerCreditPolicies, allOf([each, ...inForce(active, today)]))));
  }
  rows.sort((a, b) => (a.policyCode < b.policyCode ? -1 : 1));
  const after = cursor === undefined ? '' : decodeCursor(cursor, ['text'])[0];
  const following = rows.filter(({ policyCode }) => policyCode > after);
  const page = await pageOf(reader, session, following, limit, today);
  return total ? { ...page, total: rows.length } : page;
}

async function pageOf(
  reader: Reader,
  session: Session,
  rows: readonly PartnerCreditPolicyRow[],
  limit: number,
  today: string,
): Promise<Page> {
  const { items, nextCursor } = cutPage(rows, limit, (row) => [row.policyCode]);
  const policies = await policiesToWire(reader, session.tenantId, items, today);
  return { items: await byEffectiveTerms(reader, session, policies), nextCursor };
}

function allOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? empty : join(conditions, ' and ');
}
