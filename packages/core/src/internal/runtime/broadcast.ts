/**
 * Something that many may watch: whoever wants a `Stream` gets a bounded mailbox of their own. (A `PubSub` does more, and
 * costs each client a kilobyte and each page three.)
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Mailbox from "./mailbox.ts"

/** The buffer of a watcher, in elements and in size. A slower watcher loses the oldest elements, never the last. */
const capacity = 1024
const maxBytes = 16 * 1024 ** 2

/** How many elements are kept for the first watcher. There may never be one. */
const announced = 16

export class Broadcast<A> {
  private mailboxes: ReadonlyArray<Mailbox.Mailbox<A, never>> = []
  private ended = false
  private kept: ReadonlyArray<A> | undefined = []

  /**
   * @param first what a new watcher is told at once
   * @param overflow what a watcher is told in the place of those that it missed; nothing by default
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

  /** Nothing will come any more: every stream ends, those to come included. */
  end(): void {
    this.ended = true
    for (const mailbox of this.mailboxes) mailbox.end()
  }

  /** What is published until the scope closes. */
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

  /** What is published while it is run. */
  get stream(): Stream.Stream<A> {
    // Made when it is run: it takes 1.6 KB, and most clients are never watched.
    return Stream.suspend(() => Stream.unwrapScoped(this.open))
  }

  /** How many watch. */
  watchers(): number {
    return this.mailboxes.length
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
    for (const element of this.kept ?? []) mailbox.offer(element)
    this.kept = undefined
    if (this.ended) mailbox.end()
    this.mailboxes = [...this.mailboxes, mailbox]
    return mailbox
  }
}
