export type ConstraintKind =
  | 'unique'
  | 'check'
  | 'foreign_key'
  | 'not_null'
  | 'immutable'
  | 'unbalanced'
  | 'closed';

/**
 * The database refused a row. The same shape on both engines, so that a service can translate it: a unique
 * `partnerCode` becomes `DUPLICATE` with that field.
 *
 * `constraint` is the name in the table's definition (`ux_partners_code`, `ck_…`, `fk_…`), null where the engine doesn't say
 * (SQLite never names the foreign key). `fields` are the row's fields of a unique constraint without the tenant, or the field of a missing value.
 * `immutable`: a row that may not be changed or deleted. `unbalanced`: a ledger entry whose postings don't sum to zero, or
 * credits that take back more than there was.
 * `closed`: what is dated into a closed period.
 */
export class ConstraintError extends Error {
  readonly kind: ConstraintKind;
  readonly table: string | null;
  readonly constraint: string | null;
  readonly fields: readonly string[];

  constructor(
    kind: ConstraintKind,
    details: {
      table?: string | null;
      constraint?: string | null;
      fields?: readonly string[];
      cause: unknown;
      message: string;
    },
  ) {
    super(details.message, { cause: details.cause });
    this.name = 'ConstraintError';
    this.kind = kind;
    this.table = details.table ?? null;
    this.constraint = details.constraint ?? null;
    this.fields = details.fields ?? [];
  }
}
