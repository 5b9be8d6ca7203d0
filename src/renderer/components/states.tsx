import { Button, Center, Skeleton, Stack, Text, ThemeIcon, Title, VisuallyHidden } from '@mantine/core';
import { IconAlertTriangle, IconInbox, IconLock } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Permission } from '#contract/permissions.ts';
import { codeOf, sentenceOf } from '../app/api.tsx';
import { useCan } from '../app/session.tsx';

interface StateProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

function State({
  icon,
  color,
  title,
  children,
  action,
  role,
}: StateProps & { icon: ReactNode; color: string; role?: string }) {
  return (
    <Center mih={280} p="xl" role={role}>
      <Stack align="center" gap="xs" maw={440}>
        <ThemeIcon variant="light" color={color} size={44} radius="xl">
          {icon}
        </ThemeIcon>
        <Title order={2} size="h4" ta="center">
          {title}
        </Title>
        {children !== undefined && (
          <Text c="dimmed" ta="center" component="div">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  );
}

/** There is nothing here yet: says what would be here and how it gets here. */
export function EmptyState(props: StateProps) {
  return <State icon={<IconInbox size={22} />} color="gray" {...props} />;
}

/** The role does not allow it: says who could. */
export function ForbiddenState({ children }: { children?: ReactNode }) {
  return (
    <State icon={<IconLock size={22} />} color="yellow" title="Your role does not include this">
      {children ?? 'Ask an administrator if you need it.'}
    </State>
  );
}

/** It failed: says why in the host's words, and offers to try again. */
export function FailedState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (codeOf(error) === 'FORBIDDEN') return <ForbiddenState />;
  const missing = codeOf(error) === 'NOT_FOUND';
  return (
    <State
      role="alert"
      icon={<IconAlertTriangle size={22} />}
      color="red"
      title={missing ? 'This is not here' : 'This could not be loaded'}
      action={
        onRetry !== undefined && !missing ? (
          <Button variant="default" onClick={onRetry}>
            Try again
          </Button>
        ) : undefined
      }
    >
      {sentenceOf(error)}
    </State>
  );
}

/** It is on its way: grey lines where the rows will stand. */
export function LoadingState({ label = 'Loading', lines = 8 }: { label?: string; lines?: number }) {
  return (
    <Stack gap="sm" p="md" role="status" aria-live="polite">
      <VisuallyHidden>{label}</VisuallyHidden>
      {Array.from({ length: lines }, (_, line) => (
        // The lines are all alike and never move.
        // oxlint-disable-next-line react/no-array-index-key
        <Skeleton key={line} height={18} width={`${92 - (line % 4) * 11}%`} />
      ))}
    </Stack>
  );
}

/** Shows a query's data, or its loading or error state. */
export function QueryState<T>({
  query,
  children,
  loading,
}: {
  query: Pick<UseQueryResult<T>, 'data' | 'error' | 'isError' | 'refetch'>;
  children: (data: T) => ReactNode;
  loading?: ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <FailedState error={query.error} onRetry={() => void query.refetch()} />;
  return loading ?? <LoadingState />;
}

/** Shows its children to whoever holds the permission, and says so to whoever doesn't. */
export function Require({
  permission,
  children,
  explain,
}: {
  permission: Permission;
  children: ReactNode;
  explain?: ReactNode;
}) {
  const can = useCan();
  return can(permission) ? children : <ForbiddenState>{explain}</ForbiddenState>;
}
