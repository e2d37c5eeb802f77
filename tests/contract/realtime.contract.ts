/** `realtime`. */
import { Kuzzle, type KuzzleActionError, KuzzleError, KuzzleRealtime } from "@effect-kuzzle/core"
import { Effect, Schema } from "effect"
// The request is internal to the core: no function sends it, but the end of a scope. So is what an answer is read with.
import * as Shape from "../../packages/core/src/internal/data/shape.ts"
import * as Subscriptions from "../../packages/core/src/internal/protocol/subscriptions.ts"
import { World } from "../suite/backend.ts"
import { contract, type Declared } from "./contract.ts"

const target = { index: "nyc", collection: "taxi" }
const asks = (action: string) => ({ controller: "realtime", action })

const everything = { filter: {}, scope: "all", users: "none" } as const
const room = { scope: "in", users: "all" } as const
const Room = Schema.Struct({ roomId: Schema.NonEmptyString, channel: Schema.NonEmptyString })
const connected = { http: "it is of a connection" }

/** What the server says to it, under the names that it declares. The streams have tests of their own, in the client suite. */
const sent = <Options, Result, E extends KuzzleActionError.NamedError>(
  { declaration, request }: Declared<Options, Result, E>,
  options: Options
) =>
  Effect.flatMap(
    Effect.mapError(Kuzzle.query(request(options)), (error) => {
      const Named = KuzzleError.isApiError(error)
        ? declaration.errors?.find(({ ids }) => ids.includes(error.id))
        : undefined
      return Named === undefined || !KuzzleError.isApiError(error) ? error : new Named(error)
    }),
    ({ result }) => Shape.outcome(declaration, declaration.result(result))
  )

const subscribed = Effect.flatMap(
  World,
  ({ index, name }) => sent(KuzzleRealtime.subscribe, { ...everything, index, collection: name("nowhere") })
)

const unsubscribe: Declared<{ readonly roomId: string }, unknown, never> = {
  declaration: {
    controller: "realtime",
    action: "unsubscribe",
    idempotent: true,
    result: (result) => result
  },
  request: (options) => Subscriptions.leave(options?.roomId ?? "")
}

export const contracts = [
  contract(KuzzleRealtime.subscribe, {
    except: connected,
    sends: [
      { ...target, ...room, filter: { exists: "a" } },
      { ...asks("subscribe"), ...target, ...room, body: { exists: "a" } }
    ],
    works: subscribed,
    result: Room,
    fails: {
      call: sent(KuzzleRealtime.subscribe, { ...everything, ...target, filter: { regexp: { a: "(" } } }),
      tag: "KuzzleInvalidFilterError",
      id: "api.assert.koncorde_dsl_error"
    }
  }),
  contract(KuzzleRealtime.join, {
    except: connected,
    sends: [{ ...room, roomId: "r" }, { ...asks("join"), ...room, body: { roomId: "r" } }],
    works: Effect.flatMap(subscribed, ({ roomId }) => sent(KuzzleRealtime.join, { ...room, roomId })),
    result: Room,
    fails: {
      call: sent(KuzzleRealtime.join, { ...room, roomId: "nobody's" }),
      tag: "KuzzleRoomNotFoundError",
      id: "core.realtime.room_not_found"
    }
  }),
  contract(unsubscribe, {
    except: connected,
    sends: [{ roomId: "r" }, { ...asks("unsubscribe"), body: { roomId: "r" } }],
    works: Effect.flatMap(subscribed, ({ roomId }) => sent(unsubscribe, { roomId })),
    result: Schema.Struct({ roomId: Schema.NonEmptyString }),
    fails: {
      call: sent(unsubscribe, { roomId: "nobody's" }),
      tag: "KuzzlePreconditionError",
      id: "core.realtime.not_subscribed"
    }
  }),
  contract(KuzzleRealtime.count, {
    sends: [{ roomId: "r" }, { ...asks("count"), body: { roomId: "r" } }],
    works: KuzzleRealtime.count({ roomId: "nobody's" }),
    result: Schema.Literal(0),
    fails: {
      // Not what the type asks for.
      call: KuzzleRealtime.count({ roomId: 1 as never }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.invalid_type"
    }
  }),
  contract(KuzzleRealtime.list, {
    sends: [{}, asks("list")],
    works: KuzzleRealtime.list(),
    result: Schema.Record({
      key: Schema.String,
      value: Schema.Record({ key: Schema.String, value: Schema.Record({ key: Schema.String, value: Schema.Number }) })
    }),
    neverFails: "it takes no argument"
  }),
  contract(KuzzleRealtime.publish, {
    sends: [{ ...target, message: { a: 1 }, _id: "x" }, { ...asks("publish"), ...target, _id: "x", body: { a: 1 } }],
    works: Effect.flatMap(
      World,
      ({ index, name }) => KuzzleRealtime.publish({ index, collection: name("nowhere"), message: { a: 1 } })
    ),
    result: Schema.Void,
    fails: {
      call: KuzzleRealtime.publish({ index: "nyc", collection: "", message: {} }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.missing_argument"
    }
  }),
  contract(KuzzleRealtime.validate, {
    sends: [{ ...target, message: { a: 1 } }, { ...asks("validate"), ...target, body: { a: 1 } }],
    works: Effect.flatMap(
      World,
      ({ index, name }) => KuzzleRealtime.validate({ index, collection: name("nowhere"), message: { a: 1 } })
    ),
    result: Schema.Struct({ valid: Schema.Literal(true), errorMessages: Schema.Struct({}) }),
    fails: {
      // No message, which the type asks for.
      call: KuzzleRealtime.validate({ ...target, message: undefined as never }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.body_required"
    }
  })
]
