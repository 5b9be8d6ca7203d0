import { Anchor, Box, Group, Paper, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useApi } from '../../app/api.tsx';
import { Instant, Money, moneyText, PersonName, Share } from '../../components/figures.tsx';
import { QueryState } from '../../components/states.tsx';
import { Fact, Figure } from './figure.tsx';
import { MonthlyFigures } from './monthly-figures.tsx';
import { type Partner, quotaText } from './partner.ts';
import classes from './partners.module.css';

/** What the partner has brought in and earned, month by month too, and what is known of it. */
export function OverviewTab({ partner }: { partner: Partner }) {
  const api = useApi();
  const stats = useQuery(api.partners.stats.queryOptions({ input: { id: partner.id } }));
  const money = (amount: number) => <Money amount={amount} currency={partner.currency} />;
  return (
    <Stack gap="md">
      <QueryState query={stats}>
        {(data) => (
          <Paper p="md">
            <dl className={classes.figures} aria-label="Figures of the partner">
              <Figure label="Earned in all" hint="Approved credits, what was taken back taken off">
                {money(data.totalEarnings)}
              </Figure>
              <Figure label="Available" hint="Earned and in no approved payout yet">
                {money(data.availableBalance)}
              </Figure>
              <Figure label="Pending payout" hint="What the next payouts can take">
                {money(data.pendingPayout)}
              </Figure>
              <Figure label="In approved payouts" hint="Paid, or approved to be paid">
                {money(partner.withdrawnAmount)}
              </Figure>
              <Figure
                label="Approval rate"
                hint={`${data.approvedLeads.toLocaleString()} approved, ${data.rejectedLeads.toLocaleString()} rejected`}
              >
                <Share value={data.approvalRate} />
              </Figure>
              <Figure
                label="Conversion rate"
                hint={`${data.convertedLeads.toLocaleString()} of ${data.approvedLeads.toLocaleString()} approved became deals`}
              >
                <Share value={data.conversionRate} />
              </Figure>
              <Figure
                label="Average quality"
                hint={`Of ${data.totalLeadsSubmitted.toLocaleString()} leads, 0 to 100`}
              >
                {data.averageLeadQuality === null
                  ? '–'
                  : data.averageLeadQuality.toLocaleString(undefined, { maximumFractionDigits: 2 })}
              </Figure>
              <Figure
                label="Leads this month"
                hint={data.monthlyQuota === 0 ? 'No limit' : 'Of the monthly quota'}
              >
                {quotaText(data)}
              </Figure>
            </dl>
          </Paper>
        )}
      </QueryState>
      <MonthlyFigures partner={partner} />
      <Facts partner={partner} />
    </Stack>
  );
}

function Facts({ partner }: { partner: Partner }) {
  const place = [[partner.zipCode, partner.city].filter(Boolean).join(' '), partner.state, partner.country];
  const address = [partner.address, ...place].filter(Boolean).join(', ');
  const commission = partner.commissionPercentage;
  return (
    <Paper p="md">
      <div className={classes.columns}>
        <FactGroup title="Contact">
          <Fact label="Name">{partner.contactName}</Fact>
          <Fact label="E-mail">{partner.contactEmail}</Fact>
          <Fact label="Phone">{partner.contactPhone}</Fact>
          <Fact label="Website">{partner.website}</Fact>
          <Fact label="Address">{address}</Fact>
          <Fact label="Tax ID">{partner.taxId}</Fact>
        </FactGroup>
        <FactGroup title="Own terms, where no policy governs">
          <Fact label="Lead price">
            {partner.leadPrice !== null && `${moneyText(partner.leadPrice, partner.currency)} on approval`}
          </Fact>
          <Fact label="Commission">{commission !== null && `${commission} % of a converted deal`}</Fact>
          <Fact label="Quota">
            {partner.monthlyQuota === 0
              ? 'No limit'
              : `${partner.monthlyQuota.toLocaleString()} leads a month`}
          </Fact>
          <Fact label="Currency">{partner.currency}</Fact>
        </FactGroup>
        <FactGroup title="Record">
          <Fact label="Registered">
            <Instant value={partner.createdAt} />
          </Fact>
          <Fact label="Approved">
            {partner.approvedAt === null ? (
              'Not yet'
            ) : (
              <>
                <Instant value={partner.approvedAt} />, by <PersonName id={partner.approvedBy} />
              </>
            )}
          </Fact>
          <Fact label="Documents">
            {partner.documentUrls.length === 0 ? (
              'None'
            ) : (
              <Stack gap={2}>
                {partner.documentUrls.map((url) => (
                  <Anchor key={url} href={url} target="_blank" rel="noreferrer" inherit underline="always">
                    {url}
                  </Anchor>
                ))}
              </Stack>
            )}
          </Fact>
        </FactGroup>
      </div>
    </Paper>
  );
}

function FactGroup({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Box component="section">
      <Group mb={6}>
        <Title order={2} size="h6">
          {title}
        </Title>
      </Group>
      <dl className={classes.facts}>{children}</dl>
    </Box>
  );
}
