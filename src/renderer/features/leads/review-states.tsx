import { Button, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useCan } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { moneyText } from '../../components/figures.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { EmptyState } from '../../components/states.tsx';
import { leadName } from './lead.ts';
import classes from './review.module.css';
import type { Settled } from './use-decisions.ts';

/** Nothing waits, or nothing that the filters let through. */
export function EmptyQueue({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  const can = useCan();
  if (filtered) {
    return (
      <EmptyState
        title="No waiting lead matches"
        action={
          <Button variant="default" onClick={onClear}>
            Clear the filters
          </Button>
        }
      />
    );
  }
  return (
    <EmptyState
      title="No lead is waiting"
      action={
        can('leads.submit') ? (
          <LinkButton variant="default" to="/imports/new">
            Import leads
          </LinkButton>
        ) : undefined
      }
    >
      Leads stand here from the moment a partner submits them, or a file of them is imported, until they are
      approved or rejected.
    </EmptyState>
  );
}

/** The pane of the open lead while none is open. */
export function NothingOpen({ notices }: { notices: ReactNode }) {
  return (
    <Stack className={classes.detailBody}>
      {notices}
      <Text c="dimmed" ta="center" mt="xl">
        The lead you open stands here.
      </Text>
    </Stack>
  );
}

/** How the decisions go: told where the eyes are, without anything popping up. */
export function Progress({ underWay, settled }: { underWay: number; settled: Settled | null }) {
  const can = useCan();
  const { lead, action } = settled ?? {};
  return (
    <Text size="xs" c="dimmed" role="status" truncate>
      {underWay > 0 ? (
        `Waiting for the answer on ${underWay === 1 ? 'a lead' : `${underWay} leads`} …`
      ) : lead === undefined ? (
        can('leads.review') ? (
          'J and K move, X selects.'
        ) : (
          'J and K move.'
        )
      ) : (
        <>
          {action === 'approve' ? 'Approved ' : 'Rejected '}
          <AppLink underline="always" to="/leads/$leadId" params={{ leadId: lead.id }}>
            {leadName(lead)}
          </AppLink>
          {lead.creditAmount !== null &&
            lead.creditStatus !== null &&
            `: ${moneyText(lead.creditAmount, lead.currency)} ${lead.creditStatus === 'approved' ? 'credited' : 'to approve'}`}
        </>
      )}
    </Text>
  );
}
