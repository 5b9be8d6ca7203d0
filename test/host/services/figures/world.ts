import * as fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { startOfDay } from '#domain/calendar.ts';
import { leadStatuses, partnerStatuses, payoutStatuses } from '#domain/state-machines.ts';
import { creditStatuses, partnerTypes, sourceTypes } from '#domain/vocabulary.ts';
import {
  type Database,
  partnerLeadCredits,
  partnerLeads,
  partnerPayoutPaymentFailures,
  partnerPayoutPayments,
  partnerPayouts,
  partnerSources,
  partners,
} from '#host/database/index.ts';
import { aCredit, aLead, aPartner, aPayout } from '../../database/rows.ts';

/** What an office may hold, as plain data: the rows are made from it, and the figures are counted from it once more. */
export interface World {
  timeZone: string;
  partners: WorldPartner[];
  leads: WorldLead[];
  credits: WorldCredit[];
  payouts: WorldPayout[];
  range: { from: string; to: string };
}
export interface WorldPartner {
  id: string;
  code: string;
  type: (typeof partnerTypes)[number];
  status: (typeof partnerStatuses)[number];
  currency: string;
  isDeleted: boolean;
  sources: { id: string; type: (typeof sourceTypes)[number] }[];
}
export interface WorldLead {
  partner: number;
  source: number;
  submittedAt: string;
  /** Hundredths. */
  score: number;
  status: (typeof leadStatuses)[number];
  reviewedAt: string | null;
  conversionDate: string | null;
  isDeleted: boolean;
}
export interface WorldCredit {
  partner: number;
  /** Null: of no lead, and so of no source. */
  source: number | null;
  amount: number;
  status: (typeof creditStatuses)[number];
  approvedOn: string | null;
}
export interface WorldPayout {
  partner: number;
  status: (typeof payoutStatuses)[number];
  total: number;
  approvedAmount: number;
  approvedAt: string | null;
  payments: { amount: number; date: string; failed: boolean }[];
}

/** Zones, and days in them on which the clocks change: by an hour, by half an hour, at midnight; and one that is 5:45 ahead. */
const places = [
  { timeZone: 'Europe/Berlin', days: ['2026-03-29', '2026-10-25'] },
  { timeZone: 'America/New_York', days: ['2026-03-08', '2026-11-01'] },
  { timeZone: 'Australia/Lord_Howe', days: ['2026-04-05', '2026-10-04'] },
  { timeZone: 'America/Santiago', days: ['2026-04-05', '2026-09-06'] },
  { timeZone: 'Asia/Kathmandu', days: ['2026-01-01', '2026-03-01'] },
  { timeZone: 'Pacific/Kiritimati', days: ['2026-12-31', '2026-02-28'] },
] as const;

const dayMs = 86_400_000;
const shifted = (day: string, by: number) =>
  new Date(Date.parse(day) + by * dayMs).toISOString().slice(0, 10);
const later = (instant: string, ms: number) => new Date(Date.parse(instant) + ms).toISOString();

/** Two stretches of some weeks around the changes of the clocks, in one of the zones. */
export const world: fc.Arbitrary<World> = fc.constantFrom(...places).chain(({ timeZone, days }) => {
  const day = fc
    .tuple(fc.constantFrom(...days), fc.integer({ min: -20, max: 20 }))
    .map(([around, by]) => shifted(around, by));
  // Midnight itself, the last moment before it, or any.
  const instant = fc
    .tuple(day, fc.oneof(fc.constantFrom(0, -1, 1), fc.integer({ min: 0, max: dayMs })))
    .map(([on, ms]) => later(startOfDay(on, timeZone), ms));
  const hour = 3_600_000;
  const wait = fc.oneof(
    fc.constantFrom(0, 24 * hour, 24 * hour + 1, 24 * hour - 1, 48 * hour, 48 * hour + 1),
    fc.integer({ min: 0, max: 80 * hour }),
  );
  const score = fc.oneof(
    fc.constantFrom(0, 999, 1000, 7999, 8000, 8999, 9000, 9999, 10_000),
    fc.integer({ min: 0, max: 10_000 }),
  );

  const partner = fc
    .record({
      type: fc.constantFrom(...partnerTypes),
      status: fc.constantFrom(...partnerStatuses),
      currency: fc.constantFrom('EUR', 'EUR', 'USD', 'JPY'),
      isDeleted: fc.constantFrom(false, false, false, true),
      sourceTypes: fc.array(fc.constantFrom(...sourceTypes), { minLength: 1, maxLength: 2 }),
    })
    .map(({ sourceTypes: types, ...rest }) => ({
      ...rest,
      id: uuidv7(),
      code: '',
      sources: types.map((type) => ({ id: uuidv7(), type })),
    }));

  return fc.array(partner, { minLength: 1, maxLength: 9 }).chain((made) => {
    const of = fc.integer({ min: 0, max: made.length - 1 });
    const source = fc.integer({ min: 0, max: 1 });
    const lead = fc
      .record({
        partner: of,
        source,
        submittedAt: instant,
        score,
        status: fc.constantFrom(...leadStatuses),
        wait,
        conversionDate: day,
        isDeleted: fc.constantFrom(false, false, false, false, true),
      })
      .map(({ wait: ms, conversionDate, ...rest }) => ({
        ...rest,
        reviewedAt: ['approved', 'converted', 'rejected'].includes(rest.status)
          ? later(rest.submittedAt, ms)
          : null,
        conversionDate: rest.status === 'converted' ? conversionDate : null,
      }));
    const credit = fc
      .record({
        partner: of,
        source: fc.option(source),
        amount: fc.integer({ min: -5000, max: 20_000 }),
        status: fc.constantFrom(...creditStatuses),
        day,
      })
      .map(({ day: on, ...rest }) => ({
        ...rest,
        approvedOn: rest.status === 'approved' || rest.status === 'reversed' ? on : null,
      }));
    const payment = fc.record({ amount: fc.integer({ min: 1, max: 900 }), date: day, failed: fc.boolean() });
    const payout = fc
      .record({
        partner: of,
        status: fc.constantFrom(...payoutStatuses),
        approvedAmount: fc.integer({ min: 0, max: 10_000 }),
        rest: fc.integer({ min: 0, max: 1000 }),
        at: instant,
        payments: fc.array(payment, { maxLength: 3 }),
      })
      .map(({ rest, at, ...made_ }) => ({
        ...made_,
        total: made_.approvedAmount + rest,
        approvedAt: ['pending', 'rejected'].includes(made_.status) ? null : at,
      }));
    return fc.record({
      timeZone: fc.constant(timeZone),
      partners: fc.constant(made.map((each, at) => ({ ...each, code: `P-${at}` }))),
      leads: fc.array(lead, { maxLength: 80 }),
      credits: fc.array(credit, { maxLength: 40 }),
      payouts: fc.array(payout, { maxLength: 20 }),
      range: fc
        .tuple(day, fc.integer({ min: 0, max: 90 }))
        .map(([from, length]) => ({ from, to: shifted(from, length) })),
    });
  });
});

/** Puts a world into an organization, as rows. */
export async function settle(
  database: Database,
  office: { tenantId: string; staffId: string },
  { partners: made, leads, credits, payouts }: World,
): Promise<void> {
  const sourceOf = (partner: number, source: number) => {
    const { sources } = made[partner]!;
    return sources[source % sources.length]!.id;
  };
  await database.write({ tenantId: office.tenantId }, async (tx) => {
    for (const partner of made) {
      await tx.insert(
        partners,
        aPartner(
          { maker: office.staffId },
          {
            id: partner.id,
            partnerCode: partner.code,
            partnerType: partner.type,
            status: partner.status,
            currency: partner.currency,
            deletedAt: partner.isDeleted ? '2026-12-31T00:00:00.000Z' : null,
          },
        ),
      );
      await tx.insertMany(
        partnerSources,
        partner.sources.map(({ id, type }) => ({
          id,
          partnerId: partner.id,
          sourceType: type,
          sourceCode: id,
          sourceName: `Source ${id}`,
          isActive: true,
          isAutomatic: false,
          leadsGenerated: 0,
          leadsConverted: 0,
          leadsApproved: 0,
          totalRevenue: 0,
          totalCredits: 0,
          totalQualityScore: 0,
          createdBy: office.staffId,
        })),
      );
    }
    const at = (partner: number, source = 0) => ({
      tenantId: office.tenantId,
      maker: office.staffId,
      checker: office.staffId,
      partnerId: made[partner]!.id,
      sourceId: sourceOf(partner, source),
    });
    await tx.insertMany(
      partnerLeads,
      leads.map((lead) =>
        aLead(at(lead.partner, lead.source), {
          submittedAt: lead.submittedAt,
          qualityScore: lead.score,
          status: lead.status,
          reviewedAt: lead.reviewedAt,
          conversionDate: lead.conversionDate,
          deletedAt: lead.isDeleted ? '2026-12-31T00:00:00.000Z' : null,
        }),
      ),
    );
    await tx.insertMany(
      partnerLeadCredits,
      credits.map((credit) =>
        aCredit(at(credit.partner), {
          origin: credit.amount < 0 ? 'reversal' : 'request',
          creditAmount: credit.amount,
          currency: made[credit.partner]!.currency,
          status: credit.status,
          approvedOn: credit.approvedOn,
          payableFrom: credit.approvedOn,
          sourceId: credit.source === null ? null : sourceOf(credit.partner, credit.source),
        }),
      ),
    );
    for (const payout of payouts) {
      const row = aPayout(at(payout.partner), {
        status: payout.status,
        currency: made[payout.partner]!.currency,
        totalAmount: payout.total,
        approvedAmount: payout.approvedAmount,
        approvedAt: payout.approvedAt,
        generatedAt: '2026-01-01T00:00:00.000Z',
      });
      await tx.insert(partnerPayouts, row);
      for (const { amount, date, failed } of payout.payments) {
        const id = uuidv7();
        const paid = {
          payoutId: row.id,
          amount,
          recordedBy: office.staffId,
          createdAt: '2026-12-31T00:00:00.000Z',
        };
        await tx.insert(partnerPayoutPayments, {
          ...paid,
          id,
          paymentMethod: 'wire',
          paymentDate: date,
          referenceNumber: 'X',
        });
        if (!failed) continue;
        await tx.insert(partnerPayoutPaymentFailures, {
          ...paid,
          id: uuidv7(),
          paymentId: id,
          failedOn: date,
          reason: 'The account was closed.',
        });
      }
    }
  });
}
