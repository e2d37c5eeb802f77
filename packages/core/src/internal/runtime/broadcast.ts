/**
 * Publishes elements to any number of watchers. Each `Stream` has a bounded mailbox of its own. (A `PubSub` does more,
 * and costs each client a kilobyte and each page three.)
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Mailbox from "./mailbox.ts"

/** The buffer of a watcher, in elements and in size. A slower watcher loses the oldest elements, never the last. */
const capacity = 1024
const maxBytes = 16 * 1024 ** 2

/** How many elements are kept for the first watcher, which may never come. */
const announced = 16

/** One array for all, because most clients are never watched. */
const none: ReadonlyArray<never> = []

export class Broadcast<A> {
  private mailboxes: ReadonlyArray<Mailbox.Mailbox<A, never>> = none
  private ended = false
  private kept: ReadonlyArray<A> | undefined = none

  /**
   * @param first the elements that a new watcher gets at once
   * @param overflow the element that replaces those that a watcher has missed; none by default
   */
  constructor(private readonly first?: () => A, private readonly overflow?: (lost: number) => A) {}

  /** `size` is the length of the text that the element was decoded from, if any. */
  publish(element: A, size?: number): void {
    for (const mailbox of this.mailboxes) mailbox.offer(element, size)
  }

  /** Publishes an element that must not be missed. It is kept for the first watcher if there is none yet. */
  announce(element: A): void {
    if (this.kept === undefined) this.publish(element)
    else this.kept = [...this.kept, element].slice(-announced)
  }

  /** Ends every stream, also those that are opened later. */
  end(): void {
    this.ended = true
    for (const mailbox of this.mailboxes) mailbox.end()
  }

  /** The elements that are published until the scope closes. */
  get open(): Effect.Effect<Stream.Stream<A>, never, Scope.Scope> {
    const watch = Effect.sync(() => this.watch())
    return Effect.map(
      Effect.acquireRelease(watch, (mailbox) =>
        Effect.sync(() => {
          this.mailboxes = this.mailboxes.filter((other) => other !== mailbox)
        })),
      (mailbox) => mailbox.stream
    )
  }

  /** The elements that are published while the stream runs. */
  get stream(): Stream.Stream<A> {
    // Created when it is run, because it takes 1.6 KB and most clients are never watched. (`Stream.suspend` is the same with
    // one more closure.)
    return Stream.fromChannel(Channel.suspend(() => Stream.toChannel(Stream.unwrapScoped(this.open))))
  }

  /** Whether there are watchers. */
  isWatched(): boolean {
    return this.mailboxes.length > 0
  }

  /** The number of watchers. */
  get watchers(): Effect.Effect<number> {
    return Effect.sync(() => this.mailboxes.length)
  }

  private watch(): Mailbox.Mailbox<A, never> {
    const { overflow } = this
    const mailbox = Mailbox.make<A, never>({
      capacity,
      maxBytes,
      strategy: "sliding",
      ...(overflow === undefined ? {} : { overflow })
    })
    if (this.first !== undefined) mailbox.offer(this.first())
    for (const element of this.kept ?? none) mailbox.offer(element)
    this.kept = undefined
    if (this.ended) mailbox.end()
    this.mailboxes = [...this.mailboxes, mailbox]
    return mailbox
  }
}
