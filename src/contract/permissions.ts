import { type PartnerRole, partnerRoles, type StaffRole } from '#domain/vocabulary.ts';

/** Who holds a permission: staff by their roles, and beside them a partner's own people by theirs. */
interface Holders {
  staff: readonly StaffRole[];
  partner: readonly PartnerRole[];
}

const anyStaff = [
  'partner_manager',
  'lead_reviewer',
  'policy_manager',
  'approver',
  'finance',
  'auditor',
] as const satisfies readonly StaffRole[];

const whoWorks = ['admin', 'lead_manager'] as const satisfies readonly PartnerRole[];

/**
 * Who may do what (`domain.md`, "People"). The one table: the router enforces it, the screens read it to show or
 * explain, REST documents it. The staff's `admin` holds every permission and is therefore not repeated in the rows.
 *
 * The partner column follows the requirements ("Admin: all operations on partner, leads, payouts; Lead Manager: submit
 * leads, view performance, request credits; Viewer: view-only access to own performance"), always of the own partner, and
 * never what only staff decides. It opens only calls declared with `partnerProcedure`: a call that nobody thought of for
 * partners stays closed to them.
 */
export const permissions = {
  'staff.read': { staff: anyStaff, partner: [] },
  'staff.manage': { staff: [], partner: [] },
  'settings.read': { staff: anyStaff, partner: [] },
  'settings.manage': { staff: [], partner: [] },
  'partners.read': { staff: anyStaff, partner: partnerRoles },
  // A partner's admin may change contact, address and bank details; the service keeps the terms to staff.
  'partners.edit': { staff: ['partner_manager'], partner: ['admin'] },
  'partners.decide': { staff: ['approver'], partner: [] },
  'partner_users.read': { staff: anyStaff, partner: whoWorks },
  'partner_users.manage': { staff: ['partner_manager'], partner: ['admin'] },
  'documents.read': { staff: anyStaff, partner: ['admin'] },
  'documents.add': { staff: ['partner_manager'], partner: ['admin'] },
  'documents.review': { staff: ['approver'], partner: [] },
  'documents.remove': { staff: ['partner_manager'], partner: [] },
  'banking.verify': { staff: ['approver'], partner: [] },
  'banking.reveal': { staff: ['approver', 'finance'], partner: [] },
  'sources.edit': { staff: ['partner_manager'], partner: [] },
  'leads.read': { staff: anyStaff, partner: partnerRoles },
  'leads.submit': { staff: ['partner_manager'], partner: whoWorks },
  // A partner corrects a lead until its review begins; the service checks how far it is.
  'leads.edit': { staff: ['lead_reviewer'], partner: whoWorks },
  // Internal notes: whoever works with leads or what comes of them.
  'leads.note': { staff: ['partner_manager', 'lead_reviewer', 'approver', 'finance'], partner: [] },
  'leads.review': { staff: ['lead_reviewer'], partner: [] },
  'policies.read': { staff: anyStaff, partner: partnerRoles },
  // A partner names them when it submits a lead.
  'projects.read': { staff: anyStaff, partner: partnerRoles },
  'projects.edit': { staff: ['partner_manager', 'policy_manager'], partner: [] },
  'policies.edit': { staff: ['policy_manager'], partner: [] },
  // Whoever makes or approves a policy looks at what it would have paid; nothing is written.
  'policies.simulate': { staff: ['policy_manager', 'approver', 'auditor'], partner: [] },
  'policies.approve': { staff: ['approver'], partner: [] },
  'credits.read': { staff: anyStaff, partner: partnerRoles },
  'credits.request': { staff: ['partner_manager'], partner: whoWorks },
  // Adjustments and bonuses; somebody else approves them.
  'credits.adjust': { staff: ['partner_manager', 'finance'], partner: [] },
  'credits.decide': { staff: ['approver'], partner: [] },
  'payouts.read': { staff: anyStaff, partner: partnerRoles },
  'payouts.generate': { staff: ['finance'], partner: [] },
  'payouts.approve': { staff: ['approver'], partner: [] },
  // Finance may only reject or cancel what it generated itself; the service checks whose it is.
  'payouts.withdraw': { staff: ['approver', 'finance'], partner: [] },
  'payouts.pay': { staff: ['finance'], partner: [] },
  'payouts.terms': { staff: ['finance'], partner: [] },
  'payouts.export': { staff: ['finance'], partner: [] },
  'jobs.read': { staff: anyStaff, partner: [] },
  // Cancelling and resuming what somebody else started.
  'jobs.manage': { staff: [], partner: [] },
  'periods.read': { staff: anyStaff, partner: [] },
  'periods.close': { staff: ['finance'], partner: [] },
  'periods.reopen': { staff: [], partner: [] },
  'mail.read': { staff: ['auditor'], partner: [] },
  'ledger.read': { staff: ['finance', 'auditor'], partner: [] },
  'ledger.verify': { staff: ['finance', 'auditor'], partner: [] },
  // Of the whole office; those of one partner, beside the middle of its kind, are `partner_figures`.
  'figures.read': { staff: anyStaff, partner: [] },
  'partner_figures.read': { staff: anyStaff, partner: partnerRoles },
  'activities.read': { staff: ['approver', 'finance', 'auditor'], partner: [] },
  'activities.verify': { staff: ['auditor'], partner: [] },
} as const satisfies Record<string, Holders>;

export type Permission = keyof typeof permissions;

const allPermissions = Object.keys(permissions) as Permission[];

/** The permissions that a set of staff roles adds up to. */
export function permissionsOf(roles: readonly StaffRole[]): Permission[] {
  if (roles.includes('admin')) return allPermissions;
  return allPermissions.filter((permission) => {
    const { staff }: Holders = permissions[permission];
    return roles.some((role) => staff.includes(role));
  });
}

/** The permissions of a partner's own user, each for that partner only. */
export function permissionsOfPartner(role: PartnerRole): Permission[] {
  return allPermissions.filter((permission) => {
    const { partner }: Holders = permissions[permission];
    return partner.includes(role);
  });
}
