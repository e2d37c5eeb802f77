/** What a client says about itself and its requests while it runs, so that the judge knows it although the client ends. */
import { Schema } from "effect"

const { String: Text, TaggedStruct } = Schema

/** `id` is the unique number of a request, which the server stores with each execution. */
export const Notice = Schema.Union(
  /** The outbox is open. */
  TaggedStruct("Opened", {}),
  /** The browser had no database, so this client has created it: it is the first one, or the browser has deleted what it had. */
  TaggedStruct("Created", {}),
  /** The outbox could not be opened, with a typed error. */
  TaggedStruct("Denied", { issue: Text }),
  /** `handOver` succeeded. `awaited`: the client also reads the outcome, so no report of it follows. */
  TaggedStruct("Accepted", { id: Text, idempotent: Schema.Boolean, awaited: Schema.Boolean }),
  /** `handOver` failed with a typed error. */
  TaggedStruct("Refused", { id: Text, reason: Text }),
  /** The request was given to the connection. `Returned`: its answer or error came. */
  TaggedStruct("Sent", { id: Text }),
  TaggedStruct("Returned", { id: Text }),
  /** The outcome, where the client reads it. `error`: the tag of the error. */
  TaggedStruct("Answered", { id: Text, error: Schema.NullOr(Text) }),
  /** The outcome will not be known to this client: another one has taken the request over. */
  TaggedStruct("Moved", { id: Text }),
  /** Written before it is withdrawn, because the client may end before it says how that went. */
  TaggedStruct("Withdrawing", { id: Text }),
  TaggedStruct("Withdrawn", { id: Text, inTime: Schema.Boolean }),
  /** A report of the outbox. `id` is missing if the record was unreadable. */
  TaggedStruct("Reported", {
    id: Schema.NullOr(Text),
    seq: Text,
    outcome: Schema.Literal("MaybeSent", "Expired", "Rejected", "Unreadable")
  })
)
export type Notice = typeof Notice.Type

export const fromJson = Schema.decodeSync(Schema.parseJson(Notice))

/** What a page posts. */
export const Letter = Schema.Struct({ client: Text, notices: Schema.Array(Notice) })

export const letterFromJson = Schema.decodeSync(Schema.parseJson(Letter))

/** Names the client that a page is. A page that is loaded again is another client of its tab. */
export const clientOf = (tab: string, loadedAt: number): string => `${tab}.${Math.round(loadedAt)}`

/** The tab of a client; a process is its own. */
export const tabOf = (client: string): string => client.replace(/\.\d+$/, "")
