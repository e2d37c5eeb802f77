/** Decides what another client has done to a session that several clients share by a token store. It is pure. */

/** The session of this client. */
export interface Ours {
  readonly token: string
  /** `undefined` for a token that was set by hand and whose user is unknown. It is not shared. */
  readonly kuid: string | undefined
  /** Whether this token was in the store when the store was last read or written. */
  readonly stored: boolean
}

export interface Stored {
  readonly token: string
  readonly kuid: string
  /** Milliseconds since the epoch. `undefined` if it never expires. */
  readonly expiresAt: number | undefined
}

/**
 * What another client has done. `Renewed`: the store has another token of the same user. `LoggedIn`: it has a token of
 * another user.
 */
export type Elsewhere = "Nothing" | "LoggedOut" | "Renewed" | "LoggedIn"

export const elsewhere = (ours: Ours | undefined, stored: Stored | undefined, now: number): Elsewhere => {
  if (ours !== undefined && ours.kuid === undefined) return "Nothing"
  // The store is empty. If our token could not be stored, no other client has removed it.
  if (stored === undefined) return ours?.stored === true ? "LoggedOut" : "Nothing"
  if (stored.token === ours?.token) return "Nothing"
  // The stored token has expired. The client that stored it may have ended.
  if (stored.expiresAt !== undefined && stored.expiresAt <= now) return "Nothing"
  return stored.kuid === ours?.kuid ? "Renewed" : "LoggedIn"
}
