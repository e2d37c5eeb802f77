/** The claims of a token of Kuzzle: a JSON Web Token behind `kauth-` or `kapikey-` (spec 1.10). */
import { jwtDecode } from "jwt-decode"

export interface Claims {
  readonly kuid: string | undefined
  /** Milliseconds since the epoch, by the server's clock; `undefined` when it never expires. */
  readonly exp: number | undefined
}

/** Nothing is verified, and no claim is required: only the server can judge a token. */
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
    return { kuid: undefined, exp: undefined } // no JSON Web Token
  }
}
