/**
 * Turns the declaration of an action of Kuzzle into its typed function. The declaration says where each option goes in
 * the request, which route the action has, and whether it may be sent twice. The contract tests use it, too.
 */
import * as Effect from "effect/Effect"
import type { NamedError, NamedErrorClass } from "../../KuzzleActionError.ts"
import { isApiError, type RequestError } from "../../KuzzleError.ts"
import * as Json from "../data/json.ts"
import * as Shape from "../data/shape.ts"
import type { Route } from "../protocol/envelope.ts"
import {
  type ExchangeOptions,
  Kuzzle,
  type KuzzleRequest,
  type KuzzleResponse,
  type KuzzleShape,
  type RequestOptions
} from "./client.ts"

/** The options of every call. */
export type CallOptions = Pick<RequestOptions, "timeout" | "volatile">

/** The options of a call that are no arguments of the action. */
const own: ReadonlySet<string> = new Set<keyof CallOptions>(["timeout", "volatile"])

export interface Declaration<Options, Result, E extends NamedError = never> {
  readonly controller: string
  readonly action: string
  /**
   * The REST route, where `:name` stands for the argument of that name. Left out for an action that needs a WebSocket.
   */
  readonly http?: Route
  /**
   * Whether executing it twice has the same effect as executing it once. Such an action may be resent after a lost
   * connection.
   */
  readonly idempotent: boolean
  /** The option that *is* the body, or the options that are its members. All other options are arguments. */
  readonly body?: (keyof Options & string) | ReadonlyArray<keyof Options & string>
  /** Whether the option `filter`, a Koncorde filter, is sent as `query` with `lang: "koncorde"`. */
  readonly filterAsQuery?: true
  /** Whether it is sent without the token of the session. */
  readonly anonymous?: true
  /** The errors that Kuzzle documents for this action, besides those of every request. */
  readonly errors?: ReadonlyArray<NamedErrorClass<E>>
  /** Whether the action may answer with a raw value instead of an envelope (spec 1.3). */
  readonly raw?: true
  /** The shape of a successful result, and the value that the function returns for it. */
  readonly result: Shape.Reader<Result>
}

/** The function of an action, from which its declaration and the request of a call can be read. */
export interface Declared<Options, Result, E extends NamedError = never> {
  readonly declaration: Declaration<Options, Result, E>
  /** The request that a call would send. */
  readonly request: (options: Options | undefined) => KuzzleRequest
}

/** The parts of an action, for callers that send its requests themselves, for example many at once. */
export interface Sendable<Options, Result, E extends NamedError = never> extends Declared<Options, Result, E> {
  /** The options of the request that a call would send, such as `timeout`. */
  readonly options: (options: Options | undefined) => ExchangeOptions
  /**
   * Turns an error of Kuzzle into the named error that the action declares for its id. Returns any other error
   * unchanged.
   */
  readonly named: <F>(error: F) => F | E
  /** Sends a request of the action, and reads the answer. */
  readonly send: (
    kuzzle: KuzzleShape,
    request: KuzzleRequest,
    options: ExchangeOptions
  ) => Effect.Effect<Result, RequestError | E>
}

/**
 * The function of an action, with its parts. It is a conditional type, because editors then show the function. They
 * would show an alias of an intersection by its name.
 */
export type Action<Options, Result, E extends NamedError = never> = ({}) extends Options ?
    & ((options?: Options) => Effect.Effect<Result, RequestError | E, Kuzzle>)
    & Sendable<Options, Result, E>
  :
    & ((options: Options) => Effect.Effect<Result, RequestError | E, Kuzzle>)
    & Sendable<Options, Result, E>

export const make = <Options extends CallOptions, Result, E extends NamedError = never>(
  declaration: Declaration<Options, Result, E>
): Action<Options, Result, E> => {
  const request = placement(declaration)
  const { anonymous, errors = [], http: route, idempotent, raw = false } = declaration
  const defaults: ExchangeOptions = { idempotent, anonymous, route }
  const options = (call: Options | undefined): ExchangeOptions =>
    call?.timeout === undefined && call?.volatile === undefined
      ? defaults :
      { ...defaults, timeout: call.timeout, volatile: call.volatile }
  const named = naming(errors)
  const outcome = {
    onFailure: (error: RequestError) => Effect.fail(named(error)),
    // An answer without an id comes from a raw action over HTTP, or from another server.
    onSuccess: ({ requestId, result }: KuzzleResponse) =>
      Shape.outcome(
        declaration,
        requestId === "" && !raw ? new Shape.Issue("", "an answer of Kuzzle", result) : declaration.result(result)
      )
  }
  const send = (kuzzle: KuzzleShape, request: KuzzleRequest, options: ExchangeOptions) =>
    Effect.matchEffect(kuzzle.query(request, options), outcome)
  const call = (callOptions?: Options): Effect.Effect<Result, RequestError | E, Kuzzle> =>
    Effect.flatMap(Kuzzle, (kuzzle) => send(kuzzle, request(callOptions), options(callOptions)))
  // `call` accepts its options as optional. The type of the action decides whether they are.
  return Object.assign(call, { declaration, request, options, named, send }) as Action<Options, Result, E>
}

/**
 * A function that replaces the action's own one, with the declaration of the action. It is a helper, because bundlers
 * would keep a spread or a member access at the place of the call in every bundle.
 */
export const wrap = <Wrapper extends object, Options, Result, E extends NamedError>(
  { declaration, request }: Declared<Options, Result, E>,
  wrapper: Wrapper
): Wrapper & Declared<Options, Result, E> => Object.assign(wrapper, { declaration, request })

const naming = <E extends NamedError>(errors: ReadonlyArray<NamedErrorClass<E>>) => <F>(error: F): F | E => {
  if (errors.length === 0 || !isApiError(error)) return error
  const Named = errors.find(({ ids }) => ids.includes(error.id))
  return Named === undefined ? error : new Named(error)
}

/** Adds the errors of a wrapper to the declaration of an action. Only pages that use the wrapper contain the errors. */
export const failing = <Options, Result, E extends NamedError>(
  { declaration, request }: Declared<Options, Result>,
  errors: ReadonlyArray<NamedErrorClass<E>>
): Declared<Options, Result, E> & Pick<Sendable<Options, Result, E>, "named"> => ({
  declaration: { ...declaration, errors },
  request,
  named: naming(errors)
})

/** The action with other options than Kuzzle's. `input` converts them to Kuzzle's. */
export const mapInput = <Options extends CallOptions, Wire extends CallOptions, Result, E extends NamedError>(
  action: Action<Wire, Result, E>,
  input: (options: Options) => Wire
): Action<Options, Result, E> => {
  const wire = (options: Options | undefined) => options === undefined ? undefined : input(options)
  // Safe: an action accepts `undefined` for no options, even if its type requires them.
  const run = action as (options: Wire | undefined) => Effect.Effect<Result, RequestError | E, Kuzzle>
  return Object.assign((options?: Options) => Effect.suspend(() => run(wire(options))), {
    declaration: action.declaration,
    request: (options: Options | undefined) => action.request(wire(options)),
    options: (options: Options | undefined) => action.options(wire(options)),
    named: action.named,
    send: action.send
    // As in `make`. The declaration has the options that Kuzzle accepts.
  }) as unknown as Action<Options, Result, E>
}

/** Makes the request of a call: puts each option where the declaration says. */
const placement = <Options, Result, E extends NamedError>(
  { action, body, controller, filterAsQuery }: Declaration<Options, Result, E>
): (options: Options | undefined) => KuzzleRequest => {
  const members: ReadonlySet<string> | undefined = Array.isArray(body) ? new Set(body) : undefined
  return (options) => {
    const request: { controller: string; action: string; [argument: string]: unknown } = { controller, action }
    const inBody: Record<string, unknown> = {}
    for (const [option, value] of Object.entries(options ?? {})) {
      if (value === undefined || own.has(option)) continue
      const isFilter = filterAsQuery === true && option === "filter"
      const key = isFilter ? "query" : option
      if (isFilter) request.lang = "koncorde"
      if (key === body) request.body = value
      else if (members?.has(key) === true) inBody[key] = value
      else request[key] = value
    }
    if (members !== undefined) request.body = inBody
    return options instanceof Json.Disclosed ? Json.disclosed(request) : request
  }
}
