import type { ContractProcedure, InferSchemaInput, InferSchemaOutput } from '@orpc/contract';
import type { Contract } from '#contract/index.ts';
import type { Session } from '../session.ts';

/** What a call carries besides its input. */
export interface Call {
  /** Aborted when the caller goes away or cancels. */
  signal: AbortSignal | undefined;
}

/** A caller who need not be signed in. */
export interface Caller {
  token: string | null;
  station: string | null;
  session: Session | null;
}

/** The resources whose calls may come from someone not signed in. */
type PublicResource = 'health' | 'setup' | 'auth';

/** The service of a resource: one function per procedure of the contract, the caller first. */
export type Service<R extends keyof Contract> = {
  [P in keyof Contract[R]]: (
    caller: R extends PublicResource ? Caller : Session,
    input: Input<R, P>,
    call: Call,
  ) => Promise<Output<R, P>>;
};

export type Services = { [R in keyof Contract]: Service<R> };

/** The parsed input of a procedure, as a service receives it. */
export type Input<R extends keyof Contract, P extends keyof Contract[R]> =
  Contract[R][P] extends ContractProcedure<infer I, infer _O, infer _E, infer _M>
    ? InferSchemaOutput<I>
    : never;

/** What a service answers, before the contract validates it. */
export type Output<R extends keyof Contract, P extends keyof Contract[R]> =
  Contract[R][P] extends ContractProcedure<infer _I, infer O, infer _E, infer _M>
    ? InferSchemaInput<O>
    : never;
