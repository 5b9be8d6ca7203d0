import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, invalidField } from '#domain/errors.ts';
import { averageScore, rate } from '#domain/figures.ts';
import { cleanText } from '#domain/text.ts';
import type { HostContext } from '../context.ts';
import { type PartnerSourceRow, partnerSources, type Reader, type Writer } from '../database/index.ts';
import type { Session } from '../session.ts';
import { command } from './command.ts';
import { isOwn, requireOwn } from './own-partner.ts';
import { duplicateCode, freeSourceCode, withCode } from './partners/codes.ts';
import { requirePartner } from './partners/wire.ts';
import type { Input, Output, Service } from './service.ts';

type Source = Output<'sources', 'create'>;

/** Where a partner's leads come from, and what each source brought in. */
export function sourcesService(host: HostContext): Service<'sources'> {
  const read = <T>(session: Session, work: (reader: Reader) => Promise<T>): Promise<T> =>
    host.database.read({ tenantId: session.tenantId }, work);

  return {
    list: (session, { id }) =>
      read(session, async (reader) => {
        requireOwn(session, id);
        await requirePartner(reader, id);
        const rows = await sourcesOf(reader, id);
        return { items: rows.map(toWire), nextCursor: null };
      }),

    create: (session, input) =>
      withCode('source', input.sourceCode, () =>
        command(host, session, { name: 'sources.create', input }, ({ tx, record }) =>
          createSource(tx, session, input, (row) => {
            record({
              action: 'source_created',
              resource: 'source',
              resourceId: row.id,
              partnerId: row.partnerId,
              details: {
                after: {
                  sourceType: row.sourceType,
                  sourceCode: row.sourceCode,
                  ...shown(row, editableFields),
                },
              },
            });
          }),
        ),
      ),

    get: (session, { id }) =>
      read(session, async (reader) => {
        const row = await reader.find(partnerSources, { id });
        if (row === undefined || !isOwn(session, row.partnerId)) throw noSuchSource();
        return toWire(row);
      }),

    getByCode: (session, { sourceCode }) =>
      read(session, async (reader) => {
        const row = await reader.find(partnerSources, { sourceCode });
        if (row === undefined || !isOwn(session, row.partnerId)) {
          throw new DomainError('NOT_FOUND', 'There is no source with this code.');
        }
        return toWire(row);
      }),

    update: (session, input) =>
      command(host, session, { name: 'sources.update', input }, async ({ tx, record }) => {
        const before = await lockSource(tx, input);
        const patch = {
          ...(input.sourceName !== undefined && { sourceName: sourceName(input.sourceName) }),
          ...(input.description !== undefined && { description: description(input.description) }),
          ...(input.isActive !== undefined && { isActive: input.isActive }),
        };
        const after = await tx.update(partnerSources, { id: before.id, version: before.version }, patch);
        const changed = editableFields.filter((field) => before[field] !== after[field]);
        record({
          action: 'source_updated',
          resource: 'source',
          resourceId: before.id,
          partnerId: before.partnerId,
          details: { before: shown(before, changed), after: shown(after, changed) },
        });
        return toWire(after);
      }),

    deactivate: (session, input) =>
      command(host, session, { name: 'sources.deactivate', input }, async ({ tx, record }) => {
        const before = await lockSource(tx, input);
        if (!before.isActive) {
          throw new DomainError('CONFLICT', 'This source is out of use already.', {
            current: toWire(before),
          });
        }
        const after = await tx.update(
          partnerSources,
          { id: before.id, version: before.version },
          { isActive: false },
        );
        record({
          action: 'source_deactivated',
          resource: 'source',
          resourceId: before.id,
          partnerId: before.partnerId,
          details: { before: { isActive: true }, after: { isActive: false } },
        });
        return toWire(after);
      }),

    stats: (session, { id, sourceId }) =>
      read(session, async (reader) => {
        requireOwn(session, id);
        const { currency } = await requirePartner(reader, id);
        const row = await reader.find(partnerSources, { id: sourceId, partnerId: id });
        if (row === undefined) throw noSuchSource();
        return statsOf(row, currency);
      }),

    statsOfPartner: (session, { id }) =>
      read(session, async (reader) => {
        requireOwn(session, id);
        const { currency } = await requirePartner(reader, id);
        const rows = await sourcesOf(reader, id);
        return { items: rows.map((row) => statsOf(row, currency)), nextCursor: null };
      }),
  };
}

const editableFields = [
  'sourceName',
  'description',
  'isActive',
] as const satisfies (keyof PartnerSourceRow)[];

/** In the order they were made: the automatic one first. */
function sourcesOf(reader: Reader, partnerId: string): Promise<PartnerSourceRow[]> {
  return reader.list(partnerSources, sql`partner_id = ${partnerId} order by id`);
}

async function createSource(
  tx: Writer,
  session: Session,
  input: Input<'sources', 'create'>,
  record: (row: PartnerSourceRow) => void,
): Promise<Source> {
  const partner = await requirePartner(tx, input.id);
  const id = uuidv7();
  await tx.insert(partnerSources, {
    id,
    partnerId: partner.id,
    sourceType: input.sourceType,
    sourceCode: await codeOfNew(tx, session, input, partner.partnerCode),
    sourceName: sourceName(input.sourceName),
    description: description(input.description ?? null),
    isActive: true,
    isAutomatic: false,
    leadsGenerated: 0,
    leadsConverted: 0,
    leadsApproved: 0,
    totalRevenue: 0,
    totalCredits: 0,
    totalQualityScore: 0,
    createdBy: session.userId,
  });
  const row = await tx.find(partnerSources, { id });
  if (row === undefined) throw new Error(`The source ${id} was not stored.`);
  record(row);
  return toWire(row);
}

async function codeOfNew(
  tx: Writer,
  session: Session,
  input: Input<'sources', 'create'>,
  partnerCode: string,
): Promise<string> {
  const chosen = input.sourceCode;
  if (chosen === undefined) return freeSourceCode(tx, session, partnerCode, input.sourceType);
  if (await tx.find(partnerSources, { sourceCode: chosen }, { withDeleted: true })) {
    throw duplicateCode('source', chosen);
  }
  return chosen;
}

/** A locked source to change. Throws `NOT_FOUND`, and `CONFLICT` with the source as it stands where `version` is stale. */
async function lockSource(
  tx: Writer,
  input: { id: string; version?: number | undefined },
): Promise<PartnerSourceRow> {
  const row = await tx.find(partnerSources, { id: input.id }, { lock: true });
  if (row === undefined) throw noSuchSource();
  if (input.version !== undefined && input.version !== row.version) {
    throw new DomainError('CONFLICT', 'This source was changed by someone else in the meantime.', {
      current: toWire(row),
    });
  }
  return row;
}

function noSuchSource(): DomainError {
  return new DomainError('NOT_FOUND', 'There is no such source.');
}

function sourceName(raw: string): string {
  const name = tidied('sourceName', raw, { label: 'source name', maxLength: 255 });
  if (name === null) throw invalidField('sourceName', 'The source name is missing.');
  return name;
}

function description(raw: string | null): string | null {
  return raw && tidied('description', raw, { label: 'description', maxLength: 2000, multiline: true });
}

function tidied(field: string, raw: string, rule: Parameters<typeof cleanText>[1]): string | null {
  const cleaned = cleanText(raw, rule);
  if (!cleaned.ok) throw invalidField(field, cleaned.message);
  return cleaned.text ?? null;
}

function shown(row: PartnerSourceRow, fields: readonly (keyof PartnerSourceRow)[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field, row[field]]));
}

function toWire(row: PartnerSourceRow): Source {
  return {
    id: row.id,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    partnerId: row.partnerId,
    sourceType: row.sourceType,
    sourceCode: row.sourceCode,
    sourceName: row.sourceName,
    description: row.description,
    isActive: row.isActive,
    isAutomatic: row.isAutomatic,
    leadsGenerated: row.leadsGenerated,
    leadsConverted: row.leadsConverted,
    totalRevenue: row.totalRevenue,
  };
}

/**
 * PartnerSourceStats from the figures kept beside the source: converted leads count as approved, revenue is what their
 * deals brought, credits what they were granted (minor units of the partner's currency).
 */
function statsOf(row: PartnerSourceRow, currency: string): Output<'sources', 'stats'> {
  return {
    sourceId: row.id,
    sourceCode: row.sourceCode,
    sourceName: row.sourceName,
    sourceType: row.sourceType,
    leadsGenerated: row.leadsGenerated,
    leadsConverted: row.leadsConverted,
    totalRevenue: row.totalRevenue,
    totalCredits: row.totalCredits,
    conversionRate: rate(row.leadsConverted, row.leadsApproved),
    averageLeadQuality: averageScore(row.totalQualityScore, row.leadsGenerated),
    currency,
  };
}
