import { EventEmitter } from 'node:events';
import type { App, Session } from 'electron';
import { afterEach, describe, expect, it, vi } from 'vitest';

const opened = vi.hoisted(() => [] as string[]);
vi.mock('electron', () => ({
  shell: {
    openExternal: (address: string) => {
      opened.push(address);
      return Promise.resolve();
    },
  },
}));

const { denyPermissions, fencePages } = await import('../../src/main/fences.ts');

/** A page's contents as Electron gives them: events that can be prevented, and the answer to a new window. */
function contentsOf() {
  let answer: ((details: { url: string }) => { action: string }) | undefined;
  const contents = Object.assign(new EventEmitter(), {
    setWindowOpenHandler: (handler: typeof answer) => {
      answer = handler;
    },
  });
  const app = new EventEmitter();
  fencePages(app as unknown as App, (error) => {
    throw error;
  });
  app.emit('web-contents-created', {}, contents);
  return {
    openWindow: (url: string) => answer?.({ url }),
    /** Whether the event was prevented. */
    tries: (name: string, details: object = {}) => {
      const event = {
        prevented: false,
        preventDefault() {
          event.prevented = true;
        },
        ...details,
      };
      expect(contents.emit(name, event)).toBe(true);
      return event.prevented;
    },
  };
}

afterEach(() => {
  opened.length = 0;
});

describe('a page', () => {
  it('moves among the app’s own pages', () => {
    const page = contentsOf();
    const url = 'app://partner-desk/partners';
    expect(page.tries('will-frame-navigate', { url, isMainFrame: true })).toBe(false);
    expect(page.tries('will-redirect', { url })).toBe(false);
  });

  it.each(['https://example.com/', 'file:///etc/passwd', 'app://partner-desk.evil/', 'data:text/html,x'])(
    'goes nowhere else: %s',
    (url) => {
      const page = contentsOf();
      expect(page.tries('will-frame-navigate', { url, isMainFrame: true })).toBe(true);
      expect(page.tries('will-frame-navigate', { url, isMainFrame: false })).toBe(true);
      expect(page.tries('will-redirect', { url })).toBe(true);
      expect(page.openWindow(url)).toEqual({ action: 'deny' });
      expect(opened).toEqual([]);
    },
  );

  it('opens no window, not even one of its own', () => {
    expect(contentsOf().openWindow('app://partner-desk/')).toEqual({ action: 'deny' });
    expect(opened).toEqual([]);
  });

  it('leaves a mail to the system instead of going there', () => {
    const page = contentsOf();
    const url = 'mailto:jo@example.com';
    expect(page.tries('will-frame-navigate', { url, isMainFrame: true })).toBe(true);
    expect(page.openWindow(url)).toEqual({ action: 'deny' });
    expect(opened).toEqual([url, url]);
  });

  it('lets no frame inside start the mail program', () => {
    contentsOf().tries('will-frame-navigate', { url: 'mailto:jo@example.com', isMainFrame: false });
    expect(opened).toEqual([]);
  });

  it('holds no webview', () => {
    expect(contentsOf().tries('will-attach-webview')).toBe(true);
  });

  it('gets no permission and no device', () => {
    const answers: unknown[] = [];
    denyPermissions({
      setPermissionRequestHandler: (handler: (...all: unknown[]) => void) =>
        handler({}, 'media', (granted: boolean) => answers.push(granted)),
      setPermissionCheckHandler: (handler: () => boolean) => answers.push(handler()),
      setDevicePermissionHandler: (handler: () => boolean) => answers.push(handler()),
    } as unknown as Session);
    expect(answers).toEqual([false, false, false]);
  });
});
