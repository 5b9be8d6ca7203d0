import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { waitForLine } from '#test/support/cli.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const heldTurns = new URL('held-turns.ts', import.meta.url).href;

export interface Place {
  data: string;
  databaseUrl?: string | undefined;
}

/** The program as it is served, a process of its own, whose long work takes a turn when told (`held-turns.ts`). */
export interface Served {
  readonly process: ChildProcess;
  readonly url: string;
  /** A REST call; the parsed body. Throws for a refusal. */
  call<T>(method: string, path: string, body?: object | string): Promise<T>;
  /** The response as it is, for streams. */
  open(path: string): Promise<Response>;
  /** Lets long work take a turn at a time until it is so. */
  stepUntil(isSo: () => Promise<boolean>): Promise<void>;
  letGo(): void;
  /** Resolves when a line of the log says this. */
  logged(message: string): Promise<void>;
  /** How it ended. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; complaints: string }>;
}

export async function startServed(
  { data, databaseUrl }: Place,
  who: { email: string; password: string },
): Promise<Served> {
  const place = databaseUrl === undefined ? [] : ['--database-url', databaseUrl];
  const args = ['--import', heldTurns, main, 'serve', '--data', data, ...place, '--port', '0', '--json'];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, NODE_NO_WARNINGS: '1', PARTNER_DESK_LOG: 'warn' },
  });
  let complaints = '';
  let waiting = 0;
  const hopes = new Set<() => void>();
  const news = (): void => {
    for (const look of hopes) look();
  };
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
    news();
  });
  child.on('message', () => {
    waiting += 1;
    news();
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, complaints }));
  const when = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return;
        hopes.delete(look);
        resolve();
      };
      hopes.add(look);
      look();
    });

  const url = await waitForLine(child, (line) =>
    line.startsWith('{') ? String(JSON.parse(line).url) : undefined,
  );
  let token = '';
  const headers = (type: string) => ({ authorization: `Bearer ${token}`, 'content-type': type });
  const served: Served = {
    process: child,
    url,
    async call<T>(method: string, path: string, body?: object | string): Promise<T> {
      const isText = typeof body === 'string';
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: headers(isText ? 'text/csv' : 'application/json'),
        ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
      });
      const answer: T & { message?: string } = JSON.parse(await response.text());
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.message}`);
      return answer;
    },
    open: (path) => fetch(`${url}/api/v1${path}`, { headers: headers('application/json') }),
    async stepUntil(isSo) {
      for (;;) {
        await when(() => waiting > 0);
        if (await isSo()) return;
        waiting -= 1;
        child.send('turn');
      }
    },
    letGo: () => void child.send('all'),
    logged: (message) => when(() => complaints.includes(message)),
    ended,
  };
  ({ token } = await served.call<{ token: string }>('POST', '/auth/login', who));
  return served;
}

/** Whether an activity of this kind is there. */
export function hasActivity({ call }: Served, action: string): () => Promise<boolean> {
  return async () => {
    const { items } = await call<{ items: object[] }>('GET', `/activities?action=${action}&limit=1`);
    return items.length > 0;
  };
}

/** Whether an import runs that has taken leads in. */
export function hasImported({ call }: Served): () => Promise<boolean> {
  return async () => {
    const [latest] = (
      await call<{ items: { status: string; accepted: number }[] }>('GET', '/imports?limit=1')
    ).items;
    return latest?.status === 'running' && latest.accepted > 0;
  };
}
