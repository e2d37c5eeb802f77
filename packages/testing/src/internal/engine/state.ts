/** The shared state of the controllers, and the context of an action. */
import type { ApiKeys } from "./apiKeys.ts"
import type { Strategies } from "./credentials.ts"
import type { Dumps } from "./dumps.ts"
import type { Identifiers } from "./identifiers.ts"
import type { Realtime } from "./realtime.ts"
import type { Database } from "./redis/database.ts"
import type { KuzzleRequest } from "./request.ts"
import type { Sessions, Token } from "./sessions.ts"
import type { Statistics } from "./statistics.ts"
import type { Storage } from "./storage.ts"
import type { User, Users } from "./users.ts"

export interface Settings {
  readonly cookieAuthentication: boolean
  readonly maxDocumentsWritten: number
  readonly maxDocumentsFetched: number
  /** The limit for each connection; 0 for no limit. */
  readonly loginsPerSecond: number
  readonly maxRequestSize: number
  readonly idleTimeout: number
  readonly rateLimit: number
  readonly seed: string
}

export interface State {
  readonly startedAt: number
  readonly settings: Settings
  readonly identifiers: Identifiers
  readonly storage: Storage
  readonly memoryStorage: Database
  readonly realtime: Realtime
  readonly users: Users
  readonly strategies: Strategies
  readonly apiKeys: ApiKeys
  readonly sessions: Sessions
  readonly statistics: Statistics
  readonly dumps: Dumps
  /** How many WebSockets are open. */
  readonly connections: () => number
  /** Ends the engine as soon as it has answered. */
  readonly shutdown: () => void
  /** Ends the subscriptions of connections whose token was revoked, without a notification (spec 0, 7). */
  readonly dropSubscriptions: (connectionIds: ReadonlyArray<string>) => void
}

/** The context in which an action handles a request. */
export interface Call {
  readonly state: State
  readonly request: KuzzleRequest
  readonly user: User
  /** The token of the request; absent for the anonymous user. */
  readonly token: Token | undefined
  /** The token as text, from the envelope, a header or the cookie. */
  readonly jwt: string | null
  /** The connection of the request. Over HTTP, each request has its own. */
  readonly connectionId: string
  readonly now: number
  readonly setCookie: (value: string) => void
}

export type Action = (call: Call) => unknown

export interface Controller {
  readonly [action: string]: Action
}
