/**
 * A TCP relay on a loopback port in front of a server, which can break, freeze and end what passes through it. It knows
 * nothing of WebSocket but how a close frame looks.
 */
import { Data, Effect } from "effect"
import type { Scope } from "effect"
import * as Net from "node:net"
import type { Network } from "./backend.ts"

export class RelayError extends Data.TaggedError("RelayError")<{ readonly cause: Error }> {}

export interface Relay extends Network {
  readonly port: number
  /** `ws://127.0.0.1:<port>` */
  readonly url: string
  /** Connections that pass through it now. */
  readonly connections: Effect.Effect<number>
}

interface Pair {
  readonly client: Net.Socket
  readonly server: Net.Socket
}

/** A close frame of a server: unmasked, two bytes of payload (RFC 6455, 5.5.1). */
const closeFrame = (code: number): Buffer => Buffer.from([0x88, 0x02, code >> 8, code & 0xff])

export const make = (
  upstream: { readonly host: string; readonly port: number }
): Effect.Effect<Relay, RelayError, Scope.Scope> =>
  Effect.gen(function*() {
    const pairs = new Set<Pair>()
    /** Accepted while frozen: connected to the server once thawed. */
    const held = new Set<Net.Socket>()
    let frozen = false

    const join = (client: Net.Socket) => {
      const server = Net.connect(upstream)
      const pair = { client, server }
      pairs.add(pair)
      const end = () => {
        pairs.delete(pair)
        client.destroy()
        server.destroy()
      }
      for (const socket of [client, server]) {
        socket.setNoDelay(true)
        // Whatever happens to one end happens to the other: `close` follows every error.
        socket.on("error", end)
        socket.on("close", end)
      }
      client.pipe(server)
      server.pipe(client)
    }

    const listener = Net.createServer((client) => {
      if (!frozen) return join(client)
      held.add(client)
      client.on("error", () => client.destroy())
      client.on("close", () => held.delete(client))
    })
    const cut = Effect.sync(() => {
      for (const { client, server } of pairs) {
        client.destroy()
        server.destroy()
      }
      for (const client of held) client.destroy()
    })
    const port = yield* Effect.acquireRelease(
      Effect.async<number, RelayError>((resume) => {
        listener.once("error", (cause) => resume(new RelayError({ cause })))
        // A TCP server that listens has an address, which is no pipe's name.
        listener.listen(0, "127.0.0.1", () => resume(Effect.succeed((listener.address() as Net.AddressInfo).port)))
      }),
      () =>
        Effect.async<void>((resume) => {
          listener.close(() => resume(Effect.void))
          Effect.runSync(cut)
        })
    )
    return {
      port,
      url: `ws://127.0.0.1:${port}`,
      connections: Effect.sync(() => pairs.size),
      cut,
      close: (code) =>
        Effect.sync(() => {
          for (const { client, server } of pairs) {
            server.unpipe(client)
            client.unpipe(server)
            // The client answers with a close frame of its own, and then expects the connection to end.
            client.once("data", () => client.end()).resume()
            client.write(closeFrame(code))
          }
        }),
      freeze: Effect.sync(() => {
        frozen = true
        for (const { client, server } of pairs) {
          server.unpipe(client)
          client.unpipe(server)
          server.pause()
          client.pause()
        }
      }),
      thaw: Effect.sync(() => {
        frozen = false
        for (const { client, server } of pairs) {
          client.pipe(server)
          server.pipe(client)
        }
        for (const client of held) join(client)
        held.clear()
      })
    }
  })

/** A relay in front of the server that a WebSocket address names. */
export const makeFor = (url: string): Effect.Effect<Relay, RelayError, Scope.Scope> => {
  const { hostname, port } = new URL(url)
  return make({ host: hostname, port: port === "" ? 80 : Number(port) })
}
