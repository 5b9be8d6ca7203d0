import type { PartnerChange } from './partner.ts';

/** What is different now, line by line. */
export function ChangeList({ changes }: { changes: readonly PartnerChange[] }) {
  return (
    <ul style={{ margin: '4px 0 0', paddingInlineStart: 18 }}>
      {changes.map((change) => (
        <li key={change.label}>
          {change.label}: {change.before} → <strong>{change.after}</strong>
        </li>
      ))}
    </ul>
  );
}
