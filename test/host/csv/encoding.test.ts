import { describe, expect, test } from 'vitest';
import { read } from './reading.ts';

const BLOCK = 64 * 1024;
const ascii = (bytes: number) => 'abcdefg,1234567\n'.repeat(Math.ceil(bytes / 16));
const latin = (content: string) => Buffer.from(content, 'latin1');

describe('the encoding', () => {
  test('ASCII is UTF-8', async () => {
    expect(await read('a,b\n1,2\n')).toMatchObject({ encoding: 'utf-8', hasBom: false });
  });

  test('a byte order mark is recognised and is not part of the first name', async () => {
    const reading = await read('\u{FEFF}Straße,b\nMüller,2\n');
    expect(reading).toMatchObject({ encoding: 'utf-8', hasBom: true, header: ['Straße', 'b'] });
  });

  test('what is not UTF-8 is Windows-1252, all of its characters', async () => {
    const defined = Array.from({ length: 128 }, (_, index) => 128 + index).filter(
      (byte) => ![0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte),
    );
    const expected = new TextDecoder('windows-1252').decode(Uint8Array.from(defined));
    const reading = await read(
      Buffer.concat([Buffer.from('a,b\nx,'), Buffer.from(defined), Buffer.from('\n')]),
    );
    expect(reading).toMatchObject({ encoding: 'windows-1252', rows: [{ cells: ['x', expected] }] });
    expect(expected).toContain('€');
  });

  test('the first character beyond ASCII decides, however late it comes', async () => {
    const late = ascii(BLOCK * 3);
    const windows = await read(latin(`a,b\n${late}Müller,2\n`));
    expect(windows).toMatchObject({ encoding: 'windows-1252', refusal: null });
    expect(windows.rows.at(-1)?.cells).toEqual(['Müller', '2']);
    const utf8 = await read(`a,b\n${late}Müller,2\n`);
    expect(utf8).toMatchObject({ encoding: 'utf-8', refusal: null });
    expect(utf8.rows.at(-1)?.cells).toEqual(['Müller', '2']);
  });

  test('nothing is doubled where the first such character is the last of a block', async () => {
    const content = `a,b\n${ascii(BLOCK * 3)}`;
    const wanted = content.slice(0, BLOCK - 1) + 'ü' + content.slice(BLOCK);
    const reading = await read(latin(wanted));
    expect(reading.encoding).toBe('windows-1252');
    const lines = reading.rows.map(({ cells }) => `${cells.join(',')}\n`);
    expect(['a,b\n', ...lines].join('') === wanted).toBe(true);
  });

  test.each([
    ['little', (content: string) => Buffer.from(content, 'utf16le')],
    ['big', (content: string) => Buffer.from(content, 'utf16le').swap16()],
  ])('UTF-16, %s endian, is read by its byte order mark', async (endian, encode) => {
    const reading = await read(encode('\u{FEFF}Név\tVáros\r\nAnna\t😀\r\n'));
    expect(reading).toMatchObject({
      encoding: `utf-16${endian.charAt(0)}e`,
      delimiter: '\t',
      header: ['Név', 'Város'],
      rows: [{ cells: ['Anna', '😀'] }],
    });
  });
});

describe('mixed encodings are refused, never misread', () => {
  test('UTF-8 for the first megabyte and Windows-1252 later: the row is named, those before it are given', async () => {
    const good = 'Müller,1234567\n'.repeat(70_000);
    const reading = await read(Buffer.concat([Buffer.from(`a,b\n${good}`), latin('Jäger,1\nx,y\n')]));
    expect(reading.refusal).toBe(
      'Row 70002: the file is UTF-8 up to here, but this row contains bytes that are not. ' +
        'Save the whole file again as “CSV UTF-8” and import that.',
    );
    expect(reading.rows).toHaveLength(70_000);
    expect(reading.paths).toEqual(['rows.70002']);
  });

  test('damaged UTF-8 in the first block is not taken for Windows-1252', async () => {
    const damaged = Buffer.concat([
      Buffer.from('a,b\nMüller,1\nJäger,2\n'),
      Buffer.from([0xc3]),
      Buffer.from('x,3\n'),
    ]);
    expect((await read(damaged)).refusal).toMatch(/^Row 4: the file is UTF-8 up to here/);
  });

  test('a character cut off at the end of the file is damage', async () => {
    const cut = Buffer.concat([Buffer.from('a,b\nMüller,1\nx,'), Buffer.from([0xe2, 0x82])]);
    expect((await read(cut)).refusal).toMatch(/^Row 3: the file is UTF-8 up to here/);
  });

  test('Windows-1252 that turns into UTF-8', async () => {
    const content = Buffer.concat([
      latin(`a,b\nMüller,1\n${ascii(BLOCK)}`),
      Buffer.from('Jäger,Köln\nGröße,Süden\n'.repeat(10)),
    ]);
    const { refusal, rows } = await read(content);
    expect(refusal).toMatch(
      /^Row \d+: the file is Windows-1252 up to here, but from this row on it is UTF-8/,
    );
    expect(JSON.stringify(rows)).not.toContain('Ã');
  });

  test('bytes that are in neither', async () => {
    const content = Buffer.concat([latin('a,b\nMüller,1\n'), Buffer.from([0x81, 0xfc]), latin(',2\n')]);
    expect((await read(content)).refusal).toMatch(
      /^Row 3: this row contains bytes that are neither UTF-8 nor/,
    );
  });

  test.each([
    ['a surrogate without its other half', Buffer.from('\u{FEFF}a,b\n1,2\n\uD83Dx,1\n', 'utf16le'), 3],
    [
      'half a unit at the end',
      Buffer.concat([Buffer.from('\u{FEFF}a,b\n1,2\n', 'utf16le'), Buffer.from([65])]),
      3,
    ],
    ['a surrogate at the end', Buffer.from('\u{FEFF}a,b\n1,2\n3,\uD83D', 'utf16le'), 3],
  ])('UTF-16 with %s', async (_, content, row) => {
    expect((await read(content)).refusal).toMatch(new RegExp(`^Row ${row}: the UTF-16 text is damaged`));
  });
});
