import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import sql from 'sql-template-tag';
import { expect, it } from 'vitest';
import { openDatabase, partners } from '#host/database/index.ts';
import { forEachEngine, testLocation } from '#test/support/databases.ts';
import { anOffice } from './rows.ts';

forEachEngine((engine) => {
  it('shows nothing of a command whose program was killed in the middle, and all that was committed', async () => {
    const place = await testLocation(engine);
    const before = await openDatabase(place.location);
    const { tenantId, maker } = await anOffice(before);
    await before.close();

    const script = fileURLToPath(new URL('./killed-writer.ts', import.meta.url));
    const program = spawn(process.execPath, [script, JSON.stringify(place.location), tenantId, maker], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [said] = await once(program.stdout, 'data');
    expect(String(said)).toBe('in the middle\n');
    program.kill('SIGKILL');
    expect(await once(program, 'exit')).toEqual([null, 'SIGKILL']);

    const after = await openDatabase(place.location);
    const names = await after.read({ tenantId }, async (reader) =>
      (await reader.list(partners)).map(({ organizationName }) => organizationName),
    );
    expect(names.sort()).toEqual(['Hafen Immobilien', 'committed']);
    await after.write({ tenantId }, (tx) =>
      tx.run(sql`update partners set website = 'x' where tenant_id = ${tenantId}`),
    );
    const check = engine === 'sqlite' ? 'pragma integrity_check' : `select 'ok' as integrity_check`;
    expect(await after.dataSource.query(check)).toEqual([{ integrity_check: 'ok' }]);
    await after.close();
    await place.remove();
  });
});
