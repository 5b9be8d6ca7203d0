import { createORPCClient } from '@orpc/client';
import { RPCLink as FetchLink } from '@orpc/client/fetch';
import { RPCLink as PortLink } from '@orpc/client/message-port';
import { SimpleCsrfProtectionLinkPlugin } from '@orpc/client/plugins';
import type { ContractRouterClient } from '@orpc/contract';
import type { Contract } from '#contract/index.ts';

/** The whole contract as functions, whatever lies between. */
export type Client = ContractRouterClient<Contract>;

/** How the desktop shell announces itself before the page's scripts run (`src/preload`). */
interface DesktopShell {
  /** Asks for a message port to the host; it arrives as a message of the window. */
  requestPort(): void;
}

function desktopShell(): DesktopShell | undefined {
  return (globalThis as { partnerDesk?: DesktopShell }).partnerDesk;
}

function portFromShell(shell: DesktopShell): Promise<MessagePort> {
  return new Promise((resolve) => {
    const listen = (event: MessageEvent) => {
      const [port] = event.ports;
      if (event.source !== window || event.data !== 'partner-desk-port' || port === undefined) return;
      window.removeEventListener('message', listen);
      resolve(port);
    };
    window.addEventListener('message', listen);
    shell.requestPort();
  });
}

/** Reaches the host: over the shell's message port in the desktop app, over HTTP in a browser. */
export async function connect(): Promise<Client> {
  const shell = desktopShell();
  if (shell === undefined) {
    return createORPCClient(
      new FetchLink({
        url: `${window.location.origin}/rpc`,
        plugins: [new SimpleCsrfProtectionLinkPlugin()],
      }),
    );
  }
  const port = await portFromShell(shell);
  const client: Client = createORPCClient(new PortLink({ port }));
  port.start();
  return client;
}
