/**
 * Server addresses. `URL` is not used to parse them. React Native's `URL` loses the host of `ws://` addresses, and
 * older versions of it throw.
 */
import * as Either from "effect/Either"

/** The parts of an address. */
export interface Address {
  /** In lower case, without the colon. */
  readonly scheme: string
  /** In lower case. An IPv6 address is in brackets. */
  readonly host: string
  /** The port in the address, or the default port of the scheme. */
  readonly port: number
  /** Begins with a slash. */
  readonly path: string
  /** Begins with a question mark. Empty if the address has no query. */
  readonly query: string
}

/** The schemes of Kuzzle's addresses, with their default ports. */
const ports: { readonly [scheme: string]: number } = { ws: 80, wss: 443, http: 80, https: 443 }

const syntax = /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/i

/** Characters that need no escape in an address (RFC 3986). `%` begins an escape. */
const plain = /^(?:[\w\-.~!$&'()*+,;=:@/?[\]]|%[\da-f]{2})*$/i

/** Parses an address, or returns the issue. The issue does not repeat the address, because it may contain secrets. */
export const parse = (text: string): Either.Either<Address, string> => {
  const [, schemeText, authority = "", path = "", query = "", fragment] = syntax.exec(text) ?? []
  const scheme = schemeText?.toLowerCase()
  if (scheme === undefined || ports[scheme] === undefined) {
    return Either.left("expected an address such as ws://localhost:7512")
  }
  if (fragment !== undefined) return Either.left("expected an address without a fragment (#)")
  if (authority.includes("@")) {
    return Either.left("expected an address without credentials: use the setting headers instead")
  }
  const [, name = "", port] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(authority) ?? []
  const host = hostOf(name)
  if (host === undefined) {
    return Either.left("expected a host name or IP address after the scheme (in ASCII: xn--…)")
  }
  const number = port === undefined ? ports[scheme] : Number(port)
  if (number < 1 || number > 65_535) return Either.left("expected a port from 1 to 65535")
  if (!plain.test(path + query)) {
    return Either.left("expected a percent-encoded path and query")
  }
  return Either.right({ scheme, host, port: number, path: path === "" ? "/" : path, query })
}

/** The address as text, without a default port. */
export const format = ({ host, path, port, query, scheme }: Address): string =>
  `${scheme}://${host}${port === ports[scheme] ? "" : `:${port}`}${path}${query}`

/** The host of an address. `undefined` if the text is not a valid address. */
export const host = (url: string): string | undefined =>
  Either.match(parse(url), { onLeft: () => undefined, onRight: ({ host }) => host })

/**
 * A host in lower case: a name, an IPv4 address, or an IPv6 address in brackets. `undefined` if the text is not a host.
 */
export const hostOf = (text: string): string | undefined => {
  const name = text.toLowerCase()
  if (name.startsWith("[")) return isIpv6(name.slice(1, -1)) ? name : undefined
  // By the URL standard, a name whose last label is a number is an IPv4 address. Unusual forms are refused here.
  if (/(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/.test(name)) return ipv4.test(name) ? name : undefined
  return /^[\w-]+(?:\.[\w-]+)*\.?$/.test(name) ? name : undefined
}

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?=.)|$)){4}$/

/** Whether a text is an IPv6 address: eight groups, or fewer with one `::` for the missing ones. */
const isIpv6 = (text: string): boolean => {
  // The last two groups may be written as an IPv4 address.
  const [head, tail, more] = text.replace(/[\d.]+$/, (last) => ipv4.test(last) ? "0:0" : last).split("::")
  const groups = [head, tail].flatMap((part) => part ? part.split(":") : [])
  return more === undefined && (tail === undefined ? groups.length === 8 : groups.length < 8) &&
    groups.every((group) => /^[\da-f]{1,4}$/.test(group))
}

/** An address without the parts that may contain secrets: user, password, query and fragment. */
export const withoutSecrets = (url: string): string =>
  url.replace(/^((?:[a-z][a-z\d+.-]*:)?\/\/)[^/?#]*@/i, "$1").replace(/[?#].*$/s, "")

/** The name of a server with these addresses: the first address, without its secrets. */
export const serverOf = ([first]: ReadonlyArray<string>): string | undefined =>
  first && withoutSecrets(first).replace(/\/$/, "")
