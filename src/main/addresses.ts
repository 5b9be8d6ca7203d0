/** The scheme of the app's own pages; nothing but the app can answer on it. */
export const appScheme = 'app';

/** The origin of the app's own pages. */
export const appOrigin = 'app://partner-desk';

function parse(address: string): URL | null {
  return URL.canParse(address) ? new URL(address) : null;
}

/** Whether an address is one of the app's own pages. It is compared in parts: a prefix would let `app://partner-desk.evil` in. */
export function isOwnPage(address: string): boolean {
  const url = parse(address);
  return (
    url !== null &&
    url.protocol === `${appScheme}:` &&
    url.host === 'partner-desk' &&
    url.username === '' &&
    url.password === ''
  );
}

/**
 * What the system may be asked to open: a mail to somebody, a call to somebody. A mail link with more than the address is
 * refused, since some mail programs attach files that it names.
 */
export function mayOpenOutside(address: string): boolean {
  const url = parse(address);
  if (url === null) return false;
  return (url.protocol === 'mailto:' || url.protocol === 'tel:') && url.search === '' && url.hash === '';
}
