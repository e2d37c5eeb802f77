/**
 * Tunnels through an HTTP proxy by CONNECT (RFC 9110, 9.3.6). The WebSocket and HTTP share this code, so that a proxy
 * treats both alike.
 */
import { InvalidSettingError } from "@effect-kuzzle/core/KuzzleError"
import { DialError } from "@effect-kuzzle/core/KuzzleSocket"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import * as Tls from "node:tls"

export type TlsOptions = Pick<
  Tls.ConnectionOptions,
  "ca" | "cert" | "key" | "passphrase" | "rejectUnauthorized" | "servername"
>

/** A proxy to dial through. */
export interface Proxy {
  /** Without user and password. */
  readonly url: URL
  /** The `Proxy-Authorization` header. */
  readonly authorization: Redacted.Redacted | undefined
}

/**
 * Parses the setting `proxy`. On Bun the setting is refused: Bun replaces `ws` by its own WebSocket, which would
 * silently bypass the proxy.
 */
export const parse = (
  setting: string | Redacted.Redacted,
  versions: NodeJS.ProcessVersions = process.versions
): Either.Either<Proxy, InvalidSettingError> => {
  if (versions.bun !== undefined) {
    return Either.left(
      new InvalidSettingError({
        setting: "proxy",
        issue: "Bun would bypass it: run on Node, or configure the network instead"
      })
    )
  }
  const text = Redacted.isRedacted(setting) ? Redacted.value(setting) : setting
  const url = URL.canParse(text) ? new URL(text) : undefined
  const authorization = url && basicAuthorization(url)
  if (
    url === undefined || authorization === "Malformed" || url.hostname === "" ||
    !["http:", "https:"].includes(url.protocol)
  ) {
    // The message does not repeat the address, because it may contain a password.
    return Either.left(
      new InvalidSettingError({
        setting: "proxy",
        issue:
          "expected the address of an HTTP proxy, such as http://proxy.example.org:3128 or http://user:password@host, " +
          "with user and password percent-encoded"
      })
    )
  }
  url.username = url.password = ""
  return Either.right({ url, authorization })
}

/** The `Proxy-Authorization` header for the user and password of an address; `undefined` if it has neither. */
const basicAuthorization = ({ password, username }: URL): Redacted.Redacted | "Malformed" | undefined => {
  if (username === "" && password === "") return undefined
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return Redacted.make(`Basic ${Buffer.from(credentials).toString("base64")}`)
  } catch {
    // `URL` accepts a `%` that is not part of an escape.
    return "Malformed"
  }
}

/** The target of a tunnel. With `tls` the connection through it is encrypted from end to end. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly tls: TlsOptions | undefined
}

/** The target of a tunnel to an address. `hostname` and `port` are those of a `URL`. */
export const targetOf = (
  { hostname, port }: { readonly hostname: string; readonly port: string },
  encrypted: boolean,
  tls: TlsOptions | undefined
): Target => ({
  host: hostname.replace(/^\[|\]$/g, ""),
  port: port === "" ? (encrypted ? 443 : 80) : Number(port),
  tls: encrypted ? tls ?? {} : undefined
})

/** Opens a tunnel, and passes the socket or the error to `onResult`, once. `signal` aborts the attempt. */
export const tunnel = (
  proxy: Proxy,
  { host, port, tls }: Target,
  signal: AbortSignal,
  /** TLS options for the connection to the proxy itself. */
  ca: TlsOptions["ca"],
  onResult: (result: Either.Either<Net.Socket, Error>) => void
): void => {
  let isDone = false
  const done = (result: Either.Either<Net.Socket, Error>): void => {
    if (isDone) return
    isDone = true
    onResult(result)
  }
  const authority = `${Net.isIPv6(host) ? `[${host}]` : host}:${port}`
  const name = `the proxy ${proxy.url.origin}`
  const fault = (issue: string, cause?: unknown) => new DialError({ reason: "Proxy", issue: `${name} ${issue}`, cause })
  const request = (proxy.url.protocol === "https:" ? Https : Http).request(proxy.url, {
    method: "CONNECT",
    path: authority,
    agent: false,
    ca,
    signal,
    headers: {
      host: authority,
      ...(proxy.authorization === undefined ? {} : { "proxy-authorization": Redacted.value(proxy.authorization) })
    }
  })
  request.on("error", (cause) => {
    done(Either.left(fault(`does not answer (${cause.message}): check the setting proxy`, cause)))
  })
  request.once("connect", ({ statusCode = 0 }, socket: Net.Socket, head) => {
    if (statusCode < 200 || statusCode > 299) {
      socket.destroy()
      return done(Either.left(fault(refusal(statusCode, authority))))
    }
    if (head.length > 0) socket.unshift(head)
    if (tls === undefined) return done(Either.right(socket))
    const secure = Tls.connect({
      ALPNProtocols: ["http/1.1"],
      ...(Net.isIP(host) === 0 ? { servername: host } : {}),
      ...tls,
      // The name to check the certificate against. The socket is already connected.
      host,
      socket
    })
    const failed = (cause: Error) => done(Either.left(cause))
    const abort = () => secure.destroy(new Error("the attempt was aborted"))
    signal.addEventListener("abort", abort)
    secure.once("error", failed)
    secure.once("close", () => signal.removeEventListener("abort", abort))
    secure.once("secureConnect", () => {
      signal.removeEventListener("abort", abort)
      secure.off("error", failed)
      done(Either.right(secure))
    })
  })
  request.end()
}

const refusal = (status: number, authority: string): string => {
  if (status === 407) return "asks for credentials (HTTP status 407): check user and password in the setting proxy"
  if (status >= 500) {
    return `cannot reach ${authority} (HTTP status ${status}): is it running, and can the proxy reach it?`
  }
  return `refuses to connect to ${authority} (HTTP status ${status}): allow CONNECT to that port, or check the setting proxy`
}
