import { describe, expect, it } from 'vitest';
import { inBackground, makeMutex, mostOvertaking } from '#host/database/turns.ts';
import { forEachEngine, testDatabase } from '#test/support/databases.ts';
import { anOffice } from './rows.ts';

/** Work that is under way until it is let go. */
function held(): { work: () => Promise<void>; letGo: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise, letGo: () => resolve() };
}

describe('the turns of those who write', () => {
  /** Who got in, in order, of those who waited while somebody held on. */
  async function order(waiting: readonly ('answer' | 'slice')[]): Promise<string[]> {
    const alone = makeMutex();
    const entered: string[] = [];
    const first = held();
    const holding = alone(first.work);
    const all = waiting.map((kind, index) => {
      const enter = () => alone(async () => void entered.push(`${kind} ${index}`));
      return kind === 'slice' ? inBackground(enter) : enter();
    });
    first.letGo();
    await Promise.all([holding, ...all]);
    return entered;
  }

  it('let those who wait for an answer go before the slices of jobs, each in the order they came', async () => {
    expect(await order(['slice', 'answer', 'slice', 'answer'])).toEqual([
      'answer 1',
      'answer 3',
      'slice 0',
      'slice 2',
    ]);
  });

  it('let a slice in between when very many answers would overtake it', async () => {
    const answers = Array.from({ length: mostOvertaking + 3 }, () => 'answer' as const);
    const entered = await order(['slice', ...answers]);
    expect(entered.indexOf('slice 0')).toBe(mostOvertaking);
  });

  it('go on after one whose work failed', async () => {
    const alone = makeMutex();
    const failing = alone(() => Promise.reject(new Error('no')));
    const next = alone(async () => 'in');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('in');
    expect(await alone(async () => 'again')).toBe('again');
  });
});

forEachEngine((engine) => {
  it('gives a command that waits the writer before the next slice of a job', async () => {
    const { database } = await testDatabase(engine);
    const { tenantId } = await anOffice(database);
    const scope = { tenantId };
    const order: string[] = [];
    const write = (name: string) => database.write(scope, async () => void order.push(name));

    // A job with three slices; while the first is under way, its second and a command come to wait.
    const first = held();
    const slices = inBackground(async () => {
      const under = database.write(scope, async () => {
        order.push('slice 1');
        await first.work();
      });
      const second = write('slice 2');
      await under;
      await second;
      await write('slice 3');
    });
    const command = write('command');
    if (engine === 'postgres') await command;
    first.letGo();
    await Promise.all([slices, command]);
    // On PostgreSQL nobody waits: each has a connection of its own.
    const untilCommand = order.slice(0, order.indexOf('command'));
    expect(untilCommand.filter((name) => name !== 'slice 2')).toEqual(['slice 1']);
    expect(engine === 'sqlite' && untilCommand.includes('slice 2')).toBe(false);
  });
});
