import { describe, expect, test } from 'vitest';
import * as vocabulary from '#domain/vocabulary.ts';

describe('vocabulary', () => {
  test('each kind of partner gets its own kind of source', () => {
    expect(vocabulary.partnerTypeToSourceType).toEqual({
      portal: 'property_portal',
      channel_partner: 'channel_partner',
      vendor: 'vendor_reference',
      customer: 'customer_reference',
    });
    expect(Object.keys(vocabulary.partnerTypeToSourceType).sort()).toEqual(
      [...vocabulary.partnerTypes].sort(),
    );
    expect(Object.values(vocabulary.partnerTypeToSourceType).sort()).toEqual(
      [...vocabulary.sourceTypes].sort(),
    );
  });

  test('no list says a word twice, and every word is snake_case', () => {
    const lists = Object.values(vocabulary).filter((value) => Array.isArray(value));
    expect(lists.length).toBeGreaterThanOrEqual(13);
    for (const list of lists) {
      expect(new Set(list).size).toBe(list.length);
      for (const word of list) expect(word).toMatch(/^[a-z]+[0-9]*(_[a-z]+)*$/);
    }
  });

  test('isOneOf knows its words and nothing else', () => {
    expect(vocabulary.isOneOf(vocabulary.paymentMethods, 'wire')).toBe(true);
    for (const other of ['Wire', 'cash', '', undefined, null, 0, ['wire'], 'constructor']) {
      expect(vocabulary.isOneOf(vocabulary.paymentMethods, other)).toBe(false);
    }
  });
});
