import { type IpcMain, type IpcMainEvent, MessageChannelMain, type MessagePortMain } from 'electron';
import { isOwnPage } from './addresses.ts';

/** The page asks for a port on this channel; `src/preload` has the same name, as it may import nothing but electron. */
export const requestChannel = 'partner-desk:request-port';

/** The port comes back on this channel. */
export const portChannel = 'partner-desk:port';

/** Whether a message comes from the top of one of the app's own pages: not from a frame inside, and not from elsewhere. */
function senderFrameOf(event: IpcMainEvent): NonNullable<IpcMainEvent['senderFrame']> | null {
  const frame = event.senderFrame;
  if (frame === null || frame.parent !== null || !isOwnPage(frame.url)) return null;
  return frame;
}

/** Hands a message port to the host to each of the app's own pages that asks; anybody else gets no answer. */
export function handOverPorts(ipc: IpcMain, connect: (port: MessagePortMain) => void): void {
  ipc.on(requestChannel, (event) => {
    const frame = senderFrameOf(event);
    if (frame === null) return;
    const { port1, port2 } = new MessageChannelMain();
    connect(port1);
    frame.postMessage(portChannel, null, [port2]);
  });
}
