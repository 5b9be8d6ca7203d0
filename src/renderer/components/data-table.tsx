import { Button, Checkbox, Group, Paper, ScrollArea, Table, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import classes from './data-table.module.css';
import { isMeantElsewhere, isOnControl } from './keys.ts';
import { FailedState, LoadingState } from './states.tsx';

export interface ListPage<R> {
  items: R[];
  nextCursor: string | null;
  total?: number;
}

export interface TableColumn<R> {
  key: string;
  header: ReactNode;
  render: (row: R) => ReactNode;
  align?: 'left' | 'right';
  width?: number | string;
}

interface DataTableProps<R extends { id: string }> {
  /** What the table lists, for those who can't see it. */
  label: string;
  columns: readonly TableColumn<R>[];
  query: UseInfiniteQueryResult<InfiniteData<ListPage<R>>>;
  /** Shown where there are no rows. */
  empty: ReactNode;
  /** Opens a row: by click, and by Enter on the active one. */
  onOpen?: (row: R) => void;
  /** Ticked rows and what sets them; shows a tick box per row. */
  selection?: {
    ids: ReadonlySet<string>;
    onChange: (ids: ReadonlySet<string>) => void;
    nameOf: (row: R) => string;
  };
  /** Which row is open beside the table. */
  activeId?: string | null;
  maxHeight?: number | string;
}

/**
 * A list by pages: j and k (or the arrows) move, Enter opens, more rows come when asked for. The rows' own links and buttons
 * stay reachable by Tab.
 */
export function DataTable<R extends { id: string }>({
  label,
  columns,
  query,
  empty,
  onOpen,
  selection,
  activeId,
  maxHeight,
}: DataTableProps<R>) {
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const [cursor, setCursor] = useState<string | null>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const active = activeId ?? cursor;
  const activeIndex = rows.findIndex((row) => row.id === active);

  const move = (step: number) => {
    const next = rows[Math.min(rows.length - 1, Math.max(0, activeIndex + step))];
    if (next === undefined) return;
    setCursor(next.id);
    if (activeId !== undefined) onOpen?.(next);
  };
  const open = () => {
    const row = rows[activeIndex];
    if (row !== undefined) onOpen?.(row);
  };
  const onKey = (act: () => void) => (event: KeyboardEvent) => {
    if (isMeantElsewhere(event)) return;
    event.preventDefault();
    act();
  };
  const options = { preventDefault: false };
  useHotkeys(
    [
      ['j', onKey(() => move(1)), options],
      ['k', onKey(() => move(-1)), options],
      ['ArrowDown', onKey(() => move(1)), options],
      ['ArrowUp', onKey(() => move(-1)), options],
      [
        'Enter',
        (event) => {
          // A button or link that has the focus is pressed, and nothing else.
          if (!isMeantElsewhere(event) && !isOnControl(event)) open();
        },
        options,
      ],
    ],
    [],
  );
  useEffect(() => {
    if (active !== null) body.current?.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest' });
  }, [active]);

  if (query.isError && query.data === undefined) {
    return <FailedState error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (query.data === undefined) return <LoadingState label={`Loading ${label}`} />;
  if (rows.length === 0) return <>{empty}</>;

  const total = query.data.pages[0]?.total;
  const allTicked = selection !== undefined && rows.every((row) => selection.ids.has(row.id));
  const tick = (id: string, on: boolean) => {
    if (selection === undefined) return;
    const ids = new Set(selection.ids);
    if (on) ids.add(id);
    else ids.delete(id);
    selection.onChange(ids);
  };

  return (
    <Paper className={classes.frame}>
      <ScrollArea.Autosize
        mah={maxHeight}
        viewportProps={{ tabIndex: 0, 'aria-label': label, role: 'region' }}
      >
        <Table
          stickyHeader
          highlightOnHover={onOpen !== undefined}
          aria-label={label}
          className={classes.table}
        >
          <Table.Thead>
            <Table.Tr>
              {selection !== undefined && (
                <Table.Th w={36}>
                  <Checkbox
                    size="xs"
                    aria-label="Select all shown"
                    checked={allTicked}
                    indeterminate={!allTicked && selection.ids.size > 0}
                    onChange={(event) =>
                      selection.onChange(
                        event.currentTarget.checked ? new Set(rows.map((row) => row.id)) : new Set(),
                      )
                    }
                  />
                </Table.Th>
              )}
              {columns.map((column) => (
                <Table.Th key={column.key} ta={column.align} w={column.width}>
                  {column.header}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody ref={body}>
            {rows.map((row) => (
              <Table.Tr
                key={row.id}
                data-active={row.id === active || undefined}
                className={onOpen === undefined ? undefined : classes.opens}
                onClick={(event) => {
                  // A click on a control of the row is for the control.
                  if (
                    event.target instanceof Element &&
                    event.target.closest('a, button, input, label') !== null
                  )
                    return;
                  setCursor(row.id);
                  onOpen?.(row);
                }}
              >
                {selection !== undefined && (
                  <Table.Td>
                    <Checkbox
                      size="xs"
                      aria-label={`Select ${selection.nameOf(row)}`}
                      checked={selection.ids.has(row.id)}
                      onChange={(event) => tick(row.id, event.currentTarget.checked)}
                    />
                  </Table.Td>
                )}
                {columns.map((column) => (
                  <Table.Td key={column.key} ta={column.align}>
                    {column.render(row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      <Group justify="space-between" px="sm" py={6} className={classes.foot}>
        <Text size="xs" c="dimmed" aria-live="polite">
          {total === undefined ? `${rows.length} shown` : `${rows.length} of ${total.toLocaleString()} shown`}
        </Text>
        {query.hasNextPage && (
          <Button
            size="compact-xs"
            variant="subtle"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show more
          </Button>
        )}
      </Group>
    </Paper>
  );
}
