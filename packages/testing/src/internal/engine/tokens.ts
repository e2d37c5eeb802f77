/**
 * HS256 JSON web tokens, as the real server signs them. All tokens of one user and one second are equal.
 */
import { hmac } from "@noble/hashes/hmac.js"
import { sha256 } from "@noble/hashes/sha2.js"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import { isObject } from "./json.ts"

export const prefix = "kauth-"
/** The prefix of API keys. */
export const keyPrefix = "kapikey-"
const header = Encoding.encodeBase64Url(JSON.stringify({ alg: "HS256", typ: "JWT" }))
const utf8 = new TextEncoder()

const signature = (secret: string, input: string): string =>
  Encoding.encodeBase64Url(hmac(sha256, utf8.encode(secret), utf8.encode(input)))

/** Signs a token for a user. `ttl` is in milliseconds, and -1 for a token that never expires. The token has seconds. */
export const sign = (prefix: string, secret: string, userId: string, ttl: number, now: number): string => {
  const iat = Math.floor(now / 1000)
  const claims = ttl === -1 ? { _id: userId, iat } : { _id: userId, iat, exp: iat + Math.floor(ttl / 1000) }
  const input = `${header}.${Encoding.encodeBase64Url(JSON.stringify(claims))}`
  return `${prefix}${input}.${signature(secret, input)}`
}

/** The user of a token that this server has signed and that has not expired; otherwise `undefined`. */
export const verify = (secret: string, token: string, now: number): string | undefined => {
  const [head, payload, mac, ...rest] = token.replace(prefix, "").replace(keyPrefix, "").split(".")
  if (head === undefined || payload === undefined || mac === undefined || rest.length > 0) return undefined
  if (signature(secret, `${head}.${payload}`) !== mac) return undefined
  const text = Encoding.decodeBase64UrlString(payload)
  if (Either.isLeft(text)) return undefined
  // Safe: this server has signed it, so it is JSON.
  const claims: unknown = JSON.parse(text.right)
  if (!isObject(claims) || typeof claims._id !== "string") return undefined
  if (typeof claims.exp === "number" && Math.floor(now / 1000) >= claims.exp) return undefined
  return claims._id
}
