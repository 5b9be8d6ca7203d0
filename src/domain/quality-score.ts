import type { FieldError } from './errors.ts';
import type { LeadDataField } from './lead-data.ts';

/**
 * The quality score of a lead, from how complete its data is (`domain.md`, "Lead"). Inside the product a score is a
 * whole number of hundredths, 0 to 10 000; people and the wire see 0 to 100 with two decimals.
 */

/** The fields that count, in the order of the settings screen. */
export const scoredFields = [
  'firstName',
  'lastName',
  'email',
  'phone',
  'company',
  'jobTitle',
  'industry',
  'address',
  'leadType',
  'budgetRange',
  'timelineDays',
] as const satisfies readonly LeadDataField[];
export type ScoredField = (typeof scoredFields)[number];

/** What each field is worth, in points of 100; a tenant's setting, which a partner's own may replace. */
export type ScoreWeights = Readonly<Record<ScoredField, number>>;

export const defaultScoreWeights: ScoreWeights = {
  firstName: 7.5,
  lastName: 7.5,
  email: 7.5,
  phone: 7.5,
  company: 10,
  jobTitle: 10,
  industry: 10,
  address: 10,
  leadType: 10,
  budgetRange: 10,
  timelineDays: 10,
};

/** The highest score, in hundredths. */
export const FULL_SCORE = 10_000;

/** From here on a lead is "high quality", in hundredths (`domain.md`, "Lead": 80 and above). */
export const HIGH_QUALITY_SCORE = 8_000;

/** Whether a score, in hundredths, is "high quality": it earns bonuses and comes first in the queue. */
export function isHighQuality(score: number): boolean {
  return requireScore(score) >= HIGH_QUALITY_SCORE;
}

/** 8500 (hundredths) → 85. Throws RangeError for what is no score. */
export function scoreToNumber(score: number): number {
  return requireScore(score) / 100;
}

/**
 * 85 → 8500 (hundredths).
 * @throws RangeError below 0, above 100 or with more than two decimals.
 */
export function scoreFromNumber(points: number): number {
  const score = hundredths(points);
  if (score === undefined) throw new RangeError(`${points} is not a quality score.`);
  return score;
}

/**
 * The score of a lead's data in hundredths: the weights of the fields that are given. `timelineDays: 0` is given, it
 * means today.
 * @param weights points of 100, as `validateScoreWeights` accepts them
 */
export function qualityScore(
  leadData: Readonly<Partial<Record<LeadDataField, string | number>>>,
  weights: ScoreWeights = defaultScoreWeights,
): number {
  let score = 0;
  for (const field of scoredFields) {
    if (isGiven(leadData[field])) score += Math.round(weights[field] * 100);
  }
  return requireScore(score);
}

function isGiven(value: string | number | undefined): boolean {
  return typeof value === 'string' ? value.trim() !== '' : value !== undefined;
}

export type ValidatedScoreWeights = { ok: true; weights: ScoreWeights } | { ok: false; fields: FieldError[] };

/**
 * Checks weights from outside: each scored field, no other, 0 to 100 points with at most two decimals, and exactly 100
 * together.
 * @param path the field that the problems are reported under
 */
export function validateScoreWeights(input: unknown, path = 'scoreWeights'): ValidatedScoreWeights {
  if (typeof input !== 'object' || input === null) {
    return { ok: false, fields: [{ path, message: 'The score weights are missing.' }] };
  }
  const given = new Map<string, unknown>(Object.entries(input));
  const weights = { ...defaultScoreWeights };
  const fields: FieldError[] = [];
  let sum = 0;
  for (const field of scoredFields) {
    const points = given.get(field);
    const worth = typeof points === 'number' ? hundredths(points) : undefined;
    if (worth === undefined) {
      const message = 'A weight must be a number from 0 to 100 with at most two decimals.';
      fields.push({ path: `${path}.${field}`, message });
      continue;
    }
    weights[field] = worth / 100;
    sum += worth;
  }
  for (const name of given.keys()) {
    if (!Object.hasOwn(defaultScoreWeights, name)) {
      fields.push({ path: `${path}.${name.slice(0, 100)}`, message: 'This field has no weight.' });
    }
  }
  if (fields.length === 0 && sum !== FULL_SCORE) {
    fields.push({ path, message: `The weights must add up to 100; they add up to ${sum / 100}.` });
  }
  return fields.length === 0 ? { ok: true, weights } : { ok: false, fields };
}

/** Points from 0 to 100 in hundredths, or undefined where they are not of two decimals or out of bounds. */
function hundredths(points: number): number | undefined {
  const rounded = Math.round(points * 100);
  // The double nearest to rounded / 100 is the one that a decimal of two places was read as, and no other.
  if (rounded / 100 !== points || rounded < 0 || rounded > FULL_SCORE) return undefined;
  return rounded + 0;
}

function requireScore(score: number): number {
  if (!Number.isInteger(score) || score < 0 || score > FULL_SCORE) {
    throw new RangeError(`${score} is not a quality score in hundredths.`);
  }
  return score;
}
