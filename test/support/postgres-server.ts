import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

/** Every test database is a copy of this one, migrated once. */
export const templateName = 'migrated_template';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the test files ask for the PostgreSQL server, so that it only starts when one needs it. */
    postgresBrokerPort: number;
  }
}

export type BrokerAnswer = { url: string } | { failure: string };

interface Started {
  answer: string;
  child: ChildProcess;
}

/** Starts the server's process and waits for the one line it says. */
async function startProcess(): Promise<Started> {
  const script = fileURLToPath(new URL('postgres-process.ts', import.meta.url));
  // In a process group of its own, so that Ctrl+C reaches the run, and the run's end reaches the server.
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const failure = (said: string): string => JSON.stringify({ failure: said } satisfies BrokerAnswer);
  for await (const line of createInterface({ input: child.stdout })) return { answer: line, child };
  return { answer: failure('The server process ended without a word.'), child };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server listens to no port.');
  return address.port;
}

/**
 * Vitest's global set-up: one PostgreSQL server per run, started when the first test file asks for it. A run that asks for none
 * pays nothing.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let starting: Promise<Started> | undefined;
  const broker = createServer((socket) => {
    starting ??= startProcess();
    starting.then(
      ({ answer }) => socket.end(answer),
      (error: unknown) => socket.end(JSON.stringify({ failure: String(error) } satisfies BrokerAnswer)),
    );
  });
  project.provide('postgresBrokerPort', await listen(broker));
  return async () => {
    await new Promise((done) => broker.close(done));
    const child = (await starting)?.child;
    if (child === undefined || child.exitCode !== null) return;
    const closed = once(child, 'close');
    child.stdin?.end();
    await closed;
  };
}
