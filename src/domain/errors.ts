/**
 * The refusals of the product (`domain.md`, "Conventions"). One table: the host throws them, the contract declares
 * them, REST takes its status from here, and the screens read the codes.
 */
export const errorStatus = {
  VALIDATION: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  SELF_APPROVAL: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  INVALID_TRANSITION: 409,
  DUPLICATE: 409,
  LOCKED: 409,
  QUOTA_EXCEEDED: 422,
  PARTNER_NOT_ACTIVE: 422,
  CURRENCY_MISMATCH: 422,
  AMOUNT_EXCEEDS: 422,
} as const;

export type ErrorCode = keyof typeof errorStatus;

/** One field that is wrong and why, in words. `path` is dotted, as in `leadData.email`. */
export interface FieldError {
  path: string;
  message: string;
}

/** A refusal a person can act on. Whoever throws it has written nothing, or rolls back. */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];
  /** For `CONFLICT`: the row as it stands now, so that the screen can show what changed. */
  readonly current: unknown;

  constructor(
    code: ErrorCode,
    message: string,
    details: { fields?: readonly FieldError[]; current?: unknown } = {},
  ) {
    super(message);
    this.name = 'DomainError';
    this.code = code;
    this.fields = details.fields ?? [];
    this.current = details.current;
  }

  get status(): number {
    return errorStatus[this.code];
  }
}

/** Shorthand for a `VALIDATION` refusal about one field. */
export function invalidField(path: string, message: string): DomainError {
  return new DomainError('VALIDATION', message, { fields: [{ path, message }] });
}
