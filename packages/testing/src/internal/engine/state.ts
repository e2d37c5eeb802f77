/**
 * What the controllers share, and what an action is given.
 */
import type { Identifiers } from "./identifiers.ts"
import type { Realtime } from "./realtime.ts"
import type { KuzzleRequest } from "./request.ts"
import type { Sessions, Token } from "./sessions.ts"
import type { Storage } from "./storage.ts"
import type { User, Users } from "./users.ts"

export interface Settings {
  readonly cookieAuthentication: boolean
  readonly maxDocumentsWritten: number
  readonly maxDocumentsFetched: number
}

export interface State {
  readonly startedAt: number
  readonly settings: Settings
  readonly identifiers: Identifiers
  readonly storage: Storage
  readonly realtime: Realtime
  readonly users: Users
  readonly sessions: Sessions
  /** Ends the subscriptions of connections whose token was revoked, without telling them (spec 0, 7). */
  readonly dropSubscriptions: (connectionIds: ReadonlyArray<string>) => void
}

/** One request on its way through an action. */
export interface Call {
  readonly state: State
  readonly request: KuzzleRequest
  readonly user: User
  /** The token of the request, none for the anonymous user. */
  readonly token: Token | undefined
  /** The token as text, wherever it came from: the envelope, a header, the cookie. */
  readonly jwt: string | null
  /** The connection the request came by. One of HTTP does not outlive its answer. */
  readonly connectionId: string
  readonly now: number
  readonly setCookie: (value: string) => void
}

export type Action = (call: Call) => unknown

export interface Controller {
  readonly [action: string]: Action
}
