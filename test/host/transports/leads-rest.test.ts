import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultScoreWeights } from '#domain/quality-score.ts';
import { composeHost, createLog, type Host, type HttpServer, serveHttp } from '#host/index.ts';
import { today } from '#test/support/today.ts';

interface Body {
  id: string;
  token: string;
  version: number;
  status: string;
  code: string;
  leadId: string;
  items: { id: string; why: string; body: string; name: string; status: string }[];
}

describe('the work on leads over REST', () => {
  let folder: string;
  let host: Host;
  let server: HttpServer;
  let token = '';
  let partnerId = '';

  const fetched = (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
  const rest = async (method: string, path: string, body?: object) => {
    const answer = await fetched(method, path, body);
    return { status: answer.status, body: (await answer.json()) as Body };
  };
  let people = 0;
  const submit = async (more: object = {}) => {
    people += 1;
    const leadData = {
      firstName: 'Zoë',
      lastName: `Müller ${people}`,
      email: `zoe-${people}@example.com`,
      phone: `+49 30 ${5_000_000 + people}`,
      ...more,
    };
    return (await rest('POST', `/partners/${partnerId}/leads`, { leadData })).body;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-http-'));
    host = await composeHost({ dataFolder: folder, log: createLog('silent') });
    server = await serveHttp(host, { port: 0, screens: join(folder, 'no-screens') });
    const admin = {
      email: 'admin@example.com',
      password: 'correct horse',
      firstName: 'Ada',
      lastName: 'Admin',
    };
    const setup = { organizationName: 'Wire Office', currency: 'EUR', timeZone: 'Europe/Berlin', admin };
    token = (await rest('POST', '/setup', setup)).body.token;
    await rest('PATCH', '/settings', { fourEyes: false });
    const partner = {
      organizationName: 'Hafen',
      partnerType: 'vendor',
      contactEmail: 'office@hafen.example',
    };
    partnerId = (await rest('POST', '/partners', partner)).body.id;
    await rest('POST', `/partners/${partnerId}/approve`, { override: true, reason: 'known for years' });
  });
  afterAll(async () => {
    await server.close();
    await host.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('searches, filters and counts', async () => {
    const lead = await submit();
    const found = await rest(
      'GET',
      `/leads?q=${encodeURIComponent('MULLER zoe-1@')}&overdue=false&linked=false`,
    );
    expect(found.body.items.map(({ id }) => id)).toEqual([lead.id]);
    expect((await rest('GET', '/leads/review-queue?overdue=true')).body.items).toEqual([]);
    const counts = await rest('GET', '/leads/review-queue/counts');
    expect(counts).toMatchObject({ status: 200, body: { waiting: 1, claimed: 0, overdue: 0, escalated: 0 } });
  });

  it('sets weights, scores again with progress, and tells the history', async () => {
    const lead = await submit();
    const scoreWeights = { ...defaultScoreWeights, email: 0, phone: 15 };
    expect((await rest('PUT', `/partners/${partnerId}/score-weights`, { scoreWeights })).status).toBe(200);
    const wrong = { ...scoreWeights, phone: 20 };
    expect((await rest('PUT', `/partners/${partnerId}/score-weights`, { scoreWeights: wrong })).status).toBe(
      400,
    );
    const heavy = { ...defaultScoreWeights, company: 0, firstName: 17.5 };
    await rest('PUT', `/partners/${partnerId}/score-weights`, { scoreWeights: heavy });
    expect((await rest('GET', `/partners/${partnerId}/score-weights`)).body).toMatchObject({ own: heavy });
    const stream = await (await fetched('POST', '/leads/rescore', { partnerId })).text();
    expect(stream).toContain('"type":"progress"');
    expect(stream).toContain('"type":"result"');
    const { items } = (await rest('GET', `/leads/${lead.id}/scores`)).body;
    expect(items.map(({ why }) => why)).toEqual(['rescoring', 'submission']);
  });

  it('keeps notes, hands over, and says what is no duplicate', async () => {
    const lead = await submit();
    const twin = await submit({ email: 'zoe-1@example.com' });
    expect((await rest('POST', `/leads/${lead.id}/notes`, { body: 'Called.' })).status).toBe(200);
    expect((await rest('GET', `/leads/${lead.id}/notes`)).body.items).toMatchObject([{ body: 'Called.' }]);
    const reviewerId = (await rest('GET', '/auth/me')).body.id;
    expect((await rest('POST', `/leads/${lead.id}/assign`, { reviewerId })).body.status).toBe('under_review');
    const path = `/leads/${twin.id}/not-duplicate`;
    expect((await rest('POST', path, { reason: 'Sisters' })).status).toBe(200);
    expect((await rest('POST', path, { reason: 'Sisters' })).status).toBe(409);
  });

  it('withdraws a conversion, which the entry of the lead follows', async () => {
    const { id } = await submit();
    const approved = (await rest('POST', `/leads/${id}/approve`, {})).body;
    const deal = { dealValue: 1000, conversionDate: today() };
    expect((await rest('POST', `/leads/${id}/convert`, deal)).body.status).toBe('converted');
    const entries = `/lead-entries?partnerId=${partnerId}&status=converted`;
    expect((await rest('GET', entries)).body.items).toHaveLength(1);
    const path = `/leads/${id}/withdraw-conversion`;
    expect((await rest('POST', path, {})).status).toBe(400);
    expect((await rest('POST', path, { reason: 'No deal' })).body.status).toBe('approved');
    expect((await rest('GET', `/lead-entries/${approved.leadId}`)).body.status).toBe('lost');
    expect((await rest('POST', path, { reason: 'No deal' })).status).toBe(409);
  });

  it('keeps, changes and removes views', async () => {
    const view = { list: 'leads', name: 'Late', filters: { overdue: true } };
    const { body } = await rest('POST', '/saved-views', view);
    expect((await rest('POST', '/saved-views', view)).status).toBe(409);
    expect((await rest('PATCH', `/saved-views/${body.id}`, { name: 'Later' })).body).toMatchObject({
      name: 'Later',
    });
    expect((await rest('GET', '/saved-views?list=leads')).body.items).toMatchObject([{ name: 'Later' }]);
    expect((await rest('DELETE', `/saved-views/${body.id}`)).status).toBe(200);
    expect((await rest('DELETE', `/saved-views/${body.id}`)).status).toBe(404);
  });
});
