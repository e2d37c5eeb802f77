/**
 * The known state of a set of documents that is read and then followed. It is pure, except that it calls `publish` and
 * `reread`.
 *
 * These rules merge a read with the notifications around it:
 *
 * 1. The subscription is in force before the read begins. Notifications during the read are held back.
 * 2. The latest notification that was held back for a document overrides what was read.
 * 3. Afterwards every notification is applied in the order in which it came.
 * 4. If both have a `_version`, the lower one never overrides the higher one.
 * 5. After a gap the whole set is read again.
 *
 * `updatedAt` cannot decide, because the clocks of a cluster's nodes differ: a write that wrongly counts as old would
 * be lost for good. If rule 2 wrongly takes a state for the newest, the notification of the newer write follows and
 * corrects it.
 */
import type { Content } from "../../KuzzleDocument.ts"
import type { DocumentNotification, GapCause } from "../../KuzzleRealtime.ts"
import { DocumentMap } from "../data/documents.ts"

export interface LiveDocument {
  readonly _id: string
  readonly _source: Content
  readonly _version?: number | undefined
}

export type Documents<Document = LiveDocument> = ReadonlyMap<string, Document>

export type Change<Document = LiveDocument, Exited = Document> =
  | { readonly _tag: "Snapshot"; readonly documents: Documents<Document> }
  | { readonly _tag: "Entered"; readonly document: Document }
  | { readonly _tag: "Updated"; readonly document: Document; readonly previous: Document }
  | { readonly _tag: "Exited"; readonly document: Exited; readonly previous: Document }
  | { readonly _tag: "Deleted"; readonly previous: Document }
  | { readonly _tag: "Stale"; readonly cause: GapCause }

export interface Followed {
  /** The documents now. The map is immutable. */
  readonly documents: () => Documents
  readonly notified: (notification: DocumentNotification) => void
  readonly gap: (cause: GapCause) => void
  /** A read begins. Returns its number, which `finish` takes with the result. */
  readonly begin: () => number
  /** Returns `false` if a gap came in between, so that the set must be read again. */
  readonly finish: (read: number, documents: Iterable<LiveDocument>) => boolean
}

/** The latest state of a document. */
interface Word {
  readonly document: LiveDocument
  /** Why it is not in the set. */
  readonly gone: "Deleted" | "Exited" | undefined
}

/**
 * How many notifications are held back during a read, so that a flood of writes does not fill the memory. Beyond the
 * limit they are discarded, and the documents are read once more.
 */
export const maxHeld = 65_536

/** Why the documents are read again. */
export type Because = "Gap" | "Incomplete"

/**
 * How long to wait, in milliseconds, before a read that incomplete notifications (without an id or a content) require,
 * after a read that took `tookMillis`. With steady upserts, a large set would otherwise be read without end. So reading
 * takes at most a fifth of the time, and begins at most once a second.
 */
export const pauseAfter = (tookMillis: number): number => Math.max(1000, 4 * tookMillis)

/** The approximate size of a value in bytes, by the lengths of its texts. */
export const weigh = (...values: ReadonlyArray<unknown>): number => {
  let weight = 0
  const remaining = [...values]
  while (remaining.length > 0) {
    const value = remaining.pop()
    weight += typeof value === "string" ? value.length : 16
    if (typeof value === "object" && value !== null) { for (const inner of Object.values(value)) remaining.push(inner) }
  }
  return weight
}

export const make = (options: {
  /** Whether a document belongs to the set. */
  readonly belongs: (document: LiveDocument) => boolean
  readonly publish: (change: Change) => void
  /** Requests another read: at once after a gap, later for an incomplete notification. */
  readonly reread: (because: Because) => void
}): Followed => {
  const { belongs, publish, reread } = options
  let documents = DocumentMap.from<LiveDocument>([])
  let reading = true
  let reads = 0
  /** The latest notification of each document since the read began. */
  let held = new Map<string, Word>()
  /** A notification during the read cannot be held back: see `notified`. */
  let rereadNeeded = false

  const wordOf = (_id: string, { event, result }: DocumentNotification): Word => {
    const document: LiveDocument = { _id, _source: result._source ?? {}, _version: result._version }
    return { document, gone: event === "delete" ? "Deleted" : belongs(document) ? undefined : "Exited" }
  }

  /** The content of documents outside the set is not kept: the whole collection may be written during a read. */
  const hold = (_id: string, word: Word) => {
    const { document: { _version }, gone } = word
    held.set(_id, gone === undefined ? word : { document: { _id, _source: {}, _version }, gone })
    if (held.size <= maxHeld) return
    held.clear()
    rereadNeeded = true
  }

  /** An incomplete notification: the documents must be read. */
  const onlyRead = () => {
    if (reading) rereadNeeded = true
    else reread("Incomplete")
  }

  /** The change that a document's latest state makes to the set, if any. */
  const apply = ({ document, gone }: Word): Change | undefined => {
    const { _id, _version } = document
    const previous = documents.get(_id)
    if (gone === "Deleted") {
      if (previous === undefined || isBefore(_version, previous._version)) return undefined
      documents = documents.without(_id)
      return { _tag: "Deleted", previous }
    }
    if (_version !== undefined && previous?._version !== undefined && _version <= previous._version) return undefined
    if (gone === "Exited") {
      if (previous === undefined) return undefined
      documents = documents.without(_id)
      return { _tag: "Exited", document, previous }
    }
    documents = documents.with(document)
    return previous === undefined ? { _tag: "Entered", document } : { _tag: "Updated", document, previous }
  }

  return {
    documents: () => documents,
    notified: (notification) => {
      if (notification.event === "publish") return
      const { _id, _source } = notification.result
      if (_id === undefined) {
        // The notification of a document that `document:upsert` creates is its content without its id (spec 1.5).
        if (belongs({ _id: "", _source: notification.result })) onlyRead()
      } else if (_source === undefined && notification.event === "write") {
        // `mCreateOrReplace` with `source: false` leaves the content out. Whether it belongs to the set is not known.
        onlyRead()
      } else if (reading) {
        hold(_id, wordOf(_id, notification))
      } else {
        const change = apply(wordOf(_id, notification))
        if (change !== undefined) publish(change)
      }
    },
    gap: (cause) => {
      reads++
      held.clear()
      if (!reading) reread("Gap")
      reading = true
      publish({ _tag: "Stale", cause })
    },
    begin: () => {
      reading = true
      held = new Map()
      rereadNeeded = false
      return ++reads
    },
    finish: (read, contents) => {
      if (read !== reads) return false
      documents = DocumentMap.from(Array.from(contents).filter(belongs))
      for (const word of held.values()) apply(word)
      held.clear()
      reading = false
      publish({ _tag: "Snapshot", documents })
      if (rereadNeeded) reread("Incomplete")
      return true
    }
  }
}

const isBefore = (version: number | undefined, other: number | undefined): boolean =>
  version !== undefined && other !== undefined && version < other
