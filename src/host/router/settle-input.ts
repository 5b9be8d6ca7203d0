import * as z from 'zod';
import { commandFields } from '#contract/base.ts';
import { dayOf } from '#domain/calendar.ts';

/**
 * Callers say in three ways that they have nothing to say: they leave a field out, send null, or send empty text; and some
 * send an instant where a day is asked. Where only one thing can be meant, the contract's way to say it takes the place of
 * theirs, so that every optional field takes all three, and every day an instant of it.
 */

type Fields = Record<string, z.core.$ZodType>;

interface Manner {
  /** A change that empties what can't be empty is refused: overlooking it would look as if it had been done. */
  isPatch: boolean;
  /** In which an instant is on one day or the next; undefined before anyone is signed in. */
  zone: string | undefined;
}

/** The schema inside of what makes it optional, nullable, defaulted or transformed. */
function inside(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return inside(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? inside(schema.in) : schema;
}

const accepts = (schema: z.core.$ZodType, value: unknown): boolean => z.safeParse(schema, value).success;

const isText = (schema: z.core.$ZodType): boolean =>
  ['string', 'enum'].includes(inside(schema)._zod.def.type);

const isDayField = (schema: z.core.$ZodType): boolean => inside(schema) instanceof z.ZodISODate;

const anInstant = z.iso.datetime({ offset: true });

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function settle(fields: Fields, input: Record<string, unknown>, manner: Manner): void {
  for (const [name, field] of Object.entries(fields)) {
    const value = input[name];
    if (value === undefined) continue;
    if (isRecord(value)) {
      const nested = inside(field);
      if (nested instanceof z.ZodObject) settle(nested.shape, value, manner);
    } else if (value === null || value === '') {
      // An empty amount is no amount to move: numbers are told by null or not at all.
      if ((value === '' && !isText(field)) || accepts(field, value)) continue;
      if (value === '' && accepts(field, null)) input[name] = null;
      else if (accepts(field, undefined) && (!manner.isPatch || name in commandFields)) delete input[name];
    } else if (manner.zone !== undefined && isDayField(field)) {
      const instant = anInstant.safeParse(value);
      if (instant.success) input[name] = dayOf(new Date(instant.data).toISOString(), manner.zone);
    }
  }
}

/** Settles the fields of a raw input in place, before it is validated against its schema. */
export function settleInput(
  schema: unknown,
  input: unknown,
  { method, zone }: { method: string | undefined; zone: string | undefined },
): void {
  if (!(schema instanceof z.ZodObject) || !isRecord(input)) return;
  settle(schema.shape, input, { isPatch: method === 'PATCH', zone });
}
