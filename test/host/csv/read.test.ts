import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_BATCH_ROWS, openCsv } from '#host/csv/read.ts';
import { delimiters } from '#host/csv/sniff.ts';
import { inChunks, read, readChunks } from './reading.ts';

const BLOCK = 64 * 1024;

const cellsOf = async (content: string | Uint8Array) => (await read(content)).rows.map(({ cells }) => cells);
const numbersOf = async (content: string) => (await read(content)).rows.map(({ row }) => row);

describe('the table', () => {
  test('quoted cells keep delimiters, line breaks and doubled quotes', async () => {
    expect(await cellsOf('a,b\r\n"x, y","line 1\r\nline 2"\r\n"say ""hi""",""\r\n')).toEqual([
      ['x, y', 'line 1\r\nline 2'],
      ['say "hi"', ''],
    ]);
  });

  test.each([
    ['CRLF', '\r\n'],
    ['LF', '\n'],
    ['CR', '\r'],
  ])('lines may end with %s, the last one with nothing', async (_, end) => {
    expect(await cellsOf(['a,b', '1,2', '3,4'].join(end))).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  test('line ends may be mixed in one file', async () => {
    expect(await cellsOf('a,b\r\n1,2\n3,4\r5,6\r\n')).toEqual([
      ['1', '2'],
      ['3', '4'],
      ['5', '6'],
    ]);
  });

  test('rows are numbered as a spreadsheet numbers them: the header is 1, empty rows count, line breaks in cells do not', async () => {
    expect(await numbersOf('a,b\n1,2\n\n3,"x\ny"\n,\n  \n4,5\n')).toEqual([2, 4, 7]);
  });

  test('empty lines above the header count too', async () => {
    const reading = await read('\n\na,b\n1,2\n');
    expect(reading.header).toEqual(['a', 'b']);
    expect(reading.rows.map(({ row }) => row)).toEqual([4]);
  });

  test('a quotation mark within a cell is text, as in every spreadsheet', async () => {
    expect(await cellsOf('name,size\nscreen,12" wide\nJoe "Joey" Doe,1\n')).toEqual([
      ['screen', '12" wide'],
      ['Joe "Joey" Doe', '1'],
    ]);
  });

  test('cells keep their spaces', async () => {
    expect(await cellsOf('a,b\n x , y\n')).toEqual([[' x ', ' y']]);
  });

  test('batches have a bounded number of rows and lose none', async () => {
    const file = await openCsv(inChunks(Buffer.from(`a\n${'1\n'.repeat(MAX_BATCH_ROWS * 3 + 1)}`), BLOCK));
    const sizes: number[] = [];
    for await (const batch of file.rows()) sizes.push(batch.length);
    expect(sizes).toEqual([MAX_BATCH_ROWS, MAX_BATCH_ROWS, MAX_BATCH_ROWS, 1]);
  });
});

describe('the header', () => {
  test('empty and repeated names become usable and different', async () => {
    const { header } = await read('Phone,,Phone, Phone ,"Phone (2)"\n1,2,3,4,5\n');
    expect(header).toEqual(['Phone', 'Column 2', 'Phone (2)', 'Phone (3)', 'Phone (2) (2)']);
  });

  test('of too many columns is refused, however often a name is repeated', async () => {
    const { refusal } = await read(`${'x,'.repeat(200_000)}\n1,2\n`);
    expect(refusal).toBe(
      'The header has 200001 columns, so this is hardly a table of leads: 1000 can be read.',
    );
    expect((await read(`${'x,'.repeat(999)}x\n1${',2'.repeat(999)}\n`)).header.at(-1)).toBe('x (1000)');
  });
});

describe('rows of another length than the header', () => {
  test('too few cells are reported at the first missing column', async () => {
    const { rows, refusal } = await read('a,b,c\n1,2\n1,2,3\n');
    expect(refusal).toBeNull();
    expect(rows).toEqual([
      {
        row: 2,
        cells: ['1', '2'],
        problem: { column: 'c', value: '', reason: 'The row has 2 cells, the header has 3.' },
      },
      { row: 3, cells: ['1', '2', '3'], problem: null },
    ]);
  });

  test('too many cells are reported at the first one too many', async () => {
    const { rows } = await read('a,b\n1,2,,x\n');
    expect(rows[0]?.problem).toEqual({
      column: 'Column 4',
      value: 'x',
      reason: 'The row has 4 cells, the header has 2.',
    });
  });

  test('empty cells beyond the header are nothing', async () => {
    expect(await read('a,b\n1,2,, \n')).toMatchObject({ rows: [{ cells: ['1', '2'], problem: null }] });
  });

  test.each([
    ['text after a closing quote', 'a,b\n1,"x"y\n1,2\n', '"x"y'],
    ['a space before an opening quote', 'a,b\n1, "x"\n1,2\n', ' "x"'],
    ['a space after a closing quote', 'a,b\n1,"x" \n1,2\n', '"x" '],
    ['a line break in a cell with a space after it', 'a,b\n1,"x\ny" \n1,2\n', '"x\ny" '],
  ])('%s spoils its own row only', async (_, content, value) => {
    const { rows, refusal } = await read(content);
    expect(refusal).toBeNull();
    expect(rows.map(({ problem }) => problem)).toEqual([
      { column: 'b', value, reason: 'The quotation marks do not enclose the whole cell.' },
      null,
    ]);
  });

  test('the row is the right one after CRLF and empty lines', async () => {
    const { rows } = await read('a,b\r\n\r\n1,2\r\n3,"x"y\r\n4,5\r\n');
    expect(rows.map(({ row, problem }) => [row, problem?.value])).toEqual([
      [3, undefined],
      [4, '"x"y'],
      [5, undefined],
    ]);
  });

  test('the row is the right one where a block ends within it', async () => {
    const record = '1,"x"y\n';
    for (let shift = 0; shift <= record.length + 4; shift += 1) {
      const filler = `${'p'.repeat(BLOCK - shift - 'a,b\n,\n'.length)},\n`;
      const { rows } = await read(`a,b\n${filler}${record}2,3\n4,5\n`);
      expect(rows.map(({ problem }) => problem?.value)).toEqual([undefined, '"x"y', undefined, undefined]);
    }
  });

  test('the value of a report is shortened, between two characters', async () => {
    const { rows } = await read(`a\n1,${'x'.repeat(199)}😀${'x'.repeat(5000)}\n`, { delimiter: ',' });
    expect(rows[0]?.problem?.value).toBe(`${'x'.repeat(199)}…`);
  });
});

describe('the delimiter', () => {
  test.each([
    ['comma', ',', 'a,b\n1,2\n'],
    ['semicolon', ';', 'a;b\n1;2\n'],
    ['tab', '\t', 'a\tb\n1\t2\n'],
    ['semicolon beside decimal commas', ';', 'name;value\na;1,5\nb;2,5\n'],
    ['comma beside semicolons in quotes', ',', '"a;b;c",d\n"1;2;3",4\n'],
    ['semicolon beside a comma in the header', ';', 'Name, first;Email;Phone\nAnna;a@x.de;1\n'],
    ['tab beside commas in the header and cells', '\t', 'Name, first\tCity, state\nA\tB, C\n'],
    ['comma though a cell has line breaks with semicolons', ',', 'a,b\n"1;\n;2;\n;",2\n3,4\n'],
  ])('%s is found', async (_, delimiter, content) => {
    expect(await read(content)).toMatchObject({ delimiter, refusal: null });
  });

  test('a file with one column has no delimiter in its cells', async () => {
    expect(await cellsOf('email\nanna@example.com\nben@example.com\n')).toEqual([
      ['anna@example.com'],
      ['ben@example.com'],
    ]);
    expect(await cellsOf('name\n"Doe, Anna"\nRoe, Ben\n')).toEqual([['Doe, Anna'], ['Roe, Ben']]);
  });

  test("Excel's own line says it, and is no row", async () => {
    const reading = await read('sep=;\r\na,b;c\r\n1,2;3\r\n');
    expect(reading).toMatchObject({
      delimiter: ';',
      header: ['a,b', 'c'],
      rows: [{ row: 2, cells: ['1,2', '3'] }],
    });
  });

  test('may be given', async () => {
    expect(await read('a;b,c\n1;2,3\n', { delimiter: ',' })).toMatchObject({ header: ['a;b', 'c'] });
  });
});

describe('back-pressure', () => {
  test('no more is taken from the source than the rows asked for need', async () => {
    let given = 0;
    async function* endless() {
      yield Buffer.from('a,b\n');
      const chunk = Buffer.from('1,2\n'.repeat(BLOCK / 4));
      for (;;) {
        given += 1;
        yield chunk;
      }
    }
    const file = await openCsv(endless());
    for await (const batch of file.rows()) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    expect(given).toBeLessThan(5);
  });

  test('leaving the rows early, closing unread and refusing all close the source', async () => {
    const left = Readable.from([Buffer.from('a\n1\n'), Buffer.alloc(BLOCK * 3, '2\n')]);
    for await (const _ of (await openCsv(left)).rows()) break;
    expect(left.destroyed).toBe(true);

    const closed = Readable.from([Buffer.from('a\n1\n'), Buffer.alloc(BLOCK * 3, '2\n')]);
    await (await openCsv(closed)).close();
    expect(closed.destroyed).toBe(true);

    const refused = Readable.from([Buffer.from('%PDF-1.7\n'), Buffer.alloc(BLOCK * 3, 'x')]);
    await expect(openCsv(refused)).rejects.toThrow('PDF');
    expect(refused.destroyed).toBe(true);
  });

  test('a signal stops the reading with its own reason', async () => {
    const controller = new AbortController();
    const file = await openCsv(inChunks(Buffer.from(`a\n${'1\n'.repeat(BLOCK * 2)}`), BLOCK), {
      signal: controller.signal,
    });
    const reason = new Error('cancelled by the user');
    const walk = async () => {
      for await (const _ of file.rows()) controller.abort(reason);
    };
    await expect(walk()).rejects.toBe(reason);
  });

  test('an error of the source comes through as it is', async () => {
    async function* broken() {
      yield Buffer.from(`a\n${'1\n'.repeat(BLOCK)}`);
      throw new Error('the connection was reset');
    }
    await expect(readChunks(broken())).rejects.toThrow('the connection was reset');
  });
});

describe('a file by its path', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-csv-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is read, with its size for the progress', async () => {
    const path = join(folder, 'leads.csv');
    await writeFile(path, 'email,phone\na@example.com,1\n');
    const file = await openCsv(path);
    for await (const batch of file.rows()) expect(batch).toHaveLength(1);
    expect([file.bytesTotal, file.bytesRead()]).toEqual([28, 28]);
  });

  test('that is missing or a folder is refused in words', async () => {
    await expect(openCsv(join(folder, 'none.csv'))).rejects.toThrow('The file “none.csv” does not exist.');
    await expect(openCsv(folder)).rejects.toThrow('is a folder, not a file.');
  });
});

describe('properties', () => {
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
    'a"b',
    '"a"',
    '😀',
    'ü',
    '\u{FEFF}',
  );
  const cell = fc.oneof(
    text,
    awkward,
    fc.array(awkward, { maxLength: 4 }).map((parts) => parts.join('')),
  );
  const table = fc.integer({ min: 2, max: 5 }).chain((width) =>
    fc.array(
      fc
        .array(cell, { minLength: width, maxLength: width })
        .filter((cells) => cells.some((one) => one.trim() !== '')),
      { minLength: 1, maxLength: 8 },
    ),
  );

  test('whatever is properly written is read as it was, by all delimiters, line ends and chunk sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom(...delimiters),
        fc.constantFrom('\r\n', '\n', '\r'),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (rows, delimiter, end, size, bom) => {
          const header = rows[0]!.map((_, index) => `column ${index}`);
          const content = stringify([header, ...rows], {
            delimiter,
            record_delimiter: end,
            quote_record_delimiter: true,
            bom,
          });
          const reading = await read(content, { size });
          expect(reading.refusal).toBeNull();
          expect(reading.delimiter).toBe(delimiter);
          expect(reading.rows.map(({ cells }) => cells)).toEqual(rows);
          expect(reading.rows.map(({ row }) => row)).toEqual(rows.map((_, index) => index + 2));
          expect(reading.rows.every(({ problem }) => problem === null)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  describe('any scribble', () => {
    const scribble = fc
      .array(fc.constantFrom('a', 'b', ',', '"', '\n', '\r', ' '), { maxLength: 30 })
      .map((letters) => `x,y\n1,2\n${letters.join('')}`);

    test('that csv-parse takes strictly is read without a complaint about quotes', async () => {
      let taken = 0;
      await fc.assert(
        fc.asyncProperty(scribble, async (content) => {
          fc.pre(parsed(content, false).code === null);
          taken += 1;
          const { refusal, rows } = await read(content, { delimiter: ',' });
          expect(refusal).toBeNull();
          expect(rows.filter(({ problem }) => problem?.reason.includes('quotation'))).toEqual([]);
        }),
        { numRuns: 500 },
      );
      expect(taken).toBe(500);
    });

    test('is read as csv-parse reads it, no row lost, no number wrong, up to the row a refusal names', async () => {
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(scribble, async (content) => {
          const { refusal, rows } = await read(content, { delimiter: ',' });
          const named = /^Row (\d+): a quotation mark opens/.exec(refusal ?? '')?.[1];
          expect(named === undefined).toBe(refusal === null);
          refused += named === undefined ? 0 : 1;
          const end = named === undefined ? Number.POSITIVE_INFINITY : Number(named);
          expect(rows.map(({ row, cells }) => ({ row, cells }))).toEqual(
            parsed(content, true).rows.filter(({ row }) => row < end),
          );
        }),
        { numRuns: 2000 },
      );
      expect(refused).toBeGreaterThan(100);
    });

    /** What csv-parse makes of the rows below the header, blank ones and blank cells beyond it left out. */
    function parsed(content: string, relaxed: boolean) {
      const rows: { row: number; cells: string[] }[] = [];
      let code: string | null = null;
      try {
        parse(content, {
          record_delimiter: ['\r\n', '\n', '\r'],
          relax_column_count: true,
          relax_quotes: relaxed,
          skip_empty_lines: true,
          on_record: (cells: string[], info) => {
            if (cells.slice(2).every((one) => one.trim() === '')) cells.length = Math.min(2, cells.length);
            const row = info.records + info.empty_lines;
            if (row > 1 && cells.some((one) => one.trim() !== '')) rows.push({ row, cells });
            return null;
          },
        });
      } catch (error) {
        if (!(error instanceof CsvError)) throw error;
        code = error.code;
      }
      return { rows, code };
    }
  });
});

describe('where the bytes are cut', () => {
  const tricky = 'x,"é""€ ""\r\n😀 ü, y",\r\n"",ß;\t,"z"\r\n';
  const expected = [
    ['x', 'é"€ "\r\n😀 ü, y', ''],
    ['', 'ß;\t', 'z'],
  ];

  test.each([
    ['UTF-8', (content: string) => Buffer.from(content)],
    ['UTF-8 with a byte order mark', (content: string) => Buffer.from(`\u{FEFF}${content}`)],
    ['UTF-16 little endian', (content: string) => Buffer.from(`\u{FEFF}${content}`, 'utf16le')],
    ['UTF-16 big endian', (content: string) => Buffer.from(`\u{FEFF}${content}`, 'utf16le').swap16()],
  ])('%s in two chunks, at every byte, gives the same rows', async (_, encode) => {
    const bytes = encode(`a,b,c\r\n${tricky}`);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reading = await readChunks(Readable.from([bytes.subarray(0, cut), bytes.subarray(cut)]));
      expect(reading.rows.map(({ cells }) => cells)).toEqual(expected);
    }
  });

  test.each([
    ['UTF-8', (content: string) => Buffer.from(content)],
    ['UTF-16 little endian', (content: string) => Buffer.from(`\u{FEFF}${content}`, 'utf16le')],
    [
      'Windows-1252',
      (content: string) => Buffer.from(content.replaceAll('😀', 'ä').replaceAll('€', 'é'), 'latin1'),
    ],
  ])('%s with the end of a block at every byte of a record gives the same rows', async (name, encode) => {
    const wanted = name === 'Windows-1252' ? [['x', 'é"é "\r\nä ü, y', ''], expected[1]] : expected;
    const length = encode(tricky).length;
    const head = encode('a,b,c\r\n').length;
    const unit = name === 'UTF-16 little endian' ? 2 : 1;
    for (let shift = 0; shift <= length; shift += 1) {
      const filler = 'p'.repeat(Math.floor((BLOCK - shift - head) / unit) - 4);
      const reading = await read(encode(`a,b,c\r\n${filler},,\n${tricky}${tricky}`));
      expect(reading.refusal).toBeNull();
      expect(reading.rows.slice(1).map(({ cells }) => cells)).toEqual([...wanted, ...wanted]);
      expect(reading.rows.map(({ row }) => row)).toEqual([2, 3, 4, 5, 6]);
    }
  });
});
