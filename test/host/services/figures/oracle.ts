import type { Outputs } from '#contract/index.ts';
import { partnerTypes, sourceTypes } from '#domain/vocabulary.ts';
import type { World, WorldLead } from './world.ts';

/**
 * Every figure once more, slowly and obviously, from all rows: what a clerk with the lists in hand would count. Days are told by the
 * calendar of the platform (`Intl`), not by ours.
 */
export function oracleOf(world: World) {
  const { partners, leads, credits, payouts, range, timeZone } = world;
  const calendar = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const dayOf = (instant: string) => calendar.format(new Date(instant));
  const isIn = (day: string) => day >= range.from && day <= range.to;
  const live = leads.filter((lead) => !lead.isDeleted);
  const sourceOf = ({ partner, source }: { partner: number; source: number }) => {
    const { sources } = partners[partner]!;
    return sources[source % sources.length]!;
  };
  const decided = live.filter(({ status }) => ['approved', 'converted', 'rejected'].includes(status));
  const submittedIn = live.filter((lead) => isIn(dayOf(lead.submittedAt)));
  const earnedIn = credits.filter(
    ({ status, approvedOn }) => status === 'approved' && approvedOn !== null && isIn(approvedOn),
  );

  function rateOf(part: number, whole: number): number | null {
    return whole === 0 ? null : part / whole;
  }
  function medianOf(values: (number | null)[]): number | null {
    const sorted = values.filter((value) => value !== null).toSorted((a, b) => a - b);
    if (sorted.length === 0) return null;
    const middle = sorted.length / 2;
    return Number.isInteger(middle)
      ? (sorted[middle - 1]! + sorted[middle]!) / 2
      : sorted[Math.floor(middle)]!;
  }
  const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);
  function amountsOf(some: typeof credits) {
    const currencies = [...new Set(some.map(({ partner }) => partners[partner]!.currency))].toSorted();
    return currencies.map((currency) => ({
      currency,
      amount: sum(
        some.filter(({ partner }) => partners[partner]!.currency === currency).map(({ amount }) => amount),
      ),
    }));
  }
  function countsOf(some: WorldLead[]) {
    const of = (...statuses: string[]) => some.filter(({ status }) => statuses.includes(status)).length;
    const approved = of('approved', 'converted');
    return {
      leadsSubmitted: some.length,
      leadsApproved: approved,
      leadsRejected: of('rejected'),
      leadsConverted: of('converted'),
      approvalRate: rateOf(approved, approved + of('rejected')),
      conversionRate: rateOf(of('converted'), approved),
      averageLeadQuality:
        some.length === 0 ? null : Math.round(sum(some.map(({ score }) => score)) / some.length) / 100,
    };
  }

  /** Days of the range in runs that belong to one bucket. */
  function bucketDays(unit: 'day' | 'week' | 'month'): string[][] {
    const key = (day: string): string => {
      if (unit === 'day') return day;
      if (unit === 'month') return day.slice(0, 7);
      // The Monday of its week.
      const date = new Date(`${day}T00:00:00Z`);
      while (date.getUTCDay() !== 1) date.setUTCDate(date.getUTCDate() - 1);
      return date.toISOString();
    };
    const runs: string[][] = [];
    for (const date = new Date(`${range.from}T00:00:00Z`); ; date.setUTCDate(date.getUTCDate() + 1)) {
      const day = date.toISOString().slice(0, 10);
      if (day > range.to) return runs;
      const last = runs.at(-1);
      if (last !== undefined && key(last[0]!) === key(day)) last.push(day);
      else runs.push([day]);
    }
  }

  const ofPartner =
    (only: number | undefined) =>
    ({ partner }: { partner: number }) =>
      only === undefined || partner === only;

  return {
    series(
      unit: 'day' | 'week' | 'month',
      only: number | undefined,
    ): Outputs['figures']['series']['buckets'] {
      const mine = ofPartner(only);
      const rows = {
        leads: live.filter(mine),
        decided: decided.filter(mine),
        credits: earnedIn.filter(mine),
        approved: payouts
          .filter(mine)
          .filter(
            ({ status, approvedAt }) =>
              approvedAt !== null && status !== 'cancelled' && isIn(dayOf(approvedAt)),
          ),
        payments: payouts
          .filter(mine)
          .flatMap(({ partner, payments }) => payments.map((payment) => ({ partner, ...payment })))
          .filter(({ date, failed }) => !failed && isIn(date)),
      };
      const money = [...rows.credits, ...rows.approved, ...rows.payments].map(
        ({ partner }) => partners[partner]!.currency,
      );
      const currencies = [
        ...new Set([only === undefined ? 'EUR' : partners[only]!.currency, ...money]),
      ].toSorted();
      return bucketDays(unit).map((days) => ({
        start: days[0]!,
        end: days.at(-1)!,
        leadsSubmitted: rows.leads.filter((lead) => days.includes(dayOf(lead.submittedAt))).length,
        leadsApproved: rows.decided.filter(
          (lead) => lead.status !== 'rejected' && days.includes(dayOf(lead.reviewedAt!)),
        ).length,
        leadsRejected: rows.decided.filter(
          (lead) => lead.status === 'rejected' && days.includes(dayOf(lead.reviewedAt!)),
        ).length,
        leadsConverted: rows.leads.filter((lead) => days.includes(lead.conversionDate ?? '')).length,
        amounts: currencies.map((currency) => {
          const isOf = ({ partner }: { partner: number }) => partners[partner]!.currency === currency;
          return {
            currency,
            creditsApproved: sum(
              rows.credits
                .filter(isOf)
                .filter((each) => days.includes(each.approvedOn!))
                .map((each) => each.amount),
            ),
            payoutsApproved: sum(
              rows.approved
                .filter(isOf)
                .filter((each) => days.includes(dayOf(each.approvedAt!)))
                .map((each) => each.approvedAmount),
            ),
            payoutsPaid: sum(
              rows.payments
                .filter(isOf)
                .filter((each) => days.includes(each.date))
                .map((each) => each.amount),
            ),
          };
        }),
      }));
    },

    byPartnerType: (): Outputs['figures']['byPartnerType']['items'] =>
      partnerTypes.map((partnerType) => {
        const isOf = ({ partner }: { partner: number }) => partners[partner]!.type === partnerType;
        const there = partners.filter(({ type, isDeleted }) => type === partnerType && !isDeleted);
        return {
          partnerType,
          partners: there.length,
          activePartners: there.filter(({ status }) => status === 'active').length,
          ...countsOf(submittedIn.filter(isOf)),
          earnings: amountsOf(earnedIn.filter(isOf)),
        };
      }),

    bySource(only: number | undefined): Outputs['figures']['bySource']['items'] {
      const isOf = (matches: (source: { id: string; type: string }) => boolean) => ({
        ...countsOf(submittedIn.filter((lead) => matches(sourceOf(lead)))),
        earnings: amountsOf(
          earnedIn.filter(({ partner, source }) => source !== null && matches(sourceOf({ partner, source }))),
        ),
      });
      if (only === undefined) {
        return sourceTypes.map((sourceType) => ({
          sourceType,
          sourceId: null,
          sourceName: null,
          ...isOf(({ type }) => type === sourceType),
        }));
      }
      return partners[only]!.sources.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((source) => ({
        sourceType: source.type,
        sourceId: source.id,
        sourceName: `Source ${source.id}`,
        ...isOf(({ id }) => id === source.id),
      }));
    },

    scoreDistribution(only: number | undefined) {
      const scores = submittedIn.filter(ofPartner(only)).map(({ score }) => score / 100);
      return {
        buckets: [0, 10, 20, 30, 40, 50, 60, 70, 80, 90].map((fromScore) => ({
          fromScore,
          toScore: fromScore + 10,
          leads: scores.filter(
            (score) => score >= fromScore && (score < fromScore + 10 || (fromScore === 90 && score === 100)),
          ).length,
        })),
        highQuality: scores.filter((score) => score >= 80).length,
      };
    },

    approvalTimes(only: number | undefined) {
      const times = decided
        .filter(ofPartner(only))
        .filter((lead) => isIn(dayOf(lead.reviewedAt!)))
        .map((lead) => Date.parse(lead.reviewedAt!) - Date.parse(lead.submittedAt));
      const hours = times.map((ms) => Math.ceil(ms / 60_000) / 60).toSorted((a, b) => a - b);
      // Nine tenths of the way from the first to the last, between two neighbours in proportion.
      const at = (hours.length - 1) * 0.9;
      const [below, above] = [hours[Math.floor(at)], hours[Math.ceil(at)]];
      const within = (most: number) =>
        rateOf(times.filter((ms) => ms <= most * 3_600_000).length, times.length);
      return {
        decided: times.length,
        medianHours: medianOf(hours),
        p90Hours:
          below === undefined || above === undefined ? null : below + (above - below) * (at - Math.floor(at)),
        within24Hours: within(24),
        within48Hours: within(48),
      };
    },

    topPartners(currency: string | null, limit: number) {
      const valueOf = (partner: number) =>
        currency === null
          ? live.filter((lead) => lead.partner === partner && isIn(lead.conversionDate ?? '')).length
          : sum(
              earnedIn
                .filter((each) => each.partner === partner && partners[partner]!.currency === currency)
                .map(({ amount }) => amount),
            );
      return partners
        .map(({ id, code }, at) => ({
          partnerId: id,
          partnerCode: code,
          partnerName: 'Hafen Immobilien',
          value: valueOf(at),
        }))
        .filter(({ value }) => value > 0)
        .toSorted((a, b) => b.value - a.value || a.partnerCode.localeCompare(b.partnerCode))
        .slice(0, limit);
    },

    comparison(partner: number, fewestOthers: number) {
      const { type } = partners[partner]!;
      const countsOfPartner = (at: number) => countsOf(submittedIn.filter((lead) => lead.partner === at));
      const peers = partners
        .map((_, at) => at)
        .filter((at) => partners[at]!.type === type && countsOfPartner(at).leadsSubmitted > 0);
      const compared = <
        K extends 'leadsSubmitted' | 'approvalRate' | 'conversionRate' | 'averageLeadQuality',
      >(
        name: K,
      ) => {
        const having = peers.filter((at) => countsOfPartner(at)[name] !== null);
        const others = having.filter((at) => at !== partner).length;
        return {
          own: countsOfPartner(partner)[name],
          median: others < fewestOthers ? null : medianOf(having.map((at) => countsOfPartner(at)[name])),
        };
      };
      return {
        partnerType: type,
        peers: peers.length,
        leadsSubmitted: compared('leadsSubmitted'),
        approvalRate: compared('approvalRate'),
        conversionRate: compared('conversionRate'),
        averageLeadQuality: compared('averageLeadQuality'),
      };
    },
  };
}
