/** Servers of tests, on free loopback ports, until the scope closes. */
import { Data, Effect, type Scope } from "effect"
import * as Fs from "node:fs"
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import * as Tls from "node:tls"

export class ListenError extends Data.TaggedError("ListenError")<{ readonly cause: Error }> {}

/** Starts a server of any kind, and returns its port. */
export const listen = (make: () => Net.Server): Effect.Effect<number, ListenError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<readonly [Net.Server, Set<Net.Socket>], ListenError>((resume) => {
      const server = make()
      const sockets = new Set<Net.Socket>()
      server.on("connection", (socket) => {
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
      })
      server.once("error", (cause) => resume(new ListenError({ cause })))
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed([server, sockets])))
    }),
    ([server, sockets]) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
    // Safe: a listening TCP server has an address object, not the name of a pipe.
  ).pipe(Effect.map(([server]) => (server.address() as Net.AddressInfo).port))

export const pem = (name: string) => Fs.readFileSync(new URL(`./tls/${name}.pem`, import.meta.url))

const joined = (a: Net.Socket, b: Net.Socket): void => {
  a.on("error", () => b.destroy()).on("close", () => b.destroy())
  b.on("error", () => a.destroy()).on("close", () => a.destroy())
  a.pipe(b).pipe(a)
}

/** A TLS server in front of a port. Returns the port of the TLS server. */
export const tlsInFrontOf = (upstream: number, options: Tls.TlsOptions = {}) =>
  listen(() =>
    Tls.createServer({ key: pem("key"), cert: pem("cert"), ...options }, (socket) => {
      joined(socket, Net.connect(upstream, "127.0.0.1"))
    }).on("tlsClientError", () => {})
  )

/** An HTTP proxy, with a record of its requests. */
export interface Proxy {
  readonly port: number
  /** The requested targets. */
  readonly targets: Array<string>
  /** The open tunnels. */
  readonly open: Set<Net.Socket>
}

export const proxy = (
  options: {
    /** The required credentials, as `user:password`. */
    readonly credentials?: string
    /** The answer in place of a tunnel. `Nothing`: the proxy never answers. */
    readonly answers?: number | "Nothing"
    readonly tls?: Tls.TlsOptions
  } = {}
): Effect.Effect<Proxy, ListenError, Scope.Scope> =>
  Effect.gen(function*() {
    const targets: Array<string> = []
    const open = new Set<Net.Socket>()
    const expected = options.credentials === undefined
      ? undefined
      : `Basic ${Buffer.from(options.credentials).toString("base64")}`
    const connect = (request: Http.IncomingMessage, client: Net.Socket): void => {
      targets.push(request.url ?? "")
      open.add(client)
      client.on("close", () => open.delete(client)).on("error", () => {})
      if (options.answers === "Nothing") return void client.resume().on("end", () => client.destroy())
      const answer = (status: number) => client.end(`HTTP/1.1 ${status} Some Text\r\ncontent-length: 0\r\n\r\n`)
      if (request.headers["proxy-authorization"] !== expected) return void answer(407)
      if (options.answers !== undefined) return void answer(options.answers)
      const [, host = "", port] = /^(.*):(\d+)$/.exec(request.url ?? "") ?? []
      const server = Net.connect(Number(port), host.replace(/^\[|\]$/g, ""))
      server.once("error", () => answer(502))
      server.once("connect", () => {
        client.write("HTTP/1.1 200 Connected\r\n\r\n")
        joined(client, server)
      })
    }
    const port = yield* listen(() =>
      (options.tls === undefined ? Http.createServer() : Https.createServer(options.tls)).on("connect", connect)
    )
    return { port, targets, open }
  })
