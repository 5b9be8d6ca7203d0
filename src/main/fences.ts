import { type App, type Session, shell, type WebContents } from 'electron';
import { isOwnPage, mayOpenOutside } from './addresses.ts';

function openOutside(address: string, failed: (error: unknown) => void): void {
  if (mayOpenOutside(address)) shell.openExternal(address).catch(failed);
}

function fenceContents(contents: WebContents, failed: (error: unknown) => void): void {
  contents.setWindowOpenHandler(({ url }) => {
    openOutside(url, failed);
    return { action: 'deny' };
  });
  contents.on('will-frame-navigate', (event) => {
    if (isOwnPage(event.url)) return;
    event.preventDefault();
    if (event.isMainFrame) openOutside(event.url, failed);
  });
  contents.on('will-redirect', (event) => {
    if (!isOwnPage(event.url)) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
}

/** Keeps every page that the app will ever show on the app's own pages; what may be opened outside goes to the system. */
export function fencePages(app: App, failed: (error: unknown) => void): void {
  app.on('web-contents-created', (_event, contents) => fenceContents(contents, failed));
}

/** Refuses every permission a page may ask for or look up, and every device. The screens need none. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
}
