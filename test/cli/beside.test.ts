import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outputs } from '#contract/index.ts';
import { actAs, composeHost, createLog } from '#host/index.ts';
import { admins, importedRows, importFile, prepareOffice } from '#test/story/crash-stage.ts';
import { expectSound, type Job } from '#test/story/job-ends.ts';
import { hasImported, type Served, startServed } from '#test/story/served.ts';
import { runCli, startCli } from '#test/support/cli.ts';

type Partner = Outputs['partners']['get'];

describe('the command line beside a program that is serving the same folder', () => {
  let office: Awaited<ReturnType<typeof prepareOffice>>;
  let data: string;
  let served: Served;
  let partners: Partner[];
  beforeAll(async () => {
    office = await prepareOffice();
    data = await office.copy();
    served = await startServed({ data }, { email: admins.first, password: 'correct horse battery' });
    partners = (await served.call<{ items: Partner[] }>('GET', '/partners?limit=2')).items;
  });
  afterAll(async () => {
    served.process.kill('SIGTERM');
    await served.ended;
    await office.remove();
  });

  it('takes nothing for dead or left over that is at work, waits for its turn, and both come to their end', async () => {
    const [one, other] = partners as [Partner, Partner];
    const importing = served.call<{ accepted: number }>(
      'POST',
      `/partners/${one.id}/leads/import`,
      importFile,
    );
    await served.stepUntil(hasImported(served));
    const [running] = (await served.call<{ items: Job[] }>('GET', '/jobs?status=running')).items;

    const place = ['--data', data, '--json'];
    for (const command of [['verify'], ['backup', '--out', join(data, 'copy.sqlite')], ['tenant', 'list']]) {
      const { code, stdout } = await runCli([...command, ...place]);
      expect({ command, code, stdout }).toMatchObject({ code: 0 });
    }
    const file = join(data, 'more.csv');
    await writeFile(file, importFile.replaceAll('many', 'more'));
    const beside = startCli([
      'import',
      file,
      ...place,
      '--as',
      admins.second,
      '--partner',
      other.partnerCode,
    ]);
    const ended = once(beside, 'close');
    let said = '';
    beside.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    // Of an organization one job writes at a time, whichever program runs it.
    for (let queued: Job[] = []; queued.length === 0; ) {
      queued = (await served.call<{ items: Job[] }>('GET', '/jobs?status=queued')).items;
    }
    expect(await served.call('GET', `/jobs/${running?.id}`)).toMatchObject({ status: 'running' });
    served.letGo();
    expect(await importing).toMatchObject({ accepted: importedRows, rejected: 0 });
    expect(await ended).toEqual([0, null]);
    expect(JSON.parse(said)).toMatchObject({ accepted: importedRows, rejected: 0 });

    const host = await composeHost({ dataFolder: data, log: createLog('silent') });
    try {
      await expectSound(host);
      const { client } = await actAs(host, admins.first);
      expect((await client.jobs.list({ kind: 'lead_import', limit: 2 })).items).toMatchObject([
        { status: 'completed' },
        { status: 'completed' },
      ]);
    } finally {
      await host.close();
    }
  });
});
