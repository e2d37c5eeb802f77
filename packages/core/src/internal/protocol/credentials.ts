/** The current session, and the part of it that every request carries. */
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
  /** By the clock of this machine. None if it never expires or if the end is unknown. */
  readonly expiresAt: Option.Option<DateTime.Utc>
  /** The user's id. None if the owner is unknown. */
  readonly kuid: Option.Option<string>
}

/** A session, kept by a token or by a cookie that the client never sees. */
export interface Identity {
  readonly token: Redacted.Redacted | undefined
  readonly expiresAt: number | undefined
  /** Distinguishes users. If the owner of a token is unknown, it is unique to that token. */
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

/** The user and the expiry of a session, as the client publishes them. */
export const ownerAndEnd = (
  { expiresAt, kuid }: Pick<Identity, "expiresAt" | "kuid">
): Pick<Token, "expiresAt" | "kuid"> => ({
  expiresAt: Option.map(Option.fromNullable(expiresAt), (millis) => DateTime.unsafeFromDate(new Date(millis))),
  kuid: Option.fromNullable(kuid)
})

export const tokenOf = (identity: Identity | undefined): Option.Option<Token> =>
  identity?.token === undefined ? Option.none() : Option.some({ value: identity.token, ...ownerAndEnd(identity) })

/** Whether a request can be sent as this sender. An anonymous request can leave out a token, but not a cookie. */
export const canSendAs = (sender: Sender, identity: Identity | undefined): boolean =>
  sender._tag === "User" ? identity?.kuid === sender.kuid : identity === undefined || identity.token !== undefined

/** Whether the request is sent without the token of the session. */
export const isAnonymous = (options: Envelope.RequestOptions | undefined): boolean =>
  options?.anonymous === true || options?.as?._tag === "Anonymous"

/** The part that the session adds to a request. */
export interface Added {
  readonly token: string | undefined
  /** The volatile data as JSON. */
  readonly volatile: string
}

/**
 * How many tokens of a connection are remembered. A connection may last for months, and its earliest tokens have long
 * expired.
 */
const maxCarried = 8

export class Credentials {
  private identity: Identity | undefined = undefined
  private ended: SessionLostError | undefined = undefined
  private dead: Identity | undefined = undefined
  /**
   * The tokens that the connection may have carried. The server links a token to the connection that uses it (spec
   * 1.10).
   */
  private carried: ReadonlyArray<Identity> = noTokens
  private readonly settingVolatile: string
  private defaultPart: string

  /** @param volatile the setting, which was checked: it can be sent as JSON */
  constructor(private readonly volatile: Readonly<Record<string, unknown>>) {
    this.settingVolatile = JSON.stringify(volatile)
    this.defaultPart = Envelope.sessionPart(undefined, this.settingVolatile)
  }

  current(): Identity | undefined {
    return this.identity
  }

  /** Sets the session. `undefined`: no user is logged in. It counts as alive until the server says otherwise. */
  set(identity: Identity | undefined): void {
    this.identity = identity
    this.ended = this.dead = undefined
    if (identity !== undefined) this.carried = [...this.carried.slice(1 - maxCarried), identity]
    this.defaultPart = Envelope.sessionPart(this.secret(), this.settingVolatile)
  }

  /** Reports that the session was lost. Only anonymous requests pass until a user logs in. */
  end(cause: SessionLostError): void {
    this.ended = cause
  }

  sessionEnd(): SessionLostError | undefined {
    return this.ended
  }

  /** Reports a new connection. Only tokens that it carries can expire on it. */
  connected(): void {
    this.carried = this.identity === undefined ? noTokens : [this.identity]
  }

  /**
   * Reports that a token of this connection has expired. Returns the token with the earliest expiry, because the server
   * does not say which one it was.
   */
  expired(): Identity | undefined {
    const [first] = [...this.carried].sort((a, b) => (a.expiresAt ?? Infinity) - (b.expiresAt ?? Infinity))
    this.carried = this.carried.filter((other) => other !== first)
    return first
  }

  /** Reports that the server no longer knows this session. */
  died(identity: Identity): void {
    this.dead = identity
  }

  /**
   * Whether the session can be used: it is not lost, the server has not refused it, and by our clock it has not
   * expired.
   */
  alive(wallMillis: number): boolean {
    const { identity } = this
    return this.ended === undefined &&
      (identity === undefined ||
        (identity !== this.dead && (identity.expiresAt === undefined || identity.expiresAt > wallMillis)))
  }

  /** The part that the session adds to a frame, or the reason why the volatile data cannot be sent. */
  sessionPart(options: Envelope.RequestOptions | undefined): string | Json.Fault {
    if (options?.volatile === undefined && !isAnonymous(options)) return this.defaultPart
    const added = this.added(options)
    return "issue" in added ? added : Envelope.sessionPart(added.token, added.volatile)
  }

  /** The same for a request that is not sent as a frame. */
  added(options: Envelope.RequestOptions | undefined): Added | Json.Fault {
    const anonymous = isAnonymous(options)
    const reserved = options?.volatile && reservedVolatile(options.volatile)
    if (reserved !== undefined) return { issue: `in volatile, ${reserved}` }
    const json = options?.volatile === undefined
      ? this.settingVolatile
      : Json.stringify({ ...this.volatile, ...options.volatile })
    if (typeof json !== "string") return { issue: `in volatile, ${json.issue}` }
    return { token: anonymous ? undefined : this.secret(), volatile: json }
  }

  private secret(): string | undefined {
    return this.identity?.token === undefined ? undefined : Redacted.value(this.identity.token)
  }
}

const noTokens: ReadonlyArray<Identity> = []
