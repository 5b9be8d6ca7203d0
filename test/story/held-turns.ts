/**
 * Loaded before the program (`node --import`), which is otherwise as it always is: the turns that long work takes between two slices come
 * when the test says so, one by one, and freely from a signal to end on. So a job surely is under way when something happens to it.
 */

import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

const { setImmediate: turn } = timers;
const waiting: (() => void)[] = [];
let isFree = false;

function letAllPass(): void {
  isFree = true;
  for (const pass of waiting.splice(0)) pass();
}

async function heldTurn<T>(value?: T): Promise<T | undefined> {
  if (!isFree) {
    await new Promise<void>((pass) => {
      waiting.push(pass);
      process.send?.('waiting');
    });
  }
  return turn(value);
}

Object.assign(timers, { setImmediate: heldTurn });
syncBuiltinESMExports();

process.on('message', (message) => {
  if (message === 'turn') waiting.shift()?.();
  else letAllPass();
});
process.on('SIGTERM', letAllPass);
// The line to the test keeps no program alive.
process.channel?.unref();
