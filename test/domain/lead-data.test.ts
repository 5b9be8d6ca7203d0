import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LeadData, leadDataFields, normalizeLeadData } from '#domain/lead-data.ts';

const german = { defaultCountry: 'DE' };
const least = { email: 'ada@example.com', phone: '+442079460958' };

function problems(input: unknown, options: { defaultCountry?: string | null } = german) {
  const result = normalizeLeadData(input, options);
  return result.ok ? {} : Object.fromEntries(result.fields.map(({ path, message }) => [path, message]));
}

describe('normalizeLeadData', () => {
  test('cleans every field and gives the keys that duplicates are found by', () => {
    const result = normalizeLeadData(
      {
        firstName: '  Ada ',
        lastName: 'Byron  King',
        email: ' Ada@Example.COM',
        phone: '020 7946 0958',
        company: 'Analytical\tEngines',
        industry: 'Machinery',
        jobTitle: 'Buyer',
        address: '12 St James’s Square',
        city: 'London',
        state: '',
        country: 'United Kingdom',
        zipCode: 'SW1Y 4JH',
        leadType: 'Warm lead',
        budgetRange: 'HIGH',
        timelineDays: ' 30 ',
        interestAreas: 'offices, retail',
        additionalInfo: 'Call  after\r\nnine',
      },
      german,
    );
    expect(result).toEqual({
      ok: true,
      emailKey: 'ada@example.com',
      phoneKey: '+442079460958',
      leadData: {
        firstName: 'Ada',
        lastName: 'Byron King',
        email: 'Ada@example.com',
        phone: '+442079460958',
        company: 'Analytical Engines',
        industry: 'Machinery',
        jobTitle: 'Buyer',
        address: '12 St James’s Square',
        city: 'London',
        country: 'United Kingdom',
        zipCode: 'SW1Y 4JH',
        leadType: 'warm_lead',
        budgetRange: 'high',
        timelineDays: 30,
        interestAreas: 'offices, retail',
        additionalInfo: 'Call after\nnine',
      },
    });
  });

  test('email and phone are enough, and what is absent leaves no key behind', () => {
    const input = {
      ...least,
      firstName: null,
      city: undefined,
      company: ' ',
      timelineDays: '',
      leadType: '',
    };
    const result = normalizeLeadData(input, german);
    expect(result).toMatchObject({ ok: true });
    expect(result.ok && Object.keys(result.leadData)).toEqual(['email', 'phone']);
  });

  test('without email or phone each is reported as missing', () => {
    expect(problems({ firstName: 'Ada' })).toEqual({
      'leadData.email': 'The email address is missing.',
      'leadData.phone': 'The phone number is missing.',
    });
    expect(problems({ email: '', phone: null })).toEqual(problems({}));
  });

  test('every problem is reported at once', () => {
    const input = {
      firstName: 'x'.repeat(101),
      lastName: 'a\u0000b',
      email: 'ada',
      phone: '12',
      company: 7,
      leadType: 'friend',
      budgetRange: 3,
      timelineDays: 1.5,
      shoeSize: 42,
    };
    expect(problems(input)).toEqual({
      'leadData.firstName': 'The first name can have at most 100 characters.',
      'leadData.lastName': "The last name has characters that can't be read. Please type it again.",
      'leadData.email': 'The email address must look like name@example.com.',
      'leadData.phone': 'This is no possible phone number (country: Germany). Please check its digits.',
      'leadData.company': 'The company must be text.',
      'leadData.leadType': 'The lead type must be prospect, customer or warm_lead.',
      'leadData.budgetRange': 'The budget range must be low, medium or high.',
      'leadData.timelineDays': 'The timeline must be a whole number of days from 0 to 3650.',
      'leadData.shoeSize': 'A lead has no field of this name.',
    });
  });

  test.each([
    ['GB', '+442079460958'],
    ['gbr', '+442079460958'],
    ['United Kingdom', '+442079460958'],
    ['India', '+912079460958'],
  ])('a national number is read with the country %s of the lead, not with the default', (country, phone) => {
    const raw = country === 'India' ? '2079460958' : '020 7946 0958';
    expect(normalizeLeadData({ ...least, phone: raw, country }, german)).toMatchObject({
      ok: true,
      phoneKey: phone,
      leadData: { country, phone },
    });
  });

  test('a wrong national number is told with the country it was read in', () => {
    expect(problems({ ...least, phone: '12345', country: 'usa' })).toEqual({
      'leadData.phone': 'This is no possible phone number (country: United States). Please check its digits.',
    });
  });

  test('a national number without a country takes the default, and needs one of the two', () => {
    const national = { ...least, phone: '030 1234567' };
    expect(normalizeLeadData(national, german)).toMatchObject({ ok: true, phoneKey: '+49301234567' });
    for (const options of [{}, { defaultCountry: null }]) {
      expect(problems(national, options)).toEqual({
        'leadData.phone':
          'The phone number has no country code. Write it like +49 30 1234567, or give the country.',
      });
    }
  });

  test('an unknown country is kept, but completes no national number', () => {
    const stranger = { ...least, country: 'Genovia' };
    expect(normalizeLeadData(stranger, german)).toMatchObject({ ok: true, leadData: { country: 'Genovia' } });
    expect(normalizeLeadData({ ...stranger, phone: '0044 20 7946 0958' }, german)).toMatchObject({
      ok: true,
    });
    expect(problems({ ...stranger, phone: '030 1234567' })).toEqual({
      'leadData.phone':
        'The country "Genovia" is not known, so the phone number needs a country code, like +49 30 1234567.',
    });
    expect(problems({ ...stranger, phone: '+44 1' })).toEqual({
      'leadData.phone': 'This is no possible phone number. Please check its digits.',
    });
    expect(problems({ ...stranger, phone: ' ' })).toEqual({
      'leadData.phone': 'The phone number is missing.',
    });
  });

  test.each([
    [0, 0],
    ['0', 0],
    [3650, 3650],
    [-0, 0],
  ])('%j days are %i days', (timelineDays, expected) => {
    expect(normalizeLeadData({ ...least, timelineDays })).toMatchObject({
      leadData: { timelineDays: expected },
    });
  });

  test.each([null, '', ' '])('%j days are none', (timelineDays) => {
    expect(normalizeLeadData({ ...least, timelineDays })).toEqual(normalizeLeadData(least));
  });

  test.each([-1, 3651, 1.5, Number.NaN, '1.5', '-1', '30 days', '1e3', true, [3], {}, '9'.repeat(5000)])(
    '%j is no number of days',
    (timelineDays) => {
      expect(Object.keys(problems({ ...least, timelineDays }))).toEqual(['leadData.timelineDays']);
    },
  );

  test('what is no object has no data', () => {
    for (const input of [undefined, null, 'ada@example.com', 5, [least]]) {
      expect(problems(input)).toEqual({ leadData: "The lead's data is missing." });
    }
  });

  test('names that objects inherit are no fields', () => {
    const input: unknown = JSON.parse(
      '{"email":"ada@example.com","phone":"+442079460958","__proto__":{"company":"x"}}',
    );
    expect(problems(input)).toEqual({ 'leadData.__proto__': 'A lead has no field of this name.' });
    expect(problems({ ...least, constructor: 'x' })).toHaveProperty(['leadData.constructor']);
  });

  test('a default country that is none is a wrong setting', () => {
    expect(() => normalizeLeadData(least, { defaultCountry: 'Germany' })).toThrow(RangeError);
    expect(() => normalizeLeadData(least, { defaultCountry: '' })).toThrow(RangeError);
  });

  test('its own result comes out the same again, also under another default country', () => {
    const texts = fc.record(
      {
        firstName: fc.string({ maxLength: 30 }),
        address: fc.string({ maxLength: 30 }),
        country: fc.constantFrom('DE', 'usa', 'Narnia', '', ' France '),
        leadType: fc.constantFrom('prospect', 'Warm-Lead', ''),
        timelineDays: fc.oneof(fc.nat(3650), fc.nat(3650).map(String)),
        additionalInfo: fc.string({ maxLength: 100 }),
      },
      { requiredKeys: [] },
    );
    const contacts = fc.record({
      email: fc.emailAddress({ size: 'small' }),
      phone: fc.constantFrom('+49 30 1234567', '+1 212 555 0100 x7', '0044 20 7946 0958'),
    });
    fc.assert(
      fc.property(texts, contacts, (some, contact) => {
        const once = normalizeLeadData({ ...some, ...contact }, german);
        const again = once.ok ? normalizeLeadData(once.leadData, { defaultCountry: 'US' }) : once;
        expect(again).toEqual(once);
      }),
    );
  });

  test('whatever it is given, it answers data or problems that name a field', () => {
    const field = fc.constantFrom(...leadDataFields);
    const anything = fc.dictionary(field, fc.oneof(fc.anything(), fc.string(), fc.constant(undefined)));
    fc.assert(
      fc.property(anything, (input) => {
        const result = normalizeLeadData(input, german);
        const paths = result.ok ? [] : result.fields.map((each) => each.path.replace('leadData.', ''));
        expect(leadDataFields.map(String)).toEqual(expect.arrayContaining(paths));
        expect(result.ok || paths.length > 0).toBe(true);
      }),
    );
  });

  test('the list of fields has every field once', () => {
    const all: Record<keyof LeadData, true> = {
      firstName: true,
      lastName: true,
      email: true,
      phone: true,
      company: true,
      industry: true,
      jobTitle: true,
      address: true,
      city: true,
      state: true,
      country: true,
      zipCode: true,
      leadType: true,
      budgetRange: true,
      timelineDays: true,
      interestAreas: true,
      additionalInfo: true,
    };
    expect([...leadDataFields]).toEqual(Object.keys(all));
  });
});
