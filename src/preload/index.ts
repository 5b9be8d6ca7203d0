/** Hands the page its message port to the host, and nothing else. The names are those of `src/main/ports.ts`. */
import { contextBridge, ipcRenderer } from 'electron';

declare const window: {
  location: { origin: string };
  postMessage(message: string, targetOrigin: string, transfer: readonly unknown[]): void;
};

contextBridge.exposeInMainWorld('partnerDesk', {
  requestPort(): void {
    ipcRenderer.send('partner-desk:request-port');
  },
});

// A port can't cross the bridge as a value; a message of the window can carry it.
ipcRenderer.on('partner-desk:port', (event) => {
  window.postMessage('partner-desk-port', window.location.origin, event.ports);
});
