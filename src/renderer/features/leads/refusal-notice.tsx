import { Alert, Anchor, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { type LeadChange, type LeadRefusal, leadName } from './lead.ts';

/** What is different now, line by line. */
export function ChangeList({ changes }: { changes: readonly LeadChange[] }) {
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

interface RefusalNoticeProps {
  refusal: LeadRefusal;
  onClose: () => void;
  /** Goes to the lead concerned, where another one is open. */
  onShow?: () => void;
}

/** Why a command was refused, in the host's words, and what changed where something did. */
export function RefusalNotice({ refusal, onClose, onShow }: RefusalNoticeProps) {
  return (
    <Alert
      color="red"
      role="alert"
      py="xs"
      withCloseButton
      closeButtonLabel="Dismiss"
      onClose={onClose}
      icon={<IconAlertTriangle size={18} aria-hidden />}
      title={`${leadName(refusal.lead)} was not ${refusal.attempt}`}
    >
      <Text inherit>
        {refusal.sentence}{' '}
        {onShow !== undefined && (
          <Anchor component="button" type="button" inherit underline="always" onClick={onShow}>
            Show this lead
          </Anchor>
        )}
      </Text>
      {refusal.changes.length > 0 && <ChangeList changes={refusal.changes} />}
      {refusal.code === 'CONFLICT' && (
        <Text inherit mt={4}>
          Nothing was written. Look at the lead as it is now, then decide again.
        </Text>
      )}
    </Alert>
  );
}
