import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract } from '#contract/index.ts';
import { composeHost, createLog, type Host, type HttpServer, serveHttp } from '#host/index.ts';
import { type Described, operationsOf, problemsOf } from './structure.ts';

/** The routes of the REST face that the design names (`api.md`), each with its method. */
const routes = `
  GET /health
  POST /setup
  POST /auth/login
  POST /auth/logout
  GET /auth/me
  GET /staff
  POST /staff
  PATCH /staff/{id}
  GET /partners
  POST /partners
  GET /partners/{id}
  PATCH /partners/{id}
  GET /partners/by-code/{partnerCode}
  POST /partners/{id}/approve
  POST /partners/{id}/reject
  POST /partners/{id}/suspend
  POST /partners/{id}/deactivate
  POST /partners/{id}/reactivate
  POST /partners/{id}/reapply
  POST /partners/{id}/banking/verify
  POST /partners/{id}/banking/reveal
  GET /partners/{id}/stats
  GET /partners/{id}/stats/monthly
  GET /partners/{id}/ledger
  GET /partners/{id}/users
  POST /partners/{id}/users
  PATCH /partner-users/{id}
  POST /partner-users/{id}/password
  POST /partner-users/{id}/deactivate
  GET /partners/{id}/sources
  POST /partners/{id}/sources
  GET /partners/{id}/sources/{sourceId}/stats
  GET /partners/{id}/source-stats
  GET /sources/by-code/{sourceCode}
  PATCH /sources/{id}
  POST /sources/{id}/deactivate
  GET /partners/{id}/credit-policies
  POST /partners/{id}/credit-policies
  GET /credit-policies/{id}
  PATCH /credit-policies/{id}
  POST /credit-policies/{id}/approve
  POST /credit-policies/{id}/deactivate
  POST /credit-policies/simulate
  POST /partners/{id}/leads
  POST /partners/{id}/leads/import
  GET /leads
  GET /leads/{id}
  PATCH /leads/{id}
  GET /leads/review-queue
  POST /leads/{id}/claim
  POST /leads/{id}/release
  POST /leads/{id}/approve
  POST /leads/{id}/reject
  POST /leads/{id}/convert
  POST /leads/bulk
  GET /leads/{id}/policy-mappings
  GET /leads/{id}/applicable-policies
  GET /credits
  POST /leads/{id}/credits
  POST /credits/{id}/approve
  POST /credits/{id}/reject
  POST /credits/{id}/reverse
  POST /payouts/generate
  GET /payouts
  GET /payouts/{id}
  GET /payouts/{id}/lines
  POST /payouts/{id}/lines
  POST /payout-lines/{id}/approve
  POST /payout-lines/{id}/reject
  POST /payouts/{id}/approve
  POST /payouts/{id}/reject
  POST /payouts/{id}/cancel
  POST /payouts/{id}/pay
  GET /payouts/stats
  POST /payouts/export
  GET /activities
  GET /activities/verify
  GET /ledger/verify
  GET /notifications
  POST /notifications/{id}/read
`
  .trim()
  .split(/\n\s*/);

const statusOf = (each: Described) => Object.keys(each.operation.responses).map(Number);
const nameOf = ({ method, path }: Described) => `${method.toUpperCase()} ${path}`;

describe('the description of the REST face', () => {
  let folder: string;
  let host: Host;
  let server: HttpServer;
  let document: unknown;
  let operations: Described[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-openapi-'));
    host = await composeHost({ dataFolder: folder, log: createLog('silent') });
    server = await serveHttp(host, { port: 0, screens: join(folder, 'no-screens') });
    const answer = await fetch(`${server.url}/api/v1/openapi.json`);
    document = await answer.json();
    operations = operationsOf(document);
  });
  afterAll(async () => {
    await server.close();
    await host.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The names of those of which something is so; what is expected is none. */
  const where = (isSo: (each: Described) => boolean) => operations.filter(isSo).map(nameOf);

  it('is what OpenAPI 3.1 allows', () => {
    expect(problemsOf(document)).toEqual([]);
  });

  it.each<[string, (draft: Record<string, unknown>) => void, string]>([
    ['a summary that is none', (draft) => Object.assign(first(draft), { summary: 7 }), 'summary is no text'],
    [
      'an answer without a description',
      (draft) => Object.assign(first(draft), { responses: { 200: {} } }),
      '200 has no description',
    ],
    [
      'a status that is none',
      (draft) => Object.assign(first(draft), { responses: { 20: {} } }),
      'has the key 20',
    ],
    [
      'a field nobody knows',
      (draft) => Object.assign(first(draft), { nonsense: 1 }),
      'nonsense that is not of',
    ],
    ['an older version', (draft) => Object.assign(draft, { openapi: '3.0.3' }), 'is not 3.1'],
    [
      'a reference that leads nowhere',
      (draft) => Object.assign(draft, { components: { schemas: { A: { $ref: '#/components/schemas/B' } } } }),
      '#/components/schemas/B leads nowhere',
    ],
    [
      'a schema with a type that is none',
      (draft) => Object.assign(draft, { components: { schemas: { A: { type: 'money' } } } }),
      'is none of null',
    ],
    [
      'a required field that is not there',
      (draft) =>
        Object.assign(draft, { components: { schemas: { A: { required: ['b'], properties: {} } } } }),
      'requires b',
    ],
  ])('would be found out with %s', (_what, spoil, problem) => {
    const draft = structuredClone(document) as Record<string, unknown>;
    spoil(draft);
    expect(problemsOf(draft).join('\n')).toContain(problem);
  });

  const first = (draft: Record<string, unknown>): object =>
    (draft as { paths: Record<string, Record<string, object>> }).paths['/health']!['get']!;

  it('has every route of the design, with its method', () => {
    const described = new Set(operations.map(nameOf));
    expect(routes.filter((route) => !described.has(route))).toEqual([]);
    expect(new Set(routes).size).toBe(80);
  });

  it('has every call of the contract that has a path, once', () => {
    const withPath = Object.entries(contract).flatMap(([resource, calls]) =>
      Object.entries(calls)
        .filter(([, procedure]) => procedure['~orpc'].route.path !== undefined)
        .map(([name]) => `${resource}.${name}`),
    );
    expect(operations.map(({ operation }) => operation.operationId).toSorted()).toEqual(withPath.toSorted());
    const places = operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`);
    expect(new Set(places).size).toBe(places.length);
  });

  it('says of each what it is for, and under what it is listed', () => {
    expect(where(({ operation }) => (operation.summary ?? '').length < 4)).toEqual([]);
    expect(where(({ operation }) => operation.tags?.length !== 1)).toEqual([]);
  });

  it('declares every parameter of a path, and none that the path has not', () => {
    const inPath = ({ operation }: Described) =>
      (operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => name);
    const named = ({ path }: Described) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
    const inOrder = (names: string[]) => new Set(names).size === names.length && names.toSorted().join();
    expect(where((each) => inOrder(inPath(each)) !== inOrder(named(each)))).toEqual([]);
    expect(
      where(({ operation }) => {
        const names = (operation.parameters ?? []).map((each) => `${each.in} ${each.name}`);
        return new Set(names).size !== names.length;
      }),
    ).toEqual([]);
  });

  it('says what each answers: one success with its schema, and the refusals with their codes', () => {
    expect(where((each) => statusOf(each).filter((status) => status < 400).length !== 1)).toEqual([]);
    expect(
      where(({ operation }) =>
        Object.values(operation.responses).some(({ content }) => Object.keys(content ?? {}).length === 0),
      ),
    ).toEqual([]);
    expect(where((each) => !statusOf(each).includes(400))).toEqual([]);
    const isOpen = ({ operation }: Described) => operation.security?.length === 0;
    expect(where(isOpen).toSorted()).toEqual(
      expect.arrayContaining(['GET /health', 'POST /auth/login', 'POST /setup']),
    );
    expect(
      where((each) => !isOpen(each) && ![401, 403].every((one) => statusOf(each).includes(one))),
    ).toEqual([]);
    // What is looked up by an id may not be there.
    expect(where((each) => each.path.includes('{id}') && !statusOf(each).includes(404))).toEqual([]);
    const refusals = operations.flatMap(({ operation }) =>
      Object.entries(operation.responses).filter(([status]) => Number(status) >= 400),
    );
    const codes = /^[A-Z_]+(, [A-Z_]+)*$/;
    expect(refusals.filter(([, { description }]) => !codes.test(description))).toEqual([]);
  });

  it('describes files as files: what is sent to the calls that take one, and what comes back', () => {
    const bodies = operations
      .filter(({ operation }) => 'multipart/form-data' in (operation.requestBody?.content ?? {}))
      .map((each) => [nameOf(each), Object.keys(each.operation.requestBody!.content)[0]]);
    expect(bodies).toEqual([
      ['POST /partners/{id}/documents/upload', 'application/pdf'],
      ['POST /partners/{id}/leads/import', 'text/csv'],
    ]);
  });

  it('describes streams as streams of events, whose data has a schema', () => {
    const streams = operations.flatMap((each) => {
      const { schema } = each.operation.responses['200']?.content?.['text/event-stream'] ?? {};
      return schema === undefined ? [] : [[nameOf(each), JSON.stringify(schema).includes('"data":{')]];
    });
    expect(streams).toEqual([
      ['POST /leads/rescore', true],
      ['GET /jobs/{id}/watch', true],
      ['POST /credit-policies/simulate/stream', true],
      ['GET /changes', true],
    ]);
  });

  it('is shown as a page', async () => {
    const page = await fetch(`${server.url}/api/v1/docs`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
  });
});
