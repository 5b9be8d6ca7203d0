import { Select, type SelectProps, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Outputs } from '#contract/index.ts';
import type { PartnerStatus } from '#domain/state-machines.ts';
import { sentenceOf, useApi } from '../app/api.tsx';

type Partner = Outputs['partners']['get'];

interface PartnerPickerProps extends Omit<SelectProps, 'data' | 'value' | 'onChange'> {
  value: string | null;
  onChange: (partnerId: string | null) => void;
  /** Offers only partners in this status. */
  status?: PartnerStatus;
}

const shown = 30;
const nameOf = (partner: Partner) => partner.organizationName;

/** Chooses one of many partners: the host searches, by name or code, while the person types. */
export function PartnerPicker({ value, onChange, status, error, ...select }: PartnerPickerProps) {
  const api = useApi();
  const [search, setSearch] = useState('');
  const [wanted] = useDebouncedValue(search, 200);

  const chosen = useQuery(
    api.partners.get.queryOptions({
      input: { id: value ?? '' },
      enabled: value !== null,
      staleTime: 60_000,
    }),
  );
  // The box shows the name of the chosen one: that is no search.
  const q = chosen.data !== undefined && wanted === nameOf(chosen.data) ? '' : wanted.trim().slice(0, 200);
  const found = useQuery(
    api.partners.list.queryOptions({
      input: { limit: shown, ...(q !== '' && { q }), ...(status !== undefined && { status }) },
      placeholderData: keepPreviousData,
    }),
  );

  const offered = found.data?.items ?? [];
  const partners =
    chosen.data === undefined || value === null || offered.some((partner) => partner.id === value)
      ? offered
      : [chosen.data, ...offered];
  return (
    <Select
      searchable
      {...select}
      value={value}
      onChange={onChange}
      searchValue={search}
      onSearchChange={setSearch}
      data={partners.map((partner) => ({ value: partner.id, label: nameOf(partner) }))}
      // Two partners may have one name; their codes tell them apart.
      renderOption={({ option }) => (
        <div>
          <Text size="sm">{option.label}</Text>
          <Text size="xs" c="dimmed">
            {partners.find((partner) => partner.id === option.value)?.partnerCode}
          </Text>
        </div>
      )}
      // The host has searched already.
      filter={({ options }) => options}
      nothingFoundMessage={found.isFetching ? 'Searching …' : 'No partner by that name'}
      error={error ?? (found.isError ? sentenceOf(found.error) : undefined)}
    />
  );
}
