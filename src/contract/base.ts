import { oc } from '@orpc/contract';
import * as z from 'zod';
import { type ErrorCode, errorStatus } from '#domain/errors.ts';
import { percentToRate } from '#domain/money.ts';
import type { Permission } from './permissions.ts';
import { sentenceFor } from './sentences.ts';

z.config({ customError: sentenceFor });

/** What the router reads of a procedure besides its schemas. */
export interface ProcedureMeta {
  /** The permission it takes; `public` needs no session, `signedIn` any session. */
  permission: Permission | 'public' | 'signedIn';
  /** Whether a partner's own users may call it too, where their role holds the permission. */
  partners?: boolean;
}

const errorData = z
  .object({
    fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    current: z.unknown().optional(),
  })
  .optional();

type ErrorMap<C extends ErrorCode> = Record<C, { status: number; data: typeof errorData }>;

function errorMap<C extends ErrorCode>(codes: readonly C[]): ErrorMap<C> {
  const map: Partial<ErrorMap<C>> = {};
  for (const code of codes) map[code] = { status: errorStatus[code], data: errorData };
  return map as ErrorMap<C>;
}

/**
 * Starts a procedure: its permission and the refusals it can answer with besides those every call can
 * (`VALIDATION`, and `UNAUTHENTICATED` and `FORBIDDEN` where it needs a session).
 */
export function procedure<C extends ErrorCode = never>(
  permission: ProcedureMeta['permission'],
  ...refusals: readonly C[]
) {
  return oc
    .$meta<ProcedureMeta>({ permission })
    .errors(errorMap(['VALIDATION', 'UNAUTHENTICATED', 'FORBIDDEN', ...refusals] as const));
}

/**
 * A procedure that a partner's own users may call as well, as far as the partner column of `permissions.ts` gives their
 * role the permission. Its service keeps them to their own partner (`services/own-partner.ts`) and shows them nothing internal.
 */
export function partnerProcedure<C extends ErrorCode = never>(
  permission: Permission,
  ...refusals: readonly C[]
) {
  return procedure(permission, ...refusals).meta({ permission, partners: true });
}

/** Ours are UUIDv7; any other id of that form is one that nothing has, and not a mistake of form. */
export const id = z.guid();
/**
 * Fields of an answer that a partner's own users don't see as staff do: `internal` ones not at all, `person` ones only
 * where the person is one of theirs. They get null instead; the router does it for every `partnerProcedure`. Of `explained` ones
 * they read what is no other partner's matter.
 */
export const restrictedFields = z.registry<{ shown: 'to staff' | 'own people' | 'without shared caps' }>();

/** Review notes, four-eyes marks, who of the staff decided: what goes on behind the counter. */
export function internal<T extends z.ZodType>(schema: T): z.ZodNullable<T> {
  const restricted = schema.nullable();
  restrictedFields.add(restricted, { shown: 'to staff' });
  return restricted;
}

/** How an amount came about, in words. */
export const explained = z.string().register(restrictedFields, { shown: 'without shared caps' });

/** Whoever did a thing, staff or a partner's user. */
export const person = id.nullable().register(restrictedFields, { shown: 'own people' });

/** Ten trillion in a currency with cents: beyond any deal, and far enough below 2^53 that sums and bonuses stay exact. */
export const largestAmount = 1_000_000_000_000_000;
/** Minor units (cents), never negative. */
export const money = z.int().min(0).max(largestAmount);
/** Minor units, never negative, of several amounts together: larger than any one of them may be. */
export const moneySum = z.int().min(0);
/** Minor units that may be below zero: reversals, balances. */
export const signedMoney = z.int();
export const count = z.int().min(0);
export const day = z.iso.date();
export const instant = z.iso.datetime();
export const currencyCode = z.string().regex(/^[A-Z]{3}$/, 'Use a three-letter currency code such as EUR.');

/** Percent as people say it: 15 is 15 %, at most 4 decimals. */
export const percent = z
  .number()
  .min(0)
  .max(100_000)
  .refine((value) => {
    try {
      percentToRate(value);
      return true;
    } catch {
      return false;
    }
  }, 'A percentage has at most 4 decimals.');

/** A quality score as shown: 0 to 100 with two decimals. */
export const score = z.number().min(0).max(100);

/** Text a person typed: trimmed, not empty, bounded. */
export const text = (max: number) => z.string().trim().min(1).max(max);

/** What people call a partner, a source, a policy, a project or a campaign by in lists and files. */
export const code = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'Use letters, digits, dots, dashes and underscores.');

/** A field that may be left out or emptied; both read as null. */
export const optionalText = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .nullish()
    .transform((value) => (value === undefined ? undefined : value === '' ? null : value));

export const reason = text(2000);

/** What every command may carry: the version it read, and an id that makes a repeat harmless. */
export const commandFields = {
  version: z.int().min(1).optional(),
  commandId: z.string().min(1).max(100).optional(),
};

/** REST hands query values over as text, the screens as what they are: both are read, anything else is refused. */
export const queryInt = (min: number, max: number) =>
  z
    .union([
      z.int(),
      z
        .string()
        .regex(/^-?\d{1,15}$/, 'Use a whole number.')
        .transform(Number),
    ])
    .pipe(z.int().min(min).max(max));
export const queryBoolean = z.union([
  z.boolean(),
  z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'] }),
]);
export const queryNumber = (min: number, max: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^-?\d{1,15}(\.\d+)?$/, 'Use a number.')
        .transform(Number),
    ])
    .pipe(z.number().min(min).max(max));

/** Keyset paging: hand `nextCursor` back as `cursor`; `total` is counted only where asked for. */
export const pageFields = {
  cursor: z.string().max(500).optional(),
  limit: queryInt(1, 500).default(50),
  total: queryBoolean.optional(),
};

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable(), total: count.optional() });

/** A list that is always short enough to come whole. */
export const whole = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.null() });

/** One answer per row of a bulk command. */
export const outcome = z.object({
  id,
  ok: z.boolean(),
  code: z.string().optional(),
  message: z.string().optional(),
});

/** What every stored row shows. */
export const rowFields = { id, version: z.int(), createdAt: instant, updatedAt: instant };
