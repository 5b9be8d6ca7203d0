import { EventEmitter } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepWindowState, readWindowState, usableState } from '../../src/main/window-state.ts';

const laptop = { x: 0, y: 25, width: 1512, height: 920 };
const left = { x: -1920, y: 0, width: 1920, height: 1080 };

describe('where the window opens', () => {
  it('is where it was, on whatever screen that is', () => {
    const kept = { x: -1800, y: 40, width: 1200, height: 800, maximized: true };
    expect(usableState(kept, [laptop, left])).toEqual(kept);
  });

  it('is left to the system the first time, in the usual size as far as it fits', () => {
    expect(usableState(null, [laptop])).toEqual({ width: 1440, height: 900, maximized: false });
    expect(usableState(null, [{ x: 0, y: 0, width: 1280, height: 700 }])).toEqual({
      width: 1280,
      height: 700,
      maximized: false,
    });
  });

  it('is left to the system when the screen it was on is gone', () => {
    const kept = { x: -1800, y: 40, width: 1200, height: 800, maximized: false };
    expect(usableState(kept, [laptop])).toEqual({ width: 1200, height: 800, maximized: false });
  });

  it('is left to the system when the title bar is above or below the screen', () => {
    for (const y of [-500, 0, 930]) {
      expect(usableState({ x: 10, y, width: 1000, height: 700 }, [laptop])).not.toHaveProperty('y');
    }
  });

  it('does not depend on what somebody wrote into the file', () => {
    const usual = { width: 1440, height: 900, maximized: false };
    for (const kept of [
      7,
      'x',
      [],
      {},
      { x: '1', y: null, width: Number.NaN, height: 'tall', maximized: 'yes' },
    ]) {
      expect(usableState(kept, [laptop])).toEqual(usual);
    }
  });

  it('always has a title bar within reach and a size the screens are laid out for', () => {
    const whole = (min: number, max: number) => fc.integer({ min, max });
    const area = fc.record({
      x: whole(-4000, 4000),
      y: whole(-4000, 4000),
      width: whole(960, 4000),
      height: whole(600, 3000),
    });
    const kept = fc.record({
      x: whole(-9000, 9000),
      y: whole(-9000, 9000),
      width: whole(-10, 9000),
      height: whole(-10, 9000),
    });
    fc.assert(
      fc.property(area, fc.array(area, { maxLength: 3 }), kept, (primary, others, state) => {
        const { x, y, width, height } = usableState(state, [primary, ...others]);
        expect(width).toBeGreaterThanOrEqual(960);
        expect(height).toBeGreaterThanOrEqual(600);
        if (x === undefined || y === undefined) return;
        const reachable = [primary, ...others].some(
          (screen) =>
            y >= screen.y &&
            y < screen.y + screen.height &&
            Math.min(x + width, screen.x + screen.width) - Math.max(x, screen.x) >= 100,
        );
        expect(reachable).toBe(true);
      }),
    );
  });
});

describe('the window’s state', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-window-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function closing(file: string) {
    const failures: unknown[] = [];
    const window = Object.assign(new EventEmitter(), {
      getNormalBounds: () => ({ x: 5, y: 30, width: 1000, height: 700 }),
      isMaximized: () => true,
    });
    keepWindowState(window as never, file, (error) => failures.push(error));
    window.emit('close');
    return failures;
  }

  it('is kept when the window closes and read when it opens', async () => {
    const file = join(folder, 'window.json');
    expect(readWindowState(file)).toBeNull();
    expect(closing(file)).toEqual([]);
    expect(usableState(readWindowState(file), [laptop])).toEqual({
      x: 5,
      y: 30,
      width: 1000,
      height: 700,
      maximized: true,
    });
    expect(await readdir(folder)).toEqual(['window.json']);
  });

  it('is as the first time where the file was cut short', async () => {
    const file = join(folder, 'window.json');
    await writeFile(file, '{"x": 1');
    expect(readWindowState(file)).toBeNull();
  });

  it('does not keep the window from closing where it can’t be written', () => {
    expect(closing(join(folder, 'none', 'window.json'))).toMatchObject([{ code: 'ENOENT' }]);
  });
});
