import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { BrowserWindow, Rectangle } from 'electron';

/** Where a window is, in device-independent pixels. Without a position the system places it. */
export interface WindowState {
  x?: number;
  y?: number;
  width: number;
  height: number;
  maximized: boolean;
}

/** The least the screens are laid out for, in device-independent pixels. */
export const smallestWindow = { width: 960, height: 600 };

const usualWindow = { width: 1440, height: 900 };

/** How much of the title bar has to lie on a screen for a hand to grab it, in device-independent pixels. */
const grip = { width: 120, height: 32 };

function within(value: number, least: number, most: number): number {
  return Math.max(Math.min(value, most), Math.min(least, most));
}

function shared(start: number, length: number, otherStart: number, otherLength: number): number {
  return Math.min(start + length, otherStart + otherLength) - Math.max(start, otherStart);
}

/** Whether the title bar can be reached: its top edge is on the screen and enough of it shows. */
function canBeGrabbed(window: Rectangle, area: Rectangle): boolean {
  return (
    window.y >= area.y &&
    window.y + grip.height <= area.y + area.height &&
    shared(window.x, window.width, area.x, area.width) >= grip.width
  );
}

function numberOf(kept: object, key: string): number | null {
  const value: unknown = Reflect.get(kept, key);
  return typeof value === 'number' && Number.isFinite(value) ? Math.round(value) : null;
}

/**
 * A window state that can be used on the screens there are now: a file that was tampered with, a screen that was unplugged
 * or a smaller one must not leave the window out of reach.
 *
 * @param kept what the file held, whatever that is
 * @param areas the screens' work areas, the primary one first
 */
export function usableState(kept: unknown, areas: readonly [Rectangle, ...Rectangle[]]): WindowState {
  const [primary] = areas;
  const state = typeof kept === 'object' && kept !== null ? kept : {};
  const wanted = {
    width: numberOf(state, 'width') ?? usualWindow.width,
    height: numberOf(state, 'height') ?? usualWindow.height,
  };
  const x = numberOf(state, 'x');
  const y = numberOf(state, 'y');
  const area =
    x === null || y === null
      ? undefined
      : areas.find((candidate) => canBeGrabbed({ x, y, ...wanted }, candidate));
  const room = area ?? primary;
  const size = {
    width: within(wanted.width, smallestWindow.width, room.width),
    height: within(wanted.height, smallestWindow.height, room.height),
  };
  const maximized = Reflect.get(state, 'maximized') === true;
  if (area === undefined || x === null || y === null) return { ...size, maximized };
  // Shrinking keeps the corner, so what was within reach may have to move back onto the screen.
  return canBeGrabbed({ x, y, ...size }, area)
    ? { x, y, ...size, maximized }
    : { x: area.x, y, ...size, maximized };
}

/** What the file holds, or null where there is none or it can't be read as JSON: the window then opens as the first time. */
export function readWindowState(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Writes a window's state when it closes; a position is no reason to fail for, so a failure is only told. */
export function keepWindowState(
  window: Pick<BrowserWindow, 'on' | 'getNormalBounds' | 'isMaximized'>,
  file: string,
  failed: (error: unknown) => void,
): void {
  window.on('close', () => {
    const state: WindowState = { ...window.getNormalBounds(), maximized: window.isMaximized() };
    try {
      writeFileSync(`${file}.new`, JSON.stringify(state));
      renameSync(`${file}.new`, file);
    } catch (error) {
      failed(error);
    }
  });
}
