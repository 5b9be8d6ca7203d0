import type * as z from 'zod';

/**
 * What is wrong with a field, for whoever filled it in: zod's own messages speak of types. A schema that says it better
 * has a message of its own, which goes before.
 */

type Issue = z.core.$ZodRawIssue;
type Numeric = bigint | number;

const wanted: Record<string, string> = {
  string: 'Use text.',
  number: 'Use a number.',
  int: 'Use a whole number.',
  boolean: 'Use true or false.',
  array: 'Use a list.',
  object: 'Use an object with fields.',
  record: 'Use an object with fields.',
  file: 'Send a file.',
};

const formats: Record<string, string> = {
  guid: 'This is no id: ids look like 01890000-0000-7000-8000-000000000000.',
  date: 'Use a day such as 2026-01-31.',
  datetime: 'Use an instant such as 2026-01-31T09:30:00Z.',
  url: 'Use a web address such as https://example.com.',
  email: 'Use an e-mail address such as ana@example.com.',
  base64: 'Use base64.',
};

function needsMore(origin: string, least: Numeric, inclusive: boolean): string {
  if (origin === 'string')
    return least === 1 ? 'This must not be empty.' : `Use at least ${least} characters.`;
  if (origin === 'array') return least === 1 ? 'Give at least one.' : `Give at least ${least}.`;
  return inclusive ? `Use ${least} or more.` : `Use more than ${least}.`;
}

function needsLess(origin: string, most: Numeric, inclusive: boolean): string {
  if (origin === 'string') return `Use at most ${most} characters.`;
  if (origin === 'array') return `Give at most ${most}.`;
  return inclusive ? `Use ${most} or less.` : `Use less than ${most}.`;
}

/** Where several ways to write it are possible: each of them, in the words of what was wrong with it. */
function waysOf(options: readonly (readonly z.core.$ZodIssue[])[]): string | undefined {
  const ways = [...new Set(options.flatMap(([first]) => (first === undefined ? [] : [first.message])))];
  return ways.length === 0 || ways.length > 3 ? undefined : ways.join(' Or: ');
}

/** The sentence for an issue; undefined leaves it to zod. */
export function sentenceFor(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined || issue.input === null ? 'This is needed.' : wanted[issue.expected];
    case 'invalid_value': {
      const values = issue.values.map(String);
      return issue.input === undefined
        ? 'This is needed.'
        : `Use ${values.length > 1 ? 'one of ' : ''}${values.join(', ')}.`;
    }
    case 'invalid_format':
      return formats[issue.format] ?? 'This is not written as it has to be.';
    case 'too_small':
      return needsMore(issue.origin, issue.minimum, issue.inclusive !== false);
    case 'too_big':
      return needsLess(issue.origin, issue.maximum, issue.inclusive !== false);
    case 'invalid_union':
      return (issue.input === undefined ? 'This is needed.' : waysOf(issue.errors)) ?? "This can't be read.";
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      return undefined;
  }
  return undefined;
}
