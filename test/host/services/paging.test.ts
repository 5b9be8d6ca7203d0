import { describe, expect, it } from 'vitest';
import { cutPage, decodeCursor, encodeCursor } from '#host/services/paging.ts';

const id = '01890000-0000-7000-8000-000000000000';
const instant = '2026-06-15T12:00:00.000Z';
const forge = (values: unknown) => Buffer.from(JSON.stringify(values)).toString('base64url');

describe('page markers', () => {
  it('come back as they were made', () => {
    const values = [7550, instant, id, 'A-1'] as const;
    expect(decodeCursor(encodeCursor(values), ['integer', 'instant', 'id', 'text'])).toEqual(values);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', 'ßß'],
    ['another list’s', encodeCursor([id])],
    ['too many values', encodeCursor([instant, id, id])],
    ['an instant that is none', encodeCursor(['2026-13-45T12:00:00.000Z', id])],
    ['an instant of another form', encodeCursor(['2026-06-15', id])],
    ['the year 0', encodeCursor(['0000-06-15T12:00:00.000Z', id])],
    ['an id that is none', encodeCursor([instant, "' or 1=1"])],
    ['null', forge([null, null])],
    ['an object', forge({ 0: instant, 1: id })],
  ])('are refused when they hold %s', (_what, cursor) => {
    expect(() => decodeCursor(cursor, ['instant', 'id'])).toThrow(
      expect.objectContaining({ code: 'VALIDATION' }),
    );
  });

  it.each([['a\0b'], ['\ud800']])('refuse text that a database can’t compare', (text) => {
    expect(() => decodeCursor(forge([text]), ['text'])).toThrow(
      expect.objectContaining({ code: 'VALIDATION' }),
    );
  });

  it('are given only where rows follow', () => {
    expect(cutPage([1, 2, 3], 2, (n) => [n])).toEqual({ items: [1, 2], nextCursor: encodeCursor([2]) });
    expect(cutPage([1, 2], 2, (n) => [n])).toEqual({ items: [1, 2], nextCursor: null });
  });
});
