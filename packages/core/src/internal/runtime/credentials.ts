/** The token of the session and the volatile data, kept as the text that every request carries. */
import * as Redacted from "effect/Redacted"
import * as Json from "../json.ts"
import * as Envelope from "../protocol/envelope.ts"

export interface Token {
  readonly value: Redacted.Redacted
  /** Milliseconds since the epoch; `undefined` when it never expires or nobody said. */
  readonly expiresAt: number | undefined
}

export interface Credentials {
  readonly token: () => Token | undefined
  readonly setToken: (token: Token | undefined) => void
  /** What the session adds to a request, or why it cannot. */
  readonly sessionPart: (options: Envelope.RequestOptions | undefined) => string | { readonly issue: string }
}

/** `volatile` was checked with the settings: JSON can carry it. */
export const make = (volatile: Readonly<Record<string, unknown>>): Credentials => {
  let token: Token | undefined
  const usualVolatile = JSON.stringify(volatile)
  let usual = Envelope.sessionPart(undefined, usualVolatile)
  const secret = () => (token === undefined ? undefined : Redacted.value(token.value))
  return {
    token: () => token,
    setToken: (value) => {
      token = value
      usual = Envelope.sessionPart(secret(), usualVolatile)
    },
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
