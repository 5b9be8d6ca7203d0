import sql, { empty } from 'sql-template-tag';
import { fewestOtherPeers, percentile } from '#domain/figures.ts';
import type { PartnerStatus } from '#domain/state-machines.ts';
import { type PartnerType, partnerTypes, type SourceType, sourceTypes } from '#domain/vocabulary.ts';
import type { PartnerRow, Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';
import type { FigureRange } from './range.ts';
import { amountList, earningSums, leadFigures, leadSums } from './sums.ts';

interface PartnerOfType {
  id: string;
  partner_type: PartnerType;
  status: PartnerStatus;
  deleted_at: string | null;
}

/** All partners there ever were, or those of one type, in the order of their ids. */
function partnersOf(reader: Reader, session: Session, type?: PartnerType): Promise<PartnerOfType[]> {
  return reader.all<PartnerOfType>(sql`select id, partner_type, status, deleted_at from partners
    where tenant_id = ${session.tenantId} ${type === undefined ? empty : sql`and partner_type = ${type}`} order by id`);
}

/** What the values of a map are for these ids. */
function valuesOf<T>(map: ReadonlyMap<string, T>, ids: readonly string[]): T[] {
  return ids.map((id) => map.get(id)).filter((value) => value !== undefined);
}

/** Leads and earnings of each type of partner, all four of them. */
export async function byPartnerType(
  reader: Reader,
  session: Session,
  range: FigureRange,
): Promise<Output<'figures', 'byPartnerType'>['items']> {
  const partners = await partnersOf(reader, session);
  const ids = partners.map(({ id }) => id);
  const leads = await leadSums(reader, session, range, 'partner', ids);
  const earned = await earningSums(reader, session, range, 'partner');
  return partnerTypes.map((partnerType) => {
    const ofType = partners.filter(({ partner_type }) => partner_type === partnerType);
    const typeIds = ofType.map(({ id }) => id);
    const live = ofType.filter(({ deleted_at }) => deleted_at === null);
    return {
      partnerType,
      partners: live.length,
      activePartners: live.filter(({ status }) => status === 'active').length,
      ...leadFigures(valuesOf(leads, typeIds)),
      earnings: amountList(valuesOf(earned, typeIds)),
    };
  });
}

interface SourceOfType {
  id: string;
  source_type: SourceType;
  source_name: string;
}

/** Leads and earnings of each type of source, all four of them; of one partner, of each of its sources by name. */
export async function bySource(
  reader: Reader,
  session: Session,
  range: FigureRange,
  partnerId: string | undefined,
): Promise<Output<'figures', 'bySource'>['items']> {
  const only = partnerId === undefined ? empty : sql`and partner_id = ${partnerId}`;
  const sources = await reader.all<SourceOfType>(sql`select id, source_type, source_name from partner_sources
    where tenant_id = ${session.tenantId} ${only} order by id`);
  const ids = sources.map(({ id }) => id);
  const leads = await leadSums(reader, session, range, 'source', ids);
  const earned = await earningSums(reader, session, range, 'source', partnerId);
  const figuresOf = (some: readonly string[]) => ({
    ...leadFigures(valuesOf(leads, some)),
    earnings: amountList(valuesOf(earned, some)),
  });
  if (partnerId === undefined) {
    return sourceTypes.map((sourceType) => ({
      sourceType,
      sourceId: null,
      sourceName: null,
      ...figuresOf(sources.filter(({ source_type }) => source_type === sourceType).map(({ id }) => id)),
    }));
  }
  return sources.map(({ id, source_type, source_name }) => ({
    sourceType: source_type,
    sourceId: id,
    sourceName: source_name,
    ...figuresOf([id]),
  }));
}

const comparedFigures = ['leadsSubmitted', 'approvalRate', 'conversionRate', 'averageLeadQuality'] as const;

/**
 * A partner beside the median of its type. Peers are the partners of the type that handed in a lead in the range, itself included; a
 * rate nobody has of a peer is left out of the median. Its own people are told a median only where it is over three others or more.
 */
export async function comparisonOf(
  reader: Reader,
  session: Session,
  range: FigureRange,
  partner: Pick<PartnerRow, 'id' | 'partnerType'>,
): Promise<Omit<Output<'figures', 'comparison'>, 'from' | 'to'>> {
  const ids = (await partnersOf(reader, session, partner.partnerType)).map(({ id }) => id);
  const leads = await leadSums(reader, session, range, 'partner', ids);
  const own = leadFigures(valuesOf(leads, [partner.id]));
  const peers = [...leads].filter(([, { submitted }]) => submitted > 0);
  const figures = peers.map(([id, sums]) => ({ id, ...leadFigures([sums]) }));

  const compared = (name: (typeof comparedFigures)[number]) => {
    const having = figures.filter((each) => each[name] !== null);
    const others = having.filter(({ id }) => id !== partner.id).length;
    const isTold = session.partnerId === null || others >= fewestOtherPeers;
    const values = having.map((each) => each[name]).filter((value) => value !== null);
    return { own: own[name], median: isTold ? percentile(values, 0.5) : null };
  };
  return {
    partnerType: partner.partnerType,
    peers: peers.length,
    leadsSubmitted: { own: own.leadsSubmitted, median: compared('leadsSubmitted').median },
    approvalRate: compared('approvalRate'),
    conversionRate: compared('conversionRate'),
    averageLeadQuality: compared('averageLeadQuality'),
  };
}
