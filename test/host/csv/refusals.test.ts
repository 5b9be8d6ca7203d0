import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { MAX_RECORD_BYTES } from '#host/csv/record-watch.ts';
import { read, readChunks } from './reading.ts';

/** The beginning of a zip file whose first entry is stored, uncompressed, under `name`. */
function zip(name: string, content = ''): Buffer {
  const local = Buffer.alloc(30);
  local.write('PK\x03\x04', 'latin1');
  local.writeUInt16LE(name.length, 26);
  return Buffer.concat([local, Buffer.from(name + content)]);
}

const bytes = (text: string) => Buffer.from(text, 'latin1');
const save = 'save it as CSV first.';
const image = 'This is an image, not a CSV file.';

describe('what is no CSV file is refused by what it is', () => {
  test.each<[string, Buffer | string, string]>([
    ['an Excel workbook', zip('xl/workbook.xml'), `This is an Excel workbook, not a CSV file: ${save}`],
    [
      'an old Excel workbook',
      bytes('\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0'),
      `This is an Excel workbook (.xls), not a CSV file: ${save}`,
    ],
    [
      'an OpenDocument spreadsheet',
      zip('mimetype', 'application/vnd.oasis.opendocument.spreadsheet'),
      `This is an OpenDocument spreadsheet, not a CSV file: ${save}`,
    ],
    ['a Word document', zip('word/document.xml'), `This is a Word document, not a CSV file: ${save}`],
    [
      'any zip',
      zip('photos/1.jpg'),
      `This is an Excel workbook or another zip file, not a CSV file: unpack it or ${save}`,
    ],
    ['a gzip', gzipSync('a,b\n1,2\n'), 'This is a compressed file (gzip), not a CSV file: unpack it first.'],
    ['a PDF', '%PDF-1.7\n1 0 obj\n', 'This is a PDF, not a CSV file.'],
    ['a PNG', bytes('\x89PNG\r\n\x1A\n\0\0'), image],
    ['a JPEG', bytes('\xFF\xD8\xFF\xE0\0\x10JFIF'), image],
    ['a GIF', 'GIF89a,1\n', image],
    ['a database', 'SQLite format 3\0', 'This is a database, not a CSV file.'],
    [
      'a web page named .xls',
      '\n<html><table><tr><td>a</td></tr></table>',
      `This is a web page (HTML), not a CSV file: ${save}`,
    ],
    ['XML', '<?xml version="1.0"?>\n<a/>', `This is an XML file, not a CSV file: ${save}`],
    ['JSON', '[{"email":"a@example.com"}]', `This is a JSON file, not a CSV file: ${save}`],
    [
      'UTF-32',
      bytes('\xFF\xFE\0\0a\0\0\0'),
      'This file is encoded in UTF-32, which is not read here: save it as “CSV UTF-8”.',
    ],
    [
      'UTF-16 without a mark',
      Buffer.from('email,phone\na@example.com,1\n', 'utf16le'),
      'This file looks like UTF-16 without a byte order mark, which cannot be read safely: save it as “CSV UTF-8”.',
    ],
    [
      'a program',
      bytes('\x7FELF\x02\x01\x01\0\0\0\0\x03\0>\0'),
      'This file contains binary data; it is not a CSV file.',
    ],
    ['nothing', '', 'The file is empty.'],
    ['a byte order mark and nothing', '\u{FEFF}', 'The file is empty.'],
    ['empty lines', '\r\n\r\n  \r\n', 'The file is empty.'],
    ['a header alone', 'email,phone\r\n', 'The file has a header but no rows below it.'],
    ['a header and empty rows', 'email,phone\r\n,\r\n\r\n', 'The file has a header but no rows below it.'],
    [
      'another delimiter by name',
      'sep=|\na|b\n1|2\n',
      'The columns are separated by “|”; only comma, semicolon and tab can be read.',
    ],
  ])('%s', async (_, content, sentence) => {
    const reading = await read(content);
    expect(reading).toMatchObject({ refusal: sentence, rows: [], paths: ['file'] });
  });
});

describe('what cannot be read on is refused at its row, after the rows before it', () => {
  const never = 'is never closed. Close it, or remove it, and import the file again.';

  test.each([
    [
      'a quote open to the end',
      'a,b\n1,2\n3,"x\n4,y\n',
      3,
      `a quotation mark opens the column “b” and ${never}`,
    ],
    [
      'a quote closed by that of a later row',
      'a,b\n1,"x\n2,"y"\n3,"z"\n',
      2,
      `a quotation mark opens the column “b” and ${never}`,
    ],
    [
      'a quote closed by an empty cell of a later row',
      'a,b\n1,"x\n2," "\n',
      2,
      `a quotation mark opens the column “b” and ${never}`,
    ],
    [
      'a quote open in a file with CRLF',
      'a,b\r\n1,2\r\n3,4\r\n5,"x\r\n',
      4,
      `a quotation mark opens the column “b” and ${never}`,
    ],
    ['a quote open in the header', 'a,"b\n1,2\n', 1, `a quotation mark opens cell 2 and ${never}`],
    [
      'a quote beside the cell in the header',
      'a, "b"\n1,2\n',
      1,
      'in cell 2, the quotation marks do not enclose the whole cell.',
    ],
  ])('%s', async (_, content, row, clause) => {
    const reading = await read(content);
    expect(reading.refusal).toBe(`Row ${row}: ${clause}`);
    expect(reading.paths).toEqual([`rows.${row}`]);
    expect(reading.rows.map((given) => given.row)).toEqual(
      Array.from({ length: Math.max(0, row - 2) }, (_n, i) => i + 2),
    );
  });

  test('a quote open for longer than a record may be, whatever follows', async () => {
    const reading = await read(`a,b\n1,2\n3,"${'x,y\n'.repeat(MAX_RECORD_BYTES)}`);
    expect(reading.refusal).toBe(`Row 3: a quotation mark opens the column “b” and ${never}`);
    expect(reading.rows).toHaveLength(1);
  });

  test('a NUL byte further on', async () => {
    const reading = await read(`a,b\n${'1,2\n'.repeat(20_000)}3,\0\n`);
    expect(reading.refusal).toBe(
      'Row 20002: it contains a NUL byte, which no text has. The file may be damaged.',
    );
    expect(reading.rows).toHaveLength(20_000);
  });

  test('a record of the limit is read, one byte more is refused', async () => {
    const record = (size: number) => `1,${'x'.repeat(size - 2)}`;
    expect((await read(`a,b\n${record(MAX_RECORD_BYTES)}\n3,4\n`)).rows).toHaveLength(2);
    const over = await read(`a,b\n1,2\n${record(MAX_RECORD_BYTES + 1)}\n3,4\n`);
    expect(over.refusal).toMatch(/^Row 3: it is longer than 1 MB/);
    expect(over.rows).toHaveLength(1);
  });
});

describe('a line without end is refused after a bounded number of bytes', () => {
  test.each([
    ['of one letter', 'x'],
    ['of delimiters', ','],
    ['of quotes', '"'],
    ['of quoted cells', '"a",'],
    ['of line breaks in quotes', '\n'],
  ])('%s', async (_, pattern) => {
    let given = 0;
    async function* endless() {
      yield Buffer.from('a,b\n1,2\n"');
      const chunk = Buffer.from(pattern.repeat(64 * 1024));
      for (;;) {
        given += chunk.length;
        yield chunk;
      }
    }
    const { refusal } = await readChunks(endless());
    expect(refusal).toMatch(/^Row 3: (it is longer than 1 MB|a quotation mark opens)/);
    expect(given).toBeLessThan(MAX_RECORD_BYTES * 1.5);
  });

  test('as the first line, where the header should be', async () => {
    async function* endless() {
      for (;;) yield Buffer.alloc(64 * 1024, 'x,');
    }
    expect((await readChunks(endless())).refusal).toMatch(/^Row 1: it is longer than 1 MB/);
  });
});
