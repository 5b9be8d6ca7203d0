import { Checkbox, Group, Loader, Text, UnstyledButton } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { Score } from '../../components/figures.tsx';
import { type Lead, leadName } from './lead.ts';
import { DuplicateMark, HolderMark, WaitingTime } from './lead-marks.tsx';
import classes from './review.module.css';

interface ReviewQueueProps {
  rows: readonly Lead[];
  total: number | undefined;
  activeId: string | null;
  now: number;
  onOpen: (lead: Lead) => void;
  /** Ticked leads; null for a person who may only read. */
  ticked: ReadonlySet<string> | null;
  onTick: (ids: ReadonlySet<string>) => void;
  isLoadingMore: boolean;
}

/** The leads that wait, two lines each: what a reviewer looks for first stands first. */
export function ReviewQueue(props: ReviewQueueProps) {
  const { rows, total, activeId, now, onOpen, ticked, onTick, isLoadingMore } = props;
  const list = useRef<HTMLUListElement>(null);
  /** The lead that was open before; none yet when the screen has just come up. */
  const before = useRef<string | null>(null);

  useEffect(() => {
    const isFirst = before.current === null;
    before.current = activeId;
    if (activeId === null) return;
    const row = list.current?.querySelector<HTMLElement>(`[data-lead="${CSS.escape(activeId)}"] > button`);
    if (row === null || row === undefined) return;
    row.scrollIntoView({ block: 'nearest' });
    if (isFirst) return;
    // The focus follows the open lead, but only where it was in the list, or was lost with a row that left it.
    const focused = document.activeElement;
    if (focused === document.body || (focused?.tagName === 'BUTTON' && list.current?.contains(focused))) {
      row.focus({ preventScroll: true });
    }
  }, [activeId]);

  const allTicked = ticked !== null && rows.length > 0 && rows.every((lead) => ticked.has(lead.id));
  const tick = (id: string, on: boolean) => {
    const ids = new Set(ticked);
    if (on) ids.add(id);
    else ids.delete(id);
    onTick(ids);
  };
  return (
    <>
      <Group className={classes.listHead} gap="xs" wrap="nowrap">
        {ticked !== null && (
          <Checkbox
            size="xs"
            aria-label="Select all shown"
            checked={allTicked}
            indeterminate={!allTicked && ticked.size > 0}
            onChange={(event) =>
              onTick(event.currentTarget.checked ? new Set(rows.map((lead) => lead.id)) : new Set())
            }
          />
        )}
        <Text size="xs" c="dimmed" className="figures">
          {total === undefined || total <= rows.length
            ? `${rows.length.toLocaleString()} waiting`
            : `${rows.length.toLocaleString()} of ${total.toLocaleString()} shown`}
        </Text>
      </Group>
      <ul className={classes.rows} aria-label="Leads waiting for review" ref={list}>
        {rows.map((lead) => (
          <li
            key={lead.id}
            className={classes.row}
            data-active={lead.id === activeId || undefined}
            data-lead={lead.id}
          >
            {ticked !== null && (
              <Checkbox
                size="xs"
                mt={3}
                aria-label={`Select ${leadName(lead)}`}
                checked={ticked.has(lead.id)}
                onChange={(event) => tick(lead.id, event.currentTarget.checked)}
              />
            )}
            <UnstyledButton
              className={classes.open}
              aria-current={lead.id === activeId ? 'true' : undefined}
              onClick={() => onOpen(lead)}
            >
              <Group gap="xs" wrap="nowrap" justify="space-between">
                <Text fw={600} truncate>
                  {leadName(lead)}
                </Text>
                <Group gap={6} wrap="nowrap" flex="none">
                  <WaitingTime lead={lead} now={now} />
                  <Score value={lead.qualityScore} />
                </Group>
              </Group>
              <Group gap="xs" wrap="nowrap" justify="space-between">
                <Text size="xs" c="dimmed" truncate>
                  {[lead.leadData.company, lead.partnerName].filter(Boolean).join(' · ')}
                </Text>
                <Group gap={4} wrap="nowrap" flex="none">
                  <DuplicateMark lead={lead} />
                  <HolderMark lead={lead} now={now} />
                </Group>
              </Group>
            </UnstyledButton>
          </li>
        ))}
        {isLoadingMore && (
          <li className={classes.more}>
            <Loader size="xs" aria-label="Loading more leads" />
          </li>
        )}
      </ul>
    </>
  );
}
