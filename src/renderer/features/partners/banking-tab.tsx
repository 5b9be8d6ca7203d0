import { Alert, Badge, Button, Group, List, Paper, Stack, Text } from '@mantine/core';
import { IconEye, IconEyeOff, IconShieldCheck } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Outputs } from '#contract/index.ts';
import { codeOf, sentenceOf, useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { Instant } from '../../components/figures.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { paymentMethodLabels } from '../../components/payment-methods.ts';
import { EmptyState } from '../../components/states.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { Fact } from './figure.tsx';
import { bankingFieldsOf, bankingGaps, bankingLabels, type Partner } from './partner.ts';
import classes from './partners.module.css';
import { RevealDialog } from './reveal-dialog.tsx';

type Details = Outputs['partners']['revealBanking'];

/** Where the money goes: masked, unless somebody asks to see it, which is recorded. */
export function BankingTab({ partner }: { partner: Partner }) {
  const can = useCan();
  const [isAsking, setIsAsking] = useState(false);
  /** In full, as long as this tab is open and no longer; of the version that was asked for. */
  const [revealed, setRevealed] = useState<{ details: Details; version: number } | null>(null);
  const masked = partner.bankingDetails;
  if (masked === null) {
    return (
      <EmptyState
        title="No bank details yet"
        action={
          can('partners.edit') ? (
            <LinkButton to="/partners/$partnerId/edit" params={{ partnerId: partner.id }}>
              Add bank details
            </LinkButton>
          ) : undefined
        }
      >
        Partner managers add them; somebody else verifies them before the first payment.
      </EmptyState>
    );
  }
  const shown = revealed?.version === partner.version ? revealed.details : null;
  return (
    <Stack gap="md" maw={760}>
      <Paper p="md">
        <Group justify="space-between" mb="sm">
          <Verification details={masked} />
          {can('banking.reveal') &&
            (shown === null ? (
              <Button
                variant="default"
                leftSection={<IconEye size={16} aria-hidden />}
                onClick={() => setIsAsking(true)}
              >
                Show in full
              </Button>
            ) : (
              <Button
                variant="default"
                leftSection={<IconEyeOff size={16} aria-hidden />}
                onClick={() => setRevealed(null)}
              >
                Hide again
              </Button>
            ))}
        </Group>
        <DetailsList details={shown ?? masked} />
        {shown !== null && (
          <Text size="sm" c="dimmed" mt="sm" role="status">
            Shown in full until you leave this tab. That you looked is in the activities.
          </Text>
        )}
      </Paper>
      {!masked.isVerified && <Verify partner={partner} />}
      {isAsking && (
        <RevealDialog
          partner={partner}
          onClose={() => setIsAsking(false)}
          onRevealed={(details) => setRevealed({ details, version: partner.version })}
        />
      )}
    </Stack>
  );
}

function Verification({ details }: { details: Details }) {
  return details.isVerified ? (
    <Group gap={8}>
      <Badge color="pine" leftSection={<IconShieldCheck size={13} aria-hidden />}>
        Verified
      </Badge>
      <Text size="sm" c="dimmed">
        <Instant value={details.verifiedAt} />
      </Text>
    </Group>
  ) : (
    <Group gap={8}>
      <Badge color="orange">Not verified</Badge>
      <Text size="sm" c="dimmed">
        No payment can be recorded yet.
      </Text>
    </Group>
  );
}

function DetailsList({ details }: { details: Details }) {
  const method = details.paymentMethod;
  const fields = bankingFieldsOf[method ?? 'bank_transfer'];
  return (
    <dl className={classes.facts}>
      <Fact label={bankingLabels.paymentMethod}>{method !== null && paymentMethodLabels[method]}</Fact>
      {fields.map((field) => (
        <Fact
          key={field}
          label={field === 'accountNumber' && method === 'paypal' ? 'PayPal account' : bankingLabels[field]}
        >
          {details[field] !== null && <span className="figures">{details[field]}</span>}
        </Fact>
      ))}
      {details.currency !== null && <Fact label={bankingLabels.currency}>{details.currency}</Fact>}
    </dl>
  );
}

function Verify({ partner }: { partner: Partner }) {
  const api = useApi();
  const can = useCan();
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  const verify = useCommand(
    api.partners.verifyBanking.mutationOptions({
      onError: (error) => {
        if (codeOf(error) === 'CONFLICT') {
          void queryClient.invalidateQueries({ queryKey: api.partners.key() });
        }
      },
    }),
    { done: 'Bank details verified.', quiet: true },
  );
  const gaps = bankingGaps(partner.bankingDetails);
  return (
    <Paper p="md">
      <Text fw={600} mb={4}>
        Verification
      </Text>
      <Text c="dimmed">
        Compare the details with what the partner signed. Whoever changed them last can’t verify them.
      </Text>
      {gaps.length > 0 && (
        <List size="sm" withPadding mt="xs">
          {gaps.map((gap) => (
            <List.Item key={gap}>{gap}</List.Item>
          ))}
        </List>
      )}
      {verify.isError && (
        <Alert color="red" role="alert" title="Not verified" mt="sm">
          {sentenceOf(verify.error)}
        </Alert>
      )}
      {can('banking.verify') ? (
        <Button
          mt="sm"
          disabled={gaps.length > 0}
          loading={verify.isPending}
          onClick={() => {
            const input = { id: partner.id, version: partner.version };
            verify.mutate({ ...input, commandId: commandId(input) });
          }}
        >
          Verify bank details
        </Button>
      ) : (
        <Text size="sm" mt="sm">
          An approver verifies them.
        </Text>
      )}
    </Paper>
  );
}
