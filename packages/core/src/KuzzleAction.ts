/**
 * Declares the actions of plugins and applications. A declaration has Schemas for the options and the result, and names
 * for the errors. `make` turns it into a typed function.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { KuzzleAction } from "@effect-kuzzle/core"
 *
 * const park = KuzzleAction.make({
 *   controller: "taxis",
 *   action: "park",
 *   http: ["POST", "/_/taxis/:plate/park"],
 *   idempotent: true,
 *   options: Schema.Struct({ plate: Schema.String, until: Schema.Date }),
 *   body: ["until"],
 *   result: Schema.Struct({ place: Schema.Int }),
 *   errors: { NoPlaceError: "taxis.park.full" }
 * })
 *
 * export const program = park({ plate: "AB-123", until: new Date("2030-01-01"), timeout: "2 seconds" }).pipe(
 *   Effect.map(({ place }) => place),
 *   Effect.catchTag("NoPlaceError", () => Effect.succeed(0))
 * )
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Action from "./internal/client/action.ts"
import type { Kuzzle } from "./internal/client/client.ts"
import * as Json from "./internal/data/json.ts"
import * as Shape from "./internal/data/shape.ts"
import type { Route } from "./internal/protocol/envelope.ts"
import { type ApiErrorFields, EncodeError, isApiError, type RequestError, tagged, TypeId } from "./KuzzleError.ts"

export {
  /**
   * A REST route: the verb and the path. `:name` stands for the argument of that name.
   *
   * @since 0.1.0
   * @category models
   */
  type Route
} from "./internal/protocol/envelope.ts"

export {
  /**
   * The function of an action, with its parts.
   *
   * @since 0.1.0
   * @category models
   */
  type Action,
  /**
   * The options that every call accepts besides its own: `timeout` and `volatile`.
   *
   * @since 0.1.0
   * @category models
   */
  type CallOptions,
  /**
   * An action as data: its names, its route, the places of its options, and its errors.
   *
   * @since 0.1.0
   * @category models
   */
  type Declaration,
  /**
   * The function of an action, from which its declaration and the request of a call can be read.
   *
   * @since 0.1.0
   * @category models
   */
  type Declared,
  /**
   * The parts of an action, for callers that send its requests themselves.
   *
   * @since 0.1.0
   * @category models
   */
  type Sendable
} from "./internal/client/action.ts"

/**
 * Names for the errors of an action, each with the ids of Kuzzle's errors that it stands for.
 *
 * @since 0.1.0
 * @category models
 */
export interface ErrorNames {
  readonly [name: string]: string | ReadonlyArray<string>
}

/**
 * The declaration of an action.
 *
 * @since 0.1.0
 * @category models
 */
export interface Definition<Options, Wire, OptionsR, Result, ResultWire, ResultR, Names extends ErrorNames> {
  /** The name of the controller in requests. For a plugin, it is `plugin/controller`. */
  readonly controller: string
  readonly action: string
  /**
   * The route of the action, for clients over HTTP with the setting `routes: "rest"`. Leave it out if the action has
   * none.
   */
  readonly http?: Route | undefined
  /**
   * Whether executing it twice has the same effect as executing it once. Such an action may be resent after a lost
   * connection.
   */
  readonly idempotent: boolean
  /** Whether it is sent without the token of the session. */
  readonly anonymous?: true | undefined
  /**
   * The Schema of the options of a call. By default, there are none. An option must not have the name of a member that
   * every request has, such as `action` or `jwt`.
   */
  readonly options?: Schema.Schema<Options, Wire, OptionsR> | undefined
  /** The encoded option that *is* the body, or the options that are its members. All other options are arguments. */
  readonly body?: (keyof Wire & string) | ReadonlyArray<keyof Wire & string> | undefined
  /** The Schema of the answer's `result`. Use `Schema.Void` if it has none. */
  readonly result: Schema.Schema<Result, ResultWire, ResultR>
  readonly errors?: Names | undefined
}

/**
 * An error that an action declares. Its `_tag` is the declared name.
 *
 * @since 0.1.0
 * @category errors
 */
export class DeclaredError<out Name extends string> extends Data.Error<ApiErrorFields> {
  /** @since 0.1.0 */
  readonly _tag: Name
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  constructor(name: Name, fields: ApiErrorFields) {
    super(fields)
    this._tag = name
    this.name = name
  }
}

/**
 * The answer is a success, but its result does not fit the Schema.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidResultError extends tagged("KuzzleInvalidResultError")<{
  readonly controller: string
  readonly action: string
  readonly issue: ParseResult.ParseIssue
}> {
  override get message(): string {
    const issue = ParseResult.TreeFormatter.formatIssueSync(this.issue)
    return `the result of ${this.controller}:${this.action} does not fit its Schema: ${issue}`
  }
}

/**
 * The errors of the function of an action.
 *
 * @since 0.1.0
 * @category models
 */
export type Failure<Names extends ErrorNames> =
  | RequestError
  | InvalidResultError
  | { [Name in keyof Names & string]: DeclaredError<Name> }[keyof Names & string]

/**
 * The function that `make` returns.
 *
 * @since 0.1.0
 * @category models
 */
export type CustomAction<Options, Wire, Result, R, Names extends ErrorNames> =
  & ({} extends Options ? (options?: Options & Action.CallOptions) => Effect.Effect<Result, Failure<Names>, Kuzzle | R>
    : (options: Options & Action.CallOptions) => Effect.Effect<Result, Failure<Names>, Kuzzle | R>)
  & Action.Declared<Wire & Action.CallOptions, unknown>

/**
 * Makes the function of an action from its declaration. Options that cannot be encoded fail with an `EncodeError`. A
 * result that does not fit its Schema fails with an `InvalidResultError`. An error of Kuzzle whose id is declared
 * becomes a `DeclaredError`: its `_tag` is the name under which the id is declared.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <
  Result,
  ResultWire,
  ResultR,
  Options extends object = {},
  Wire extends object = {},
  OptionsR = never,
  const Names extends ErrorNames = {}
>(
  definition: Definition<Options, Wire, OptionsR, Result, ResultWire, ResultR, Names>
): CustomAction<Options, Wire, Result, OptionsR | ResultR, Names> => {
  const { action: name, anonymous, body, controller, errors, http, idempotent, options: schema } = definition
  const action = Action.make<Wire & Action.CallOptions, unknown>({
    controller,
    action: name,
    idempotent,
    ...(http === undefined ? {} : { http }),
    ...(anonymous === undefined ? {} : { anonymous }),
    ...(body === undefined ? {} : { body }),
    raw: true,
    // The Schema decodes it below.
    result: Shape.whole(Shape.unknown)
  })
  // Safe: an action without options has an empty object of options.
  const encode = schema === undefined
    ? () => Effect.succeed({} as Wire)
    : Schema.encode(schema, { errors: "all" })
  const decode = Schema.decodeUnknown(definition.result, { errors: "all" })
  const byName = named(errors)

  // The types decide whether the options are optional, there and here.
  const request = action as (options: Wire & Action.CallOptions) => Effect.Effect<unknown, RequestError, Kuzzle>

  const call = (
    { timeout, volatile, ...options }: Action.CallOptions = {}
  ): Effect.Effect<Result, Failure<Names>, Kuzzle | OptionsR | ResultR> =>
    // Safe: without the options of every call, these are the options of the Schema.
    encode(options as Options).pipe(
      Effect.mapError(({ issue }) =>
        new EncodeError({ controller, action: name, issue: ParseResult.TreeFormatter.formatIssueSync(issue) })
      ),
      Effect.flatMap((encoded) => {
        const wire = { ...encoded, timeout, volatile }
        // Encoding by the Schema may have revealed a `Redacted` value.
        return Effect.mapError(request(Json.holdsSecret(options) ? Json.disclosed(wire) : wire), byName)
      }),
      Effect.flatMap((result) =>
        Effect.mapError(decode(result), ({ issue }) => new InvalidResultError({ controller, action: name, issue }))
      )
    )
  // As above.
  return Action.wrap(action, call) as CustomAction<Options, Wire, Result, OptionsR | ResultR, Names>
}

/** Turns an error of Kuzzle into the declared error for its id, if there is one. */
const named = <Names extends ErrorNames>(names: Names | undefined) => {
  const byId = new Map(
    Object.entries(names ?? {}).flatMap(([name, ids]) =>
      (typeof ids === "string" ? [ids] : ids).map((id): [string, keyof Names & string] => [id, name])
    )
  )
  return (error: RequestError): RequestError | DeclaredError<keyof Names & string> => {
    const name = isApiError(error) ? byId.get(error.id) : undefined
    return isApiError(error) && name !== undefined ? new DeclaredError(name, error) : error
  }
}
