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
  /** Which end gives way when it is full: `sliding` the oldest, `dropping` the newest. */
  readonly strategy: "sliding" | "dropping"
  /** The element that tells how many were lost; without it nobody is told. */
  readonly overflow?: (lost: number) => A
}

export interface Mailbox<A, E> {
  readonly offer: (element: A) => void
  /** Ends the stream, after what is held has been taken. */
  readonly fail: (cause: Cause.Cause<E>) => void
  /** As `fail`, without a failure. */
  readonly end: () => void
  /** Drops what is held: nothing shall come after an `end` that follows. */
  readonly discard: () => void
  readonly stream: Stream.Stream<A, E>
}

export const make = <A, E>(options: Options<A>): Mailbox<A, E> => {
  let held: Array<A> = []
  /** Index of the oldest element: `shift` would move the whole array. */
  let head = 0
  let lost = 0
  let end: Exit.Exit<never, Option.Option<E>> | undefined
  let waiter: ((batch: Exit.Exit<Chunk.Chunk<A>, Option.Option<E>>) => void) | undefined
  let waking = false

  const takeAll = (): Chunk.Chunk<A> => {
    const batch = head === 0 ? held : held.slice(head)
    if (lost > 0 && options.overflow !== undefined) {
      const gap = options.overflow(lost)
      if (options.strategy === "sliding") batch.unshift(gap)
      else batch.push(gap)
    }
    held = []
    head = 0
    lost = 0
    return Chunk.unsafeFromArray(batch)
  }

  const wake = () => {
    waking = false
    if (waiter === undefined) return
    const resume = waiter
    if (held.length > head) {
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
    if (held.length > head) return resume(Exit.succeed(takeAll()))
    if (end !== undefined) return resume(end)
    waiter = resume
    return Effect.sync(() => {
      if (waiter === resume) waiter = undefined
    })
  })

  return {
    offer: (element) => {
      if (end !== undefined) return
      if (held.length - head >= options.capacity) {
        lost += 1
        if (options.strategy === "dropping") return
        head += 1
        if (head >= options.capacity) {
          held = held.slice(head)
          head = 0
        }
      }
      held.push(element)
      wakeLater()
    },
    fail: (cause) => finish(Exit.failCause(Cause.map(cause, Option.some))),
    end: () => finish(Exit.fail(Option.none())),
    discard: () => {
      held = []
      head = 0
      lost = 0
    },
    stream: Stream.repeatEffectChunkOption(take)
  }
}
