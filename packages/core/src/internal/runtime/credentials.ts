/** The token of the session and the volatile data, kept as the text that every request carries. */
import * as Redacted from "effect/Redacted"
import * as Json from "../json.ts"
import * as Envelope from "../protocol/envelope.ts"

export interface Token {
  readonly value: Redacted.Redacted
  /** Milliseconds since the epoch, by *our* clock; `undefined` when it never expires or nobody said. */
  readonly expiresAt: number | undefined
}

export interface Credentials {
  readonly token: () => Token | undefined
  readonly setToken: (token: Token | undefined) => void
  /** A new connection: from now on only tokens that it carries can die on it. */
  readonly connected: () => void
  /** A token that this connection carried has expired: the one that was to expire first. */
  readonly expired: () => void
  /** Whether the token can be used: it has not been told to be dead, nor is known to be. */
  readonly alive: (wallMillis: number) => boolean
  /** What the session adds to a request, or why it cannot. */
  readonly sessionPart: (options: Envelope.RequestOptions | undefined) => string | { readonly issue: string }
}

/** `volatile` was checked with the settings: JSON can carry it. */
export const make = (volatile: Readonly<Record<string, unknown>>): Credentials => {
  let token: Token | undefined
  let dead: Token | undefined
  /** Which tokens the connection may have carried: using one links it to the connection (spec 1.10). */
  let carried: ReadonlyArray<Token> = []
  const usualVolatile = JSON.stringify(volatile)
  let usual = Envelope.sessionPart(undefined, usualVolatile)
  const secret = () => (token === undefined ? undefined : Redacted.value(token.value))
  return {
    token: () => token,
    setToken: (value) => {
      token = value
      // A connection may last for months: of the renewed tokens the earliest are long gone.
      if (value !== undefined) carried = [...carried.slice(-7), value]
      usual = Envelope.sessionPart(secret(), usualVolatile)
    },
    connected: () => {
      carried = token === undefined ? [] : [token]
    },
    expired: () => {
      const [first] = [...carried].sort((a, b) => (a.expiresAt ?? Infinity) - (b.expiresAt ?? Infinity))
      dead = first
      carried = carried.filter((other) => other !== first)
    },
    alive: (wallMillis) =>
      token === undefined || (token !== dead && (token.expiresAt === undefined || token.expiresAt > wallMillis)),
    sessionPart: (options) => {
      if (options?.volatile === undefined && options?.anonymous !== true) return usual
      const own = options.volatile === undefined
        ? usualVolatile
        : Json.stringify({ ...volatile, ...options.volatile })
      if (typeof own !== "string") return { issue: `in volatile, ${own.issue}` }
      return Envelope.sessionPart(options.anonymous === true ? undefined : secret(), own)
    }
  }
}
