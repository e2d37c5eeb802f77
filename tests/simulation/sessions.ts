/**
 * The client's session as an observer sees it: its tokens, their users, and the tokens that it may use now (promises
 * A1, A2, A4).
 */
import type { WireFrame, WireRequest } from "./history.ts"
import type { Link } from "./network.ts"

/** A token that the server has issued to the client. */
interface Grant {
  readonly user: string
  /** By the wall clock of the client's host. */
  readonly expiresAt: number
}

/** A request that begins, renews or ends a session, until it is answered or its connection ends. */
interface Exchange {
  readonly action: string
  readonly link: Link
  readonly deadline: number
}

export interface SessionContext {
  readonly now: () => number
  /** The wall clock of the client's host. */
  readonly wall: () => number
  readonly timeout: number
  /** Whether the client is being closed. Then exchanges in flight are abandoned, and the next may begin. */
  readonly closing: () => boolean
  /** Whether the client's last state says that it is renewing its session. */
  readonly renewing: () => boolean
  readonly violate: (promise: string, what: string) => void
}

/** The most exchanges in one renewal: five refreshes, five logins, and those of programs meanwhile. */
const maxAttempts = 12

export class Sessions {
  /** The token of the session, as far as the wire shows it. */
  current: string | undefined
  /** How many programs log in or out at the moment. */
  changing = 0
  /** Whether there was a logout and no login since. Then the client must not log in by itself. */
  loggedOut = false
  private readonly tokens = new Map<string, Grant>()
  private readonly exchanges = new Map<unknown, Exchange>()
  /** Tokens that requests may carry instead of `current`, until the change or the turn ends. */
  private readonly alternatives = new Set<string | undefined>()
  /** Whether any of them may be the token of the session: an answer arrived exactly at its deadline. */
  private isAmbiguous = false
  private changedAt = -1
  private attempts = 0
  private readonly context: SessionContext

  constructor(context: SessionContext) {
    this.context = context
  }

  /** A new client starts, without a session. */
  reset(): void {
    this.current = undefined
    this.loggedOut = false
    this.isAmbiguous = false
    this.attempts = 0
    this.alternatives.clear()
    this.exchanges.clear()
  }

  /** The user of requests that are made now; `undefined` if that is not known, or if no user is logged in. */
  get user(): string | undefined {
    if (this.changing > 0 || this.changedAt === this.context.now() || this.current === undefined) return undefined
    return this.tokens.get(this.current)?.user
  }

  userOf(jwt: string): string | undefined {
    return this.tokens.get(jwt)?.user
  }

  // -- the wire -----------------------------------------------------------------------------------------------------

  written(link: Link, { action, controller, jwt, requestId }: WireRequest, anonymous: boolean): void {
    const { closing, now, renewing, timeout, violate, wall } = this.context
    const exchange = controller === "auth"
    if (jwt === undefined) {
      if (!anonymous && action !== "login" && !this.mayUse(undefined)) violate("A1", `${action} carries no token`)
    } else {
      const grant = this.tokens.get(jwt)
      if (grant === undefined) violate("A1", `${action} carries a token that the client never got`)
      else if (!this.mayUse(jwt)) violate("A1", `${action} carries a token of ${grant.user} that is not the session's`)
      // An expired token may only be sent in attempts to refresh it or to log out.
      else if (grant.expiresAt <= wall() && !exchange) violate("A1", `${action} carries a token that has expired`)
    }
    if (!exchange) return
    for (const other of this.exchanges.values()) {
      if (other.link === link && other.deadline > now() && !closing()) {
        violate("A2", `${action} while ${other.action} is under way`)
      }
    }
    this.attempts = renewing() ? this.attempts + 1 : 0
    if (this.attempts > maxAttempts) violate("A4", `${this.attempts} attempts to renew the session`)
    this.exchanges.set(requestId, { action: String(action), link, deadline: now() + timeout })
  }

  arrived(link: Link, { requestId, result, status }: WireFrame): void {
    const exchange = this.exchanges.get(requestId)
    if (exchange === undefined || exchange.link !== link) return
    this.exchanges.delete(requestId)
    const { now, wall } = this.context
    if (status !== 200 || typeof result?.jwt !== "string") return
    const late = now() - exchange.deadline
    if (late > 0) return
    const grant = { user: String(result._id), expiresAt: wall() + Number(result.ttl) }
    this.tokens.set(result.jwt, grant)
    // At the instant of its deadline, either the answer or the deadline may come first.
    if (late < 0) return this.setCurrent(result.jwt)
    this.alternatives.add(result.jwt)
    this.isAmbiguous = true
  }

  ended(link: Link): void {
    for (const [id, exchange] of this.exchanges) if (exchange.link === link) this.exchanges.delete(id)
  }

  // -- the programs -------------------------------------------------------------------------------------------------

  beginLogout(): void {
    this.changing += 1
    this.alternatives.add(undefined)
  }

  endLogout(): void {
    this.changing -= 1
    this.setCurrent(undefined)
    this.alternatives.clear()
    this.loggedOut = true
  }

  /** A program is about to set a token that another client has obtained. */
  beginSetToken(jwt: string, user: string, expiresAt: number): void {
    this.tokens.set(jwt, { user, expiresAt })
    this.changing += 1
    this.alternatives.add(jwt)
  }

  endSetToken(jwt: string): void {
    this.changing -= 1
    this.setCurrent(jwt)
  }

  private setCurrent(jwt: string | undefined): void {
    const { now } = this.context
    if (this.changing === 0) this.alternatives.clear()
    this.isAmbiguous = false
    this.alternatives.add(this.current)
    this.current = jwt
    this.changedAt = now()
    if (jwt !== undefined) this.loggedOut = false
  }

  /** Whether a request may carry this token. An earlier token only until the change, or its instant, has ended. */
  mayUse(jwt: string | undefined): boolean {
    if (jwt === this.current) return true
    return this.alternatives.has(jwt) &&
      (this.isAmbiguous || this.changing > 0 || this.changedAt === this.context.now())
  }
}
