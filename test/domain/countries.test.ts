import { describe, expect, test } from 'vitest';
import { countryCode, isCountryCode } from '#domain/countries.ts';

describe('countryCode', () => {
  test.each([
    ['DE', 'DE'],
    ['de', 'DE'],
    [' deu ', 'DE'],
    ['Germany', 'DE'],
    ['GERMANY', 'DE'],
    ['Deutschland', 'DE'],
    ['Österreich', 'AT'],
    ['Osterreich', 'AT'],
    ['USA', 'US'],
    ['U.S.A.', 'US'],
    ['U.S.', 'US'],
    ['United States of America', 'US'],
    ['the United States', 'US'],
    ['UK', 'GB'],
    ['Great Britain', 'GB'],
    ['The Netherlands', 'NL'],
    ['Nederland', 'NL'],
    ["Cote d'Ivoire", 'CI'],
    ['Côte d’Ivoire', 'CI'],
    ['Turkey', 'TR'],
    ['Türkiye', 'TR'],
    ['Hong Kong', 'HK'],
    ['Burma', 'MM'],
    ['Myanmar', 'MM'],
    ['Bosnia and Herzegovina', 'BA'],
    ['Saint Lucia', 'LC'],
    ['St. Lucia', 'LC'],
    ['Guinea-Bissau', 'GW'],
    ['Guinea Bissau', 'GW'],
    ['日本', 'JP'],
    ['Россия', 'RU'],
    ['Niger', 'NE'],
    ['Nigeria', 'NG'],
    ['Kosovo', 'XK'],
    ['CHE', 'CH'],
    ['Swaziland', 'SZ'],
  ])('%s is %s', (text, code) => {
    expect(countryCode(text)).toBe(code);
  });

  test.each(['', ' ', 'XX', 'ZZZ', 'Germny', 'Congo', 'constructor', '__proto__', 'D E', 'x'.repeat(101)])(
    '%j is no country',
    (text) => {
      expect(countryCode(text)).toBeUndefined();
    },
  );

  test('every country is found by its codes and by its own English name', () => {
    const english = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
    const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
    const codes = letters.flatMap((a) => letters.map((b) => a + b)).filter(isCountryCode);
    expect(codes).toHaveLength(250);
    for (const code of codes) {
      expect(countryCode(code)).toBe(code);
      expect(countryCode(english.of(code) ?? '')).toBe(code);
    }
  });

  test('isCountryCode wants capitals', () => {
    expect(isCountryCode('DE')).toBe(true);
    for (const other of ['de', 'DEU', 'UK', '', null, undefined, 49])
      expect(isCountryCode(other)).toBe(false);
  });
});
