/**
 * HTTP requests and responses (spec 2): `POST /_query`, the REST routes, the three shapes of an answer, CORS. Bodies
 * are text. Compression and sockets belong to the server that listens.
 */
import { type Answer, asEngineError, type Engine, envelope, failure, type Headers } from "./engine.ts"
import { type EngineError, error, messageOf, tooDeep } from "./errors.ts"
import { isObject, isTooDeep, type JsonObject, put } from "./json.ts"
import type { KuzzleRequest } from "./request.ts"
import * as Routes from "./routes.ts"

export interface HttpRequest {
  readonly method: string
  /** Path and query string. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: Headers
  readonly body: string
}

export interface HttpResponse {
  readonly status: number
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** In the answer to a HEAD it is not sent, but `Content-Length` is. */
  readonly body: string
  /**
   * The body in pieces, each created when it is read. They are written as a stream, uncompressed and without
   * `Content-Length`.
   */
  readonly pieces?: Iterable<string>
}

const cors: ReadonlyArray<readonly [string, string]> = [
  [
    "Access-Control-Allow-Headers",
    "Content-Type, Access-Control-Allow-Headers, Authorization, X-Requested-With, Content-Encoding, Content-Length, " +
    "X-Kuzzle-Volatile"
  ],
  ["Access-Control-Allow-Methods", "GET,POST,PUT,PATCH,DELETE,OPTIONS,HEAD"]
]

const contentTypes = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]

/** Answers a request. `undefined`: a test makes the engine lose the request, or its changes could not be stored. */
export const handle = (engine: Engine, request: HttpRequest, now: number): HttpResponse | undefined => {
  engine.setTime(now)
  const connectionId = engine.state.identifiers.uuid()
  let content: unknown
  try {
    content = readContent(engine, request)
  } catch (cause) {
    return bareError(request, asEngineError(cause))
  }
  return route(engine, request, connectionId, content)
}

// -------------------------------------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------------------------------------

/** The body as Kuzzle reads it. Its errors occur before the routing and are answered without an envelope (spec 2.2). */
const readContent = (engine: Engine, { body, headers }: HttpRequest): unknown => {
  const limit = engine.options.maxRequestSize
  // For a compressed body, the limit counts the compressed bytes (httpwsProtocol.js, `httpReadData`).
  const isCompressed = headers["content-encoding"] !== undefined
  const isTooLarge = !isCompressed && body.length * 3 > limit && sizeOf(body) > limit
  if (Number(headers["content-length"] ?? 0) > limit || isTooLarge) throw error("network.http.request_too_large")
  const header = headers["content-type"] ?? ""
  const type = header.split(";")[0]!.trim()
  if (type !== "" && !contentTypes.includes(type)) throw error("network.http.unsupported_content", type)
  const charset = /charset=([\w-]+)/i.exec(header)?.[1]?.toLowerCase()
  if (charset !== undefined && charset !== "utf-8") throw error("network.http.unsupported_charset", charset)
  if (body === "") return null
  if (type === "multipart/form-data") throw error("testing.engine.not_implemented", "multipart bodies")
  if (type === "application/x-www-form-urlencoded") return fields(body)
  if (isTooDeep(body)) throw tooDeep()
  try {
    const content: unknown = JSON.parse(body)
    return Array.isArray(content) && content.length === 0 ? null : content || null
  } catch {
    throw error("network.http.body_parse_failed", body.slice(0, 50))
  }
}

const sizeOf = (text: string): number => new TextEncoder().encode(text).length

/** The fields of a query string. A key that occurs more than once has a list of values. */
const fields = (text: string): JsonObject => {
  const result: Record<string, unknown> = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const before = Object.hasOwn(result, name) ? result[name] : undefined
    if (Array.isArray(before)) before.push(value)
    else put(result, name, before === undefined ? value : [before, value])
  }
  return result
}

const split = (url: string): readonly [path: string, query: string] => {
  const at = url.indexOf("?")
  return at === -1 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)]
}

const route = (
  engine: Engine,
  http: HttpRequest,
  connectionId: string,
  content: unknown
): HttpResponse | undefined => {
  const { headers } = http
  const requestId = headers["x-kuzzle-request-id"] || connectionId
  const method = http.method.toUpperCase()
  const [path, query] = split(http.url)
  const pathname = path.endsWith("/") ? path.slice(0, -1) : path
  const answer = (answer: Answer, isRest: boolean) =>
    write(engine, http, { ...answer, envelope: { ...answer.envelope, requestId } }, isRest)
  const refuse = (cause: unknown) => {
    const failed = asEngineError(cause)
    return answer({ status: failed.status, envelope: failure(failed, requestId), cookies: [] }, true)
  }

  if (method === "OPTIONS") return answer(preflightAnswer, true)
  if (!["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"].includes(method)) {
    return refuse(error("network.http.unsupported_verb", method))
  }
  try {
    const jwt = bearer(headers.authorization)
    const volatile = volatileOf(headers["x-kuzzle-volatile"])
    if (method === "POST" && pathname === "/_query") {
      // The body is a whole request envelope. Unlike those of the REST routes, the answer has no credentials header
      // (observed).
      engine.parse({ body: content }, "http", method)
      const data = isObject(content) && content.jwt === undefined && jwt !== undefined ? { ...content, jwt } : content
      return execute(engine, engine.parse(data, "http", method), headers, connectionId, answer, false)
    }
    const target = Routes.resolve(method, pathname)
    const requestData = {
      requestId,
      body: content,
      ...(jwt === undefined ? {} : { jwt }),
      ...(volatile === undefined ? {} : { volatile }),
      ...fields(query)
    }
    // No action has this method and path. The answer still contains the data of the request.
    if (target === undefined) {
      const request = engine.parse(requestData, "http", method)
      const isKnown = method === "HEAD" && pathname === ""
      const { body = null, status = 200 } = isKnown ? {} : notFound(pathname)
      return answer({ status, envelope: envelope(request, body, isKnown ? {} : null, status), cookies: [] }, true)
    }
    const data = { ...requestData, ...target.args, controller: target.controller, action: target.action }
    return execute(engine, engine.parse(data, "http", method), headers, connectionId, answer, true)
  } catch (cause) {
    return refuse(cause)
  }
}

const notFound = (pathname: string): EngineError => error("network.http.url_not_found", pathname)

/** The answer to a CORS preflight. `requestId` is only a placeholder, which keeps the order of the keys. */
const preflightAnswer: Answer = {
  status: 200,
  envelope: {
    action: null,
    controller: null,
    error: null,
    headers: {},
    requestId: "",
    result: {},
    status: 200,
    volatile: null
  },
  cookies: []
}

const execute = (
  engine: Engine,
  request: KuzzleRequest,
  headers: Headers,
  connectionId: string,
  answer: (answer: Answer, isRest: boolean) => HttpResponse,
  isRest: boolean
): HttpResponse | undefined => {
  if (engine.isLost(request)) return undefined
  const executed = engine.execute(request, headers, connectionId)
  return executed === undefined ? undefined : answer(executed, isRest)
}

const bearer = (header: string | undefined): string | undefined =>
  header?.toLowerCase().startsWith("bearer ") ? header.slice("bearer ".length) : undefined

const volatileOf = (header: string | undefined): unknown => {
  if (header === undefined) return undefined
  if (isTooDeep(header)) throw tooDeep()
  try {
    return JSON.parse(header)
  } catch (cause) {
    throw error("network.http.volatile_parse_failed", messageOf(cause))
  }
}

// -------------------------------------------------------------------------------------------------------------------
// responses
// -------------------------------------------------------------------------------------------------------------------

const write = (
  engine: Engine,
  { headers, url }: HttpRequest,
  { cookies, download, envelope, raw, status }: Answer,
  isRest: boolean
): HttpResponse => {
  const origin: ReadonlyArray<readonly [string, string]> = headers.origin === undefined
    ? []
    : [["Access-Control-Allow-Origin", headers.origin], ["Vary", "Origin"]]
  const credentials: ReadonlyArray<readonly [string, string]> = engine.options.cookieAuthentication
    ? [["Access-Control-Allow-Credentials", "true"]]
    : []
  const setCookies = cookies.map((cookie) => ["Set-Cookie", cookie] as const)
  const pretty = new URLSearchParams(split(url)[1]).has("pretty")
  const contentType = download?.contentType ?? "application/json"
  const attachment: ReadonlyArray<readonly [string, string]> = download === undefined
    ? []
    : [["Content-Disposition", `attachment; filename="${download.fileName}"`]]
  const head: Omit<HttpResponse, "body"> = {
    status,
    headers: [
      ["Connection", "close"],
      ["X-Kuzzle-Request-Id", String(envelope.requestId)],
      // The real server sends `undefined`, because its node has no name yet when the header is made (observed).
      ...(isRest
        ? [
          ...setCookies,
          ["X-Kuzzle-Node", "undefined"] as const,
          ["Accept-Encoding", "gzip,deflate,identity"] as const,
          ...cors,
          ["content-type", contentType] as const,
          ...credentials,
          ...origin,
          ...attachment
        ]
        : [
          ...cors,
          ...(download === undefined ? [["Content-Type", contentType] as const] : []),
          ...origin,
          ...setCookies,
          ["X-Kuzzle-Node", "undefined"] as const,
          ...attachment,
          ...(download === undefined ? [] : [["Content-Type", contentType] as const])
        ])
    ]
  }
  if (download !== undefined) return streamed(head, download.pieces)
  return { ...head, body: JSON.stringify(raw ?? envelope, undefined, pretty ? 2 : 0) }
}

const streamed = (head: Omit<HttpResponse, "body">, pieces: Iterable<string>): HttpResponse => ({
  ...head,
  pieces,
  get body() {
    return Array.from(pieces).join("")
  }
})

/** The answer to a body that cannot be read. */
export const unreadable = (
  request: Pick<HttpRequest, "headers">,
  ...[id, ...props]: Parameters<typeof error>
): HttpResponse => bareError(request, error(id, ...props))

/** The answer to an error before the routing: the error itself, without an envelope. */
const bareError = ({ headers }: Pick<HttpRequest, "headers">, failed: EngineError): HttpResponse => ({
  status: failed.status,
  headers: [
    ...cors,
    ["Content-Type", "application/json"],
    ...(headers.origin === undefined ? [] : [["Access-Control-Allow-Origin", "*"] as const])
  ],
  body: JSON.stringify(failed.body)
})
