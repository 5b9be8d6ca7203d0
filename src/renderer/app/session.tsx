import { createContext, type ReactNode, use } from 'react';
import type { Outputs } from '#contract/index.ts';
import type { Permission } from '#contract/permissions.ts';

export type SessionUser = Outputs['auth']['me'];

const SessionContext = createContext<SessionUser | null>(null);

export function SessionProvider({ user, children }: { user: SessionUser; children: ReactNode }) {
  return <SessionContext value={user}>{children}</SessionContext>;
}

/** Who is signed in. */
export function useSession(): SessionUser {
  const user = use(SessionContext);
  if (user === null) throw new Error('Nobody is signed in around this component.');
  return user;
}

/** Whether the person may do a thing; the host checks again. */
export function useCan(): (permission: Permission) => boolean {
  const { permissions } = useSession();
  return (permission) => permissions.includes(permission);
}
