/** The entry of the host's own process, started by the shell as a utility process. */
import { serveShell } from './host-service.ts';

// Ctrl+C in a terminal reaches this process too; the shell decides when the host ends, so that it can finish its work.
process.on('SIGINT', () => undefined);

serveShell(process.parentPort, process.env, (code) => process.exit(code));
