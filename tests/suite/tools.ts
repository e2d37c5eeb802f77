/** Helpers of the tests in this folder. */
import { Kuzzle, type KuzzleDocument, KuzzleRealtime, KuzzleSchedule } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import { Array as Arr, type Duration, Effect, Layer, Option, Queue, Stream } from "effect"
import type { Scope } from "effect"
import {
  Backend,
  type ClientOptions,
  type ClientServices,
  type Collection,
  type HttpOptions,
  World
} from "./backend.ts"
import { soon, turns } from "./until.ts"

/** Short delays, so that tests are fast. */
export const quick: ClientOptions = {
  requestTimeout: "10 seconds",
  connectTimeout: "2 seconds",
  reconnect: KuzzleSchedule.reconnect({ base: "100 millis", cap: "200 millis" })
}

/** Runs an effect with a client of its own. */
export const withClient = (options: ClientOptions = {}) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(
    Backend,
    ({ client }) => effect.pipe(Effect.scoped, Effect.provide(client({ ...quick, ...options })))
  )

export const withHttp = (options: HttpOptions = {}) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Backend, ({ http }) => effect.pipe(Effect.scoped, Effect.provide(http(options))))

/** Another client, until the scope closes. Returns a function that provides it. */
export const anotherClient = (options: ClientOptions = {}) =>
  Effect.flatMap(Backend, ({ client }) =>
    Effect.map(
      Layer.build(client({ ...quick, ...options })),
      (context) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, ClientServices>> =>
        Effect.provide(effect, context)
    ))

/** Asserts that the effect fails with an error of this class, and returns the error. */
export const failure = <E, T extends E, A, R>(
  effect: Effect.Effect<A, E, R>,
  // The class is only compared, so the parameters of its constructor do not matter.
  type: abstract new(...args: Array<never>) => T,
  id?: string
): Effect.Effect<T, never, R> =>
  Effect.map(Effect.either(effect), (result) => {
    if (result._tag === "Right") assert.fail(`it succeeded: ${JSON.stringify(result.right)}`)
    const error = result.left
    if (!(error instanceof type)) assert.fail(`not a ${type.name}: ${JSON.stringify(error)}`)
    if (id !== undefined) assert.propertyVal(error, "id", id)
    return error
  })

/** Writes documents, and waits until searches find them. */
export const fill = (
  target: Collection,
  documents: ReadonlyArray<{ readonly _id?: string; readonly body: KuzzleDocument.Content }>
) =>
  Effect.flatMap(World, ({ admin }) =>
    Effect.forEach(
      Arr.chunksOf(documents, 200),
      (documents) =>
        admin.query({ controller: "document", action: "mCreate", ...target, refresh: "wait_for", body: { documents } }),
      { discard: true }
    ))

/**
 * Forks an effect that sends a request, and returns once it is sent. On an open connection this takes turns of the event loop
 * and no time. The metric of requests in flight does not show it, because all clients of the process share it.
 */
export const sending = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.zipLeft(Effect.fork(effect), turns)

/** A stream, one element at a time. */
export interface Inbox<A, E> {
  readonly take: Effect.Effect<A, E>
  readonly takeN: (n: number) => Effect.Effect<ReadonlyArray<A>, E>
  /** Asserts that no element arrives for this long. */
  readonly silent: (duration: Duration.DurationInput) => Effect.Effect<void>
}

export const inbox = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  what: string
): Effect.Effect<Inbox<A, E>, never, R | Scope.Scope> =>
  Effect.map(Stream.toQueueOfElements(stream), (queue) => {
    const take = Queue.take(queue).pipe(
      Effect.flatten,
      Effect.catchAll(Option.match({
        onNone: () => Effect.dieMessage(`${what}: the stream ended`),
        onSome: (error: E) => Effect.fail(error)
      })),
      (element) => soon(what, element)
    )
    return {
      take,
      takeN: (n) => Effect.replicateEffect(take, n),
      silent: (duration) =>
        Effect.map(Effect.zipRight(Effect.sleep(duration), Queue.takeAll(queue)), (elements) => {
          assert.deepStrictEqual([...elements], [])
        })
    }
  })

/** Subscribes, and returns the notifications one at a time. */
export const listenTo = (options: KuzzleRealtime.SubscribeOptions & KuzzleRealtime.BufferOptions<"sliding">) =>
  Effect.flatMap(KuzzleRealtime.open(options), (notifications) => inbox(notifications, "a notification"))

/** The states of a client: the present one, and functions that wait for later ones. */
export const statesOf = (kuzzle: Kuzzle.KuzzleShape) =>
  Effect.gen(function*() {
    const states = yield* inbox(Kuzzle.streamOf(kuzzle.states), "a state")
    const now = yield* states.take
    const until = (tag: Kuzzle.ConnectionState["_tag"]): Effect.Effect<ReadonlyArray<Kuzzle.ConnectionState>> =>
      Effect.flatMap(states.take, (state) =>
        state._tag === tag
          ? Effect.succeed([state])
          : Effect.map(until(tag), (rest) => [state, ...rest]))
    return { now, until, silent: states.silent }
  })

export const roomOf = ({ room }: { readonly room: string }): string => room.slice(0, room.lastIndexOf("-"))

/** The notification, if it is about a document. Otherwise the test fails. */
export const documentOf = (notification: KuzzleRealtime.Notification): KuzzleRealtime.DocumentNotification => {
  if (notification.type !== "document") assert.fail(`not about a document: ${JSON.stringify(notification)}`)
  return notification
}

export const userOf = (notification: KuzzleRealtime.Notification): KuzzleRealtime.UserNotification => {
  if (notification.type !== "user") assert.fail(`not about a user: ${JSON.stringify(notification)}`)
  return notification
}

export const gapOf = (notification: KuzzleRealtime.Notification): KuzzleRealtime.Gap => {
  if (notification.type !== "gap") assert.fail(`not a gap: ${JSON.stringify(notification)}`)
  return notification
}

/** The number in a document of `writeNumbered`, or in a message. */
export const numberOf = (notification: KuzzleRealtime.Notification): unknown =>
  documentOf(notification).result._source?.n
