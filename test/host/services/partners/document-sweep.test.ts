import { createHash } from 'node:crypto';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sweepDocuments } from '#host/services/partners/document-sweep.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { type Client, refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { register } from './setup.ts';

const pdf = (content: string) => Buffer.from(`%PDF-1.7\n${content}\n%%EOF\n`);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const described = { name: 'Register extract', kind: 'registration' } as const;
const twoDays = 2 * 24 * 3_600_000;

forEachEngine((engine) => {
  let host: TestHost;
  let manager: Client['partnerDocuments'];
  let partnerId: string;
  beforeEach(async () => {
    host = await testHost(engine);
    manager = host.as('partner_manager').partnerDocuments;
    partnerId = (await register(host)).id;
  });
  afterEach(() => host.close());

  const folder = (tenantId = host.tenantId) => join(host.context.dataFolder, 'documents', tenantId);
  const filesThere = async (tenantId = host.tenantId) => (await readdir(folder(tenantId))).toSorted();
  const add = async (bytes: Buffer) => {
    const owner = await host.session('partner_manager');
    const uploadId = await host.context.uploads.receive(owner, 'extract.pdf', Readable.from([bytes]));
    return manager.add({ id: partnerId, ...described, uploadId });
  };
  /** A file as a crash leaves it, so many milliseconds ago. */
  async function leave(name: string, bytes: Buffer, ago: number, tenantId = host.tenantId): Promise<void> {
    await mkdir(folder(tenantId), { recursive: true });
    await writeFile(join(folder(tenantId), name), bytes);
    const at = new Date(Date.now() - ago);
    await utimes(join(folder(tenantId), name), at, at);
  }

  it('what a crash left of documents is cleared away, and nothing that a document has or that is just coming in', async () => {
    const [kept, removed, stranger] = [pdf('kept'), pdf('removed'), pdf('stranger')];
    const document = await add(kept);
    const leaving = await add(removed);
    await manager.remove({ id: leaving.id });
    // Cut off after the commit that removed it, before its file went.
    await leave(sha256(removed), removed, 0);
    // Cut off between the file and its row, and while copying.
    await leave(sha256(stranger), stranger, twoDays);
    await leave(`${uuidv7()}.part`, pdf('half'), twoDays);
    // Another host is storing these at this moment.
    const [coming, copying] = [pdf('coming'), `${uuidv7()}.part`];
    await leave(sha256(coming), coming, 0);
    await leave(copying, pdf('ha'), 0);
    // Nothing of ours, and the files of an organization that is in another database.
    await leave('README', Buffer.from('hello'), twoDays);
    const elsewhere = uuidv7();
    await leave(sha256(stranger), stranger, twoDays, elsewhere);

    expect(await sweepDocuments(host.context)).toEqual({ drafts: 1, files: 1, strangers: 1 });
    const stays = [sha256(kept), sha256(coming), copying, 'README'];
    // After an older backup was put back, a file that no row names may be one of the newer ones: it goes only when told.
    expect(await filesThere()).toEqual([...stays, sha256(stranger)].toSorted());
    expect(await sweepDocuments(host.context, { strangers: true })).toEqual({
      drafts: 0,
      files: 0,
      strangers: 1,
    });
    expect(await filesThere()).toEqual(stays.toSorted());
    expect(await filesThere(elsewhere)).toEqual([sha256(stranger)]);
    expect((await manager.read({ id: document.id, offset: 0 })).nextOffset).toBeNull();
    expect(await sweepDocuments(host.context, { strangers: true })).toEqual({
      drafts: 0,
      files: 0,
      strangers: 0,
    });
  });

  it('an office without documents has nothing to clear', async () => {
    expect(await sweepDocuments(host.context)).toEqual({ drafts: 0, files: 0, strangers: 0 });
  });

  it('a document that is added while its file is being cleared away keeps it', async () => {
    const bytes = pdf('contested');
    for (let round = 0; round < 5; round += 1) {
      await leave(sha256(bytes), bytes, twoDays);
      const [document] = await Promise.all([
        add(bytes),
        sweepDocuments(host.context, { strangers: true }),
        sweepDocuments(host.anotherHost().context, { strangers: true }),
      ]);
      const { data } = await manager.read({ id: document.id, offset: 0 });
      expect(Buffer.from(data, 'base64')).toEqual(bytes);
      await manager.remove({ id: document.id });
      // As if it had never been there.
      await host.database.write(host, (tx) =>
        tx.run(sql`delete from partner_documents where tenant_id = ${host.tenantId} and id = ${document.id}`),
      );
    }
  });

  it('the upload of a document that is refused does not stay', async () => {
    const owner = await host.session('partner_manager');
    const uploadId = await host.context.uploads.receive(owner, 'x.pdf', Readable.from([Buffer.from('text')]));
    const call = manager.upload({ params: { id: partnerId }, query: described, body: { uploadId } });
    expect((await refusalOf(call)).code).toBe('VALIDATION');
    expect((await refusalOf(host.context.uploads.find(owner, uploadId))).code).toBe('NOT_FOUND');
  });
});
