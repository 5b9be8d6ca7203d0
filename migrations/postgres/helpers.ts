/** Rows of this table are added and nothing else. */
export function appendOnly(table: string): string[] {
  return [
    `CREATE TRIGGER "tr_${table}_no_change" BEFORE UPDATE OR DELETE ON "${table}"
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
    `CREATE TRIGGER "tr_${table}_no_truncate" BEFORE TRUNCATE ON "${table}"
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  ];
}

/**
 * Row-level security: a transaction sees and writes the rows of the tenant it named (`app.tenant_id`), or all of them in
 * the system's scope (`app.scope`); one that named neither sees nothing. FORCE makes it hold for the table's owner too. The
 * settings stand in sub-selects so that they are read once per statement, not once per row.
 */
export function tenantFence(table: string, column = 'tenant_id'): string[] {
  const allowed = `(SELECT current_setting('app.scope', true)) = 'system'
        OR "${column}" = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)`;
  return [
    `ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE "${table}" FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY "tenant_fence" ON "${table}" USING (${allowed}) WITH CHECK (${allowed})`,
  ];
}
