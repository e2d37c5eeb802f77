/**
 * A cookie jar for runtimes without one. `@effect/platform` parses and formats cookies. This module decides to which
 * hosts they are sent, and for how long.
 */
import * as Cookies from "@effect/platform/Cookies"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Endpoint from "../data/endpoint.ts"

export interface CookieJar {
  /** Stores the cookies that an answer sets. */
  readonly keep: (
    url: string,
    response: Pick<HttpClientResponse.HttpClientResponse, "cookies" | "headers">,
    wallMillis: number
  ) => void
  /** The `Cookie` header for an address, if there are cookies. */
  readonly header: (url: string, wallMillis: number) => string | undefined
}

/**
 * The limits of RFC 6265 (6.1): the cookies of one host, all cookies, and the bytes of one cookie (name and value).
 * Beyond a limit, the oldest cookies are dropped. A cookie that is too long is not stored.
 */
const maxOfHost = 50
const maxInAll = 3000
const maxBytes = 4096

interface Kept {
  readonly cookie: Cookies.Cookie
  /** Milliseconds since the epoch, by our clock. */
  readonly expiresAt: number
  /** The position in the order in which cookies were stored. */
  readonly number: number
}

/** Safe: there is one. */
const oldestOf = (names: Map<string, Kept>): Kept => names.values().next().value as Kept

/**
 * Makes a jar. As in browsers, cookies belong to a host without its port (RFC 6265, 8.5). `Path` is ignored, because a
 * host serves one Kuzzle. `Domain` is ignored, so that no other host gets the cookie.
 */
export const make = (): CookieJar => {
  /** The cookies of each host by their names, oldest first. */
  const hosts = new Map<string, Map<string, Kept>>()
  let size = 0
  let lastNumber = 0

  const drop = (host: string, names: Map<string, Kept>, name: string) => {
    if (names.delete(name)) size -= 1
    if (names.size === 0) hosts.delete(host)
  }
  const put = (host: string, entry: Kept) => {
    const names = hosts.get(host) ?? new Map<string, Kept>()
    drop(host, names, entry.cookie.name)
    names.set(entry.cookie.name, entry)
    hosts.set(host, names)
    size += 1
  }
  const dropDead = (host: string, names: Map<string, Kept>, wallMillis: number) => {
    for (const { cookie, expiresAt } of names.values()) if (expiresAt <= wallMillis) drop(host, names, cookie.name)
  }
  const dropOldest = () => {
    const [host, names] = Array.from(hosts).reduce((one, other) =>
      oldestOf(one[1]).number < oldestOf(other[1]).number ? one : other
    )
    drop(host, names, oldestOf(names).cookie.name)
  }

  return {
    keep: (url, { cookies: { cookies }, headers }, wallMillis) => {
      const host = Endpoint.host(url)
      if (host === undefined) return
      const server = Date.parse(headers.date ?? "")
      for (const cookie of Object.values(cookies)) {
        if (cookie.name.length + cookie.valueEncoded.length > maxBytes) continue
        const expiresAt = expiryOf(cookie, wallMillis, Number.isNaN(server) ? wallMillis : server)
        lastNumber += 1
        put(host, { cookie, expiresAt, number: lastNumber })
      }
      const ofHost = hosts.get(host)
      if (ofHost !== undefined) {
        dropDead(host, ofHost, wallMillis)
        for (const { cookie } of ofHost.values()) if (ofHost.size > maxOfHost) drop(host, ofHost, cookie.name)
      }
      if (size > maxInAll) { for (const [other, names] of hosts) dropDead(other, names, wallMillis) }
      while (size > maxInAll) dropOldest()
    },
    header: (url, wallMillis) => {
      // The caller reports an invalid address.
      const hostname = Endpoint.host(url)
      if (hostname === undefined) return undefined
      const encrypted = /^(?:https|wss):/i.test(url)
      const cookies = Array.from(hosts.get(hostname)?.values() ?? []).filter(({ cookie, expiresAt }) =>
        expiresAt > wallMillis && (encrypted || cookie.options?.secure !== true)
      )
      if (cookies.length === 0) return undefined
      return Cookies.toCookieHeader(Cookies.fromIterable(cookies.map(({ cookie }) => cookie)))
    }
  }
}

/**
 * The expiry by our clock. The cookie has it by the server's clock, which the same answer shows. Our clock may be a day
 * off.
 */
const expiryOf = ({ options, value }: Cookies.Cookie, wallMillis: number, serverMillis: number): number => {
  // Kuzzle's value for "no cookie" (spec 2.6).
  if (value === "null") return -Infinity
  if (options?.maxAge !== undefined) return wallMillis + Duration.toMillis(options.maxAge)
  return options?.expires === undefined ? Infinity : wallMillis + (options.expires.getTime() - serverMillis)
}

/** Joins two `Cookie` headers. */
export const join = (first: string | undefined, second: string): string =>
  first === undefined || first === "" ? second : `${first}; ${second}`
