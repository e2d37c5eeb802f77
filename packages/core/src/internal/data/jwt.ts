/** The claims of a token of Kuzzle: a JSON Web Token behind `kauth-` or `kapikey-` (spec 1.10). */
import { jwtDecode } from "jwt-decode"

export interface Claims {
  readonly kuid: string | undefined
  /** The expiry in milliseconds since the epoch, by the server's clock. `undefined` if it never expires. */
  readonly exp: number | undefined
}

/** Reads the claims. It verifies nothing and requires no claim, because only the server can judge a token. */
export const claims = (token: string): Claims => {
  try {
    const { _id, exp } = jwtDecode<{ readonly _id?: unknown; readonly exp?: unknown }>(
      token.replace(/^(kauth|kapikey)-/, "")
    )
    return {
      kuid: typeof _id === "string" ? _id : undefined,
      exp: typeof exp === "number" && exp > 0 ? exp * 1000 : undefined
    }
  } catch {
    return { kuid: undefined, exp: undefined } // It is no JSON Web Token.
  }
}
