import { getCACertificates } from 'node:tls';
import { createTransport, type NodemailerError } from 'nodemailer';
import type { HostContext } from '../context.ts';
import type { MailSettingsRow } from '../database/index.ts';
import { sealedFor } from '../sealed.ts';
import { oneLine, type RenderedMail } from './templates.ts';

/** One e-mail to one person. */
export interface Message extends RenderedMail {
  to: { name: string; address: string };
  /** The same for every attempt, so that a message that arrives twice is known as one. */
  messageId: string;
}

/**
 * Why a message did not go out. `permanent`: the server refuses this message, and would again. `temporary`: it may take it
 * later. `connection`: there is no way to the server, or it does not let us in or refuses the sender; no message would go.
 */
export interface MailFailure {
  kind: 'permanent' | 'temporary' | 'connection';
  /** In the server's words where it said any. */
  reason: string;
}

const seconds = 1_000;
/** Less than the lease of a claimed message, so that nobody else takes it while it is being sent. */
export const longestSending = 120 * seconds;

/**
 * Hands a message to the organization's mail server. Resolves once the server has taken it. Over TLS the server has to show a
 * certificate of its name that somebody trusted has signed: whom the system trusts, or who the settings name besides.
 * @throws whatever went wrong; `failureOf` says what it means.
 */
export async function sendMail(
  host: Pick<HostContext, 'vault'>,
  settings: MailSettingsRow,
  message: Message,
  signal: AbortSignal,
): Promise<{ response: string }> {
  const { userName, passwordSecret, caCertificate } = settings;
  const transport = createTransport({
    host: settings.host,
    port: settings.port,
    secure: settings.security === 'tls',
    requireTLS: settings.security === 'starttls',
    ignoreTLS: settings.security === 'none',
    tls: {
      minVersion: 'TLSv1.2',
      // Beside those that are trusted anyway, not instead of them.
      ...(caCertificate !== null && { ca: [...getCACertificates('default'), caCertificate] }),
    },
    connectionTimeout: 20 * seconds,
    greetingTimeout: 20 * seconds,
    socketTimeout: 60 * seconds,
    dnsTimeout: 20 * seconds,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(userName !== null && {
      auth: {
        user: userName,
        pass:
          passwordSecret === null
            ? ''
            : host.vault.open(passwordSecret, sealedFor.mailPassword(settings.tenantId, settings.id)),
      },
    }),
  });
  const { to, messageId, subject, text, html } = message;
  try {
    const info = await transport.sendMail({
      from: { name: oneLine(settings.fromName), address: settings.fromAddress },
      to: { name: oneLine(to.name), address: to.address },
      messageId,
      subject,
      text,
      html,
      // So that no out-of-office reply comes back.
      headers: { 'Auto-Submitted': 'auto-generated' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(longestSending)]),
    });
    return { response: oneLine(info.response) };
  } finally {
    transport.close();
  }
}

/** What stands between us and the server, or is wrong with the settings: it concerns every message. */
const connectionCodes = new Set([
  'ECONNECTION',
  'ETIMEDOUT',
  'ESOCKET',
  'EDNS',
  'ETLS',
  'EPROTOCOL',
  'EAUTH',
  'ENOAUTH',
  'ECONFIG',
  'EPROXY',
  'EABORT',
]);

/** What an error of `sendMail` means. A wrong password is answered with 5xx too, but is no fault of the message. */
export function failureOf(error: unknown): MailFailure {
  if (!isNodemailerError(error)) throw error;
  const { code, response, permanent, message, command, responseCode } = error;
  // Before there is a connection the answer alone says little: what was asked stands in the message.
  if (connectionCodes.has(code ?? '')) return { kind: 'connection', reason: oneLine(message) };
  const reason = oneLine(response ?? message);
  // The sender is refused, whoever the message is for: that is mended in the settings. 552 alone speaks of the message, of its size.
  if (command === 'MAIL FROM' && responseCode !== undefined && responseCode !== 552) {
    return { kind: 'connection', reason };
  }
  if (permanent === true) return { kind: 'permanent', reason };
  // "Service not available": the server is closing the channel, whatever it was asked.
  if (responseCode === 421) return { kind: 'connection', reason };
  // A message that can't be built is the same the next time.
  if (code === 'EMESSAGE' && response === undefined) return { kind: 'permanent', reason };
  return { kind: 'temporary', reason };
}

function isNodemailerError(error: unknown): error is NodemailerError {
  return error instanceof Error;
}
