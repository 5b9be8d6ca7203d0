import * as z from 'zod';
import { count, id, instant, procedure, whole } from './base.ts';
import { password } from './organization.ts';

const tags = ['Sign-in'];
const done = z.object({ ok: z.literal(true) });

/** Six digits of the authenticator, or a recovery code; spaces and dashes don't matter. */
export const code = z.string().trim().min(6).max(40);

/** One of the own sign-ins that still holds. */
const ownSession = z.object({
  id,
  createdAt: instant,
  expiresAt: instant,
  /** The machine or program, as it named itself. */
  station: z.string().nullable(),
  /** Whether it is the one this call comes from. */
  isThis: z.boolean(),
});

const recoveryCodes = z.object({
  /** Each lets in once in place of a code; shown this one time. */
  recoveryCodes: z.array(z.string()),
});

/** What everybody does with the own account, staff and partner users alike. */
export const account = {
  changePassword: procedure('signedIn', 'LOCKED')
    .route({
      method: 'POST',
      path: '/auth/password',
      summary: 'Change the own password; every other session of the person ends',
      tags,
    })
    .input(z.object({ currentPassword: z.string().max(200), newPassword: password }))
    .output(done),
  sessions: procedure('signedIn')
    .route({ method: 'GET', path: '/auth/sessions', summary: 'Where the person is signed in', tags })
    .output(whole(ownSession)),
  endSession: procedure('signedIn', 'NOT_FOUND')
    .route({ method: 'POST', path: '/auth/sessions/{id}/end', summary: 'Sign out one of them', tags })
    .input(z.object({ id }))
    .output(done),
  endOtherSessions: procedure('signedIn')
    .route({
      method: 'POST',
      path: '/auth/sessions/end-others',
      summary: 'Sign out everywhere but here',
      tags,
    })
    .output(z.object({ ended: count })),
  secondFactor: procedure('signedIn')
    .route({ method: 'GET', path: '/auth/second-factor', summary: 'The own second factor', tags })
    .output(
      z.object({
        enrolled: z.boolean(),
        enrolledAt: instant.nullable(),
        /** Whether the organization asks for one. */
        required: z.boolean(),
        recoveryCodesLeft: count,
      }),
    ),
  enrolSecondFactor: procedure('signedIn', 'INVALID_TRANSITION')
    .route({
      method: 'POST',
      path: '/auth/second-factor/enrol',
      summary: 'A new secret for an authenticator app; it counts once confirmed with a code',
      tags,
    })
    .output(
      z.object({
        /** `otpauth://totp/…`, for a QR code. */
        uri: z.string(),
        /** The same secret to type, base32. */
        secret: z.string(),
      }),
    ),
  confirmSecondFactor: procedure('signedIn', 'INVALID_TRANSITION', 'LOCKED')
    .route({
      method: 'POST',
      path: '/auth/second-factor/confirm',
      summary: 'Switch the second factor on with a first code',
      tags,
    })
    .input(z.object({ code }))
    .output(recoveryCodes),
  disableSecondFactor: procedure('signedIn', 'INVALID_TRANSITION', 'LOCKED')
    .route({
      method: 'POST',
      path: '/auth/second-factor/disable',
      summary: 'Switch the own second factor off, with a code',
      tags,
    })
    .input(z.object({ code }))
    .output(done),
  renewRecoveryCodes: procedure('signedIn', 'INVALID_TRANSITION', 'LOCKED')
    .route({
      method: 'POST',
      path: '/auth/second-factor/recovery-codes',
      summary: 'New recovery codes; the old ones are void',
      tags,
    })
    .input(z.object({ code }))
    .output(recoveryCodes),
};
