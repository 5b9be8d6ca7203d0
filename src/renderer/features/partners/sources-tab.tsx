import { Button, Group, Paper, Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Outputs } from '#contract/index.ts';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { Money, Share } from '../../components/figures.tsx';
import { EmptyState, QueryState } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { useCommand } from '../../components/use-command.ts';
import { type Partner, type Source, sourceTypeLabels } from './partner.ts';
import { SourceDialog } from './source-dialog.tsx';

type Stats = Outputs['sources']['statsOfPartner']['items'][number];

/** As the heads of the lists look. */
const head = { c: 'dimmed', fz: 'xs', fw: 600 } as const;

/** Where the partner's leads come from, and what each source brought in. */
export function SourcesTab({ partner }: { partner: Partner }) {
  const api = useApi();
  const can = useCan();
  const input = { id: partner.id };
  const sources = useQuery(api.sources.list.queryOptions({ input }));
  const stats = useQuery(api.sources.statsOfPartner.queryOptions({ input }));
  const [open, setOpen] = useState<Source | 'new' | null>(null);
  const mayEdit = can('sources.edit');
  const add = mayEdit && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen('new')}>
      Add a source
    </Button>
  );
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text c="dimmed">Leads name the source they come from; policies can hold for one source only.</Text>
        {add}
      </Group>
      <QueryState query={sources}>
        {(data) =>
          data.items.length === 0 ? (
            <EmptyState title="No sources" action={add || undefined}>
              The first one comes with the partner.
            </EmptyState>
          ) : (
            <SourcesTable
              sources={data.items}
              stats={stats.data?.items ?? []}
              partner={partner}
              onEdit={mayEdit ? setOpen : null}
            />
          )
        }
      </QueryState>
      {open !== null && (
        <SourceDialog partner={partner} source={open === 'new' ? null : open} onClose={() => setOpen(null)} />
      )}
    </>
  );
}

function SourcesTable({
  sources,
  stats,
  partner,
  onEdit,
}: {
  sources: readonly Source[];
  stats: readonly Stats[];
  partner: Partner;
  /** Null for whoever may only look. */
  onEdit: ((source: Source) => void) | null;
}) {
  return (
    <Paper>
      <Table.ScrollContainer minWidth={700} type="native" tabIndex={0} role="region" aria-label="Sources">
        <Table aria-label="Sources of this partner">
          <Table.Thead>
            <Table.Tr>
              <Table.Th {...head}>Source</Table.Th>
              <Table.Th ta="right" {...head}>
                Leads
              </Table.Th>
              <Table.Th ta="right" {...head}>
                Quality
              </Table.Th>
              <Table.Th ta="right" {...head}>
                Revenue
              </Table.Th>
              <Table.Th ta="right" {...head}>
                Credits
              </Table.Th>
              {onEdit !== null && (
                <Table.Th {...head}>
                  <VisuallyHidden>Actions</VisuallyHidden>
                </Table.Th>
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sources.map((source) => {
              const figures = stats.find((each) => each.sourceId === source.id);
              const quality = figures?.averageLeadQuality ?? null;
              return (
                <Table.Tr key={source.id}>
                  <Table.Td miw={200}>
                    <Group gap={6}>
                      <Text inherit fw={500} title={source.description ?? undefined}>
                        {source.sourceName}
                      </Text>
                      {/* In use is how a source is unless it says otherwise. */}
                      {!source.isActive && <StatusBadge status="inactive" size="sm" />}
                    </Group>
                    <Text size="xs" c="dimmed">
                      {sourceTypeLabels[source.sourceType]}, {source.sourceCode}
                      {source.isAutomatic && ', came with the partner'}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right" className="figures">
                    {source.leadsGenerated.toLocaleString()}
                    <Text size="xs" c="dimmed">
                      {source.leadsConverted.toLocaleString()} converted
                    </Text>
                    {figures !== undefined && figures.conversionRate !== null && (
                      <Text size="xs" c="dimmed">
                        <Share value={figures.conversionRate} /> of approved
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td ta="right" className="figures">
                    {quality === null ? '–' : quality.toLocaleString(undefined, { maximumFractionDigits: 2 })}
                  </Table.Td>
                  <Table.Td ta="right">
                    <Money amount={source.totalRevenue} currency={partner.currency} />
                  </Table.Td>
                  <Table.Td ta="right">
                    <Money amount={figures?.totalCredits ?? null} currency={partner.currency} />
                  </Table.Td>
                  {onEdit !== null && (
                    <Table.Td>
                      <SourceActions source={source} onEdit={onEdit} />
                    </Table.Td>
                  )}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function SourceActions({ source, onEdit }: { source: Source; onEdit: (source: Source) => void }) {
  const api = useApi();
  const deactivate = useCommand(api.sources.deactivate.mutationOptions(), {
    done: `${source.sourceName} is out of use.`,
  });
  const activate = useCommand(api.sources.update.mutationOptions(), {
    done: `${source.sourceName} is in use again.`,
  });
  const target = { id: source.id, version: source.version };
  return (
    <Stack gap={2} align="flex-end">
      <Button
        size="compact-xs"
        variant="subtle"
        aria-label={`Edit ${source.sourceName}`}
        onClick={() => onEdit(source)}
      >
        Edit
      </Button>
      {source.isActive ? (
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          aria-label={`Deactivate ${source.sourceName}`}
          loading={deactivate.isPending}
          onClick={() => deactivate.mutate(target)}
        >
          Deactivate
        </Button>
      ) : (
        <Button
          size="compact-xs"
          variant="subtle"
          aria-label={`Use ${source.sourceName} again`}
          loading={activate.isPending}
          onClick={() => activate.mutate({ ...target, isActive: true })}
        >
          Use again
        </Button>
      )}
    </Stack>
  );
}
