import {
  ActionIcon,
  AppShell,
  Avatar,
  Box,
  Group,
  Kbd,
  Menu,
  Modal,
  NavLink,
  ScrollArea,
  Stack,
  Table,
  Text,
  Tooltip,
  UnstyledButton,
  useMantineColorScheme,
} from '@mantine/core';
import { type HotkeyItem, useHotkeys } from '@mantine/hooks';
import { Spotlight, spotlight } from '@mantine/spotlight';
import { IconCommand, IconKeyboard, IconLogout, IconMoonStars } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { isMeantElsewhere } from '../components/keys.ts';
import { tellProblem, useApi } from './api.tsx';
import { navigation } from './navigation.ts';
import { useCan, useSession } from './session.tsx';

/** Keys that work everywhere; the screens explain their own. */
const shortcuts: readonly (readonly [string, string])[] = [
  ['Ctrl K', 'Go anywhere'],
  ['?', 'This list'],
  ['J / K', 'Next or previous row'],
  ['Enter', 'Open the row'],
  ['A', 'Approve what is open (review, credits, payout lines)'],
  ['R', 'Reject it, with a reason'],
  ['C', 'Claim it (review)'],
];

export function Shell() {
  const user = useSession();
  const can = useCan();
  const navigate = useNavigate();
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const [helpOpen, setHelpOpen] = useState(false);
  const { toggleColorScheme } = useMantineColorScheme();

  const rooms = navigation.filter((room) => can(room.permission));
  // g, then a letter: the second key counts only while the first is fresh.
  const goPressed = useRef(0);
  // Without g the letters belong to the screens, so they are not taken from them.
  const leave = { preventDefault: false };
  useHotkeys([
    ['shift+?', () => setHelpOpen(true)],
    ['mod+K', () => spotlight.open()],
    [
      'g',
      (event) => {
        if (!isMeantElsewhere(event)) goPressed.current = Date.now();
      },
      leave,
    ],
    ...rooms.map(
      (room): HotkeyItem => [
        room.key,
        (event) => {
          const goes = Date.now() - goPressed.current < 1500;
          goPressed.current = 0;
          if (!goes || isMeantElsewhere(event)) return;
          event.preventDefault();
          void navigate({ to: room.to });
        },
        leave,
      ],
    ),
  ]);

  return (
    <AppShell navbar={{ width: 212, breakpoint: 0 }} padding={0}>
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <AppShell.Navbar p="xs">
        <AppShell.Section px="xs" py={6}>
          <Text fw={650} truncate title={user.organizationName}>
            {user.organizationName}
          </Text>
          <Text size="xs" c="dimmed">
            Partner Desk
          </Text>
        </AppShell.Section>
        <AppShell.Section grow component={ScrollArea} mt="xs">
          <Stack gap={2} component="nav" aria-label="Main">
            {rooms.map((room) => (
              <NavLink
                key={room.to}
                component={Link}
                to={room.to}
                label={room.label}
                leftSection={<room.icon size={18} stroke={1.6} aria-hidden />}
                active={pathname.startsWith(room.to)}
                aria-current={pathname.startsWith(room.to) ? 'page' : undefined}
                py={7}
              />
            ))}
          </Stack>
        </AppShell.Section>
        <AppShell.Section>
          <Group gap={4} px={4} pb={4}>
            <Tooltip label="Go anywhere (Ctrl K)">
              <ActionIcon color="gray" aria-label="Go anywhere" onClick={() => spotlight.open()}>
                <IconCommand size={18} />
              </ActionIcon>
            </Tooltip>
            <Tooltip label="Keyboard shortcuts (?)">
              <ActionIcon color="gray" aria-label="Keyboard shortcuts" onClick={() => setHelpOpen(true)}>
                <IconKeyboard size={18} />
              </ActionIcon>
            </Tooltip>
            <Tooltip label="Light or dark">
              <ActionIcon
                color="gray"
                aria-label="Switch between light and dark"
                onClick={() => toggleColorScheme()}
              >
                <IconMoonStars size={18} />
              </ActionIcon>
            </Tooltip>
          </Group>
          <UserMenu />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
      <Spotlight
        actions={rooms.map((room) => ({
          id: room.to,
          label: room.label,
          onClick: () => void navigate({ to: room.to }),
          leftSection: <room.icon size={18} stroke={1.6} />,
        }))}
        shortcut={null}
        nothingFound="Nothing by that name"
        searchProps={{ placeholder: 'Go to …', 'aria-label': 'Go to' }}
      />
      <Modal opened={helpOpen} onClose={() => setHelpOpen(false)} title="Keyboard shortcuts">
        <Table>
          <Table.Tbody>
            {[...shortcuts, ...rooms.map((room) => [`G ${room.key.toUpperCase()}`, room.label] as const)].map(
              ([keys, meaning]) => (
                <Table.Tr key={keys}>
                  <Table.Td>
                    <Kbd>{keys}</Kbd>
                  </Table.Td>
                  <Table.Td>{meaning}</Table.Td>
                </Table.Tr>
              ),
            )}
          </Table.Tbody>
        </Table>
      </Modal>
    </AppShell>
  );
}

function UserMenu() {
  const user = useSession();
  const api = useApi();
  const queryClient = useQueryClient();
  const logout = useMutation(
    api.auth.logout.mutationOptions({
      onSuccess: () => queryClient.resetQueries(),
      onError: tellProblem,
    }),
  );
  const name = `${user.firstName} ${user.lastName}`;
  return (
    <Menu position="top-start" width={200}>
      <Menu.Target>
        <UnstyledButton p={6} w="100%" aria-label={`Signed in as ${name}`}>
          <Group gap="xs" wrap="nowrap">
            <Avatar size={30} radius="xl" color="pine" name={name} aria-hidden />
            <Box miw={0}>
              <Text size="sm" truncate>
                {name}
              </Text>
              <Text size="xs" c="dimmed" truncate>
                {user.roles.map((role) => role.replaceAll('_', ' ')).join(', ')}
              </Text>
            </Box>
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{user.email}</Menu.Label>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => logout.mutate({})}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
