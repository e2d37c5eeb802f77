import type { ConnectionState } from "../../src/internal/protocol/connection.ts"

type Tag = ConnectionState["_tag"]

/** Which states may follow each state of the connection, other than the same state. */
export const statesAfter: Readonly<Record<Tag, ReadonlyArray<Tag>>> = {
  Connecting: ["Authenticating", "Resubscribing", "Waiting", "Failed", "Closed"],
  Authenticating: ["Resubscribing", "Renewing", "Waiting", "Failed", "Closed"],
  Resubscribing: ["Authenticating", "Replaying", "Ready", "Renewing", "Waiting", "Failed", "Closed"],
  Replaying: ["Authenticating", "Ready", "Renewing", "Waiting", "Failed", "Closed"],
  Ready: ["Authenticating", "Renewing", "Waiting", "Failed", "Closed"],
  Renewing: ["Connecting", "Authenticating", "Resubscribing", "Waiting", "Failed", "Closed"],
  Waiting: ["Connecting", "Failed", "Closed"],
  Failed: [],
  Closed: []
}
