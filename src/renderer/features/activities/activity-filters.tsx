import { Group, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../app/api.tsx';
import { DayInput } from '../../components/day-input.tsx';
import { PartnerPicker } from '../../components/partner-picker.tsx';
import { actionLabel, actionWords, resourceWords } from './words.ts';

export interface ActivityFilterValues {
  from: string | null;
  to: string | null;
  actorId: string | null;
  action: string | null;
  resource: string | null;
  partnerId: string | null;
}

export const noFilters: ActivityFilterValues = {
  from: null,
  to: null,
  actorId: null,
  action: null,
  resource: null,
  partnerId: null,
};

const actionOptions = Object.keys(actionWords)
  .map((value) => ({ value, label: actionLabel(value) }))
  .sort((a, b) => a.label.localeCompare(b.label));
const resourceOptions = Object.entries(resourceWords).map(([value, label]) => ({ value, label }));

/** What the activities can be searched by. */
export function ActivityFilters({
  filters,
  onChange,
}: {
  filters: ActivityFilterValues;
  onChange: (filters: ActivityFilterValues) => void;
}) {
  const api = useApi();
  const staff = useQuery(api.staff.list.queryOptions({ input: { limit: 500 }, staleTime: 300_000 }));
  const set = (change: Partial<ActivityFilterValues>) => onChange({ ...filters, ...change });
  return (
    <Group gap="xs">
      <DayInput
        aria-label="From"
        placeholder="From"
        clearable
        w={140}
        value={filters.from}
        onChange={(from) => set({ from })}
      />
      <DayInput
        aria-label="To"
        placeholder="To"
        clearable
        w={140}
        value={filters.to}
        onChange={(to) => set({ to })}
        error={filters.from !== null && filters.to !== null && filters.to < filters.from}
      />
      <Select
        aria-label="Person"
        placeholder="Anybody"
        clearable
        searchable
        w={190}
        data={(staff.data?.items ?? []).map((member) => ({
          value: member.id,
          label: `${member.firstName} ${member.lastName}`,
        }))}
        value={filters.actorId}
        onChange={(actorId) => set({ actorId })}
      />
      <Select
        aria-label="What happened"
        placeholder="Any action"
        clearable
        searchable
        w={230}
        data={actionOptions}
        value={filters.action}
        onChange={(action) => set({ action })}
      />
      <Select
        aria-label="About"
        placeholder="About anything"
        clearable
        w={170}
        data={resourceOptions}
        value={filters.resource}
        onChange={(resource) => set({ resource })}
      />
      <PartnerPicker
        aria-label="Partner"
        placeholder="Any partner"
        clearable
        w={200}
        value={filters.partnerId}
        onChange={(partnerId) => set({ partnerId })}
      />
    </Group>
  );
}
