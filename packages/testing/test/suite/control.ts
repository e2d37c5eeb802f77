/**
 * A backend for a page: a relay in front of a server, and an HTTP endpoint by which the page commands the relay. Runs in
 * Node, beside the browser.
 */
import { Effect } from "effect"
import type { Scope } from "effect"
import * as Http from "node:http"
import type * as Net from "node:net"
import * as Relay from "./relay.ts"
import type { RemoteBackend } from "./remote.ts"

export const make = (url: string): Effect.Effect<RemoteBackend, Relay.RelayError, Scope.Scope> =>
  Effect.gen(function*() {
    const relay = yield* Relay.makeFor(url)
    const perform = (path: string): Effect.Effect<void> | undefined => {
      const [, command, argument] = path.split("/")
      if (command === "cut" || command === "freeze" || command === "thaw") return relay[command]
      return command === "close" ? relay.close(Number(argument)) : undefined
    }
    const server = Http.createServer((request, response) => {
      const command = perform(request.url ?? "/")
      // The page comes from another origin.
      response.writeHead(command === undefined ? 404 : 204, { "access-control-allow-origin": "*" })
      Effect.runSync(command ?? Effect.void)
      response.end()
    })
    const port = yield* Effect.acquireRelease(
      Effect.async<number, Relay.RelayError>((resume) => {
        server.once("error", (cause) => resume(new Relay.RelayError({ cause })))
        // A TCP server that listens has an address, which is no pipe's name.
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as Net.AddressInfo).port)))
      }),
      () =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    return { url, relayUrl: relay.url, controlUrl: `http://127.0.0.1:${port}` }
  })
