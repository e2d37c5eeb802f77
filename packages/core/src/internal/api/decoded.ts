/**
 * Live documents, decoded by their Schema. Each change is decoded once for all observers. For a snapshot, all documents
 * are decoded.
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { DocumentMap } from "../data/documents.ts"
import type { Change, Documents, LiveDocument } from "./live.ts"
import { Observers, sizeOf } from "./observers.ts"

interface Identified {
  readonly _id: string
}

/** A decoded document, or none if it does not fit the Schema and is omitted. */
export type Read<Document, Exited> =
  | { readonly isIn: true; readonly document: Document }
  | { readonly isIn: false; readonly document: Exited }

/** How many documents of a snapshot are decoded before other fibers and the pings get a turn. */
const batchSize = 500

/** The known state of a set of documents, decoded. */
class Decoded<Document extends Identified, Exited extends Identified> {
  documents = DocumentMap.from<Document>([])

  /** Whether the document is in the set. Only such a document can leave it. */
  has(_id: string): boolean {
    return this.documents.has(_id)
  }

  replace(documents: ReadonlyArray<Document>): Change<Document, Exited | Document> {
    this.documents = DocumentMap.from(documents)
    return { _tag: "Snapshot", documents: this.documents }
  }

  enter(document: Document): Change<Document, Exited | Document> {
    const previous = this.documents.get(document._id)
    this.documents = this.documents.with(document)
    return previous === undefined ? { _tag: "Entered", document } : { _tag: "Updated", document, previous }
  }

  leave(document: Exited | Document): Change<Document, Exited | Document> | undefined {
    const previous = this.remove(document._id)
    return previous && { _tag: "Exited", document, previous }
  }

  delete(_id: string): Change<Document, Exited | Document> | undefined {
    const previous = this.remove(_id)
    return previous && { _tag: "Deleted", previous }
  }

  private remove(_id: string): Document | undefined {
    const previous = this.documents.get(_id)
    this.documents = this.documents.without(_id)
    return previous
  }
}

/** Completes once the snapshot with which `changes` begins is decoded. Follows the changes until the scope closes. */
export const follow = <Document extends Identified, Exited extends Identified, E, E2, R>(
  changes: Stream.Stream<Change, E>,
  read: (document: LiveDocument) => Effect.Effect<Read<Document, Exited>, E2, R>,
  readMany: (documents: ReadonlyArray<LiveDocument>) => Effect.Effect<ReadonlyArray<Document>, E2, R>
): Effect.Effect<Observers<Document, E | E2, Exited | Document>["live"], E | E2, R | Scope.Scope> =>
  Effect.gen(function*() {
    const known = new Decoded<Document, Exited>()
    const observers = new Observers<Document, E | E2, Exited | Document>(() => known.documents)
    const ready = yield* Deferred.make<void, E | E2>()

    const readAll = (documents: Documents) =>
      Effect.gen(function*() {
        const all = Array.from(documents.values())
        const decoded: Array<Document> = []
        for (let start = 0; start < all.length; start += batchSize) {
          for (const document of yield* readMany(all.slice(start, start + batchSize))) decoded.push(document)
          yield* Effect.yieldNow()
        }
        return decoded
      })

    const decode = (change: Change): Effect.Effect<Change<Document, Exited | Document> | undefined, E2, R> => {
      switch (change._tag) {
        case "Snapshot":
          return Effect.map(readAll(change.documents), (documents) => known.replace(documents))
        case "Stale":
          return Effect.succeed(change)
        case "Deleted":
          return Effect.sync(() => known.delete(change.previous._id))
        case "Exited":
          return known.has(change.document._id)
            ? Effect.map(read(change.document), ({ document }) => known.leave(document))
            : Effect.succeed(undefined)
        case "Entered":
        case "Updated":
          return Effect.map(
            read(change.document),
            (read) => read.isIn ? known.enter(read.document) : known.leave(read.document)
          )
      }
    }

    const publish = (change: Change) =>
      Effect.flatMap(decode(change), (decoded) => {
        if (decoded !== undefined) observers.publish(decoded, () => sizeOf(change))
        return change._tag === "Snapshot" ? Deferred.succeed(ready, undefined) : Effect.void
      })
    const fail = (cause: Cause.Cause<E | E2>) =>
      Effect.suspend(() => {
        observers.fail(cause)
        return Deferred.failCause(ready, cause)
      })
    yield* Effect.addFinalizer(() => Effect.sync(() => observers.end()))
    yield* Effect.forkScoped(Effect.catchAllCause(Stream.runForEach(changes, publish), fail))
    yield* Deferred.await(ready)
    return observers.live
  })
