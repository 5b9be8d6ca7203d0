import { invalidField } from '#domain/errors.ts';
import { isUuid } from '../../database/codec.ts';
import { decodeCursor } from '../paging.ts';

const instantShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function notOurs(): Error {
  return invalidField('cursor', 'This page marker is not from this list. Start again without it.');
}

/**
 * The instant and id that a page of a newest-first list ended at. Throws `VALIDATION` for anything else: PostgreSQL would
 * fail on text that is no instant or id, where SQLite just compares it.
 */
export function readTimeCursor(cursor: string): { createdAt: string; id: string } {
  const [createdAt, id] = decodeCursor(cursor, ['string', 'string']);
  const isInstant =
    typeof createdAt === 'string' && instantShape.test(createdAt) && !Number.isNaN(Date.parse(createdAt));
  if (!isInstant || !isUuid(id)) throw notOurs();
  return { createdAt, id };
}

/** The id that a page of a list in the order of its ids ended at. Throws `VALIDATION` for anything else. */
export function readIdCursor(cursor: string): string {
  const [id] = decodeCursor(cursor, ['string']);
  if (!isUuid(id)) throw notOurs();
  return id;
}
