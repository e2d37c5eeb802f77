/**
 * A gateway in front of Kuzzle, for a page. `/redirect/<status>/…` redirects to another origin, which answers as Kuzzle
 * would. `/sized/<bytes>/…` answers with this many bytes, without a header that says so.
 */
import { Data, Effect, type Scope } from "effect"
import * as Http from "node:http"
import type * as Net from "node:net"

export interface Gateway {
  readonly url: string
  /** A `GET` returns the requests that the other origin has received, as JSON. */
  readonly elsewhereUrl: string
}

export class GatewayError extends Data.TaggedError("GatewayError")<{ readonly cause: Error }> {}

const listen = (handler: Http.RequestListener): Effect.Effect<string, GatewayError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<Http.Server, GatewayError>((resume) => {
        const server = Http.createServer(handler)
        server.once("error", (cause) => resume(new GatewayError({ cause })))
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    ),
    // A TCP server that listens has an address; only a pipe has a name (a string) instead.
    (server) => `http://127.0.0.1:${(server.address() as Net.AddressInfo).port}`
  )

/** The page has another origin, and its requests carry cookies and tokens. */
const cors = ({ headers: { origin = "*" } }: Http.IncomingMessage): Http.OutgoingHttpHeaders => ({
  "access-control-allow-origin": origin,
  "access-control-allow-credentials": "true",
  "access-control-allow-headers": "authorization, content-type, x-kuzzle-volatile",
  "access-control-allow-methods": "GET, POST"
})

const answer = JSON.stringify({
  requestId: "r",
  status: 200,
  error: null,
  result: { now: 1, _id: "ada", jwt: "stolen" }
})

export const make: Effect.Effect<Gateway, GatewayError, Scope.Scope> = Effect.gen(function*() {
  const received: Array<string> = []
  const elsewhere = yield* listen((request, response) => {
    request.resume()
    if (request.url === "/seen") return response.writeHead(200, cors(request)).end(JSON.stringify(received))
    received.push(`${request.method} ${request.url}`)
    response.writeHead(200, cors(request)).end(answer)
  })
  const url = yield* listen((request, response) => {
    request.resume()
    const [, kind, number = "", ...path] = (request.url ?? "").split("/")
    if (request.method === "OPTIONS") return response.writeHead(204, cors(request)).end()
    if (kind === "redirect") {
      return response.writeHead(Number(number), { ...cors(request), location: `${elsewhere}/${path.join("/")}` }).end()
    }
    response.writeHead(200, cors(request))
    for (let rest = Number(number); rest > 0; rest -= 1024) response.write(" ".repeat(Math.min(rest, 1024)))
    response.end()
  })
  return { url, elsewhereUrl: `${elsewhere}/seen` }
})
