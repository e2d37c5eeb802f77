/**
 * The state of a set of documents, as far as it is known. The set is read, and then follows the notifications. This
 * module is pure, except that it calls `publish` and `reread`.
 *
 * These rules merge a read with the notifications around it:
 *
 * 1. The subscription is in force before the read begins. Notifications during the read are held back.
 * 2. The latest notification that was held back for a document overrides what was read.
 * 3. Afterwards every notification is applied in the order in which it came.
 * 4. If both have a `_version`, the lower one never overrides the higher one.
 * 5. After a gap the whole set is read again.
 *
 * `updatedAt` cannot decide, because the clocks of a cluster's nodes differ. A write that wrongly counts as old would
 * be lost for good. If rule 2 wrongly takes a state for the newest, the notification of the newer write corrects it.
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
  /** The current documents. The map is immutable. */
  readonly documents: () => Documents
  readonly notified: (notification: DocumentNotification) => void
  readonly gap: (cause: GapCause) => void
  /** Reports that a read begins. Returns the number of the read, which `finish` expects. */
  readonly begin: () => number
  /**
   * Reports the result of a read. Returns `false` if a gap came after its beginning, so that the set must be read
   * again.
   */
  readonly finish: (read: number, documents: Iterable<LiveDocument>) => boolean
}

/** The latest state of a document. */
interface LatestState {
  readonly document: LiveDocument
  /** Why the document is not in the set. `undefined` if it is in the set. */
  readonly absence: "Deleted" | "Exited" | undefined
}

/**
 * How many notifications are held back during a read, so that a flood of writes does not fill the memory. Beyond this
 * limit, they are discarded and the documents are read once more.
 */
export const maxHeld = 65_536

/** Why the documents are read again. */
export type RereadReason = "Gap" | "Incomplete"

/**
 * How long to wait before a read, in milliseconds, after a read that took `tookMillis`. It applies to reads that are
 * needed because a notification has no id or no content. Without a pause, steady upserts would cause a large set to be
 * read without end. With it, reading takes at most a fifth of the time, and begins at most once a second.
 */
export const pauseAfter = (tookMillis: number): number => Math.max(1000, 4 * tookMillis)

/** The approximate size of values in bytes, by the lengths of their texts. */
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
  readonly reread: (reason: RereadReason) => void
}): Followed => {
  const { belongs, publish, reread } = options
  let documents = DocumentMap.from<LiveDocument>([])
  let reading = true
  let reads = 0
  /** The latest state of each document, from the notifications since the read began. */
  let heldBack = new Map<string, LatestState>()
  /** Whether another read must follow this one: a notification during this one was incomplete, or too many came. */
  let rereadNeeded = false

  const stateOf = (_id: string, { event, result }: DocumentNotification): LatestState => {
    const document: LiveDocument = { _id, _source: result._source ?? {}, _version: result._version }
    return { document, absence: event === "delete" ? "Deleted" : belongs(document) ? undefined : "Exited" }
  }

  /** Drops the content of documents outside the set, because the whole collection may be written during a read. */
  const holdBack = (_id: string, state: LatestState) => {
    const { document: { _version }, absence } = state
    heldBack.set(_id, absence === undefined ? state : { document: { _id, _source: {}, _version }, absence })
    if (heldBack.size <= maxHeld) return
    heldBack.clear()
    rereadNeeded = true
  }

  /** Called for an incomplete notification: only a read can show the documents. */
  const readInstead = () => {
    if (reading) rereadNeeded = true
    else reread("Incomplete")
  }

  /** The change that a document's latest state makes to the set, if any. */
  const apply = ({ document, absence }: LatestState): Change | undefined => {
    const { _id, _version } = document
    const previous = documents.get(_id)
    if (absence === "Deleted") {
      if (previous === undefined || isBefore(_version, previous._version)) return undefined
      documents = documents.without(_id)
      return { _tag: "Deleted", previous }
    }
    if (_version !== undefined && previous?._version !== undefined && _version <= previous._version) return undefined
    if (absence === "Exited") {
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
        // When `document:upsert` creates a document, its notification is the bare content, without the id (spec 1.5).
        if (belongs({ _id: "", _source: notification.result })) readInstead()
      } else if (_source === undefined && notification.event === "write") {
        // `mCreateOrReplace` with `source: false` leaves the content out, so whether it belongs to the set is not
        // known.
        readInstead()
      } else if (reading) {
        holdBack(_id, stateOf(_id, notification))
      } else {
        const change = apply(stateOf(_id, notification))
        if (change !== undefined) publish(change)
      }
    },
    gap: (cause) => {
      reads++
      heldBack.clear()
      if (!reading) reread("Gap")
      reading = true
      publish({ _tag: "Stale", cause })
    },
    begin: () => {
      reading = true
      heldBack = new Map()
      rereadNeeded = false
      return ++reads
    },
    finish: (read, contents) => {
      if (read !== reads) return false
      documents = DocumentMap.from(Array.from(contents).filter(belongs))
      for (const state of heldBack.values()) apply(state)
      heldBack.clear()
      reading = false
      publish({ _tag: "Snapshot", documents })
      if (rereadNeeded) reread("Incomplete")
      return true
    }
  }
}

const isBefore = (version: number | undefined, other: number | undefined): boolean =>
  version !== undefined && other !== undefined && version < other
