import { DatabaseRefusedError } from '../host/index.ts';
import { plainWords } from './plain-words.ts';

/** Exit codes, as `--help` lists them. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unsound: 3 } as const;

/** What a command answers: text for people, the same as data with `--json`. */
export interface Answer {
  text: string;
  data: unknown;
  exitCode?: number;
}

/** Writes an answer to stdout; what is told on the way goes to stderr, so that stdout can be piped. */
export function writeAnswer(answer: Answer, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(answer.data)}\n` : `${answer.text}\n`);
  process.exitCode = answer.exitCode ?? exitCodes.ok;
}

export function tell(message: string): void {
  process.stderr.write(`${message}\n`);
}

interface Refusal {
  code: string;
  message: string;
  fields: unknown;
}

function refusalOf(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof DatabaseRefusedError) return { code: 'DATABASE_REFUSED', message, fields: undefined };
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'FAILED';
  // A refusal of the host carries its fields itself, one that came through the contract in its data.
  const data = error instanceof Error ? ('data' in error ? error.data : error) : undefined;
  const fields = typeof data === 'object' && data !== null && 'fields' in data ? data.fields : undefined;
  return { code, message: plainWords(code, message) ?? message, fields };
}

/** Tells a failure in one sentence, or as data with `--json`; the stack is for `PARTNER_DESK_DEBUG`. */
export function writeFailure(error: unknown, json: boolean): void {
  const refusal = refusalOf(error);
  if (json) process.stdout.write(`${JSON.stringify({ error: refusal })}\n`);
  else tell(refusal.message);
  if (process.env['PARTNER_DESK_DEBUG'] !== undefined && error instanceof Error) tell(error.stack ?? '');
  process.exitCode = exitCodes.failed;
}
