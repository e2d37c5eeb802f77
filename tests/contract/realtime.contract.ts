/** `realtime`. */
import { Kuzzle, type KuzzleActionError, KuzzleError, KuzzleRealtime } from "@effect-kuzzle/core"
import { Effect, Schema } from "effect"
// Internal to the core: the request that the end of a scope sends, and how an answer is read.
import * as Shape from "../../packages/core/src/internal/data/shape.ts"
import * as Subscriptions from "../../packages/core/src/internal/protocol/subscriptions.ts"
import { World } from "../suite/backend.ts"
import { contract, type Declared } from "./contract.ts"

const target = { index: "nyc", collection: "taxi" }
const wire = (action: string) => ({ controller: "realtime", action })

const everything = { filter: {}, scope: "all", users: "none" } as const
const room = { scope: "in", users: "all" } as const
const Room = Schema.Struct({ roomId: Schema.NonEmptyString, channel: Schema.NonEmptyString })
const connected = { http: "a subscription belongs to a connection" }

/** Sends the request of an action, with the errors that it declares. The client suite tests the streams. */
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
      { ...wire("subscribe"), ...target, ...room, body: { exists: "a" } }
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
    sends: [{ ...room, roomId: "r" }, { ...wire("join"), ...room, body: { roomId: "r" } }],
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
    sends: [{ roomId: "r" }, { ...wire("unsubscribe"), body: { roomId: "r" } }],
    works: Effect.flatMap(subscribed, ({ roomId }) => sent(unsubscribe, { roomId })),
    result: Schema.Struct({ roomId: Schema.NonEmptyString }),
    fails: {
      call: sent(unsubscribe, { roomId: "nobody's" }),
      tag: "KuzzlePreconditionError",
      id: "core.realtime.not_subscribed"
    }
  }),
  contract(KuzzleRealtime.count, {
    sends: [{ roomId: "r" }, { ...wire("count"), body: { roomId: "r" } }],
    works: KuzzleRealtime.count({ roomId: "nobody's" }),
    result: Schema.Literal(0),
    fails: {
      // The type does not permit a number.
      call: KuzzleRealtime.count({ roomId: 1 as never }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.invalid_type"
    }
  }),
  contract(KuzzleRealtime.list, {
    sends: [{}, wire("list")],
    works: KuzzleRealtime.list(),
    result: Schema.Record({
      key: Schema.String,
      value: Schema.Record({ key: Schema.String, value: Schema.Record({ key: Schema.String, value: Schema.Number }) })
    }),
    neverFails: "it takes no argument"
  }),
  contract(KuzzleRealtime.publish, {
    sends: [{ ...target, message: { a: 1 }, _id: "x" }, { ...wire("publish"), ...target, _id: "x", body: { a: 1 } }],
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
    sends: [{ ...target, message: { a: 1 } }, { ...wire("validate"), ...target, body: { a: 1 } }],
    works: Effect.flatMap(
      World,
      ({ index, name }) => KuzzleRealtime.validate({ index, collection: name("nowhere"), message: { a: 1 } })
    ),
    result: Schema.Struct({ valid: Schema.Literal(true), errorMessages: Schema.Struct({}) }),
    fails: {
      // The type requires a message.
      call: KuzzleRealtime.validate({ ...target, message: undefined as never }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.body_required"
    }
  })
]
