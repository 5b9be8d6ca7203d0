import type { PartnerLeadRow } from '../../database/index.ts';
import type { TenantSettings } from '../../session.ts';

/**
 * By when a lead is to be decided: so many hours after its submission, counted as calendar hours between two instants, nights
 * and weekends included. Nothing of it is stored: it follows from the submission and today's settings.
 */

type Limits = Pick<TenantSettings, 'reviewHours' | 'escalationHours'>;

/** Whether a lead still waits to be decided by itself: that is what the queue holds. */
export function isWaiting(lead: Pick<PartnerLeadRow, 'status' | 'linkedTo'>): boolean {
  return (lead.status === 'submitted' || lead.status === 'under_review') && lead.linkedTo === null;
}

/** Leads submitted at this instant or before are overdue now, if they still wait; with `escalationHours`, escalated. */
export function overdueBefore(hours: number, now: string): string {
  return new Date(Date.parse(now) - hours * 3_600_000).toISOString();
}

/** What a lead shows of its service level. It is overdue from the instant on that it is due. */
export function serviceState(
  limits: Limits,
  lead: Pick<PartnerLeadRow, 'status' | 'linkedTo' | 'submittedAt'>,
  now: string,
): { dueAt: string | null; overdue: boolean; escalated: boolean } {
  if (!isWaiting(lead)) return { dueAt: null, overdue: false, escalated: false };
  return {
    dueAt: overdueBefore(-limits.reviewHours, lead.submittedAt),
    overdue: lead.submittedAt <= overdueBefore(limits.reviewHours, now),
    escalated: lead.submittedAt <= overdueBefore(limits.escalationHours, now),
  };
}
