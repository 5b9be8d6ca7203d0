/** What the system, SQLite and PostgreSQL tell by a code, in words for whoever runs a command. */

const full = 'The disk is full. Make room, then try again.';
const unreachable =
  'The PostgreSQL server can’t be reached. See that it runs, and that its address in the URL is right';
const broken =
  'The connection to the PostgreSQL server broke. Try again when it is back; what was committed until then is kept.';

/** What goes before a colon is followed by what the system said, which names the place. */
const sentences: Readonly<Record<string, string>> = {
  ENOSPC: full,
  EDQUOT: full,
  SQLITE_FULL: full,
  '53100': full,
  EROFS: 'Nothing can be written there, it is read-only',
  SQLITE_READONLY: 'The database can’t be written to: it, or its folder, is read-only for you.',
  SQLITE_READONLY_DIRECTORY: 'The database can’t be written to: its folder is read-only for you.',
  SQLITE_CANTOPEN: 'The database can’t be opened. See that you may read and write in its folder.',
  EACCES: 'You have no right to do that there',
  EPERM: 'You have no right to do that there',
  ENOENT: 'This file or folder is not there',
  EISDIR: 'This is a folder, and a file is needed',
  ENOTDIR: 'A folder is needed, and something on the way there is a file',
  EEXIST: 'A folder is needed, and there is a file of this name',
  ECONNREFUSED: unreachable,
  ETIMEDOUT: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  ECONNRESET: broken,
  '57P01': broken,
  '57P02': broken,
  '57P03': 'The PostgreSQL server is starting or stopping. Try again in a moment.',
  '28P01': 'The PostgreSQL server does not let you in: the user name or the password in the URL is wrong.',
  '3D000': 'The PostgreSQL server has no such database',
};

/** The sentence for a failure by its code; undefined where it has words of its own. */
export function plainWords(code: string, message: string): string | undefined {
  const sentence = sentences[code];
  if (sentence === undefined || sentence.endsWith('.')) return sentence;
  // Node tells of a host with several addresses without a word.
  return message === '' ? `${sentence}.` : `${sentence}: ${message}.`;
}
