import { type PartnerStatus, partnerStatuses } from '#domain/state-machines.ts';
import { isOneOf } from '#domain/vocabulary.ts';

/** The tabs of the list: what waits comes first. */
export const partnerViews = ['pending', 'active', 'suspended', 'inactive', 'rejected', 'all'] as const;
export type PartnerView = (typeof partnerViews)[number];

export const partnerViewLabels: Record<PartnerView, string> = {
  pending: 'Waiting for approval',
  active: 'Active',
  suspended: 'Suspended',
  inactive: 'Inactive',
  rejected: 'Rejected',
  all: 'All',
};

export function isPartnerView(value: unknown): value is PartnerView {
  return isOneOf(partnerViews, value);
}

/** The status a tab lists; undefined for all of them. */
export function statusOf(view: PartnerView): PartnerStatus | undefined {
  return isOneOf(partnerStatuses, view) ? view : undefined;
}

/** What an empty tab says: what would be here, and how it gets here. */
export const emptyViews: Record<PartnerView, { title: string; text: string }> = {
  pending: {
    title: 'No partner waits for approval',
    text: 'New partners come here, and rejected ones that apply again. An approver decides on them.',
  },
  active: {
    title: 'No partner is active',
    text: 'Partners come here when they are approved. Only they can submit leads.',
  },
  suspended: {
    title: 'No partner is suspended',
    text: 'A suspended partner keeps its balance, on hold, until it is reactivated.',
  },
  inactive: { title: 'No partner is inactive', text: 'Partners come here when they are deactivated.' },
  rejected: { title: 'No partner was rejected', text: 'Rejected partners stay here and may apply again.' },
  all: {
    title: 'There are no partners yet',
    text: 'Whoever refers leads is registered here first, and approved by somebody else.',
  },
};
