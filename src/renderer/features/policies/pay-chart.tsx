import { Text } from '@mantine/core';
import { type PolicyTerms, tierFor } from '#domain/credit-policies.ts';
import { HIGH_QUALITY_SCORE } from '#domain/quality-score.ts';
import { moneyText } from '../../components/figures.tsx';
import { type ExampleLead, workExample } from './example.ts';
import classes from './pay-chart.module.css';
import { tierRangeText } from './policy.ts';

interface Bar {
  label: string;
  /** For a lead below score 80, and for one of 80 or more; minor units. */
  plain: number;
  withBonus: number;
  isOn: boolean;
}

/** What each tier pays, or a policy without tiers, side by side with and without the bonus. */
export function PayChart({
  terms,
  lead,
  currency,
}: {
  terms: PolicyTerms;
  lead: ExampleLead;
  currency: string;
}) {
  const bars = barsOf(terms, lead, currency);
  const highest = Math.max(...bars.map(({ plain, withBonus }) => Math.max(plain, withBonus)));
  if (highest <= 0) return null;
  const hasBonus = bars.some(({ plain, withBonus }) => plain !== withBonus);
  if (bars.length === 1 && !hasBonus) return null;
  const width = (amount: number) => `${(100 * amount) / highest}%`;
  return (
    <div>
      <ul className={classes.chart} aria-label="What it pays, side by side">
        {bars.map(({ label, plain, withBonus, isOn }) => (
          <li key={label} className={classes.row} data-on={isOn || undefined}>
            <span className="figures">{label}</span>
            <span className={classes.track} aria-hidden>
              <span className={classes.bonus} style={{ width: width(withBonus) }} />
              <span className={classes.plain} style={{ width: width(Math.min(plain, withBonus)) }} />
            </span>
            <span className="figures">
              {moneyText(plain, currency)}
              {plain !== withBonus && ` – ${moneyText(withBonus, currency)}`}
            </span>
          </li>
        ))}
      </ul>
      {hasBonus && (
        <Text size="xs" c="dimmed" mt={4}>
          The second amount, hatched, is for leads of score 80 and more.
        </Text>
      )}
    </div>
  );
}

function barsOf(terms: PolicyTerms, lead: ExampleLead, currency: string): Bar[] {
  const tiers = terms.tierConfig?.tiers;
  // The lowest score keeps no bar away: what a lead that reaches it gets is the question here.
  const anyScore = { ...terms, minLeadQualityScore: 0 };
  const plainScore = terms.minLeadQualityScore >= HIGH_QUALITY_SCORE ? 80 : 79.99;
  const pays = (leadCount: number, score: number) => {
    const example = workExample(anyScore, { ...lead, leadCount, score }, currency);
    return example.kind === 'credit' ? example.credit.amount : 0;
  };
  const bar = (label: string, leadCount: number, isOn: boolean): Bar => ({
    label,
    plain: pays(leadCount, plainScore),
    withBonus: pays(leadCount, 80),
    isOn,
  });
  if (tiers === undefined) return [bar('Pays', lead.leadCount, false)];
  const current = tierFor(tiers, lead.leadCount);
  return tiers.map((tier) =>
    bar(tierRangeText(tier.minLeads, tier.maxLeads), tier.minLeads, tier === current),
  );
}
