import { Box, Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';

interface PageProps {
  title: string;
  /** What the page is for, or what stands out now. */
  subtitle?: ReactNode;
  actions?: ReactNode;
  /** Filters and tabs, under the title. */
  toolbar?: ReactNode;
  children: ReactNode;
}

/** The frame of every screen: one title, its actions on the right, its filters below. */
export function Page({ title, subtitle, actions, toolbar, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Partner Desk`;
  }, [title]);
  return (
    <Stack gap="md" p="lg" maw={1600} mx="auto">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Box>
          <Title order={1} size="h2">
            {title}
          </Title>
          {subtitle !== undefined && (
            <Text c="dimmed" component="div">
              {subtitle}
            </Text>
          )}
        </Box>
        {actions !== undefined && (
          <Group gap="xs" wrap="nowrap">
            {actions}
          </Group>
        )}
      </Group>
      {toolbar}
      {children}
    </Stack>
  );
}
