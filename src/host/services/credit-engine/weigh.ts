import { dayOf } from '#domain/calendar.ts';
import { applicability, type LeadFacts } from '#domain/credit-applicability.ts';
import { calculateCredit } from '#domain/credit-calculation.ts';
import { contendersOf, decideEvent, nothingWeighed } from '#domain/credit-event.ts';
import { hasEstimatedValue, triggerOf } from '#domain/credit-policies.ts';
import { type CreditCandidate, resolveCredits } from '#domain/credit-resolution.ts';
import { rateToPercent, sumMinor } from '#domain/money.ts';
import type { PartnerLeadRow, PartnerRow, Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';
import { type Candidate, factsOf, leadCounts } from './candidates.ts';
import { creditedBefore } from './caps.ts';
import { type PolicyHistory, policyAt, policyHistories } from './history.ts';

type Weighed = Output<'leads', 'applicablePolicies'>['items'][number];

/**
 * What each policy would do with a lead if its event were at this instant, with the reason: every policy there is for the
 * partner or for all, deactivated ones and those whose first approval is still to come included. `applies` is false also for one
 * that another would push aside, or whose caps are used up. `amount` in minor units; null where the policy doesn't apply, or its amount
 * depends on a deal not known yet. On conversion that deal can also decide who pushes whom aside; until it is known each
 * policy is told by itself. Reads only.
 */
export async function weighPolicies(
  reader: Reader,
  session: Session,
  lead: PartnerLeadRow,
  partner: PartnerRow,
  now: string,
): Promise<Weighed[]> {
  const today = dayOf(now, session.tenant.timeZone);
  const histories = await policyHistories(reader, session.tenantId, partner.id);
  const policies = histories.flatMap((history) => policyAt(history, now) ?? []);
  const waiting = new Map(histories.map((history) => [history.policyId, waitingRevision(history)]));
  const weighed: Weighed[] = [];
  for (const event of ['approval', 'conversion'] as const) {
    const facts = factsOf(lead, partner, { event, eventDay: today, dealValue: lead.dealValue });
    const { candidates, onLead } = await counted(reader, session, lead, facts, policies);
    weighed.push(...weighAt(facts, candidates, onLead));
  }
  return weighed
    .map((each) => {
      const revision = waiting.get(each.policyId) ?? each.revision;
      if (each.applies || revision === each.revision) return each;
      return { ...each, reason: `${each.reason} (revision ${revision} waits for approval)` };
    })
    .sort((a, b) => (a.policyCode < b.policyCode ? -1 : 1));
}

/** The newest revision, where nobody has approved it yet and somebody still could. */
function waitingRevision({ revisions, deactivatedFrom }: PolicyHistory): number | undefined {
  const newest = revisions.at(-1);
  return newest?.approvedAt === null && deactivatedFrom === null ? newest.revision : undefined;
}

/** Policies with what they have counted and credited so far, the lead itself included where its approval is still to come. */
async function counted(
  reader: Reader,
  session: Session,
  lead: PartnerLeadRow,
  facts: LeadFacts,
  policies: readonly Candidate[],
): Promise<{ candidates: CountedCandidate[]; onLead: number }> {
  const { tenantId } = session;
  const { event, eventDay } = facts;
  const counts = await leadCounts(reader, tenantId, facts.partnerId, eventDay, policies);
  const soFar = await creditedBefore(reader, { tenantId, leadId: lead.id, event, eventDay }, policies, false);
  // An approved lead is among the counted ones already.
  const itself = lead.approvedAt === null ? 1 : 0;
  const candidates = policies.map((policy) => ({
    ...policy,
    leadCount: (counts.get(policy.policyId) ?? 0) + itself,
    credited: soFar.byPolicy.get(policy.policyId),
  }));
  return { candidates, onLead: soFar.onLead };
}

/** What approving a lead at this instant would credit: by policies, or by the partner's own terms. Reads only. */
export async function creditOnApproval(
  reader: Reader,
  session: Session,
  lead: PartnerLeadRow,
  partner: PartnerRow,
  now: string,
): Promise<{ amount: number; policyIds: string[]; reasons: string[] }> {
  const eventDay = dayOf(now, session.tenant.timeZone);
  const facts = factsOf(lead, partner, { event: 'approval', eventDay, dealValue: null });
  const histories = await policyHistories(reader, session.tenantId, partner.id);
  const policies = histories.flatMap((history) => policyAt(history, now) ?? []);
  const contenders = contendersOf(policies, facts, nothingWeighed);
  const { candidates, onLead } = await counted(reader, session, lead, facts, contenders.contending);
  const byId = new Map(candidates.map((candidate) => [candidate.policyId, candidate]));
  const { mappings, credits, termsCredits } = decideEvent({
    lead: facts,
    policies,
    contenders,
    before: nothingWeighed,
    leadCountOf: (policyId) => byId.get(policyId)?.leadCount ?? 0,
    creditedOf: (policyId) => byId.get(policyId)?.credited,
    onLead,
    leadPrice: partner.leadPrice,
    commissionRate: partner.commissionRate,
  });
  const applied = mappings.filter((mapping) => mapping.applied);
  return {
    amount: sumMinor([...credits, ...termsCredits].map(({ amount }) => amount)),
    policyIds: applied.map(({ policyId }) => policyId),
    reasons: [...applied, ...termsCredits].map(({ reason }) => reason),
  };
}

type CountedCandidate = Candidate & CreditCandidate;

/** The policies that pay on this event, for which no other event is worth telling. */
function weighAt(facts: LeadFacts, candidates: readonly CountedCandidate[], onLead: number): Weighed[] {
  const trigger = { hasEstimatedValue: hasEstimatedValue(facts) };
  const ofEvent = candidates.filter(({ terms }) => triggerOf(terms.calculationType, trigger) === facts.event);
  const applicable = ofEvent.filter((policy) => applicability(policy, facts).applies);
  const isDecided = applicable.every((policy) => !dependsOnDeal(policy, facts));
  const mappings = isDecided ? resolveCredits(applicable, facts, onLead).mappings : [];
  const mappingOf = new Map(mappings.map((mapping) => [mapping.policyId, mapping]));
  return ofEvent.map((policy) => {
    const mapping = mappingOf.get(policy.policyId);
    const { policyId, policyCode, policyName, revision, terms } = policy;
    const about = {
      policyId,
      policyCode,
      policyName,
      revision,
      calculationType: terms.calculationType,
      event: facts.event,
    };
    if (mapping !== undefined) {
      return { ...about, applies: mapping.applied, amount: mapping.amount, reason: mapping.reason };
    }
    const answer = applicability(policy, facts);
    if (!answer.applies) return { ...about, applies: false, amount: null, reason: answer.reason };
    if (!dependsOnDeal(policy, facts))
      return {
        ...about,
        applies: true,
        ...calculateCredit(terms, { ...facts, leadCount: policy.leadCount }),
      };
    const reason = `${rateToPercent(terms.baseRate ?? 0)} % of the deal value, which is known on conversion`;
    return { ...about, applies: true, amount: null, reason };
  });
}

function dependsOnDeal({ terms }: Candidate, { event, dealValue }: LeadFacts): boolean {
  return event === 'conversion' && dealValue === null && terms.calculationType !== 'conversion';
}
