import { Alert, Tabs } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { Page } from '../../components/page.tsx';
import { QueryState, Require } from '../../components/states.tsx';
import { SettingsForm } from './settings-form.tsx';
import { StaffList } from './staff-list.tsx';

export function SettingsScreen() {
  return (
    <Require permission="settings.read">
      <Page title="Settings" subtitle="How this organization works, and who works here.">
        <Tabs defaultValue="rules" keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="rules">Organization and rules</Tabs.Tab>
            <Tabs.Tab value="staff">Staff</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="rules">
            <Rules />
          </Tabs.Panel>
          <Tabs.Panel value="staff">
            <Require permission="staff.read">
              <StaffList />
            </Require>
          </Tabs.Panel>
        </Tabs>
      </Page>
    </Require>
  );
}

function Rules() {
  const api = useApi();
  const mayManage = useCan()('settings.manage');
  const settings = useQuery(api.settings.get.queryOptions());
  return (
    <>
      {!mayManage && (
        <Alert role="note" color="gray" py="xs" mb="md" icon={<IconLock size={18} aria-hidden />}>
          You can read these settings. An administrator changes them.
        </Alert>
      )}
      <QueryState query={settings}>{(data) => <SettingsForm settings={data} />}</QueryState>
    </>
  );
}
