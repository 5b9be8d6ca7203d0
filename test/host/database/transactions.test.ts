import sql from 'sql-template-tag';
import { beforeAll, expect, it } from 'vitest';
import { DomainError } from '#domain/errors.ts';
import { type Database, numberSequences, partners } from '#host/database/index.ts';
import { forEachEngine, testDatabase } from '#test/support/databases.ts';
import { anOffice, aPartner, type Office, uuidv7 } from './rows.ts';

/** A gate that one piece of work opens for another. */
function gate(): { open: () => void; opened: Promise<void> } {
  let open = (): void => {};
  const opened = new Promise<void>((done) => {
    open = done;
  });
  return { open, opened };
}

forEachEngine((engine) => {
  let database: Database;
  let office: Office;
  let scope: { tenantId: string };
  const logged: string[] = [];

  beforeAll(async () => {
    const log = (_details: object, message: string): void => void logged.push(message);
    ({ database } = await testDatabase(engine, { logger: { info() {}, warn: log, error: log } }));
    office = await anOffice(database);
    scope = { tenantId: office.tenantId };
  });

  const count = (name: string): Promise<number> =>
    database.read(scope, async (reader) => (await reader.find(numberSequences, { name }))?.value ?? 0);
  const exists = (id: string): Promise<boolean> =>
    database.read(scope, async (reader) => (await reader.find(partners, { id })) !== undefined);

  it('leaves nothing behind when the work fails', async () => {
    const partner = aPartner(office);
    const failing = database.write(scope, async (tx) => {
      await tx.insert(partners, partner);
      throw new Error('the last step failed');
    });
    await expect(failing).rejects.toThrow('the last step failed');
    expect(await exists(partner.id)).toBe(false);
  });

  it('leaves nothing behind when a statement fails and the work ignores it', async () => {
    const partner = aPartner(office);
    const ignoring = database.write(scope, async (tx) => {
      await tx.insert(partners, partner);
      await tx
        .insert(partners, aPartner(office, { partnerCode: partner.partnerCode }))
        .catch(() => undefined);
    });
    await expect(ignoring).rejects.toThrow(/nothing was written/);
    expect(await exists(partner.id)).toBe(false);
  });

  it('refuses further statements once one has failed', async () => {
    let refusal: unknown;
    const working = database.write(scope, async (tx) => {
      await tx.run(sql`select * from no_such_table`).catch(() => undefined);
      await tx.insert(partners, aPartner(office)).catch((error: unknown) => {
        refusal = error;
      });
    });
    await expect(working).rejects.toThrow('nothing was written');
    expect(String(refusal)).toMatch(/can only be rolled back/);
  });

  it('does not let a read see what is not committed', async () => {
    const partner = aPartner(office);
    const inserted = gate();
    const looked = gate();
    const working = database.write(scope, async (tx) => {
      await tx.insert(partners, partner);
      expect(await tx.find(partners, { id: partner.id })).toBeDefined();
      inserted.open();
      await looked.opened;
    });
    await inserted.opened;
    // Opened whatever was seen: a transaction left open would hang the run instead of failing this test.
    const seen = await exists(partner.id).finally(looked.open);
    await working;
    expect(seen).toBe(false);
    expect(await exists(partner.id)).toBe(true);
  });

  it('gives a reader nothing to write with', async () => {
    await database.read(scope, async (reader) => {
      for (const method of ['run', 'insert', 'insertMany', 'update', 'beforeCommit', 'afterCommit']) {
        expect(reader).not.toHaveProperty(method);
      }
    });
    const writing = database.read(scope, (reader) =>
      reader.all(
        sql`update partners set status = 'active' where tenant_id = ${office.tenantId} returning id`,
      ),
    );
    await expect(writing).rejects.toThrow(/read.?only/i);
    await expect(
      database.read(scope, (reader) => reader.find(partners, { id: office.partnerId }, { lock: true })),
    ).rejects.toThrow(/lock/);
  });

  it('loses no increment of twenty writers at once', async () => {
    await database.write(scope, (tx) => tx.insert(numberSequences, { name: 'race', value: 0 }));
    await Promise.all(
      Array.from({ length: 20 }, () =>
        database.write(scope, async (tx) => {
          const row = await tx.find(numberSequences, { name: 'race' }, { lock: true });
          await tx.run(sql`update number_sequences set value = ${(row?.value ?? 0) + 1}
            where tenant_id = ${office.tenantId} and name = 'race'`);
        }),
      ),
    );
    expect(await count('race')).toBe(20);
  });

  it('lets one of two win who change the same version, and tells the other with the current row', async () => {
    const partner = aPartner(office);
    await database.write(scope, (tx) => tx.insert(partners, partner));
    const change = (statusReason: string) =>
      database.write(scope, (tx) => tx.update(partners, { id: partner.id, version: 1 }, { statusReason }));
    const outcomes = await Promise.allSettled([change('first'), change('second')]);
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(won.map(({ value }) => value.version)).toEqual([2]);
    expect(lost).toHaveLength(1);
    const { reason } = lost[0]!;
    expect(reason).toBeInstanceOf(DomainError);
    expect(reason).toMatchObject({ code: 'CONFLICT', current: { id: partner.id, version: 2 } });
  });

  it('counts the version on, sets the time and returns the row after an update', async () => {
    const partner = aPartner(office);
    await database.write(scope, (tx) => tx.insert(partners, partner));
    const after = await database.write(scope, (tx) =>
      tx.update(partners, { id: partner.id }, { website: 'https://example.com', taxId: undefined }),
    );
    expect(after).toMatchObject({ id: partner.id, version: 2, website: 'https://example.com' });
    const stored = await database.read(scope, (reader) => reader.find(partners, { id: partner.id }));
    expect(stored).toEqual(after);
    expect(after.updatedAt >= after.createdAt).toBe(true);
  });

  it('answers NOT_FOUND for a row that is not there, and CONFLICT where another condition fails', async () => {
    const unknown = database.write(scope, (tx) =>
      tx.update(partners, { id: uuidv7() }, { status: 'active' }),
    );
    await expect(unknown).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'There is no such partner.' });
    const other = database.write(scope, (tx) =>
      tx.update(partners, { id: office.partnerId, status: 'pending' }, { status: 'active' }),
    );
    await expect(other).rejects.toMatchObject({ code: 'CONFLICT', current: { status: 'active' } });
  });

  it('does not let an update change who the row is', async () => {
    for (const patch of [{ id: uuidv7() }, { tenantId: uuidv7() }, { version: 9 }]) {
      const changing = database.write(scope, (tx) => tx.update(partners, { id: office.partnerId }, patch));
      await expect(changing).rejects.toThrow(TypeError);
    }
  });

  it('runs what must come last right before the commit, within the transaction', async () => {
    const order: string[] = [];
    await database.write(scope, async (tx) => {
      tx.beforeCommit(async (last) => {
        order.push('last');
        await last.insert(numberSequences, { name: 'before-commit', value: 7 });
        last.beforeCommit(async () => void order.push('very last'));
      });
      tx.afterCommit(() => void order.push('after'));
      order.push('work');
    });
    expect(order).toEqual(['work', 'last', 'very last', 'after']);
    expect(await count('before-commit')).toBe(7);
  });

  it('rolls everything back when what comes last fails, and then tells nobody', async () => {
    const partner = aPartner(office);
    let told = false;
    const working = database.write(scope, async (tx) => {
      await tx.insert(partners, partner);
      tx.afterCommit(() => {
        told = true;
      });
      tx.beforeCommit(async () => {
        throw new Error('the chain is broken');
      });
    });
    await expect(working).rejects.toThrow('the chain is broken');
    expect(await exists(partner.id)).toBe(false);
    expect(told).toBe(false);
  });

  it('logs an error after the commit and does not throw it', async () => {
    const partner = aPartner(office);
    await database.write(scope, async (tx) => {
      await tx.insert(partners, partner);
      tx.afterCommit(() => {
        throw new Error('nobody listens');
      });
    });
    expect(await exists(partner.id)).toBe(true);
    expect(logged).toContain('something to be done after a commit failed');
  });

  it('refuses a write within a write, which would wait for itself', async () => {
    const nested = database.write(scope, async () => {
      await database.write(scope, async () => undefined);
    });
    await expect(nested).rejects.toThrow(/write inside a write/);
  });

  it('refuses a statement that comes after its transaction', async () => {
    const late = await database.write(scope, async (tx) => () => tx.insert(partners, aPartner(office)));
    await expect(late()).rejects.toThrow(/over/);
  });

  it('goes on working after a hundred failed transactions', async () => {
    const failures = Array.from({ length: 100 }, () =>
      database.write(scope, async (tx) => {
        await tx.run(sql`select * from no_such_table`);
      }),
    );
    const outcomes = await Promise.allSettled(failures);
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    expect(await exists(office.partnerId)).toBe(true);
  });

  it('finishes what is under way when it is closed, and refuses what comes later', async () => {
    const second = await testDatabase(engine);
    const other = await anOffice(second.database);
    const started = gate();
    const finish = gate();
    const working = second.database.write({ tenantId: other.tenantId }, async (tx) => {
      started.open();
      await finish.opened;
      await tx.insert(partners, aPartner(other));
      return 'done';
    });
    await started.opened;
    const closing = second.database.close();
    const late = await second.database.read('system', async () => 'accepted').catch(String);
    finish.open();
    expect(await working).toBe('done');
    await closing;
    expect(late).toMatch(/closed/);
  });
});
