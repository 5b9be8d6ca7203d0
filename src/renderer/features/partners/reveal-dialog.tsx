import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import type { Outputs } from '#contract/index.ts';
import { sentenceOf, useApi } from '../../app/api.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useCommand } from '../../components/use-command.ts';
import type { Partner } from './partner.ts';

/** Says that looking is recorded, before it is. */
export function RevealDialog({
  partner,
  onClose,
  onRevealed,
}: {
  partner: Partner;
  onClose: () => void;
  onRevealed: (details: Outputs['partners']['revealBanking']) => void;
}) {
  const api = useApi();
  const reveal = useCommand(
    api.partners.revealBanking.mutationOptions({
      onSuccess: (details) => {
        onRevealed(details);
        onClose();
      },
      // Nothing keeps the numbers when they are hidden again.
      gcTime: 0,
    }),
    { quiet: true },
  );
  return (
    <Dialog title="Show the bank details in full" onClose={onClose}>
      <Stack gap="md">
        {reveal.isError && (
          <Alert color="red" role="alert">
            {sentenceOf(reveal.error)}
          </Alert>
        )}
        <Text>
          The account numbers of {partner.organizationName} are shown until you leave the tab. Your name and
          the time go into the activities, where auditors see them.
        </Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button data-autofocus loading={reveal.isPending} onClick={() => reveal.mutate({ id: partner.id })}>
            Show and record it
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
