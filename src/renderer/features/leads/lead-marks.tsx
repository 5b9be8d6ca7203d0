import { Badge, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconCopy, IconLock, IconUserCheck } from '@tabler/icons-react';
import { useSession } from '../../app/session.tsx';
import { PersonName } from '../../components/figures.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { holderAt, isOpen, type Lead } from './lead.ts';

const minute = 60_000;
const hour = 60 * minute;

/** 35 min, 5 h, 3 d: how long ago, in one unit. */
function since(ms: number): string {
  if (ms < hour) return `${Math.max(0, Math.floor(ms / minute))} min`;
  if (ms < 48 * hour) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / (24 * hour))} d`;
}

/** How long a lead has waited. A lead is to be reviewed within 24 to 48 hours: from there on it is marked. */
export function WaitingTime({ lead, now }: { lead: Lead; now: number }) {
  const waited = Math.max(0, now - Date.parse(lead.submittedAt));
  const text = since(waited);
  const late = !isOpen(lead) || waited < 24 * hour ? null : waited < 48 * hour ? 24 : 48;
  if (late === null) {
    return (
      <Text span size="xs" c="dimmed" className="figures">
        <span aria-hidden>{text}</span>
        <VisuallyHidden>Waiting for {text}</VisuallyHidden>
      </Text>
    );
  }
  return (
    <Tooltip label={`Waiting for more than ${late} hours`}>
      <Badge
        size="sm"
        className="figures"
        color={late === 48 ? 'red' : 'orange'}
        aria-label={`Waiting for ${text}, more than ${late} hours`}
      >
        {text}
      </Badge>
    </Tooltip>
  );
}

export function DuplicateMark({ lead }: { lead: Lead }) {
  if (lead.duplicateOf === null) return null;
  return (
    <Tooltip label="The same e-mail address or phone number is on an older lead">
      <Badge size="sm" color="grape" leftSection={<IconCopy size={11} aria-hidden />}>
        Duplicate
      </Badge>
    </Tooltip>
  );
}

/** Who is reviewing the lead now, if somebody is. */
export function HolderMark({ lead, now }: { lead: Lead; now: number }) {
  const me = useSession();
  const holder = holderAt(lead, now);
  if (holder === null) return null;
  const mine = holder === me.id;
  return (
    <Badge
      size="sm"
      color={mine ? 'pine' : 'blue'}
      leftSection={mine ? <IconUserCheck size={11} aria-hidden /> : <IconLock size={11} aria-hidden />}
    >
      {mine ? 'You' : <PersonName id={holder} />}
    </Badge>
  );
}

/** How far the credits of a lead are; "pending" of a lead is "to approve" of its credits, and is called so. */
export function CreditStatus({ status }: { status: NonNullable<Lead['creditStatus']> }) {
  return <StatusBadge size="sm" status={status === 'pending' ? 'pending_approval' : status} />;
}
