import type { ConnectionState } from "../../src/internal/protocol/connection.ts"

type Tag = ConnectionState["_tag"]

/** Which states may follow each state of the connection, other than the same state. */
export const statesAfter: Readonly<Record<Tag, ReadonlyArray<Tag>>> = {
  Connecting: ["Authenticating", "Resubscribing", "Waiting", "Failed", "Closed"],
  Authenticating: ["Resubscribing", "Replacing", "Waiting", "Failed", "Closed"],
  Resubscribing: ["Authenticating", "Replaying", "Ready", "Replacing", "Waiting", "Failed", "Closed"],
  Replaying: ["Authenticating", "Ready", "Replacing", "Waiting", "Failed", "Closed"],
  Ready: ["Authenticating", "Replacing", "Waiting", "Failed", "Closed"],
  Replacing: ["Connecting", "Authenticating", "Resubscribing", "Waiting", "Failed", "Closed"],
  Waiting: ["Connecting", "Failed", "Closed"],
  Failed: [],
  Closed: []
}
