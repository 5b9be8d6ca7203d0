import { EventEmitter } from 'node:events';
import type { IpcMain } from 'electron';
import { beforeEach, describe, expect, it, vi } from 'vitest';

const bridge = vi.hoisted(() => ({
  exposed: new Map<string, Record<string, () => void>>(),
  sent: [] as unknown[][],
  listeners: new Map<string, (event: { ports: unknown[] }) => void>(),
}));
vi.mock('electron', () => ({
  MessageChannelMain: class {
    port1 = { end: 'host' };
    port2 = { end: 'window' };
  },
  contextBridge: {
    exposeInMainWorld: (name: string, api: Record<string, () => void>) => bridge.exposed.set(name, api),
  },
  ipcRenderer: {
    send: (...message: unknown[]) => bridge.sent.push(message),
    on: (channel: string, listener: (event: { ports: unknown[] }) => void) =>
      bridge.listeners.set(channel, listener),
  },
}));

const { handOverPorts, portChannel, requestChannel } = await import('../../src/main/ports.ts');

describe('the hand-over of a port', () => {
  let connected: unknown[];
  let posted: unknown[][];

  /** Asks for a port from a frame. */
  function ask(frame: { url: string; parent: unknown } | null) {
    const ipc = new EventEmitter();
    handOverPorts(ipc as unknown as IpcMain, (port) => connected.push(port));
    const senderFrame = frame && { ...frame, postMessage: (...message: unknown[]) => posted.push(message) };
    expect(ipc.emit(requestChannel, { senderFrame })).toBe(true);
  }

  beforeEach(() => {
    connected = [];
    posted = [];
  });

  it('gives one end to the host and the other to the page that asked', () => {
    ask({ url: 'app://partner-desk/partners', parent: null });
    expect(connected).toEqual([{ end: 'host' }]);
    expect(posted).toEqual([[portChannel, null, [{ end: 'window' }]]]);
  });

  it.each([
    ['another page', { url: 'https://example.com/', parent: null }],
    ['a page with a name like ours', { url: 'app://partner-desk.evil/', parent: null }],
    ['a frame inside our page', { url: 'app://partner-desk/', parent: {} }],
    ['a frame that is gone', null],
  ])('is refused to %s', (_who, frame) => {
    ask(frame);
    expect(connected).toEqual([]);
    expect(posted).toEqual([]);
  });
});

describe('the preload', () => {
  it('asks on the shell’s channel and passes the port on to its own page only', async () => {
    const messages: unknown[][] = [];
    vi.stubGlobal('window', {
      location: { origin: 'app://partner-desk' },
      postMessage: (...message: unknown[]) => messages.push(message),
    });
    await import('../../src/preload/index.ts');
    expect([...bridge.exposed.keys()]).toEqual(['partnerDesk']);
    const api = bridge.exposed.get('partnerDesk')!;
    expect(Object.keys(api)).toEqual(['requestPort']);
    api['requestPort']!();
    expect(bridge.sent).toEqual([[requestChannel]]);
    expect([...bridge.listeners.keys()]).toEqual([portChannel]);
    const port = { end: 'window' };
    bridge.listeners.get(portChannel)!({ ports: [port] });
    expect(messages).toEqual([['partner-desk-port', 'app://partner-desk', [port]]]);
    vi.unstubAllGlobals();
  });
});
