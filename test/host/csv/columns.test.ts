import { describe, expect, test } from 'vitest';
import { DomainError } from '#domain/errors.ts';
import { normalizeLeadData } from '#domain/lead-data.ts';
import { columnNames, normalizeName } from '#host/csv/aliases.ts';
import {
  describeByColumn,
  importFields,
  mapColumns,
  projectRow,
  requireCompleteMapping,
} from '#host/csv/columns.ts';

/** By the name of each column, the field it feeds. */
const fieldsOf = (header: string[], manual = {}) => {
  const { fieldByColumn } = mapColumns(header, manual);
  return Object.fromEntries(header.map((name, column) => [name, fieldByColumn[column]]));
};

const refusalOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    if (error instanceof DomainError)
      return { code: error.code, message: error.message, fields: error.fields };
    throw error;
  }
  return null;
};

describe('the names of columns', () => {
  test.each([
    'firstName',
    'first_name',
    'First Name',
    'FIRST-NAME',
    ' first  name ',
    'leadData.firstName',
    'Fírst Nämé',
  ])('%j is the first name', (name) => {
    expect(fieldsOf([name])).toEqual({ [name]: 'firstName' });
  });

  test('every field is found by its own name', () => {
    expect(mapColumns(importFields).fieldByColumn).toEqual(importFields);
  });

  test('a German file', () => {
    const header = [
      'Vorname',
      'Nachname',
      'E-Mail-Adresse',
      'Telefon',
      'Firma',
      'Branche',
      'Straße',
      'Ort',
      'Bundesland',
      'Land',
      'Postleitzahl',
      'Zeitrahmen (Tage)',
      'Bemerkungen',
      'Geschätzter Wert',
    ];
    expect(Object.values(fieldsOf(header))).toEqual([
      'firstName',
      'lastName',
      'email',
      'phone',
      'company',
      'industry',
      'address',
      'city',
      'state',
      'country',
      'zipCode',
      'timelineDays',
      'additionalInfo',
      'estimatedValue',
    ]);
  });

  test('a French file', () => {
    const header = [
      'Prénom',
      'Nom',
      'Courriel',
      'Téléphone',
      'Société',
      'Fonction',
      'Adresse',
      'Ville',
      'Pays',
      'Code postal',
      'Campagne',
    ];
    expect(Object.values(fieldsOf(header))).toEqual([
      'firstName',
      'lastName',
      'email',
      'phone',
      'company',
      'jobTitle',
      'address',
      'city',
      'country',
      'zipCode',
      'campaignId',
    ]);
  });

  test('a Spanish file', () => {
    const header = [
      'Nombre',
      'Apellidos',
      'Correo electrónico',
      'Teléfono',
      'Empresa',
      'Cargo',
      'Dirección',
      'Ciudad',
      'País',
      'Código postal',
    ];
    expect(Object.values(fieldsOf(header))).toEqual([
      'firstName',
      'lastName',
      'email',
      'phone',
      'company',
      'jobTitle',
      'address',
      'city',
      'country',
      'zipCode',
    ]);
  });

  test('an Italian file', () => {
    const header = [
      'Nome',
      'Cognome',
      'Posta elettronica',
      'Cellulare',
      'Azienda',
      'Indirizzo',
      'Città',
      'Provincia',
      'Paese',
      'CAP',
    ];
    expect(Object.values(fieldsOf(header))).toEqual([
      'firstName',
      'lastName',
      'email',
      'phone',
      'company',
      'address',
      'city',
      'state',
      'country',
      'zipCode',
    ]);
  });

  test('a Dutch file', () => {
    const header = [
      'Voornaam',
      'Achternaam',
      'E-mailadres',
      'Telefoonnummer',
      'Bedrijf',
      'Functie',
      'Straat',
      'Woonplaats',
      'Postcode',
      'Opmerkingen',
    ];
    expect(Object.values(fieldsOf(header))).toEqual([
      'firstName',
      'lastName',
      'email',
      'phone',
      'company',
      'jobTitle',
      'address',
      'city',
      'zipCode',
      'additionalInfo',
    ]);
  });

  test('each known name is normalised and means one field', () => {
    expect(columnNames.filter((name) => normalizeName(name) !== name || name === '')).toEqual([]);
    expect(columnNames.filter((name, index) => columnNames.indexOf(name) !== index)).toEqual([]);
  });

  test('names that mean nothing are listed', () => {
    expect(mapColumns(['Email', 'Phone', 'Shoe size', 'Column 4'])).toMatchObject({
      fieldByColumn: ['email', 'phone', null, null],
      unmapped: ['Shoe size', 'Column 4'],
      missing: [],
      conflicts: [],
    });
  });
});

describe('names that could mean several things', () => {
  test("a field's own name goes before another word for it, which goes before a hint", () => {
    expect(mapColumns(['Mobile', 'Telefon', 'Phone'])).toMatchObject({
      fieldByColumn: [null, null, 'phone'],
      unmapped: ['Mobile', 'Telefon'],
      conflicts: [],
    });
    expect(mapColumns(['Mobile', 'Telefon']).fieldByColumn).toEqual([null, 'phone']);
    expect(mapColumns(['Mobile']).fieldByColumn).toEqual(['phone']);
  });

  test('a name that may be the whole name is the last name only beside a first name', () => {
    expect(fieldsOf(['Name', 'Vorname'])).toEqual({ Name: 'lastName', Vorname: 'firstName' });
    expect(fieldsOf(['Name', 'Email'])).toEqual({ Name: null, Email: 'email' });
    expect(fieldsOf(['Nombre', 'Empresa'])).toEqual({ Nombre: null, Empresa: 'company' });
  });

  test('two equally good columns are a conflict, and neither is taken', () => {
    const mapping = mapColumns(['Email', 'Phone', 'Phone (2)']);
    expect(mapping).toMatchObject({
      fieldByColumn: ['email', null, null],
      missing: ['phone'],
      conflicts: [{ field: 'phone', columns: ['Phone', 'Phone (2)'] }],
    });
    expect(refusalOf(() => requireCompleteMapping(mapping))).toEqual({
      code: 'VALIDATION',
      message: 'Several columns may be phone: “Phone”, “Phone (2)”. Choose one.',
      fields: [{ path: 'mapping.phone', message: expect.any(String) }],
    });
  });

  test('the choice of a person settles it', () => {
    const mapping = mapColumns(['Email', 'Phone', 'Phone (2)'], { 'Phone (2)': 'phone' });
    expect(mapping).toMatchObject({ fieldByColumn: ['email', null, 'phone'], missing: [], conflicts: [] });
    expect(mapping.unmapped).toEqual(['Phone']);
    expect(mapColumns(['Phone', 'Phone (2)'], { Phone: 'ignore' }).fieldByColumn).toEqual([null, 'phone']);
  });
});

describe('a manual mapping', () => {
  test('overrides what the name says, and leaves columns out', () => {
    const mapping = mapColumns(['A', 'Phone', 'Email', 'City'], { A: 'phone', Phone: null, City: 'ignore' });
    expect(mapping.fieldByColumn).toEqual(['phone', null, 'email', null]);
    expect(mapping.unmapped).toEqual([]);
  });

  test('may spell the column otherwise', () => {
    expect(mapColumns(['Shoe Size'], { shoe_size: 'additionalInfo' }).fieldByColumn).toEqual([
      'additionalInfo',
    ]);
  });

  test.each<[string, Record<string, string | null>, string, string]>([
    [
      'a column there is not',
      { Nope: 'email' },
      'mapping.Nope',
      'The mapping names the column “Nope”, but the file has these columns: “A”, “B”.',
    ],
    ['a field there is not', { A: 'shoeSize' }, 'mapping.A', '“shoeSize” is not a field of a lead.'],
    [
      "a field that is an object's",
      { A: 'constructor' },
      'mapping.A',
      '“constructor” is not a field of a lead.',
    ],
    [
      'a field twice',
      { A: 'email', B: 'email' },
      'mapping.B',
      'The mapping lets two columns, “A” and “B”, feed email.',
    ],
    ['a column twice', { A: 'email', a: 'phone' }, 'mapping.a', 'The mapping names the column “A” twice.'],
  ])('with %s is refused', (_, manual, path, sentence) => {
    const refusal = refusalOf(() => mapColumns(['A', 'B'], manual));
    expect(refusal).toMatchObject({ code: 'VALIDATION', fields: [{ path }] });
    expect(refusal?.message).toContain(sentence);
  });
});

describe('required fields', () => {
  test('without a column are refused with the columns there are', () => {
    const mapping = mapColumns(['Vorname', 'Shoe size']);
    expect(mapping.missing).toEqual(['email', 'phone']);
    expect(refusalOf(() => requireCompleteMapping(mapping))).toEqual({
      code: 'VALIDATION',
      message:
        'No column feeds email. The file has these columns: “Vorname”, “Shoe size”. ' +
        'No column feeds phone. The file has these columns: “Vorname”, “Shoe size”.',
      fields: [
        { path: 'mapping.email', message: expect.any(String) },
        { path: 'mapping.phone', message: expect.any(String) },
      ],
    });
  });

  test('a hundred columns do not make a sentence of a hundred names', () => {
    const mapping = mapColumns(Array.from({ length: 100 }, (_, index) => `x${index}`));
    expect(refusalOf(() => requireCompleteMapping(mapping))?.message).toContain('“x39”, 60 more.');
  });

  test('with a column each are enough', () => {
    expect(refusalOf(() => requireCompleteMapping(mapColumns(['mail', 'tel'])))).toBeNull();
  });
});

describe('a row as a lead', () => {
  const header = [
    'Email',
    'Phone',
    'Firma',
    'Lead type',
    'Budget',
    'Days to decision',
    'Estimated value',
    'Source code',
    'Project ID',
    'Campaign ID',
    'Other',
  ];
  const mapping = mapColumns(header);
  const row = [
    'anna@example.com',
    "'+49 30 901820",
    ' Müller ',
    'Warm lead',
    'HIGH',
    '30',
    '1,234.50',
    'S-1',
    'P-1',
    'C-1',
    'x',
  ];

  test('has its cells, trimmed, where they belong', () => {
    expect(projectRow(row, mapping, 'EUR')).toEqual({
      leadData: {
        email: 'anna@example.com',
        phone: '+49 30 901820',
        company: 'Müller',
        leadType: 'Warm lead',
        budgetRange: 'HIGH',
        timelineDays: '30',
      },
      estimatedValue: 123_450,
      sourceCode: 'S-1',
      projectId: 'P-1',
      campaignId: 'C-1',
      problems: [],
    });
  });

  test('is what the rules of a lead read: labels become words, days a number', () => {
    expect(normalizeLeadData(projectRow(row, mapping, 'EUR').leadData)).toMatchObject({
      ok: true,
      leadData: { leadType: 'warm_lead', budgetRange: 'high', timelineDays: 30, phone: '+4930901820' },
    });
  });

  test.each([
    ['30.0', '30'],
    ['30,00', '30'],
    ['30.5', '30.5'],
    ['soon', 'soon'],
  ])('days written as %s are passed on as %s', (written, passed) => {
    const timeline = mapColumns(['timelineDays']);
    expect(projectRow([written], timeline, 'EUR').leadData).toEqual({ timelineDays: passed });
  });

  test('empty cells are absent', () => {
    expect(
      projectRow(
        header.map(() => '  '),
        mapping,
        'EUR',
      ),
    ).toEqual({
      leadData: {},
      estimatedValue: null,
      sourceCode: null,
      projectId: null,
      campaignId: null,
      problems: [],
    });
  });

  test('an amount that cannot be read is reported with its column, and absent', () => {
    const value = mapColumns(['Wert (geschätzt)'], { 'Wert (geschätzt)': 'estimatedValue' });
    expect(projectRow(['a lot'], value, 'EUR')).toMatchObject({
      estimatedValue: null,
      problems: [
        {
          column: 'Wert (geschätzt)',
          field: 'estimatedValue',
          value: 'a lot',
          reason: 'The amount must be a plain number such as 1234.50.',
        },
      ],
    });
  });

  test('the decimals are those of the currency', () => {
    const value = mapColumns(['estimatedValue']);
    expect(projectRow(['1500'], value, 'JPY').estimatedValue).toBe(1500);
    expect(projectRow(['1.5'], value, 'KWD').estimatedValue).toBe(1500);
    expect(projectRow(['1.5'], value, 'JPY').problems).toHaveLength(1);
  });

  test('what the rules refuse is told by the columns of the file', () => {
    const bad = ['anna', '', 'x', 'hot', 'lots', 'soon', '', '', '', '', ''];
    const { leadData } = projectRow(bad, mapping, 'EUR');
    const judged = normalizeLeadData(leadData);
    const fields = judged.ok ? [] : judged.fields;
    const problems = describeByColumn(
      [...fields, { path: 'sourceId', message: 'No such source.' }],
      bad,
      mapping,
    );
    expect(problems.map(({ column, field, value }) => [column, field, value])).toEqual([
      ['Email', 'email', 'anna'],
      ['Phone', 'phone', ''],
      ['Lead type', 'leadType', 'hot'],
      ['Budget', 'budgetRange', 'lots'],
      ['Days to decision', 'timelineDays', 'soon'],
      ['', null, ''],
    ]);
    expect(problems.every(({ reason }) => reason.endsWith('.'))).toBe(true);
  });
});
