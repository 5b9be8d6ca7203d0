/** The host's public face: what the desktop shell and the command line may use. */
export {
  type Acting,
  actAs,
  addTenant,
  isSound,
  listTenants,
  resetSecondFactor,
  restoreBackup,
  verifyAll,
} from './admin.ts';
export { composeHost, databaseFile, type Host } from './compose.ts';
export { DatabaseRefusedError } from './database/index.ts';
export { type DemoReport, fillWithDemoData } from './demo/fill.ts';
export { rotateDataKey } from './key-rotation.ts';
export { createLog } from './log.ts';
export { sweepDocuments } from './services/partners/document-sweep.ts';
export { type HttpServer, serveHttp } from './transports/http.ts';
export { servePorts } from './transports/message-port.ts';
export { contentSecurityPolicy, contentTypes, noncePlaceholder } from './transports/static-files.ts';
