import type { MenuItemConstructorOptions } from 'electron';

/** The menus, of the system's own roles. The developer tools are only for running from a checkout. */
export function menuTemplate(platform: NodeJS.Platform, packaged: boolean): MenuItemConstructorOptions[] {
  const view: MenuItemConstructorOptions[] = [
    { role: 'reload' },
    { type: 'separator' },
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    { role: 'zoomOut' },
    { type: 'separator' },
    { role: 'togglefullscreen' },
  ];
  if (!packaged) view.push({ type: 'separator' }, { role: 'toggleDevTools' });
  const menus: MenuItemConstructorOptions[] = [
    { role: 'fileMenu' },
    { role: 'editMenu' },
    { label: 'View', submenu: view },
    { role: 'windowMenu' },
  ];
  // macOS has About in the app's own menu.
  return platform === 'darwin'
    ? [{ role: 'appMenu' }, ...menus]
    : [...menus, { role: 'help', submenu: [{ role: 'about' }] }];
}
