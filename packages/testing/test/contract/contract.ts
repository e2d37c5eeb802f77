/**
 * The contract of an action: where its arguments go, that it works against a server, what its result is, member by member,
 * and how it fails. One list for each controller; `contractSuite` holds every server to them, over WebSocket and HTTP.
 */
import type { Kuzzle, KuzzleActionError, KuzzleError } from "@effect-kuzzle/core"
import { assert, layer } from "@effect/vitest"
import { Effect, Either, Layer, ParseResult, Schema } from "effect"
import type { Scope } from "effect"
// The declaration is internal to the core: this is the test that it is what the specification says.
import type { Declaration } from "../../../core/src/internal/action.ts"
import { type Backend, layerWorld, type World } from "../suite/backend.ts"
import { withClient, withHttp } from "../suite/tools.ts"

type Failure<E extends KuzzleActionError.NamedError> = KuzzleError.RequestError | E

/** The function of an action, as the API modules export it. */
export interface Declared<Options, Result, E extends KuzzleActionError.NamedError> {
  readonly declaration: Declaration<Options, Result, E>
  readonly request: (options: Options | undefined) => Kuzzle.KuzzleRequest
}

/** Why something cannot be tried on a server, or through a protocol: the reason is the value. */
export interface Exceptions {
  readonly embedded?: string
  readonly real?: string
  readonly http?: string
  readonly websocket?: string
}

export interface Terms<Options, Value, E extends KuzzleActionError.NamedError> {
  /** An example of every argument, and the request that it makes. */
  readonly sends: readonly [options: Options, request: Kuzzle.KuzzleRequest]
  /** Prepares what it needs, calls the function and gives its result. */
  readonly works: Effect.Effect<Value, Failure<E> | KuzzleError.RequestError, Kuzzle.Kuzzle | World | Scope.Scope>
  /**
   * What the result is, to the last member: one that is not listed is a fault. Of the decoded side; the type is the
   * function's.
   */
  // What it encodes to is of no interest.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly result: Schema.Schema<Value, any>
  /** A call that fails, with the tag of its error and Kuzzle's id. */
  readonly fails?: {
    readonly call: Effect.Effect<unknown, Failure<E>, Kuzzle.Kuzzle | World | Scope.Scope>
    readonly tag: Failure<E>["_tag"]
    readonly id: string
  }
  /** Why there is no failure to be had, when `fails` is left out. */
  readonly neverFails?: string
  readonly except?: Exceptions
}

export interface Contract {
  readonly name: string
  readonly except: Exceptions
  readonly places: () => void
  readonly works: Effect.Effect<
    void,
    KuzzleError.RequestError | KuzzleActionError.NamedError,
    Kuzzle.Kuzzle | World | Scope.Scope
  >
  readonly fails: Effect.Effect<void, never, Kuzzle.Kuzzle | World | Scope.Scope> | undefined
}

export const contract = <Options, Result, E extends KuzzleActionError.NamedError, Value = Result>(
  action: Declared<Options, Result, E>,
  { except = {}, fails, neverFails, result, sends: [options, request], works }: Terms<Options, Value, E>
): Contract => {
  const { action: name, controller } = action.declaration
  return {
    name: `${controller}:${name}`,
    except,
    places: () => {
      assert.deepStrictEqual(JSON.parse(JSON.stringify(action.request(options))), JSON.parse(JSON.stringify(request)))
      assert.isTrue(fails !== undefined || neverFails !== undefined, "how does it fail, or why does it never?")
    },
    works: Effect.map(works, (value) => {
      const checked = Schema.validateEither(Schema.typeSchema(result), { onExcessProperty: "error", errors: "all" })(
        value
      )
      if (Either.isLeft(checked)) assert.fail(ParseResult.TreeFormatter.formatErrorSync(checked.left))
    }),
    fails: fails === undefined ? undefined : Effect.map(Effect.either(fails.call), (outcome) => {
      if (Either.isRight(outcome)) assert.fail(`it succeeded: ${JSON.stringify(outcome.right)}`)
      assert.strictEqual(outcome.left._tag, fails.tag, `${outcome.left.message}`)
      assert.propertyVal(outcome.left, "id", fails.id)
    })
  }
}

/** Holds a server to the contracts. */
export const contractSuite = <E>(
  title: string,
  { backend, contracts, server }: {
    readonly backend: Layer.Layer<Backend, E>
    readonly contracts: ReadonlyArray<Contract>
    readonly server: "embedded" | "real"
  }
): void =>
  layer(Layer.provideMerge(layerWorld, backend), { excludeTestServices: true, timeout: "20 seconds" })(title, (it) => {
    for (const [protocol, using] of [["websocket", withClient], ["http", withHttp]] as const) {
      for (const { except, fails, name, works } of contracts) {
        if (except[server] !== undefined || except[protocol] !== undefined) continue
        it.effect(`${name} over ${protocol}: its result`, () => using()(works))
        if (fails !== undefined) it.effect(`${name} over ${protocol}: its failure`, () => using()(fails))
      }
    }
  })
