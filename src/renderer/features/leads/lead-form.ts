import type { FormErrors } from '@mantine/form';
import type { Inputs } from '#contract/index.ts';
import { type LeadDataField, leadDataFields } from '#domain/lead-data.ts';
import type { Lead } from './lead.ts';

/** A lead as a form holds it: text as typed, amounts in minor units, empty for what is not given. */
export interface LeadFormValues {
  leadData: Record<LeadDataField, string>;
  sourceId: string | null;
  projectId: string;
  campaignId: string;
  /** Minor units of the partner's currency. */
  estimatedValue: number | null;
  reviewNotes: string;
}

export function emptyLeadForm(): LeadFormValues {
  const leadData = Object.fromEntries(leadDataFields.map((field) => [field, '']));
  return {
    leadData: leadData as Record<LeadDataField, string>,
    sourceId: null,
    projectId: '',
    campaignId: '',
    estimatedValue: null,
    reviewNotes: '',
  };
}

export function leadFormOf(lead: Lead): LeadFormValues {
  const { leadData } = emptyLeadForm();
  for (const field of leadDataFields) leadData[field] = String(lead.leadData[field] ?? '');
  return {
    leadData,
    sourceId: lead.sourceId,
    projectId: lead.projectId ?? '',
    campaignId: lead.campaignId ?? '',
    estimatedValue: lead.estimatedValue,
    reviewNotes: lead.reviewNotes ?? '',
  };
}

/** What the wire can't carry; all else is for the host to judge. */
export function problemsOf(values: LeadFormValues): FormErrors {
  const days = values.leadData.timelineDays.trim();
  return days === '' || /^\d{1,9}$/.test(days)
    ? {}
    : { 'leadData.timelineDays': 'Use a whole number of days, such as 30.' };
}

type Submission = Inputs['leads']['submit'];

/** What is given, as the contract takes a new lead; call it only without `problemsOf`. */
export function submissionOf(
  values: LeadFormValues,
): Pick<Submission, 'leadData' | 'sourceId' | 'projectId' | 'campaignId' | 'estimatedValue'> {
  return {
    leadData: dataOf(values, false),
    ...(values.sourceId !== null && { sourceId: values.sourceId }),
    ...(values.projectId.trim() !== '' && { projectId: values.projectId }),
    ...(values.campaignId.trim() !== '' && { campaignId: values.campaignId }),
    ...(values.estimatedValue !== null && { estimatedValue: values.estimatedValue }),
  };
}

/** Every field, the empty ones as null, which clears what is stored; call it only without `problemsOf`. */
export function correctionOf(
  values: LeadFormValues,
): Omit<Inputs['leads']['update'], 'id' | 'version' | 'commandId' | 'currency'> {
  return {
    leadData: dataOf(values, true),
    ...(values.sourceId !== null && { sourceId: values.sourceId }),
    projectId: values.projectId,
    campaignId: values.campaignId,
    estimatedValue: values.estimatedValue,
    reviewNotes: values.reviewNotes,
  };
}

function dataOf(values: LeadFormValues, clears: boolean): Submission['leadData'] {
  const { timelineDays, ...texts } = values.leadData;
  const given = Object.entries(texts)
    .map(([field, text]) => [field, text.trim()] as const)
    .filter(([, text]) => clears || text !== '')
    .map(([field, text]) => [field, text === '' ? null : text]);
  const days = timelineDays.trim();
  return {
    ...Object.fromEntries(given),
    ...((clears || days !== '') && { timelineDays: days === '' ? null : Number(days) }),
  };
}

/** Fields that somebody else changed and the person did not touch are taken over; what was typed stays. */
export function rebase(typed: LeadFormValues, before: Lead, now: Lead): LeadFormValues {
  const base = leadFormOf(before);
  const fresh = leadFormOf(now);
  const leadData = { ...typed.leadData };
  for (const field of leadDataFields) {
    if (typed.leadData[field] === base.leadData[field]) leadData[field] = fresh.leadData[field];
  }
  return {
    leadData,
    sourceId: typed.sourceId === base.sourceId ? fresh.sourceId : typed.sourceId,
    projectId: typed.projectId === base.projectId ? fresh.projectId : typed.projectId,
    campaignId: typed.campaignId === base.campaignId ? fresh.campaignId : typed.campaignId,
    estimatedValue:
      typed.estimatedValue === base.estimatedValue ? fresh.estimatedValue : typed.estimatedValue,
    reviewNotes: typed.reviewNotes === base.reviewNotes ? fresh.reviewNotes : typed.reviewNotes,
  };
}
