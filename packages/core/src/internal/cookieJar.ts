/**
 * The cookies of a runtime that keeps none. `@effect/platform` reads and writes them; what is ours is who gets them back,
 * and until when.
 */
import * as Cookies from "@effect/platform/Cookies"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"

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

interface Kept {
  readonly cookie: Cookies.Cookie
  /** By our clock. */
  readonly expiresAt: number
}

/**
 * By host, as in browsers: to a cookie all ports are one (RFC 6265, 8.5). `Path` is of no matter, for all that is called
 * there is one Kuzzle; `Domain` opens the jar to no other host.
 */
export const make = (): CookieJar => {
  const hosts = new Map<string, ReadonlyArray<Kept>>()
  const alive = (host: string, wallMillis: number) =>
    (hosts.get(host) ?? []).filter(({ expiresAt }) => expiresAt > wallMillis)
  return {
    keep: (url, { cookies: { cookies }, headers }, wallMillis) => {
      const { hostname } = new URL(url)
      const others = alive(hostname, wallMillis).filter(({ cookie }) => !Object.hasOwn(cookies, cookie.name))
      const server = Date.parse(headers.date ?? "")
      const set = Object.values(cookies).flatMap((cookie) => {
        // The word of Kuzzle for no cookie (spec 2.6).
        if (cookie.value === "null") return []
        return [{ cookie, expiresAt: expiryOf(cookie, wallMillis, Number.isNaN(server) ? wallMillis : server) }]
      })
      hosts.set(hostname, [...others, ...set])
    },
    header: (url, wallMillis) => {
      // What is wrong with such an address is for who calls it to say.
      if (!URL.canParse(url)) return undefined
      const { hostname, protocol } = new URL(url)
      const encrypted = protocol === "https:" || protocol === "wss:"
      const cookies = alive(hostname, wallMillis).filter(({ cookie }) => encrypted || cookie.options?.secure !== true)
      if (cookies.length === 0) return undefined
      return Cookies.toCookieHeader(Cookies.fromIterable(cookies.map(({ cookie }) => cookie)))
    }
  }
}

/** The server says when by its own clock, and in the same answer what time that clock shows: ours may be a day off. */
const expiryOf = ({ options }: Cookies.Cookie, wallMillis: number, serverMillis: number): number => {
  if (options?.maxAge !== undefined) return wallMillis + Duration.toMillis(options.maxAge)
  return options?.expires === undefined ? Infinity : wallMillis + (options.expires.getTime() - serverMillis)
}

/** Two `Cookie` headers as one. */
export const join = (first: string | undefined, second: string): string =>
  first === undefined || first === "" ? second : `${first}; ${second}`
