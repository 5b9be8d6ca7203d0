import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createRouterClient } from '@orpc/server';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { largestDocument } from '#domain/documents.ts';
import { composeHost, createLog, type Host, type HttpServer, serveHttp } from '#host/index.ts';
import type { Session } from '#host/session.ts';
import { engines } from '#test/support/databases.ts';
import { type Client, type TestHost, testHost } from '#test/support/host.ts';
import { type TestTenant, testTenant } from '#test/support/people.ts';
import { actionsOf, lastDetails, refused, register, registerActive } from './setup.ts';

/** A PDF as far as anybody looks, with a content of its own. */
const pdf = (content: string) => Buffer.from(`%PDF-1.7\n${content}\n%%EOF\n`);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const described = { name: 'Register extract', kind: 'registration' } as const;

describe.each(engines)('documents of a partner on %s', (engine) => {
  let host: TestHost;
  let manager: Client['partnerDocuments'];
  let approver: Client['partnerDocuments'];
  let me: Session;
  beforeAll(async () => {
    host = await testHost(engine);
    manager = host.as('partner_manager').partnerDocuments;
    approver = host.as('approver').partnerDocuments;
    me = await host.session('partner_manager');
  });
  afterAll(() => host.close());

  const upload = (bytes: Buffer, fileName = 'extract.pdf', owner = me) =>
    host.context.uploads.receive(owner, fileName, Readable.from([bytes]));
  const addFile = async (id: string, bytes: Buffer, more: { commandId?: string } = {}) =>
    manager.add({ id, ...described, uploadId: await upload(bytes), ...more });
  const folder = (tenantId = host.tenantId) => join(host.context.dataFolder, 'documents', tenantId);
  const filesThere = async () => (await readdir(folder())).toSorted();
  async function read(id: string, client = manager): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let offset: number | null = 0; offset !== null; ) {
      const piece: { data: string; nextOffset: number | null } = await client.read({ id, offset });
      parts.push(Buffer.from(piece.data, 'base64'));
      offset = piece.nextOffset;
    }
    return Buffer.concat(parts);
  }

  it('are addresses on the web, or files under the hash of their content', async () => {
    const { id } = await register(host);
    const linked = await manager.add({
      id,
      name: ' Tax  certificate ',
      kind: 'tax',
      url: 'https://files.example/tax',
    });
    expect(linked).toMatchObject({
      partnerId: id,
      name: 'Tax certificate',
      kind: 'tax',
      url: 'https://files.example/tax',
      fileName: null,
      fileSize: null,
      fileSha256: null,
      mediaType: null,
      addedBy: me.userId,
      reviewedBy: null,
      reviewedAt: null,
      reviewNote: null,
      version: 1,
    });
    const bytes = pdf('register');
    const filed = await manager.add({
      id,
      ...described,
      uploadId: await upload(bytes, '../../x/extract.html'),
    });
    expect(filed).toMatchObject({
      url: null,
      fileName: 'extract.html.pdf',
      fileSize: bytes.length,
      fileSha256: sha256(bytes),
      mediaType: 'application/pdf',
    });
    expect(await readFile(join(folder(), sha256(bytes)))).toEqual(bytes);
    expect(await read(filed.id)).toEqual(bytes);
    const { items } = await approver.list({ id });
    expect(items).toEqual([linked, filed]);
    expect(await approver.get({ id: filed.id })).toEqual(filed);
    expect(await actionsOf(host, filed.id)).toEqual(['document_added']);
    expect(await lastDetails(host, filed.id)).toEqual({
      after: {
        ...described,
        fileName: 'extract.html.pdf',
        fileSha256: sha256(bytes),
        fileSize: bytes.length,
        mediaType: 'application/pdf',
      },
    });
  });

  it('come back byte by byte, in pieces or as one file that is saved, not shown', async () => {
    const { id } = await register(host);
    const bytes = pdf('€ '.repeat(100_000));
    const { id: documentId } = await addFile(id, bytes);
    expect(await read(documentId)).toEqual(bytes);
    const { headers, body } = await manager.download({ id: documentId });
    expect(headers).toEqual({
      'content-disposition': `attachment; filename="extract.pdf"; filename*=UTF-8''extract.pdf`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-sha256': sha256(bytes),
    });
    expect(body.type).toBe('application/pdf');
    expect(Buffer.from(await body.arrayBuffer())).toEqual(bytes);
  });

  it.each<[string, Buffer]>([
    ['an empty file', Buffer.alloc(0)],
    ['a page of the web', Buffer.from('<!doctype html>')],
    ['a page with a PDF in it', Buffer.from('<script>%PDF-1.7')],
    ['an office file', Buffer.from('PK\u0003\u0004')],
    ['a file above 20 MB', Buffer.concat([pdf(''), Buffer.alloc(largestDocument)])],
  ])('are refused where they are %s, and nothing is kept of it', async (_what, bytes) => {
    const { id } = await register(host);
    const uploadId = await upload(bytes);
    const before = await filesThere();
    expect(await refused(host, () => manager.add({ id, ...described, uploadId }))).toMatchObject({
      code: 'VALIDATION',
      data: { fields: [{ path: 'file' }] },
    });
    expect(await filesThere()).toEqual(before);
  });

  it('take an address or a file, not both, not neither, and an address of the web only', async () => {
    const { id } = await register(host);
    const uploadId = await upload(pdf('both'));
    for (const given of [
      {},
      { url: 'https://a.example/', uploadId },
      { url: 'javascript:alert(1)' },
      { url: 'file:///etc/passwd' },
    ]) {
      expect((await refused(host, () => manager.add({ id, ...described, ...given }))).code).toBe(
        'VALIDATION',
      );
    }
    expect((await refused(host, () => manager.add({ id, name: ' ', kind: 'tax', uploadId }))).code).toBe(
      'VALIDATION',
    );
  });

  it('take nobody else’s upload, and none that is gone', async () => {
    const { id } = await register(host);
    const theirs = await upload(pdf('theirs'), 'x.pdf', await host.session('approver'));
    for (const uploadId of [theirs, uuidv7()]) {
      expect((await refused(host, () => manager.add({ id, ...described, uploadId }))).code).toBe('NOT_FOUND');
    }
  });

  it('lie there once however often they are added, and as long as one document has them', async () => {
    const [one, two] = [await register(host), await register(host)];
    const bytes = pdf('shared');
    const [first, second] = [await addFile(one.id, bytes), await addFile(two.id, bytes)];
    expect((await filesThere()).filter((name) => name === sha256(bytes))).toHaveLength(1);
    await manager.remove({ id: first.id, reason: 'Out of date.' });
    expect(await read(second.id)).toEqual(bytes);
    await manager.remove({ id: second.id });
    expect(await filesThere()).not.toContain(sha256(bytes));
    const again = await addFile(one.id, bytes);
    expect(await read(again.id)).toEqual(bytes);
  });

  it('of another organization keep a file of their own', async () => {
    const other = await host.otherTenant();
    const theirs = await register(other);
    const mine = await register(host);
    const bytes = pdf('everywhere');
    const { userId } = await other.session('partner_manager');
    const uploadId = await upload(bytes, 'a.pdf', { ...me, tenantId: other.tenantId, userId });
    const foreign = await other
      .as('partner_manager')
      .partnerDocuments.add({ id: theirs.id, ...described, uploadId });
    const own = await addFile(mine.id, bytes);
    await manager.remove({ id: own.id });
    expect(await readdir(folder(other.tenantId))).toEqual([sha256(bytes)]);
    for (const call of [
      () => manager.get({ id: foreign.id }),
      () => manager.read({ id: foreign.id, offset: 0 }),
      () => manager.remove({ id: foreign.id }),
      () => approver.review({ id: foreign.id }),
      () => manager.list({ id: theirs.id }),
      () => manager.add({ id: theirs.id, ...described, url: 'https://a.example/' }),
    ]) {
      expect((await refused(host, call)).code).toBe('NOT_FOUND');
    }
  });

  it('that were removed are gone from every list; the trail keeps what they were, and why they went', async () => {
    const { id } = await register(host);
    const { id: documentId } = await addFile(id, pdf('removed'));
    await manager.remove({ id: documentId, reason: 'Out of date.', version: 1 });
    expect((await manager.list({ id })).items).toEqual([]);
    expect(await actionsOf(host, documentId)).toEqual(['document_added', 'document_removed']);
    expect(await lastDetails(host, documentId)).toMatchObject({
      before: { name: 'Register extract', fileSha256: sha256(pdf('removed')) },
      reason: 'Out of date.',
    });
    for (const call of [
      () => manager.get({ id: documentId }),
      () => manager.remove({ id: documentId }),
      () => approver.review({ id: documentId }),
      () => manager.read({ id: documentId, offset: 0 }),
    ]) {
      expect((await refused(host, call)).code).toBe('NOT_FOUND');
    }
  });

  it('are noted as reviewed: by whom, when, with what to say', async () => {
    const { id } = await register(host);
    const document = await addFile(id, pdf('reviewed'));
    const { userId } = await host.session('approver');
    const reviewed = await approver.review({ id: document.id, note: 'Valid until 2027.', version: 1 });
    expect(reviewed).toMatchObject({ reviewedBy: userId, reviewNote: 'Valid until 2027.', version: 2 });
    expect(reviewed.reviewedAt! > document.createdAt).toBe(true);
    expect(await lastDetails(host, document.id)).toMatchObject({
      before: { reviewedBy: null, reviewNote: null },
      after: { reviewedBy: userId, reviewNote: 'Valid until 2027.' },
    });
    const again = await host.as('approver', 2).partnerDocuments.review({ id: document.id });
    expect(again).toMatchObject({ reviewNote: null, version: 3 });
    expect(await refused(host, () => approver.review({ id: document.id, version: 2 }))).toMatchObject({
      code: 'CONFLICT',
      data: { current: { version: 3 } },
    });
    expect((await refused(host, () => manager.remove({ id: document.id, version: 1 }))).code).toBe(
      'CONFLICT',
    );
    expect((await refused(host, () => manager.review({ id: document.id }))).code).toBe('FORBIDDEN');
  });

  it('sent again with the same command id are one, even as another upload', async () => {
    const { id } = await register(host);
    const commandId = uuidv7();
    const first = await addFile(id, pdf('twice'), { commandId });
    expect(await addFile(id, pdf('twice'), { commandId })).toEqual(first);
    expect((await manager.list({ id })).items).toHaveLength(1);
    const other = await upload(pdf('another'));
    const refusal = await refused(host, () => manager.add({ id, ...described, uploadId: other, commandId }));
    expect(refusal.code).toBe('CONFLICT');
    // What was put there for the refused one is cleared away again.
    expect(await filesThere()).not.toContain(sha256(pdf('another')));
    expect(await read(first.id)).toEqual(pdf('twice'));
  });

  it('whose file was changed on the disk, or is gone, are not handed out', async () => {
    const { id } = await register(host);
    const { id: documentId } = await addFile(id, pdf('honest'));
    const file = join(folder(), sha256(pdf('honest')));
    await writeFile(file, pdf('forged'));
    for (const call of [
      () => manager.download({ id: documentId }),
      () => manager.read({ id: documentId, offset: 0 }),
    ]) {
      expect(await refused(host, call)).toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('damaged'),
      });
    }
    // Adding it once more makes it whole.
    await addFile(id, pdf('honest'));
    expect(await read(documentId)).toEqual(pdf('honest'));
    await rm(file);
    expect((await refused(host, () => manager.download({ id: documentId }))).code).toBe('NOT_FOUND');
    const linked = await manager.add({ id, ...described, url: 'https://a.example/' });
    expect((await refused(host, () => manager.download({ id: linked.id }))).code).toBe('NOT_FOUND');
    expect((await refused(host, () => manager.read({ id: documentId, offset: 10_000 }))).code).toBe(
      'VALIDATION',
    );
  });

  it('are at most 200 for one partner', async () => {
    const { id } = await register(host);
    for (let n = 0; n < 200; n += 1) {
      await manager.add({ id, ...described, url: `https://a.example/${n}` });
    }
    const refusal = await refused(host, () => manager.add({ id, ...described, url: 'https://a.example/' }));
    expect(refusal).toMatchObject({ code: 'VALIDATION', message: expect.stringContaining('200') });
    const [oldest] = (await manager.list({ id })).items;
    await manager.remove({ id: oldest!.id });
    await manager.add({ id, ...described, url: 'https://a.example/' });
  });

  it('may be added by an admin of the partner, to the own one only, who is told no review notes', async () => {
    const [own, foreign] = [await registerActive(host), await register(host)];
    const admin = host.asPartner(own.id, 'admin').partnerDocuments;
    const session = await host.partnerSession(own.id, 'admin');
    const uploadId = await upload(pdf('own'), 'own.pdf', session);
    const added = await admin.add({ id: own.id, ...described, uploadId });
    expect(added.addedBy).toBe(session.userId);
    const theirs = await addFile(foreign.id, pdf('foreign'));
    await approver.review({ id: added.id, note: 'Looks odd.' });
    const [seen] = (await admin.list({ id: own.id })).items;
    expect(seen).toMatchObject({ id: added.id, reviewedBy: null, reviewNote: null });
    expect(seen!.reviewedAt).not.toBeNull();
    expect(await read(added.id, admin)).toEqual(pdf('own'));
    for (const call of [
      () => admin.list({ id: foreign.id }),
      () => admin.get({ id: theirs.id }),
      () => admin.read({ id: theirs.id, offset: 0 }),
      () => admin.download({ id: theirs.id }),
      () => admin.add({ id: foreign.id, ...described, url: 'https://a.example/' }),
    ]) {
      expect((await refused(host, call)).code).toBe('NOT_FOUND');
    }
    for (const call of [
      () => admin.remove({ id: added.id }),
      () => admin.review({ id: added.id }),
      () => host.asPartner(own.id, 'viewer').partnerDocuments.list({ id: own.id }),
      () => host.asPartner(own.id, 'lead_manager').partnerDocuments.add({ id: own.id, ...described }),
      () => host.as('finance').partnerDocuments.add({ id: own.id, ...described }),
    ]) {
      expect((await refused(host, call)).code).toBe('FORBIDDEN');
    }
  });

  it('added and removed at the same moment never lose the file of one that stays', async () => {
    const { id } = await register(host);
    const bytes = pdf('contested');
    for (let round = 0; round < 5; round += 1) {
      const leaving = await addFile(id, bytes);
      const [staying] = await Promise.all([addFile(id, bytes), manager.remove({ id: leaving.id })]);
      expect(await read(staying.id)).toEqual(bytes);
      await manager.remove({ id: staying.id });
    }
    expect(await filesThere()).not.toContain(sha256(bytes));
    expect((await filesThere()).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('documents over REST', () => {
  let folder: string;
  let host: Host;
  let server: HttpServer;
  let office: TestTenant;
  let token: string;
  let partnerId: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-documents-'));
    host = await composeHost({ dataFolder: folder, log: createLog('silent') });
    server = await serveHttp(host, { port: 0, screens: join(folder, 'no-screens') });
    office = await testTenant(host, (given) =>
      createRouterClient(host.router, { context: { token: given, station: 'test' } }),
    );
    token = await office.token('partner_manager');
    partnerId = (await register(office)).id;
  });
  afterAll(async () => {
    await server.close();
    await host.close();
    await rm(folder, { recursive: true, force: true });
  });

  const call = (path: string, init: RequestInit = {}, by = token) =>
    fetch(`${server.url}/api/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${by}`, ...(init.headers as Record<string, string>) },
    });
  const post = (
    body: string | Uint8Array<ArrayBuffer> | FormData,
    headers: Record<string, string>,
    query = 'name=Passport&kind=identity',
  ) => call(`/partners/${partnerId}/documents/upload?${query}`, { method: 'POST', body, headers });

  it('go in as the body itself or as a form, and come out as a file to save', async () => {
    const bytes = pdf('over the wire');
    const plain = await post(new Uint8Array(bytes), { 'content-type': 'application/pdf' });
    expect(plain.status).toBe(200);
    const added = (await plain.json()) as { id: string; fileName: string };
    expect(added).toMatchObject({ name: 'Passport', kind: 'identity', fileName: 'document.pdf' });

    const form = new FormData();
    form.set('file', new File([new Uint8Array(bytes)], 'Pässe.pdf'));
    const formed = (await (await post(form, {})).json()) as { id: string; fileName: string };
    expect(formed.fileName).toBe('Pässe.pdf');

    const answer = await call(`/partner-documents/${formed.id}/file`);
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': `attachment; filename="P_sse.pdf"; filename*=UTF-8''P%C3%A4sse.pdf`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'no-store',
    });
    const list = await call(`/partners/${partnerId}/documents`);
    expect(((await list.json()) as { items: object[] }).items).toHaveLength(2);
    const linked = await call(`/partners/${partnerId}/documents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Contract', kind: 'contract', url: 'https://files.example/contract' }),
    });
    expect(linked.status).toBe(200);
    const removed = await call(`/partner-documents/${added.id}/remove`, { method: 'POST' });
    expect(removed.status).toBe(200);
    // Nothing is left of the ways in.
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
  });

  it('are refused before a byte is stored to whoever may not add them, and above 20 MB while they come in', async () => {
    const type = { 'content-type': 'application/pdf' };
    const path = `/partners/${partnerId}/documents/upload?name=x&kind=other`;
    const body = new Uint8Array(pdf('x'));
    expect((await call(path, { method: 'POST', body, headers: type }, 'x'.repeat(43))).status).toBe(401);
    const finance = await office.token('finance');
    expect((await call(path, { method: 'POST', body, headers: type }, finance)).status).toBe(403);
    expect((await post('a page', { 'content-type': 'text/html' })).status).toBe(400);
    expect((await post(body, type, 'name=x&kind=nonsense')).status).toBe(400);
    const large = new FormData();
    large.set('file', new File([new Uint8Array(largestDocument + 1)], 'large.pdf'));
    const refusal = await post(large, {});
    expect(refusal.status).toBe(400);
    expect(await refusal.json()).toMatchObject({
      code: 'VALIDATION',
      message: expect.stringContaining('20 MB'),
    });
  });
});
