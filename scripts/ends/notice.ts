/** The notices that a client sends while it runs. So the judge knows what happened, although the client was ended. */
import { Schema } from "effect"

const { String: Text, TaggedStruct } = Schema

/** `id` is the unique id of a request. The server stores it with each execution. */
export const Notice = Schema.Union(
  /** The outbox is open. */
  TaggedStruct("Opened", {}),
  /** This client created the database. It is the first client, or the browser has deleted the earlier database. */
  TaggedStruct("Created", {}),
  /** The outbox could not be opened, with a typed error. */
  TaggedStruct("Denied", { issue: Text }),
  /** `handOver` succeeded. If `awaited`, the client reads the outcome itself, so no report of it follows. */
  TaggedStruct("Accepted", { id: Text, idempotent: Schema.Boolean, awaited: Schema.Boolean }),
  /** `handOver` failed with a typed error. */
  TaggedStruct("Refused", { id: Text, reason: Text }),
  /** The outbox passed the request to the connection. `Returned`: its answer or error arrived. */
  TaggedStruct("Sent", { id: Text }),
  TaggedStruct("Returned", { id: Text }),
  /** The client read the outcome. `error` is the tag of the error, or `null` for a success. */
  TaggedStruct("Answered", { id: Text, error: Schema.NullOr(Text) }),
  /** Another client has taken the request over, so this client does not learn the outcome. */
  TaggedStruct("Moved", { id: Text }),
  /** Sent before the client withdraws the request, because it may end before it can send `Withdrawn`. */
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

/** The body of a POST of a page. */
export const NoticeBatch = Schema.Struct({ client: Text, notices: Schema.Array(Notice) })

export const noticeBatchFromJson = Schema.decodeSync(Schema.parseJson(NoticeBatch))

/** The name of the client in a page. A reloaded page is another client of the same tab. */
export const clientOf = (tab: string, loadedAt: number): string => `${tab}.${Math.round(loadedAt)}`

/** The tab of a client. For a process, it is the name of the client. */
export const tabOf = (client: string): string => client.replace(/\.\d+$/, "")
