import * as z from 'zod';
import { partnerRoles } from '#domain/vocabulary.ts';
import {
  commandFields,
  id,
  instant,
  page,
  pageFields,
  partnerProcedure,
  reason,
  rowFields,
  text,
} from './base.ts';
import { email, password } from './organization.ts';

const tags = ['Partner users'];
const role = z.enum(partnerRoles);

/** A person of a partner, who sees only that partner. */
export const partnerUser = z.object({
  ...rowFields,
  partnerId: id,
  email: z.string(),
  firstName: z.string(),
  lastName: z.string(),
  role,
  isActive: z.boolean(),
  lastLogin: instant.nullable(),
  /** Whether a password is set; without one the invitation is still to be accepted. */
  hasPassword: z.boolean(),
  /** Until when the last invitation can be accepted; null: none is open. */
  invitationExpiresAt: instant.nullable(),
  hasSecondFactor: z.boolean(),
});

/** Shown once, to whoever invites, so that the link can be handed on without mail. */
const invitation = z.object({
  token: z.string(),
  /** null while the organization has no public address (`settings.publicUrl`). */
  link: z.string().nullable(),
  expiresAt: instant,
});

const invited = z.object({
  ...partnerUser.shape,
  /** null when a password was given or the link was e-mailed, and in the answer to a repeated command: it is told once. */
  invitation: invitation.nullable().default(null),
  /** The address that the link is e-mailed to, and told to nobody else; null where it is handed on by hand. */
  mailedTo: z.string().nullable().default(null),
});

/**
 * Whether the link goes to the person by e-mail: if left out, where e-mail is set up and the organization's public address
 * is known. True where it can't be is refused, false has the link shown.
 */
const byMail = z.boolean().optional();

const refusals = ['NOT_FOUND', 'CONFLICT'] as const;

export const partnerUsers = {
  list: partnerProcedure('partner_users.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/partners/{id}/users', summary: 'People of a partner', tags })
    .input(z.object({ id, ...pageFields }))
    .output(page(partnerUser)),
  create: partnerProcedure('partner_users.manage', 'NOT_FOUND', 'DUPLICATE')
    .route({
      method: 'POST',
      path: '/partners/{id}/users',
      summary: 'Add a person to a partner: with a password, or invited by a one-time link',
      tags,
    })
    .input(
      z.object({
        id,
        email,
        firstName: text(100),
        lastName: text(100),
        role,
        password: password.optional(),
        byMail,
        commandId: commandFields.commandId,
      }),
    )
    .output(invited),
  get: partnerProcedure('partner_users.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/partner-users/{id}', summary: 'One person of a partner', tags })
    .input(z.object({ id }))
    .output(partnerUser),
  getByEmail: partnerProcedure('partner_users.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partner-users/by-email/{email}',
      summary: 'One person of a partner by e-mail address',
      tags,
    })
    .input(z.object({ email: z.string().trim().min(1).max(254) }))
    .output(partnerUser),
  update: partnerProcedure('partner_users.manage', ...refusals, 'DUPLICATE')
    .route({ method: 'PATCH', path: '/partner-users/{id}', summary: 'Change a person of a partner', tags })
    .input(
      z.object({
        id,
        email: email.optional(),
        firstName: text(100).optional(),
        lastName: text(100).optional(),
        role: role.optional(),
        isActive: z.boolean().optional(),
        ...commandFields,
      }),
    )
    .output(partnerUser),
  invite: partnerProcedure('partner_users.manage', ...refusals, 'INVALID_TRANSITION')
    .route({
      method: 'POST',
      path: '/partner-users/{id}/invite',
      summary: 'Make a new one-time link, to set the first or a new password; the one before is void',
      tags,
    })
    .input(z.object({ id, byMail, ...commandFields }))
    .output(invited),
  setPassword: partnerProcedure('partner_users.manage', ...refusals, 'LOCKED')
    .route({
      method: 'POST',
      path: '/partner-users/{id}/password',
      summary: 'Set a password and end the sessions; for one’s own the current one is asked for',
      tags,
    })
    .input(z.object({ id, password, currentPassword: z.string().max(200).optional(), ...commandFields }))
    .output(partnerUser),
  deactivate: partnerProcedure('partner_users.manage', ...refusals)
    .route({
      method: 'POST',
      path: '/partner-users/{id}/deactivate',
      summary: 'Keep a person out; sessions and invitations end at once',
      tags,
    })
    .input(z.object({ id, reason: reason.optional(), ...commandFields }))
    .output(partnerUser),
  resetSecondFactor: partnerProcedure('partner_users.manage', ...refusals, 'INVALID_TRANSITION')
    .route({
      method: 'POST',
      path: '/partner-users/{id}/second-factor/reset',
      summary: 'Take away the second factor of somebody who lost it',
      tags,
    })
    .input(z.object({ id, reason, ...commandFields }))
    .output(partnerUser),
};
