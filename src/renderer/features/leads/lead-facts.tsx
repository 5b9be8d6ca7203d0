import { Box, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, use } from 'react';
import type { LeadDataField } from '#domain/lead-data.ts';
import { useApi } from '../../app/api.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { Day, Instant, Money, PersonName } from '../../components/figures.tsx';
import { leadFieldLabels, leadFieldText, submissionTypeLabels } from '../../components/lead-words.ts';
import type { Lead } from './lead.ts';
import classes from './lead-facts.module.css';

const groups: readonly { title: string; fields: readonly LeadDataField[] }[] = [
  { title: 'Contact', fields: ['firstName', 'lastName', 'email', 'phone'] },
  {
    title: 'Company',
    fields: ['company', 'jobTitle', 'industry', 'address', 'zipCode', 'city', 'state', 'country'],
  },
  { title: 'Qualification', fields: ['leadType', 'budgetRange', 'timelineDays', 'interestAreas'] },
];
/** Not scored: shown only where they are given. */
const optional = new Set<LeadDataField>(['zipCode', 'city', 'state', 'country', 'interestAreas']);

const HeadingLevel = createContext<'h2' | 'h3'>('h3');

function Heading({ children }: { children: string }) {
  const level = use(HeadingLevel);
  return (
    <Text component={level} size="xs" fw={650} c="dimmed" mb={6}>
      {children}
    </Text>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Box component="section" className={classes.group}>
      <Heading>{title}</Heading>
      <dl className={classes.facts}>{children}</dl>
    </Box>
  );
}

/** One line of a group; null, undefined or false says that it is not known. */
export function Fact({ label, children }: { label: string; children: ReactNode }) {
  const known = children !== undefined && children !== null && children !== false && children !== '';
  return (
    <>
      <dt>{label}</dt>
      <dd>{known ? children : <span className={classes.unknown}>not given</span>}</dd>
    </>
  );
}

/** Everything known about a lead, in groups with headings of this level. Fields that would be scored stay visible when they are empty. */
export function LeadFacts({ lead, level }: { lead: Lead; level: 'h2' | 'h3' }) {
  const { leadData } = lead;
  const text = (field: LeadDataField) => leadFieldText(field, leadData[field]);
  return (
    <HeadingLevel value={level}>
      <div className={classes.groups}>
        {groups.map(({ title, fields }) => (
          <Group key={title} title={title}>
            {fields
              .filter((field) => !optional.has(field) || text(field) !== undefined)
              .map((field) => (
                <Fact key={field} label={leadFieldLabels[field]}>
                  {text(field)}
                </Fact>
              ))}
          </Group>
        ))}
        <Referral lead={lead} />
      </div>
      {leadData.additionalInfo !== undefined && (
        <LongText title={leadFieldLabels.additionalInfo}>{leadData.additionalInfo}</LongText>
      )}
      {lead.reviewNotes !== null && <LongText title="Review notes">{lead.reviewNotes}</LongText>}
      {lead.rejectionReason !== null && (
        <LongText title="Reason of the rejection">{lead.rejectionReason}</LongText>
      )}
    </HeadingLevel>
  );
}

function LongText({ title, children }: { title: string; children: string }) {
  return (
    <Box component="section">
      <Heading>{title}</Heading>
      <Text className={classes.long}>{children}</Text>
    </Box>
  );
}

/** Where the lead comes from, and what it may be worth. */
function Referral({ lead }: { lead: Lead }) {
  return (
    <Group title="Referral">
      <Fact label="Partner">
        <AppLink underline="always" to="/partners/$partnerId" params={{ partnerId: lead.partnerId }}>
          {lead.partnerName}
        </AppLink>
      </Fact>
      <Fact label="Source">
        <SourceName lead={lead} />
      </Fact>
      <Fact label="Estimated value">
        {lead.estimatedValue !== null && <Money amount={lead.estimatedValue} currency={lead.currency} />}
      </Fact>
      {lead.projectId !== null && <Fact label="Project">{lead.projectId}</Fact>}
      {lead.campaignId !== null && <Fact label="Campaign">{lead.campaignId}</Fact>}
      <Fact label="Kind">{submissionTypeLabels[lead.submissionType]}</Fact>
      <Fact label="Submitted">
        <Instant value={lead.submittedAt} />, by <PersonName id={lead.submittedBy} />
      </Fact>
      {lead.reviewedAt !== null && (
        <Fact label="Decided">
          <Instant value={lead.reviewedAt} />, by <PersonName id={lead.reviewedBy} />
        </Fact>
      )}
      {lead.conversionDate !== null && (
        <Fact label="Converted">
          <Day value={lead.conversionDate} />, <Money amount={lead.dealValue} currency={lead.currency} />
        </Fact>
      )}
    </Group>
  );
}

function SourceName({ lead }: { lead: Lead }) {
  const api = useApi();
  const sources = useQuery(
    api.sources.list.queryOptions({ input: { id: lead.partnerId }, staleTime: 60_000 }),
  );
  if (lead.sourceId === null) return <span className={classes.unknown}>none</span>;
  const source = sources.data?.items.find((each) => each.id === lead.sourceId);
  if (source !== undefined) return <>{source.sourceName}</>;
  return <span className={classes.unknown}>{sources.isPending ? '…' : 'can’t be shown'}</span>;
}
