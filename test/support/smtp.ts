import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import type { Certificate } from './certificate.ts';

/** A message as it arrived. */
export interface Received {
  from: string;
  /** Of the envelope: who really gets it. */
  to: string[];
  mail: Email;
  raw: string;
  /** Whether it came over TLS. */
  isSecure: boolean;
}

export interface TestSmtp {
  port: number;
  received: Received[];
  /** Connections so far, and those that tried to sign in. */
  connections: number;
  logins: number;
  /** What the next commands are answered with; undefined takes everything. */
  refuse: { at: 'connect' | 'sender' | 'recipient' | 'data'; code: number; message: string } | undefined;
  /** Messages to this address. */
  to(address: string): Received[];
  close(): Promise<void>;
}

/** How a server speaks TLS: from the first byte, or once it is asked to. */
export interface TestTls extends Certificate {
  from: 'start' | 'starttls';
}

/**
 * A mail server of its own on a free port, which keeps what it takes. With `login`, only for who knows it; without `tls`, it knows
 * nothing of encryption.
 */
export async function smtpServer(login?: { user: string; pass: string }, tls?: TestTls): Promise<TestSmtp> {
  const refusal = (at: string): Error | null => {
    if (smtp.refuse?.at !== at) return null;
    return Object.assign(new Error(smtp.refuse.message), { responseCode: smtp.refuse.code });
  };
  const server = new SMTPServer({
    disabledCommands: [
      ...(login === undefined ? ['AUTH' as const] : []),
      ...(tls?.from === 'starttls' ? [] : ['STARTTLS' as const]),
    ],
    ...(tls !== undefined && { secure: tls.from === 'start', key: tls.key, cert: tls.cert }),
    authOptional: login === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    onAuth(auth, _session, done) {
      smtp.logins += 1;
      if (auth.username === login?.user && auth.password === login?.pass) done(null, { user: auth.username });
      else done(Object.assign(new Error('Invalid login'), { responseCode: 535 }));
    },
    onConnect(_session, done) {
      smtp.connections += 1;
      done(refusal('connect'));
    },
    onMailFrom(_address, _session, done) {
      done(refusal('sender'));
    },
    onRcptTo(_address, _session, done) {
      done(refusal('recipient'));
    },
    onData(stream, session, done) {
      const take = async (): Promise<void> => {
        const raw = await buffer(stream);
        const refused = refusal('data');
        if (refused !== null) {
          done(refused);
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        smtp.received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          mail: await PostalMime.parse(raw),
          raw: raw.toString('utf8'),
          isSecure: session.secure,
        });
        done(null);
      };
      take().catch((error: unknown) => done(error instanceof Error ? error : new Error(String(error))));
    },
  });
  // A client that goes away in the middle is part of some stories.
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const smtp: TestSmtp = {
    port,
    received: [],
    connections: 0,
    logins: 0,
    refuse: undefined,
    to: (address) => smtp.received.filter((message) => message.to.includes(address)),
    close: () => new Promise((done) => server.close(() => done())),
  };
  return smtp;
}
