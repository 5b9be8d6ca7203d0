import { invalidField } from '#domain/errors.ts';
import { isCurrency } from '#domain/money.ts';
import type { HostContext } from '../context.ts';
import type { PartnerRow, Reader } from '../database/index.ts';
import type { Session } from '../session.ts';
import { byPartnerType, bySource, comparisonOf } from './figures/breakdowns.ts';
import { type FigureRange, rangeOf } from './figures/range.ts';
import { seriesOf } from './figures/series.ts';
import { approvalTimes, scoreDistribution } from './figures/spread.ts';
import { topPartners } from './figures/top-partners.ts';
import { requireOwn } from './own-partner.ts';
import { requirePartner } from './partners/wire.ts';
import type { Service } from './service.ts';

interface Asked {
  from?: string | undefined;
  to?: string | undefined;
}

/**
 * The figures of the office (`domain.md`, "Figures"; each is defined in `domain/figures.ts`). They are counted when they are asked for,
 * from indexes that have all it takes: there is no second copy of anything that could be wrong.
 */
export function figuresService(host: HostContext): Service<'figures'> {
  /** Reads in a range of days, and says which it was. */
  async function inRange<T extends object>(
    session: Session,
    asked: Asked,
    work: (reader: Reader, range: FigureRange) => Promise<T>,
  ): Promise<{ from: string; to: string } & T> {
    const range = rangeOf(host, session, asked);
    const found = await host.database.read({ tenantId: session.tenantId }, (reader) => work(reader, range));
    return { from: range.start, to: range.end, ...found };
  }

  return {
    series: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        // A partner's own people need not say which partner, and can't say another.
        const partnerId = input.partnerId ?? session.partnerId ?? undefined;
        const partner = await partnerOf(reader, session, partnerId);
        return seriesOf(host, reader, session, input, partner);
      }),
    byPartnerType: (session, input) =>
      inRange(session, input, async (reader, range) => ({
        items: await byPartnerType(reader, session, range),
      })),
    bySource: (session, input) =>
      inRange(session, input, async (reader, range) => {
        await partnerOf(reader, session, input.partnerId);
        return { items: await bySource(reader, session, range, input.partnerId) };
      }),
    scoreDistribution: (session, input) =>
      inRange(session, input, async (reader, range) => {
        await partnerOf(reader, session, input.partnerId);
        return scoreDistribution(reader, session, range, input.partnerId);
      }),
    approvalTimes: (session, input) =>
      inRange(session, input, async (reader, range) => {
        await partnerOf(reader, session, input.partnerId);
        return approvalTimes(reader, session, range, input.partnerId);
      }),
    topPartners: (session, input) =>
      inRange(session, input, async (reader, range) => {
        const currency = input.by === 'earnings' ? (input.currency ?? session.tenant.currency) : null;
        if (currency !== null && !isCurrency(currency)) {
          throw invalidField('currency', 'Use the code of a currency, such as EUR.');
        }
        const items = await topPartners(reader, session, range, { currency, limit: input.limit });
        return { currency, items, nextCursor: null };
      }),
    comparison: (session, input) =>
      inRange(session, input, async (reader, range) => {
        requireOwn(session, input.id);
        return comparisonOf(reader, session, range, await requirePartner(reader, input.id));
      }),
  };
}

/** The partner that is asked about; undefined where the whole office is. Throws `NOT_FOUND`. */
async function partnerOf(
  reader: Reader,
  session: Session,
  partnerId: string | undefined,
): Promise<PartnerRow | undefined> {
  if (partnerId === undefined) return undefined;
  requireOwn(session, partnerId);
  return requirePartner(reader, partnerId);
}
