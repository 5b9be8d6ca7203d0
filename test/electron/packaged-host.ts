/**
 * Run as a process of its own: loads the packaged host's entry with a stand-in for the line to the shell, opens an empty data
 * folder, asks over a port, sets an organization up, hears that the thread of the checkpoints answers, and closes. Usage: packaged-host.ts <entry> <data folder>. Exits 0 when all of it worked.
 */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { MessageChannel, type Worker } from 'node:worker_threads';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import type { ContractRouterClient } from '@orpc/contract';
import type { Contract } from '#contract/index.ts';

const [entry, dataFolder] = process.argv.slice(2);
assert(entry !== undefined && dataFolder !== undefined);

const heard = new EventEmitter();
const line = Object.assign(new EventEmitter(), {
  postMessage: (message: { kind: string }) => heard.emit(message.kind, message),
});
Object.assign(process, { parentPort: line });
const ready = once(heard, 'ready');
const thread = { hasAnswered: false };
process.once('worker', (worker: Worker) => {
  worker.once('message', () => {
    thread.hasAnswered = true;
  });
  worker.once('error', (error) => {
    throw error;
  });
});
await import(pathToFileURL(entry).href);

line.emit('message', { data: { kind: 'open', dataFolder, station: 'package check' }, ports: [] });
await ready;
const { port1, port2 } = new MessageChannel();
line.emit('message', { data: { kind: 'port' }, ports: [port1] });
const client: ContractRouterClient<Contract> = createORPCClient(new RPCLink({ port: port2 }));
port2.start();
assert.deepEqual(await client.setup.status(), { needed: true });
await client.setup.run({
  organizationName: 'Package check',
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  admin: {
    email: 'admin@example.com',
    password: 'a long enough password',
    firstName: 'Ana',
    lastName: 'Meyer',
  },
});
// The thread is started by a log that is long enough.
for (let written = 0; !thread.hasAnswered; written += 1) {
  assert(written < 2000, 'The thread of the checkpoints never answered.');
  await client.partners.create({
    partnerType: 'vendor',
    organizationName: `Partner ${written}`,
    contactName: 'Kim Berg',
    contactEmail: 'kim@example.com',
  });
}
// From here the host ends the process itself, with 0 once its database is closed.
process.exitCode = 1;
line.emit('message', { data: { kind: 'close' }, ports: [] });
