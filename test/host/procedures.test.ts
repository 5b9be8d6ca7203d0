import { oc } from '@orpc/contract';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { id } from '#contract/base.ts';
import { contract } from '#contract/index.ts';
import { idFieldsOf, inputsOf, isId } from './procedures.ts';

const taking = (input: z.ZodType) => oc.input(input);

describe('the ids that the matrix tests try', () => {
  it.each<[string, z.ZodType, string[]]>([
    ['an object', z.object({ id, name: z.string() }), ['id']],
    ['an object in another', z.object({ params: z.object({ id }) }), ['params.id']],
    ['a list', z.object({ ids: z.array(id).min(1) }), ['ids']],
    ['a list of objects', z.object({ lines: z.array(z.object({ creditId: id })) }), ['lines.creditId']],
    [
      'what may be left out',
      z.object({ a: id.optional(), b: id.nullish(), c: id.nullable() }),
      ['a', 'b', 'c'],
    ],
    ['what has a default', z.object({ ids: z.array(id).default([]) }), ['ids']],
    ['one of several', z.union([z.object({ id }), z.object({ code: z.string() })]), ['id']],
    [
      'one of several told apart by a word',
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('a'), partnerId: id }),
        z.object({ kind: z.literal('b'), input: z.object({ leadId: id }) }),
      ]),
      ['partnerId', 'input.leadId'],
    ],
    ['two together', z.object({ id }).and(z.object({ leadId: id })), ['id', 'leadId']],
    ['values by their key', z.object({ by: z.record(z.string(), id) }), ['by']],
    ['what is made into something', z.object({ id: id.transform((text) => text.length) }), ['id']],
    ['what is made of something', z.object({ id: z.preprocess((text) => text, id) }), ['id']],
  ])('are found in %s', (_where, input, fields) => {
    expect(idFieldsOf(taking(input))).toEqual(fields);
  });

  it('are not guessed in a kind of input that nobody has looked at', () => {
    expect(() => idFieldsOf(taking(z.object({ anything: z.unknown() })))).toThrow(/anything is a ZodUnknown/);
    expect(() => idFieldsOf(taking(z.object({ later: z.lazy(() => id) })))).toThrow(/later is a ZodLazy/);
  });

  /**
   * Fields called an id that name no row by it: a word that the caller chose, the same for a repeat; numbers of the tax office and the bank; the
   * office's own codes of projects and campaigns, which mean nothing in another.
   */
  const otherwise = /(^|\.)(commandId|taxId|companyId|projectId|campaignId)$/;

  it('are ids to the contract wherever a field is called one', () => {
    const strangers = Object.entries(contract).flatMap(([resource, calls]) =>
      Object.entries(calls).flatMap(([name, procedure]) =>
        inputsOf(procedure)
          .filter(({ path, schema }) => /(^|\.)(id|\w+Ids?)$/.test(path) && !isId(schema))
          .map(({ path }) => path)
          .filter((path) => !otherwise.test(path))
          .map((path) => `${resource}.${name} ${path}`),
      ),
    );
    expect(strangers).toEqual([]);
  });
});
