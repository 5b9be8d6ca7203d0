import {
  type CalculationType,
  calculationTypes,
  isOneOf,
  policyTypes,
  timeUnitTypes,
} from '#domain/vocabulary.ts';
import { dayText, moneyText } from '../../components/figures.tsx';
import { calculationTypeLabels } from '../../components/lead-words.ts';
import { percentText, policyTypeLabels, tierRangeText, timeUnitLabels } from './policy.ts';

/** The terms of a policy or of one of its revisions, as they come over the wire. */
export type WireTerms = Readonly<Record<string, unknown>>;

export interface TermInWords {
  key: string;
  label: string;
  text: string;
}

interface Words {
  currency: string;
  /** What a source is called; null where it is not known. */
  sourceName: (id: string) => string | null;
}

/** One term in words; null where it says nothing, so that it can be left out. */
type Writer = (value: unknown, words: Words) => string | null;

const money: Writer = (value, { currency }) =>
  typeof value === 'number' ? moneyText(value, currency) : null;
const percent: Writer = (value) => (typeof value === 'number' ? percentText(value) : null);
const day: Writer = (value) => (typeof value === 'string' ? dayText(value) : null);
const text: Writer = (value) => (typeof value === 'string' ? value : null);

const baseCreditLabels: Partial<Record<CalculationType, string>> = {
  fixed_price: 'Per approved lead',
  conversion: 'Per deal',
};

/** Every term in the order in which people read them. */
const writers: readonly (readonly [key: string, label: string, Writer])[] = [
  [
    'calculationType',
    'Calculation',
    (value) => (isOneOf(calculationTypes, value) ? calculationTypeLabels[value] : null),
  ],
  ['baseCredit', 'Amount', money],
  ['baseRate', 'Share', percent],
  ['tierConfig', 'Tiers', tiersText],
  ['bonusPercentage', 'Bonus from score 80', (value, words) => (value === 0 ? null : percent(value, words))],
  ['minimumCredit', 'At least', money],
  ['maximumCredit', 'At most', money],
  ['capPerLead', 'Most per lead', money],
  ['capPerPeriod', 'Most per period', money],
  ['totalBudget', 'Total budget', money],
  ['policyType', 'Applies', (value) => (isOneOf(policyTypes, value) ? policyTypeLabels[value] : null)],
  [
    'timeUnitType',
    'Leads are counted',
    (value) => (isOneOf(timeUnitTypes, value) ? timeUnitLabels[value].toLowerCase() : null),
  ],
  ['projectId', 'Project', text],
  ['campaignId', 'Campaign', text],
  [
    'sourceId',
    'Source',
    (value, { sourceName }) => (typeof value === 'string' ? (sourceName(value) ?? 'One source') : null),
  ],
  ['startDate', 'From', day],
  ['endDate', 'Until', day],
  [
    'minLeadQualityScore',
    'Lowest score',
    (value) => (typeof value === 'number' && value > 0 ? value.toLocaleString() : null),
  ],
  ['priority', 'Priority', (value) => (typeof value === 'number' ? value.toLocaleString() : null)],
  [
    'isStackable',
    'Beside other policies',
    (value) => (value === true ? 'Added on top of them' : 'Competes; the highest priority wins'),
  ],
  [
    'autoApprove',
    'Approval of its credits',
    (value) =>
      value === true ? 'At once, in the name of who approved the policy' : 'One by one, by an approver',
  ],
];

function tiersText(value: unknown, { currency }: Words): string | null {
  const tiers = tiersOf(value);
  if (tiers === null) return null;
  return tiers
    .map(({ minLeads, maxLeads, creditAmount, bonusPercent }) => {
      const bonus = bonusPercent === null ? '' : ` (bonus ${percentText(bonusPercent)})`;
      return `${tierRangeText(minLeads, maxLeads)}: ${moneyText(creditAmount, currency)}${bonus}`;
    })
    .join(', ');
}

interface ReadTier {
  minLeads: number;
  maxLeads: number | null;
  creditAmount: number;
  bonusPercent: number | null;
}

/** The tiers of terms that carry no type of their own; null where there are none. */
function tiersOf(value: unknown): ReadTier[] | null {
  if (typeof value !== 'object' || value === null || !('tiers' in value) || !Array.isArray(value.tiers)) {
    return null;
  }
  const tiers: unknown[] = value.tiers;
  return tiers.filter(isTier);
}

function isTier(value: unknown): value is ReadTier {
  if (typeof value !== 'object' || value === null) return false;
  const read: Record<string, unknown> = { ...value };
  const isNumberOrNull = (each: unknown) => each === null || typeof each === 'number';
  return (
    typeof read['minLeads'] === 'number' &&
    typeof read['creditAmount'] === 'number' &&
    isNumberOrNull(read['maxLeads']) &&
    isNumberOrNull(read['bonusPercent'])
  );
}

/** Terms in words, without what they don't say. */
export function termsInWords(terms: WireTerms, words: Words): TermInWords[] {
  return writers.flatMap(([key, label, write]) => {
    const written = write(terms[key], words);
    if (written === null) return [];
    const type = terms['calculationType'];
    const own = key === 'baseCredit' && isOneOf(calculationTypes, type) ? baseCreditLabels[type] : undefined;
    return [{ key, label: own ?? label, text: written }];
  });
}

export interface TermChange {
  key: string;
  label: string;
  /** Null where the term was not there. */
  before: string | null;
  after: string | null;
}

/** What one revision says otherwise than another. */
export function changesInWords(before: WireTerms, after: WireTerms, words: Words): TermChange[] {
  return writers.flatMap(([key, label, write]) => {
    const was = write(before[key], words);
    const is = write(after[key], words);
    return was === is ? [] : [{ key, label, before: was, after: is }];
  });
}
