import { Alert, Badge, Button, Group, Text, VisuallyHidden } from '@mantine/core';
import { IconLock, IconPlus } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useApi } from '../../app/api.tsx';
import { useCan, useSession } from '../../app/session.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { Instant } from '../../components/figures.tsx';
import { EmptyState } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { roleWords, type StaffMember } from './roles.ts';
import { StaffDialog } from './staff-dialog.tsx';

/** Who works here and what they may do. */
export function StaffList() {
  const api = useApi();
  const { id: me } = useSession();
  const mayManage = useCan()('staff.manage');
  const [open, setOpen] = useState<StaffMember | 'new' | null>(null);
  const query = useInfiniteQuery(
    api.staff.list.infiniteOptions({
      input: (cursor: string | undefined) => ({ cursor, limit: 100, total: cursor === undefined }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
  );
  const columns: readonly TableColumn<StaffMember>[] = [
    {
      key: 'name',
      header: 'Name',
      render: (member) => (
        <>
          <Group gap={6}>
            <Text inherit fw={500}>
              {member.firstName} {member.lastName}
            </Text>
            {member.id === me && (
              <Badge size="sm" color="gray">
                You
              </Badge>
            )}
          </Group>
          <Text size="xs" c="dimmed">
            {member.email}
          </Text>
        </>
      ),
    },
    {
      key: 'roles',
      header: 'Roles',
      render: (member) => member.roles.map((role) => roleWords[role].label).join(', '),
    },
    {
      key: 'status',
      header: 'Status',
      render: (member) => <StatusBadge status={member.isActive ? 'active' : 'inactive'} />,
    },
    {
      key: 'login',
      header: 'Last sign-in',
      render: (member) =>
        member.lastLogin === null ? (
          <Text inherit c="dimmed">
            Never
          </Text>
        ) : (
          <Instant value={member.lastLogin} />
        ),
    },
    ...(mayManage
      ? [
          {
            key: 'edit',
            header: <VisuallyHidden>Actions</VisuallyHidden>,
            align: 'right' as const,
            render: (member: StaffMember) => (
              <Button
                size="compact-xs"
                variant="subtle"
                aria-label={`Edit ${member.firstName} ${member.lastName}`}
                onClick={() => setOpen(member)}
              >
                Edit
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <>
      {mayManage ? (
        <Group justify="space-between" mb="sm">
          <Text c="dimmed">A person may have several roles.</Text>
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen('new')}>
            Add a staff member
          </Button>
        </Group>
      ) : (
        <Alert role="note" color="gray" py="xs" mb="md" icon={<IconLock size={18} aria-hidden />}>
          You can see who works here. An administrator adds people and changes their roles.
        </Alert>
      )}
      <DataTable
        label="Staff"
        columns={columns}
        query={query}
        {...(mayManage && { onOpen: setOpen })}
        empty={<EmptyState title="Nobody works here yet" />}
      />
      {open !== null && <StaffDialog member={open === 'new' ? null : open} onClose={() => setOpen(null)} />}
    </>
  );
}
