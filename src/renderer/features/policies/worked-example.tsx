import { Group, NumberInput, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { PolicyTerms } from '#domain/credit-policies.ts';
import { moneyText } from '../../components/figures.tsx';
import { MoneyInput } from '../../components/money-input.tsx';
import { type Example, type ExampleLead, workExample } from './example.ts';
import { PayChart } from './pay-chart.tsx';

interface WorkedExampleProps {
  /** Null while the terms don't fit together; `missing` says why. */
  terms: PolicyTerms | null;
  missing?: string;
  /** Which terms these are, where it is not plain. */
  hint?: string;
  currency: string;
}

const usual: ExampleLead = { score: 85, leadCount: 150, estimatedValue: null, dealValue: 100_000 };

/** What the policy would pay for a lead one makes up, with the reason in words, worked out by the very rules of the host. */
export function WorkedExample({ terms, missing, hint, currency }: WorkedExampleProps) {
  const [lead, setLead] = useState(usual);
  const change = (patch: Partial<ExampleLead>) => setLead((known) => ({ ...known, ...patch }));
  const calculation = terms?.calculationType;
  const takesShare = calculation === 'percentage' || calculation === 'revenue_share';

  return (
    <Paper p="md" component="section" aria-labelledby="example">
      <Stack gap="md">
        <div>
          <Title order={2} size="h5" id="example">
            Worked example
          </Title>
          {hint !== undefined && (
            <Text size="xs" c="dimmed">
              {hint}
            </Text>
          )}
        </div>
        {terms === null ? (
          <Text c="dimmed">{missing ?? 'Fill in the terms to see what they pay.'}</Text>
        ) : (
          <>
            <SimpleGrid cols={2} spacing="xs">
              <NumberInput
                label="Score of the lead"
                size="xs"
                min={0}
                max={100}
                decimalScale={2}
                clampBehavior="strict"
                value={lead.score}
                onChange={(score) => change({ score: typeof score === 'number' ? score : 0 })}
              />
              {calculation === 'tiered' && (
                <NumberInput
                  label="Lead number"
                  size="xs"
                  min={1}
                  max={1_000_000_000}
                  allowDecimal={false}
                  value={lead.leadCount}
                  onChange={(count) => change({ leadCount: typeof count === 'number' ? count : 1 })}
                />
              )}
              {calculation === 'percentage' && (
                <MoneyInput
                  label="Estimated value"
                  size="xs"
                  currency={currency}
                  value={lead.estimatedValue}
                  onChange={(estimatedValue) => change({ estimatedValue })}
                />
              )}
              {takesShare && (
                <MoneyInput
                  label="Value of the deal"
                  size="xs"
                  currency={currency}
                  value={lead.dealValue}
                  onChange={(dealValue) => change({ dealValue })}
                />
              )}
            </SimpleGrid>
            <Outcome example={workExample(terms, lead, currency)} currency={currency} />
            <PayChart terms={terms} lead={lead} currency={currency} />
          </>
        )}
      </Stack>
    </Paper>
  );
}

function Outcome({ example, currency }: { example: Example; currency: string }) {
  return (
    <div role="status" aria-label="What the example pays">
      {example.kind === 'none' ? (
        <Text>{example.reason}</Text>
      ) : (
        <>
          <Group gap="xs" align="baseline">
            <Text className="figures" fz={28} fw={650} lh={1.3}>
              {moneyText(example.credit.amount, currency)}
            </Text>
            <Text c="dimmed">{example.event === 'approval' ? 'on approval' : 'on conversion'}</Text>
          </Group>
          <Text size="sm">{example.credit.reason}</Text>
        </>
      )}
    </div>
  );
}
