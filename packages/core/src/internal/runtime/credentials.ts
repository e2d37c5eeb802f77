/** Who we are to Kuzzle, and the text of it that every request carries. */
import * as Redacted from "effect/Redacted"
import { reservedVolatile } from "../../KuzzleConfig.ts"
import type { SessionOver } from "../../KuzzleError.ts"
import type { Sender } from "../../KuzzleOutboxStore.ts"
import * as Json from "../json.ts"
import * as Envelope from "../protocol/envelope.ts"

export interface Token {
  readonly value: Redacted.Redacted
  /** Milliseconds since the epoch, by *our* clock; `undefined` when it never expires or nobody said. */
  readonly expiresAt: number | undefined
  /** Whose it is; `undefined` when nobody said: an API key that was set by hand. */
  readonly kuid?: string | undefined
}

/** A session with the server: kept by a token, or by a cookie that we never see. */
export interface Identity {
  readonly token: Redacted.Redacted | undefined
  readonly expiresAt: number | undefined
  /** Tells users apart; not the kuid of a token whose owner nobody said. */
  readonly user: string
  readonly kuid: string | undefined
}

export interface Credentials {
  readonly current: () => Identity | undefined
  /** Somebody is logged in, or nobody; either way the session is not over any more. */
  readonly set: (identity: Identity | undefined) => void
  /** The session is over: only anonymous requests pass until somebody logs in. */
  readonly end: (over: SessionOver) => void
  readonly over: () => SessionOver | undefined
  /** A new connection: from now on only tokens that it carries can die on it. */
  readonly connected: () => void
  /** A token that this connection carried has expired: the one that was to expire first. Gives it. */
  readonly expired: () => Identity | undefined
  /** The server says that it knows this session no more. */
  readonly died: (identity: Identity) => void
  /** Whether the session can be used: it has not been told to be dead, nor is known to be. */
  readonly alive: (wallMillis: number) => boolean
  /** What the session adds to a request, or why it cannot. */
  readonly sessionPart: (options: Envelope.RequestOptions | undefined) => string | { readonly issue: string }
}

let tokens = 0

export const identityOf = ({ expiresAt, kuid, value }: Token): Identity => ({
  token: value,
  expiresAt,
  kuid,
  user: kuid ?? `token ${++tokens}`
})

export const tokenOf = (identity: Identity | undefined): Token | undefined =>
  identity?.token === undefined
    ? undefined
    : { value: identity.token, expiresAt: identity.expiresAt, kuid: identity.kuid }

/** Whether a request can be sent as this sender: a cookie cannot be left out, a token can. */
export const canSendAs = (sender: Sender, identity: Identity | undefined): boolean =>
  sender._tag === "User" ? identity?.kuid === sender.kuid : identity === undefined || identity.token !== undefined

/** Whether the request goes without the token of the session. */
export const isAnonymous = (options: Envelope.RequestOptions | undefined): boolean =>
  options?.anonymous === true || options?.as?._tag === "Nobody"

/** `volatile` was checked with the settings: JSON can carry it. */
export const make = (volatile: Readonly<Record<string, unknown>>): Credentials => {
  let current: Identity | undefined
  let over: SessionOver | undefined
  let dead: Identity | undefined
  /** Which tokens the connection may have carried: using one links it to the connection (spec 1.10). */
  let carried: ReadonlyArray<Identity> = []
  const usualVolatile = JSON.stringify(volatile)
  let usual = Envelope.sessionPart(undefined, usualVolatile)
  const secret = () => (current?.token === undefined ? undefined : Redacted.value(current.token))
  return {
    current: () => current,
    set: (identity) => {
      current = identity
      // Who is set anew is alive until the server says it again.
      over = dead = undefined
      // A connection may last for months: of the renewed tokens the earliest are long gone.
      if (identity !== undefined) carried = [...carried.slice(-7), identity]
      usual = Envelope.sessionPart(secret(), usualVolatile)
    },
    end: (cause) => {
      over = cause
    },
    over: () => over,
    connected: () => {
      carried = current === undefined ? [] : [current]
    },
    expired: () => {
      const [first] = [...carried].sort((a, b) => (a.expiresAt ?? Infinity) - (b.expiresAt ?? Infinity))
      dead = first
      carried = carried.filter((other) => other !== first)
      return first
    },
    died: (identity) => {
      dead = identity
    },
    alive: (wallMillis) =>
      over === undefined &&
      (current === undefined ||
        (current !== dead && (current.expiresAt === undefined || current.expiresAt > wallMillis))),
    sessionPart: (options) => {
      const anonymous = isAnonymous(options)
      if (options?.volatile === undefined && !anonymous) return usual
      const reserved = options?.volatile && reservedVolatile(options.volatile)
      if (reserved !== undefined) return { issue: `in volatile, ${reserved}` }
      const own = options?.volatile === undefined
        ? usualVolatile
        : Json.stringify({ ...volatile, ...options.volatile })
      if (typeof own !== "string") return { issue: `in volatile, ${own.issue}` }
      return Envelope.sessionPart(anonymous ? undefined : secret(), own)
    }
  }
}
