import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, invalidField } from '#domain/errors.ts';
import { isOneOf, staffRoles } from '#domain/vocabulary.ts';
import type { HostContext } from '../context.ts';
import {
  ConstraintError,
  leadImports,
  partnerSources,
  partners,
  type Reader,
  type SavedViewRow,
  savedViews,
  type Writer,
} from '../database/index.ts';
import type { Session } from '../session.ts';
import { command } from './command.ts';
import { isOwn } from './own-partner.ts';
import type { Input, Output, Service } from './service.ts';

type WireView = Output<'savedViews', 'create'>;
type Filters = Input<'savedViews', 'create'>['filters'];
type Sharing = Pick<SavedViewRow, 'sharedWith' | 'role'>;

/**
 * Filters of a list kept under a name. A view is its owner's; others see it where it is shared with a role they have, or with the whole
 * organization, which a partner's own users are no part of. Only its owner changes it, and an administrator what is shared. Sharing
 * with a role takes that role, sharing with everybody or with another role the right to change the settings.
 */
export function savedViewsService(host: HostContext): Service<'savedViews'> {
  return {
    list: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const rows = await reader.list(
          savedViews,
          sql`(owner_id = ${session.userId} or shared_with <> 'nobody') order by name, id`,
        );
        const items = rows
          .filter((row) => input.list === undefined || row.list === input.list)
          .filter((row) => sees(session, row))
          .map((row) => toWire(session, row));
        return { items, nextCursor: null };
      }),

    create: (session, input) =>
      command(host, session, { name: 'savedViews.create', input }, async ({ tx, now, record }) => {
        const { list, name, sharedWith, role } = input;
        requireSharing(session, { sharedWith, role });
        requireOfList(list, input.filters);
        await requireKnown(tx, session, input.filters);
        await requireFreeName(tx, session.userId, list, name);
        const row: SavedViewRow = {
          id: uuidv7(),
          tenantId: session.tenantId,
          ownerId: session.userId,
          list,
          name,
          sharedWith,
          role,
          filters: given(input.filters),
          version: 1,
          createdAt: now,
          updatedAt: now,
          deletedAt: null,
        };
        await unlessTaken(name, tx.insert(savedViews, row));
        record({
          action: 'saved_view_created',
          resource: 'saved_view',
          resourceId: row.id,
          details: { after: told(row) },
        });
        return toWire(session, row);
      }),

    update: (session, input) =>
      command(host, session, { name: 'savedViews.update', input }, async ({ tx, now, record }) => {
        const before = await holdChangeable(tx, session, input.id);
        const name = input.name ?? before.name;
        const sharedWith = input.sharedWith ?? before.sharedWith;
        // A view that is no longer a role's forgets which it was.
        const role = sharedWith === 'role' ? (input.role === undefined ? before.role : input.role) : null;
        const sharing = { sharedWith, role: sharedWith === 'role' ? role : (input.role ?? null) };
        if (sharedWith !== before.sharedWith || sharing.role !== before.role)
          requireSharing(session, sharing);
        if (input.filters !== undefined) {
          requireOfList(before.list, input.filters);
          await requireKnown(tx, session, input.filters);
        }
        if (name !== before.name) await requireFreeName(tx, before.ownerId, before.list, name);
        const after = await unlessTaken(
          name,
          tx.update(
            savedViews,
            { id: before.id, version: input.version ?? before.version },
            {
              name,
              sharedWith,
              role,
              ...(input.filters !== undefined && { filters: given(input.filters) }),
              updatedAt: now,
            },
          ),
        );
        record({
          action: 'saved_view_changed',
          resource: 'saved_view',
          resourceId: before.id,
          details: { before: told(before), after: told(after) },
        });
        return toWire(session, after);
      }),

    remove: (session, input) =>
      command(host, session, { name: 'savedViews.remove', input }, async ({ tx, now, record }) => {
        const before = await holdChangeable(tx, session, input.id);
        await tx.update(
          savedViews,
          { id: before.id, version: input.version ?? before.version },
          { deletedAt: now, updatedAt: now },
        );
        record({
          action: 'saved_view_removed',
          resource: 'saved_view',
          resourceId: before.id,
          details: { before: told(before) },
        });
        return { ok: true };
      }),
  };
}

function sees(session: Session, view: SavedViewRow): boolean {
  if (view.ownerId === session.userId) return true;
  if (session.partnerId !== null) return false;
  if (view.sharedWith === 'organization') return true;
  return view.sharedWith === 'role' && session.roles.some((role) => role === view.role || role === 'admin');
}

function mayChange(session: Session, view: SavedViewRow): boolean {
  if (view.ownerId === session.userId) return true;
  return view.sharedWith !== 'nobody' && session.roles.includes('admin');
}

/** @throws DomainError `NOT_FOUND` for a view one doesn't see, `FORBIDDEN` for one that is somebody else's. */
async function holdChangeable(tx: Writer, session: Session, id: string): Promise<SavedViewRow> {
  const view = await tx.find(savedViews, { id }, { lock: true });
  if (view === undefined || !sees(session, view)) {
    throw new DomainError('NOT_FOUND', 'There is no such view.');
  }
  if (!mayChange(session, view)) {
    throw new DomainError('FORBIDDEN', 'This view is shared with you. Only its owner can change it.');
  }
  return view;
}

function requireSharing(session: Session, { sharedWith, role }: Sharing): void {
  if ((sharedWith === 'role') !== (role !== null)) {
    throw invalidField('role', 'Name the role that the view is shared with, and no role otherwise.');
  }
  if (sharedWith === 'nobody' || session.permissions.has('settings.manage')) return;
  if (sharedWith === 'role' && session.roles.some((own) => own === role)) return;
  throw new DomainError(
    'FORBIDDEN',
    'You can share a view with a role of your own. Ask an administrator to share it with others.',
  );
}

/** A view must be one that its list can show. @throws DomainError `VALIDATION`. */
function requireOfList(list: SavedViewRow['list'], { status }: Filters): void {
  if (list !== 'review_queue' || status === undefined) return;
  if (status === 'submitted' || status === 'under_review') return;
  throw invalidField('filters.status', 'The review queue has submitted leads and those under review only.');
}

/** What the filters name must be there, and for a partner's user be its own. @throws DomainError `NOT_FOUND`. */
async function requireKnown(reader: Reader, session: Session, filters: Filters): Promise<void> {
  const { partnerId, sourceId, importId } = filters;
  const refuse = (name: string, what: string) =>
    new DomainError('NOT_FOUND', `There is no such ${what}.`, {
      fields: [{ path: `filters.${name}`, message: `There is no such ${what}.` }],
    });
  if (partnerId !== undefined) {
    const partner = await reader.find(partners, { id: partnerId }, { withDeleted: true });
    if (partner === undefined || !isOwn(session, partner.id)) throw refuse('partnerId', 'partner');
  }
  if (sourceId !== undefined) {
    const source = await reader.find(partnerSources, { id: sourceId });
    if (source === undefined || !isOwn(session, source.partnerId)) throw refuse('sourceId', 'source');
  }
  if (importId !== undefined) {
    const run = await reader.find(leadImports, { id: importId });
    if (run === undefined || !isOwn(session, run.partnerId)) throw refuse('importId', 'import');
  }
}

/** @throws DomainError `DUPLICATE`. */
async function requireFreeName(
  reader: Reader,
  ownerId: string,
  list: SavedViewRow['list'],
  name: string,
): Promise<void> {
  const taken = await reader.find(savedViews, { ownerId, list, name });
  if (taken !== undefined) throw nameTaken(name);
}

/** Where another station gives the same name at the same moment, the database notices. @throws DomainError `DUPLICATE`. */
async function unlessTaken<T>(name: string, writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    if (error instanceof ConstraintError && error.constraint === 'ux_saved_views_name') throw nameTaken(name);
    throw error;
  }
}

function nameTaken(name: string): DomainError {
  return new DomainError('DUPLICATE', `There is a view called "${name}" already.`, {
    fields: [{ path: 'name', message: 'This name is taken.' }],
  });
}

function given(filters: Filters): Record<string, unknown> {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
}

function told({ list, name, filters, sharedWith, role }: SavedViewRow) {
  return { list, name, filters, sharedWith, role };
}

function toWire(session: Session, view: SavedViewRow): WireView {
  const { role } = view;
  return {
    id: view.id,
    version: view.version,
    createdAt: view.createdAt,
    updatedAt: view.updatedAt,
    list: view.list,
    name: view.name,
    filters: view.filters,
    sharedWith: view.sharedWith,
    role: role !== null && isOneOf(staffRoles, role) ? role : null,
    ownerId: view.ownerId,
    mine: mayChange(session, view),
  };
}
