/** Explains Node's errors and says what to do about them. */
import { DialError } from "@effect-kuzzle/core/KuzzleSocket"

/** Explains the error of an attempt to connect; `undefined` if its own message is clear enough. */
export const of = (url: string, cause: unknown): DialError | undefined => {
  if (cause instanceof DialError) return cause
  if (!(cause instanceof Error)) return undefined
  // Node tries the addresses of a host one after the other, and reports the error of each.
  if (cause instanceof AggregateError) return of(url, cause.errors[0])
  const code = "code" in cause ? String(cause.code) : ""
  const tls = tlsIssue(code, cause)
  if (tls !== undefined) return new DialError({ reason: "Tls", issue: tls, cause })
  const issue = code === "ECONNRESET" || code === "UND_ERR_SOCKET"
    ? unansweredIssue(url)
    : code.startsWith("HPE_") || cause.name === "HTTPParserError"
    ? "the server there does not speak HTTP: check host and port"
    : networkIssues[code]
  return issue === undefined
    ? undefined
    : new DialError({ reason: "Unreachable", issue: `${issue} (${cause.message})`, cause })
}

/** A TLS server closes the connection of a client without TLS and sends no answer. */
const unansweredIssue = (url: string): string =>
  /^(?:ws|http):/.test(url)
    ? "the other side ended the connection without an answer: if this port speaks TLS, use wss:// (https://)"
    : "the other side ended the connection without an answer: is Kuzzle running there?"

const networkIssues: { readonly [code: string]: string } = {
  ECONNREFUSED: "nothing listens there: is Kuzzle running, and is the port right?",
  ENOTFOUND: "the host is unknown: check its name",
  EAI_AGAIN: "the host name cannot be resolved: is this machine online?",
  ENETUNREACH: "the network is unreachable: is this machine online?",
  EHOSTUNREACH: "the host is unreachable: is it running, and does a firewall allow the connection?"
}

const trust = "pass the authority that signed it in the setting tls.ca, or in the variable NODE_EXTRA_CA_CERTS"
const notTls = "this port does not speak TLS: use ws:// (http://), or the port that does"

const certificate: { readonly [code: string]: string } = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `the certificate of the server is not trusted: ${trust}`,
  UNABLE_TO_GET_ISSUER_CERT: `the certificate of the server is not trusted: ${trust}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `the certificate of the server is not trusted: ${trust}`,
  SELF_SIGNED_CERT_IN_CHAIN:
    `the certificate of the server comes from a private authority and is not trusted: ${trust}`,
  DEPTH_ZERO_SELF_SIGNED_CERT: `the certificate of the server is self-signed and not trusted: ${trust}`,
  CERT_HAS_EXPIRED: "the certificate of the server has expired: renew it, or correct the clock of this machine",
  CERT_NOT_YET_VALID: "the certificate of the server is not valid yet: correct the clock of this machine",
  CERT_REVOKED: "the certificate of the server was revoked: renew it",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the certificate belongs to another host: put a name that it lists in the address, or in the setting tls.servername"
}

const tlsIssue = (code: string, cause: Error): string | undefined => {
  const { message } = cause
  const known = certificate[code]
  if (known !== undefined) return `${known} (${message})`
  // Some of OpenSSL's errors have a code of their own, others have EPROTO. Their texts are the same.
  if (/wrong version number|packet length too long|http request/i.test(message)) return notTls
  if (/alert certificate required|alert bad certificate/.test(message)) {
    return "the server demands a client certificate: pass it in the settings tls.cert and tls.key"
  }
  if (code === "ECONNRESET" && /before secure TLS/.test(message)) {
    return "the server ended the connection in the TLS handshake: if this port does not speak TLS, use ws:// (http://)"
  }
  if (isAlert(cause)) return "this port speaks TLS: use wss:// (https://)"
  return /^(?:ERR_SSL_|ERR_TLS_|EPROTO)/.test(code)
    ? `TLS failed (${"reason" in cause ? cause.reason : message})`
    : undefined
}

/**
 * A TLS server answers plain HTTP with an alert: byte 21, then the version. The errors of Node and undici carry these
 * bytes.
 */
const isAlert = (cause: Error): boolean => {
  const packet = "rawPacket" in cause ? cause.rawPacket : "data" in cause ? cause.data : undefined
  const head = typeof packet === "string" ? Buffer.from(packet, "latin1") : packet
  return Buffer.isBuffer(head) && head[0] === 0x15 && head[1] === 0x03
}
