import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import { ConstraintError, type Reader, type StaffRow, staff, type Writer } from '../../database/index.ts';
import { command } from '../command.ts';
import { cutPage, decodeCursor } from '../paging.ts';
import { withSecondFactor } from '../partner-users/wire.ts';
import type { Output, Service } from '../service.ts';
import { addressTaken, alone, isAddressTaken } from './accounts.ts';
import { hashPassword } from './passwords.ts';
import { closeSessionsOf } from './sessions.ts';
import { dropFactor } from './totp.ts';

type StaffMember = Output<'staff', 'update'>;

/** What a staff member shows that stands in the own row. */
function shown(row: StaffRow) {
  const { id, version, createdAt, updatedAt, email, firstName, lastName, roles, isActive, lastLogin } = row;
  return { id, version, createdAt, updatedAt, email, firstName, lastName, roles, isActive, lastLogin };
}

async function allToWire(
  reader: Reader,
  tenantId: string,
  rows: readonly StaffRow[],
): Promise<StaffMember[]> {
  const enrolled = await withSecondFactor(
    reader,
    tenantId,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({ ...shown(row), hasSecondFactor: enrolled.has(row.id) }));
}

async function toWire(reader: Reader, row: StaffRow): Promise<StaffMember> {
  const [wire] = await allToWire(reader, row.tenantId, [row]);
  if (wire === undefined) throw new Error(`The staff member ${row.id} was lost on its way to the wire.`);
  return wire;
}

/** A staff member to be changed, locked. Throws `NOT_FOUND`, and `CONFLICT` with the row as it stands where `version` is stale. */
async function lockStaff(
  tx: Writer,
  { id, version }: { id: string; version?: number | undefined },
): Promise<StaffRow> {
  const row = await tx.find(staff, { id }, { lock: true });
  if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such staff member.');
  if (version !== undefined && version !== row.version) {
    throw new DomainError('CONFLICT', 'This staff member was changed by someone else in the meantime.', {
      current: await toWire(tx, row),
    });
  }
  return row;
}

/** An organization that nobody can administer can't be repaired from inside. */
async function keepAnAdministrator(tx: Writer, tenantId: string, leaving: string): Promise<void> {
  // Of two who take each other's role at the same moment the second has to see what the first did.
  await alone(tx, `administrators ${tenantId}`);
  const active = await tx.list(staff, sql`is_active and deleted_at is null`);
  if (!active.some((person) => person.id !== leaving && person.roles.includes('admin'))) {
    throw invalidField('roles', 'This is the last active administrator. Make somebody else one first.');
  }
}

async function namingDuplicates<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ConstraintError && error.kind === 'unique' && error.fields.includes('emailKey'))
      throw addressTaken();
    throw error;
  }
}

export function staffService(host: HostContext): Service<'staff'> {
  return {
    list: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const after =
          input.cursor === undefined ? sql`` : sql`and id > ${decodeCursor(input.cursor, ['id'])[0]}`;
        const rows = await reader.list(
          staff,
          sql`deleted_at is null ${after} order by id limit ${input.limit + 1}`,
        );
        const page = cutPage(rows, input.limit, (row) => [row.id]);
        const counted = input.total
          ? await reader.get<{ n: number }>(
              sql`select count(*) as n from staff where tenant_id = ${session.tenantId} and deleted_at is null`,
            )
          : undefined;
        return {
          items: await allToWire(reader, session.tenantId, page.items),
          nextCursor: page.nextCursor,
          ...(counted && { total: counted.n }),
        };
      }),

    create: async (session, input) => {
      const { password, commandId, ...person } = input;
      const passwordHash = await hashPassword(password);
      return namingDuplicates(
        // The password is no part of what a repeat is compared by: its hash differs every time.
        command(
          host,
          session,
          { name: 'staff.create', input: { ...person, commandId } },
          async ({ tx, record }) => {
            if (await isAddressTaken(tx, session.tenantId, person.email)) throw addressTaken();
            const row = {
              id: uuidv7(),
              ...person,
              roles: [...new Set(person.roles)],
              emailKey: person.email.toLowerCase(),
              passwordHash,
              isActive: true,
              failedAttempts: 0,
              createdBy: session.userId,
            };
            await tx.insert(staff, row);
            record({
              action: 'staff_added',
              resource: 'staff',
              resourceId: row.id,
              details: { after: person },
            });
            const stored = await tx.find(staff, { id: row.id });
            if (stored === undefined) throw new Error('The staff member just added is not there.');
            return toWire(tx, stored);
          },
        ),
      );
    },

    update: async (session, input) => {
      const { id, version, commandId, password, ...changes } = input;
      const passwordHash = password === undefined ? undefined : await hashPassword(password);
      return namingDuplicates(
        command(
          host,
          session,
          { name: 'staff.update', input: { id, ...changes, commandId } },
          async ({ tx, now, record }) => {
            const before = await lockStaff(tx, { id, version });
            if (
              changes.email !== undefined &&
              (await isAddressTaken(tx, session.tenantId, changes.email, id))
            ) {
              throw addressTaken();
            }
            const losesAdmin = changes.roles !== undefined && !changes.roles.includes('admin');
            if (before.roles.includes('admin') && (losesAdmin || changes.isActive === false)) {
              await keepAnAdministrator(tx, session.tenantId, id);
            }
            const after = await tx.update(
              staff,
              { id, version: before.version },
              {
                ...changes,
                ...(changes.roles !== undefined && { roles: [...new Set(changes.roles)] }),
                ...(changes.email !== undefined && { emailKey: changes.email.toLowerCase() }),
                ...(passwordHash !== undefined && { passwordHash, failedAttempts: 0, lockedUntil: null }),
              },
            );
            if (passwordHash !== undefined || changes.isActive === false) {
              await closeSessionsOf(tx, session.tenantId, id, now);
            }
            record({
              action: 'staff_changed',
              resource: 'staff',
              resourceId: id,
              details: {
                before: shown(before),
                after: shown(after),
                ...(passwordHash !== undefined && { passwordChanged: true }),
              },
            });
            return toWire(tx, after);
          },
        ),
      );
    },

    resetSecondFactor: (session, input) =>
      command(host, session, { name: 'staff.resetSecondFactor', input }, async ({ tx, now, record }) => {
        const row = await lockStaff(tx, input);
        if (row.id === session.userId) {
          throw new DomainError('INVALID_TRANSITION', 'Switch your own second factor off with a code.');
        }
        if (!(await dropFactor(tx, { tenantId: session.tenantId, userId: row.id }))) {
          throw new DomainError('INVALID_TRANSITION', 'This person has no second factor.');
        }
        // Whoever is signed in with it may be the one who should not be.
        await closeSessionsOf(tx, session.tenantId, row.id, now);
        record({
          action: 'second_factor_reset',
          resource: 'staff',
          resourceId: row.id,
          details: { reason: input.reason },
        });
        return toWire(tx, row);
      }),
  };
}
