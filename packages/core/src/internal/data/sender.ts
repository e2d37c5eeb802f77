/** The user as whom a request is sent. */
import type { Sender } from "../../KuzzleOutboxStore.ts"

export const anonymous: Sender = { _tag: "Anonymous" }

export const sameSender = (a: Sender, b: Sender): boolean =>
  a._tag === "User" ? b._tag === "User" && a.kuid === b.kuid : b._tag === "Anonymous"
