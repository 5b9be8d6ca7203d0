import type { Permission } from '#contract/permissions.ts';
import type { AchOriginator } from '#domain/nacha.ts';
import type { JournalAccounts, SepaPayer } from '#domain/payers.ts';
import type { ScoreWeights } from '#domain/quality-score.ts';
import type { PartnerStatus } from '#domain/state-machines.ts';
import type { PartnerRole, StaffRole } from '#domain/vocabulary.ts';

/** What an organization has chosen, as stored in `tenants.settings`. */
export interface TenantSettings {
  /** Whoever made a thing may not approve it. */
  fourEyes: boolean;
  /** Minor units of the tenant's currency; a payout in it above that takes two approvers; null = never. */
  secondApprovalThreshold: number | null;
  /** The same for payouts in other currencies, each in minor units of its own. `secondApprovalThresholdFor` reads both. */
  secondApprovalThresholds: Readonly<Record<string, number>>;
  /** Days an approved credit waits before payouts take it; a partner may have its own. */
  holdingDays: number;
  /** Minor units by currency; a smaller payout is carried over; a partner may have its own. */
  minimumPayouts: Readonly<Record<string, number>>;
  /** What becomes of the newer of two leads of one person: marked, refused, or recorded under the older one. */
  duplicateHandling: 'flag' | 'refuse' | 'link';
  /** Days for which whoever submits a person first is protected against other partners; 0 = none. */
  protectionDays: number;
  /** What becomes of another partner's lead in that time. */
  protectionHandling: 'flag' | 'refuse';
  /** Hours from the submission by which a lead is to be decided; later it is overdue. */
  reviewHours: number;
  /** Hours from the submission after which an overdue lead is escalated. */
  escalationHours: number;
  claimLeaseMinutes: number;
  /** ISO 3166 alpha-2, for phone numbers of leads without a country. */
  defaultCountry: string | null;
  /** Points per lead-data field; they sum to 100. */
  scoreWeights: ScoreWeights;
  /** The account SEPA payments leave from; null: none are made. */
  sepaPayer: SepaPayer | null;
  /** Who pays by ACH; null: nobody does. */
  achPayer: AchOriginator | null;
  /** The accounting's codes of the ledger's accounts. */
  journalAccounts: JournalAccounts;
  /** Everybody signs in with a second factor; who has none may only set one up. */
  requireSecondFactor: boolean;
  /** Where people reach this host with a browser, for links; null = not known. */
  publicUrl: string | null;
  /** Days for which notifications, and e-mails at their end, are kept. */
  notificationDays: number;
}

export interface Tenant {
  id: string;
  organizationName: string;
  currency: string;
  timeZone: string;
  settings: TenantSettings;
  version: number;
}

export interface SecondFactorState {
  readonly enrolled: boolean;
  /** The organization asks for one and this sign-in was without: it may set one up and nothing else. */
  readonly mustEnrol: boolean;
}

/** Who calls: made once per call from the session's token, handed first to every service. */
export interface Session {
  readonly kind: 'staff' | 'partner_user';
  /** Of the sign-in itself: what signing out ends. */
  readonly sessionId: string;
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
  readonly partnerName: string | null;
  readonly partnerRole: PartnerRole | null;
  /** While it is not active, its people only read. */
  readonly partnerStatus: PartnerStatus | null;
  /** The ids of the own partner's users, this one included; empty for staff. */
  readonly ownPeople: ReadonlySet<string>;
  readonly secondFactor: SecondFactorState;
  readonly permissions: ReadonlySet<Permission>;
  /** The machine or program the call came from, as it names itself. */
  readonly station: string | null;
}
