import { Center, Paper, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';

/** The frame of the screens before the app: set-up and sign-in. */
export function EntranceCard({
  title,
  children,
  hint,
}: {
  title: string;
  children: ReactNode;
  hint?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Partner Desk`;
  }, [title]);
  return (
    <Center component="main" mih="100vh" p="lg" bg="var(--mantine-color-default-hover)">
      <Paper w="100%" maw={420} p="xl" shadow="sm">
        <Stack gap="lg">
          <Stack gap={6}>
            <Text size="sm" c="dimmed" fw={600}>
              Partner Desk
            </Text>
            <Title order={1} size="h2">
              {title}
            </Title>
            {hint !== undefined && <Text c="dimmed">{hint}</Text>}
          </Stack>
          {children}
        </Stack>
      </Paper>
    </Center>
  );
}
