import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DomainError } from '#domain/errors.ts';
import {
  definitionOf,
  type NotificationEvent,
  notificationEventNames,
  notificationTitle,
} from '#domain/notifications.ts';
import {
  checkTemplate,
  defaultTemplate,
  type MailTemplate,
  renderMail,
  sampleCommon,
} from '#host/mail/templates.ts';

const own = (changes: Partial<MailTemplate>): MailTemplate => ({
  ...defaultTemplate('lead_rejected'),
  ...changes,
});
const aLead = { leadName: 'Mara', partnerName: 'Hafen', reason: 'No.' };

/** The refusal's fields for a template of a rejected lead. */
function faults(changes: Partial<MailTemplate>, event: NotificationEvent = 'lead_rejected') {
  try {
    checkTemplate(event, own(changes));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'VALIDATION' && 'fields' in error) {
      return error.fields as { path: string; message: string }[];
    }
    throw error;
  }
  return [];
}

describe('the defaults', () => {
  it.each(notificationEventNames)('of %s are right, and say everything there is to say', (event) => {
    const template = defaultTemplate(event);
    expect(() => checkTemplate(event, template)).not.toThrow();
    const { variables, sample } = definitionOf(event);
    expect(Object.keys(sample).toSorted()).toEqual(Object.keys(variables).toSorted());
    const mail = renderMail(event, template, sample, sampleCommon);
    expect(mail.subject).toBe(notificationTitle(event, sample));
    expect(`${mail.text}${mail.html}${mail.subject}`).not.toMatch(/\{\{|\{%|undefined|null/);
    expect(mail.text).toContain('Hello Ana Meyer,');
  });

  it('leave out what is empty', () => {
    const data = { partnerName: 'Hafen', leadName: null, amount: 5000, currency: 'JPY', reason: null };
    const mail = renderMail('credit_awaiting_decision', defaultTemplate('credit_awaiting_decision'), data, {
      ...sampleCommon,
      appUrl: '',
    });
    expect(mail.subject).toBe('A credit of 5000 JPY for Hafen awaits a decision');
    expect(mail.text).toBe(
      'Hello Ana Meyer,\n\nA credit of 5000 JPY for Hafen awaits a decision.\n\nNordwind GmbH\n',
    );
    expect(mail.html).not.toContain('Reason');
    expect(mail.html).not.toContain('href');
  });
});

describe('hostile names', () => {
  const hostile = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '{{ recipientName }}{% include "x" %}{{ "a" | raw }}',
    'Mara\r\nBcc: everybody@example.com\r\n\r\n<b>body</b>',
    'Mara\u2028Bcc: x\u0000\u0085y',
  ];

  it.each(hostile)('%j stays a word, in the subject, the text and the HTML', (leadName) => {
    const data = { ...aLead, leadName, reason: leadName };
    const mail = renderMail(
      'lead_rejected',
      own({ bodyHtml: '<a title="{{ leadName }}" rel=\'{{ reason }}\'>{{ leadName }}</a>' }),
      data,
      sampleCommon,
    );
    expect(mail.subject).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    // What is left of the HTML without the template's own tag has no tag, and no quote that could end an attribute.
    const [, title, rel, inside] = /^<a title="([^"]*)" rel='([^']*)'>([^<]*)<\/a>$/.exec(mail.html) ?? [];
    for (const place of [title, rel, inside]) expect(place).toBeDefined();
    // A name is never run as a template of its own.
    expect(mail.text).toContain(`Your lead ${leadName} was rejected.`);
  });

  it('never get a tag into the HTML, nor a line into the subject, whatever they are', () => {
    const template = own({
      subject: '{{ leadName }}',
      bodyHtml: '[{{ leadName | append: reason | upcase }}]',
    });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (leadName, reason) => {
        const mail = renderMail('lead_rejected', template, { ...aLead, leadName, reason }, sampleCommon);
        expect(mail.html).not.toMatch(/[<>"']/);
        expect(mail.subject).not.toMatch(/[\r\n\0]/);
      }),
    );
  });
});

describe('a template of one’s own', () => {
  it('uses the event’s variables, conditions, and filters for words', () => {
    const mail = renderMail(
      'payout_paid',
      {
        subject: '{{ payoutNumber }} {{ paymentDate | date: "%d.%m.%Y" }}',
        bodyText: '{% if openAmount == "0.00" %}settled{% else %}open {{ openAmount }}{% endif %}',
        bodyHtml:
          '{% capture who %}{{ partnerName | upcase }}{% endcapture %}<b>{{ who | default: "x" }}</b>',
      },
      { ...definitionOf('payout_paid').sample, openAmount: 1205, paymentDate: '2026-06-12' },
      sampleCommon,
    );
    expect(mail).toEqual({
      subject: 'PO-2026-00017 12.06.2026',
      text: 'open 12.05',
      html: '<b>HAFEN IMMOBILIEN</b>',
    });
  });

  it('is refused with its line and what is unknown in it, also in a branch not taken', () => {
    expect(faults({ bodyText: 'Hello\n\n{% if leadName == "nobody" %}{{ leadname }}{% endif %}' })).toEqual([
      {
        path: 'bodyText',
        message:
          'Text, line 3: there is no variable “leadname”. There are leadName, partnerName, reason, recipientName, organizationName, appUrl.',
      },
    ]);
    expect(
      faults({ subject: '{{ payoutNumber }}', bodyHtml: '{{ a }}\n{{ b }}' }).map((field) => field.path),
    ).toEqual(['subject', 'bodyHtml', 'bodyHtml']);
  });

  it('that hands over a link has it in the text and in the HTML, and never in the subject', () => {
    const words = defaultTemplate('partner_user_invited');
    const wrong = (changes: Partial<MailTemplate>) => {
      try {
        checkTemplate('partner_user_invited', { ...words, ...changes });
      } catch (error) {
        if (error instanceof DomainError) return error.fields;
        throw error;
      }
      return [];
    };
    const missing = '“invitationLink” is missing. Without it nobody gets in.';
    expect(wrong({ bodyText: 'Welcome.', bodyHtml: '<p>{{ invitationLink | truncate: 10 }}</p>' })).toEqual([
      { path: 'bodyText', message: `Text: ${missing}` },
      { path: 'bodyHtml', message: `HTML: ${missing}` },
    ]);
    expect(wrong({ bodyText: '{% if invitationLink %}Welcome.{% endif %}' })).toHaveLength(1);
    expect(wrong({ subject: '{% assign x = invitationLink %}{{ x }}' })).toEqual([
      {
        path: 'subject',
        message: 'Subject: “invitationLink” lets in whoever reads it and doesn’t belong in a subject.',
      },
    ]);
    expect(wrong({ bodyHtml: '<a href="{{ invitationLink }}">Come in</a>' })).toEqual([]);
  });

  it.each([
    ['{{ leadName | raw }}', 'the filter “raw” can’t be used here'],
    ['{% include "/etc/passwd" %}', 'the tag “include” can’t be used here'],
    ['{% render "x" %}', 'the tag “render” can’t be used here'],
    ['{% layout "x" %}', 'the tag “layout” can’t be used here'],
    ['{% for i in (1..100000000) %}x{% endfor %}', 'the tag “for” can’t be used here'],
    ['{% liquid\n echo leadName %}', 'the tag “liquid” can’t be used here'],
    ['{{ leadName.constructor }}', 'there is no variable “leadName.constructor”'],
    ['{{ leadName.__proto__ }}', 'there is no variable “leadName.__proto__”'],
    ['{{ constructor }}', 'there is no variable “constructor”'],
    ['{{ leadName', 'not closed'],
    ['{% if leadName %}', 'not closed'],
    ['{{ "2026-01-01" | date: "%9999999d" }}', 'memory alloc limit exceeded'],
  ])('can’t use %s', (source, reason) => {
    const [fault, ...others] = faults({ bodyHtml: source });
    expect(others).toEqual([]);
    expect(fault?.message).toContain(reason);
    expect(fault?.message).toMatch(/^HTML, line 1: /);
  });

  it.each([
    ['{% capture a %}{{ a }}{{ a }}{% endcapture %}', 24],
    ['{% capture a %}{{ a }}{{ a }}{% endcapture %}', 60],
    ['{% assign a = a | replace: "a", a %}', 30],
  ])('can’t double what it says with %s, %i times', (line, times) => {
    const source = `{% assign a = "aaaaaaaaaa" %}${line.repeat(times)}{{ a }}`;
    for (const part of ['subject', 'bodyText', 'bodyHtml'] as const) {
      expect(faults({ [part]: source }).map((fault) => fault.path)).toEqual([part]);
    }
    // Nor where the check was of an older version.
    const mail = () => renderMail('lead_rejected', own({ bodyText: source }), aLead, sampleCommon);
    expect(mail).toThrow(/longer than|limit exceeded|Invalid string length|comes to/);
  });

  it('can’t grow beyond all bounds', () => {
    const doubling = `{% assign a = leadName %}${'{% assign a = a | append: a %}'.repeat(40)}{{ a }}`;
    const [fault] = faults({ bodyText: doubling });
    expect(fault?.message).toMatch(/^Text, line 1: memory alloc limit exceeded/);
  });
});
