import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** Waits for what comes by itself; a loaded machine may take its time. */
function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 20_000, interval: 10 });
}

/** A process of the host that remembers what it was told. */
class FakeHost extends EventEmitter {
  readonly told: { kind: string }[] = [];
  postMessage(message: { kind: string }): void {
    this.told.push(message);
  }
  kill = () => true;
}

/** As much of Electron as the shell touches, remembering what was done and in which order. */
function fakeElectron(folder: string, first: boolean) {
  const paths = new Map([['appData', folder]]);
  const done: string[] = [];
  const hosts: FakeHost[] = [];
  const windows: FakeWindow[] = [];
  let ready: () => void = () => undefined;
  const note = (what: string) => () => void done.push(what);

  class FakeWindow extends EventEmitter {
    static getAllWindows = () => windows;
    readonly webContents = Object.assign(new EventEmitter(), { reload: note('reload') });
    readonly options: { webPreferences: Record<string, unknown> };
    constructor(options: { webPreferences: Record<string, unknown> }) {
      super();
      this.options = options;
      windows.push(this);
    }
    loadURL = (url: string) => Promise.resolve(void done.push(`load ${url}`));
    show = note('show');
    focus = note('focus');
    restore = note('restore');
    isMinimized = () => true;
    isDestroyed = () => false;
  }
  const app = Object.assign(new EventEmitter(), {
    isPackaged: true,
    commandLine: { hasSwitch: () => false },
    setName: () => undefined,
    setPath: (name: string, path: string) => {
      if (!existsSync(path)) throw new Error(`${path} does not exist`);
      paths.set(name, path);
      done.push(name);
    },
    getPath: (name: string) => paths.get(name),
    requestSingleInstanceLock: () => first,
    enableSandbox: note('sandbox'),
    whenReady: () =>
      new Promise<void>((resolve) => {
        ready = resolve;
      }),
    quit: note('quit'),
    exit: note('exit'),
  });
  const area = { x: 0, y: 0, width: 1920, height: 1080 };
  const electron = {
    app,
    BrowserWindow: FakeWindow,
    dialog: {
      showMessageBox: (_window: unknown, { message }: { message: string }) => {
        done.push(message);
        return Promise.resolve({ response: 0 });
      },
      showErrorBox: (_title: string, sentence: string) => void done.push(sentence),
    },
    ipcMain: new EventEmitter(),
    Menu: { buildFromTemplate: (template: unknown) => template, setApplicationMenu: note('menu') },
    MessageChannelMain: EventEmitter,
    protocol: { registerSchemesAsPrivileged: note('scheme'), handle: note('screens') },
    screen: { getPrimaryDisplay: () => ({ workArea: area }), getAllDisplays: () => [{ workArea: area }] },
    session: {
      defaultSession: {
        setPermissionRequestHandler: note('no permission'),
        setPermissionCheckHandler: () => undefined,
        setDevicePermissionHandler: () => undefined,
      },
    },
    shell: {},
    utilityProcess: {
      fork: () => {
        const host = new FakeHost();
        hosts.push(host);
        done.push('host');
        return host;
      },
    },
  };
  return { electron, app, done, hosts, windows, ready: () => ready() };
}

describe('the desktop app', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-shell-'));
    vi.resetModules();
  });
  afterEach(async () => {
    vi.doUnmock('electron');
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(first = true) {
    vi.stubEnv('PARTNER_DESK_DATA', undefined);
    const fake = fakeElectron(folder, first);
    vi.doMock('electron', () => fake.electron);
    await import('../../src/main/index.ts');
    return fake;
  }
  async function opened() {
    const fake = await start();
    fake.ready();
    await eventually(() => expect(fake.windows).toHaveLength(1));
    return fake;
  }

  it('names its scheme and turns the sandbox on before it is ready, and opens nothing until then', async () => {
    const { done } = await start();
    expect(done).toEqual(['userData', 'sandbox', 'scheme']);
  });

  it('has its fences up and its host started before the page is loaded', async () => {
    const { done, hosts } = await opened();
    expect(done.slice(3)).toEqual(['screens', 'no permission', 'menu', 'host', 'load app://partner-desk/']);
    expect(hosts[0]!.told).toEqual([
      expect.objectContaining({ kind: 'open', dataFolder: join(folder, 'Partner Desk') }),
    ]);
  });

  it('opens a window that is a web page and no more', async () => {
    const { windows } = await opened();
    expect(windows[0]!.options.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
    });
  });

  it('leaves at once where another one runs, which then comes to the front', async () => {
    const second = await start(false);
    second.ready();
    expect(second.done.slice(1)).toEqual(['quit']);
    vi.resetModules();
    const { app, done } = await opened();
    app.emit('second-instance');
    expect(done.slice(-2)).toEqual(['restore', 'focus']);
  });

  it('says so when the host had to be started again, and reloads when the person agrees', async () => {
    const { done, hosts } = await opened();
    hosts[0]!.emit('exit', 139);
    await eventually(() => expect(hosts).toHaveLength(2));
    hosts[1]!.emit('message', { kind: 'ready' });
    await eventually(() => expect(done.at(-1)).toBe('reload'));
    expect(done.at(-2)).toBe('Partner Desk had to start its data service again.');
  });

  it('shows the sentence of a host that refused the data, and quits', async () => {
    const { done, hosts } = await opened();
    hosts[0]!.emit('message', { kind: 'refused', sentence: 'Made by a newer version.' });
    hosts[0]!.emit('exit', 1);
    expect(done.slice(-2)).toEqual(['Made by a newer version.', 'quit']);
  });

  it('goes only after the host has closed', async () => {
    const { app, done, hosts } = await opened();
    let prevented = false;
    app.emit('will-quit', {
      preventDefault: () => {
        prevented = true;
      },
    });
    expect(prevented).toBe(true);
    expect(hosts[0]!.told.at(-1)).toEqual({ kind: 'close' });
    expect(done).not.toContain('exit');
    hosts[0]!.emit('exit', 0);
    await eventually(() => expect(done.at(-1)).toBe('exit'));
    expect(hosts).toHaveLength(1);
  });
});
