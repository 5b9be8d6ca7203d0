import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import type { HostContext } from '../../context.ts';
import { type LeadNoteRow, leadNotes, partnerLeads } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { holdPartner } from '../hold-partner.ts';
import { cutPage, decodeCursor } from '../paging.ts';
import type { Input, Output } from '../service.ts';
import { noSuchLead } from './claims.ts';

/** Internal notes on a lead: added, never changed, and never shown to a partner. */

type Note = Output<'leads', 'addNote'>;

/** Newest first. @throws DomainError `NOT_FOUND`, `VALIDATION` for a page marker that is not of this list. */
export function listNotes(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'notes'>,
): Promise<Output<'leads', 'notes'>> {
  return host.database.read({ tenantId: session.tenantId }, async (reader) => {
    if ((await reader.find(partnerLeads, { id: input.id })) === undefined) throw noSuchLead();
    const ofLead = sql`n.tenant_id = ${session.tenantId} and n.lead_id = ${input.id}`;
    const [at, id] = input.cursor === undefined ? [] : decodeCursor(input.cursor, ['instant', 'id']);
    const after = at === undefined ? sql`` : sql` and (n.created_at, n.id) < (${at}, ${id})`;
    const rows = await reader.all<NoteRow>(
      sql`select n.id, n.lead_id, n.body, n.author_id, s.first_name, s.last_name, n.created_at
        from lead_notes n join staff s on s.tenant_id = n.tenant_id and s.id = n.author_id
        where ${ofLead}${after} order by n.created_at desc, n.id desc limit ${input.limit + 1}`,
    );
    const page = cutPage(rows, input.limit, (row) => [row.created_at, row.id]);
    const counted =
      input.total === true
        ? await reader.get<{ total: number }>(sql`select count(*) as total from lead_notes n where ${ofLead}`)
        : undefined;
    return { items: page.items.map(fromRow), nextCursor: page.nextCursor, ...counted };
  });
}

/** @throws DomainError `NOT_FOUND`. */
export function addNote(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'addNote'>,
): Promise<Note> {
  return command(host, session, { name: 'leads.addNote', input }, async ({ tx, now, record }) => {
    const lead = await tx.find(partnerLeads, { id: input.id });
    if (lead === undefined) throw noSuchLead();
    await holdPartner(tx, session.tenantId, lead.partnerId);
    const note: LeadNoteRow = {
      id: uuidv7(),
      tenantId: session.tenantId,
      leadId: lead.id,
      body: input.body,
      authorId: session.userId,
      createdAt: now,
    };
    await tx.insert(leadNotes, note);
    record({
      action: 'lead_note_added',
      resource: 'lead',
      resourceId: lead.id,
      partnerId: lead.partnerId,
      details: { noteId: note.id, body: note.body },
    });
    const { tenantId: _, ...shown } = note;
    return { ...shown, authorName: `${session.firstName} ${session.lastName}` };
  });
}

interface NoteRow {
  id: string;
  lead_id: string;
  body: string;
  author_id: string;
  first_name: string;
  last_name: string;
  created_at: string;
}

function fromRow(row: NoteRow): Note {
  return {
    id: row.id,
    leadId: row.lead_id,
    body: row.body,
    authorId: row.author_id,
    authorName: `${row.first_name} ${row.last_name}`,
    createdAt: row.created_at,
  };
}
