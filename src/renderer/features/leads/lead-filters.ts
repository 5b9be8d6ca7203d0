import { type LeadStatus, leadStatuses } from '#domain/state-machines.ts';
import { isOneOf } from '#domain/vocabulary.ts';

/** What a list of leads is narrowed down by; empty text and null stand for "no matter". */
export interface LeadFilterValues {
  q: string;
  partnerId: string | null;
  minScore: number | null;
  duplicates: boolean | null;
}

export const noFilters: LeadFilterValues = { q: '', partnerId: null, minScore: null, duplicates: null };

export function isFiltered(filters: LeadFilterValues): boolean {
  return (
    filters.q.trim() !== '' ||
    filters.partnerId !== null ||
    filters.minScore !== null ||
    filters.duplicates !== null
  );
}

/** The filters as the contract takes them. */
export function leadFilterInput({ q, partnerId, minScore, duplicates }: LeadFilterValues) {
  const text = q.trim();
  return {
    ...(text !== '' && { q: text }),
    ...(partnerId !== null && { partnerId }),
    ...(minScore !== null && { minScore }),
    ...(duplicates !== null && { duplicates }),
  };
}

/** A status from an address or a list of choices; null for anything else. */
export function leadStatusOf(value: string | null | undefined): LeadStatus | null {
  return isOneOf(leadStatuses, value) ? value : null;
}
