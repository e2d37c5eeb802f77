/**
 * Real-time: subscriptions that survive lost connections, as streams or by handler; publishing; counting.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Action from "./internal/action.ts"
import type { Frame } from "./internal/protocol/frame.ts"
import type * as Subscriptions from "./internal/protocol/subscriptions.ts"
import * as Mailbox from "./internal/runtime/mailbox.ts"
import * as Realtime from "./internal/runtime/realtime.ts"
import type { RequestError } from "./KuzzleError.ts"
import type { Filter } from "./KuzzleFilter.ts"

/**
 * A document as a notification carries it. Kuzzle passes more or less of it along with what happened (spec 1.5).
 *
 * @since 0.1.0
 * @category models
 */
export interface NotifiedDocument {
  /** Absent for a message that was published without one, and when `document:upsert` creates. */
  readonly _id?: string
  readonly _source?: Readonly<Record<string, unknown>>
  /** Dotted paths of what changed; for partial updates only. */
  readonly _updatedFields?: ReadonlyArray<string>
  readonly _version?: number
  readonly [key: string]: unknown
}

/**
 * A document was written, deleted or published.
 *
 * @since 0.1.0
 * @category models
 */
export interface DocumentNotification {
  readonly type: "document"
  /** `in`: it matches the filter now; `out`: it does not any more, or is gone. */
  readonly scope: "in" | "out"
  readonly event: "write" | "delete" | "publish"
  readonly action: "create" | "update" | "replace" | "delete" | "publish" | (string & {})
  readonly controller: string
  readonly index: string
  readonly collection: string
  /** Milliseconds since the epoch, by the server's clock. */
  readonly timestamp: number
  /** The volatile data of the request that caused it. */
  readonly volatile: Readonly<Record<string, unknown>> | null
  readonly protocol: string
  /** The id of the request that caused it. */
  readonly requestId: string
  readonly result: NotifiedDocument
  readonly status: number
  readonly room: string
}

/**
 * A user entered or left the room. Only with the option `users`.
 *
 * @since 0.1.0
 * @category models
 */
export interface UserNotification {
  readonly type: "user"
  readonly user: "in" | "out"
  /** Connections in the room, on the server's node. */
  readonly result: { readonly count: number }
  readonly controller: string
  readonly action: string
  readonly index: string
  readonly collection: string
  readonly timestamp: number
  /** The volatile data of that user's subscription. */
  readonly volatile: Readonly<Record<string, unknown>> | null
  readonly protocol: string | null
  readonly status: number
  readonly room: string
}

/**
 * Notifications may have been lost here: what has been read must be read again. Kuzzle numbers and keeps none, so
 * nothing can bring them back.
 *
 * @since 0.1.0
 * @category models
 */
export interface Gap {
  readonly type: "gap"
  readonly cause: GapCause
}

/**
 * Why: the connection was down, the token expired (the server then drops all subscriptions), or the consumer did not
 * keep up and `lost` notifications gave way.
 *
 * @since 0.1.0
 * @category models
 */
export type GapCause = Subscriptions.GapCause

/**
 * @since 0.1.0
 * @category models
 */
export type Notification = DocumentNotification | UserNotification | Gap

/**
 * What to listen to.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubscribeOptions {
  readonly index: string
  readonly collection: string
  /** Which documents; all of the collection by default. See `KuzzleFilter`. */
  readonly filter?: Filter | undefined
  /** Whether to hear of documents that enter the filter, leave it, both (`all`, the default) or neither. */
  readonly scope?: "all" | "in" | "out" | "none" | undefined
  /** Whether to hear of users that come, leave, both, or neither (`none`, the default). */
  readonly users?: "all" | "in" | "out" | "none" | undefined
  /** Kept by the server and shown to others in the notification of our leaving. */
  readonly volatile?: Readonly<Record<string, unknown>> | undefined
}

/**
 * What a stream holds for a consumer that is slow. There is no `suspend`: nothing may stop the socket from being read,
 * because Kuzzle drops the notifications of slow readers without a word (spec 1.8).
 *
 * @since 0.1.0
 * @category models
 */
export interface BufferOptions {
  /** Notifications held at most, one or more; 16,384 by default. */
  readonly bufferSize?: number | undefined
  /** Which give way when it is full: the oldest (`sliding`, the default) or the newest (`dropping`). */
  readonly strategy?: "sliding" | "dropping" | undefined
}

/**
 * A subscription whose consumer is a function.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listening {
  /**
   * Fails when the subscription ends by itself: refused when it was opened again, or (a defect) the handler threw.
   * Interrupted when the scope closes.
   */
  readonly ended: Effect.Effect<never, RequestError>
}

/**
 * The real-time half of a client. Only WebSocket layers provide it.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleRealtimeShape {
  /** See `open`. */
  readonly open: (
    options: SubscribeOptions & BufferOptions
  ) => Effect.Effect<Stream.Stream<Notification, RequestError>, RequestError, Scope.Scope>
  /** See `listen`. */
  readonly listen: (
    options: SubscribeOptions,
    handler: (notification: Notification) => void
  ) => Effect.Effect<Listening, RequestError, Scope.Scope>
}

/**
 * @since 0.1.0
 * @category tags
 */
export class KuzzleRealtime extends Context.Tag("@effect-kuzzle/core/KuzzleRealtime")<
  KuzzleRealtime,
  KuzzleRealtimeShape
>() {}

/** @internal */
export const make = (realtime: Realtime.Realtime): KuzzleRealtimeShape => ({
  open: (options) =>
    Effect.suspend(() => {
      const consumer = new StreamConsumer(options)
      return Effect.as(realtime.open(toRequest(options), consumer), consumer.mailbox.stream)
    }),
  listen: (options, handler) =>
    Effect.suspend(() => {
      const consumer = new HandlerConsumer(handler)
      return Effect.as(realtime.open(toRequest(options), consumer), consumer)
    })
})

class StreamConsumer extends Realtime.Subscriber {
  readonly mailbox: Mailbox.Mailbox<Notification, RequestError>

  constructor({ bufferSize = 16_384, strategy = "sliding" }: BufferOptions) {
    super()
    this.mailbox = Mailbox.make<Notification, RequestError>({
      capacity: bufferSize >= 1 ? Math.floor(bufferSize) : 1,
      strategy,
      overflow: (lost) => ({ type: "gap", cause: { _tag: "Overflow", lost } })
    })
  }

  notify(frame: Frame): void {
    this.mailbox.offer(toNotification(frame))
  }

  gap(cause: GapCause): void {
    this.mailbox.offer({ type: "gap", cause })
  }

  end(error: RequestError): void {
    this.mailbox.fail(Cause.fail(error))
  }

  close(): void {
    this.mailbox.discard()
    this.mailbox.end()
  }
}

class HandlerConsumer extends Realtime.Subscriber implements Listening {
  private cause: Cause.Cause<RequestError> | undefined = undefined
  private waiters: ReadonlyArray<(exit: Exit.Exit<never, RequestError>) => void> = []

  constructor(private readonly handler: (notification: Notification) => void) {
    super()
  }

  notify(frame: Frame): void {
    this.handle(toNotification(frame))
  }

  gap(cause: GapCause): void {
    this.handle({ type: "gap", cause })
  }

  end(error: RequestError): void {
    this.finish(Cause.fail(error))
  }

  close(): void {
    this.finish(Cause.interrupt(FiberId.none))
  }

  get ended(): Effect.Effect<never, RequestError> {
    return Effect.async((resume) => {
      if (this.cause !== undefined) return resume(Exit.failCause(this.cause))
      this.waiters = [...this.waiters, resume]
      return Effect.sync(() => {
        this.waiters = this.waiters.filter((waiter) => waiter !== resume)
      })
    })
  }

  /** A handler that throws is a defect, and the end, of its own subscription; the socket and the others go on. */
  private handle(notification: Notification): void {
    if (this.cause !== undefined) return
    try {
      this.handler(notification)
    } catch (defect) {
      this.finish(Cause.die(defect))
    }
  }

  private finish(cause: Cause.Cause<RequestError>): void {
    if (this.cause !== undefined) return
    this.cause = cause
    const exit = Exit.failCause(cause)
    for (const waiter of this.waiters) waiter(exit)
    this.waiters = []
  }
}

const toRequest = (options: SubscribeOptions): Realtime.SubscribeRequest => ({
  index: options.index,
  collection: options.collection,
  body: options.filter ?? {},
  scope: options.scope ?? "all",
  users: options.users ?? "none",
  volatile: options.volatile
})

/** The registry hands over only frames of channels that the server gave us: they are what spec 1.5 says. */
const toNotification = (frame: Frame): Notification => frame as unknown as Notification

/**
 * Subscribes, and unsubscribes when the stream ends. The stream goes on over lost connections, with a `Gap` where
 * notifications may be missing, and fails when the server refuses the subscription.
 *
 * The subscription is made when the stream is run. Where something must happen *after* it, use `open`.
 *
 * @example
 * ```ts
 * import { Console, Effect, Stream } from "effect"
 * import { KuzzleFilter, KuzzleRealtime } from "@effect-kuzzle/core"
 *
 * export const watch = KuzzleRealtime.subscribe({
 *   index: "nyc",
 *   collection: "taxi",
 *   filter: KuzzleFilter.equals("status", "free")
 * }).pipe(
 *   Stream.runForEach((notification) =>
 *     notification.type === "gap"
 *       ? Console.log("read again what you have:", notification.cause._tag)
 *       : Console.log(notification.action, notification.result)
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category subscriptions
 */
export const subscribe = (
  options: SubscribeOptions & BufferOptions
): Stream.Stream<Notification, RequestError, KuzzleRealtime> => Stream.unwrapScoped(open(options))

/**
 * Subscribes until the scope closes, and is done when the server has confirmed: what is written from then on is in the
 * stream. While the connection is down it waits for the next one. The stream is for one consumer.
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { KuzzleDocument, KuzzleRealtime } from "@effect-kuzzle/core"
 *
 * export const seeOwnWrite = Effect.scoped(Effect.gen(function*() {
 *   const notifications = yield* KuzzleRealtime.open({ index: "nyc", collection: "taxi" })
 *   yield* KuzzleDocument.create({ index: "nyc", collection: "taxi", content: { status: "free" } })
 *   return yield* Stream.runHead(notifications)
 * }))
 * ```
 *
 * @since 0.1.0
 * @category subscriptions
 */
export const open = (
  options: SubscribeOptions & BufferOptions
): Effect.Effect<Stream.Stream<Notification, RequestError>, RequestError, KuzzleRealtime | Scope.Scope> =>
  Effect.flatMap(KuzzleRealtime, (realtime) => realtime.open(options))

/**
 * Subscribes until the scope closes, with a plain function as the consumer: called synchronously, in order, with nothing
 * held in between. For counters and caches that must keep up with a flood; everything else is better off with a stream.
 *
 * Done when the server has confirmed. The `ended` of what it gives tells when the subscription ends by itself.
 *
 * @since 0.1.0
 * @category subscriptions
 */
export const listen = (
  options: SubscribeOptions,
  handler: (notification: Notification) => void
): Effect.Effect<Listening, RequestError, KuzzleRealtime | Scope.Scope> =>
  Effect.flatMap(KuzzleRealtime, (realtime) => realtime.listen(options, handler))

/**
 * Sends a message to the subscribers of a collection without storing it (`realtime:publish`).
 *
 * @since 0.1.0
 * @category actions
 */
export const publish = Action.make<
  Action.CallOptions & {
    readonly index: string
    readonly collection: string
    readonly message: Readonly<Record<string, unknown>>
    /** Filters on `_id` see only an id that is given here. */
    readonly _id?: string | undefined
  },
  void
>({
  controller: "realtime",
  action: "publish",
  http: ["POST", "/:index/:collection/_publish"],
  idempotent: false,
  body: "message",
  result: Action.done
})

/**
 * How many connections are in a room, in the whole cluster (`realtime:count`); 0 for a room that does not exist. The
 * room of a notification is its `room` up to the last `-`.
 *
 * @since 0.1.0
 * @category actions
 */
export const count = Action.make<Action.CallOptions & { readonly roomId: string }, number>({
  controller: "realtime",
  action: "count",
  http: ["POST", "/_count"],
  idempotent: true,
  body: ["roomId"],
  result: Action.member("count")
})
