import type { Outputs } from '#contract/index.ts';

/** A link of the chain; `id` is its number in it, for the list. */
export type Activity = Outputs['activities']['list']['items'][number] & { id: string };

/** Text of the details, where they have some under this name. */
export function detailText(activity: Activity, name: string): string | null {
  const { details } = activity;
  for (const part of [details, details['after'], details['before']]) {
    if (typeof part !== 'object' || part === null) continue;
    const value: unknown = new Map(Object.entries(part)).get(name);
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}
