import sql, { empty, join, type Sql } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, invalidField } from '#domain/errors.ts';
import { cleanText } from '#domain/text.ts';
import type { HostContext } from '../context.ts';
import { ConstraintError, campaigns, projects, type Reader, type Writer } from '../database/index.ts';
import type { Session } from '../session.ts';
import { command } from './command.ts';
import { cutPage, decodeCursor } from './paging.ts';
import type { ScopeRow } from './projects/scopes.ts';
import type { Input, Output, Service } from './service.ts';

type Wire = Output<'projects', 'get'>;

/** One of the two: the table, and how a sentence and an activity call a row of it. */
type Kind =
  | { table: typeof projects; noun: 'project'; service: 'projects' }
  | { table: typeof campaigns; noun: 'campaign'; service: 'campaigns' };

/** What leads are brought in for. */
export function projectsService(host: HostContext): Service<'projects'> {
  return recordsService(host, { table: projects, noun: 'project', service: 'projects' });
}

/** What leads are brought in by. */
export function campaignsService(host: HostContext): Service<'campaigns'> {
  return recordsService(host, { table: campaigns, noun: 'campaign', service: 'campaigns' });
}

/**
 * The two are alike. A record is named by its code, which stays as it is and stays reserved. Its dates tell people when it runs:
 * they refuse no lead, because what is paid for is a matter of the policy's own dates. Taken out of use, it can't be
 * named by new leads and policies; those that name it keep it.
 */
function recordsService(host: HostContext, kind: Kind): Service<'projects'> {
  const { table, noun, service } = kind;
  const read = <T>(session: Session, work: (reader: Reader) => Promise<T>): Promise<T> =>
    host.database.read({ tenantId: session.tenantId }, work);

  return {
    list: (session, input) => read(session, (reader) => listPage(reader, session, kind, input)),

    get: (session, { id }) =>
      read(session, async (reader) => toWire(await requireRecord(reader, kind, { id }))),

    create: (session, input) =>
      namingDuplicates(kind, input.code, () =>
        command(host, session, { name: `${service}.create`, input }, async ({ tx, record }) => {
          checkDays(input.startDate ?? null, input.endDate ?? null);
          const id = uuidv7();
          await tx.insert(table, {
            id,
            code: input.code,
            name: nameOf(input.name, noun),
            description: descriptionOf(input.description ?? null),
            startDate: input.startDate ?? null,
            endDate: input.endDate ?? null,
            isActive: true,
            createdBy: session.userId,
          });
          const row = await requireRecord(tx, kind, { id });
          record({
            action: `${noun}_created`,
            resource: noun,
            resourceId: id,
            details: { after: { code: row.code, ...shown(row, editableFields) } },
          });
          return toWire(row);
        }),
      ),

    update: (session, input) =>
      command(host, session, { name: `${service}.update`, input }, async ({ tx, record }) => {
        const before = await lockRecord(tx, kind, input);
        const { startDate = before.startDate, endDate = before.endDate } = input;
        checkDays(startDate, endDate);
        const after = await tx.update(
          table,
          { id: before.id, version: before.version },
          {
            ...(input.name !== undefined && { name: nameOf(input.name, noun) }),
            ...(input.description !== undefined && { description: descriptionOf(input.description) }),
            ...(input.isActive !== undefined && { isActive: input.isActive }),
            startDate,
            endDate,
          },
        );
        const changed = editableFields.filter((field) => before[field] !== after[field]);
        record({
          action: `${noun}_updated`,
          resource: noun,
          resourceId: before.id,
          details: { code: before.code, before: shown(before, changed), after: shown(after, changed) },
        });
        return toWire(after);
      }),

    deactivate: (session, input) =>
      command(host, session, { name: `${service}.deactivate`, input }, async ({ tx, record }) => {
        const before = await lockRecord(tx, kind, input);
        if (!before.isActive) {
          throw new DomainError('CONFLICT', `This ${noun} is out of use already.`, {
            current: toWire(before),
          });
        }
        const after = await tx.update(table, { id: before.id, version: before.version }, { isActive: false });
        record({
          action: `${noun}_deactivated`,
          resource: noun,
          resourceId: before.id,
          details: {
            code: before.code,
            reason: input.reason ?? null,
            before: { isActive: true },
            after: { isActive: false },
          },
        });
        return toWire(after);
      }),
  };
}

const editableFields = [
  'name',
  'description',
  'startDate',
  'endDate',
  'isActive',
] as const satisfies (keyof ScopeRow)[];

/** A page is a stretch of the index of the codes. */
async function listPage(
  reader: Reader,
  session: Session,
  { table, service }: Kind,
  { active, q, cursor, limit, total }: Input<'projects', 'list'>,
): Promise<Output<'projects', 'list'>> {
  const conditions: Sql[] = [];
  if (active !== undefined) conditions.push(sql`is_active = ${active}`);
  if (q !== undefined && q !== '') {
    const like = `%${q.toLowerCase().replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
    conditions.push(sql`(lower(code) like ${like} escape '\\' or lower(name) like ${like} escape '\\')`);
  }
  const after = cursor === undefined ? [] : [sql`code > ${decodeCursor(cursor, ['text'])[0]}`];
  const rows = await reader.list(
    table,
    sql`${allOf([...conditions, ...after])} order by code limit ${limit + 1}`,
  );
  const { items, nextCursor } = cutPage(rows, limit, (row) => [row.code]);
  const page = { items: items.map(toWire), nextCursor };
  if (!total) return page;
  const live = [sql`tenant_id = ${session.tenantId}`, sql`deleted_at is null`, ...conditions];
  const counted = await reader.get<{ n: number }>(
    service === 'projects'
      ? sql`select count(*) as n from projects where ${allOf(live)}`
      : sql`select count(*) as n from campaigns where ${allOf(live)}`,
  );
  return { ...page, total: counted?.n ?? 0 };
}

function allOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? empty : join(conditions, ' and ');
}

async function requireRecord(
  reader: Reader,
  { table, noun }: Kind,
  where: { id: string },
  lock = false,
): Promise<ScopeRow> {
  const row = await reader.find(table, where, { lock });
  if (row === undefined) throw new DomainError('NOT_FOUND', `There is no such ${noun}.`);
  return row;
}

/** Throws `NOT_FOUND`, and `CONFLICT` with the record as it stands where `version` is stale. */
async function lockRecord(
  tx: Writer,
  kind: Kind,
  input: { id: string; version?: number | undefined },
): Promise<ScopeRow> {
  const row = await requireRecord(tx, kind, { id: input.id }, true);
  if (input.version !== undefined && input.version !== row.version) {
    throw new DomainError('CONFLICT', `This ${kind.noun} was changed by someone else in the meantime.`, {
      current: toWire(row),
    });
  }
  return row;
}

async function namingDuplicates<T>({ noun }: Kind, code: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConstraintError) || error.kind !== 'unique') throw error;
    throw new DomainError(
      'DUPLICATE',
      `There is already a ${noun} with the code ${code}. Choose another one.`,
      {
        fields: [{ path: 'code', message: 'Already in use.' }],
      },
    );
  }
}

function checkDays(startDate: string | null, endDate: string | null): void {
  if (startDate !== null && endDate !== null && endDate < startDate) {
    throw invalidField('endDate', 'It ends before it starts.');
  }
}

function nameOf(raw: string, noun: string): string {
  const cleaned = cleanText(raw, { label: 'name', maxLength: 255 });
  if (!cleaned.ok) throw invalidField('name', cleaned.message);
  if (cleaned.text === undefined) throw invalidField('name', `The ${noun} needs a name.`);
  return cleaned.text;
}

function descriptionOf(raw: string | null): string | null {
  if (raw === null) return null;
  const cleaned = cleanText(raw, { label: 'description', maxLength: 2000, multiline: true });
  if (!cleaned.ok) throw invalidField('description', cleaned.message);
  return cleaned.text ?? null;
}

function shown(row: ScopeRow, fields: readonly (keyof ScopeRow)[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field, row[field]]));
}

function toWire(row: ScopeRow): Wire {
  const {
    id,
    version,
    createdAt,
    updatedAt,
    code,
    name,
    description,
    startDate,
    endDate,
    isActive,
    createdBy,
  } = row;
  return {
    id,
    version,
    createdAt,
    updatedAt,
    code,
    name,
    description,
    startDate,
    endDate,
    isActive,
    createdBy,
  };
}
