import type { PartnerStatus } from '#domain/state-machines.ts';
import type { PartnerType, StaffRole } from '#domain/vocabulary.ts';
import type { Random } from './random.ts';

/** What the demo's people, partners and leads are made of. All of it is invented. */

export const demoPassword = 'partner-desk-demo';
const domain = 'demo.example';

export interface DemoPerson {
  key: string;
  firstName: string;
  lastName: string;
  roles: StaffRole[];
  email: string;
}

function person(key: string, firstName: string, lastName: string, ...roles: StaffRole[]): DemoPerson {
  return { key, firstName, lastName, roles, email: `${firstName}@${domain}`.toLowerCase() };
}

export const admin = person('admin', 'Ada', 'Lindholm', 'admin');
export const people: readonly DemoPerson[] = [
  person('manager', 'Paul', 'Okafor', 'partner_manager'),
  person('manager2', 'Mina', 'Castellano', 'partner_manager'),
  person('reviewer', 'Rosa', 'Haller', 'lead_reviewer'),
  person('reviewer2', 'Jonas', 'Vik', 'lead_reviewer'),
  person('policies', 'Petra', 'Novak', 'policy_manager'),
  person('approver', 'Anna', 'Weiss', 'approver'),
  person('approver2', 'Bruno', 'Salis', 'approver', 'auditor'),
  person('finance', 'Femi', 'Adeyemi', 'finance'),
  person('auditor', 'Greta', 'Lund', 'auditor'),
];

interface PartnerPlan {
  name: string;
  type: PartnerType;
  country: 'DE' | 'US' | 'GB' | 'FR' | 'AT';
  currency: string;
  /** Leads in a busy month. */
  pace: number;
  status: PartnerStatus;
  /** Minor units; null where policies pay. */
  leadPrice: number | null;
  commission: number | null;
  quota: number;
}

const names = [
  'Nordlicht Immobilien',
  'Hafen & Partner',
  'Blue Harbor Leads',
  'Maple Street Realty',
  'Kastanienhof Vertrieb',
  'Brightfield Media',
  'Alpenblick Vermittlung',
  'Riverside Referrals',
  'Copper & Oak',
  'Lakeview Portal',
  'Sonnenfeld Makler',
  'Thistle Trading',
  'Quai Sud Conseil',
  'Wiener Kontor',
  'Granite Peak Sales',
  'Linden & Söhne',
  'Orchard Lane',
  'Fernblick Portal',
  'Atlas Channel',
  'Meridian Vendors',
  'Birkenau Büro',
  'Seaside Listings',
  'Ironbridge Group',
  'Val Fleuri',
  'Donau Netzwerk',
  'Prairie Wind Co',
  'Rotbuche Beratung',
  'Silverline Portal',
  'Old Mill Partners',
  'Heidekraut Vertrieb',
  'Cedar & Stone',
  'Polaris Empfehlungen',
  'Juniper Row',
  'Kronberg Kontakte',
  'Tidewater Agency',
  'Mittelweg Leads',
  'Foxglove Homes',
  'Marais Associés',
  'Eichenallee Portal',
  'Summit Referral Club',
] as const;

const types = ['portal', 'channel_partner', 'vendor', 'customer'] as const satisfies readonly PartnerType[];
const countries = ['DE', 'DE', 'US', 'GB', 'FR', 'AT', 'DE'] as const;

/** Forty partners: every type, every status, several currencies; the last ones are still waiting, refused or on hold. */
export function partnerPlans(random: Random): PartnerPlan[] {
  return names.map((name, index): PartnerPlan => {
    const country = countries[index % countries.length] ?? 'DE';
    const special: Partial<Record<number, string>> = { 7: 'JPY', 17: 'KWD' };
    const currency = special[index] ?? (country === 'US' ? 'USD' : country === 'GB' ? 'GBP' : 'EUR');
    const status: PartnerStatus =
      index >= 38
        ? 'pending'
        : index === 37
          ? 'rejected'
          : index === 36
            ? 'suspended'
            : index === 35
              ? 'inactive'
              : 'active';
    const terms = index % 4;
    const unit = currency === 'JPY' ? 150 : 1;
    return {
      name,
      type: types[index % types.length] ?? 'portal',
      country,
      currency,
      pace: random.between(5, 17),
      status,
      // A third pays by its own terms: per lead, by commission, or both.
      leadPrice: terms === 1 || terms === 3 ? random.between(10, 50) * 100 * unit : null,
      commission: terms === 2 || terms === 3 ? random.pick([2.5, 5, 7.5, 10, 15]) : null,
      quota: index % 9 === 4 ? 40 : 0,
    };
  });
}

const firstNames = [
  'Lena',
  'Marco',
  'Ines',
  'Tom',
  'Sofia',
  'Karl',
  'Amira',
  'Noah',
  'Julia',
  'Ivan',
  'Clara',
  'Ben',
  'Yara',
  'Emil',
  'Nora',
  'Louis',
  'Maja',
  'Oskar',
  'Zoe',
  'David',
  'Hanna',
  'Leo',
  'Elif',
  'Finn',
  'Marta',
  'Viktor',
  'Rita',
  'Samuel',
] as const;
const lastNames = [
  'Brandt',
  'Silva',
  'Keller',
  'Moreau',
  'Walsh',
  'Fischer',
  'Rossi',
  'Nguyen',
  'Berger',
  'Kowalski',
  'Hansen',
  'Schmid',
  'Taylor',
  'Dubois',
  'Wagner',
  'Costa',
  'Lindgren',
  'Baker',
  'Huber',
  'Petrov',
  'Marino',
  'Vogel',
  'Clarke',
  'Jansen',
] as const;
const companies = [
  'Werk',
  'Studio',
  'Logistik',
  'Praxis',
  'Consulting',
  'Bäckerei',
  'Architekten',
  'Software',
  'Handel',
  'Energie',
] as const;
const industries = [
  'Real estate',
  'Logistics',
  'Health',
  'Retail',
  'Software',
  'Manufacturing',
  'Hospitality',
] as const;
const jobs = [
  'Owner',
  'Managing director',
  'Head of purchasing',
  'Office manager',
  'Facility manager',
] as const;
const cities = { DE: 'Berlin', US: 'New York', GB: 'London', FR: 'Lyon', AT: 'Wien' } as const;
const streets = ['Hauptstraße', 'Park Lane', 'Rue Centrale', 'Ringstraße', 'Mill Road'] as const;

function phone(country: keyof typeof cities, random: Random): string {
  const digits = (count: number) => Array.from({ length: count }, () => random.between(0, 9)).join('');
  const formats: Record<keyof typeof cities, () => string> = {
    DE: () => `+49 30 ${random.between(2, 9)}${digits(7)}`,
    US: () => `+1 212 ${random.between(2, 9)}${digits(2)} ${digits(4)}`,
    GB: () => `+44 20 7${digits(3)} ${digits(4)}`,
    FR: () => `+33 4 72 ${digits(2)} ${digits(2)} ${digits(2)}`,
    AT: () => `+43 1 ${random.between(2, 8)}${digits(6)}`,
  };
  return formats[country]();
}

/** A lead as a partner hands it in: some complete, some hardly more than an address. */
export function leadData(
  number: number,
  country: keyof typeof cities,
  random: Random,
): Record<string, string | number> {
  const firstName = random.pick(firstNames);
  const lastName = random.pick(lastNames);
  const care = random.next();
  const data: Record<string, string | number> = {
    email: `${firstName}.${lastName}.${number}@lead.example`.toLowerCase(),
    phone: phone(country, random),
    country,
  };
  if (care > 0.06) Object.assign(data, { firstName, lastName });
  if (care > 0.15) data['company'] = `${lastName} ${random.pick(companies)}`;
  if (care > 0.3) data['industry'] = random.pick(industries);
  if (care > 0.35) data['leadType'] = random.pick(['prospect', 'customer', 'warm_lead']);
  if (care > 0.45) data['jobTitle'] = random.pick(jobs);
  if (care > 0.5) data['budgetRange'] = random.pick(['low', 'medium', 'high']);
  if (care > 0.6)
    Object.assign(data, {
      address: `${random.pick(streets)} ${random.between(1, 120)}`,
      city: cities[country],
    });
  if (care > 0.72) data['timelineDays'] = random.pick([7, 14, 30, 60, 90]);
  return data;
}

/** A German account with right check digits (ISO 7064, mod 97-10). */
export function iban(random: Random): string {
  const account = `50010517${Array.from({ length: 10 }, () => random.between(0, 9)).join('')}`;
  const check = 98n - (BigInt(`${account}131400`) % 97n);
  return `DE${String(check).padStart(2, '0')}${account}`;
}
