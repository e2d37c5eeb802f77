/** Decides what another client has done to a session that several clients share through one store. Pure. */

/** The session of this client. */
export interface Ours {
  readonly token: string
  /** `undefined`: a token that was set by hand, whose user is unknown. It is not shared. */
  readonly kuid: string | undefined
  /** Whether this token was in the store when the store was last seen. */
  readonly stored: boolean
}

export interface Stored {
  readonly token: string
  readonly kuid: string
  /** Milliseconds since the epoch; `undefined`: never. */
  readonly expiresAt: number | undefined
}

/** `Renewed`: another token of the same user. `LoggedIn`: one of another user. */
export type Elsewhere = "Nothing" | "LoggedOut" | "Renewed" | "LoggedIn"

export const elsewhere = (ours: Ours | undefined, stored: Stored | undefined, now: number): Elsewhere => {
  if (ours !== undefined && ours.kuid === undefined) return "Nothing"
  // A token that could not be stored was not removed by another client.
  if (stored === undefined) return ours?.stored === true ? "LoggedOut" : "Nothing"
  if (stored.token === ours?.token) return "Nothing"
  // The client that stored it did not renew it: it may have ended.
  if (stored.expiresAt !== undefined && stored.expiresAt <= now) return "Nothing"
  return stored.kuid === ours?.kuid ? "Renewed" : "LoggedIn"
}
