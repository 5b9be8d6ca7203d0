import { Button, Group, NumberInput, SimpleGrid, Text } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { defaultScoreWeights, scoredFields } from '#domain/quality-score.ts';
import { leadFieldLabels } from '../../components/lead-words.ts';
import { type SettingsValues, sumOfWeights } from './settings-values.ts';

/** The weights with their sum, which has to be 100, as it is typed. */
export function ScoreWeightFields({
  form,
  readOnly,
}: {
  form: UseFormReturnType<SettingsValues>;
  readOnly: boolean;
}) {
  const sum = sumOfWeights(form.values.scoreWeights);
  const isRight = sum === 100;
  return (
    <>
      <SimpleGrid cols={4} spacing="sm" verticalSpacing="sm">
        {scoredFields.map((field) => (
          <NumberInput
            key={field}
            label={leadFieldLabels[field]}
            min={0}
            max={100}
            decimalScale={2}
            hideControls
            readOnly={readOnly}
            classNames={{ input: 'figures' }}
            {...form.getInputProps(`scoreWeights.${field}`)}
          />
        ))}
      </SimpleGrid>
      <Group justify="space-between">
        <Text role="status" fw={600} c={isRight ? undefined : 'red'}>
          {isRight
            ? 'Together 100 points.'
            : sum < 100
              ? `Together ${sum} points: ${Math.round((100 - sum) * 100) / 100} are missing.`
              : `Together ${sum} points: ${Math.round((sum - 100) * 100) / 100} too many.`}
        </Text>
        {!readOnly && (
          <Button
            variant="subtle"
            size="compact-sm"
            onClick={() => form.setFieldValue('scoreWeights', { ...defaultScoreWeights })}
          >
            Use the usual weights
          </Button>
        )}
      </Group>
    </>
  );
}
