import { type AnyContractProcedure, getEventIteratorSchemaDetails } from '@orpc/contract';
import * as z from 'zod';
import { restrictedFields } from '#contract/base.ts';
import type { Client } from '#test/support/host.ts';

/** Calls by their path in the contract, for tests that walk all of it. */

export interface Answer {
  /** The refusal; undefined where the call was answered. */
  code: string | undefined;
  message: string | undefined;
  data: unknown;
  value: unknown;
}

/** Calls what `leads.approve` names. A stream is read to its end. */
export async function call(client: Client, path: string, input: unknown): Promise<unknown> {
  let step: unknown = client;
  for (const key of path.split('.')) step = (step as Record<string, unknown>)[key];
  const value = await (step as (given: unknown) => Promise<unknown>)(input);
  const isStream = typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
  if (!isStream) return value;
  const events: unknown[] = [];
  for await (const event of value as AsyncIterable<unknown>) {
    events.push(event);
    // Live changes go on until the session ends.
    if (path === 'changes.subscribe') break;
  }
  return events;
}

/** How a call ends, whichever way. What is no refusal of ours is thrown on. */
export async function answerOf(ending: Promise<unknown>): Promise<Answer> {
  try {
    return { code: undefined, message: undefined, data: undefined, value: await ending };
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') throw error;
    const data = 'data' in error ? error.data : undefined;
    return { code: error.code, message: error.message, data, value: undefined };
  }
}

/** The fields of a procedure's input that take an id, dotted: `params.id`. */
export function idFieldsOf(procedure: AnyContractProcedure): string[] {
  const ids = inputsOf(procedure).filter(({ schema }) => isId(schema));
  return [...new Set(ids.map(({ path }) => path))];
}

/** Whether a field takes an id of a row, as the contract has them. */
export function isId(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodGUID || schema instanceof z.ZodUUID;
}

export interface InputField {
  /** Dotted; a list has the path of its items, a record that of its values. */
  path: string;
  schema: z.core.$ZodType;
}

/** What a procedure's input is made of, down to what has no parts. */
export function inputsOf(procedure: AnyContractProcedure): InputField[] {
  const schema = procedure['~orpc'].inputSchema;
  if (schema === undefined) return [];
  if (!(schema instanceof z.ZodType)) throw new Error('An input that is no schema of zod: look at it here.');
  return fieldsOf(schema, '');
}

const leaves = [
  z.ZodString,
  z.ZodStringFormat,
  z.ZodNumber,
  z.ZodBoolean,
  z.ZodEnum,
  z.ZodLiteral,
  z.ZodNull,
  z.ZodUndefined,
  z.ZodVoid,
  z.ZodFile,
];

/** Throws for a kind of schema it does not know: an id in there would be one that no test tries. */
export function fieldsOf(schema: z.core.$ZodType, path: string): InputField[] {
  if (leaves.some((leaf) => schema instanceof leaf)) return [{ path, schema }];
  if (schema instanceof z.ZodObject) {
    return Object.entries<z.core.$ZodType>(schema.shape).flatMap(([key, field]) =>
      fieldsOf(field, path === '' ? key : `${path}.${key}`),
    );
  }
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element, path);
  if (schema instanceof z.ZodRecord) return fieldsOf(schema.valueType, path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => fieldsOf(option, path));
  if (schema instanceof z.ZodIntersection) {
    return [...fieldsOf(schema.def.left, path), ...fieldsOf(schema.def.right, path)];
  }
  if (schema instanceof z.ZodPipe) {
    // What comes in, unless it is made into something first: then what that is checked to be.
    return fieldsOf(schema.in instanceof z.ZodTransform ? schema.out : schema.in, path);
  }
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNonOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return fieldsOf(schema.unwrap(), path);
  }
  throw new Error(`${path} is a ${schema.constructor.name}: say here whether an id may be in it.`);
}

/** The fields of an answer that a partner's own users see as they are, dotted. */
export function visibleFields(schema: unknown, path = ''): string[] {
  if (!(schema instanceof z.ZodType) || restrictedFields.has(schema)) return [];
  const events = getEventIteratorSchemaDetails(schema)?.yields;
  if (events !== undefined) return visibleFields(events, path);
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([key, field]) =>
      visibleFields(field, path === '' ? key : `${path}.${key}`),
    );
  }
  if (schema instanceof z.ZodArray) return visibleFields(schema.element, path);
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option: unknown) => visibleFields(option, path));
  }
  if (schema instanceof z.ZodPipe) return visibleFields(schema.out, path);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return visibleFields(schema.unwrap(), path);
  }
  return [path];
}

/** The input with another id in the field; in a list of ids, as the only one. */
export function withField(input: object, field: string, id: string): object {
  const copy: Record<string, unknown> = structuredClone({ ...input });
  const keys = field.split('.');
  const last = keys.pop() ?? '';
  let holder = copy;
  for (const key of keys) {
    const at = holder[key];
    // A list of objects, or of what may be one: one object is enough.
    if (Array.isArray(at)) holder[key] = [typeof at[0] === 'object' ? at[0] : {}];
    holder = (Array.isArray(holder[key]) ? holder[key][0] : at) as Record<string, unknown>;
  }
  const isList = Array.isArray(holder[last]) || last === 'leads';
  holder[last] = isList ? [id] : id;
  return copy;
}
