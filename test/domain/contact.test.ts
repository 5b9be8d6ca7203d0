import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalizeEmail, normalizePhone } from '#domain/contact.ts';

describe('normalizeEmail', () => {
  test.each([
    ['ada@example.com', 'ada@example.com', 'ada@example.com'],
    [' Ada.Byron@Example.COM ', 'Ada.Byron@example.com', 'ada.byron@example.com'],
    ["o'hara+leads@mail.example.co.uk", "o'hara+leads@mail.example.co.uk", "o'hara+leads@mail.example.co.uk"],
    ['info@müller.de', 'info@müller.de', 'info@müller.de'],
    ['info@MU\u0308LLER.de', 'info@müller.de', 'info@müller.de'],
    ['a@xn--mller-kva.de', 'a@xn--mller-kva.de', 'a@xn--mller-kva.de'],
    ['x@1and1.com', 'x@1and1.com', 'x@1and1.com'],
    ['\u200Bada@example.com', 'ada@example.com', 'ada@example.com'],
    ['ｔａｒｏ＠Ｅxample．jp', 'taro@example.jp', 'taro@example.jp'],
    [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
  ])('%j is stored as %s and known as %s', (raw, email, emailKey) => {
    expect(normalizeEmail(raw)).toEqual({ ok: true, email, emailKey });
  });

  test.each([
    'ada',
    'ada@',
    '@example.com',
    'ada@example',
    'ada@@example.com',
    'ada@exa mple.com',
    'ada byron@example.com',
    '.ada@example.com',
    'ada.@example.com',
    'a..b@example.com',
    'ada@-example.com',
    'ada@example-.com',
    'ada@example..com',
    'ada@example.com.',
    'ada@10.0.0.1',
    'ada@[10.0.0.1]',
    'ada@example.c',
    '"ada"@example.com',
    'Ada <ada@example.com>',
    'ada@example.com, bob@example.com',
    'mailto:ada@example.com?',
    'jürgen@example.com',
    `${'a'.repeat(65)}@example.com`,
    `ada@${'a'.repeat(64)}.com`,
  ])('%s is refused', (raw) => {
    const message = 'The email address must look like name@example.com.';
    expect(normalizeEmail(raw)).toEqual({ ok: false, message });
  });

  test('a missing, an unreadable and an overlong address each get their own sentence', () => {
    expect(normalizeEmail('  ')).toEqual({ ok: false, message: 'The email address is missing.' });
    expect(normalizeEmail('a\u0000@example.com')).toMatchObject({
      message: expect.stringContaining("can't be read"),
    });
    const long = `a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(20)}.com`;
    expect(normalizeEmail(long)).toMatchObject({ message: expect.stringContaining('at most 254') });
    expect(normalizeEmail('@'.repeat(5_000_000))).toMatchObject({ ok: false });
  });

  test('an address may have 254 characters, and each part of its domain 63', () => {
    const labels = ['b', 'c', 'd'].map((letter) => letter.repeat(63)).join('.');
    const longest = `a@${labels}.${'e'.repeat(56)}.com`;
    expect(longest).toHaveLength(254);
    expect(normalizeEmail(longest)).toMatchObject({ ok: true, email: longest });
  });

  test('any ordinary address is taken, once more with the same result', () => {
    fc.assert(
      fc.property(fc.emailAddress({ size: 'small' }), (raw) => {
        const once = normalizeEmail(raw);
        expect(once).toMatchObject({ ok: true, emailKey: raw.toLowerCase() });
        expect(normalizeEmail(once.ok ? once.email : '')).toEqual(once);
      }),
    );
  });
});

describe('normalizePhone', () => {
  test.each([
    ['+49 (0)30 123456', undefined, '+4930123456'],
    ['030 / 1234567', 'DE', '+49301234567'],
    ['(212) 555-0100', 'US', '+12125550100'],
    ['+1 212 555 0100', 'DE', '+12125550100'],
    ['0049 30 1234567', 'DE', '+49301234567'],
    ['0049 30 1234567', 'US', '+49301234567'],
    ['0049 30 1234567', undefined, '+49301234567'],
    ['tel:+49-30-1234567', undefined, '+49301234567'],
    ['TEL:+49-30-1234567', undefined, '+49301234567'],
    ['\u202A+49 30 1234567\u202C', undefined, '+49301234567'],
    ['＋４９ ３０ １２３４５６７', undefined, '+49301234567'],
    ['9876543210', 'IN', '+919876543210'],
    ['+39 06 12345678', undefined, '+390612345678'],
    ['+977 1 4221234', undefined, '+97714221234'],
    // Fictional ranges, and new ones that the metadata does not know yet
    ['+1 (555) 123-4567', undefined, '+15551234567'],
    ['555-123-4567', 'US', '+15551234567'],
    ['07700 900123', 'GB', '+447700900123'],
  ] as const)('%j in %s is %s', (raw, country, phone) => {
    expect(normalizePhone(raw, country)).toEqual({ ok: true, phone, phoneKey: phone });
  });

  test('an extension is kept beside the number, and is no part of what makes it the same', () => {
    const expected = { ok: true, phone: '+12125550100 ext. 123', phoneKey: '+12125550100' };
    for (const raw of ['+1 212 555 0100 ext. 123', '001-212-555-0100x123', '+12125550100;ext=123']) {
      expect(normalizePhone(raw, undefined)).toEqual(expected);
      expect(normalizePhone(raw, 'US')).toEqual(expected);
    }
    expect(normalizePhone('+12125550100 ext. 123', 'DE')).toEqual(expected);
  });

  test.each([
    ['', 'DE', 'The phone number is missing.'],
    ['030 1234567', undefined, 'no country code'],
    ['030 1234567', 'AQ', 'no country code'],
    ['+999 123456789', 'DE', 'does not exist'],
    ['123', 'US', 'no possible phone number (country: United States)'],
    ['12345', 'US', 'no possible phone number (country: United States)'],
    ['0000000000', 'US', 'no possible phone number (country: United States)'],
    ['0000000000', 'DE', 'no possible phone number (country: Germany)'],
    ['+1 012 345 6789', undefined, 'no possible phone number. '],
    ['+49 1', undefined, 'no possible phone number. '],
    ['+44 0000000000', undefined, 'no possible phone number. '],
    ['12345', 'AE', 'no possible phone number (country: United Arab Emirates)'],
    ['call +49 30 1234567', 'DE', 'no possible phone number'],
    ['+49 30 1234567 after nine', 'DE', 'no possible phone number'],
    ['not a phone', 'DE', 'no possible phone number (country: Germany)'],
    ['1-800-FLOWERS', 'US', 'no possible phone number (country: United States)'],
    ['+49 30 1234567 / +49 30 7654321', 'DE', 'no possible phone number. '],
    ['+49 30 1234567\u0000', 'DE', "can't be read"],
    ['1'.repeat(61), 'DE', 'at most 60'],
  ] as const)('%j in %s is refused: %s', (raw, country, reason) => {
    expect(normalizePhone(raw, country)).toMatchObject({
      ok: false,
      message: expect.stringContaining(reason),
    });
  });

  test('megabytes are refused by their length', () => {
    expect(normalizePhone('1'.repeat(5_000_000), 'DE')).toMatchObject({ ok: false });
  });

  test('whatever it is given, it answers E.164 that reads the same again, or a sentence', () => {
    const someText = fc.oneof(fc.string(), fc.stringMatching(/^[+0]{0,2}[0-9 ()/x-]{3,20}$/));
    const country = fc.constantFrom('US', 'DE', 'GB', 'IN', 'IT', undefined);
    fc.assert(
      fc.property(someText, country, country, (raw, here, elsewhere) => {
        const once = normalizePhone(raw, here);
        expect(once.ok ? once.phoneKey : once.message).toMatch(/^(\+[1-9]\d{3,16}|Th(e|is) .*\.)$/);
        const again = once.ok ? normalizePhone(once.phone, elsewhere) : once;
        expect(again).toEqual(once);
      }),
      { numRuns: 500 },
    );
  });
});
