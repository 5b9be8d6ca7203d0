import { Badge, type BadgeProps } from '@mantine/core';

/** Every status of every machine: its words and its colour, in one place. */
const statuses: Record<string, { label: string; color: string }> = {
  pending: { label: 'Pending', color: 'yellow' },
  active: { label: 'Active', color: 'pine' },
  inactive: { label: 'Inactive', color: 'gray' },
  suspended: { label: 'Suspended', color: 'orange' },
  rejected: { label: 'Rejected', color: 'red' },
  submitted: { label: 'Submitted', color: 'blue' },
  under_review: { label: 'Under review', color: 'yellow' },
  approved: { label: 'Approved', color: 'pine' },
  converted: { label: 'Converted', color: 'grape' },
  pending_approval: { label: 'To approve', color: 'yellow' },
  reversed: { label: 'Reversed', color: 'gray' },
  partially_approved: { label: 'Partly approved', color: 'teal' },
  partially_paid: { label: 'Partly paid', color: 'cyan' },
  paid: { label: 'Paid', color: 'grape' },
  cancelled: { label: 'Cancelled', color: 'gray' },
  running: { label: 'Running', color: 'blue' },
  completed: { label: 'Completed', color: 'pine' },
  failed: { label: 'Failed', color: 'red' },
  interrupted: { label: 'Interrupted', color: 'orange' },
};

/** The words for a status, as shown everywhere. */
export function statusLabel(status: string): string {
  return statuses[status]?.label ?? status;
}

export function StatusBadge({ status, ...badge }: { status: string } & BadgeProps) {
  return (
    <Badge color={statuses[status]?.color ?? 'gray'} miw="max-content" {...badge}>
      {statusLabel(status)}
    </Badge>
  );
}
