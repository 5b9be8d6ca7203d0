import { ActionIcon, Button, Group, NumberInput, Table, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { MoneyInput } from '../../components/money-input.tsx';
import { PercentInput } from './percent-input.tsx';
import { newTier, type PolicyDraft, type TierDraft, tierStarts } from './policy-draft.ts';

interface TierEditorProps {
  draft: PolicyDraft;
  currency: string;
  errors: Readonly<Record<string, string>>;
  onChange: (patch: Pick<PolicyDraft, 'tiers'>) => void;
}

/** So many leads the tier before gets when one is added after an open-ended one. */
const usualStep = 100;

/**
 * The tiers as a table. Each begins right after the one before, so there are no gaps and no overlaps to make; the last is
 * open-ended until it is given an end.
 */
export function TierEditor({ draft, currency, errors, onChange }: TierEditorProps) {
  const { tiers } = draft;
  const starts = tierStarts(draft);
  const change = (index: number, patch: Partial<TierDraft>) =>
    onChange({ tiers: tiers.map((tier, at) => (at === index ? { ...tier, ...patch } : tier)) });

  const add = () => {
    const last = tiers.at(-1);
    const start = starts.at(-1) ?? draft.tiersFrom;
    const closed =
      last === undefined || last.upTo !== null
        ? tiers
        : [...tiers.slice(0, -1), { ...last, upTo: Math.max(start, 1) + usualStep - 1 }];
    onChange({
      tiers: [...closed, newTier({ upTo: null, creditAmount: null, bonusPercent: null })],
    });
  };
  const remove = (index: number) => {
    const left = tiers.filter((_tier, at) => at !== index);
    const last = left.at(-1);
    // What was open-ended stays so: the leads beyond don't fall out of the policy unnoticed.
    const isOpen = tiers.at(-1)?.upTo === null;
    onChange({
      tiers:
        isOpen && index === tiers.length - 1 && last !== undefined
          ? [...left.slice(0, -1), { ...last, upTo: null }]
          : left,
    });
  };

  return (
    <div>
      <Table aria-label="Tiers" withRowBorders={false} horizontalSpacing={6} verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={72} ta="right">
              From
            </Table.Th>
            <Table.Th w={120}>To lead</Table.Th>
            <Table.Th>Credit</Table.Th>
            <Table.Th w={120}>Bonus</Table.Th>
            <Table.Th w={34}>
              <VisuallyHidden>Remove</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tiers.map((tier, index) => {
            const level = index + 1;
            const path = `tierConfig.tiers.${index}`;
            const isLast = index === tiers.length - 1;
            const start = errors[`${path}.minLeads`] ?? errors[`${path}.tierLevel`];
            return (
              <Table.Tr key={tier.key} style={{ verticalAlign: 'top' }}>
                <Table.Td>
                  <Text className="figures" ta="right" pt={6} aria-label={`Tier ${level} begins at lead`}>
                    {starts[index]}
                  </Text>
                  {start !== undefined && (
                    <Text size="xs" c="var(--mantine-color-error)" role="alert">
                      {start}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <NumberInput
                    aria-label={`Tier ${level} ends at lead`}
                    placeholder={isLast ? 'and more' : ''}
                    hideControls
                    allowDecimal={false}
                    allowNegative={false}
                    min={0}
                    max={1_000_000_000}
                    clampBehavior="none"
                    value={tier.upTo ?? ''}
                    onChange={(value) => change(index, { upTo: typeof value === 'number' ? value : null })}
                    error={errors[`${path}.maxLeads`]}
                  />
                </Table.Td>
                <Table.Td>
                  <MoneyInput
                    aria-label={`Credit of tier ${level}`}
                    currency={currency}
                    value={tier.creditAmount}
                    onChange={(creditAmount) => change(index, { creditAmount })}
                    error={errors[`${path}.creditAmount`]}
                  />
                </Table.Td>
                <Table.Td>
                  <PercentInput
                    aria-label={`Bonus of tier ${level}`}
                    placeholder="policy’s"
                    value={tier.bonusPercent}
                    onChange={(bonusPercent) => change(index, { bonusPercent })}
                    error={errors[`${path}.bonusPercent`]}
                  />
                </Table.Td>
                <Table.Td>
                  <Tooltip label="Remove this tier">
                    <ActionIcon
                      mt={4}
                      color="gray"
                      disabled={tiers.length === 1}
                      aria-label={`Remove tier ${level}`}
                      onClick={() => remove(index)}
                    >
                      <IconTrash size={16} />
                    </ActionIcon>
                  </Tooltip>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      {errors['tierConfig.tiers'] !== undefined && (
        <Text size="xs" c="var(--mantine-color-error)" role="alert">
          {errors['tierConfig.tiers']}
        </Text>
      )}
      <Group justify="space-between" mt={4} wrap="nowrap" align="flex-start">
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconPlus size={14} />}
          disabled={tiers.length >= 100}
          onClick={add}
        >
          Add tier
        </Button>
        <Text size="xs" c="dimmed" ta="right">
          A tier’s own bonus replaces the policy’s, even when it is 0.
        </Text>
      </Group>
    </div>
  );
}
