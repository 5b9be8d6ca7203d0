import type { StaffRole } from '#domain/vocabulary.ts';

/**
 * Who may do what (`domain.md`, "People"). The one table: the router enforces it, the screens read it to show or
 * explain, REST documents it. `admin` holds every permission and is therefore not repeated in the rows.
 */
const anyStaff = [
  'partner_manager',
  'lead_reviewer',
  'policy_manager',
  'approver',
  'finance',
  'auditor',
] as const satisfies readonly StaffRole[];

export const permissions = {
  'staff.read': anyStaff,
  'staff.manage': [],
  'settings.read': anyStaff,
  'settings.manage': [],
  'partners.read': anyStaff,
  'partners.edit': ['partner_manager'],
  'partners.decide': ['approver'],
  'banking.verify': ['approver'],
  'banking.reveal': ['approver', 'finance'],
  'sources.edit': ['partner_manager'],
  'leads.read': anyStaff,
  'leads.submit': ['partner_manager'],
  'leads.review': ['lead_reviewer'],
  'policies.read': anyStaff,
  'policies.edit': ['policy_manager'],
  'policies.approve': ['approver'],
  'credits.read': anyStaff,
  'credits.request': ['partner_manager'],
  'credits.decide': ['approver'],
  'payouts.read': anyStaff,
  'payouts.generate': ['finance'],
  'payouts.approve': ['approver'],
  // Finance may only reject or cancel what it generated itself; the service checks whose it is.
  'payouts.withdraw': ['approver', 'finance'],
  'payouts.pay': ['finance'],
  'payouts.export': ['finance'],
  'ledger.read': ['finance', 'auditor'],
  'ledger.verify': ['finance', 'auditor'],
  'activities.read': ['approver', 'finance', 'auditor'],
  'activities.verify': ['auditor'],
} as const satisfies Record<string, readonly StaffRole[]>;

export type Permission = keyof typeof permissions;

/** The permissions that a set of roles adds up to. */
export function permissionsOf(roles: readonly StaffRole[]): Permission[] {
  const all = Object.keys(permissions) as Permission[];
  if (roles.includes('admin')) return all;
  return all.filter((permission) => {
    const holders: readonly StaffRole[] = permissions[permission];
    return roles.some((role) => holders.includes(role));
  });
}
