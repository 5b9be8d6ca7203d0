import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { neutralizeFormula, restoreFormula } from '#host/csv/formulas.ts';
import { type CsvColumn, csvText, writeCsvFile } from '#host/csv/write.ts';
import { read } from './reading.ts';

type Row = readonly (string | number | null)[];

/** Columns of text, one for each cell of a row. */
const textColumns = (width: number): CsvColumn<Row>[] =>
  Array.from({ length: width }, (_, index) => ({
    header: `column ${index}`,
    kind: 'text',
    value: (row) => row[index] ?? null,
  }));

const oneColumn = (kind: CsvColumn<Row>['kind']): CsvColumn<Row>[] => [
  { header: 'a', kind, value: ([value]) => value ?? null },
];

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((cell) => !cell.includes('\0'));
const awkward = fc.constantFrom(
  '"',
  '""',
  ',',
  ';',
  '\t',
  '\n',
  '\r\n',
  '\r',
  ' ',
  '=1+1',
  '-3',
  ' @x',
  "'",
  "'=1",
);
const cell = fc.oneof(
  text,
  awkward,
  fc.tuple(awkward, text, awkward).map((parts) => parts.join('')),
);
const table = fc
  .integer({ min: 1, max: 5 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 8 }));

describe('csvText', () => {
  test('writes a header, CRLF, and quotes only where they are needed', () => {
    const columns: CsvColumn<{ name: string; amount: string; day: string | null }>[] = [
      { header: 'Name', kind: 'text', value: ({ name }) => name },
      { header: 'Amount', kind: 'number', value: ({ amount }) => amount },
      { header: 'Day, paid', kind: 'date', value: ({ day }) => day },
    ];
    expect(
      csvText(columns, [
        { name: 'Müller, "Söhne"', amount: '-12.60', day: '2026-01-31' },
        { name: 'two\nlines', amount: '0.00', day: null },
      ]),
    ).toBe('Name,Amount,"Day, paid"\r\n"Müller, ""Söhne""",-12.60,2026-01-31\r\n"two\nlines",0.00,\r\n');
  });

  test('an empty cell in a single column is not an empty line', () => {
    expect(csvText(oneColumn('text'), [[''], ['x']])).toBe('a\r\n""\r\nx\r\n');
  });

  test('encodes as csv-stringify does', () => {
    fc.assert(
      fc.property(table, (rows) => {
        const width = rows[0]?.length ?? 1;
        const columns = textColumns(width);
        const lines = [columns.map(({ header }) => header), ...rows.map((row) => row.map(neutralizeFormula))];
        const expected = stringify(lines, {
          record_delimiter: 'windows',
          quote_record_delimiter: true,
          quoted_empty: width === 1,
        });
        expect(csvText(columns, rows)).toBe(expected);
      }),
    );
  });

  test('what is written is read as it was, but for the apostrophe before a formula', async () => {
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const expected = rows
          .map((row) => row.map(neutralizeFormula))
          .filter((row) => row.some((one) => one.trim() !== ''));
        fc.pre(expected.length > 0);
        const reading = await read(csvText(textColumns(rows[0]!.length), rows), { delimiter: ',' });
        expect(reading.refusal).toBeNull();
        expect(reading.rows.map(({ cells }) => cells)).toEqual(expected);
      }),
    );
  });
});

describe('formulas', () => {
  test.each([
    '=1+1',
    '+49 30 1234',
    '-2+3',
    '@SUM(A1)',
    '\t=1',
    '\rx',
    '\nx',
    ' =1',
    '\u00A0 +1',
    '\r\n=1',
    '\u{FEFF}=1',
    '＝1+1',
    '=cmd|"/c calc"!A1',
  ])('text such as %j is not run by a spreadsheet', (value) => {
    expect(csvText(oneColumn('text'), [[value]])).toContain(`'${value.replaceAll('"', '""')}`);
    expect(restoreFormula(neutralizeFormula(value))).toBe(value);
  });

  test.each(['a=b', '1-2', 'anna@example.com', "'quoted'", '', ' x', '12.60', '§ =1'])(
    'text such as %j is left alone',
    (value) => {
      expect(neutralizeFormula(value)).toBe(value);
    },
  );

  test("a header of someone else's is text too", () => {
    expect(csvText([{ header: '=HYPERLINK("x")', kind: 'text', value: () => 'x' }], [])).toBe(
      `"'=HYPERLINK(""x"")"\r\n`,
    );
  });

  test('a negative number is a number, given as text or as a number', () => {
    expect(csvText(oneColumn('number'), [['-12.50'], [-3], [null]])).toBe('a\r\n-12.50\r\n-3\r\n""\r\n');
  });

  test.each<[CsvColumn<Row>['kind'], string | number]>([
    ['number', '=1+1'],
    ['number', '+1'],
    ['number', '-1+2'],
    ['number', '12,60'],
    ['number', Number.NaN],
    ['number', Number.POSITIVE_INFINITY],
    ['date', '=TODAY()'],
    ['date', '-1'],
    ['date', 'tomorrow'],
  ])('a column of kind %s with %j in it is a mistake of the program', (kind, value) => {
    expect(() => csvText(oneColumn(kind), [[value]])).toThrow(TypeError);
  });

  test.each(['2026-01-31', '2026-01-31T12:00:00.000Z'])('%s is a date', (value) => {
    expect(csvText(oneColumn('date'), [[value]])).toBe(`a\r\n${value}\r\n`);
  });
});

describe('writeCsvFile', () => {
  let folder = '';
  let path = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-csv-'));
    path = join(folder, 'payouts.csv');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function* generated(count: number, before: (index: number) => void = () => {}) {
    let batch: Row[] = [];
    for (let index = 0; index < count; index += 1) {
      before(index);
      batch.push([`Müller ${index}`, index]);
      if (batch.length < 500 && index + 1 < count) continue;
      yield batch;
      batch = [];
    }
  }

  test.each([
    ['without', false],
    ['with', true],
  ])('%s a byte order mark, the file is what it says: rows, bytes, hash', async (_, bom) => {
    const written = await writeCsvFile(path, textColumns(2), generated(20_000), { bom });
    const bytes = await readFile(path);
    expect(written).toEqual({
      rows: 20_000,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    const reading = await read(bytes);
    expect(reading.hasBom).toBe(bom);
    expect(reading.rows).toHaveLength(20_000);
    expect(reading.rows.at(-1)?.cells).toEqual(['Müller 19999', '19999']);
    expect(await readdir(folder)).toEqual(['payouts.csv']);
  });

  test('no rows give a file with a header', async () => {
    expect(await writeCsvFile(path, textColumns(2), [])).toMatchObject({ rows: 0 });
    expect(await readFile(path, 'utf8')).toBe('column 0,column 1\r\n');
  });

  test('gives the same text as csvText', async () => {
    const rows = [
      ['=1', 2],
      ['b', null],
    ] satisfies Row[];
    await writeCsvFile(path, textColumns(2), [rows.slice(0, 1), [], rows.slice(1)]);
    expect(await readFile(path, 'utf8')).toBe(csvText(textColumns(2), rows));
  });

  test('until it is complete, the file of before stands', async () => {
    await writeFile(path, 'old');
    let seen = '';
    async function* watched() {
      yield* generated(10_000);
      seen = await readFile(path, 'utf8');
    }
    await writeCsvFile(path, textColumns(2), watched());
    expect(seen).toBe('old');
    expect(await readFile(path, 'utf8')).toMatch(/^column 0/);
  });

  test('an error of the rows leaves nothing behind, and the file of before as it was', async () => {
    await writeFile(path, 'old');
    const rows = generated(20_000, (index) => {
      if (index === 15_000) throw new Error('the connection was lost');
    });
    await expect(writeCsvFile(path, textColumns(2), rows)).rejects.toThrow('the connection was lost');
    expect(await readdir(folder)).toEqual(['payouts.csv']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  test('an abort leaves nothing behind, ends the rows, and throws its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled by the user');
    let ended = false;
    async function* rows() {
      try {
        yield* generated(1_000_000, (index) => {
          if (index === 15_000) controller.abort(reason);
        });
      } finally {
        ended = true;
      }
    }
    const { signal } = controller;
    await expect(writeCsvFile(path, textColumns(2), rows(), { signal })).rejects.toBe(reason);
    expect(ended).toBe(true);
    expect(await readdir(folder)).toEqual([]);
    await expect(writeCsvFile(path, textColumns(2), [], { signal })).rejects.toBe(reason);
  });

  test('an abort after the last row still counts', async () => {
    const controller = new AbortController();
    async function* rows() {
      yield [['a', 'b']];
      controller.abort(new Error('late'));
    }
    await expect(writeCsvFile(path, textColumns(2), rows(), { signal: controller.signal })).rejects.toThrow(
      'late',
    );
    expect(await readdir(folder)).toEqual([]);
  });

  test('a target that is a folder leaves nothing behind', async () => {
    await mkdir(path);
    await expect(writeCsvFile(path, textColumns(1), [[['a']]])).rejects.toThrow('rename');
    expect(await readdir(folder)).toEqual(['payouts.csv']);
  });

  test('a missing folder is refused in words', async () => {
    await expect(
      writeCsvFile(join(folder, 'none', 'a.csv'), textColumns(1), [[['a']]]),
    ).rejects.toMatchObject({
      code: 'VALIDATION',
      message: `The folder “${join(folder, 'none')}” does not exist.`,
    });
  });
});
