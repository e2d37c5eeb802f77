/**
 * Publishes elements to any number of watchers. (A `PubSub` would take 1 KB of memory for each client, and 3 KB of each
 * page.)
 */
import * as Effect from "effect/Effect"

/** Receives the published elements. Its functions must not throw. */
export interface Watcher<in A> {
  /** `size` is the length of the text that the element was decoded from, if any. */
  readonly next: (element: A, size?: number) => void
  /** No element follows. */
  readonly end: () => void
}

/** A source of elements, of which `streamOf` makes a stream. */
export interface Watchable<out A> {
  /** Calls the watcher synchronously. Returns the function that ends the watch. */
  readonly watch: (watcher: Watcher<A>) => () => void
}

/** How many announced elements are kept for the first watcher, which may never come. */
const maxAnnounced = 16

/** An array that all share, because most clients are never watched. */
const none: ReadonlyArray<never> = []

export class Broadcast<A> implements Watchable<A> {
  private all: ReadonlyArray<Watcher<A>> = none
  private ended = false
  private unwatched: ReadonlyArray<A> | undefined = none

  /** @param first makes the element that a new watcher gets at once */
  constructor(private readonly first?: () => A) {}

  /** @param size the length of the text that the element was decoded from, if any */
  publish(element: A, size?: number): void {
    for (const watcher of this.all) watcher.next(element, size)
  }

  /** Publishes an element that must not be missed. It is kept for the first watcher if there is none yet. */
  announce(element: A): void {
    if (this.unwatched === undefined) this.publish(element)
    else this.unwatched = [...this.unwatched, element].slice(-maxAnnounced)
  }

  /** Ends every watch, including those that begin later. */
  end(): void {
    this.ended = true
    for (const watcher of this.all) watcher.end()
  }

  watch(watcher: Watcher<A>): () => void {
    if (this.first !== undefined) watcher.next(this.first())
    for (const element of this.unwatched ?? none) watcher.next(element)
    this.unwatched = undefined
    if (this.ended) watcher.end()
    this.all = [...this.all, watcher]
    return () => {
      this.all = this.all.filter((other) => other !== watcher)
    }
  }

  /** Whether there are watchers. */
  isWatched(): boolean {
    return this.all.length > 0
  }

  /** The number of watchers. */
  get watchers(): Effect.Effect<number> {
    return Effect.sync(() => this.all.length)
  }
}
