import { type AnyContractProcedure, isContractProcedure } from '@orpc/contract';
import { implement, ORPCError, type Router, ValidationError } from '@orpc/server';
import type { Logger } from 'pino';
import type { ProcedureMeta } from '#contract/base.ts';
import { contract } from '#contract/index.ts';
import { DomainError } from '#domain/errors.ts';
import { refuseRole, requirePermission } from '../permission.ts';
import type { Call, Caller, Services } from '../services/service.ts';
import type { Session } from '../session.ts';
import { eventSchemaOf, partnerView } from './partner-view.ts';
import { requireReadable } from './readable.ts';
import { settleInput } from './settle-input.ts';

/** What a transport knows of a call before it reaches the router. */
export interface CallContext {
  token: string | null;
  station: string | null;
}

interface RouterParts {
  services: Services;
  /** The session of a token, or null where it is unknown, expired or revoked. */
  resolveSession: (token: string, station: string | null) => Promise<Caller['session']>;
  log: Logger;
}

type AnyService = (caller: unknown, input: unknown, call: Call) => Promise<unknown>;

/** What a caller gets to see of an answer: staff all of it, a partner's user what is not internal. */
function shownTo(session: Session | null, schema: unknown, answer: unknown): unknown {
  return session === null || session.partnerId === null ? answer : partnerView(schema, answer, session);
}

/**
 * The row as it stands now, in the shape the procedure answers with. Whatever does not fit that shape stays here: a row as
 * stored holds what no screen may see.
 */
async function currentForTheWire(
  current: unknown,
  procedure: AnyContractProcedure,
  session: Session | null,
): Promise<unknown> {
  const schema = procedure['~orpc'].outputSchema;
  if (current === undefined || schema === undefined) return undefined;
  const result = await schema['~standard'].validate(current);
  return result.issues === undefined ? shownTo(session, schema, result.value) : undefined;
}

/** What a path names: `id` of `/partners/{id}`. */
const pathFields = (procedure: AnyContractProcedure): string[] =>
  [...(procedure['~orpc'].route.path ?? '').matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? []);

/** Whether what is wrong is a name in the path that nothing can have: `/partners/none` leads nowhere. */
function leadsNowhere(
  issues: readonly { path: string }[],
  procedure: AnyContractProcedure,
  input: unknown,
): boolean {
  const record = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});
  const given = new Map(Object.entries(record(input)));
  const params = new Map(Object.entries(record(given.get('params'))));
  return pathFields(procedure).some(
    (name) =>
      typeof (params.get(name) ?? given.get(name)) === 'string' &&
      issues.some(({ path }) => path === name || path === `params.${name}`),
  );
}

/** Every refusal leaves as the code, sentence and fields of `domain/errors.ts`; anything else is a fault of ours and says so without details. */
async function toWireError(
  error: unknown,
  log: Logger,
  path: readonly string[],
  procedure: AnyContractProcedure,
  session: Session | null,
  input: unknown,
): Promise<ORPCError<string, unknown>> {
  if (error instanceof DomainError) {
    const current = await currentForTheWire(error.current, procedure, session);
    return new ORPCError(error.code, {
      status: error.status,
      message: error.message,
      data: {
        ...(error.fields.length > 0 && { fields: error.fields }),
        ...(current !== undefined && { current }),
      },
      cause: error,
    });
  }
  if (error instanceof ORPCError && error.code === 'BAD_REQUEST') {
    const issues = error.cause instanceof ValidationError ? error.cause.issues : [];
    const fields = issues.map((issue) => ({
      path: (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.'),
      message: issue.message,
    }));
    if (leadsNowhere(fields, procedure, input)) {
      return new ORPCError('NOT_FOUND', {
        status: 404,
        message: 'There is nothing with this id.',
        cause: error,
      });
    }
    const first = fields[0];
    const named =
      first === undefined ? error.message : `${first.path === '' ? '' : `${first.path}: `}${first.message}`;
    const more = fields.length > 1 ? ` (and ${fields.length - 1} more)` : '';
    return new ORPCError('VALIDATION', {
      status: 400,
      message: `${named}${more}`,
      data: { fields },
      cause: error,
    });
  }
  if (error instanceof ORPCError && error.code !== 'INTERNAL_SERVER_ERROR') return error;
  log.error({ err: error, procedure: path.join('.') }, 'A call failed');
  return new ORPCError('INTERNAL_SERVER_ERROR', {
    message:
      'Something went wrong on our side; the details are in the log. What was not finished was not written.',
    cause: error,
  });
}

function isAsyncIterator(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function* mapStream(
  stream: AsyncIterable<unknown>,
  show: (event: unknown) => unknown,
  map: (error: unknown) => Promise<Error>,
): AsyncGenerator {
  try {
    for await (const event of stream) yield show(event);
  } catch (error) {
    throw await map(error);
  }
}

/**
 * Binds every procedure of the contract to the service function of the same name: session, permission, then the
 * service. Nothing is bound by hand, so no procedure can forget its check.
 */
export function buildRouter({
  services,
  resolveSession,
  log,
}: RouterParts): Router<typeof contract, CallContext> {
  const bindProcedure = (resource: string, name: string, procedure: AnyContractProcedure) => {
    const { permission, partners = false } = procedure['~orpc'].meta as ProcedureMeta;
    const service = (services as Record<string, Record<string, AnyService | undefined>>)[resource]?.[name];
    if (service === undefined) throw new Error(`The contract's ${resource}.${name} has no service.`);
    const isPublicResource = resource === 'health' || resource === 'setup' || resource === 'auth';

    // Inside the guard: who may not call learns nothing of the input, and what is wrong with it leaves in our words.
    const inside = { initialInputValidationIndex: 1, initialOutputValidationIndex: 1 };
    const guarded = implement(procedure, inside)
      .$context<CallContext>()
      // Input and output are validated inside the guard below: who may not call learns nothing of the schema.
      .$config({ initialInputValidationIndex: 1, initialOutputValidationIndex: 1 })
      .use(async ({ context, next, path }, input) => {
        let session: Session | null = null;
        try {
          if (context.token !== null) session = await resolveSession(context.token, context.station);
          if (permission !== 'public') {
            if (session === null) {
              throw new DomainError(
                'UNAUTHENTICATED',
                'Sign in first: you are not signed in, or your session has ended.',
              );
            }
            if (session.secondFactor.mustEnrol && resource !== 'auth' && resource !== 'account') {
              throw new DomainError(
                'FORBIDDEN',
                'Your organization asks for a second factor. Set one up, then go on.',
              );
            }
            if (permission !== 'signedIn') {
              if (session.partnerId !== null && !partners) refuseRole();
              requirePermission(session, permission, 'PARTNER_NOT_ACTIVE' in procedure['~orpc'].errorMap);
            }
          }
          requireReadable(input);
          const { inputSchema, route } = procedure['~orpc'];
          settleInput(inputSchema, input, { method: route.method, zone: session?.tenant.timeZone });
          const caller: Caller = { token: context.token, station: context.station, session };
          return await next({ context: { caller } });
        } catch (error) {
          throw await toWireError(error, log, path, procedure, session, input);
        }
      });
    return guarded.handler(async ({ context, input, signal, path }) => {
      const { session } = context.caller;
      const answer = await service(isPublicResource ? context.caller : session, input, { signal });
      const schema = procedure['~orpc'].outputSchema;
      if (!isAsyncIterator(answer)) return shownTo(session, schema, answer);
      // A stream fails after the guard above has returned; its refusals leave in the same words.
      return mapStream(
        answer,
        (event) => shownTo(session, eventSchemaOf(schema), event),
        (error) => toWireError(error, log, path, procedure, session, input),
      );
    });
  };

  const router: Record<string, Record<string, unknown>> = {};
  for (const [resource, procedures] of Object.entries(contract)) {
    const bound: Record<string, unknown> = {};
    for (const [name, procedure] of Object.entries(procedures)) {
      if (!isContractProcedure(procedure)) throw new Error(`${resource}.${name} is no procedure.`);
      bound[name] = bindProcedure(resource, name, procedure);
    }
    router[resource] = bound;
  }
  return router as Router<typeof contract, CallContext>;
}
