import type { StoredLeadData } from '#host/database/index.ts';

/** Data that looks like what offices get, the same for the same number every time. */

const firstNames = [
  'Ana',
  'Björn',
  'Carla',
  'Dieter',
  'Elif',
  'Farid',
  'Greta',
  'Hannes',
  'Ida',
  'Jonas',
  'Zoë',
];
const lastNames = [
  'Meyer',
  'Schröder',
  'Kaya',
  'Nowak',
  'O’Brien',
  'Rossi',
  'van Dijk',
  'Weiß',
  'Yıldız',
  'Zimmer',
];
const companies = [
  'Hafen Immobilien',
  'Nordlicht Bau',
  'Alster Büro',
  'Kontor, Söhne & Co',
  'Speicherstadt Werk',
];
const industries = ['Real estate', 'Retail', 'Logistics', 'Software', 'Health care'];
const jobTitles = ['Office manager', 'CFO', 'Buyer', 'Owner', 'Head of facilities'];
const cities = ['Hamburg', 'Bremen', 'Kiel', 'Lübeck', 'Hannover', 'Berlin'];
const leadTypes = ['prospect', 'customer', 'warm_lead'];
const budgets = ['low', 'medium', 'high'];

/** A number without a pattern, from 0 up to 2^32 − 1 (the finaliser of murmur3). */
export function scatter(n: number): number {
  let hash = n + 0x9e3779b9;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function pick(list: readonly string[], n: number): string {
  return list[n % list.length] ?? '';
}

/** An id in the shape of a UUIDv7, ascending with `n`; `kind` (up to 4095) keeps the tables apart. */
export function madeUpId(kind: number, n: number): string {
  const time = (0x19b000000000 + n).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${kind.toString(16).padStart(3, '0')}-8000-${n.toString(16).padStart(12, '0')}`;
}

/**
 * A lead's data, complete or with gaps, so that the scores spread. `run` sets the e-mail addresses and phone numbers of
 * one source of leads apart from those of another (0 to 9).
 */
export function madeUpLead(n: number, run: number): StoredLeadData {
  const roll = scatter(n * 10 + run);
  const given = (bit: number) => (roll >>> bit) % 4 !== 0;
  const firstName = pick(firstNames, roll >>> 3);
  const lastName = pick(lastNames, roll >>> 7);
  return {
    firstName,
    lastName,
    email: `lead.${run}.${n}@example-${roll % 997}.com`,
    phone: `+49151${run}${String(n).padStart(7, '0')}`,
    ...(given(2) && { company: `${pick(companies, roll >>> 5)} ${roll % 5000}` }),
    ...(given(4) && { industry: pick(industries, roll >>> 9) }),
    ...(given(6) && { jobTitle: pick(jobTitles, roll >>> 11) }),
    ...(given(8) && { address: `Hafenstraße ${(roll % 240) + 1}` }),
    ...(given(8) && { city: pick(cities, roll >>> 13), zipCode: String(20_000 + (roll % 9000)) }),
    country: 'DE',
    ...(given(10) && { leadType: pick(leadTypes, roll >>> 15) }),
    ...(given(12) && { budgetRange: pick(budgets, roll >>> 17) }),
    ...(given(14) && { timelineDays: roll % 365 }),
    ...(given(16) && { interestAreas: 'Office space, coworking' }),
    ...(given(18) && { additionalInfo: `Asked for a visit in week ${roll % 52}, "call first".` }),
  };
}
