/**
 * The observers of a set of live documents. Each has a buffer of its own, and gets a new snapshot if it is too slow.
 */
import type * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Mailbox from "../runtime/mailbox.ts"
import { type Change, type Documents, weigh } from "./live.ts"

/** The limits of an observer's buffer, in changes and in bytes. Beyond them, the observer gets a new snapshot. */
const capacity = 4096
const maxBytes = 16 * 1024 ** 2

export class Observers<Document, E, Exited = Document> {
  private readonly all = new Set<Mailbox.Mailbox<Change<Document, Exited>, E>>()
  /** Ends an observer in the same way as the set has ended. `undefined` until then. */
  private ending: ((observer: Mailbox.Mailbox<Change<Document, Exited>, E>) => void) | undefined

  /** @param documents returns the current documents */
  constructor(private readonly documents: () => Documents<Document>) {}

  /** `size` estimates the bytes of the change. */
  publish(change: Change<Document, Exited>, size: () => number): void {
    if (this.all.size === 0) return
    const bytes = size()
    for (const observer of this.all) observer.offer(change, bytes)
  }

  fail(cause: Cause.Cause<E>): void {
    this.finish((observer) => observer.fail(cause))
  }

  end(): void {
    this.finish((observer) => observer.end())
  }

  /** The public form of the set, for any number of observers. */
  get live() {
    const changes = Stream.unwrapScoped(Effect.map(this.observe(), ({ stream }) => stream))
    return {
      documents: Effect.sync(this.documents),
      changes,
      values: Stream.mapChunks(
        changes,
        (several) => Chunk.some(several, ({ _tag }) => _tag !== "Stale") ? Chunk.of(this.documents()) : Chunk.empty()
      )
    }
  }

  private observe() {
    return Effect.acquireRelease(
      Effect.sync(() => {
        const snapshot = (): Change<Document, Exited> => ({ _tag: "Snapshot", documents: this.documents() })
        const observer = Mailbox.make<Change<Document, Exited>, E>({
          capacity,
          maxBytes,
          strategy: "dropping",
          overflow: snapshot
        })
        if (this.ending === undefined) observer.offer(snapshot())
        else this.ending(observer)
        this.all.add(observer)
        return observer
      }),
      (observer) => Effect.sync(() => this.all.delete(observer))
    )
  }

  private finish(endObserver: (observer: Mailbox.Mailbox<Change<Document, Exited>, E>) => void): void {
    this.ending ??= endObserver
    this.all.forEach(this.ending)
  }
}

/** A snapshot counts as 0 bytes, because its documents are in memory anyway. */
export const sizeOf = (change: Change): number =>
  change._tag === "Snapshot" || change._tag === "Stale"
    ? 0
    : weigh("previous" in change && change.previous, "document" in change && change.document)
