/** One subscription that the application wants, and its consumers. */
import type { ConnectError, ConnectionEndedError } from "../../KuzzleError.ts"
import { canonical } from "./canonical.ts"
import { callersPart, type Frame } from "./envelope.ts"

/** Why notifications may have been lost. */
export type GapCause =
  /** The connection was down. */
  | { readonly _tag: "Disconnected"; readonly cause: ConnectError | ConnectionEndedError }
  /** The client has replaced the connection for another user or cookie. */
  | { readonly _tag: "Replaced" }
  /** The token expired: the server drops every subscription of the connection (spec 0.7). */
  | { readonly _tag: "TokenExpired" }
  /** A malformed notification arrived, so its content is unknown. */
  | { readonly _tag: "Malformed"; readonly issue: string }
  /** The consumer did not keep up and its buffer overflowed. */
  | { readonly _tag: "Overflow"; readonly lost: number }

export type Volatile = Readonly<Record<string, unknown>>

/**
 * The request in canonical JSON and, where there are any, the volatile data. Neither text contains a line break. The request
 * is whole, because a part of a string is an object of its own, which would stay as long as the key.
 */
export const keyOf = (request: object, volatile: Volatile | undefined): string =>
  volatile === undefined ? canonical(request) : `${canonical(request)}\n${canonical(volatile)}`

/** The encoded request of a key. */
export const encodedOf = (key: string): string => {
  const end = key.indexOf("\n")
  return callersPart(end < 0 ? key : key.slice(0, end))
}

/** Where the notifications of one consumer go. Its functions must not throw. */
export interface Consumer<E> {
  readonly opened: () => void
  /** `size` is the length of the frame's text. */
  readonly notify: (frame: Frame, size: number) => void
  readonly gap: (cause: GapCause) => void
  readonly fail: (error: E) => void
}

type Consumers<E> = ReadonlyArray<Consumer<E>>

const none: ReadonlyArray<never> = []

export class Intent<E> {
  /** What makes two subscriptions the same: see `keyOf`. */
  readonly key: string
  /** Index and collection, or `anyLane`. */
  lane: string
  /** Sent with the subscription and memorised by the server for our presence notifications. */
  readonly volatile: Volatile | undefined
  /**
   * `Doubtful`: the subscription was being opened when the server dropped all subscriptions. No answer shows whether it
   * was dropped as well.
   */
  phase: "Absent" | "Opening" | "Doubtful" | "Open" = "Absent"
  /**
   * The channel of the subscription while it is `Open`. Otherwise a channel that the server may still have for this
   * client.
   */
  channel: string | undefined = undefined
  /** The request was not answered, so it is sent again. The first answer to any of its requests counts. */
  overlooked = false
  /** How many notifications had been parked when the first of these requests was sent: those were for others. */
  parkedBefore = 0
  /** The next intents on the same channel, by age: the server may give one channel to filters of different text. */
  older: Intent<E> | undefined = undefined
  newer: Intent<E> | undefined = undefined
  /** What happened since its consumers were last notified, except to later consumers. */
  missed: { readonly cause: GapCause; readonly latecomers: Set<Consumer<E>> } | undefined = undefined
  /** The only consumer, as long as there was never a second one. Most intents have one, and a set takes 200 bytes. */
  private only: Consumer<E> | undefined = undefined
  /** All consumers, once there was a second one. */
  private set: Set<Consumer<E>> | undefined = undefined
  /** The same, in the order in which they came; `undefined` after the set has changed. Never modified. */
  private list: Consumers<E> | undefined = undefined

  constructor(key: string, lane: string, volatile: Volatile | undefined) {
    this.key = key
    this.lane = lane
    this.volatile = volatile
  }

  /** Does not change while it is iterated over, even if a consumer comes or goes meanwhile. */
  get consumers(): Consumers<E> {
    if (this.set === undefined) return this.only === undefined ? none : [this.only]
    return this.list ??= Array.from(this.set)
  }

  /** (The hot path of notifications.) */
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

  /** Returns `false` if it is not one of the consumers. */
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

  /** The consumers that were never notified that it is open. */
  unheard(): Consumers<E> {
    return this.missed === undefined ? this.consumers : Array.from(this.missed.latecomers)
  }

  /** The server no longer has the subscription. The consumers must be notified of the gap when it is open again. */
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

  /** It is not open now. `channel` is a channel that the server may still have for this client. */
  close(channel?: string): void {
    this.phase = "Absent"
    this.channel = channel
    this.older = undefined
    this.newer = undefined
  }
}
