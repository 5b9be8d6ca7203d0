import { Group, Input, Radio, SegmentedControl, Stack } from '@mantine/core';
import { calculationTypes, isOneOf } from '#domain/vocabulary.ts';
import { calculationTypeLabels } from '../../components/lead-words.ts';
import { MoneyInput } from '../../components/money-input.tsx';
import { PercentInput } from './percent-input.tsx';
import { calculationHints } from './policy.ts';
import type { PolicyDraft } from './policy-draft.ts';
import { TierEditor } from './tier-editor.tsx';

export interface PolicyFieldsProps {
  draft: PolicyDraft;
  set: (patch: Partial<PolicyDraft>) => void;
  errors: Readonly<Record<string, string>>;
  currency: string;
}

/** What the policy pays: the calculation, and only the fields that it needs. */
export function PayFields(props: PolicyFieldsProps) {
  const { draft, set, errors, currency } = props;
  return (
    <Stack gap="md">
      <Radio.Group
        label="Calculation"
        value={draft.calculationType}
        onChange={(value) => {
          if (isOneOf(calculationTypes, value)) set({ calculationType: value });
        }}
      >
        <Stack gap={8} mt={6}>
          {calculationTypes.map((each) => (
            <Radio
              key={each}
              value={each}
              label={calculationTypeLabels[each]}
              description={calculationHints[each]}
            />
          ))}
        </Stack>
      </Radio.Group>
      <BaseFields {...props} />
      <Group grow align="flex-start">
        <PercentInput
          label="Bonus"
          description="On top, for leads of score 80 and more."
          placeholder="None"
          value={draft.bonusPercentage}
          onChange={(bonusPercentage) => set({ bonusPercentage })}
          error={errors['bonusPercentage']}
        />
        <MoneyInput
          label="At least"
          description="Per credit, bonus included."
          placeholder="No lower bound"
          currency={currency}
          value={draft.minimumCredit}
          onChange={(minimumCredit) => set({ minimumCredit })}
          error={errors['minimumCredit']}
        />
        <MoneyInput
          label="At most"
          description="Per credit, bonus included."
          placeholder="No upper bound"
          currency={currency}
          value={draft.maximumCredit}
          onChange={(maximumCredit) => set({ maximumCredit })}
          error={errors['maximumCredit']}
        />
      </Group>
    </Stack>
  );
}

function BaseFields({ draft, set, errors, currency }: PolicyFieldsProps) {
  const { calculationType } = draft;
  if (calculationType === 'tiered') {
    return (
      <Stack gap={6} role="group" aria-label="Tiers">
        <Group justify="space-between">
          <Input.Label labelElement="div" aria-hidden>
            Tiers
          </Input.Label>
          <SegmentedControl
            size="xs"
            aria-label="The first tier begins at"
            value={String(draft.tiersFrom)}
            onChange={(value) => set({ tiersFrom: value === '0' ? 0 : 1 })}
            data={[
              { value: '1', label: 'From lead 1' },
              { value: '0', label: 'From lead 0' },
            ]}
          />
        </Group>
        <TierEditor draft={draft} currency={currency} errors={errors} onChange={set} />
      </Stack>
    );
  }
  if (calculationType === 'percentage' || calculationType === 'revenue_share') {
    return (
      <PercentInput
        label="Share"
        description={
          calculationType === 'percentage' ? 'Of the estimated value, else of the deal.' : 'Of the deal.'
        }
        withAsterisk
        maw={220}
        value={draft.baseRate}
        onChange={(baseRate) => set({ baseRate })}
        error={errors['baseRate']}
      />
    );
  }
  return (
    <MoneyInput
      label="Amount"
      description={calculationType === 'conversion' ? 'Per deal.' : 'Per approved lead.'}
      withAsterisk
      maw={220}
      currency={currency}
      value={draft.baseCredit}
      onChange={(baseCredit) => set({ baseCredit })}
      error={errors['baseCredit']}
    />
  );
}
