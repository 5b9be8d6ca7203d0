import { type CellProblem, type ColumnMapping, describeByColumn, projectRow } from '../../csv/columns.ts';
import type { CsvRow } from '../../csv/read.ts';
import type { PartnerRow, PartnerSourceRow } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { type IntakeOutcome, type PreparedLead, prepareLead } from '../lead-intake.ts';

/** A row of the file that may come in. */
export interface FitRow {
  row: CsvRow;
  prepared: PreparedLead;
}

export interface RowError {
  column: string;
  field: string | null;
  value: string;
  reason: string;
}

/** A row that does not come in, and every reason why. */
export interface RejectedRow {
  row: CsvRow;
  errors: RowError[];
}

/** What turns a row of the file into a lead: made once per import. */
export interface RowReader {
  session: Session;
  partner: PartnerRow;
  sources: readonly PartnerSourceRow[];
  mapping: ColumnMapping;
}

/** Judges each row by itself: its cells, its lead data, its source. */
export function sortRows(
  rows: readonly CsvRow[],
  reader: RowReader,
): { fit: FitRow[]; rejected: RejectedRow[] } {
  const fit: FitRow[] = [];
  const rejected: RejectedRow[] = [];
  for (const row of rows) {
    const judged = judgeRow(row, reader);
    if ('prepared' in judged) fit.push(judged);
    else rejected.push(judged);
  }
  return { fit, rejected };
}

function judgeRow(row: CsvRow, { session, partner, sources, mapping }: RowReader): FitRow | RejectedRow {
  if (row.problem !== null) return { row, errors: [{ ...row.problem, field: null }] };
  const projected = projectRow(row.cells, mapping, partner.currency);
  const errors: CellProblem[] = [...projected.problems];
  const source =
    projected.sourceCode === null
      ? undefined
      : sources.find((each) => each.sourceCode.toLowerCase() === projected.sourceCode?.toLowerCase());
  if (projected.sourceCode !== null && source === undefined) {
    errors.push({
      column: mapping.header[mapping.fieldByColumn.indexOf('sourceCode')] ?? '',
      field: 'sourceCode',
      value: projected.sourceCode,
      reason: `${partner.organizationName} has no source with this code.`,
    });
  }
  const prepared = prepareLead(session, partner, {
    submissionType: 'import_batch',
    leadData: projected.leadData,
    estimatedValue: projected.estimatedValue,
    projectId: projected.projectId,
    campaignId: projected.campaignId,
    sourceId: source?.id ?? null,
  });
  if (!prepared.ok) errors.push(...describeByColumn(prepared.fields, row.cells, mapping));
  return prepared.ok && errors.length === 0 ? { row, prepared: prepared.prepared } : { row, errors };
}

/** The rows that the intake as a whole refused: quota, duplicates, a source out of use. */
export function refusedRows(
  fit: readonly FitRow[],
  outcomes: readonly IntakeOutcome[],
  mapping: ColumnMapping,
): RejectedRow[] {
  return fit.flatMap(({ row }, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined || outcome.accepted) return [];
    const errors = describeByColumn(outcome.fields, row.cells, mapping);
    return [
      {
        row,
        errors:
          errors.length > 0 ? errors : [{ column: '', field: null, value: '', reason: outcome.message }],
      },
    ];
  });
}
