import { describe, expect, it } from 'vitest';
import { sliceSizer } from '#host/slices.ts';

/** The clocks of a machine that only this test keeps busy. */
let [spent, passed] = [0, 0];
const clocks = { processor: () => spent, wall: () => passed };

/** Takes so many milliseconds of the processor, and waits for so many. */
async function work(ms: number, waiting = 0): Promise<void> {
  spent += ms;
  passed += ms + waiting;
}

describe('the size of a slice', () => {
  it('finds what fits into its time, and follows what a thing costs', async () => {
    const sizer = sliceSizer(2, 100, 10, clocks);
    expect(sizer.size()).toBe(2);
    const run = async (each: number, slices: number): Promise<void> => {
      for (let n = 0; n < slices; n += 1) {
        const things = sizer.size();
        await sizer.measure(things, () => work(things * each));
      }
    };
    await run(0.5, 8);
    expect(sizer.size()).toBeGreaterThan(10);
    expect(sizer.size()).toBeLessThanOrEqual(21);
    await run(2, 8);
    expect(sizer.size()).toBeLessThanOrEqual(6);
    await run(50, 4);
    expect(sizer.size()).toBeLessThanOrEqual(3);
    await run(0.01, 12);
    expect(sizer.size()).toBeGreaterThan(90);
    expect(sizer.size()).toBeLessThanOrEqual(100);
  });

  it('counts half of the time it waits, and what the thread itself works in full', async () => {
    const sizer = sliceSizer(2, 100, 10, clocks);
    await sizer.measure(100, () => work(1, 79));
    expect(sizer.size()).toBe(14);
    await sizer.measure(14, () => work(20, 4));
    expect(sizer.size()).toBe(7);
  });

  it('learns from a slice that failed, too, and nothing big from a short rest', async () => {
    const sizer = sliceSizer(1, 100, 10, clocks);
    const failing = sizer.measure(1, async () => {
      await work(0.2);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const learned = sizer.size();
    expect(learned).toBeGreaterThan(1);
    await sizer.measure(1, () => work(0.01));
    expect(sizer.size()).toBe(learned);
  });
});
