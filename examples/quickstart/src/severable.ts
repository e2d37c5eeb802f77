/** An HTTP proxy that can cut its tunnels, as if a cable was pulled. It shows that the client recovers. */
import { Effect, type Scope } from "effect"
import * as Http from "node:http"
import * as Net from "node:net"

export interface Severable {
  /** The address of the proxy. */
  readonly url: string
  /** Destroys every tunnel without a close frame, and returns how many there were. */
  readonly cut: Effect.Effect<number>
}

export const make: Effect.Effect<Severable, never, Scope.Scope> = Effect.gen(function*() {
  const tunnels = new Set<Net.Socket>()
  const server = Http.createServer().on("connect", (request, client: Net.Socket) => {
    const { hostname, port } = new URL(`http://${request.url ?? ""}`)
    const server = Net.connect(Number(port === "" ? 80 : port), hostname.replace(/^\[|\]$/g, ""), () => {
      client.write("HTTP/1.1 200 Connected\r\n\r\n")
      client.pipe(server).pipe(client)
    })
    tunnels.add(client)
    client.on("error", () => server.destroy()).on("close", () => {
      tunnels.delete(client)
      server.destroy()
    })
    server.on("error", () => client.destroy()).on("close", () => client.destroy())
  })
  const cut = Effect.sync(() => {
    const count = tunnels.size
    for (const socket of tunnels) socket.destroy()
    return count
  })
  yield* Effect.acquireRelease(
    Effect.async<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () => Effect.zipRight(cut, Effect.async<void>((resume) => void server.close(() => resume(Effect.void))))
  )
  // A TCP server that listens has an address. Only a pipe has a name (a string) instead.
  const { port } = server.address() as Net.AddressInfo
  return { url: `http://127.0.0.1:${port}`, cut }
})
