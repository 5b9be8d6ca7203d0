import { jobFaces } from '#contract/jobs.ts';
import type { Permission } from '#contract/permissions.ts';
import type { JobKind } from '#domain/jobs.ts';
import type { HostContext } from '../../context.ts';
import type { Session } from '../../session.ts';
import { permissionsNow } from '../organization/sessions.ts';

/** The permission of the call that a kind of job is another face of. */
export function permissionOf(kind: JobKind): Permission {
  const { permission } = jobFaces[kind]['~orpc'].meta;
  if (permission === 'public' || permission === 'signedIn') {
    throw new Error(`The call of ${kind} takes no permission.`);
  }
  return permission;
}

/** Asks, at any later time, whether who starts a job now still may. Signing out changes nothing: a job goes on whoever goes away. */
export function stillMay(host: HostContext, session: Session, kind: JobKind): () => Promise<boolean> {
  const permission = permissionOf(kind);
  return async () => (await permissionsNow(host, session)).has(permission);
}
