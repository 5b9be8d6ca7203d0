import { List } from '@mantine/core';
import type { TermChange } from './terms-in-words.ts';

/** What is said otherwise now, term by term. */
export function ChangeList({ changes }: { changes: readonly TermChange[] }) {
  return (
    <List size="sm" spacing={2}>
      {changes.map(({ key, label, before, after }) => (
        <List.Item key={key}>
          {label}: {before === null ? 'none' : before} → <strong>{after === null ? 'none' : after}</strong>
        </List.Item>
      ))}
    </List>
  );
}
