import { Alert, Button, Checkbox, Group, List, Stack, Text, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { codeOf, fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { ChangeList } from './change-list.tsx';
import { approvalGaps, changesBetween, currentOf, type Partner } from './partner.ts';

/** Approves a partner; where details are missing, only on purpose and with a reason. */
export function ApproveDialog({ partner, onClose }: { partner: Partner; onClose: () => void }) {
  const api = useApi();
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  /** What the person decides on: the partner as it was read, or as a conflict has shown it. */
  const [seen, setSeen] = useState(partner);
  const [changed, setChanged] = useState<ReturnType<typeof changesBetween>>([]);
  const [overrides, setOverrides] = useState(false);
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const approve = useCommand(
    api.partners.approve.mutationOptions({
      onSuccess: onClose,
      onError: (error) => {
        const current = codeOf(error) === 'CONFLICT' ? currentOf(error) : null;
        if (current === null) return;
        setChanged(changesBetween(seen, current));
        setSeen(current);
        void queryClient.invalidateQueries({ queryKey: api.partners.key() });
      },
    }),
    { done: (after) => `${after.organizationName} is approved.`, quiet: true },
  );
  const gaps = approvalGaps(seen);
  const isIncomplete = gaps.length > 0;

  const submit = () => {
    if (isIncomplete && !overrides) {
      setProblem('Have the details filled in, or tick that you approve without them.');
      return;
    }
    if (isIncomplete && reason.trim() === '') {
      setProblem('Say why the partner is approved although details are missing.');
      return;
    }
    setProblem(null);
    setChanged([]);
    const input = {
      id: seen.id,
      version: seen.version,
      ...(reason.trim() !== '' && { reason: reason.trim() }),
      ...(isIncomplete && { override: true }),
    };
    approve.mutate({ ...input, commandId: commandId(input) });
  };

  return (
    <Dialog title={`Approve ${seen.organizationName}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack gap="md">
          {approve.isError && (
            <Alert color="red" role="alert" title="Not approved">
              {sentenceOf(approve.error)}
              {changed.length > 0 && <ChangeList changes={changed} />}
            </Alert>
          )}
          {isIncomplete ? (
            <>
              <Text>Details are missing that an approval needs:</Text>
              <List size="sm" withPadding>
                {gaps.map((gap) => (
                  <List.Item key={gap}>{gap}</List.Item>
                ))}
              </List>
              <Checkbox
                label="Approve although these are missing"
                checked={overrides}
                onChange={(event) => {
                  setOverrides(event.currentTarget.checked);
                  setProblem(null);
                }}
                error={overrides ? undefined : problem}
              />
            </>
          ) : (
            <Text>It can submit leads from now on and earn by its terms and policies.</Text>
          )}
          {(!isIncomplete || overrides) && (
            <Textarea
              label={isIncomplete ? 'Why it is approved all the same' : 'Note (if there is one)'}
              withAsterisk={isIncomplete}
              autosize
              minRows={2}
              maxLength={2000}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              error={problem ?? fieldErrorsOf(approve.error)['reason']}
            />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={approve.isPending}>
              Approve partner
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
