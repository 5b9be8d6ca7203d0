import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  definitionOf,
  isNotificationEvent,
  notificationEventNames,
  notificationTitle,
  type StoredNotificationData,
  variablesInWords,
} from '#domain/notifications.ts';

describe('the table of events', () => {
  it.each(notificationEventNames)('says of %s only what it knows, and whom it is for', (event) => {
    const { title, paragraphs, variables, sample, audience } = definitionOf(event);
    const named = [title, ...paragraphs].flatMap((line) =>
      [...line.matchAll(/\{\{ (\w+) \}\}/g)].map((match) => match[1] ?? ''),
    );
    for (const name of named) expect(Object.keys(variables)).toContain(name);
    // No braces but those around a name.
    expect([title, ...paragraphs].join('').replaceAll(/\{\{ \w+ \}\}/g, '')).not.toMatch(/[{}]/);
    expect(Object.keys(sample).toSorted()).toEqual(Object.keys(variables).toSorted());
    // An amount is nothing without its currency.
    const hasMoney = Object.values(variables).includes('money');
    expect(hasMoney).toBe('currency' in variables);
    expect(audience.length).toBeGreaterThan(0);
  });

  it('knows its events by their names, and no other word', () => {
    expect(isNotificationEvent('lead_approved')).toBe(true);
    for (const word of ['', 'lead', 'toString', '__proto__', 'constructor']) {
      expect(isNotificationEvent(word)).toBe(false);
    }
  });
});

describe('the words of a notification', () => {
  it.each([
    ['EUR', 126000, '1260.00'],
    ['JPY', 126000, '126000'],
    ['KWD', 126000, '126.000'],
    ['EUR', -5, '-0.05'],
  ])('show an amount in the decimals of %s', (currency, amount, shown) => {
    const data = { partnerName: 'Hafen', leadName: null, amount, currency };
    expect(variablesInWords('credit_approved', data)).toEqual({
      partnerName: 'Hafen',
      leadName: '',
      amount: shown,
      currency,
    });
    expect(notificationTitle('credit_approved', data)).toBe(`A credit of ${shown} ${currency} was approved`);
  });

  it('are the event’s own variables and nothing else, whatever is stored', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.constant(null));
    fc.assert(
      fc.property(
        fc.constantFrom(...notificationEventNames),
        fc.dictionary(fc.string(), value),
        (event, others) => {
          const data: StoredNotificationData = { ...others, ...definitionOf(event).sample };
          const words = variablesInWords(event, data);
          expect(Object.keys(words).toSorted()).toEqual(
            Object.keys(definitionOf(event).variables).toSorted(),
          );
          expect(words).toEqual(variablesInWords(event, definitionOf(event).sample));
        },
      ),
    );
  });

  it('put a name into the title as it is, even where it looks like a template or a replacement', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('{{ reason }}', '$&$1$`', '$$')), (leadName) => {
        const data = { leadName, partnerName: 'p', reason: 'secret' };
        expect(notificationTitle('lead_rejected', data)).toBe(`Lead ${leadName} was rejected`);
      }),
    );
  });
});
