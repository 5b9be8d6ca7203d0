import { money } from '#contract/base.ts';
import type { FieldError } from '#domain/errors.ts';
import { type LeadData, normalizeLeadData } from '#domain/lead-data.ts';
import { searchTextOf } from '#domain/lead-search.ts';
import { qualityScore, type ScoreWeights, validateScoreWeights } from '#domain/quality-score.ts';
import { cleanText } from '#domain/text.ts';
import type { SubmissionType } from '#domain/vocabulary.ts';
import type { PartnerRow } from '../../database/index.ts';
import type { Session } from '../../session.ts';

/** What a lead must be to come in, as far as it can be judged by itself: checked, normalised, scored (`domain.md`, "Lead"). */

/** A lead as it arrives, from a form, a file or the wire. Null and undefined both mean that nothing was said. */
export interface RawLead {
  submissionType: SubmissionType;
  /** The partner's automatic source where left out. */
  sourceId?: string | null | undefined;
  projectId?: string | null | undefined;
  campaignId?: string | null | undefined;
  /** Minor units of the partner's currency. */
  estimatedValue?: number | null | undefined;
  /** Of the estimated value; another than the partner's is refused. */
  currency?: string | null | undefined;
  /** Read by `normalizeLeadData`: an object with the fields of `LeadData`. */
  leadData: unknown;
}

/** The columns that follow from a lead's data and its scoring. */
export interface PreparedData {
  leadData: LeadData;
  contactName: string;
  company: string | null;
  emailKey: string;
  phoneKey: string;
  searchText: string;
  /** Hundredths, 0 to 10,000. */
  qualityScore: number;
}

/** A lead that may come in, as far as it can be judged by itself. */
export interface PreparedLead extends PreparedData {
  submissionType: SubmissionType;
  sourceId: string | null;
  projectId: string | null;
  campaignId: string | null;
  estimatedValue: number | null;
}

/** Every problem of a lead at once; `code` is what a refusal of this lead alone is called. */
export interface Unfit {
  ok: false;
  code: 'VALIDATION' | 'CURRENCY_MISMATCH';
  /** The first problem, in a sentence. */
  message: string;
  /** Paths as in the contract's input: `leadData.email`, `currency`. */
  fields: FieldError[];
}

export type Preparation = { ok: true; prepared: PreparedLead } | Unfit;

/**
 * Normalises, checks and scores one lead; reads and writes nothing.
 * @throws nothing for a bad lead: the problems are answered.
 */
export function prepareLead(session: Session, partner: PartnerRow, raw: RawLead): Preparation {
  const fields: FieldError[] = [];
  const code = (name: 'projectId' | 'campaignId', label: string): string | null => {
    const value = raw[name];
    if (value === undefined || value === null) return null;
    const cleaned = cleanText(value, { label, maxLength: 100 });
    if (!cleaned.ok) fields.push({ path: name, message: cleaned.message });
    return cleaned.ok ? (cleaned.text ?? null) : null;
  };
  const projectId = code('projectId', 'project');
  const campaignId = code('campaignId', 'campaign');
  const estimatedValue = raw.estimatedValue ?? null;
  if (estimatedValue !== null && !money.safeParse(estimatedValue).success) {
    fields.push({
      path: 'estimatedValue',
      message: "The estimated value can't be negative, or beyond any deal.",
    });
  }
  const data = prepareData(session, partner, raw.leadData);
  if (!data.ok) fields.push(...data.fields);
  const mismatch = currencyMismatch(partner, raw.currency);
  if (!data.ok || fields.length > 0 || mismatch !== undefined) {
    return unfit(fields, mismatch);
  }
  return {
    ok: true,
    prepared: {
      ...data.prepared,
      submissionType: raw.submissionType,
      sourceId: raw.sourceId ?? null,
      projectId,
      campaignId,
      estimatedValue,
    },
  };
}

function unfit(fields: FieldError[], mismatch: FieldError | undefined): Unfit {
  const all = mismatch === undefined ? fields : [...fields, mismatch];
  const first = all[0]?.message ?? '';
  const more = all.length > 1 ? ` (and ${all.length - 1} more)` : '';
  return {
    ok: false,
    code: fields.length === 0 ? 'CURRENCY_MISMATCH' : 'VALIDATION',
    message: first + more,
    fields: all,
  };
}

/** What is wrong with a currency given beside a partner's lead, if anything (`domain.md`, "Conventions", one currency). */
export function currencyMismatch(
  partner: PartnerRow,
  currency: string | null | undefined,
): FieldError | undefined {
  if (currency === undefined || currency === null || currency === partner.currency) return undefined;
  const message = `${partner.organizationName} is paid in ${partner.currency}. Convert the amount from ${currency} first.`;
  return { path: 'currency', message };
}

/** The part of `prepareLead` that concerns the lead's own data; an edit passes the stored data with what changes. */
export function prepareData(
  session: Session,
  partner: PartnerRow,
  leadData: unknown,
): { ok: true; prepared: PreparedData } | { ok: false; fields: FieldError[] } {
  const { defaultCountry } = session.tenant.settings;
  const normalized = normalizeLeadData(leadData, { defaultCountry });
  if (!normalized.ok) return normalized;
  const { leadData: data, emailKey, phoneKey } = normalized;
  const name = nameOf(data);
  return {
    ok: true,
    prepared: {
      leadData: data,
      contactName: contactNameOf(data),
      company: data.company ?? null,
      emailKey,
      phoneKey,
      searchText: searchTextOf({ name, company: data.company, email: data.email, phoneKey }),
      qualityScore: qualityScore(data, weightsFor(session, partner)),
    },
  };
}

function nameOf({ firstName, lastName }: LeadData): string {
  return [firstName, lastName].filter((part) => part !== undefined).join(' ');
}

/** What people call a lead by in lists: the name, else the company, else the e-mail address. */
export function contactNameOf(leadData: LeadData): string {
  const name = nameOf(leadData);
  return name === '' ? (leadData.company ?? leadData.email) : name;
}

/** The weights that a partner's leads are scored by: its own, or the organization's (`domain.md`, "Lead"). */
export function weightsFor(session: Session, partner: Pick<PartnerRow, 'scoreWeights'>): ScoreWeights {
  return weightsOf(partner.scoreWeights ?? session.tenant.settings.scoreWeights);
}

const checked = new WeakMap<object, ScoreWeights>();

/** Weights as stored, checked once per settings read: a batch scores thousands of leads by the same ones. */
function weightsOf(stored: Readonly<Record<string, number>>): ScoreWeights {
  const known = checked.get(stored);
  if (known !== undefined) return known;
  const validated = validateScoreWeights(stored);
  if (!validated.ok)
    throw new Error(`The stored score weights are wrong: ${validated.fields[0]?.message ?? ''}`);
  checked.set(stored, validated.weights);
  return validated.weights;
}
