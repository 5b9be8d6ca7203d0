import { Liquid, LiquidError, type Template } from 'liquidjs';
import { DomainError, type FieldError } from '#domain/errors.ts';
import {
  definitionOf,
  type NotificationEvent,
  type StoredNotificationData,
  variablesInWords,
} from '#domain/notifications.ts';

/** What an e-mail of an event says: Liquid templates of its subject and of its body, as text and as HTML. */
export interface MailTemplate {
  subject: string;
  bodyText: string;
  bodyHtml: string;
}

/** An e-mail's words, ready to be sent. */
export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

/** Characters that a part may come to; a longer e-mail is no notification any more. */
const longestPart = 200_000;

class TooLong extends Error {}

const parts = ['subject', 'bodyText', 'bodyHtml'] as const satisfies (keyof MailTemplate)[];

/** What every template may use besides its event's own variables. */
export const commonVariables = {
  recipientName: 'Who the e-mail goes to',
  organizationName: 'The name of the organization that sends it',
  appUrl: 'Where the app is reached; empty where that is not set',
} as const;

export type CommonVariables = Record<keyof typeof commonVariables, string>;

/** The variables that an event's templates may use, in the order they are shown. */
export function variablesOf(event: NotificationEvent): string[] {
  return [...Object.keys(definitionOf(event).variables), ...Object.keys(commonVariables)];
}

const allowedTags = ['if', 'unless', 'case', 'assign', 'capture', 'comment', 'raw'];
/** What changes words only. `raw` is not among them: it would let a lead's name into the HTML as it is. */
const allowedFilters = [
  'append',
  'capitalize',
  'date',
  'default',
  'downcase',
  'escape',
  'prepend',
  'remove',
  'replace',
  'size',
  'strip',
  'truncate',
  'truncatewords',
  'upcase',
  'url_encode',
];

/**
 * An engine that reads no file, knows no tag that could, and reaches nothing but the variables it is handed. Whoever writes
 * templates is an administrator; what comes into them was typed by anybody.
 */
function engineOf(outputEscape: 'escape' | undefined): Liquid {
  const engine = new Liquid({
    templates: {},
    ownPropertyOnly: true,
    strictVariables: true,
    strictFilters: true,
    // An empty variable is not there for an `if`, as people expect.
    jsTruthy: true,
    timezoneOffset: 0,
    locale: 'en',
    parseLimit: 200_000,
    renderLimit: 250,
    memoryLimit: 500_000,
    ...(outputEscape !== undefined && { outputEscape }),
  });
  for (const name of Object.keys(engine.tags)) if (!allowedTags.includes(name)) delete engine.tags[name];
  for (const name of Object.keys(engine.filters)) {
    if (!allowedFilters.includes(name)) engine.unregisterFilter(name);
  }
  return engine;
}

const plainEngine = engineOf(undefined);
const htmlEngine = engineOf('escape');
const engineFor = (part: keyof MailTemplate): Liquid => (part === 'bodyHtml' ? htmlEngine : plainEngine);

/**
 * Says what is wrong with templates, each with its part, line and reason. Every variable in them is looked at, also
 * in branches that the sample data does not take; then they are tried, with the sample and with all that may be empty left out.
 * @throws DomainError `VALIDATION`.
 */
export function checkTemplate(event: NotificationEvent, template: MailTemplate): void {
  const fields = parts.flatMap((part) => faultsOf(event, part, template[part]));
  const [first] = fields;
  if (first !== undefined) throw new DomainError('VALIDATION', first.message, { fields });
}

function faultsOf(event: NotificationEvent, part: keyof MailTemplate, source: string): FieldError[] {
  const engine = engineFor(part);
  try {
    const parsed = engine.parse(source);
    const unknown = unknownVariables(event, engine, parsed);
    const wrong = [...unknown, ...(part === 'subject' ? linksInSubject(event, engine, parsed) : [])];
    if (wrong.length > 0)
      return wrong.map((message) => ({ path: part, message: `${names[part]}${message}` }));
    const filled = [sampleOf(event), emptied(event)].map((sample) => renderPart(engine, parsed, sample));
    // Without its link the e-mail is of no use.
    const missing = linksOf(event).filter((link) =>
      filled.some((words) => !words.includes(String(definitionOf(event).sample[link]))),
    );
    if (part === 'subject') return [];
    return missing.map((link) => ({
      path: part,
      message: `${names[part]}: “${link}” is missing. Without it nobody gets in.`,
    }));
  } catch (error) {
    return [{ path: part, message: `${names[part]}, ${faultInWords(error)}` }];
  }
}

const names = { subject: 'Subject', bodyText: 'Text', bodyHtml: 'HTML' } as const;

function unknownVariables(event: NotificationEvent, engine: Liquid, parsed: Template[]): string[] {
  const known = variablesOf(event);
  const { globals } = engine.analyzeSync(parsed, { partials: false });
  return Object.values(globals)
    .flat()
    .filter((variable) => !known.includes(String(variable.segments[0])))
    .map((variable) => {
      const { row } = variable.location;
      return `, line ${row}: there is no variable “${String(variable.segments[0])}”. There are ${known.join(', ')}.`;
    });
}

/** A subject is read by many a machine on the way, and kept by them. */
function linksInSubject(event: NotificationEvent, engine: Liquid, parsed: Template[]): string[] {
  const { globals } = engine.analyzeSync(parsed, { partials: false });
  return linksOf(event)
    .filter((link) => globals[link] !== undefined)
    .map((link) => `: “${link}” lets in whoever reads it and doesn’t belong in a subject.`);
}

/** The variables of an event that are links. */
function linksOf(event: NotificationEvent): string[] {
  return Object.entries(definitionOf(event).variables).flatMap(([name, kind]) =>
    kind === 'link' ? [name] : [],
  );
}

/** What the library says, as a sentence with its line and without the excerpt it adds. */
function faultInWords(error: unknown): string {
  if (error instanceof TooLong) return 'in all: it comes to more than 200,000 characters.';
  if (!LiquidError.is(error)) throw error;
  const [line] = error.token.getPosition();
  const said = error.message.replace(/, (file:\S+, )?line:\d+, col:\d+$/, '').replace(/\.$/, '');
  const plain = said
    .replace(/^tag "([^"]+)" not found$/, 'the tag “$1” can’t be used here')
    .replace(/^undefined filter: (.+)$/, 'the filter “$1” can’t be used here')
    .replace(/^undefined variable: (.+)$/, 'there is no variable “$1”');
  return `line ${line ?? 1}: ${plain}.`;
}

/**
 * What is captured and repeated doubles with every line, and the library's own limits don't count it. A text put together so takes no
 * memory until somebody looks into it: asking for its length does not.
 */
function renderPart(engine: Liquid, parsed: Template[], variables: Record<string, string>): string {
  const rendered: unknown = engine.renderSync(parsed, variables);
  if (typeof rendered !== 'string') throw new Error('A template came to something else than text.');
  if (rendered.length > longestPart) throw new TooLong(`It comes to ${rendered.length} characters.`);
  return rendered;
}

/** The e-mail of an event in an organization's words. Throws where the template can't be filled; `checkTemplate` says why. */
export function renderMail(
  event: NotificationEvent,
  template: MailTemplate,
  data: StoredNotificationData,
  common: CommonVariables,
): RenderedMail {
  const variables = { ...variablesInWords(event, data), ...common };
  const render = (part: keyof MailTemplate): string =>
    renderPart(engineFor(part), engineFor(part).parse(template[part]), variables);
  const subject = oneLine(render('subject'));
  return {
    subject: subject === '' ? definitionOf(event).label : subject,
    text: render('bodyText'),
    html: render('bodyHtml'),
  };
}

const longestSubject = 250;

/** A header's value: whatever a name contains, it stays one line, so that it can't begin another header. */
export function oneLine(text: string): string {
  const line = text
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
  // By characters, so that none is cut in half.
  return Array.from(line).slice(0, longestSubject).join('');
}

/** For previews and for checking: the event's sample, in words. */
export function sampleOf(event: NotificationEvent): Record<string, string> {
  return { ...variablesInWords(event, definitionOf(event).sample), ...sampleCommon };
}

export const sampleCommon: CommonVariables = {
  recipientName: 'Ana Meyer',
  organizationName: 'Nordwind GmbH',
  appUrl: 'https://partners.example.com',
};

/** The sample without what may be empty. */
function emptied(event: NotificationEvent): Record<string, string> {
  const sample = sampleOf(event);
  for (const [name, kind] of Object.entries(definitionOf(event).variables))
    if (kind === 'note') sample[name] = '';
  return { ...sample, appUrl: '' };
}

/** What an e-mail says until the organization writes its own: the title, and the paragraphs of the event's entry. */
export function defaultTemplate(event: NotificationEvent): MailTemplate {
  const { title, paragraphs, variables } = definitionOf(event);
  const only = (paragraph: string, block: string): string => {
    const notes = [...paragraph.matchAll(/\{\{ (\w+) \}\}/g)].map((match) => match[1] ?? '');
    const note = notes.find((name) => variables[name] === 'note');
    return note === undefined ? block : `{% if ${note} %}${block}{% endif %}`;
  };
  const text = paragraphs.map((paragraph) => only(paragraph, `${paragraph}\n\n`)).join('');
  const links = linksOf(event);
  const clickable = (paragraph: string): string =>
    links.reduce(
      (words, link) => words.replaceAll(`{{ ${link} }}`, `<a href="{{ ${link} }}">{{ ${link} }}</a>`),
      paragraph,
    );
  const html = paragraphs
    .map((paragraph) => only(paragraph, `<p style="white-space: pre-line">${clickable(paragraph)}</p>\n`))
    .join('');
  return {
    subject: title,
    bodyText: `Hello {{ recipientName }},\n\n${text}{{ organizationName }}\n{% if appUrl %}{{ appUrl }}\n{% endif %}`,
    bodyHtml: `<p>Hello {{ recipientName }},</p>\n${html}<p>{{ organizationName }}{% if appUrl %}<br><a href="{{ appUrl }}">{{ appUrl }}</a>{% endif %}</p>\n`,
  };
}
