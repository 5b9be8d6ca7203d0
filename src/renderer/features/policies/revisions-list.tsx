import { Badge, Group, Stack, Text, Timeline } from '@mantine/core';
import { Instant, PersonName } from '../../components/figures.tsx';
import { ChangeList } from './change-list.tsx';
import type { Policy, Revision } from './policy.ts';
import { changesInWords } from './terms-in-words.ts';
import { useSourceNames } from './use-source-names.ts';

/** Every revision, newest first: who wrote it, who approved it, and what it says otherwise than the one before. */
export function RevisionsList({ policy, revisions }: { policy: Policy; revisions: readonly Revision[] }) {
  const sourceName = useSourceNames(policy.partnerId);
  return (
    <Timeline bulletSize={12} lineWidth={2} active={-1}>
      {revisions.map((revision, index) => {
        const before = revisions[index + 1];
        return (
          <Timeline.Item
            key={revision.revision}
            title={
              <Group gap="xs">
                <Text fw={600}>Revision {revision.revision}</Text>
                <RevisionBadge policy={policy} revision={revision} />
              </Group>
            }
          >
            <Stack gap={4}>
              <Text size="sm" c="dimmed">
                Written by <PersonName id={revision.madeBy} />, <Instant value={revision.madeAt} />
                {revision.approvedBy !== null && (
                  <>
                    {'. Approved by '}
                    <PersonName id={revision.approvedBy} />, <Instant value={revision.approvedAt} />
                    {revision.fourEyesWaived && ', by one pair of eyes'}
                  </>
                )}
              </Text>
              {before !== undefined && (
                <ChangeList
                  changes={changesInWords(before.terms, revision.terms, {
                    currency: policy.currency,
                    sourceName,
                  })}
                />
              )}
            </Stack>
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}

function RevisionBadge({ policy, revision }: { policy: Policy; revision: Revision }) {
  if (revision.revision === policy.effectiveRevision) {
    return policy.deactivatedFrom === null ? <Badge color="pine">Makes credits</Badge> : null;
  }
  if (revision.approvedBy !== null) return <Badge color="gray">Replaced</Badge>;
  return revision.revision === policy.revision && policy.approvalRequired ? (
    <Badge color="yellow">Awaiting approval</Badge>
  ) : (
    <Badge color="gray">Never approved</Badge>
  );
}
