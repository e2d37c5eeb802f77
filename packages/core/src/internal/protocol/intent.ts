/** An intent: a subscription that the application wants, with its consumers. */
import type { ConnectError, ConnectionEndedError } from "../../KuzzleError.ts"
import { canonical } from "./canonical.ts"
import { callersPart, type Frame } from "./envelope.ts"

/** Why notifications may have been lost. */
export type GapCause =
  /** The connection was down. */
  | { readonly _tag: "Disconnected"; readonly cause: ConnectError | ConnectionEndedError }
  /** The client has replaced the connection for another user or cookie. */
  | { readonly _tag: "Replaced" }
  /** The token expired, so the server dropped every subscription of the connection (spec 0.7). */
  | { readonly _tag: "TokenExpired" }
  /** A malformed notification arrived, so its content is unknown. */
  | { readonly _tag: "Malformed"; readonly issue: string }
  /** The consumer was too slow, and its buffer overflowed. */
  | { readonly _tag: "Overflow"; readonly lost: number }

export type Volatile = Readonly<Record<string, unknown>>

/**
 * The key of a subscription: the request in canonical JSON and, if there are any, the volatile data. Neither text
 * contains a line break. The key contains the whole request, because a separate part of it would take memory as long as
 * the key exists.
 */
export const keyOf = (request: object, volatile: Volatile | undefined): string =>
  volatile === undefined ? canonical(request) : `${canonical(request)}\n${canonical(volatile)}`

/** The encoded request in a key. */
export const encodedOf = (key: string): string => {
  const end = key.indexOf("\n")
  return callersPart(end < 0 ? key : key.slice(0, end))
}

/** The receiver of notifications. Its functions must not throw. */
export interface Consumer<E> {
  readonly opened: () => void
  /** @param size the length of the frame's text */
  readonly notify: (frame: Frame, size: number) => void
  readonly gap: (cause: GapCause) => void
  readonly fail: (error: E) => void
}

type Consumers<E> = ReadonlyArray<Consumer<E>>

const none: ReadonlyArray<never> = []

export class Intent<E> {
  /** Subscriptions with the same key share an intent: see `keyOf`. */
  readonly key: string
  /** The index and the collection, or `anyLane`. */
  lane: string
  /**
   * Sent with the subscription. The server adds it to the notifications that this client has entered or left the room.
   */
  readonly volatile: Volatile | undefined
  /**
   * `Doubtful`: the subscription was being opened when the server dropped all subscriptions. No answer shows whether
   * this one was dropped as well.
   */
  phase: "Absent" | "Opening" | "Doubtful" | "Open" = "Absent"
  /**
   * The channel of the subscription while it is `Open`. Otherwise a channel that the server may still have for this
   * client.
   */
  channel: string | undefined = undefined
  /** Whether its request was not answered, so that it is sent again. The first answer to any of its requests counts. */
  overlooked = false
  /**
   * How many notifications had been parked when the first of these requests was sent. They belong to other
   * subscriptions.
   */
  parkedBefore = 0
  /**
   * The neighbours of this intent on the same channel, by age. The server may give the same channel to filters with
   * different texts.
   */
  older: Intent<E> | undefined = undefined
  newer: Intent<E> | undefined = undefined
  /** A gap that its consumers must be notified of, except the consumers that came later. */
  missed: { readonly cause: GapCause; readonly latecomers: Set<Consumer<E>> } | undefined = undefined
  /** The only consumer, until there is a second one. Most intents have one consumer, and a set takes 200 bytes. */
  private only: Consumer<E> | undefined = undefined
  /** All consumers, once there was a second one. */
  private set: Set<Consumer<E>> | undefined = undefined
  /** The same as a list that is never modified. `undefined` after the set has changed. */
  private list: Consumers<E> | undefined = undefined

  constructor(key: string, lane: string, volatile: Volatile | undefined) {
    this.key = key
    this.lane = lane
    this.volatile = volatile
  }

  /**
   * The consumers. The list does not change while it is iterated over, even if a consumer is added or removed
   * meanwhile.
   */
  get consumers(): Consumers<E> {
    if (this.set === undefined) return this.only === undefined ? none : [this.only]
    return this.list ??= Array.from(this.set)
  }

  /** This is the hot path of notifications. */
  notify(frame: Frame, size: number): void {
    if (this.only !== undefined) return this.only.notify(frame, size)
    const { consumers } = this
    for (let i = 0; i < consumers.length; i++) consumers[i]!.notify(frame, size)
  }

  add(consumer: Consumer<E>): void {
    if (this.set === undefined && this.only === undefined) this.only = consumer
    else {
      this.set ??= new Set(this.consumers)
      this.set.add(consumer)
      this.only = this.list = undefined
    }
    this.missed?.latecomers.add(consumer)
  }

  /** Removes a consumer. Returns `false` if it is not one of the consumers. */
  remove(consumer: Consumer<E>): boolean {
    if (this.set === undefined) {
      if (this.only !== consumer) return false
      this.only = undefined
    } else {
      if (!this.set.delete(consumer)) return false
      this.list = undefined
    }
    this.missed?.latecomers.delete(consumer)
    return true
  }

  /** Removes and returns all consumers. */
  removeAll(): Consumers<E> {
    const { consumers } = this
    this.only = this.set = this.list = undefined
    return consumers
  }

  hasConsumers(): boolean {
    return this.set === undefined ? this.only !== undefined : this.set.size > 0
  }

  /** The consumers that have never been notified that the subscription is open. */
  unnotified(): Consumers<E> {
    return this.missed === undefined ? this.consumers : Array.from(this.missed.latecomers)
  }

  /**
   * Reports that the server no longer has the subscription. The consumers are notified of the gap when it is open
   * again.
   */
  lose(cause: GapCause): void {
    this.missed = { cause, latecomers: new Set() }
  }

  /** Notifies the consumers of the gap, once. */
  announceGap(): void {
    const { consumers, missed } = this
    if (missed === undefined) return
    this.missed = undefined
    for (const consumer of consumers) if (!missed.latecomers.has(consumer)) consumer.gap(missed.cause)
  }

  isBeingOpened(): boolean {
    return this.phase === "Opening" || this.phase === "Doubtful"
  }

  /**
   * Marks the intent as not open.
   *
   * @param channel a channel that the server may still have for this client
   */
  close(channel?: string): void {
    this.phase = "Absent"
    this.channel = channel
    this.older = undefined
    this.newer = undefined
  }
}
