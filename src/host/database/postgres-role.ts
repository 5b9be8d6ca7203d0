import type { PoolClient } from 'pg';
import type { DatabaseLogger } from './types.ts';

/**
 * Whoever the program signs in as, row-level security must hold for it. It holds for an ordinary role, the tables' owner included (FORCE),
 * but never for a superuser or a role with BYPASSRLS. For those, every transaction takes on this role, which owns nothing and can't sign in;
 * migrating creates it and keeps its grants complete. A login without the right to create roles has no need of it. It is
 * a fence against a forgotten condition, not against hostile SQL: whoever can send SQL can change the settings it reads.
 */
export const applicationRole = 'partner_desk_app';

/** Creates the role where the login may, and grants it what the program does with its tables. Safe to repeat. */
export async function ensureRole(client: PoolClient): Promise<void> {
  // Roles are shared by all databases of the server: another one being migrated at this moment may create it first.
  await client.query(`DO $$
    BEGIN
      IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${applicationRole}')
        AND EXISTS (SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolcreaterole))
      THEN
        CREATE ROLE ${applicationRole} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
      END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;
    END $$`);
  const role = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [applicationRole]);
  if (role.rowCount === 0) return;
  const tables = await client.query<{ name: string }>(
    `SELECT format('%I.%I', current_schema(), relname) AS name FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid
     WHERE relnamespace = current_schema()::regnamespace AND polname = 'tenant_fence'
       AND pg_has_role(current_user, relowner, 'USAGE')`,
  );
  if (tables.rows.length === 0) return;
  const schema = await client.query<{ name: string }>(`SELECT format('%I', current_schema()) AS name`);
  await client.query(`
    GRANT USAGE ON SCHEMA ${schema.rows[0]?.name} TO ${applicationRole};
    GRANT SELECT ON schema_migrations TO ${applicationRole};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${tables.rows.map(({ name }) => name).join(', ')} TO ${applicationRole};`);
}

/** Whether transactions must, and can, take on the role. Warns when they must and can't. */
export async function needsRole(client: PoolClient, logger: DatabaseLogger): Promise<boolean> {
  const answer = await client.query<{ unfenced: boolean; login: string; member: boolean | null }>(
    `SELECT rolsuper OR rolbypassrls AS unfenced, current_user AS login,
       (SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = $1) AS member
     FROM pg_roles WHERE rolname = current_user`,
    [applicationRole],
  );
  const [row] = answer.rows;
  if (!row?.unfenced) return false;
  if (row.member) return true;
  logger.warn(
    { login: row.login, role: applicationRole },
    'row-level security does not hold for this login, and it cannot take on the role it would hold for',
  );
  return false;
}
