/**
 * Effect alone: the lower bound for any client whose requests are effects. It is the tuned client of `raw.ts`, with one
 * `Effect.async` for each request and one for the connection. Each subscription has another one and a finalizer.
 *
 * Without a variant, each connection is a layer. With `make`, it is a scoped effect.
 */
import { Context, Effect, Exit, Layer, Scope } from "effect"
import type { BenchFilter, BenchRequest } from "../wire.ts"
import { loops, sequential, settled } from "./effects.ts"
import { fromPromises, type Peer, type Session, type Settings } from "./Peer.ts"
import { connect, type Message } from "./raw.ts"

type Connection = Awaited<ReturnType<typeof connect>>

class Client extends Context.Tag("bench/Client")<Client, Connection>() {}

const acquire = (settings: Settings) =>
  Effect.acquireRelease(
    Effect.async<Connection>((resume) => {
      connect(settings, true).then(
        (connection) => resume(Effect.succeed(connection)),
        (cause) => resume(Effect.die(cause))
      )
    }),
    (connection) => Effect.sync(connection.close)
  )

const open = (settings: Settings, variant: string): Effect.Effect<Session> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const context = variant === "make"
      ? Context.make(Client, yield* Scope.extend(acquire(settings), scope))
      : yield* Layer.buildWithScope(Layer.scoped(Client, acquire(settings)), scope)
    const connection = Context.get(context, Client)
    const query = (request: BenchRequest) =>
      Effect.async<Message, Error>((resume) =>
        connection.ask(request, (message) => resume(Exit.succeed(message)), (error) => resume(Exit.fail(error)))
      )
    const subscribe = (filter: BenchFilter, handler: () => void) =>
      Effect.acquireRelease(
        Effect.async<void>((resume) => {
          void connection.subscribe(filter, handler).then(() => resume(Effect.void))
        }),
        () => Effect.void
      )
    return {
      ...fromPromises(connection),
      sequential: (count, make, done) => Effect.runPromise(sequential(count, (n) => query(make(n)), done)),
      concurrent: (count, width, make) => Effect.runPromise(loops(count, width, (n) => query(make(n)))),
      settle: (requests) =>
        Effect.runPromise(Effect.map(settled(requests, query), (exits) => exits.filter(Exit.isFailure).length)),
      subscribe: (filters, handled) =>
        Effect.runPromise(
          Scope.extend(loops(filters.length, 100, (n) => subscribe(filters[n]!, () => handled(1))), scope)
        ),
      close: () => Effect.runPromise(Scope.close(scope, Exit.void))
    }
  })

export const peer = (variant: string): Peer => ({
  queues: false,
  open: (settings) => Effect.runPromise(open(settings, variant))
})
