/** The host's public face: what the desktop shell and the command line may use. */
export { composeHost, databaseFile, type Host, type HostOptions } from './compose.ts';
export { createLog } from './log.ts';
export { type HttpServer, serveHttp } from './transports/http.ts';
export { servePorts } from './transports/message-port.ts';
