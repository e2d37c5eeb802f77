/**
 * A bounded buffer for one consumer. A slow consumer never delays the socket. It loses elements, and gets the number of
 * lost ones (promises S4, S7, L2).
 */
import type * as Cause from "effect/Cause"
import type * as Stream from "effect/Stream"
import * as Pull from "./pull.ts"
import * as Tick from "./tick.ts"

export interface Options<A> {
  readonly capacity: number
  /** The limit for the total size of the elements. A single element is kept, whatever its size. */
  readonly maxBytes?: number | undefined
  /** Which element is dropped when it is full: the oldest (`sliding`) or the newest (`dropping`). */
  readonly strategy: "sliding" | "dropping"
  /** Of two elements with the same key only the newer one is kept. An element without a key replaces none. */
  readonly keyOf?: ((element: A) => string | undefined) | undefined
  /** Makes an element that reports how many were lost. If it is left out, there is no such element. */
  readonly overflow?: (lost: number) => A
  /** Whether an element must not be lost. If such elements are dropped, the newest of them is still delivered. */
  readonly essential?: (element: A) => boolean
}

const noElement: readonly [] = []

/** A class, because there may be ten thousand instances. */
export class Mailbox<A, E> {
  private readonly buffer: Buffer<A>
  private lost = 0
  /** The newest essential element that was dropped. */
  private savedEssential: readonly [A] | readonly [] = noElement
  private ending: Pull.End<E> | undefined = undefined
  private waiter: ((batch: Pull.Batch<A, E>) => void) | undefined = undefined
  private waking = false

  constructor(private readonly options: Options<A>) {
    this.buffer = options.keyOf === undefined ? new InOrder() : new ByKey(options.keyOf)
  }

  /**
   * Adds an element. Returns how many elements are lost by that: the new one or older ones. An element that is replaced
   * by a newer one of the same key does not count.
   */
  offer(element: A, size = 0): number {
    if (this.ending !== undefined) return 0
    const before = this.lost
    this.buffer.push(element, size)
    if (this.isDropping()) this.dropOne()
    while (this.exceedsLimits()) this.dropOne()
    this.wakeLater()
    return this.lost - before
  }

  /** Fails the stream after the buffered elements have been taken. */
  fail(cause: Cause.Cause<E>): void {
    this.finish(Pull.failed(cause))
  }

  /** Ends the stream after the buffered elements have been taken. */
  end(): void {
    this.finish(Pull.done)
  }

  /** Drops the buffered elements, so that none follows an `end`. */
  discard(): void {
    this.buffer.takeAll()
    this.forget()
  }

  get stream(): Stream.Stream<A, E> {
    return Pull.stream((resume) => {
      if (this.buffer.size > 0) return resume(this.takeAll())
      if (this.ending !== undefined) return resume(this.ending)
      this.waiter = resume
      return () => {
        if (this.waiter === resume) this.waiter = undefined
      }
    })
  }

  private exceedsLimits(): boolean {
    const { buffer, options: { capacity, maxBytes = Infinity } } = this
    return buffer.size > capacity || buffer.bytes > maxBytes && buffer.size > 1
  }

  /**
   * Whether new elements are dropped, because one was dropped before. The report of the loss must come next, even if
   * later elements would fit.
   */
  private isDropping(): boolean {
    return this.lost > 0 && this.options.strategy === "dropping" && this.options.keyOf === undefined
  }

  private dropOne(): void {
    const { essential, strategy } = this.options
    const dropped = strategy === "sliding" ? this.buffer.dropFirst() : this.buffer.dropLast()
    if (dropped === undefined || essential?.(dropped) !== true) this.lost += 1
    else this.savedEssential = [dropped]
  }

  private takeAll(): Pull.Batch<A, never> {
    const { buffer, lost, options: { overflow, strategy } } = this
    const batch = buffer.takeAll()
    const notices: Array<A> = [...this.savedEssential]
    if (lost > 0 && overflow !== undefined) notices.push(overflow(lost))
    if (strategy === "sliding") batch.unshift(...notices)
    else batch.push(...notices)
    this.forget()
    return Pull.batch(batch)
  }

  private forget(): void {
    this.lost = 0
    this.savedEssential = noElement
  }

  private finish(exit: Pull.End<E>): void {
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
    const batch = this.buffer.size > 0 ? this.takeAll() : ending
    if (batch === undefined) return
    this.waiter = undefined
    waiter(batch)
  }
}

export const make = <A, E>(options: Options<A>): Mailbox<A, E> => new Mailbox(options)

/** Elements in the order in which they are to be taken. */
interface Buffer<A> {
  readonly size: number
  /** The sizes of the elements. */
  readonly bytes: number
  push(element: A, size: number): void
  /** Returns the dropped element. */
  dropFirst(): A | undefined
  /** Returns the dropped element, which was pushed last. */
  dropLast(): A | undefined
  takeAll(): Array<A>
}

class InOrder<A> implements Buffer<A> {
  bytes = 0
  private elements: Array<A> = []
  private sizes: Array<number> = []
  /** The index of the first element, because `shift` would move the whole array. */
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

interface Entry<A> {
  readonly key: string | undefined
  readonly element: A
  readonly size: number
  before: Entry<A> | undefined
  after: Entry<A> | undefined
}

/**
 * Elements by key. A newer element of a key replaces the older one *and* goes to the end, so that the order is that of
 * the wire. It is a linked list, because finding the first entry of a `Map` and moving entries to its end takes a
 * quarter more time.
 */
class ByKey<A> implements Buffer<A> {
  size = 0
  bytes = 0
  private readonly entries = new Map<string, Entry<A>>()
  private first: Entry<A> | undefined = undefined
  private last: Entry<A> | undefined = undefined

  constructor(private readonly keyOf: (element: A) => string | undefined) {}

  push(element: A, size: number): void {
    const key = this.keyOf(element)
    const older = key === undefined ? undefined : this.entries.get(key)
    if (older !== undefined) this.unlink(older)
    const entry: Entry<A> = { key, element, size, before: this.last, after: undefined }
    if (key !== undefined) this.entries.set(key, entry)
    if (this.last === undefined) this.first = entry
    else this.last.after = entry
    this.last = entry
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
    for (let entry = this.first; entry !== undefined; entry = entry.after) all.push(entry.element)
    this.entries.clear()
    this.first = this.last = undefined
    this.size = this.bytes = 0
    return all
  }

  private drop(entry: Entry<A> | undefined): A | undefined {
    if (entry === undefined) return undefined
    this.unlink(entry)
    if (entry.key !== undefined) this.entries.delete(entry.key)
    return entry.element
  }

  private unlink({ after, before, size }: Entry<A>): void {
    if (before === undefined) this.first = after
    else before.after = after
    if (after === undefined) this.last = before
    else after.before = before
    this.size -= 1
    this.bytes -= size
  }
}
