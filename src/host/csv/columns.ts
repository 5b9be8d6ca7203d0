import { DomainError, type FieldError, invalidField } from '#domain/errors.ts';
import { type LeadDataField, leadDataFields } from '#domain/lead-data.ts';
import { parseMinor } from '#domain/money.ts';
import { isOneOf } from '#domain/vocabulary.ts';
import { type ImportField, importFields, type Meaning, meaningOf, normalizeName } from './aliases.ts';
import { restoreFormula } from './formulas.ts';
import { excerpt, type RowProblem } from './table.ts';

export { type ImportField, importFields } from './aliases.ts';

/** A lead cannot be submitted without them (`domain.md`, "Lead"). */
const requiredFields = ['email', 'phone'] as const satisfies readonly ImportField[];

/** Columns of which each may be the field's, none more likely than another. None of them feeds it. */
export interface ColumnConflict {
  field: ImportField;
  columns: string[];
}

export interface ColumnMapping {
  header: readonly string[];
  /** For each column of the header, the field it feeds; null if none. A field is fed by one column at most. */
  fieldByColumn: readonly (ImportField | null)[];
  /** Columns that feed nothing, but for those left out by hand: their names mean nothing, or another one's means more. */
  unmapped: string[];
  /** Required fields that no column feeds. */
  missing: ImportField[];
  conflicts: ColumnConflict[];
}

/** By the name of a column, the field it feeds; null or "ignore" leaves the column out. */
export type ManualMapping = Readonly<Record<string, string | null>>;

const IGNORE = 'ignore';

function quoteAll(names: readonly string[]): string {
  const shown = names.slice(0, 40).map((name) => `“${excerpt(name)}”`);
  if (names.length > shown.length) shown.push(`${names.length - shown.length} more`);
  return shown.join(', ');
}

/** The column that a manual mapping means: by its exact name, else by the only one of the same normalised name. */
function findColumn(header: readonly string[], name: string): number {
  const exact = header.indexOf(name);
  if (exact !== -1) return exact;
  const same = [...header.keys()].filter(
    (column) => normalizeName(header[column] ?? '') === normalizeName(name),
  );
  const [only] = same;
  if (only !== undefined && same.length === 1) return only;
  throw invalidField(
    `mapping.${name}`,
    `The mapping names the column “${name}”, but the file has these columns: ${quoteAll(header)}.`,
  );
}

/**
 * A mapping by field instead of by column, turned round: its names are all fields, and its values are columns of the file
 * but not all of them fields. Any other one is taken as it is.
 */
function byColumn(header: readonly string[], manual: ManualMapping): [string, string | null][] {
  const entries = Object.entries(manual);
  const columns = new Set(header.map(normalizeName));
  const isByField =
    entries.every(([field, column]) => {
      return isOneOf(importFields, field) && column !== null && columns.has(normalizeName(column));
    }) && entries.some(([, column]) => !isOneOf(importFields, column));
  return isByField ? entries.map(([field, column]) => [column ?? '', field]) : entries;
}

/** What the user decided: by column the field, or null to leave it out. */
function readManual(header: readonly string[], manual: ManualMapping): Map<number, ImportField | null> {
  const decided = new Map<number, ImportField | null>();
  const columnOf = new Map<ImportField, string>();
  for (const [name, wanted] of byColumn(header, manual)) {
    const column = findColumn(header, name);
    const path = `mapping.${name}`;
    if (decided.has(column)) {
      throw invalidField(path, `The mapping names the column “${header[column] ?? name}” twice.`);
    }
    if (wanted === null || wanted === IGNORE) {
      decided.set(column, null);
      continue;
    }
    if (!isOneOf(importFields, wanted)) {
      throw invalidField(
        path,
        `“${wanted}” is not a field of a lead. The fields are: ${importFields.join(', ')}.`,
      );
    }
    const other = columnOf.get(wanted);
    if (other !== undefined) {
      throw invalidField(path, `The mapping lets two columns, “${other}” and “${name}”, feed ${wanted}.`);
    }
    columnOf.set(wanted, name);
    decided.set(column, wanted);
  }
  return decided;
}

/**
 * Which column feeds which field. The names decide, in the spelling and language they come in; a manual mapping goes
 * before. Where a field's own name and another word for it both occur, the own name wins; where two columns are equally
 * good, neither is taken.
 * @param header the names of the columns, each of them once, as `openCsv` gives them
 * @throws DomainError `VALIDATION` for a manual mapping that names a column or field there is not, or one twice.
 */
export function mapColumns(header: readonly string[], manual: ManualMapping = {}): ColumnMapping {
  const decided = readManual(header, manual);
  const fieldByColumn: (ImportField | null)[] = header.map((_, column) => decided.get(column) ?? null);
  const fed = new Set(fieldByColumn.filter((field) => field !== null));
  const conflicts: ColumnConflict[] = [];

  const candidates: { column: number; meaning: Meaning }[] = [];
  for (const [column, name] of header.entries()) {
    const meaning = decided.has(column) ? null : meaningOf(name);
    if (meaning) candidates.push({ column, meaning });
  }
  for (const certainty of [0, 1, 2]) {
    const byField = Map.groupBy(
      candidates.filter(
        ({ meaning: { field, besides, ...meaning } }) =>
          meaning.certainty === certainty && !fed.has(field) && (besides === null || fed.has(besides)),
      ),
      ({ meaning }) => meaning.field,
    );
    for (const [field, columns] of byField) {
      fed.add(field);
      const [only] = columns;
      if (only !== undefined && columns.length === 1) fieldByColumn[only.column] = field;
      else conflicts.push({ field, columns: columns.map(({ column }) => header[column] ?? '') });
    }
  }

  return {
    header,
    fieldByColumn,
    unmapped: header.filter((_, column) => fieldByColumn[column] === null && !decided.has(column)),
    missing: requiredFields.filter((field) => !fieldByColumn.includes(field)),
    conflicts,
  };
}

/**
 * Refuses a mapping that nothing can be imported by.
 * @throws DomainError `VALIDATION` that names the fields without a column and those with several, and the columns.
 */
export function requireCompleteMapping(mapping: ColumnMapping): void {
  const fields: FieldError[] = mapping.conflicts.map(({ field, columns }) => ({
    path: `mapping.${field}`,
    message: `Several columns may be ${field}: ${quoteAll(columns)}. Choose one.`,
  }));
  const inConflict = new Set(mapping.conflicts.map(({ field }) => field));
  for (const field of mapping.missing) {
    if (inConflict.has(field)) continue;
    fields.push({
      path: `mapping.${field}`,
      message: `No column feeds ${field}. The file has these columns: ${quoteAll(mapping.header)}.`,
    });
  }
  if (fields.length > 0) {
    throw new DomainError('VALIDATION', fields.map(({ message }) => message).join(' '), { fields });
  }
}

/** A cell that does not fit its field; both empty where no column feeds what is wrong. */
export interface CellProblem extends RowProblem {
  field: ImportField | null;
}

/** A lead's data as text, for `normalizeLeadData` to judge. What is empty is absent. */
export type LeadDataText = { [Field in LeadDataField]?: string };

/** A row of the file as a submission of a lead. */
export interface ProjectedRow {
  leadData: LeadDataText;
  /** Minor units of the currency asked for. */
  estimatedValue: number | null;
  sourceCode: string | null;
  projectId: string | null;
  campaignId: string | null;
  /** Cells that could not be converted; their fields are absent. */
  problems: CellProblem[];
}

/** A whole number as spreadsheets and scripts write it where a column has gaps: "30.0". */
const wholeWithDecimals = /^(\d{1,9})[.,]0+$/;

/** A cell's text as its field takes it: trimmed, without the apostrophe that our own files put before formulas. */
function cellText(cell: string | undefined, field: ImportField): string {
  const text = restoreFormula((cell ?? '').trim()).trim();
  return field === 'timelineDays' ? text.replace(wholeWithDecimals, '$1') : text;
}

/**
 * A row of a file as the lead it describes. Only the estimated value is converted here, because only files write
 * amounts with decimals; the lead's data stays text, and `normalizeLeadData` reads and judges it as it does a form's.
 * @param cells as many as the header of `mapping` has
 * @param currency ISO 4217, the one `estimatedValue` is in
 * @throws RangeError for an unknown currency.
 */
export function projectRow(cells: readonly string[], mapping: ColumnMapping, currency: string): ProjectedRow {
  const { header, fieldByColumn } = mapping;
  const projected: ProjectedRow = {
    leadData: {},
    estimatedValue: null,
    sourceCode: null,
    projectId: null,
    campaignId: null,
    problems: [],
  };
  for (let column = 0; column < fieldByColumn.length; column += 1) {
    const field = fieldByColumn[column];
    if (!field) continue;
    const text = cellText(cells[column], field);
    if (text === '') continue;
    if (isLeadDataField(field)) {
      projected.leadData[field] = text;
    } else if (field === 'estimatedValue') {
      const parsed = parseMinor(text, currency);
      if (parsed.ok) projected.estimatedValue = parsed.amount;
      else {
        const name = header[column] ?? '';
        projected.problems.push({ column: name, field, value: excerpt(text), reason: parsed.message });
      }
    } else {
      projected[field] = text;
    }
  }
  return projected;
}

const leadDataFieldSet: ReadonlySet<string> = new Set(leadDataFields);

// Asked for every cell of a file, so not by `isOneOf`, which walks the list.
function isLeadDataField(field: ImportField): field is LeadDataField {
  return leadDataFieldSet.has(field);
}

/**
 * What the rules say about a lead, told by the columns of the file it came from.
 * @param fields problems of the submission, their paths as in its body: `leadData.email`, `estimatedValue`
 * @param cells the row of the file that the submission was made of
 */
export function describeByColumn(
  fields: readonly FieldError[],
  cells: readonly string[],
  mapping: ColumnMapping,
): CellProblem[] {
  return fields.map(({ path, message }) => {
    const name = path.replace(/^leadData\./, '');
    const field = isOneOf(importFields, name) ? name : null;
    const column = field === null ? -1 : mapping.fieldByColumn.indexOf(field);
    return {
      column: mapping.header[column] ?? '',
      field,
      value: field === null ? '' : excerpt(cellText(cells[column], field)),
      reason: message,
    };
  });
}
