import sql from 'sql-template-tag';
import type { Change, Heard } from '../changes.ts';
import type { HostContext } from '../context.ts';
import type { Session } from '../session.ts';
import { requireComplete } from './notifications/audience.ts';
import { signInStatusesSql } from './organization/accounts.ts';
import { isOwn } from './own-partner.ts';
import type { Call, Service } from './service.ts';

/** What a subscriber is told (`contract/notifications.ts`). */
export type ChangeEvent =
  | { type: 'ready' }
  | { type: 'change'; resource: string; resourceId: string | null }
  | { type: 'refresh' }
  | { type: 'alive' };

/** Changes kept for a subscriber who is slower than they come; with more it is told to read everything again. */
const mostWaiting = 200;
/** After so long without a word a subscriber is told that the line still stands, and its session is looked at. */
const aliveEvery = 20_000;

/** Live changes for open screens. */
export function changesService(host: HostContext): Service<'changes'> {
  return {
    subscribe: async (session, _input, call) => {
      requireComplete(session);
      return subscription(host, session, call);
    },
  };
}

/**
 * What a session may hear, until it ends: of its own tenant only, and a partner's user of the own partner only. The same
 * change twice in a row is told once; a subscriber who can't keep up is told to refresh rather than kept a list for.
 */
async function* subscription(
  host: HostContext,
  session: Session,
  { signal }: Call,
): AsyncGenerator<ChangeEvent, void, void> {
  const waiting = new Map<string, ChangeEvent>();
  let wake = (): void => undefined;
  let mustCheck = false;
  const over = new AbortController();
  const hear = (heard: Heard): void => {
    if (heard === 'missed') {
      mustCheck = true;
      waiting.clear();
      waiting.set('', { type: 'refresh' });
    } else {
      if (heard.tenantId !== session.tenantId) return;
      // The organization may ask for a second factor now: whoever subscribes again is judged anew.
      if (heard.resource === 'settings') over.abort();
      // Whoever is changed, or loses the session, hears no more under the rights of before.
      if (concerns(session, heard.resourceId)) mustCheck = true;
      else if (!mayHear(session, heard)) return;
      const { resource, resourceId } = heard;
      if (mayHear(session, heard) && !waiting.has('')) {
        waiting.set(`${resource} ${resourceId ?? ''}`, { type: 'change', resource, resourceId });
      }
      if (waiting.size > mostWaiting) {
        waiting.clear();
        waiting.set('', { type: 'refresh' });
      }
    }
    wake();
  };
  const stop = host.changes.listen(hear);
  const ends = AbortSignal.any([over.signal, host.changes.closed, ...(signal === undefined ? [] : [signal])]);
  const onEnd = (): void => wake();
  ends.addEventListener('abort', onEnd);
  try {
    yield { type: 'ready' };
    while (!ends.aborted) {
      const [first] = waiting;
      if (first !== undefined && !mustCheck) {
        waiting.delete(first[0]);
        yield first[1];
        continue;
      }
      if (!mustCheck) {
        const isQuiet = await quiet(
          (resume) => (wake = resume),
          () => waiting.size > 0 || mustCheck || ends.aborted,
        );
        if (!isQuiet || ends.aborted) continue;
      }
      mustCheck = false;
      if (!(await isStillSignedIn(host, session))) return;
      if (waiting.size === 0) yield { type: 'alive' };
    }
  } finally {
    ends.removeEventListener('abort', onEnd);
    stop();
  }
}

/** Waits until woken (false) or until nothing has happened for a while (true). */
async function quiet(onWake: (resume: () => void) => void, isAwake: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), aliveEvery);
    timer.unref();
    const resume = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    onWake(resume);
    // What came between the last look and now.
    if (isAwake()) resume();
  });
}

/** What a partner's users can look up, or follows from it: of the office's jobs and files about them they hear nothing. */
const forPartners: ReadonlySet<string> = new Set([
  'credit',
  'import',
  'lead',
  'notification',
  'partner',
  'partner_document',
  'partner_user',
  'payout',
  'payout_line',
  'policy',
  'saved_view',
  'source',
]);

function mayHear(session: Session, { resource, partnerId }: Change): boolean {
  return isOwn(session, partnerId) && (session.partnerId === null || forPartners.has(resource));
}

/** The person, the sign-in, or the partner of a partner's user: what the session's rights follow from. */
function concerns(session: Session, resourceId: string | null): boolean {
  if (resourceId === null) return false;
  return [session.userId, session.sessionId, session.partnerId].includes(resourceId);
}

/** Whether the session still opens what it did when a stream began. */
export async function isStillSignedIn(host: HostContext, session: Session): Promise<boolean> {
  const { tenantId, sessionId, userId } = session;
  const row = await host.database.read({ tenantId }, (reader) =>
    reader.get(
      session.kind === 'staff'
        ? sql`select s.id from sessions s join staff u on u.tenant_id = s.tenant_id and u.id = s.user_id
            where s.tenant_id = ${tenantId} and s.id = ${sessionId} and s.revoked_at is null
              and s.expires_at > ${host.now()} and u.id = ${userId} and u.is_active and u.deleted_at is null`
        : sql`select s.id from sessions s join partner_users u on u.tenant_id = s.tenant_id and u.id = s.user_id
            join partners p on p.tenant_id = u.tenant_id and p.id = u.partner_id
            where s.tenant_id = ${tenantId} and s.id = ${sessionId} and s.revoked_at is null
              and s.expires_at > ${host.now()} and u.id = ${userId} and u.is_active and u.deleted_at is null
              and u.role = ${session.partnerRole} and p.deleted_at is null and p.status in (${signInStatusesSql})`,
    ),
  );
  return row !== undefined;
}
