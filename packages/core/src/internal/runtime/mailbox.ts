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

export interface Mailbox<A, E> {
  /**
   * How many elements are lost by that: the new one or older ones. An element that is replaced by a newer one of the
   * same key does not count.
   */
  readonly offer: (element: A, size?: number) => number
  /** Ends the stream, after what is held has been taken. */
  readonly fail: (cause: Cause.Cause<E>) => void
  /** As `fail`, without a failure. */
  readonly end: () => void
  /** Drops what is held: nothing shall come after an `end` that follows. */
  readonly discard: () => void
  readonly stream: Stream.Stream<A, E>
}

export const make = <A, E>(options: Options<A>): Mailbox<A, E> => {
  const { capacity, essential, keyOf, maxBytes = Infinity, overflow, strategy } = options
  const held = keyOf === undefined ? inOrder<A>() : byKey(keyOf)
  let lost = 0
  /** An essential element that gave way. */
  let saved: readonly [A] | readonly [] = []
  let end: Exit.Exit<never, Option.Option<E>> | undefined
  let waiter: ((batch: Exit.Exit<Chunk.Chunk<A>, Option.Option<E>>) => void) | undefined
  let waking = false

  const forget = () => {
    lost = 0
    saved = []
  }

  const isOver = (): boolean => held.size() > capacity || held.bytes() > maxBytes && held.size() > 1

  /** After an element was dropped for its size, the gap comes next, however small the elements behind it are. */
  const isShut = (): boolean => strategy === "dropping" && keyOf === undefined && lost > 0

  const giveWay = () => {
    const gone = strategy === "sliding" ? held.dropFirst() : held.dropLast()
    if (gone === undefined || essential?.(gone) !== true) lost += 1
    else saved = [gone]
  }

  const takeAll = (): Chunk.Chunk<A> => {
    const batch = held.takeAll()
    const told: Array<A> = [...saved]
    if (lost > 0 && overflow !== undefined) told.push(overflow(lost))
    if (strategy === "sliding") batch.unshift(...told)
    else batch.push(...told)
    forget()
    return Chunk.unsafeFromArray(batch)
  }

  const wake = () => {
    waking = false
    if (waiter === undefined) return
    const resume = waiter
    if (held.size() > 0) {
      waiter = undefined
      resume(Exit.succeed(takeAll()))
    } else if (end !== undefined) {
      waiter = undefined
      resume(end)
    }
  }

  const wakeLater = () => {
    if (waiter === undefined || waking) return
    waking = true
    Tick.later(wake)
  }

  const finish = (exit: Exit.Exit<never, Option.Option<E>>) => {
    if (end !== undefined) return
    end = exit
    wakeLater()
  }

  const take = Effect.async<Chunk.Chunk<A>, Option.Option<E>>((resume) => {
    if (held.size() > 0) return resume(Exit.succeed(takeAll()))
    if (end !== undefined) return resume(end)
    waiter = resume
    return Effect.sync(() => {
      if (waiter === resume) waiter = undefined
    })
  })

  return {
    offer: (element, size = 0) => {
      if (end !== undefined) return 0
      const before = lost
      held.push(element, size)
      if (isShut()) giveWay()
      while (isOver()) giveWay()
      wakeLater()
      return lost - before
    },
    fail: (cause) => finish(Exit.failCause(Cause.map(cause, Option.some))),
    end: () => finish(Exit.fail(Option.none())),
    discard: () => {
      held.takeAll()
      forget()
    },
    stream: Stream.repeatEffectChunkOption(take)
  }
}

/** Elements in the order in which they are to be taken. */
interface Held<A> {
  readonly size: () => number
  /** The sizes of the elements. */
  readonly bytes: () => number
  readonly push: (element: A, size: number) => void
  /** Gives what it drops. */
  readonly dropFirst: () => A | undefined
  /** What was pushed last. */
  readonly dropLast: () => A | undefined
  readonly takeAll: () => Array<A>
}

const inOrder = <A>(): Held<A> => {
  let elements: Array<A> = []
  let sizes: Array<number> = []
  let bytes = 0
  /** Index of the first: `shift` of an array would move it whole. */
  let head = 0
  return {
    size: () => elements.length - head,
    bytes: () => bytes,
    push: (element, size) => {
      elements.push(element)
      sizes.push(size)
      bytes += size
    },
    dropFirst: () => {
      const first = elements[head]
      bytes -= sizes[head] ?? 0
      head += 1
      if (head * 2 < elements.length) return first
      elements = elements.slice(head)
      sizes = sizes.slice(head)
      head = 0
      return first
    },
    dropLast: () => {
      bytes -= sizes.pop() ?? 0
      return elements.pop()
    },
    takeAll: () => {
      const all = head === 0 ? elements : elements.slice(head)
      elements = []
      sizes = []
      bytes = 0
      head = 0
      return all
    }
  }
}

/** The newer of a key takes the place of the older *and* goes to the end: the order stays that of the wire. */
const byKey = <A>(keyOf: (element: A) => string | undefined): Held<A> => {
  const entries = new Map<unknown, { readonly element: A; readonly size: number }>()
  /** Stays where it is, because a new iterator would walk over every entry that was deleted before the first. */
  let keys = entries.keys()
  let bytes = 0
  let last: unknown
  const drop = (key: unknown): A | undefined => {
    const entry = entries.get(key)
    if (entry === undefined) return undefined
    entries.delete(key)
    bytes -= entry.size
    return entry.element
  }
  return {
    size: () => entries.size,
    bytes: () => bytes,
    push: (element, size) => {
      last = keyOf(element) ?? {}
      drop(last)
      entries.set(last, { element, size })
      bytes += size
    },
    dropFirst: () => {
      if (entries.size === 0) return undefined
      let first = keys.next()
      if (first.done === true) {
        keys = entries.keys()
        first = keys.next()
      }
      return drop(first.value)
    },
    dropLast: () => drop(last),
    takeAll: () => {
      const all = Array.from(entries.values(), ({ element }) => element)
      entries.clear()
      bytes = 0
      return all
    }
  }
}
