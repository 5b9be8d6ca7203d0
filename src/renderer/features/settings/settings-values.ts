import { ORPCError } from '@orpc/client';
import type { Outputs } from '#contract/index.ts';
import { isCountryCode } from '#domain/countries.ts';
import { defaultScoreWeights, type ScoredField, scoredFields } from '#domain/quality-score.ts';
import { moneyText } from '../../components/figures.tsx';
import { leadFieldLabels } from '../../components/lead-words.ts';

export type Settings = Outputs['settings']['get'];

export interface SettingsValues {
  organizationName: string;
  timeZone: string;
  fourEyes: boolean;
  secondApprovalThreshold: number | null;
  duplicateHandling: Settings['duplicateHandling'];
  claimLeaseMinutes: number | string;
  defaultCountry: string | null;
  /** Points as typed; '' while a field is empty. */
  scoreWeights: Record<ScoredField, number | string>;
}

export const duplicateWords: Record<Settings['duplicateHandling'], string> = {
  flag: 'Take the lead in and mark it as a duplicate',
  refuse: 'Refuse the lead',
  link: 'Record the lead under the first one, without a review of its own',
};

/** Every country by its English name, for phone numbers without a country code. */
export const countryOptions = (() => {
  const names = new Intl.DisplayNames(undefined, { type: 'region', fallback: 'code' });
  const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
  return letters
    .flatMap((first) => letters.map((second) => first + second))
    .filter(isCountryCode)
    .map((value) => ({ value, label: names.of(value) ?? value }))
    .sort((a, b) => a.label.localeCompare(b.label));
})();

export function settingsValuesOf(settings: Settings): SettingsValues {
  const weights: Record<ScoredField, number | string> = { ...defaultScoreWeights };
  for (const field of scoredFields) weights[field] = settings.scoreWeights[field] ?? 0;
  return {
    organizationName: settings.organizationName,
    timeZone: settings.timeZone,
    fourEyes: settings.fourEyes,
    secondApprovalThreshold: settings.secondApprovalThreshold,
    duplicateHandling: settings.duplicateHandling,
    claimLeaseMinutes: settings.claimLeaseMinutes,
    defaultCountry: settings.defaultCountry,
    scoreWeights: weights,
  };
}

/** The sum of the weights in points, exact to the hundredth: 7.5 four times is 30, not nearly 30. */
export function sumOfWeights(weights: SettingsValues['scoreWeights']): number {
  return scoredFields.reduce((sum, field) => sum + Math.round(Number(weights[field] || 0) * 100), 0) / 100;
}

/** What the form can tell without the host. */
export function problemsOf(values: SettingsValues): Record<string, string> {
  const sum = sumOfWeights(values.scoreWeights);
  return {
    ...(values.organizationName.trim() === '' && { organizationName: 'Give the organization’s name.' }),
    ...(!(Number(values.claimLeaseMinutes) >= 1) && { claimLeaseMinutes: 'Give at least one minute.' }),
    ...(sum !== 100 && { scoreWeights: `The weights must add up to 100; they add up to ${sum}.` }),
  };
}

/** Only what was changed: whoever changed something else meanwhile is not undone. */
export function settingsChange(values: SettingsValues, base: Settings) {
  const before = settingsValuesOf(base);
  const differs = (name: keyof SettingsValues) =>
    JSON.stringify(values[name]) !== JSON.stringify(before[name]);
  return {
    ...(differs('organizationName') && { organizationName: values.organizationName.trim() }),
    ...(differs('timeZone') && { timeZone: values.timeZone }),
    ...(differs('fourEyes') && { fourEyes: values.fourEyes }),
    ...(differs('secondApprovalThreshold') && { secondApprovalThreshold: values.secondApprovalThreshold }),
    ...(differs('duplicateHandling') && { duplicateHandling: values.duplicateHandling }),
    ...(differs('claimLeaseMinutes') && { claimLeaseMinutes: Number(values.claimLeaseMinutes) }),
    ...(differs('defaultCountry') && { defaultCountry: values.defaultCountry }),
    ...(differs('scoreWeights') && {
      scoreWeights: Object.fromEntries(
        scoredFields.map((field) => [field, Number(values.scoreWeights[field] || 0)]),
      ),
    }),
  };
}

/** What is different between two states of the settings, in words. */
export function changedSettings(before: Settings, after: Settings): string[] {
  const row = (label: string, of: (settings: Settings) => string) =>
    of(before) === of(after) ? [] : [`${label}: ${of(before)} → ${of(after)}`];
  return [
    ...row('Name', (settings) => settings.organizationName),
    ...row('Time zone', (settings) => settings.timeZone),
    ...row('Four eyes', (settings) => (settings.fourEyes ? 'on' : 'off')),
    ...row('Second approval above', (settings) =>
      settings.secondApprovalThreshold === null
        ? 'never'
        : moneyText(settings.secondApprovalThreshold, settings.currency),
    ),
    ...row('Duplicates', (settings) => duplicateWords[settings.duplicateHandling]),
    ...row('Claim lease', (settings) => `${settings.claimLeaseMinutes} minutes`),
    ...row('Default country', (settings) => settings.defaultCountry ?? 'none'),
    ...scoredFields.flatMap((field) =>
      row(`Weight of ${leadFieldLabels[field]}`, (settings) => String(settings.scoreWeights[field] ?? 0)),
    ),
  ];
}

/** What was typed, on top of the settings as they are now: what nobody touched here takes the fresh value. */
export function rebase(typed: SettingsValues, base: Settings, current: Settings): SettingsValues {
  const before = settingsValuesOf(base);
  const now = settingsValuesOf(current);
  const pick = <T>(mine: T, was: T, is: T): T => (JSON.stringify(mine) === JSON.stringify(was) ? is : mine);
  return {
    organizationName: pick(typed.organizationName, before.organizationName, now.organizationName),
    timeZone: pick(typed.timeZone, before.timeZone, now.timeZone),
    fourEyes: pick(typed.fourEyes, before.fourEyes, now.fourEyes),
    secondApprovalThreshold: pick(
      typed.secondApprovalThreshold,
      before.secondApprovalThreshold,
      now.secondApprovalThreshold,
    ),
    duplicateHandling: pick(typed.duplicateHandling, before.duplicateHandling, now.duplicateHandling),
    claimLeaseMinutes: pick(typed.claimLeaseMinutes, before.claimLeaseMinutes, now.claimLeaseMinutes),
    defaultCountry: pick(typed.defaultCountry, before.defaultCountry, now.defaultCountry),
    // As one: they have to add up.
    scoreWeights: pick(typed.scoreWeights, before.scoreWeights, now.scoreWeights),
  };
}

function isSettings(value: unknown): value is Settings {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    typeof value.version === 'number' &&
    'scoreWeights' in value &&
    typeof value.scoreWeights === 'object'
  );
}

/** The settings that a `CONFLICT` came with, where it did. */
export function currentOf(error: unknown): Settings | null {
  if (!(error instanceof ORPCError)) return null;
  const data: unknown = error.data;
  if (typeof data !== 'object' || data === null || !('current' in data)) return null;
  return isSettings(data.current) ? data.current : null;
}
