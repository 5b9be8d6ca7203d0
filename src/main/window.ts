import { BrowserWindow, dialog, type Rectangle, screen } from 'electron';
import { appOrigin } from './addresses.ts';
import { keepWindowState, readWindowState, smallestWindow, usableState } from './window-state.ts';

export interface WindowOptions {
  preload: string;
  stateFile: string;
  failed: (error: unknown) => void;
}

function workAreas(): [Rectangle, ...Rectangle[]] {
  return [screen.getPrimaryDisplay().workArea, ...screen.getAllDisplays().map((display) => display.workArea)];
}

/** Asks whether to load the window again; what was not saved in it is then lost, so it is not done unasked. */
export async function offerReload(window: BrowserWindow, message: string, detail: string): Promise<void> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'warning',
    message,
    detail,
    buttons: ['Reload', 'Not yet'],
    defaultId: 0,
    cancelId: 1,
  });
  if (response === 0 && !window.isDestroyed()) window.webContents.reload();
}

/** Opens the window where it last was. It is a web page and no more: sandboxed, isolated, without Node. */
export function openWindow({ preload, stateFile, failed }: WindowOptions): BrowserWindow {
  const { maximized, ...bounds } = usableState(readWindowState(stateFile), workAreas());
  const window = new BrowserWindow({
    ...bounds,
    minWidth: smallestWindow.width,
    minHeight: smallestWindow.height,
    show: false,
    title: 'Partner Desk',
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      safeDialogs: true,
      spellcheck: false,
    },
  });
  keepWindowState(window, stateFile, failed);
  if (maximized) window.maximize();
  window.once('ready-to-show', () => window.show());
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    offerReload(window, 'This window stopped working.', 'What was saved is safe. Reload to go on.').catch(
      failed,
    );
  });
  window.loadURL(`${appOrigin}/`).catch(failed);
  return window;
}
