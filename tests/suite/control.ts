/**
 * A backend for a page: relays in front of a server, and an HTTP endpoint by which the page makes and controls them. It runs
 * in Node, beside the browser.
 */
import { Effect, ExecutionStrategy, Exit, Scope } from "effect"
import * as Http from "node:http"
import type * as Net from "node:net"
import { text } from "node:stream/consumers"
import type { Fault, When } from "./line.ts"
import * as Relay from "./relay.ts"
import type { RemoteBackend, RemoteLine } from "./remote.ts"

export const make = (url: string): Effect.Effect<RemoteBackend, Relay.RelayError, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const relay = yield* Relay.makeFor(url)
    const lines = new Map<string, { readonly relay: Relay.Relay; readonly scope: Scope.CloseableScope }>()

    const open = Effect.gen(function*() {
      const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
      const relay = yield* Scope.extend(Relay.makeFor(url), own)
      const id = String(relay.port)
      lines.set(id, { relay, scope: own })
      return { id, url: relay.url } satisfies RemoteLine
    })

    /** The command at this path; `undefined` if there is none. */
    const perform = (path: string, body: string): Effect.Effect<unknown, Relay.RelayError> | undefined => {
      const [, command, argument = "", action] = path.split("/")
      if (command === "cut" || command === "freeze" || command === "thaw") return relay[command]
      if (command === "close") return relay.close(Number(argument))
      if (command !== "lines") return undefined
      if (argument === "") return open
      const line = lines.get(argument)
      switch (action) {
        case "inject": {
          // The page's half of this protocol is `remote.ts`.
          const { fault, when } = JSON.parse(body) as { fault: Fault; when?: When }
          return line?.relay.inject(fault, when)
        }
        case "struck":
        case "heal":
        case "cut":
        case "sockets":
          return line?.relay[action]
        case "end":
          lines.delete(argument)
          return line && Scope.close(line.scope, Exit.void)
        default:
          return undefined
      }
    }
    const server = Http.createServer((request, response) => {
      void text(request).then(async (body) => {
        const command = perform(request.url ?? "/", body)
        const answer = command === undefined ? undefined : await Effect.runPromise(Effect.exit(command))
        // The page comes from another origin.
        const headers = { "access-control-allow-origin": "*" }
        if (answer === undefined || Exit.isFailure(answer)) response.writeHead(answer ? 500 : 404, headers).end()
        else response.writeHead(200, headers).end(JSON.stringify(answer.value ?? null))
      })
    })
    const port = yield* Effect.acquireRelease(
      Effect.async<number, Relay.RelayError>((resume) => {
        server.once("error", (cause) => resume(new Relay.RelayError({ cause })))
        // A TCP server that listens has an address; only a pipe has a name (a string) instead.
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
