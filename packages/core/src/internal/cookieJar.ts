/**
 * The cookies of a runtime that keeps none. `@effect/platform` reads and writes them; what is ours is who gets them back,
 * and until when.
 */
import * as Cookies from "@effect/platform/Cookies"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Endpoint from "./endpoint.ts"

export interface CookieJar {
  /** Keeps what an answer sets. */
  readonly keep: (
    url: string,
    response: Pick<HttpClientResponse.HttpClientResponse, "cookies" | "headers">,
    wallMillis: number
  ) => void
  /** The `Cookie` header for an address, none without a cookie. */
  readonly header: (url: string, wallMillis: number) => string | undefined
}

/**
 * The limits of RFC 6265 (6.1): cookies of one host, cookies in all, bytes of one cookie (name and value). Beyond a
 * limit the oldest cookies are dropped. A cookie that is too long is not stored.
 */
const maxOfHost = 50
const maxInAll = 3000
const maxBytes = 4096

interface Kept {
  readonly host: string
  readonly cookie: Cookies.Cookie
  /** By our clock. */
  readonly expiresAt: number
}

/**
 * By host, as in browsers: to a cookie all ports are one (RFC 6265, 8.5). `Path` is of no matter, for all that is called
 * there is one Kuzzle; `Domain` opens the jar to no other host.
 */
export const make = (): CookieJar => {
  /** Oldest first. */
  let kept: ReadonlyArray<Kept> = []
  const isAlive = (wallMillis: number) => ({ expiresAt }: Kept) => expiresAt > wallMillis
  return {
    keep: (url, { cookies: { cookies }, headers }, wallMillis) => {
      const host = Endpoint.host(url)
      if (host === undefined) return
      const server = Date.parse(headers.date ?? "")
      const set = new Map<string, Kept>()
      for (const cookie of Object.values(cookies)) {
        if (cookie.name.length + cookie.valueEncoded.length > maxBytes) continue
        const expiresAt = expiryOf(cookie, wallMillis, Number.isNaN(server) ? wallMillis : server)
        set.set(cookie.name, { host, cookie, expiresAt })
      }
      const others = kept.filter((one) => one.host !== host)
      const mine = kept.filter((one) => one.host === host && !set.has(one.cookie.name))
      const alive = [...mine, ...set.values()].filter(isAlive(wallMillis))
      kept = [...others.filter(isAlive(wallMillis)), ...alive.slice(-maxOfHost)].slice(-maxInAll)
    },
    header: (url, wallMillis) => {
      // What is wrong with such an address is for who calls it to say.
      const hostname = Endpoint.host(url)
      if (hostname === undefined) return undefined
      const encrypted = /^(?:https|wss):/i.test(url)
      const cookies = kept.filter(({ cookie, host }) =>
        host === hostname && (encrypted || cookie.options?.secure !== true)
      ).filter(isAlive(wallMillis))
      if (cookies.length === 0) return undefined
      return Cookies.toCookieHeader(Cookies.fromIterable(cookies.map(({ cookie }) => cookie)))
    }
  }
}

/** The server says when by its own clock, and in the same answer what time that clock shows: ours may be a day off. */
const expiryOf = ({ options, value }: Cookies.Cookie, wallMillis: number, serverMillis: number): number => {
  // Kuzzle's value for "no cookie" (spec 2.6).
  if (value === "null") return -Infinity
  if (options?.maxAge !== undefined) return wallMillis + Duration.toMillis(options.maxAge)
  return options?.expires === undefined ? Infinity : wallMillis + (options.expires.getTime() - serverMillis)
}

/** Two `Cookie` headers as one. */
export const join = (first: string | undefined, second: string): string =>
  first === undefined || first === "" ? second : `${first}; ${second}`
