import { type Logger, pino } from 'pino';

/** Lines of JSON on stderr, so that stdout stays the programme's own answer. Secrets are never logged; these names are a net. */
export function createLog(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      redact: ['password', '*.password', 'token', '*.token', 'authorization', '*.authorization'],
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
