import { EventEmitter } from 'node:events';
import type { MessagePortMain } from 'electron';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  closeWithin,
  type HostProcess,
  restartWaits,
  steadyAfter,
  superviseHost,
} from '../../src/main/host-supervisor.ts';

/** A process that does nothing by itself and remembers what it was told. */
class FakeProcess extends EventEmitter implements HostProcess {
  readonly told: { message: unknown; ports: unknown[] }[] = [];
  killed = false;
  postMessage(message: unknown, ports: MessagePortMain[] = []): void {
    this.told.push({ message, ports });
  }
  kill(): boolean {
    this.killed = true;
    this.emit('exit', 15);
    return true;
  }
  says(message: unknown): void {
    this.emit('message', message);
  }
  exits(code: number): void {
    this.emit('exit', code);
  }
}

const open = { dataFolder: '/data', station: 'desk 1' };
const port = (name: string) => ({ name }) as unknown as MessagePortMain;

describe('the supervisor of the host', () => {
  let started: FakeProcess[];
  let restarts: number;
  let givenUp: string[];

  beforeEach(() => {
    vi.useFakeTimers();
    started = [];
    restarts = 0;
    givenUp = [];
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function supervise() {
    return superviseHost({
      start: () => {
        const process = new FakeProcess();
        started.push(process);
        return process;
      },
      open,
      onRestarted: () => {
        restarts += 1;
      },
      onGivenUp: (sentence) => givenUp.push(sentence),
    });
  }
  const latest = () => started.at(-1)!;

  it('starts the host on its data and hands it every port', () => {
    const host = supervise();
    host.connect(port('a'));
    expect(latest().told).toEqual([
      { message: { kind: 'open', ...open }, ports: [] },
      { message: { kind: 'port' }, ports: [port('a')] },
    ]);
    latest().says({ kind: 'ready' });
    expect(restarts).toBe(0);
  });

  it('starts a crashed host again, waiting longer each time, and says so once it answers', () => {
    supervise();
    restartWaits.forEach((wait, crash) => {
      latest().exits(139);
      vi.advanceTimersByTime(wait - 1);
      expect(started).toHaveLength(crash + 1);
      vi.advanceTimersByTime(1);
      expect(started).toHaveLength(crash + 2);
      expect(restarts).toBe(crash);
      latest().says({ kind: 'ready' });
      expect(restarts).toBe(crash + 1);
    });
    expect(restartWaits.toSorted((a, b) => a - b)).toEqual(restartWaits);
    expect(givenUp).toEqual([]);
  });

  it('gives up, saying so, when it crashes every time', () => {
    supervise();
    for (const wait of restartWaits) {
      latest().exits(1);
      vi.advanceTimersByTime(wait);
    }
    latest().exits(1);
    vi.runAllTimers();
    expect(started).toHaveLength(restartWaits.length + 1);
    expect(givenUp).toEqual([expect.stringContaining('6 times in a row (code 1)')]);
    expect(restarts).toBe(0);
  });

  it('counts afresh after the host has worked for a while', () => {
    supervise();
    for (const wait of restartWaits) {
      latest().exits(1);
      vi.advanceTimersByTime(wait);
    }
    latest().says({ kind: 'ready' });
    vi.advanceTimersByTime(steadyAfter);
    latest().exits(1);
    vi.advanceTimersByTime(restartWaits[0]!);
    expect(started).toHaveLength(restartWaits.length + 2);
    expect(givenUp).toEqual([]);
  });

  it('does not count the time of a host that has crashed since', () => {
    supervise();
    latest().says({ kind: 'ready' });
    vi.advanceTimersByTime(steadyAfter - 1);
    for (const wait of restartWaits) {
      latest().exits(1);
      vi.advanceTimersByTime(wait);
    }
    latest().exits(1);
    expect(givenUp).toHaveLength(1);
  });

  it('keeps a port that is asked for while the host is down for the next one', () => {
    const host = supervise();
    latest().exits(1);
    host.connect(port('late'));
    vi.advanceTimersByTime(restartWaits[0]!);
    expect(latest().told).toEqual([
      { message: { kind: 'open', ...open }, ports: [] },
      { message: { kind: 'port' }, ports: [port('late')] },
    ]);
  });

  it('does not start a host again that refused the data, and passes its sentence on', () => {
    supervise();
    latest().says({ kind: 'refused', sentence: 'The database is from a newer version.' });
    latest().exits(1);
    vi.runAllTimers();
    expect(started).toHaveLength(1);
    expect(givenUp).toEqual(['The database is from a newer version.']);
  });

  it('takes no notice of messages it does not know', () => {
    supervise();
    for (const message of [null, 'ready', { kind: 'refused' }, { kind: 'other' }]) latest().says(message);
    latest().exits(1);
    vi.advanceTimersByTime(restartWaits[0]!);
    expect(started).toHaveLength(2);
    expect(givenUp).toEqual([]);
  });

  it('tells the host to close, waits for it, and does not start it again', async () => {
    const host = supervise();
    let closed = false;
    const closing = host.close().then(() => {
      closed = true;
    });
    expect(latest().told.at(-1)).toEqual({ message: { kind: 'close' }, ports: [] });
    await vi.advanceTimersByTimeAsync(closeWithin - 1);
    expect(closed).toBe(false);
    latest().exits(0);
    await closing;
    await vi.runAllTimersAsync();
    expect(started).toHaveLength(1);
    expect(latest().killed).toBe(false);
    expect(givenUp).toEqual([]);
  });

  it('ends a host that does not close in time', async () => {
    const host = supervise();
    const closing = host.close();
    await vi.advanceTimersByTimeAsync(closeWithin);
    await closing;
    expect(latest().killed).toBe(true);
    expect(started).toHaveLength(1);
  });

  it('closes at once while no host runs, and starts none', async () => {
    const host = supervise();
    latest().exits(1);
    await host.close();
    await vi.runAllTimersAsync();
    expect(started).toHaveLength(1);
  });
});
