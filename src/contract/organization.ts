import * as z from 'zod';
import { partnerRoles, staffRoles } from '#domain/vocabulary.ts';
import {
  commandFields,
  count,
  currencyCode,
  id,
  instant,
  money,
  page,
  pageFields,
  procedure,
  reason,
  rowFields,
  score,
  text,
} from './base.ts';
import type { Permission } from './permissions.ts';

export const email = z
  .string()
  .trim()
  .max(254)
  .pipe(z.email('Use an e-mail address such as ana@example.com.'));
/** Eight is what NIST SP 800-63B asks for at least; nothing is asked of which characters. */
export const password = z.string().min(8, 'A password has at least 8 characters.').max(200);
const role = z.enum(staffRoles);

/** Who is signed in, and what they may do: the screens show what this allows. */
export const sessionUser = z.object({
  id,
  tenantId: id,
  /** A partner user sees only the own partner. */
  kind: z.enum(['staff', 'partner_user']),
  email: z.string(),
  firstName: z.string(),
  lastName: z.string(),
  /** Of staff; a partner user has `partnerRole` instead. */
  roles: z.array(role),
  permissions: z.array(z.string() as z.ZodType<Permission>),
  organizationName: z.string(),
  partnerId: id.nullable(),
  partnerName: z.string().nullable(),
  partnerRole: z.enum(partnerRoles).nullable(),
  secondFactor: z.object({
    enrolled: z.boolean(),
    /** The organization asks for one, and this sign-in was without: until it is set up, nothing else is allowed. */
    mustEnrol: z.boolean(),
  }),
  currency: currencyCode,
  timeZone: z.string(),
});
const signedIn = z.object({ token: z.string(), user: sessionUser, expiresAt: instant });

/** The body of `/setup` and of the file `tenant add` reads. */
export const setupInput = z.object({
  organizationName: text(255),
  currency: currencyCode,
  timeZone: z.string().min(1).max(64),
  admin: z.object({ email, password, firstName: text(100), lastName: text(100) }),
});

export const health = {
  check: procedure('public')
    .route({ method: 'GET', path: '/health', summary: 'Is the host ready', tags: ['Host'] })
    .output(
      z.object({ status: z.literal('ok'), version: z.string(), engine: z.enum(['sqlite', 'postgres']) }),
    ),
};

export const setup = {
  /** The screens ask this before they choose between set-up and sign-in. */
  status: procedure('public')
    .route({ method: 'GET', path: '/setup', summary: 'Whether set-up is still to be done', tags: ['Set-up'] })
    .output(z.object({ needed: z.boolean() })),
  run: procedure('public', 'CONFLICT')
    .route({
      method: 'POST',
      path: '/setup',
      summary: 'Create the organization and its first administrator, once, on an empty database',
      tags: ['Set-up'],
    })
    .input(setupInput)
    .output(signedIn),
};

export const auth = {
  login: procedure('public', 'LOCKED')
    .route({ method: 'POST', path: '/auth/login', summary: 'Sign in', tags: ['Sign-in'] })
    .input(
      z.object({
        email: z.string().trim().max(254),
        password: z.string().max(200),
        /** Needed only by a person with the same e-mail and password in several organizations. */
        organizationName: z.string().max(255).optional(),
        /**
         * The second step, for whoever has a second factor: six digits, or a recovery code. Without it a right password is
         * answered with `UNAUTHENTICATED` about the field `code`.
         */
        code: z.string().trim().max(40).optional(),
      }),
    )
    .output(signedIn),
  acceptInvitation: procedure('public', 'NOT_FOUND')
    .route({
      method: 'POST',
      path: '/auth/accept-invitation',
      summary: 'Set a password with the secret of a one-time link; sign in with it then',
      tags: ['Sign-in'],
    })
    .input(z.object({ token: z.string().min(20).max(200), password }))
    .output(z.object({ email: z.string(), organizationName: z.string() })),
  logout: procedure('signedIn')
    .route({ method: 'POST', path: '/auth/logout', summary: 'Sign out', tags: ['Sign-in'] })
    .output(z.object({ ok: z.literal(true) })),
  me: procedure('signedIn')
    .route({ method: 'GET', path: '/auth/me', summary: 'Who is signed in', tags: ['Sign-in'] })
    .output(sessionUser),
};

export const staffMember = z.object({
  ...rowFields,
  email: z.string(),
  firstName: z.string(),
  lastName: z.string(),
  roles: z.array(role),
  isActive: z.boolean(),
  lastLogin: instant.nullable(),
  hasSecondFactor: z.boolean(),
});

const roles = z.array(role).min(1, 'Give at least one role.').max(staffRoles.length);

export const staff = {
  list: procedure('staff.read')
    .route({ method: 'GET', path: '/staff', summary: 'Staff', tags: ['Staff'] })
    .input(z.object(pageFields))
    .output(page(staffMember)),
  create: procedure('staff.manage', 'DUPLICATE')
    .route({ method: 'POST', path: '/staff', summary: 'Add a staff member', tags: ['Staff'] })
    .input(
      z.object({
        email,
        firstName: text(100),
        lastName: text(100),
        roles,
        password,
        commandId: commandFields.commandId,
      }),
    )
    .output(staffMember),
  update: procedure('staff.manage', 'NOT_FOUND', 'CONFLICT', 'DUPLICATE')
    .route({ method: 'PATCH', path: '/staff/{id}', summary: 'Change a staff member', tags: ['Staff'] })
    .input(
      z.object({
        id,
        email: email.optional(),
        firstName: text(100).optional(),
        lastName: text(100).optional(),
        roles: roles.optional(),
        password: password.optional(),
        isActive: z.boolean().optional(),
        ...commandFields,
      }),
    )
    .output(staffMember),
  resetSecondFactor: procedure('staff.manage', 'NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION')
    .route({
      method: 'POST',
      path: '/staff/{id}/second-factor/reset',
      summary: 'Take away the second factor of somebody who lost it',
      tags: ['Staff'],
    })
    .input(z.object({ id, reason, ...commandFields }))
    .output(staffMember),
};

/** The account SEPA payments leave from. */
const sepaPayer = z.object({ name: text(70), iban: text(50), bic: text(20).nullable().default(null) });
/** Who pays by ACH, as the bank set it up: `domain/nacha.ts` tells what each field is. */
const achPayer = z.object({
  immediateDestination: text(20),
  immediateDestinationName: text(40),
  immediateOrigin: text(10),
  immediateOriginName: text(40),
  companyName: text(40),
  companyId: text(10),
  odfiRouting: text(20),
  entryClass: z.enum(['CCD', 'PPD']).default('CCD'),
  entryDescription: text(20).default('PAYOUT'),
});
/** The accounting's codes of the ledger's accounts. */
const journalAccounts = z.object({
  commission_expense: text(30),
  available: text(30),
  payable: text(30),
  paid: text(30),
});

/** Minor units of each currency, by its code. */
const byCurrency = z.record(currencyCode, money);

export const tenantSettings = z.object({
  organizationName: z.string(),
  currency: currencyCode,
  timeZone: z.string(),
  /** Whoever made a thing may not approve it; off only for one-person offices. */
  fourEyes: z.boolean(),
  /** Minor units of the organization's currency; a payout in it above that takes two approvers; null = never. */
  secondApprovalThreshold: money.nullable(),
  /** The same for payouts in other currencies; while a threshold is set, a currency without one always takes two approvers. */
  secondApprovalThresholds: byCurrency,
  /** Days an approved credit waits before payouts take it. */
  holdingDays: count,
  /** Minor units by currency; a payout that would come to less is carried over. */
  minimumPayouts: byCurrency,
  /** The newer of two leads of one person is marked, refused, or recorded under the older one and not reviewed. */
  duplicateHandling: z.enum(['flag', 'refuse', 'link']),
  /** Days for which whoever submits a person first is protected against other partners; 0 = none. */
  protectionDays: count,
  protectionHandling: z.enum(['flag', 'refuse']),
  /** Hours from its submission by which a lead is to be decided; later it is overdue. */
  reviewHours: count,
  /** Hours from its submission after which an overdue lead is escalated. */
  escalationHours: count,
  claimLeaseMinutes: count,
  /** ISO 3166 alpha-2, for phone numbers without a country. */
  defaultCountry: z.string().nullable(),
  /** Weight in points of each field; they sum to 100. */
  scoreWeights: z.record(z.string(), score),
  /** Null: no SEPA payments are made, or none by ACH. */
  sepaPayer: sepaPayer.nullable(),
  achPayer: achPayer.nullable(),
  journalAccounts,
  /** Everybody signs in with a second factor; who has none may only set one up. */
  requireSecondFactor: z.boolean(),
  /** Where people reach this host with a browser, for links; null: not known. */
  publicUrl: z.string().nullable(),
  /** Days for which notifications, and e-mails at their end, are kept; those that wait to be sent are kept longer. */
  notificationDays: count,
  version: z.int(),
});

export const settings = {
  get: procedure('settings.read')
    .route({ method: 'GET', path: '/settings', summary: 'Settings of the organization', tags: ['Settings'] })
    .output(tenantSettings),
  update: procedure('settings.manage', 'CONFLICT')
    .route({ method: 'PATCH', path: '/settings', summary: 'Change settings', tags: ['Settings'] })
    .input(
      z.object({
        organizationName: text(255).optional(),
        timeZone: z.string().min(1).max(64).optional(),
        fourEyes: z.boolean().optional(),
        secondApprovalThreshold: money.nullable().optional(),
        secondApprovalThresholds: byCurrency.optional(),
        holdingDays: z.int().min(0).max(366).optional(),
        minimumPayouts: byCurrency.optional(),
        duplicateHandling: z.enum(['flag', 'refuse', 'link']).optional(),
        protectionDays: z.int().min(0).max(3650).optional(),
        protectionHandling: z.enum(['flag', 'refuse']).optional(),
        reviewHours: z.int().min(1).max(8760).optional(),
        escalationHours: z.int().min(1).max(8760).optional(),
        claimLeaseMinutes: z.int().min(1).max(1440).optional(),
        defaultCountry: z
          .string()
          .regex(/^[A-Z]{2}$/)
          .nullable()
          .optional(),
        scoreWeights: z.record(z.string(), score).optional(),
        sepaPayer: sepaPayer.nullable().optional(),
        achPayer: achPayer.nullable().optional(),
        journalAccounts: journalAccounts.optional(),
        requireSecondFactor: z.boolean().optional(),
        publicUrl: z
          .url({ protocol: /^https?$/ })
          .max(500)
          .nullable()
          .optional(),
        notificationDays: z.int().min(30).max(3650).optional(),
        ...commandFields,
      }),
    )
    .output(tenantSettings),
};
