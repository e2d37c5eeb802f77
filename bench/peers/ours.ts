/**
 * Ours, as an application would use it. The variants differ in how they send requests, consume notifications and connect:
 *
 * - Requests: without a variant, fibers that loop. `queryMany` sends batches. `forEach` starts a fiber for each request.
 * - Notifications: without a variant, by handler. `chunks` and `each` use a `Stream`. `schema-…` also decodes each document by
 *   a Schema.
 * - Connections: without a variant, a layer for each. `make` uses `Kuzzle.make` with one socket service and one heartbeat for
 *   all, as an application with many clients would.
 */
import type { KuzzleSocket } from "@effect-kuzzle/core"
import { Kuzzle, KuzzleHeartbeat, KuzzleOutbox, KuzzleRealtime, KuzzleSchedule } from "@effect-kuzzle/core"
import { NodeKuzzle, NodeKuzzleOutboxStore, NodeKuzzleSocket } from "@effect-kuzzle/node"
import { Chunk, Context, Effect, Exit, Layer, Schema, Scope, Stream } from "effect"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as HandingOver from "../handingOver.ts"
import type { BenchFilter, BenchRequest } from "../wire.ts"
import { collection, index } from "../wire.ts"
import { loops, sequential, settled } from "./effects.ts"
import type { Peer, Session, Settings } from "./Peer.ts"

const Taxi = Schema.Struct({
  driver: Schema.String,
  status: Schema.Literal("free", "busy", "off"),
  seats: Schema.Number,
  position: Schema.Struct({ lat: Schema.Number, lon: Schema.Number }),
  tags: Schema.Array(Schema.String)
})

const decode = Schema.decodeUnknownSync(Taxi)

/** A longer delay would only make the benchmark longer, because it is not measured. */
const reconnect = KuzzleSchedule.reconnect({ cap: "1 second" })

const options = (settings: Settings) => ({
  url: settings.url,
  requestTimeout: settings.deadline,
  autoQueue: settings.queue !== undefined,
  queueMaxSize: settings.queue,
  // Only the number of requests limits the queue, as in all clients.
  queueMaxBytes: settings.queue === undefined ? undefined : 1e9,
  reconnect
})

/** The services that all connections of a process share in the variant `make`. */
let transport: Context.Context<KuzzleSocket.KuzzleSocket | KuzzleHeartbeat.KuzzleHeartbeat> | undefined

const transportOf = (settings: Settings) =>
  transport ??= Effect.runSync(Effect.scoped(Layer.build(Layer.merge(
    NodeKuzzleSocket.layer(),
    KuzzleHeartbeat.layerNative({
      pingInterval: settings.heartbeat
    })
  ))))

const connect = (settings: Settings, variant: string) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const context = yield* variant === "make"
      ? Scope.extend(Effect.provide(Kuzzle.make(options(settings)), transportOf(settings)), scope)
      : Layer.buildWithScope(NodeKuzzle.layer({ ...options(settings), pingInterval: settings.heartbeat }), scope)
    const kuzzle = Context.get(context, Kuzzle.Kuzzle)
    const run = <A, E>(effect: Effect.Effect<A, E, Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime | Scope.Scope>) =>
      Effect.runPromise(Scope.extend(Effect.provide(effect, context), scope))

    const session: Session = {
      request: (request) => run(kuzzle.query(request)),
      sequential: (count, make, done) => run(sequential(count, (n) => kuzzle.query(make(n)), done)),
      concurrent: (count, inFlight, make) => run(concurrent(kuzzle, variant)(count, inFlight, make)),
      settle: (requests) =>
        run(
          (variant === "queryMany"
            ? kuzzle.queryMany(requests)
            : settled(requests, kuzzle.query))
            .pipe(
              Effect.map((exits) => exits.filter(Exit.isFailure).length)
            )
        ),
      subscribe: (filters, handled) => run(subscribe(variant)(filters, handled)),
      close: () => Effect.runPromise(Scope.close(scope, Exit.void))
    }
    return session
  })

const concurrent =
  (kuzzle: Kuzzle.KuzzleShape, variant: string) =>
  (count: number, inFlight: number, make: (n: number) => BenchRequest) => {
    switch (variant) {
      case "queryMany":
        return Effect.gen(function*() {
          for (let sent = 0; sent < count; sent += inFlight) {
            const batch = Array.from({ length: Math.min(inFlight, count - sent) }, (_, n) => make(sent + n))
            const exits = yield* kuzzle.queryMany(batch)
            if (!exits.every(Exit.isSuccess)) return yield* Effect.dieMessage("a request failed")
          }
        })
      case "forEach":
        return Effect.forEach(Array.from({ length: count }, (_, n) => n), (n) => kuzzle.query(make(n)), {
          concurrency: inFlight,
          discard: true
        })
      default:
        return loops(count, inFlight, (n) => kuzzle.query(make(n)))
    }
  }

/** Decodes the document of a notification, as a typed subscription does. */
const document = (notification: KuzzleRealtime.Notification) => {
  if (notification.type !== "document") throw new Error(`unexpected ${notification.type}`)
  return decode(notification.result._source)
}

const subscribe = (variant: string) => (filters: ReadonlyArray<BenchFilter>, handled: (count: number) => void) => {
  const open = (filter: BenchFilter) => ({ index, collection, filter })
  const streaming = (
    consume: (
      stream: ReturnType<typeof KuzzleRealtime.subscribe>
    ) => Effect.Effect<void, unknown, KuzzleRealtime.KuzzleRealtime>
  ) =>
    Effect.forEach(filters, (filter) => Effect.forkScoped(consume(KuzzleRealtime.subscribe(open(filter)))), {
      discard: true
    })
  switch (variant) {
    case "chunks":
      return streaming(Stream.runForEachChunk((chunk) => Effect.sync(() => handled(Chunk.size(chunk)))))
    case "each":
      return streaming(Stream.runForEach(() => Effect.sync(() => handled(1))))
    case "schema-chunks":
      return streaming(Stream.runForEachChunk((chunk) =>
        Effect.sync(() => {
          for (const notification of chunk) document(notification)
          handled(Chunk.size(chunk))
        })
      ))
    case "schema-each":
      return streaming(Stream.runForEach((notification) =>
        Effect.sync(() => {
          document(notification)
          handled(1)
        })
      ))
    case "schema-handler":
      return loops(filters.length, 100, (n) =>
        KuzzleRealtime.listen(open(filters[n]!), (notification) => {
          document(notification)
          handled(1)
        }))
    default:
      return loops(filters.length, 100, (n) => KuzzleRealtime.listen(open(filters[n]!), () => handled(1)))
  }
}

const handOver = (settings: Settings, count: number, rounds: number) =>
  Effect.gen(function*() {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "bench-"))),
      (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true }))
    )
    const live = KuzzleOutbox.layer(HandingOver.limits).pipe(
      Layer.provide(NodeKuzzleOutboxStore.layer(folder)),
      Layer.provideMerge(NodeKuzzle.layer({ url: settings.url }))
    )
    return yield* Effect.provide(HandingOver.handOver(settings.url, count, rounds), live)
  }).pipe(Effect.scoped)

export const peer = (variant: string): Peer => ({
  queues: true,
  open: (settings) => Effect.runPromise(connect(settings, variant)),
  handOver: (settings, count, rounds) => Effect.runPromise(handOver(settings, count, rounds))
})
