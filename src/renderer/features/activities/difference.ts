import { dayText, moneyText } from '../../components/figures.tsx';
import { leadFieldLabels } from '../../components/lead-words.ts';
import { statusLabel } from '../../components/status-badge.tsx';

/** One thing an activity tells: what it was, and what it is after. Null where that side says nothing. */
export interface DifferenceRow {
  label: string;
  before: string | null;
  after: string | null;
}

/** What the values are shown with. */
export interface Reading {
  /** Of the amounts, where the activity names none itself. */
  currency: string;
  /** For instants. */
  timeZone: string;
  /** The name of a staff member, or undefined where there is none by this id. */
  nameOf: (id: string) => string | undefined;
}

/** What no person reads: bookkeeping of the row, and the hash chain's raw material. */
const unread = new Set([
  'id',
  'version',
  'createdAt',
  'updatedAt',
  'lastLogin',
  'path',
  'mapping',
  'currency',
]);

const ownLabels: Record<string, string> = {
  fourEyes: 'Four eyes',
  fourEyesWaived: 'Four eyes waived',
  secondApprovalThreshold: 'Second approval above',
  duplicateHandling: 'Duplicates',
  claimLeaseMinutes: 'Claim lease in minutes',
  scoreWeights: 'Weight',
  isActive: 'In use',
  isVerified: 'Verified',
  taxId: 'Tax ID',
  dealValue: 'Deal value',
  creditAmount: 'Credit',
  approvedAmount: 'Approved amount',
  documentUrls: 'Documents',
  bankingDetails: 'Bank details',
  bankingChanged: 'Bank details changed',
  iban: 'IBAN',
  swift: 'SWIFT code (BIC)',
  passwordChanged: 'Password changed',
  claimedBy: 'Claimed by',
  claimExpiresAt: 'Claimed until',
  zipCode: 'Postal code',
  sha256: 'SHA-256 of the file',
};

/** Minor units under these names. */
const amounts =
  /^(amount|leadPrice|baseCredit|minimumCredit|maximumCredit|creditAmount|dealValue|estimatedValue|secondApprovalThreshold|.*Amount|carriedOver)$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const instant = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;
const day = /^\d{4}-\d{2}-\d{2}$/;

/** `scoreWeights.firstName` → "Weight: first name". */
function labelOf(path: readonly string[]): string {
  const words = path
    .filter((part) => part !== 'leadData')
    .map((part) => (/^\d+$/.test(part) ? `no. ${Number(part) + 1}` : wordsOf(part)));
  const [first = '', ...rest] = words;
  return [
    first,
    ...rest.map((word) => (/^[A-Z]{2}/.test(word) ? word : word.charAt(0).toLowerCase() + word.slice(1))),
  ].join(': ');
}

function wordsOf(name: string): string {
  const known = ownLabels[name] ?? (isLeadField(name) ? leadFieldLabels[name] : undefined);
  if (known !== undefined) return known;
  const spaced = name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function isLeadField(name: string): name is keyof typeof leadFieldLabels {
  return name in leadFieldLabels;
}

/** A value in words, or null where there is nothing a person could read. */
function textOf(name: string, value: unknown, reading: Reading): string | null {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') {
    return amounts.test(name) ? moneyText(value, reading.currency) : value.toLocaleString();
  }
  if (typeof value !== 'string') return null;
  if (uuid.test(value)) return reading.nameOf(value) ?? null;
  if (day.test(value)) return dayText(value);
  if (instant.test(value)) {
    return new Date(value).toLocaleString(undefined, {
      dateStyle: 'medium',
      timeStyle: 'short',
      timeZone: reading.timeZone,
    });
  }
  // Words of a closed vocabulary: pending_approval, bank_transfer.
  if (/^(status|.*Status|roles|.*Type|.*Method|layout|submissionType|duplicateHandling)$/.test(name)) {
    const label = statusLabel(value);
    return label === value ? value.replaceAll('_', ' ') : label;
  }
  return value;
}

type Leaves = Map<string, { path: string[]; value: unknown }>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Everything under a value that is no list and no record itself, by its path. */
function leavesOf(value: unknown, path: string[] = [], found: Leaves = new Map()): Leaves {
  if (Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null)) {
    value.forEach((item: unknown, index) => leavesOf(item, [...path, String(index)], found));
  } else if (isRecord(value)) {
    for (const [name, inner] of Object.entries(value)) {
      if (!unread.has(name)) leavesOf(inner, [...path, name], found);
    }
  } else {
    found.set(path.join('.'), { path, value });
  }
  return found;
}

/**
 * What an activity tells, line by line: what changed between `before` and `after`, then whatever else it says. Only what
 * differs; ids show as names or not at all.
 */
export function differenceOf(details: Record<string, unknown>, reading: Reading): DifferenceRow[] {
  const own = isRecord(details['after']) ? details['after']['currency'] : undefined;
  const currency = [details['currency'], own].find((each) => typeof each === 'string');
  const read: Reading = typeof currency === 'string' ? { ...reading, currency } : reading;
  const text = (leaf: { path: string[]; value: unknown } | undefined): string | null => {
    if (leaf === undefined) return null;
    const name = leaf.path.findLast((part) => !/^\d+$/.test(part)) ?? '';
    if (!Array.isArray(leaf.value)) return textOf(name, leaf.value, read);
    const items = leaf.value.flatMap((item) => textOf(name, item, read) ?? []);
    return items.length === 0 ? null : items.join(', ');
  };
  const before = leavesOf(details['before'] ?? {});
  const after = leavesOf(details['after'] ?? {});
  const { before: _before, after: _after, ...others } = details;
  const said = leavesOf(others);
  const changed = [...new Set([...before.keys(), ...after.keys()])].map((key): DifferenceRow => {
    const path = (after.get(key) ?? before.get(key))?.path ?? [];
    return { label: labelOf(path), before: text(before.get(key)), after: text(after.get(key)) };
  });
  const rest = [...said.values()].map(
    (leaf): DifferenceRow => ({ label: labelOf(leaf.path), before: null, after: text(leaf) }),
  );
  return [...changed, ...rest].filter((row) => row.before !== row.after);
}
