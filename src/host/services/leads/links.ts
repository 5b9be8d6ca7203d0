import sql from 'sql-template-tag';
import { type PartnerLeadRow, partnerLeads } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { highQualityLead } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import { partnerOf } from './claims.ts';
import { doublesIn, findKnownLeads, isOlder, type KnownLead, protectedUntil } from './duplicates.ts';

/**
 * Leads that are recorded under another one (`duplicateHandling: link`). A lead is recorded under one that is live and stands by itself,
 * of the same person and older; when that one is rejected, becomes somebody else or is recorded under another one, each finds its place again.
 */

/** Where a lead went that was recorded under another one. */
interface Move {
  leadId: string;
  /** Null where it stands by itself from now on. */
  linkedTo: string | null;
}

/**
 * Finds a new place for every lead recorded under this one that is another person, or that can't be under it any more: under the oldest
 * live lead of the same person, or the one that one is recorded under, or by itself where there is none. They are looked at in the order
 * they came in, so those that are one person stay one: the oldest stands by itself, the others go under it. The caller holds the intake
 * (`lockIntake`), or another lead could come in under this one meanwhile.
 * @param head the lead as it is now, stored
 * @returns the leads that moved, oldest first
 */
export async function settleLinked(work: Work, session: Session, head: PartnerLeadRow): Promise<Move[]> {
  const { tx } = work;
  const held = tx.engine === 'postgres' ? sql` for update` : sql``;
  const under = await tx.list(partnerLeads, sql`linked_to = ${head.id}${held}`);
  if (under.length === 0) return [];
  // Sorted here: asked to, SQLite would walk all leads in their order instead of looking these up.
  under.sort((left, right) => (isOlder(left, right) ? -1 : 1));
  const known = await findKnownLeads(tx, session.tenantId, under);
  const places = new Map<string, string | null>();
  const moves: Move[] = [];
  for (const lead of under) {
    if (mayStayUnder(head, lead)) continue;
    const [oldest] = doublesIn([known], lead);
    const original = oldest !== undefined && isOlder(oldest, lead) ? oldest : undefined;
    const linkedTo = original === undefined ? null : headOf(original, places);
    places.set(lead.id, linkedTo);
    if (linkedTo === head.id) continue;
    await move(work, session, lead, { head, original, linkedTo });
    moves.push({ leadId: lead.id, linkedTo });
  }
  return moves;
}

function mayStayUnder(head: PartnerLeadRow, lead: PartnerLeadRow): boolean {
  if (head.status === 'rejected' || head.linkedTo !== null) return false;
  return head.emailKey === lead.emailKey || head.phoneKey === lead.phoneKey;
}

/** What a lead that doubles this one is recorded under; what moved with it has its new place already, being older. */
function headOf(original: KnownLead, places: ReadonlyMap<string, string | null>): string {
  const under = places.get(original.id);
  return (under === undefined ? original.linkedTo : under) ?? original.id;
}

async function move(
  work: Work,
  session: Session,
  lead: PartnerLeadRow,
  to: {
    head: PartnerLeadRow;
    original: KnownLead | undefined;
    linkedTo: string | null;
  },
): Promise<void> {
  const { tx, now, changed } = work;
  const { head, original, linkedTo } = to;
  // That a rejected lead was there before stays on record; one that has become somebody else was never the same person.
  const isStill = head.status === 'rejected' || lead.duplicateOf !== head.id;
  const after = await tx.update(
    partnerLeads,
    { id: lead.id, version: lead.version },
    {
      linkedTo,
      duplicateOf: original?.id ?? (isStill ? lead.duplicateOf : null),
      protectedUntil: original === undefined ? null : protectedUntil(session, original, lead),
      updatedAt: now,
    },
  );
  // One that waits for review from now on may be worth a look at once.
  if (linkedTo === null)
    await notify(work, session, ...highQualityLead(after, await partnerOf(tx, lead), lead));
  changed({ resource: 'lead', resourceId: lead.id, partnerId: lead.partnerId });
}
