/**
 * The client's session as an observer sees it: its tokens, their users, and the tokens that it may use now (promises
 * A1, A2, A4).
 */
import type { WireFrame, WireRequest } from "./history.ts"
import type { Link } from "./network.ts"

/** A token that the client was given. */
interface Grant {
  readonly user: string
  /** By the wall clock of the client's host. */
  readonly expiresAt: number
}

/** A request that begins, renews or ends a session, until it is answered or given up. */
interface Exchange {
  readonly action: string
  readonly link: Link
  readonly deadline: number
}

export interface Surroundings {
  readonly now: () => number
  /** What the client's host believes the time to be. */
  readonly wall: () => number
  readonly timeout: number
  /** Whether the client is being closed: what is under way is given up then, and the next may begin. */
  readonly closing: () => boolean
  /** Whether the client is renewing its session, as far as it has said. */
  readonly renewing: () => boolean
  readonly violate: (promise: string, what: string) => void
}

/** In one renewal: five refreshes, five logins, and what programs do meanwhile. */
const maxAttempts = 12

export class Sessions {
  /** The token of the session, as far as the wire shows it. */
  current: string | undefined
  /** How many programs log in or out at the moment. */
  changing = 0
  /** There was a logout and no login since: the client does not log in by itself. */
  loggedOut = false
  private readonly tokens = new Map<string, Grant>()
  private readonly exchanges = new Map<unknown, Exchange>()
  /** What the session may have instead of `current`: until the turn ends, until a logout is done. */
  private readonly alternatives = new Set<string | undefined>()
  /** It is not known which of them it is. */
  private doubtful = false
  private changedAt = -1
  private attempts = 0
  private readonly around: Surroundings

  constructor(around: Surroundings) {
    this.around = around
  }

  /** Another client, which knows nothing. */
  forget(): void {
    this.current = undefined
    this.loggedOut = false
    this.doubtful = false
    this.attempts = 0
    this.alternatives.clear()
    this.exchanges.clear()
  }

  /** The user of requests that are made now; `undefined` if that is not known, or if no user is logged in. */
  get user(): string | undefined {
    if (this.changing > 0 || this.changedAt === this.around.now() || this.current === undefined) return undefined
    return this.tokens.get(this.current)?.user
  }

  userOf(jwt: string): string | undefined {
    return this.tokens.get(jwt)?.user
  }

  // -- the wire -----------------------------------------------------------------------------------------------------

  written(link: Link, { action, controller, jwt, requestId }: WireRequest, anonymous: boolean): void {
    const { closing, now, renewing, timeout, violate, wall } = this.around
    const exchange = controller === "auth"
    if (jwt === undefined) {
      if (!anonymous && action !== "login" && !this.may(undefined)) violate("A1", `${action} carries no token`)
    } else {
      const grant = this.tokens.get(jwt)
      if (grant === undefined) violate("A1", `${action} carries a token that the client was never given`)
      else if (!this.may(jwt)) violate("A1", `${action} carries a token of ${grant.user} that is not the session's`)
      // To refresh it, or to end it, is all that can be tried with one that has expired.
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
    const { now, wall } = this.around
    if (status !== 200 || typeof result?.jwt !== "string") return
    const late = now() - exchange.deadline
    if (late > 0) return
    const grant = { user: String(result._id), expiresAt: wall() + Number(result.ttl) }
    this.tokens.set(result.jwt, grant)
    // In the very moment of its deadline either may be first.
    if (late < 0) return this.become(result.jwt)
    this.alternatives.add(result.jwt)
    this.doubtful = true
  }

  ended(link: Link): void {
    for (const [id, exchange] of this.exchanges) if (exchange.link === link) this.exchanges.delete(id)
  }

  // -- the programs -------------------------------------------------------------------------------------------------

  logsOut(): void {
    this.changing += 1
    this.alternatives.add(undefined)
  }

  hasLoggedOut(): void {
    this.changing -= 1
    this.become(undefined)
    this.alternatives.clear()
    this.loggedOut = true
  }

  /** A program is about to set a token that another client has obtained. */
  setsToken(jwt: string, user: string, expiresAt: number): void {
    this.tokens.set(jwt, { user, expiresAt })
    this.changing += 1
    this.alternatives.add(jwt)
  }

  hasSetToken(jwt: string): void {
    this.changing -= 1
    this.become(jwt)
  }

  private become(jwt: string | undefined): void {
    const { now } = this.around
    if (this.changing === 0) this.alternatives.clear()
    this.doubtful = false
    this.alternatives.add(this.current)
    this.current = jwt
    this.changedAt = now()
    if (jwt !== undefined) this.loggedOut = false
  }

  /** Whether the session may have this token; what it had before only as long as the moment of the change lasts. */
  may(jwt: string | undefined): boolean {
    if (jwt === this.current) return true
    return this.alternatives.has(jwt) &&
      (this.doubtful || this.changing > 0 || this.changedAt === this.around.now())
  }
}
