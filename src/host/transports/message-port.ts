import type { SupportedMessagePort } from '@orpc/client/message-port';
import { RPCHandler } from '@orpc/server/message-port';
import type { Host } from '../compose.ts';
import type { CallContext } from '../router/index.ts';

interface PortContext extends CallContext {
  connection: { token: string | null };
}

/**
 * Serves a host over message ports, as the desktop app's window uses it. A port is one window: its session's token stays
 * here and is never handed over, as the cookie is kept from the page's scripts in a browser.
 */
export function servePorts(host: Host): (port: SupportedMessagePort, station: string | null) => void {
  const handler = new RPCHandler<PortContext>(host.router, {
    clientInterceptors: [
      async ({ next, path, context }) => {
        const output: unknown = await next();
        const name = path.join('.');
        if (name === 'auth.logout') context.connection.token = null;
        if (name !== 'auth.login' && name !== 'setup.run') return output;
        if (typeof output !== 'object' || output === null || !('token' in output)) return output;
        context.connection.token = typeof output.token === 'string' ? output.token : null;
        return { ...output, token: '' };
      },
    ],
  });
  return (port, station) => {
    const connection: PortContext['connection'] = { token: null };
    handler.upgrade(port, {
      // Read at each call: signing in changes it for the calls after.
      context: {
        connection,
        station,
        get token() {
          return connection.token;
        },
      },
    });
  };
}
