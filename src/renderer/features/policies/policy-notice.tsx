import { Alert, Text } from '@mantine/core';
import { Day, PersonName } from '../../components/figures.tsx';
import { ChangeList } from './change-list.tsx';
import { hasWaitingRevision, type Policy, type Revision } from './policy.ts';
import { changesInWords } from './terms-in-words.ts';
import { useSourceNames } from './use-source-names.ts';

/** What waits: the first approval, or what the latest revision changes of the one that makes credits. */
export function PolicyNotice({ policy, revisions }: { policy: Policy; revisions: readonly Revision[] }) {
  const sourceName = useSourceNames(policy.partnerId);
  if (policy.deactivatedFrom !== null) {
    return (
      <Alert color="gray" title="Deactivated">
        Out of force since <Day value={policy.deactivatedFrom} />. The credits it made stay.
      </Alert>
    );
  }
  if (!policy.approvalRequired) return null;
  const effective = revisions.find(({ revision }) => revision === policy.effectiveRevision);
  const latest = revisions.find(({ revision }) => revision === policy.revision);
  if (!hasWaitingRevision(policy) || effective === undefined || latest === undefined) {
    return (
      <Alert color="yellow" title="Makes no credits yet">
        Written by <PersonName id={policy.editedBy} />. It needs approval by someone who did not write it.
      </Alert>
    );
  }
  return (
    <Alert color="yellow" title={`Revision ${policy.revision} waits for approval`}>
      <Text inherit mb={4}>
        Written by <PersonName id={policy.editedBy} />. Until someone else approves it, revision{' '}
        {effective.revision} goes on making credits. It would change:
      </Text>
      <ChangeList
        changes={changesInWords(effective.terms, latest.terms, { currency: policy.currency, sourceName })}
      />
    </Alert>
  );
}
