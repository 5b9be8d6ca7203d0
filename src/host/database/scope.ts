import { isUuid } from './codec.ts';
import type { Table } from './table.ts';
import type { Scope } from './types.ts';

/** Throws when the scope is neither `system` nor a tenant's id: it becomes part of every query. */
export function checkScope(scope: Scope): void {
  if (scope === 'system') return;
  if (!isUuid(scope.tenantId) || scope.tenantId !== scope.tenantId.toLowerCase())
    throw new TypeError('The scope names no tenant.');
}

/** The fields of the tenant to look for, to put before what the caller asks: none in the system's scope. */
export function tenantEntries(
  scope: Scope,
  table: Table<unknown>,
): (readonly [field: string, value: unknown])[] {
  return scope === 'system' ? [] : [[table.tenantField, scope.tenantId]];
}

/** Refuses a row of another tenant, and gives a row its tenant where it has none. */
export function tenantOfRow(scope: Scope, table: Table<unknown>, given: unknown): unknown {
  if (scope === 'system') return given;
  if (given === undefined) return scope.tenantId;
  if (given !== scope.tenantId)
    throw new TypeError(`A row of ${table.name} names another tenant than the scope.`);
  return given;
}
