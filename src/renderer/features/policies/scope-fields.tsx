import { Group, Input, NumberInput, SegmentedControl, Select, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { isOneOf, policyTypes, timeUnitTypes } from '#domain/vocabulary.ts';
import { sentenceOf, useApi } from '../../app/api.tsx';
import { DayInput } from '../../components/day-input.tsx';
import type { PolicyFieldsProps } from './pay-fields.tsx';
import { policyTypeLabels, timeUnitLabels } from './policy.ts';

type ScopeFieldsProps = Omit<PolicyFieldsProps, 'currency'> & {
  /** Null: a policy for all partners, which can name no source of one. */
  partnerId: string | null;
};

/** Which leads the policy is for: its kind, its dates, its source and the score it asks for. */
export function ScopeFields({ draft, set, errors, partnerId }: ScopeFieldsProps) {
  const { policyType } = draft;
  // A project or campaign given besides stays visible, so that nothing applies unseen.
  const showsProject = policyType === 'project_based' || draft.projectId !== '';
  const showsCampaign = policyType === 'campaign_based' || draft.campaignId !== '';
  return (
    <Stack gap="md">
      <Stack gap={4} align="flex-start">
        <Input.Label labelElement="div" aria-hidden>
          Kind
        </Input.Label>
        <SegmentedControl
          aria-label="Kind"
          size="xs"
          value={policyType}
          onChange={(value) => {
            if (isOneOf(policyTypes, value)) set({ policyType: value });
          }}
          data={policyTypes.map((value) => ({ value, label: policyTypeLabels[value] }))}
        />
      </Stack>
      <Group grow align="flex-start">
        {policyType === 'time_based' && (
          <Select
            label="Leads are counted"
            description="When a new count begins, for tiers."
            allowDeselect={false}
            value={draft.timeUnitType}
            onChange={(value) => {
              if (isOneOf(timeUnitTypes, value)) set({ timeUnitType: value });
            }}
            data={timeUnitTypes.map((value) => ({ value, label: timeUnitLabels[value] }))}
            error={errors['timeUnitType']}
          />
        )}
        {showsProject && (
          <TextInput
            label="Project"
            description="As leads name it."
            withAsterisk={policyType === 'project_based'}
            maxLength={100}
            value={draft.projectId}
            onChange={(event) => set({ projectId: event.currentTarget.value })}
            error={errors['projectId']}
          />
        )}
        {showsCampaign && (
          <TextInput
            label="Campaign"
            description="As leads name it."
            withAsterisk={policyType === 'campaign_based'}
            maxLength={100}
            value={draft.campaignId}
            onChange={(event) => set({ campaignId: event.currentTarget.value })}
            error={errors['campaignId']}
          />
        )}
      </Group>
      <Group grow align="flex-start">
        <DayInput
          label="From"
          placeholder="The beginning"
          clearable
          value={draft.startDate}
          onChange={(startDate) => set({ startDate })}
          error={errors['startDate']}
        />
        <DayInput
          label="Until"
          placeholder="Further notice"
          clearable
          value={draft.endDate}
          onChange={(endDate) => set({ endDate })}
          error={errors['endDate']}
        />
        <NumberInput
          label="Lowest score"
          placeholder="Any score"
          min={0}
          max={100}
          decimalScale={2}
          clampBehavior="strict"
          value={draft.minLeadQualityScore ?? ''}
          onChange={(value) => set({ minLeadQualityScore: typeof value === 'number' ? value : null })}
          error={errors['minLeadQualityScore']}
        />
      </Group>
      {partnerId !== null && (
        <SourceSelect
          partnerId={partnerId}
          value={draft.sourceId}
          onChange={(sourceId) => set({ sourceId })}
          error={errors['sourceId']}
        />
      )}
    </Stack>
  );
}

interface SourceSelectProps {
  partnerId: string;
  value: string | null;
  onChange: (sourceId: string | null) => void;
  error: string | undefined;
}

function SourceSelect({ partnerId, value, onChange, error }: SourceSelectProps) {
  const api = useApi();
  const sources = useQuery(api.sources.list.queryOptions({ input: { id: partnerId } }));
  return (
    <Select
      label="Source"
      placeholder="Every source of the partner"
      clearable
      value={value}
      onChange={onChange}
      data={(sources.data?.items ?? []).map((source) => ({
        value: source.id,
        label: `${source.sourceName} (${source.sourceCode})`,
      }))}
      error={error ?? (sources.isError ? sentenceOf(sources.error) : undefined)}
    />
  );
}
