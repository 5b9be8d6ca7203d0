import type { Permission } from '#contract/permissions.ts';
import type { ScoreWeights } from '#domain/quality-score.ts';
import type { StaffRole } from '#domain/vocabulary.ts';

/** What an organization has chosen, as stored in `tenants.settings`. */
export interface TenantSettings {
  /** Whoever made a thing may not approve it. */
  fourEyes: boolean;
  /** Minor units; a payout above it takes two approvers; null = never. */
  secondApprovalThreshold: number | null;
  duplicateHandling: 'flag' | 'refuse';
  claimLeaseMinutes: number;
  /** ISO 3166 alpha-2, for phone numbers of leads without a country. */
  defaultCountry: string | null;
  /** Points per lead-data field; they sum to 100. */
  scoreWeights: ScoreWeights;
}

export interface Tenant {
  id: string;
  organizationName: string;
  currency: string;
  timeZone: string;
  settings: TenantSettings;
  version: number;
}

/** Who calls: made once per call from the session's token, handed first to every service. */
export interface Session {
  readonly tenantId: string;
  readonly tenant: Tenant;
  readonly userId: string;
  readonly userName: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  /** A staff member's; a partner's user has none. */
  readonly roles: readonly StaffRole[];
  /** The own partner of a partner's user; null for staff. See `services/own-partner.ts`. */
  readonly partnerId: string | null;
  readonly permissions: ReadonlySet<Permission>;
  /** The machine or program the call came from, as it names itself. */
  readonly station: string | null;
}
