import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { app, BrowserWindow, dialog, ipcMain, Menu, protocol, session, utilityProcess } from 'electron';
import { appScheme } from './addresses.ts';
import { denyPermissions, fencePages } from './fences.ts';
import { superviseHost } from './host-supervisor.ts';
import { menuTemplate } from './menu.ts';
import { handOverPorts } from './ports.ts';
import { serveScreens } from './screens.ts';
import { offerReload, openWindow } from './window.ts';

const built = join(import.meta.dirname, '..');

function failed(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
}

/** Opens the app: the screens' own scheme, the host in a process of its own, the window. */
function open(): void {
  const dataFolder = process.env['PARTNER_DESK_DATA'] ?? app.getPath('userData');
  protocol.handle(appScheme, serveScreens(join(built, 'renderer')));
  denyPermissions(session.defaultSession);
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform, app.isPackaged)));

  const host = superviseHost({
    start: () =>
      utilityProcess.fork(join(import.meta.dirname, 'host-process.js'), [], {
        serviceName: 'Partner Desk host',
        stdio: 'inherit',
      }),
    open: { dataFolder, station: hostname() },
    onRestarted: () => {
      for (const window of BrowserWindow.getAllWindows()) {
        offerReload(
          window,
          'Partner Desk had to start its data service again.',
          'What was saved is safe. What was being saved just now may not be: check it after reloading.',
        ).catch(failed);
      }
    },
    onGivenUp: (sentence) => {
      dialog.showErrorBox('Partner Desk can’t open its data', sentence);
      app.quit();
    },
  });
  handOverPorts(ipcMain, (port) => host.connect(port));

  const show = () =>
    openWindow({
      preload: join(built, 'preload', 'index.cjs'),
      stateFile: join(app.getPath('userData'), 'window.json'),
      failed,
    });
  app.on('second-instance', () => {
    const [window] = BrowserWindow.getAllWindows();
    if (window?.isMinimized()) window.restore();
    (window ?? show()).focus();
  });
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) show();
  });
  // By now every window is closed; the host finishes what is under way before the app goes.
  app.once('will-quit', (event) => {
    event.preventDefault();
    host
      .close()
      .catch(failed)
      .finally(() => app.exit())
      .catch(failed);
  });
  show();
}

app.setName('Partner Desk');
// The command line looks for the data in the same folder (src/cli/places.ts).
if (!app.commandLine.hasSwitch('user-data-dir')) {
  const folder = join(app.getPath('appData'), 'Partner Desk');
  // Electron throws where the folder is not there yet, as on the first start. Nobody else has to read it.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  app.setPath('userData', folder);
}
if (app.requestSingleInstanceLock()) {
  app.enableSandbox();
  protocol.registerSchemesAsPrivileged([
    {
      scheme: appScheme,
      privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
    },
  ]);
  fencePages(app, failed);
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  app
    .whenReady()
    .then(open)
    .catch((error: unknown) => {
      failed(error);
      dialog.showErrorBox('Partner Desk can’t start', error instanceof Error ? error.message : String(error));
      app.exit(1);
    });
} else {
  app.quit();
}
