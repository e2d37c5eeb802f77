/** The current session, and what every request carries of it. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { SessionLostError } from "../../KuzzleError.ts"
import type { Sender } from "../../KuzzleOutboxStore.ts"
import * as Json from "../data/json.ts"
import { reservedVolatile } from "../data/reservedVolatile.ts"
import * as Envelope from "./envelope.ts"

export interface Token {
  readonly value: Redacted.Redacted
  /** By the clock of this machine; none if it never expires, or if the end is unknown. */
  readonly expiresAt: Option.Option<DateTime.Utc>
  /** The user's id; none if the owner is unknown. */
  readonly kuid: Option.Option<string>
}

/** A session with the server: by a token, or by a cookie that the client never sees. */
export interface Identity {
  readonly token: Redacted.Redacted | undefined
  readonly expiresAt: number | undefined
  /** Distinguishes users. It is not the kuid if the owner of the token is unknown. */
  readonly user: string
  readonly kuid: string | undefined
}

let tokens = 0

/** `expiresAt`: milliseconds since the epoch, by our clock. */
export const identityOf = ({ expiresAt, kuid, value }: {
  readonly value: Redacted.Redacted
  readonly expiresAt: number | undefined
  readonly kuid?: string | undefined
}): Identity => ({
  token: value,
  expiresAt,
  kuid,
  user: kuid ?? `token ${++tokens}`
})

export const identityOfToken = ({ expiresAt, kuid, value }: Token): Identity =>
  identityOf({
    value,
    expiresAt: Option.getOrUndefined(Option.map(expiresAt, DateTime.toEpochMillis)),
    kuid: Option.getOrUndefined(kuid)
  })

/** The user and the end of a session, as the client publishes them. */
export const ownerAndEnd = (
  { expiresAt, kuid }: Pick<Identity, "expiresAt" | "kuid">
): Pick<Token, "expiresAt" | "kuid"> => ({
  expiresAt: Option.map(Option.fromNullable(expiresAt), (millis) => DateTime.unsafeFromDate(new Date(millis))),
  kuid: Option.fromNullable(kuid)
})

export const tokenOf = (identity: Identity | undefined): Option.Option<Token> =>
  identity?.token === undefined ? Option.none() : Option.some({ value: identity.token, ...ownerAndEnd(identity) })

/** Whether a request can be sent as this sender: a cookie cannot be left out, a token can. */
export const canSendAs = (sender: Sender, identity: Identity | undefined): boolean =>
  sender._tag === "User" ? identity?.kuid === sender.kuid : identity === undefined || identity.token !== undefined

/** Whether the request goes without the token of the session. */
export const isAnonymous = (options: Envelope.RequestOptions | undefined): boolean =>
  options?.anonymous === true || options?.as?._tag === "Anonymous"

/** What the session adds to a request. */
export interface Added {
  readonly token: string | undefined
  /** As JSON. */
  readonly volatile: string
}

/** A connection may last for months: of its renewed tokens the earliest have long expired. */
const maxCarried = 8

export class Credentials {
  private identity: Identity | undefined = undefined
  private ended: SessionLostError | undefined = undefined
  private dead: Identity | undefined = undefined
  /** The tokens that the connection may have carried: using one links it to the connection (spec 1.10). */
  private carried: ReadonlyArray<Identity> = nothing
  private readonly usualVolatile: string
  private usual: string

  /** `volatile` was checked with the settings: JSON can carry it. */
  constructor(private readonly volatile: Readonly<Record<string, unknown>>) {
    this.usualVolatile = JSON.stringify(volatile)
    this.usual = Envelope.sessionPart(undefined, this.usualVolatile)
  }

  current(): Identity | undefined {
    return this.identity
  }

  /** A user is logged in, or none. Either way the session counts as alive until the server says otherwise. */
  set(identity: Identity | undefined): void {
    this.identity = identity
    this.ended = this.dead = undefined
    if (identity !== undefined) this.carried = [...this.carried.slice(1 - maxCarried), identity]
    this.usual = Envelope.sessionPart(this.secret(), this.usualVolatile)
  }

  /** The session was lost: only anonymous requests pass until a user logs in. */
  end(cause: SessionLostError): void {
    this.ended = cause
  }

  sessionEnd(): SessionLostError | undefined {
    return this.ended
  }

  /** A new connection: from now on only tokens that it carries can die on it. */
  connected(): void {
    this.carried = this.identity === undefined ? nothing : [this.identity]
  }

  /** A token that this connection carried has expired: the one with the earliest expiry. Returns it. */
  expired(): Identity | undefined {
    const [first] = [...this.carried].sort((a, b) => (a.expiresAt ?? Infinity) - (b.expiresAt ?? Infinity))
    this.dead = first
    this.carried = this.carried.filter((other) => other !== first)
    return first
  }

  /** The server says that it no longer knows this session. */
  died(identity: Identity): void {
    this.dead = identity
  }

  /** Whether the session can be used: it is not over, the server has not refused it, and our clock is before its end. */
  alive(wallMillis: number): boolean {
    const { identity } = this
    return this.ended === undefined &&
      (identity === undefined ||
        (identity !== this.dead && (identity.expiresAt === undefined || identity.expiresAt > wallMillis)))
  }

  /** What the session adds to a frame, or why it cannot. */
  sessionPart(options: Envelope.RequestOptions | undefined): string | Json.Fault {
    if (options?.volatile === undefined && !isAnonymous(options)) return this.usual
    const added = this.added(options)
    return "issue" in added ? added : Envelope.sessionPart(added.token, added.volatile)
  }

  /** The same for a request that is no frame. */
  added(options: Envelope.RequestOptions | undefined): Added | Json.Fault {
    const anonymous = isAnonymous(options)
    const reserved = options?.volatile && reservedVolatile(options.volatile)
    if (reserved !== undefined) return { issue: `in volatile, ${reserved}` }
    const own = options?.volatile === undefined
      ? this.usualVolatile
      : Json.stringify({ ...this.volatile, ...options.volatile })
    if (typeof own !== "string") return { issue: `in volatile, ${own.issue}` }
    return { token: anonymous ? undefined : this.secret(), volatile: own }
  }

  private secret(): string | undefined {
    return this.identity?.token === undefined ? undefined : Redacted.value(this.identity.token)
  }
}

const nothing: ReadonlyArray<Identity> = []
