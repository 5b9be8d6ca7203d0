import { ORPCError } from '@orpc/client';
import type { Outputs } from '#contract/index.ts';
import { leadDataFields } from '#domain/lead-data.ts';
import { scoredFields } from '#domain/quality-score.ts';
import { codeOf, sentenceOf } from '../../app/api.tsx';
import { moneyText } from '../../components/figures.tsx';
import { leadFieldLabels, leadFieldText } from '../../components/lead-words.ts';
import { statusLabel } from '../../components/status-badge.tsx';

export type Lead = Outputs['leads']['get'];

/** What a lead is called: the person, else the company, else the e-mail address. */
export function leadName({ leadData }: Pick<Lead, 'leadData'>): string {
  const person = [leadData.firstName, leadData.lastName].filter(Boolean).join(' ');
  return person || leadData.company || leadData.email;
}

/** The fields that would raise the score if they were known. */
export function missingScoredFields({ leadData }: Lead): string[] {
  return scoredFields.filter((field) => leadData[field] === undefined).map((field) => leadFieldLabels[field]);
}

/** Whether it still waits for a decision. */
export function isOpen({ status }: Pick<Lead, 'status'>): boolean {
  return status === 'submitted' || status === 'under_review';
}

/** Who holds the lead at an instant (milliseconds), or null. The host decides; this only shows. */
export function holderAt(lead: Lead, now: number): string | null {
  if (!isOpen(lead) || lead.claimExpiresAt === null) return null;
  return Date.parse(lead.claimExpiresAt) > now ? lead.claimedBy : null;
}

/** One thing that is different between two states of a lead, in words. */
export interface LeadChange {
  label: string;
  before: string;
  after: string;
}

const nothing = 'nothing';

/** What changed between the lead a person looked at and the lead as it is. */
export function changesBetween(before: Lead, after: Lead): LeadChange[] {
  const value = (lead: Lead) =>
    lead.estimatedValue === null ? nothing : moneyText(lead.estimatedValue, lead.currency);
  const rows: LeadChange[] = [
    { label: 'Status', before: statusLabel(before.status), after: statusLabel(after.status) },
    ...leadDataFields.map((field) => ({
      label: leadFieldLabels[field],
      before: leadFieldText(field, before.leadData[field]) ?? nothing,
      after: leadFieldText(field, after.leadData[field]) ?? nothing,
    })),
    { label: 'Estimated value', before: value(before), after: value(after) },
    { label: 'Project', before: before.projectId ?? nothing, after: after.projectId ?? nothing },
    { label: 'Campaign', before: before.campaignId ?? nothing, after: after.campaignId ?? nothing },
    { label: 'Notes', before: before.reviewNotes ?? nothing, after: after.reviewNotes ?? nothing },
  ];
  if (before.sourceId !== after.sourceId)
    rows.push({ label: 'Source', before: 'another one', after: 'changed' });
  if (before.duplicateOf !== after.duplicateOf) {
    rows.push({
      label: 'Duplicate',
      before: before.duplicateOf === null ? 'no' : 'yes',
      after: after.duplicateOf === null ? 'no' : 'yes',
    });
  }
  if (before.claimedBy !== after.claimedBy) {
    rows.push({
      label: 'Claim',
      before: before.claimedBy === null ? 'free' : 'held',
      after: after.claimedBy === null ? 'free' : 'held',
    });
  }
  return rows.filter((row) => row.before !== row.after);
}

/** Why the host refused something about a lead, told so that the person can go on. */
export interface LeadRefusal {
  lead: Lead;
  /** What was tried, as in "was not approved". */
  attempt: string;
  code: string | null;
  sentence: string;
  /** The lead as it stands, where the host told. */
  current: Lead | null;
  changes: LeadChange[];
}

function isLead(value: unknown): value is Lead {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'string' &&
    'version' in value &&
    typeof value.version === 'number' &&
    'leadData' in value &&
    typeof value.leadData === 'object' &&
    value.leadData !== null
  );
}

/** The lead that a `CONFLICT` or `LOCKED` came with: as it stands on the host now. */
export function currentOf(error: unknown): Lead | null {
  if (!(error instanceof ORPCError)) return null;
  const data: unknown = error.data;
  if (typeof data !== 'object' || data === null || !('current' in data)) return null;
  return isLead(data.current) ? data.current : null;
}

export function refusalOf(error: unknown, lead: Lead, attempt: string): LeadRefusal {
  const current = currentOf(error);
  const code = codeOf(error);
  return {
    lead,
    attempt,
    code,
    sentence: sentenceOf(error),
    current,
    changes: current === null || code !== 'CONFLICT' ? [] : changesBetween(lead, current),
  };
}
