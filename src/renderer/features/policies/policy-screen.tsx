import { Group, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { Money } from '../../components/figures.tsx';
import { Page } from '../../components/page.tsx';
import { ForbiddenState, QueryState } from '../../components/states.tsx';
import { calculationText, hasWaitingRevision, type Policy, type Revision, scopeText } from './policy.ts';
import { PolicyActions } from './policy-actions.tsx';
import { draftOf, termsOf } from './policy-draft.ts';
import classes from './policy-form.module.css';
import { PolicyNotice } from './policy-notice.tsx';
import { RevisionsList } from './revisions-list.tsx';
import { StateBadges } from './state-badges.tsx';
import { termsInWords } from './terms-in-words.ts';
import { useSourceNames } from './use-source-names.ts';
import { WorkedExample } from './worked-example.tsx';

export function PolicyScreen() {
  const api = useApi();
  const can = useCan();
  const { policyId } = useParams({ from: '/policies/$policyId' });
  const enabled = can('policies.read');
  const policy = useQuery(api.creditPolicies.get.queryOptions({ input: { id: policyId }, enabled }));
  const revisions = useQuery(api.creditPolicies.revisions.queryOptions({ input: { id: policyId }, enabled }));
  if (policy.data !== undefined && revisions.data !== undefined) {
    return <OnePolicy policy={policy.data} revisions={revisions.data.items} />;
  }
  return (
    <Page title="Policy">
      {enabled ? (
        <QueryState query={policy}>
          {() => <QueryState query={revisions}>{() => null}</QueryState>}
        </QueryState>
      ) : (
        <ForbiddenState />
      )}
    </Page>
  );
}

function OnePolicy({ policy, revisions }: { policy: Policy; revisions: readonly Revision[] }) {
  const sourceName = useSourceNames(policy.partnerId);
  const terms = termsInWords(policy, { currency: policy.currency, sourceName });
  return (
    <Page
      title={policy.policyName}
      subtitle={
        <Group gap="xs" mt={2}>
          <StateBadges policy={policy} />
          <span>{policy.policyCode}</span>
          <span>·</span>
          {policy.partnerId === null ? (
            <span>For all partners</span>
          ) : (
            <AppLink to="/partners/$partnerId" params={{ partnerId: policy.partnerId }} fw={550}>
              {policy.partnerName}
            </AppLink>
          )}
        </Group>
      }
      actions={<PolicyActions policy={policy} revisions={revisions} />}
    >
      <PolicyNotice policy={policy} revisions={revisions} />
      <div className={classes.columns}>
        <Stack gap="xl">
          <section aria-labelledby="terms">
            <Stack gap="xs">
              <Title order={2} size="h4" id="terms">
                {calculationText(policy)}
              </Title>
              <Text c="dimmed">
                {scopeText(policy)}.{' '}
                {policy.totalLeadsUnderPolicy === 0 ? (
                  'No credits yet.'
                ) : (
                  <>
                    So far <Money amount={policy.totalCreditsAllocated} currency={policy.currency} fw={600} />{' '}
                    for {policy.totalLeadsUnderPolicy?.toLocaleString()}{' '}
                    {policy.totalLeadsUnderPolicy === 1 ? 'lead' : 'leads'}.
                  </>
                )}
              </Text>
              {policy.description !== null && <Text>{policy.description}</Text>}
              <Paper mt="xs">
                <Table aria-label="Terms">
                  <Table.Tbody>
                    {terms.map(({ key, label, text }) => (
                      <Table.Tr key={key}>
                        <Table.Th scope="row" w={210} fw={500} c="dimmed">
                          {label}
                        </Table.Th>
                        <Table.Td>{text}</Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Paper>
            </Stack>
          </section>
          <section aria-labelledby="revisions">
            <Title order={2} size="h4" mb="sm" id="revisions">
              Revisions
            </Title>
            <RevisionsList policy={policy} revisions={revisions} />
          </section>
        </Stack>
        <div className={classes.beside}>
          <WorkedExample
            terms={termsOf(draftOf(policy), policy.partnerId)}
            currency={policy.currency}
            {...(hasWaitingRevision(policy) && {
              hint: `By revision ${policy.revision}, which waits for approval`,
            })}
          />
        </div>
      </div>
    </Page>
  );
}
