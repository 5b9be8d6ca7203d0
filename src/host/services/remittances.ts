import { createHash } from 'node:crypto';
import { invalidField } from '#domain/errors.ts';
import { canonicalJson, sha256 } from '../canonical-json.ts';
import type { HostContext } from '../context.ts';
import type { Session } from '../session.ts';
import { statementHtml } from './remittances/html.ts';
import { type Paper, statementPdf } from './remittances/pdf.ts';
import { type Statement, statementOf } from './remittances/statement.ts';
import type { Input, Service } from './service.ts';

type Format = Input<'remittances', 'statement'>['format'];

/** A statement in one of its forms. */
interface Drawn {
  bytes: Buffer;
  fileName: string;
  contentType: string;
  sha256: string;
}

const contentTypes: Record<Format, string> = {
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
};

/** Bytes of one piece; as base64 it stays under what a message should hold. */
const pieceBytes = 144 * 1024;

/** Statements drawn last: whoever takes one in pieces, or prints what was just read, waits for it once. */
const keptDrawings = 8;

/** The countries that print on Letter; everybody else has A4. */
const letterCountries = new Set([
  'US',
  'CA',
  'MX',
  'PH',
  'CL',
  'CO',
  'VE',
  'GT',
  'CR',
  'PA',
  'DO',
  'PR',
  'SV',
  'NI',
]);

/** Statements of payouts for the partners they are paid to (issue "remittance statement per payout"). */
export function remittancesService(host: HostContext): Service<'remittances'> {
  const drawings = new Map<string, Drawn>();

  async function draw(session: Session, id: string, format: Format): Promise<Drawn> {
    const statement = await host.database.read({ tenantId: session.tenantId }, (reader) =>
      statementOf(reader, session, id),
    );
    const country = session.tenant.settings.defaultCountry;
    const paper: Paper = country !== null && letterCountries.has(country) ? 'LETTER' : 'A4';
    // What it says names it, so that a changed payout is drawn anew.
    const key = sha256(canonicalJson([format, paper, statement]));
    const known = drawings.get(key);
    if (known !== undefined) return known;
    const bytes = await bytesOf(statement, format, paper);
    const drawn = {
      bytes,
      fileName: `remittance-${statement.payoutNumber}.${format}`,
      contentType: contentTypes[format],
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
    drawings.set(key, drawn);
    for (const oldest of drawings.keys()) {
      if (drawings.size <= keptDrawings) break;
      drawings.delete(oldest);
    }
    return drawn;
  }

  return {
    async statement(session, { id, format }) {
      const { bytes, fileName, contentType } = await draw(session, id, format);
      return {
        headers: {
          'content-disposition': `inline; filename="${fileName}"`,
          // It shows what others wrote: nothing in it may run, wherever it is opened.
          'content-security-policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'",
        },
        body: new File([new Uint8Array(bytes)], fileName, { type: contentType }),
      };
    },
    async read(session, { id, format, offset }) {
      const { bytes, fileName, contentType, sha256: hash } = await draw(session, id, format);
      if (offset > bytes.length) throw invalidField('offset', `The file ends at ${bytes.length}.`);
      const end = Math.min(offset + pieceBytes, bytes.length);
      return {
        fileName,
        contentType,
        byteSize: bytes.length,
        sha256: hash,
        data: bytes.toString('base64', offset, end),
        nextOffset: end < bytes.length ? end : null,
      };
    },
  };
}

async function bytesOf(statement: Statement, format: Format, paper: Paper): Promise<Buffer> {
  return format === 'pdf' ? await statementPdf(statement, paper) : Buffer.from(statementHtml(statement));
}
