/**
 * Real-time: subscriptions that survive lost connections, as streams or by handler; publishing; counting.
 *
 * A subscription ends with its scope, or with the stream that is run: that is what `realtime:unsubscribe` is for, and the
 * client sends it when the last consumer of a room has gone. While the connection is down the end is remembered, and the
 * subscription does not come back.
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
import * as Action from "./internal/action.ts"
import type { KuzzleRequest } from "./internal/protocol/envelope.ts"
import type { Frame } from "./internal/protocol/envelope.ts"
import type { GapCause } from "./internal/protocol/intent.ts"
import type { Wanted } from "./internal/protocol/listening.ts"
import type { Broadcast } from "./internal/runtime/broadcast.ts"
import * as Mailbox from "./internal/runtime/mailbox.ts"
import * as Metrics from "./internal/runtime/metrics.ts"
import * as Realtime from "./internal/runtime/realtime.ts"
import type { DebuggerFrame } from "./internal/runtime/realtime.ts"
import * as Shape from "./internal/shape.ts"
import { SpecificationRejectionError } from "./KuzzleActionError.ts"
import { OverflowError, type RequestError } from "./KuzzleError.ts"
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
  /** Absent when `document:upsert` creates, and for a document that was written with `source: false`. */
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
  /** Connections in the room, on the server's node (the cluster has more: see `count`). */
  readonly result: { readonly count: number }
  readonly controller: string
  readonly action: string
  /** Not of a user who came by the id of the room, nor is the collection. */
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

export {
  /**
   * Why notifications may be missing: the connection was down, the token expired (the server then drops all
   * subscriptions), a notification was malformed (`issue` says where), or the consumer was too slow and its buffer
   * dropped `lost` notifications.
   *
   * @since 0.1.0
   * @category models
   */
  type GapCause
} from "./internal/protocol/intent.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type Notification = DocumentNotification | UserNotification | Gap

/**
 * Which of two kinds of things to hear of: those that come in, those that go out, both or neither.
 *
 * @since 0.1.0
 * @category models
 */
export type Choice = "all" | "in" | "out" | "none"

/**
 * What comes of a subscription to `Documents` and `Users`.
 *
 * @since 0.1.0
 * @category models
 */
export type NotificationOf<Documents extends Choice, Users extends Choice> =
  | Gap
  | ([Documents] extends ["none"] ? never : DocumentNotification)
  | ([Users] extends ["none"] ? never : UserNotification)

/**
 * What to hear of a room.
 *
 * @since 0.1.0
 * @category models
 */
export interface RoomOptions<Documents extends Choice = Choice, Users extends Choice = Choice> {
  /**
   * Whether to hear of documents that match the filter after the write (`in`), that leave it (`out`), both (`all`, the
   * default) or neither (`none`).
   */
  readonly scope?: Documents | undefined
  /** Whether to hear of users that come, leave, both, or neither (`none`, the default). */
  readonly users?: Users | undefined
  /** Kept by the server and shown to others in the notification of our leaving. */
  readonly volatile?: Readonly<Record<string, unknown>> | undefined
  /** Whether to hear of what this client itself causes; `true` by default. */
  readonly subscribeToSelf?: boolean | undefined
}

/**
 * What to listen to.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubscribeOptions<Documents extends Choice = Choice, Users extends Choice = Choice>
  extends RoomOptions<Documents, Users>
{
  readonly index: string
  readonly collection: string
  /** Which documents; all of the collection by default. See `KuzzleFilter`. */
  readonly filter?: Filter | undefined
}

/**
 * Which room to join: one that somebody has subscribed to, whose filter need not be known.
 *
 * @since 0.1.0
 * @category models
 */
export interface JoinOptions<Documents extends Choice = Choice, Users extends Choice = Choice>
  extends RoomOptions<Documents, Users>
{
  readonly roomId: string
}

/**
 * What gives way when a buffer is full: the oldest (`sliding`), the newest (`dropping`), of both of which a `Gap` tells how
 * many; or the subscription, with an `OverflowError` (`fail`).
 *
 * @since 0.1.0
 * @category models
 */
export type BufferStrategy = "sliding" | "dropping" | "fail"

/**
 * What a stream holds for a consumer that is slow. There is no `suspend`: nothing may stop the socket from being read,
 * because Kuzzle drops the notifications of slow readers without a word (spec 1.8).
 *
 * @since 0.1.0
 * @category models
 */
export interface BufferOptions<Strategy extends BufferStrategy = BufferStrategy> {
  /** Notifications held at most, one or more; 16,384 by default. */
  readonly bufferSize?: number | undefined
  /**
   * How many bytes of notifications the buffer holds, 16 MiB by default. One character of JSON counts as one byte; the
   * decoded notifications take a small multiple of that. A single notification is held whatever its size.
   */
  readonly bufferBytes?: number | undefined
  /** What gives way when it is full; `sliding` by default. */
  readonly strategy?: Strategy | undefined
  /**
   * Gives a key to a notification: of two with the same key only the newer is held, at its own place and however much room
   * there is, and no `Gap` tells of the older. For who wants the latest of each document and not each of its versions.
   */
  readonly conflate?: ((notification: DocumentNotification | UserNotification) => string | undefined) | undefined
}

/**
 * What a stream with this strategy can end with, besides what a request can.
 *
 * @since 0.1.0
 * @category models
 */
export type OverflowOf<Strategy extends BufferStrategy> = "fail" extends Strategy ? OverflowError : never

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

export {
  /**
   * A frame that the server's debugger sent, or how many frames were lost because the reader was too slow.
   *
   * @since 0.1.0
   * @category models
   */
  type DebuggerFrame
} from "./internal/runtime/realtime.ts"

/**
 * The real-time half of a client. Only WebSocket layers provide it.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleRealtimeShape {
  /** See `open`. */
  readonly open: (
    options: (SubscribeOptions | JoinOptions) & BufferOptions
  ) => Effect.Effect<Stream.Stream<Notification, RequestError | OverflowError>, RequestError, Scope.Scope>
  /** See `listen`. */
  readonly listen: (
    options: SubscribeOptions | JoinOptions,
    handler: (notification: Notification) => void
  ) => Effect.Effect<Listening, RequestError, Scope.Scope>
  /** What the server's debugger tells this connection, and how many read it. See `KuzzleDebug`. */
  readonly debugger: {
    readonly open: Effect.Effect<Stream.Stream<DebuggerFrame>, never, Scope.Scope>
    readonly watchers: Effect.Effect<number>
  }
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
export const make = (
  realtime: Realtime.Realtime,
  debuggerEvents: Broadcast<DebuggerFrame>
): KuzzleRealtimeShape => ({
  open: (options) =>
    Effect.suspend(() => {
      const consumer = new StreamConsumer(realtime, options)
      return Effect.as(realtime.open(asked(options), consumer), consumer.mailbox.stream)
    }),
  listen: (options, handler) =>
    Effect.suspend(() => {
      const consumer = new HandlerConsumer(realtime, options, handler)
      return Effect.as(realtime.open(asked(options), consumer), { ended: consumer.ended })
    }),
  debugger: { open: debuggerEvents.open, watchers: Effect.sync(() => debuggerEvents.watchers()) }
})

abstract class RoomConsumer extends Realtime.Subscriber {
  private readonly users: Choice
  private readonly self: boolean

  constructor(
    private readonly realtime: Realtime.Realtime,
    { subscribeToSelf = true, users = "none" }: RoomOptions
  ) {
    super()
    this.users = users
    this.self = subscribeToSelf
  }

  abstract hand(notification: DocumentNotification | UserNotification, size: number): void
  abstract miss(gap: Gap): void

  /** The server may tell of more users than this one asks for: see `requestOf`. */
  notify(frame: Frame, size: number): void {
    if (frame.type === "user" && this.users !== "all" && this.users !== frame.user) return
    if (!this.self && this.realtime.isOwn(frame)) return
    const issue = (frame.type === "user" ? ofUser : ofDocument)(frame)
    if (issue !== undefined) return this.gap({ _tag: "Malformed", issue: issue.of("notification") })
    // Safe: the shape was checked above, and the channel is one that the server assigned to us (spec 1.5).
    this.hand(frame as unknown as DocumentNotification | UserNotification, size)
  }

  gap(cause: GapCause): void {
    Metrics.gap(cause)
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
  /** What to end with when the buffer is full. */
  private readonly overflow: OverflowError | undefined

  constructor(realtime: Realtime.Realtime, options: (SubscribeOptions | JoinOptions) & BufferOptions) {
    super(realtime, options)
    const { bufferBytes: maxBytes = 16 * 1024 ** 2, bufferSize = 16_384, conflate, strategy = "sliding" } = options
    const capacity = bufferSize >= 1 ? Math.floor(bufferSize) : 1
    // A gap stands where it stands.
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
          Metrics.gap(cause)
          return { type: "gap", cause }
        }
      })
    }
  }

  hand(notification: DocumentNotification | UserNotification, size: number): void {
    try {
      this.offer(notification, size)
    } catch (defect) {
      // The function that conflates is the application's.
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
    Metrics.lost(lost)
    if (this.overflow === undefined) return
    this.mailbox.fail(Cause.fail(this.overflow))
    this.leave()
  }
}

/** One array for all: most subscriptions are waited for by nobody. */
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
      // A defect, and the end, of its own subscription; the socket and the others go on.
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

// The declarations of `subscribe` and `join` are public, so these are aliases: declarations that a consumer emits then hold
// their members, and need no name that is not exported.
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
  // `out` would be given the channel of `none`, which tells of nobody if it was there first (spec 1.5): all are asked for.
  const wire = { scope, users: users === "out" ? "all" as const : users }
  if ("roomId" in options) return joining.request({ ...wire, roomId: options.roomId })
  const { collection, filter = {}, index } = options
  return subscribing.request({ ...wire, index, collection, filter })
}

const asked = (options: SubscribeOptions | JoinOptions): Wanted => ({
  request: requestOf(options),
  volatile: options.volatile
})

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
export const subscribe = Action.wrap(
  subscribing,
  <
    Documents extends Choice = "all",
    Users extends Choice = "none",
    Strategy extends BufferStrategy = "sliding"
  >(
    options: SubscribeOptions<Documents, Users> & BufferOptions<Strategy>
  ): Stream.Stream<NotificationOf<Documents, Users>, RequestError | OverflowOf<Strategy>, KuzzleRealtime> =>
    Stream.unwrapScoped(open(options))
)

/**
 * The same for a room that exists already, by its id, which `list` and the notifications of others tell. The filter is
 * theirs. A room ends with its last subscriber: where it is gone when the connection comes back, the stream fails with
 * `core.realtime.room_not_found`.
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
 *         ? Effect.log("who is there must be asked again")
 *         : Effect.log(notification.user, notification.volatile?.name, notification.result.count)
 *     )
 *   )
 * ```
 *
 * @since 0.1.0
 * @category subscriptions
 */
export const join = Action.wrap(
  joining,
  <
    Documents extends Choice = "all",
    Users extends Choice = "none",
    Strategy extends BufferStrategy = "sliding"
  >(
    options: JoinOptions<Documents, Users> & BufferOptions<Strategy>
  ): Stream.Stream<NotificationOf<Documents, Users>, RequestError | OverflowOf<Strategy>, KuzzleRealtime> =>
    Stream.unwrapScoped(open(options))
)

/**
 * Subscribes, or joins, until the scope closes, and is done when the server has confirmed: what is written from then on is
 * in the stream. While the connection is down it waits for the next one. The stream is for one consumer.
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
export const open = <
  Documents extends Choice = "all",
  Users extends Choice = "none",
  Strategy extends BufferStrategy = "sliding"
>(
  options: (SubscribeOptions<Documents, Users> | JoinOptions<Documents, Users>) & BufferOptions<Strategy>
): Effect.Effect<
  Stream.Stream<NotificationOf<Documents, Users>, RequestError | OverflowOf<Strategy>>,
  RequestError,
  KuzzleRealtime | Scope.Scope
> =>
  Effect.flatMap(KuzzleRealtime, (realtime) =>
    // What is not asked for does not come, and only `fail` fails by overflow: the consumers above see to it.
    realtime.open(options) as Effect.Effect<
      Stream.Stream<NotificationOf<Documents, Users>, RequestError | OverflowOf<Strategy>>,
      RequestError,
      Scope.Scope
    >)

/**
 * Subscribes until the scope closes, with a plain function as the consumer: called synchronously, in order, with nothing
 * held in between. For counters and caches that must keep up with a flood; everything else is better off with a stream.
 *
 * Done when the server has confirmed. The `ended` of what it gives tells when the subscription ends by itself.
 *
 * @since 0.1.0
 * @category subscriptions
 */
export const listen = <Documents extends Choice = "all", Users extends Choice = "none">(
  options: SubscribeOptions<Documents, Users> | JoinOptions<Documents, Users>,
  handler: (notification: NotificationOf<Documents, Users>) => void
): Effect.Effect<Listening, RequestError, KuzzleRealtime | Scope.Scope> =>
  Effect.flatMap(KuzzleRealtime, (realtime) =>
    // As in `open`: what is not asked for does not come.
    realtime.listen(options, handler as (notification: Notification) => void))

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
    /** Filters on `_id` see only an id that is given here. */
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
 * How many connections are in a room, in the whole cluster (`realtime:count`); 0 for a room that does not exist. The
 * room of a notification is its `room` up to the last `-`.
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
 * What the specifications of a collection say of a message.
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
 * What is wrong with a field, and with those inside it.
 *
 * @since 0.1.0
 * @category models
 */
export interface FieldFaults {
  readonly messages?: ReadonlyArray<string>
  readonly children?: { readonly [field: string]: FieldFaults }
}

/**
 * Whether a message fits the specifications of the collection (`realtime:validate`): nothing is published.
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
 * How many connections are in each room, by index, collection and room id (`realtime:list`). Of the node that answers, and
 * of what the user may listen to.
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
