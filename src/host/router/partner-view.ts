import { getEventIteratorSchemaDetails } from '@orpc/contract';
import * as z from 'zod';
import { restrictedFields } from '#contract/base.ts';
import { withoutSharedCaps } from '#domain/credit-caps.ts';
import type { Session } from '../session.ts';

/**
 * An answer as a partner's own users see it: what the contract calls `internal` is null, so is a `person` who is none of
 * theirs, and what is `explained` is so without the figures that are shared with other partners. It follows the schema of the answer, so that a field is hidden where it is declared and nowhere else.
 */
export function partnerView(schema: unknown, value: unknown, session: Session): unknown {
  if (!(schema instanceof z.ZodType) || value === null || value === undefined) return value;
  const restricted = restrictedFields.get(schema);
  if (restricted !== undefined) {
    if (restricted.shown === 'without shared caps') {
      return typeof value === 'string' ? withoutSharedCaps(value) : value;
    }
    const isShown =
      restricted.shown === 'own people' && typeof value === 'string' && session.ownPeople.has(value);
    return isShown ? value : null;
  }
  if (schema instanceof z.ZodObject) return viewOfObject(schema, value, session);
  if (schema instanceof z.ZodArray) {
    return Array.isArray(value)
      ? value.map((item: unknown) => partnerView(schema.element, item, session))
      : value;
  }
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return partnerView(schema.unwrap(), value, session);
  }
  if (schema instanceof z.ZodPipe) return partnerView(schema.out, value, session);
  if (schema instanceof z.ZodUnion) {
    // Whichever of them it is: what one of them hides is hidden.
    return schema.options.reduce<unknown>((seen, option) => partnerView(option, seen, session), value);
  }
  return value;
}

function viewOfObject(schema: z.ZodObject, value: unknown, session: Session): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const fields = new Map<string, unknown>(Object.entries(schema.shape));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, partnerView(fields.get(key), each, session)]),
  );
}

/** The schema of one event of a stream. */
export function eventSchemaOf(schema: Parameters<typeof getEventIteratorSchemaDetails>[0]): unknown {
  return getEventIteratorSchemaDetails(schema)?.yields;
}
