import { describe, expect, it } from 'vitest';
import { isOwnPage, mayOpenOutside } from '../../src/main/addresses.ts';

describe('the app’s own pages', () => {
  it.each(['app://partner-desk/', 'app://partner-desk/partners/1?tab=leads#top', 'APP://partner-desk/'])(
    '%s is one',
    (address) => expect(isOwnPage(address)).toBe(true),
  );

  it.each([
    'app://partner-desk.evil.example/',
    'app://evil/partner-desk',
    'app://partner-desk@evil.example/',
    'app://someone@partner-desk/',
    'app://partner-desk:8080/',
    'app:partner-desk/',
    'https://partner-desk/',
    'file:///app://partner-desk/',
    'javascript:alert(1)',
    'about:blank',
    '',
  ])('%s is none', (address) => expect(isOwnPage(address)).toBe(false));
});

describe('what is opened outside', () => {
  it.each(['mailto:jo@example.com', 'tel:+4930123456'])('%s is allowed', (address) =>
    expect(mayOpenOutside(address)).toBe(true),
  );

  it.each([
    'mailto:jo@example.com?attach=/etc/passwd',
    'https://example.com/',
    'http://localhost:1/',
    'file:///etc/passwd',
    'smb://server/share',
    'ms-msdt:/id',
    'javascript:alert(1)',
    'app://partner-desk/',
    'nonsense',
  ])('%s is not', (address) => expect(mayOpenOutside(address)).toBe(false));
});
