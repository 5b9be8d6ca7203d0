import { leadDataFields } from '#domain/lead-data.ts';
import { isOneOf } from '#domain/vocabulary.ts';
import { leadFieldLabels } from '../../components/lead-words.ts';

/** What a column of a file may feed. */
const importFields = [...leadDataFields, 'estimatedValue', 'sourceCode', 'projectId', 'campaignId'] as const;
export type ImportField = (typeof importFields)[number];

const labels: Record<ImportField, string> = {
  ...leadFieldLabels,
  estimatedValue: 'Estimated value',
  sourceCode: 'Source code',
  projectId: 'Project',
  campaignId: 'Campaign',
};

const needed: ReadonlySet<string> = new Set<ImportField>(['email', 'phone']);

/** What people call a field; the name itself where this version does not know it. */
export function importFieldLabel(field: string): string {
  return isOneOf(importFields, field) ? labels[field] : field;
}

/** The choices for a column; those a lead can't do without are marked. */
export const importFieldOptions = importFields.map((field) => ({
  value: field,
  label: needed.has(field) ? `${labels[field]} (needed)` : labels[field],
}));

export type Mapping = Record<string, string | null>;

/**
 * The mapping with one column fed to a field, or to nothing. A field is fed by one column at most: the one that had it
 * before is left out.
 */
export function remap(mapping: Mapping, column: string, field: string | null): Mapping {
  const after: Mapping = {};
  for (const [name, fed] of Object.entries(mapping)) after[name] = fed === field ? null : fed;
  after[column] = field;
  return after;
}
