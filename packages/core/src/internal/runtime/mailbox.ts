/**
 * What a subscription holds for a consumer until it is taken. Bounded: a slow consumer loses elements, never delays the
 * socket, and is told how many it lost (promises S4, S7, L2).
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tick from "./tick.ts"

export interface Options<A> {
  readonly capacity: number
  /** The limit for the total size of the elements. A single element is held whatever its size. */
  readonly maxBytes?: number | undefined
  /** Which end gives way when it is full: `sliding` the oldest, `dropping` the newest. */
  readonly strategy: "sliding" | "dropping"
  /** Of two elements with the same key only the newer is held; one without a key stands for itself. */
  readonly keyOf?: ((element: A) => string | undefined) | undefined
  /** The element that tells how many were lost; without it nobody is told. */
  readonly overflow?: (lost: number) => A
  /** What must be told whatever happens: of those that give way the newest is handed out all the same, where they were. */
  readonly essential?: (element: A) => boolean
}

type Batch<A, E> = Exit.Exit<Chunk.Chunk<A>, Option.Option<E>>

const nothing: readonly [] = []

/** A class, because there may be ten thousand. */
export class Mailbox<A, E> {
  private readonly held: Held<A>
  private lost = 0
  /** An essential element that gave way. */
  private saved: readonly [A] | readonly [] = nothing
  private ending: Exit.Exit<never, Option.Option<E>> | undefined = undefined
  private waiter: ((batch: Batch<A, E>) => void) | undefined = undefined
  private waking = false

  constructor(private readonly options: Options<A>) {
    this.held = options.keyOf === undefined ? new InOrder() : new ByKey(options.keyOf)
  }

  /**
   * How many elements are lost by that: the new one or older ones. An element that is replaced by a newer one of the
   * same key does not count.
   */
  offer(element: A, size = 0): number {
    if (this.ending !== undefined) return 0
    const before = this.lost
    this.held.push(element, size)
    if (this.isShut()) this.giveWay()
    while (this.isOver()) this.giveWay()
    this.wakeLater()
    return this.lost - before
  }

  /** Ends the stream, after what is held has been taken. */
  fail(cause: Cause.Cause<E>): void {
    this.finish(Exit.failCause(Cause.map(cause, Option.some)))
  }

  /** As `fail`, without a failure. */
  end(): void {
    this.finish(Exit.fail(Option.none()))
  }

  /** Drops what is held: nothing shall come after an `end` that follows. */
  discard(): void {
    this.held.takeAll()
    this.forget()
  }

  get stream(): Stream.Stream<A, E> {
    return Stream.repeatEffectChunkOption(this.take())
  }

  private take(): Effect.Effect<Chunk.Chunk<A>, Option.Option<E>> {
    return Effect.async((resume) => {
      if (this.held.size > 0) return resume(Exit.succeed(this.takeAll()))
      if (this.ending !== undefined) return resume(this.ending)
      this.waiter = resume
      return Effect.sync(() => {
        if (this.waiter === resume) this.waiter = undefined
      })
    })
  }

  private isOver(): boolean {
    const { held, options: { capacity, maxBytes = Infinity } } = this
    return held.size > capacity || held.bytes > maxBytes && held.size > 1
  }

  /** After an element was dropped for its size, the gap comes next, however small the elements behind it are. */
  private isShut(): boolean {
    return this.lost > 0 && this.options.strategy === "dropping" && this.options.keyOf === undefined
  }

  private giveWay(): void {
    const { essential, strategy } = this.options
    const gone = strategy === "sliding" ? this.held.dropFirst() : this.held.dropLast()
    if (gone === undefined || essential?.(gone) !== true) this.lost += 1
    else this.saved = [gone]
  }

  private takeAll(): Chunk.Chunk<A> {
    const { held, lost, options: { overflow, strategy } } = this
    const batch = held.takeAll()
    const told: Array<A> = [...this.saved]
    if (lost > 0 && overflow !== undefined) told.push(overflow(lost))
    if (strategy === "sliding") batch.unshift(...told)
    else batch.push(...told)
    this.forget()
    return Chunk.unsafeFromArray(batch)
  }

  private forget(): void {
    this.lost = 0
    this.saved = nothing
  }

  private finish(exit: Exit.Exit<never, Option.Option<E>>): void {
    if (this.ending !== undefined) return
    this.ending = exit
    this.wakeLater()
  }

  private wakeLater(): void {
    if (this.waiter === undefined || this.waking) return
    this.waking = true
    Tick.later(() => this.wake())
  }

  private wake(): void {
    this.waking = false
    const { ending, waiter } = this
    if (waiter === undefined) return
    const batch = this.held.size > 0 ? Exit.succeed(this.takeAll()) : ending
    if (batch === undefined) return
    this.waiter = undefined
    waiter(batch)
  }
}

export const make = <A, E>(options: Options<A>): Mailbox<A, E> => new Mailbox(options)

/** Elements in the order in which they are to be taken. */
interface Held<A> {
  readonly size: number
  /** The sizes of the elements. */
  readonly bytes: number
  push(element: A, size: number): void
  /** Gives what it drops. */
  dropFirst(): A | undefined
  /** What was pushed last. */
  dropLast(): A | undefined
  takeAll(): Array<A>
}

class InOrder<A> implements Held<A> {
  bytes = 0
  private elements: Array<A> = []
  private sizes: Array<number> = []
  /** Index of the first: `shift` of an array would move it whole. */
  private head = 0

  get size(): number {
    return this.elements.length - this.head
  }

  push(element: A, size: number): void {
    this.elements.push(element)
    this.sizes.push(size)
    this.bytes += size
  }

  dropFirst(): A | undefined {
    const first = this.elements[this.head]
    this.bytes -= this.sizes[this.head] ?? 0
    this.head += 1
    if (this.head * 2 < this.elements.length) return first
    this.elements = this.elements.slice(this.head)
    this.sizes = this.sizes.slice(this.head)
    this.head = 0
    return first
  }

  dropLast(): A | undefined {
    this.bytes -= this.sizes.pop() ?? 0
    return this.elements.pop()
  }

  takeAll(): Array<A> {
    const { elements, head } = this
    this.elements = []
    this.sizes = []
    this.bytes = 0
    this.head = 0
    return head === 0 ? elements : elements.slice(head)
  }
}

interface Link<A> {
  readonly key: string | undefined
  readonly element: A
  readonly size: number
  before: Link<A> | undefined
  after: Link<A> | undefined
}

/**
 * The newer of a key takes the place of the older *and* goes to the end: the order stays that of the wire. A list, because
 * a `Map` that finds its first entry and moves another to its end costs a quarter more.
 */
class ByKey<A> implements Held<A> {
  size = 0
  bytes = 0
  private readonly links = new Map<string, Link<A>>()
  private first: Link<A> | undefined = undefined
  private last: Link<A> | undefined = undefined

  constructor(private readonly keyOf: (element: A) => string | undefined) {}

  push(element: A, size: number): void {
    const key = this.keyOf(element)
    const older = key === undefined ? undefined : this.links.get(key)
    if (older !== undefined) this.unlink(older)
    const link: Link<A> = { key, element, size, before: this.last, after: undefined }
    if (key !== undefined) this.links.set(key, link)
    if (this.last === undefined) this.first = link
    else this.last.after = link
    this.last = link
    this.size += 1
    this.bytes += size
  }

  dropFirst(): A | undefined {
    return this.drop(this.first)
  }

  dropLast(): A | undefined {
    return this.drop(this.last)
  }

  takeAll(): Array<A> {
    const all: Array<A> = []
    for (let link = this.first; link !== undefined; link = link.after) all.push(link.element)
    this.links.clear()
    this.first = this.last = undefined
    this.size = this.bytes = 0
    return all
  }

  private drop(link: Link<A> | undefined): A | undefined {
    if (link === undefined) return undefined
    this.unlink(link)
    if (link.key !== undefined) this.links.delete(link.key)
    return link.element
  }

  private unlink({ after, before, size }: Link<A>): void {
    if (before === undefined) this.first = after
    else before.after = after
    if (after === undefined) this.last = before
    else after.before = before
    this.size -= 1
    this.bytes -= size
  }
}
