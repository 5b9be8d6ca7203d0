import { Badge, Button, Group, Select, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconPlus, IconX } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { leadStatuses } from '#domain/state-machines.ts';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { Instant, Money, Score } from '../../components/figures.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { Page } from '../../components/page.tsx';
import { EmptyState } from '../../components/states.tsx';
import { StatusBadge, statusLabel } from '../../components/status-badge.tsx';
import { type Lead, leadName } from './lead.ts';
import { LeadFilterFields } from './lead-filter-fields.tsx';
import {
  isFiltered,
  type LeadFilterValues,
  leadFilterInput,
  leadStatusOf,
  noFilters,
} from './lead-filters.ts';
import { CreditStatus, DuplicateMark } from './lead-marks.tsx';
import classes from './leads.module.css';
import { SubmitLeadDialog } from './submit-lead-dialog.tsx';

const columns: readonly TableColumn<Lead>[] = [
  {
    key: 'lead',
    header: 'Lead',
    render: (lead) => (
      <>
        <Group gap={6} wrap="nowrap">
          <AppLink to="/leads/$leadId" params={{ leadId: lead.id }} fw={500}>
            {leadName(lead)}
          </AppLink>
          <DuplicateMark lead={lead} />
        </Group>
        <Text size="xs" c="dimmed" truncate maw="clamp(150px, 17vw, 260px)">
          {lead.leadData.company ?? lead.leadData.email}
        </Text>
      </>
    ),
  },
  {
    key: 'score',
    header: 'Score',
    align: 'right',
    // Wide enough for 87.5 on a narrow screen too.
    width: 84,
    render: (lead) => <Score value={lead.qualityScore} />,
  },
  { key: 'status', header: 'Status', render: (lead) => <StatusBadge status={lead.status} /> },
  {
    key: 'partner',
    header: 'Partner',
    render: (lead) => (
      <Text inherit truncate maw="clamp(110px, 14vw, 220px)">
        {lead.partnerName}
      </Text>
    ),
  },
  {
    key: 'submitted',
    header: 'Came in',
    render: (lead) => <Instant value={lead.submittedAt} withTime={false} />,
  },
  {
    key: 'value',
    header: 'Value',
    align: 'right',
    render: (lead) => <Money amount={lead.dealValue ?? lead.estimatedValue} currency={lead.currency} />,
  },
  {
    key: 'credit',
    header: 'Credit',
    align: 'right',
    render: (lead) => (
      <>
        <Money amount={lead.creditAmount} currency={lead.currency} />
        {lead.creditStatus !== null && (
          <div>
            <CreditStatus status={lead.creditStatus} />
          </div>
        )}
      </>
    ),
  },
];

export function LeadsScreen() {
  const search = useSearch({ from: '/leads' });
  const navigate = useNavigate();
  const api = useApi();
  const can = useCan();
  const isWide = useMediaQuery('(min-width: 1180px)', true);
  const [ownFilters, setOwnFilters] = useState<LeadFilterValues>(noFilters);
  const [submitting, setSubmitting] = useState(false);

  // What others link to stands in the address: the status, the partner and the import.
  const status = leadStatusOf(search.status);
  const { importId } = search;
  const filters: LeadFilterValues = { ...ownFilters, partnerId: search.partnerId ?? null };
  const go = (next: { partnerId?: string | null; status?: string | null; importId?: null }) => {
    const after = { ...search, ...next };
    void navigate({
      to: '/leads',
      replace: true,
      search: {
        ...(typeof after.partnerId === 'string' && { partnerId: after.partnerId }),
        ...(typeof after.status === 'string' && { status: after.status }),
        ...(typeof after.importId === 'string' && { importId: after.importId }),
      },
    });
  };
  const input = {
    ...leadFilterInput(filters),
    ...(status !== null && { status }),
    ...(importId !== undefined && { importId }),
  };
  const query = useInfiniteQuery(
    api.leads.list.infiniteOptions({
      input: (cursor: string | undefined) => ({
        cursor,
        limit: 50,
        total: cursor === undefined,
        ...input,
      }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
      placeholderData: keepPreviousData,
    }),
  );
  const narrowed = isFiltered(filters) || status !== null || importId !== undefined;
  const clear = () => {
    setOwnFilters(noFilters);
    go({ partnerId: null, status: null, importId: null });
  };

  return (
    <Page
      title="Leads"
      subtitle="Everything partners have submitted, newest first."
      actions={
        can('leads.submit') && (
          <>
            <LinkButton
              to="/imports/new"
              search={search.partnerId === undefined ? {} : { partnerId: search.partnerId }}
              variant="default"
            >
              Import from a file
            </LinkButton>
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setSubmitting(true)}>
              Submit lead
            </Button>
          </>
        )
      }
      toolbar={
        <div className={classes.filters}>
          <LeadFilterFields
            filters={filters}
            onChange={(next) => {
              setOwnFilters({ ...next, partnerId: null });
              if (next.partnerId !== filters.partnerId) go({ partnerId: next.partnerId });
            }}
          />
          <Select
            aria-label="Status"
            placeholder="Any status"
            clearable
            data={leadStatuses.map((value) => ({ value, label: statusLabel(value) }))}
            value={status}
            onChange={(value) => go({ status: value })}
          />
        </div>
      }
    >
      {importId !== undefined && <ImportFilter importId={importId} onClear={() => go({ importId: null })} />}
      <DataTable
        label="Leads"
        // What a narrow screen has no room for stands on the record.
        columns={isWide ? columns : columns.filter((column) => column.key !== 'value')}
        query={query}
        onOpen={(lead) => void navigate({ to: '/leads/$leadId', params: { leadId: lead.id } })}
        empty={
          narrowed ? (
            <EmptyState
              title="No lead matches"
              action={
                <Button variant="default" onClick={clear}>
                  Clear the filters
                </Button>
              }
            />
          ) : (
            <EmptyState
              title="No leads yet"
              action={
                can('leads.submit') && (
                  <Button onClick={() => setSubmitting(true)}>Submit the first lead</Button>
                )
              }
            >
              Leads come from active partners: one by one, or many at once from a CSV file.
            </EmptyState>
          )
        }
      />
      {submitting && <SubmitLeadDialog partnerId={filters.partnerId} onClose={() => setSubmitting(false)} />}
    </Page>
  );
}

/** Says that only the leads of one file are shown, and lets go of it. */
function ImportFilter({ importId, onClear }: { importId: string; onClear: () => void }) {
  const api = useApi();
  const run = useQuery(api.imports.get.queryOptions({ input: { id: importId } }));
  return (
    <Group gap="xs">
      <Badge color="blue" size="lg">
        {run.data === undefined ? 'From one import' : `From ${run.data.fileName}`}
      </Badge>
      {run.data !== undefined && (
        <Text size="sm" c="dimmed">
          {run.data.partnerName}, <Instant value={run.data.startedAt} />
        </Text>
      )}
      <Button
        size="compact-sm"
        variant="subtle"
        leftSection={<IconX size={14} aria-hidden />}
        onClick={onClear}
      >
        Show all leads
      </Button>
    </Group>
  );
}
