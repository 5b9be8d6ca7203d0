import { Stack, Text } from '@mantine/core';
import type { SessionUser } from '../../app/session.tsx';
import { EntranceCard } from '../../components/entrance-card.tsx';
import { SignOutButton } from './sign-out-button.tsx';

/** What a partner's own user sees until the partner portal has its screens: that it has none yet, and what works. */
export function PartnerWelcomeScreen({ user, onDone }: { user: SessionUser; onDone: () => void }) {
  return (
    <EntranceCard
      title={`Welcome, ${user.firstName}`}
      hint={`You are signed in at ${user.organizationName} for ${user.partnerName ?? 'your company'}.`}
    >
      <Stack gap="md">
        <Text>
          The screens for partners are still being built. Until they are here, {user.organizationName} tells
          you what you want to know, and your own programs can submit leads and read results over the
          interface at <code>/api/v1</code>.
        </Text>
        <SignOutButton onDone={onDone} />
      </Stack>
    </EntranceCard>
  );
}
