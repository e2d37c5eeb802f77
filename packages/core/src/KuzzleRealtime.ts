/**
 * Real-time functions: subscriptions that survive lost connections, as streams or with a callback, and publishing
 * messages.
 *
 * A subscription ends with its scope, or with its stream. The client then sends `realtime:unsubscribe`, once the last
 * consumer of the room has ended. A subscription that ends while the connection is down is not opened again.
 *
 * Metrics: `kuzzle.client.gaps` (label `cause`) and `kuzzle.client.notifications.lost`, summed over all clients of the process.
 *
 * @module
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Action from "./internal/client/action.ts"
import * as Shape from "./internal/data/shape.ts"
import type { KuzzleRequest } from "./internal/protocol/envelope.ts"
import type { Frame } from "./internal/protocol/envelope.ts"
import type { GapCause } from "./internal/protocol/intent.ts"
import type { SubscriptionRequest } from "./internal/protocol/listening.ts"
import type { Broadcast, Watchable } from "./internal/runtime/broadcast.ts"
import * as Mailbox from "./internal/runtime/mailbox.ts"
import * as Realtime from "./internal/runtime/realtime.ts"
import type { DebuggerFrame } from "./internal/runtime/realtime.ts"
import { InvalidFilterError, RoomNotFoundError, SpecificationRejectionError } from "./KuzzleActionError.ts"
import { OverflowError, type RequestError } from "./KuzzleError.ts"
import type { Filter } from "./KuzzleFilter.ts"

/**
 * A document in a notification. Which members it has depends on the action that caused the notification (spec 1.5).
 *
 * @since 0.1.0
 * @category models
 */
export interface NotifiedDocument {
  /** Absent for a message that was published without one, and when `document:upsert` creates a document. */
  readonly _id?: string
  /** Absent when `document:upsert` creates a document, and for a document that was written with `source: false`. */
  readonly _source?: Readonly<Record<string, unknown>>
  /** Dotted paths of the changed fields. Present only after partial updates. */
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
  /** `in`: the document now matches the filter. `out`: it no longer matches, or was deleted. */
  readonly scope: "in" | "out"
  readonly event: "write" | "delete" | "publish"
  readonly action: "create" | "update" | "replace" | "delete" | "publish" | (string & {})
  readonly controller: string
  readonly index: string
  readonly collection: string
  /** Milliseconds since the epoch, by the server's clock. */
  readonly timestamp: number
  /** The volatile data of the request that caused the notification. */
  readonly volatile: Readonly<Record<string, unknown>> | null
  readonly protocol: string
  /** The id of the request that caused the notification. */
  readonly requestId: string
  readonly result: NotifiedDocument
  readonly status: number
  readonly room: string
}

/**
 * A user entered or left the room. It comes only with the option `users`.
 *
 * @since 0.1.0
 * @category models
 */
export interface UserNotification {
  readonly type: "user"
  readonly user: "in" | "out"
  /** The number of connections in the room on the server's node. `count` counts those of the whole cluster. */
  readonly result: { readonly count: number }
  readonly controller: string
  readonly action: string
  /** Absent, like the collection, for a user who joined by the id of the room. */
  readonly index?: string
  readonly collection?: string
  readonly timestamp: number
  /** The volatile data of that user's subscription. */
  readonly volatile: Readonly<Record<string, unknown>> | null
  readonly protocol: string | null
  readonly status: number
  readonly room: string
}

/**
 * Notifications may have been lost at this point, so documents that were read before must be read again. Kuzzle neither
 * numbers nor keeps notifications, so they cannot be recovered.
 *
 * @since 0.1.0
 * @category models
 */
export interface Gap {
  readonly type: "gap"
  readonly cause: GapCause
}

export {
  /**
   * Why notifications may be missing. `Disconnected`: the connection was down. `Replaced`: the client has replaced the
   * connection for another user or cookie. `TokenExpired`: the token expired, and the server has dropped all
   * subscriptions. `Malformed`: a notification was malformed (`issue` says where). `Overflow`: the consumer was too
   * slow, and its buffer dropped `lost` notifications.
   *
   * @since 0.1.0
   * @category models
   */
  type GapCause
} from "./internal/protocol/intent.ts"

/**
 * An element of a subscription: a notification, or a `Gap` where some may be missing.
 *
 * @since 0.1.0
 * @category models
 */
export type Notification = DocumentNotification | UserNotification | Gap

/**
 * Which of two kinds of events to receive: `in`, `out`, both or neither.
 *
 * @since 0.1.0
 * @category models
 */
export type Choice = "all" | "in" | "out" | "none"

/**
 * The notifications of a subscription to `Documents` and `Users`.
 *
 * @since 0.1.0
 * @category models
 */
export type NotificationOf<Documents extends Choice, Users extends Choice> =
  | Gap
  | ([Documents] extends ["none"] ? never : DocumentNotification)
  | ([Users] extends ["none"] ? never : UserNotification)

/**
 * Which notifications of a room to receive.
 *
 * @since 0.1.0
 * @category models
 */
export interface RoomOptions<Documents extends Choice = Choice, Users extends Choice = Choice> {
  /**
   * Which changes to receive: documents that match the filter after the write (`in`), documents that no longer match
   * (`out`), both (`all`, the default) or neither (`none`).
   */
  readonly scope?: Documents | undefined
  /**
   * Which users to receive: those that enter (`in`), those that leave (`out`), both (`all`) or neither (`none`, the
   * default).
   */
  readonly users?: Users | undefined
  /** The server keeps it, and sends it to others when this subscription begins or ends. */
  readonly volatile?: Readonly<Record<string, unknown>> | undefined
  /** Whether to receive notifications that this client itself causes. Default: `true`. */
  readonly subscribeToSelf?: boolean | undefined
}

/**
 * What to subscribe to.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubscribeOptions<Documents extends Choice = Choice, Users extends Choice = Choice>
  extends RoomOptions<Documents, Users>
{
  /** The index of the collection. */
  readonly index: string
  /** The collection of the documents and messages to receive. */
  readonly collection: string
  /** The filter, for example `KuzzleFilter.equals("status", "free")`. By default, all documents of the collection. */
  readonly filter?: Filter | undefined
}

/**
 * The room to join. Another client must be in it. Its filter need not be known.
 *
 * @since 0.1.0
 * @category models
 */
export interface JoinOptions<Documents extends Choice = Choice, Users extends Choice = Choice>
  extends RoomOptions<Documents, Users>
{
  /** The id of the room, from `list`. */
  readonly roomId: string
}

/**
 * What happens when a buffer is full.
 *
 * - `sliding` drops the oldest notifications, and a `Gap` says how many.
 * - `dropping` drops the newest notifications, and a `Gap` says how many.
 * - `fail` ends the subscription with an `OverflowError`.
 *
 * @since 0.1.0
 * @category models
 */
export type BufferStrategy = "sliding" | "dropping" | "fail"

/**
 * The buffer of a stream. There is no strategy `suspend`. The client must never stop reading the socket, because Kuzzle
 * silently drops the notifications of slow readers (spec 1.8).
 *
 * @since 0.1.0
 * @category models
 */
export interface BufferOptions<Strategy extends BufferStrategy = BufferStrategy> {
  /** The maximum number of buffered notifications, at least 1. Default: 16,384. */
  readonly bufferSize?: number | undefined
  /**
   * The maximum size of the buffered notifications, in bytes. Default: 16 MiB. One character of JSON counts as one
   * byte. The decoded notifications take a small multiple of that. A single notification is kept, whatever its size.
   */
  readonly bufferBytes?: number | undefined
  /** What happens when the buffer is full. Default: `sliding`. */
  readonly strategy?: Strategy | undefined
  /**
   * Returns the key of a notification. Of two buffered notifications with the same key, only the newer one is kept,
   * even if the buffer is not full. It keeps its own position. No `Gap` counts the older one. Use it to get the latest
   * state of each document instead of every version.
   */
  readonly conflate?: ((notification: DocumentNotification | UserNotification) => string | undefined) | undefined
}

/**
 * The additional error of a stream with this strategy.
 *
 * @since 0.1.0
 * @category models
 */
export type OverflowOf<Strategy extends BufferStrategy> = "fail" extends Strategy ? OverflowError : never

/**
 * A subscription whose consumer is a callback.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listening<out E = RequestError> {
  /**
   * Fails when the subscription ends by itself: the server refused to open it again, or (a defect) the callback threw.
   * Interrupted when the scope closes.
   */
  readonly ended: Effect.Effect<never, E>
}

export {
  /**
   * A frame from the server's debugger, or the number of frames that were lost because the reader was too slow.
   *
   * @since 0.1.0
   * @category models
   */
  type DebuggerFrame
} from "./internal/runtime/realtime.ts"

/**
 * The client for which a subscription is opened. It is opaque: only the functions of this module use it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Host {
  /** @internal */
  readonly parts: Realtime.Host
}

/**
 * The code that opens a subscription for a client and makes its stream.
 *
 * @since 0.1.0
 * @category models
 */
export type OpenStream = (
  host: Host,
  options: (SubscribeOptions | JoinOptions) & BufferOptions
) => Effect.Effect<Stream.Stream<Notification, RequestError | OverflowError>, RequestError, Scope.Scope>

/**
 * The code that opens a subscription for a client and calls a function with its notifications.
 *
 * @since 0.1.0
 * @category models
 */
export type CallHandler = (
  host: Host,
  options: SubscribeOptions | JoinOptions,
  handler: (notification: Notification) => void
) => Effect.Effect<Listening, RequestError, Scope.Scope>

/**
 * The real-time functions of a client. Only WebSocket layers provide them.
 *
 * `by` is the code that opens the subscription. The functions of this module bring it, so that pages that do not subscribe
 * do not download it (6 KB gzip, and 13 KB for `Stream`). A service for tests may ignore it.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleRealtimeShape {
  /** See `open`. */
  readonly open: (options: Parameters<OpenStream>[1], by: OpenStream) => ReturnType<OpenStream>
  /** See `listen`. */
  readonly listen: (
    options: SubscribeOptions | JoinOptions,
    handler: (notification: Notification) => void,
    by: CallHandler
  ) => ReturnType<CallHandler>
  /** The events of the server's debugger for this connection, and the number of their readers. See `KuzzleDebug`. */
  readonly debugger: Watchable<DebuggerFrame> & {
    readonly watchers: Effect.Effect<number>
  }
}

/**
 * The service with the real-time functions of a client.
 *
 * @since 0.1.0
 * @category tags
 */
export class KuzzleRealtime extends Context.Tag("@effect-kuzzle/core/KuzzleRealtime")<
  KuzzleRealtime,
  KuzzleRealtimeShape
>() {}

/** @internal */
export const make = (host: Realtime.Host, debuggerEvents: Broadcast<DebuggerFrame>): KuzzleRealtimeShape => ({
  open: (options, by) => by({ parts: host }, options),
  listen: (options, handler, by) => by({ parts: host }, options, handler),
  debugger: debuggerEvents
})

/** @internal */
export const openStream: OpenStream = ({ parts }, options) =>
  Effect.suspend(() => {
    const realtime = Realtime.of(parts)
    const consumer = new StreamConsumer(realtime, options)
    return Effect.as(realtime.open(subscriptionOf(options), consumer), consumer.mailbox.stream)
  })

/** @internal */
export const callHandler: CallHandler = ({ parts }, options, handler) =>
  Effect.suspend(() => {
    const realtime = Realtime.of(parts)
    const consumer = new HandlerConsumer(realtime, options, handler)
    return Effect.as(realtime.open(subscriptionOf(options), consumer), { ended: consumer.ended })
  })

abstract class RoomConsumer extends Realtime.Subscriber {
  private readonly users: Choice
  private readonly self: boolean

  constructor(realtime: Realtime.Realtime, { subscribeToSelf = true, users = "none" }: RoomOptions) {
    super(realtime)
    this.users = users
    this.self = subscribeToSelf
  }

  abstract hand(notification: DocumentNotification | UserNotification, size: number): void
  abstract miss(gap: Gap): void

  /** The requested notifications of users. The server may send more: see `requestOf`. */
  notify(frame: Frame, size: number): void {
    if (frame.type === "user" && this.users !== "all" && this.users !== frame.user) return
    if (!this.self && this.realtime.isOwn(frame)) return
    const issue = (frame.type === "user" ? ofUser : ofDocument)(frame)
    if (issue !== undefined) return this.gap({ _tag: "Malformed", issue: issue.of("notification") })
    // Safe: the shape was checked above, and the channel is one that the server assigned to us (spec 1.5).
    this.hand(frame as unknown as DocumentNotification | UserNotification, size)
  }

  gap(cause: GapCause): void {
    this.realtime.metrics?.gap(cause)
    this.miss({ type: "gap", cause })
  }
}

const ofUser = Shape.struct<Pick<UserNotification, "result">>({
  result: Shape.struct<UserNotification["result"]>({ count: Shape.number })
})

const ofDocument = Shape.struct<Pick<DocumentNotification, "type" | "result">>({
  type: Shape.literal("document"),
  result: Shape.struct<NotifiedDocument>({
    _id: Shape.optional(Shape.string),
    _source: Shape.optional(Shape.object()),
    _version: Shape.optional(Shape.number)
  })
})

const isGap = (one: Notification): one is Gap => one.type === "gap"

class StreamConsumer extends RoomConsumer {
  readonly mailbox: Mailbox.Mailbox<Notification, RequestError | OverflowError>
  /** Fails the stream with this error when the buffer is full. `undefined` for the other strategies. */
  private readonly overflow: OverflowError | undefined

  constructor(realtime: Realtime.Realtime, options: (SubscribeOptions | JoinOptions) & BufferOptions) {
    super(realtime, options)
    const { bufferBytes: maxBytes = 16 * 1024 ** 2, bufferSize = 16_384, conflate, strategy = "sliding" } = options
    const capacity = bufferSize >= 1 ? Math.floor(bufferSize) : 1
    // A gap keeps its position.
    const keyOf = conflate && ((one: Notification) => isGap(one) ? undefined : conflate(one))
    if (strategy === "fail") {
      const { action, controller } = requestOf(options)
      this.overflow = new OverflowError({ controller, action, bufferSize: capacity, bufferBytes: maxBytes })
      this.mailbox = Mailbox.make({ capacity, maxBytes, strategy: "dropping", keyOf })
    } else {
      this.mailbox = Mailbox.make<Notification, RequestError | OverflowError>({
        capacity,
        maxBytes,
        strategy,
        keyOf,
        essential: isGap,
        overflow: (lost) => {
          const cause: GapCause = { _tag: "Overflow", lost }
          realtime.metrics?.gap(cause)
          return { type: "gap", cause }
        }
      })
    }
  }

  hand(notification: DocumentNotification | UserNotification, size: number): void {
    try {
      this.offer(notification, size)
    } catch (defect) {
      // `conflate` is a function of the application, so it may throw.
      this.mailbox.fail(Cause.die(defect))
      this.leave()
    }
  }

  miss(gap: Gap): void {
    this.offer(gap, 0)
  }

  end(error: RequestError): void {
    this.mailbox.fail(Cause.fail(error))
  }

  close(): void {
    this.mailbox.discard()
    this.mailbox.end()
  }

  private offer(notification: Notification, size: number): void {
    const lost = this.mailbox.offer(notification, size)
    if (lost === 0) return
    this.realtime.metrics?.lost(lost)
    if (this.overflow === undefined) return
    this.mailbox.fail(Cause.fail(this.overflow))
    this.leave()
  }
}

/** A shared array, because most subscriptions have no waiting consumer. */
const none: ReadonlyArray<never> = []

class HandlerConsumer extends RoomConsumer {
  private cause: Cause.Cause<RequestError> | undefined = undefined
  private waiters: ReadonlyArray<(exit: Exit.Exit<never, RequestError>) => void> = none

  constructor(
    realtime: Realtime.Realtime,
    options: RoomOptions,
    private readonly handler: (notification: Notification) => void
  ) {
    super(realtime, options)
  }

  hand(notification: Notification): void {
    if (this.cause !== undefined) return
    try {
      this.handler(notification)
    } catch (defect) {
      // A callback that throws is a defect and ends only its own subscription. The socket and the other subscriptions
      // continue.
      this.finish(Cause.die(defect))
      this.leave()
    }
  }

  miss(gap: Gap): void {
    this.hand(gap)
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

  private finish(cause: Cause.Cause<RequestError>): void {
    if (this.cause !== undefined) return
    this.cause = cause
    const exit = Exit.failCause(cause)
    for (const waiter of this.waiters) waiter(exit)
    this.waiters = none
  }
}

// The declarations of `subscribe` and `join` are public, so these are type aliases: in the declarations that a consumer
// emits, an alias is expanded into its members and needs no exported name.
type Room = {
  readonly roomId: string
  readonly channel: string
}

const room = Shape.struct<Room>({ roomId: Shape.string, channel: Shape.string })

type WireOptions = Action.CallOptions & {
  readonly scope: Choice
  readonly users: Choice
}

const subscribing = Action.make<
  WireOptions & { readonly index: string; readonly collection: string; readonly filter: Filter },
  Room
>({ controller: "realtime", action: "subscribe", idempotent: true, body: "filter", result: Shape.whole(room) })

const joining = Action.make<WireOptions & { readonly roomId: string }, Room>({
  controller: "realtime",
  action: "join",
  idempotent: true,
  body: ["roomId"],
  result: Shape.whole(room)
})

const requestOf = (options: SubscribeOptions | JoinOptions): KuzzleRequest => {
  const { scope = "all", users = "none" } = options
  // With `out`, the server could reuse the channel of an earlier `none`, which sends no users (spec 1.5). So `all` is
  // requested.
  const wire = { scope, users: users === "out" ? "all" as const : users }
  if ("roomId" in options) return joining.request({ ...wire, roomId: options.roomId })
  const { collection, filter = {}, index } = options
  return subscribing.request({ ...wire, index, collection, filter })
}

const subscriptionOf = (options: SubscribeOptions | JoinOptions): SubscriptionRequest => ({
  request: requestOf(options),
  volatile: options.volatile
})

// Separate from the requests of the session, so that only pages that subscribe contain the errors.
const subscribeAction = Action.failing(subscribing, [InvalidFilterError])
const joinAction = Action.failing(joining, [RoomNotFoundError])

/**
 * How a subscription fails: the server refused it, or refused to open it again after a lost connection.
 *
 * @since 0.1.0
 * @category errors
 */
export type SubscribeError = RequestError | InvalidFilterError

/**
 * How joining a room fails: the server refused it, or refused to join again after a lost connection.
 *
 * @since 0.1.0
 * @category errors
 */
export type JoinError = RequestError | RoomNotFoundError

/** Opens a subscription. It fails with the errors of requests. `namedFor` turns them into those of the action. */
const opening = (options: (SubscribeOptions | JoinOptions) & BufferOptions) =>
  Effect.flatMap(KuzzleRealtime, (realtime) => realtime.open(options, openStream))

/** Turns errors of requests into the named errors of subscribing or joining. */
const namedFor = (options: SubscribeOptions | JoinOptions) =>
  "roomId" in options ? joinAction.named : subscribeAction.named

/**
 * Subscribes, and unsubscribes when the stream ends. The stream continues across lost connections, with a `Gap` where
 * notifications may be missing. It fails when the server refuses the subscription.
 *
 * The subscription is opened when the stream is run. Use `open` for code that must run *after* the subscription is
 * confirmed.
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
export const subscribe = Action.wrap(
  subscribeAction,
  <
    Documents extends Choice = "all",
    Users extends Choice = "none",
    Strategy extends BufferStrategy = "sliding"
  >(
    options: SubscribeOptions<Documents, Users> & BufferOptions<Strategy>
  ) =>
    // Notifications that were not requested do not arrive, and only `fail` fails on overflow: the streams above
    // guarantee both.
    Stream.mapError(Stream.unwrapScoped(opening(options)), subscribeAction.named) as Stream.Stream<
      NotificationOf<Documents, Users>,
      SubscribeError | OverflowOf<Strategy>,
      KuzzleRealtime
    >
)

/**
 * Joins an existing room by its id, which `list` and the notifications of other subscribers contain. The room keeps the
 * filter of the client that opened it. A room ends with its last subscriber: if it no longer exists after a
 * reconnection, the stream fails with a `RoomNotFoundError`.
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { KuzzleRealtime } from "@effect-kuzzle/core"
 *
 * export const whoComesAndGoes = (roomId: string) =>
 *   KuzzleRealtime.join({ roomId, scope: "none", users: "all", volatile: { name: "ada" } }).pipe(
 *     Stream.runForEach((notification) =>
 *       notification.type === "gap"
 *         ? Effect.log("the list of present users must be read again")
 *         : Effect.log(notification.user, notification.volatile?.name, notification.result.count)
 *     )
 *   )
 * ```
 *
 * @since 0.1.0
 * @category subscriptions
 */
export const join = Action.wrap(
  joinAction,
  <
    Documents extends Choice = "all",
    Users extends Choice = "none",
    Strategy extends BufferStrategy = "sliding"
  >(
    options: JoinOptions<Documents, Users> & BufferOptions<Strategy>
  ) =>
    // As in `subscribe`.
    Stream.mapError(Stream.unwrapScoped(opening(options)), joinAction.named) as Stream.Stream<
      NotificationOf<Documents, Users>,
      JoinError | OverflowOf<Strategy>,
      KuzzleRealtime
    >
)

/**
 * Subscribes or joins until the scope closes. Succeeds when the server has confirmed the subscription. All changes
 * after that are in the stream. While there is no connection, it waits for the next one. The stream is for one
 * consumer.
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
export const open: {
  <
    Documents extends Choice = "all",
    Users extends Choice = "none",
    Strategy extends BufferStrategy = "sliding"
  >(
    options: JoinOptions<Documents, Users> & BufferOptions<Strategy>
  ): Effect.Effect<
    Stream.Stream<NotificationOf<Documents, Users>, JoinError | OverflowOf<Strategy>>,
    JoinError,
    KuzzleRealtime | Scope.Scope
  >
  <
    Documents extends Choice = "all",
    Users extends Choice = "none",
    Strategy extends BufferStrategy = "sliding"
  >(
    options: SubscribeOptions<Documents, Users> & BufferOptions<Strategy>
  ): Effect.Effect<
    Stream.Stream<NotificationOf<Documents, Users>, SubscribeError | OverflowOf<Strategy>>,
    SubscribeError,
    KuzzleRealtime | Scope.Scope
  >
  <
    Documents extends Choice = "all",
    Users extends Choice = "none",
    Strategy extends BufferStrategy = "sliding"
  >(
    options: (SubscribeOptions<Documents, Users> | JoinOptions<Documents, Users>) & BufferOptions<Strategy>
  ): Effect.Effect<
    Stream.Stream<NotificationOf<Documents, Users>, SubscribeError | JoinError | OverflowOf<Strategy>>,
    SubscribeError | JoinError,
    KuzzleRealtime | Scope.Scope
  >
} = <E extends SubscribeError & JoinError>(options: (SubscribeOptions | JoinOptions) & BufferOptions) =>
  Effect.suspend(() => {
    const named = namedFor(options)
    // As in `subscribe`. Each kind of options has its own errors: see `namedFor`.
    return Effect.mapBoth(opening(options), {
      onFailure: named,
      onSuccess: Stream.mapError(named)
    }) as Effect.Effect<Stream.Stream<never, E>, E, KuzzleRealtime | Scope.Scope>
  })

/**
 * Subscribes until the scope closes, with a synchronous callback as the consumer. It is called in order, without a
 * buffer. Use it for counters and caches that must keep up with very high rates, and a stream for everything else.
 *
 * Succeeds when the server has confirmed the subscription. `ended` of the result fails when the subscription ends by
 * itself.
 *
 * @since 0.1.0
 * @category subscriptions
 */
export const listen: {
  <Documents extends Choice = "all", Users extends Choice = "none">(
    options: JoinOptions<Documents, Users>,
    handler: (notification: NotificationOf<Documents, Users>) => void
  ): Effect.Effect<Listening<JoinError>, JoinError, KuzzleRealtime | Scope.Scope>
  <Documents extends Choice = "all", Users extends Choice = "none">(
    options: SubscribeOptions<Documents, Users>,
    handler: (notification: NotificationOf<Documents, Users>) => void
  ): Effect.Effect<Listening<SubscribeError>, SubscribeError, KuzzleRealtime | Scope.Scope>
  <Documents extends Choice = "all", Users extends Choice = "none">(
    options: SubscribeOptions<Documents, Users> | JoinOptions<Documents, Users>,
    handler: (notification: NotificationOf<Documents, Users>) => void
  ): Effect.Effect<Listening<SubscribeError | JoinError>, SubscribeError | JoinError, KuzzleRealtime | Scope.Scope>
} = <E extends SubscribeError & JoinError>(
  options: SubscribeOptions | JoinOptions,
  handler: (notification: never) => void
) =>
  Effect.flatMap(KuzzleRealtime, (realtime) => {
    const named = namedFor(options)
    // As in `open`: notifications that were not requested do not arrive, and each kind of options has its own errors.
    return Effect.mapBoth(realtime.listen(options, handler as (notification: Notification) => void, callHandler), {
      onFailure: named,
      onSuccess: ({ ended }) => ({ ended: Effect.mapError(ended, named) })
    }) as Effect.Effect<Listening<E>, E, Scope.Scope>
  })

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
    readonly message: object
    /** The id that filters on `_id` compare. Without it, such filters do not match the message. */
    readonly _id?: string | undefined
  },
  void,
  SpecificationRejectionError
>({
  controller: "realtime",
  action: "publish",
  http: ["POST", "/:index/:collection/_publish"],
  idempotent: false,
  body: "message",
  errors: [SpecificationRejectionError],
  result: Shape.done
})

/**
 * Counts the connections in a room, in the whole cluster (`realtime:count`). Returns 0 for a room that does not exist.
 * The id of the room is the member `room` of a notification up to the last `-`.
 *
 * @since 0.1.0
 * @category actions
 */
export const count = Action.make<Action.CallOptions & { readonly roomId: string }, number>({
  controller: "realtime",
  action: "count",
  idempotent: true,
  body: ["roomId"],
  result: Shape.member("count", Shape.number)
})

/**
 * Whether a message fits the specifications of a collection, and its faults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Validation {
  readonly valid: boolean
  readonly errorMessages: {
    readonly documentScope?: ReadonlyArray<string>
    readonly fieldScope?: FieldFaults
  }
}

/**
 * The faults of a field, and of the fields inside it.
 *
 * @since 0.1.0
 * @category models
 */
export interface FieldFaults {
  readonly messages?: ReadonlyArray<string>
  readonly children?: { readonly [field: string]: FieldFaults }
}

/**
 * Checks whether a message fits the specifications of the collection, without publishing it (`realtime:validate`).
 *
 * @since 0.1.0
 * @category actions
 */
export const validate = Action.make<
  Action.CallOptions & {
    readonly index: string
    readonly collection: string
    readonly message: object
  },
  Validation
>({
  controller: "realtime",
  action: "validate",
  idempotent: true,
  body: "message",
  result: Shape.whole(
    Shape.struct<Validation>({ valid: Shape.boolean, errorMessages: Shape.object() })
  )
})

/**
 * Counts the connections in each room, by index, collection and room id (`realtime:list`). The result only contains
 * rooms of the node that answers, and of collections to which the user may subscribe.
 *
 * @since 0.1.0
 * @category actions
 */
export const list = Action.make<
  Action.CallOptions,
  { readonly [index: string]: { readonly [collection: string]: { readonly [roomId: string]: number } } }
>({
  controller: "realtime",
  action: "list",
  http: ["GET", "/_listSubscriptions"],
  idempotent: true,
  result: Shape.whole(Shape.record(Shape.record(Shape.record(Shape.number))))
})
