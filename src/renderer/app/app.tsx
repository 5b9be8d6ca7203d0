import { MantineProvider } from '@mantine/core';
import { ModalsProvider } from '@mantine/modals';
import { Notifications } from '@mantine/notifications';
import { createTanstackQueryUtils } from '@orpc/tanstack-query';
import { QueryClientProvider, useQuery, useQueryClient } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useState } from 'react';
import { FailedState, LoadingState } from '../components/states.tsx';
import { SetupScreen } from '../features/setup/setup-screen.tsx';
import { InvitationScreen, isInvitation } from '../features/sign-in/invitation-screen.tsx';
import { PartnerWelcomeScreen } from '../features/sign-in/partner-welcome-screen.tsx';
import { SecondFactorScreen } from '../features/sign-in/second-factor-screen.tsx';
import { SignInScreen } from '../features/sign-in/sign-in-screen.tsx';
import { ConnectionProvider, codeOf, createQueryClient, useApi } from './api.tsx';
import type { Client } from './client.ts';
import { useLiveChanges } from './live.ts';
import { styleNonce } from './nonce.ts';
import { createAppRouter } from './router.tsx';
import { SessionProvider } from './session.tsx';
import { cssVariables, theme } from './theme.ts';

export function App({ client }: { client: Client }) {
  const [api] = useState(() => createTanstackQueryUtils(client));
  const [queryClient] = useState(() => {
    const created = createQueryClient(() => {
      // Only from signed in to signed out: the question who is signed in is itself refused while nobody is.
      const me = api.auth.me.queryKey();
      if (created.getQueryData(me) !== undefined) void created.resetQueries({ queryKey: me });
    });
    return created;
  });
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={styleNonce}
    >
      <QueryClientProvider client={queryClient}>
        <ConnectionProvider client={client} api={api}>
          <ModalsProvider>
            <Notifications position="bottom-right" limit={4} />
            <Entrance />
          </ModalsProvider>
        </ConnectionProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}

/** Shows nothing; while it is there, what is shown follows what others do. */
function LiveChanges() {
  useLiveChanges();
  return null;
}

/** Set-up, sign-in or the app: whichever is due. */
function Entrance() {
  const api = useApi();
  const queryClient = useQueryClient();
  const [router] = useState(createAppRouter);
  const me = useQuery(api.auth.me.queryOptions({ retry: false, staleTime: Number.POSITIVE_INFINITY }));
  // Once the second factor is on the app is open; whoever set it up sees the recovery codes first.
  const [showsRecoveryCodes, setShowsRecoveryCodes] = useState(false);
  const signedOut = codeOf(me.error) === 'UNAUTHENTICATED';
  const setup = useQuery(api.setup.status.queryOptions({ enabled: signedOut }));

  const enter = () => {
    void queryClient.resetQueries();
  };
  if (isInvitation()) return <InvitationScreen />;
  if (me.data !== undefined) {
    if (me.data.secondFactor.mustEnrol || showsRecoveryCodes) {
      const leave = () => {
        setShowsRecoveryCodes(false);
        enter();
      };
      return (
        <SecondFactorScreen user={me.data} onSwitchedOn={() => setShowsRecoveryCodes(true)} onDone={leave} />
      );
    }
    if (me.data.kind === 'partner_user') return <PartnerWelcomeScreen user={me.data} onDone={enter} />;
    return (
      <SessionProvider user={me.data}>
        <LiveChanges />
        <RouterProvider router={router} />
      </SessionProvider>
    );
  }
  if (me.isError && !signedOut) return <FailedState error={me.error} onRetry={() => void me.refetch()} />;
  if (setup.isError) return <FailedState error={setup.error} onRetry={() => void setup.refetch()} />;
  if (setup.data === undefined) return <LoadingState label="Starting Partner Desk" />;
  return setup.data.needed ? <SetupScreen onDone={enter} /> : <SignInScreen onDone={enter} />;
}
