import { Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { PartnerPicker } from '../../components/partner-picker.tsx';
import type { LeadFilterValues } from './lead-filters.ts';

interface LeadFilterFieldsProps {
  filters: LeadFilterValues;
  onChange: (filters: LeadFilterValues) => void;
}

const scores = [
  { value: '80', label: '80 and above' },
  { value: '60', label: '60 and above' },
  { value: '40', label: '40 and above' },
];

/** The fields that every list of leads can be narrowed down by. Lay them out in a group or a grid. */
export function LeadFilterFields({ filters, onChange }: LeadFilterFieldsProps) {
  const [text, setText] = useState(filters.q);
  const search = useDebouncedCallback((q: string) => onChange({ ...filters, q }), 250);
  // The owner cleared the filters.
  const [seen, setSeen] = useState(filters.q);
  if (seen !== filters.q) {
    setSeen(filters.q);
    if (filters.q === '') setText('');
  }
  return (
    <>
      <TextInput
        type="search"
        aria-label="Search leads"
        placeholder="Search"
        title="Name, company, e-mail address or phone number"
        leftSection={<IconSearch size={15} aria-hidden />}
        maxLength={200}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          search(event.currentTarget.value);
        }}
      />
      <PartnerPicker
        aria-label="Partner"
        placeholder="All partners"
        clearable
        value={filters.partnerId}
        onChange={(partnerId) => onChange({ ...filters, partnerId })}
      />
      <Select
        aria-label="Minimum score"
        placeholder="Any score"
        clearable
        data={scores}
        value={filters.minScore === null ? null : String(filters.minScore)}
        onChange={(value) => onChange({ ...filters, minScore: value === null ? null : Number(value) })}
      />
      <Select
        aria-label="Duplicates"
        placeholder="Duplicates"
        clearable
        data={[
          { value: 'only', label: 'Only duplicates' },
          { value: 'without', label: 'Without duplicates' },
        ]}
        value={filters.duplicates === null ? null : filters.duplicates ? 'only' : 'without'}
        onChange={(value) => onChange({ ...filters, duplicates: value === null ? null : value === 'only' })}
      />
    </>
  );
}
