import {
  Box,
  Button,
  type ButtonProps,
  Divider,
  Group,
  Kbd,
  Stack,
  Text,
  Title,
  Tooltip,
} from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { useSession } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { Instant, PersonName, Score } from '../../components/figures.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { DuplicateNotice } from './duplicate-notice.tsx';
import { holderAt, isOpen, type Lead, leadName, missingScoredFields } from './lead.ts';
import { LeadFacts } from './lead-facts.tsx';
import { WaitingTime } from './lead-marks.tsx';
import { PolicyHistory } from './policy-history.tsx';
import { PolicyOutlook } from './policy-outlook.tsx';
import classes from './review.module.css';

export interface ReviewActions {
  onApprove: () => void;
  onReject: () => void;
  onClaim: () => void;
  onEdit: () => void;
}

interface ReviewDetailProps {
  lead: Lead;
  now: number;
  /** Null for a person who may only read. */
  actions: ReviewActions | null;
  /** Refusals, above everything else. */
  notices: ReactNode;
}

/** The lead under review: what speaks for and against it, and the decision. */
export function ReviewDetail({ lead, now, actions, notices }: ReviewDetailProps) {
  const { leadData, id } = lead;
  const body = useRef<HTMLDivElement>(null);
  const shown = useRef(id);
  useEffect(() => {
    // Another lead is read from its beginning.
    if (shown.current !== id) body.current?.scrollTo({ top: 0 });
    shown.current = id;
  }, [id]);
  const role = [leadData.jobTitle, leadData.company].filter(Boolean).join(', ');
  return (
    <>
      <Box className={classes.detailHead}>
        <Group justify="space-between" gap="sm">
          <Group gap="xs">
            <Title order={2} size="h3">
              {leadName(lead)}
            </Title>
            <Score value={lead.qualityScore} />
            <StatusBadge status={lead.status} />
          </Group>
          {actions !== null && isOpen(lead) && <DecisionButtons lead={lead} now={now} actions={actions} />}
        </Group>
        <Group gap="sm" mt={4}>
          {role !== '' && <Text c="dimmed">{role}</Text>}
          {isOpen(lead) && <WaitingTime lead={lead} now={now} />}
          <AppLink underline="always" to="/leads/$leadId" params={{ leadId: lead.id }}>
            Full record
          </AppLink>
        </Group>
      </Box>
      <Stack
        ref={body}
        className={classes.detailBody}
        gap="lg"
        tabIndex={0}
        role="region"
        aria-label="Details of the lead"
      >
        {notices}
        <Holder lead={lead} now={now} />
        {!isOpen(lead) && <Decided lead={lead} />}
        <DuplicateNotice lead={lead} />
        <LeadFacts lead={lead} level="h3" />
        <MissingFields lead={lead} />
        <Section title="What it would pay now">
          <PolicyOutlook lead={lead} />
        </Section>
        <Section title="Policies applied so far">
          <PolicyHistory lead={lead} />
        </Section>
      </Stack>
    </>
  );
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Box component="section" aria-label={title}>
      <Divider mb="sm" />
      <Title order={3} size="h5" mb="xs">
        {title}
      </Title>
      {children}
    </Box>
  );
}

function MissingFields({ lead }: { lead: Lead }) {
  const missing = missingScoredFields(lead);
  if (missing.length === 0) return null;
  return (
    <Text size="xs" c="dimmed">
      Missing for a full score: {missing.join(', ')}.
    </Text>
  );
}

/** Who reviews the lead now: another one's claim keeps it from being decided. */
function Holder({ lead, now }: { lead: Lead; now: number }) {
  const me = useSession();
  const holder = holderAt(lead, now);
  if (holder === null) return null;
  if (holder === me.id) {
    return (
      <Text size="sm" c="dimmed">
        You hold this lead until <Instant value={lead.claimExpiresAt} />. Others can’t decide it until then.
      </Text>
    );
  }
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start">
      <IconLock size={18} aria-hidden />
      <Text>
        <strong>
          <PersonName id={holder} />
        </strong>{' '}
        is reviewing this lead until <Instant value={lead.claimExpiresAt} />. It can be decided once it is
        released, or after that time.
      </Text>
    </Group>
  );
}

/** It was decided elsewhere: by a colleague, or by oneself on another screen. */
function Decided({ lead }: { lead: Lead }) {
  const me = useSession();
  return (
    <Text role="status">
      {lead.reviewedBy === me.id ? (
        'You have '
      ) : (
        <>
          <strong>
            <PersonName id={lead.reviewedBy} />
          </strong>{' '}
          has{' '}
        </>
      )}
      {lead.status === 'rejected' ? 'rejected' : 'approved'} this lead, <Instant value={lead.reviewedAt} />.
      Press J for the next one.
    </Text>
  );
}

function DecisionButtons({ lead, now, actions }: { lead: Lead; now: number; actions: ReviewActions }) {
  const me = useSession();
  const holder = holderAt(lead, now);
  const mine = holder === me.id;
  const held = holder !== null && !mine;
  return (
    <Group gap={6} role="group" aria-label="Decide this lead">
      <DecisionButton shortcut="A" held={held} onClick={actions.onApprove}>
        Approve
      </DecisionButton>
      <DecisionButton shortcut="R" held={held} onClick={actions.onReject} variant="light" color="red">
        Reject
      </DecisionButton>
      <DecisionButton shortcut="C" held={held} onClick={actions.onClaim} variant="default">
        {mine ? 'Release' : 'Claim'}
      </DecisionButton>
      <DecisionButton shortcut="E" held={held} onClick={actions.onEdit} variant="default">
        Edit
      </DecisionButton>
    </Group>
  );
}

interface DecisionButtonProps extends ButtonProps {
  shortcut: string;
  /** Somebody else holds the lead. The button keeps the focus, so that the keys go on working, and says why. */
  held: boolean;
  onClick: () => void;
  children: string;
}

function DecisionButton({ shortcut, held, onClick, children, ...button }: DecisionButtonProps) {
  return (
    <Tooltip label="Someone else is reviewing this lead" disabled={!held}>
      <Button
        {...button}
        aria-keyshortcuts={shortcut}
        aria-disabled={held || undefined}
        data-disabled={held || undefined}
        rightSection={
          <Kbd size="xs" aria-hidden>
            {shortcut}
          </Kbd>
        }
        // A double click is meant for one lead; the second half of it must not decide the next.
        onClick={(event) => {
          if (!held && event.detail <= 1) onClick();
        }}
      >
        {children}
      </Button>
    </Tooltip>
  );
}
