/** The server of a run: a Kuzzle behind a relay that disturbs connections. Each execution of a request leaves a document. */
import { type Kuzzle, KuzzleCollection, KuzzleIndex, KuzzleSearch } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { Context, Effect, Layer, Random, Schedule, Schema, Stream } from "effect"
import type { Scope } from "effect"
import type { Fault } from "../../tests/suite/line.ts"
import * as Relay from "../../tests/suite/relay.ts"
import { collection } from "./client.ts"
import type { Execution, Executions } from "./judge.ts"

export interface Server {
  /** The address of the relay. */
  readonly url: string
  readonly index: string
  /** Disturbs the connections, and returns the name of the disturbance. */
  readonly disturb: Effect.Effect<string>
  /** Ends all disturbances. */
  readonly heal: Effect.Effect<void>
  readonly executions: Effect.Effect<Executions>
}

/** 15 ms each way, so that requests are in flight. */
const latency: Fault = { delay: 15 }

export const embedded: Effect.Effect<Server, never, Scope.Scope> = Effect.gen(function*() {
  const context = yield* Effect.orDie(Layer.build(KuzzleTestServer.layer()))
  const { start, stop, url } = Context.get(context, KuzzleTestServer.KuzzleTestServer)
  // While the server was stopped, the system may have given its port to a connection of another program.
  const startSoon = Effect.retry(start, Schedule.upTo(Schedule.spaced("100 millis"), "30 seconds"))
  const restart = stop.pipe(Effect.zipRight(Effect.sleep("200 millis")), Effect.ensuring(Effect.orDie(startSoon)))
  return yield* make(url, restart)
})

/** A real Kuzzle may have other users, so the run does not stop it. Instead, the relay refuses connections for a while. */
export const real = (url: string): Effect.Effect<Server, never, Scope.Scope> => make(url, undefined)

const make = (url: string, restart: Effect.Effect<void> | undefined): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function*() {
    const index = `ends-${(yield* Random.nextIntBetween(0, 2 ** 31)).toString(36)}${process.pid}`
    // This client connects directly, not through the relay. A restart of the server ends its connection, so it queues.
    const services = yield* Effect.orDie(
      Layer.build(NodeKuzzle.layer({ url, autoQueue: true, requestTimeout: "1 minute" }))
    )
    const admin = <A, E>(effect: Effect.Effect<A, E, Kuzzle.Kuzzle>) => Effect.orDie(Effect.provide(effect, services))
    yield* Effect.acquireRelease(
      admin(Effect.zipRight(KuzzleIndex.create({ index }), KuzzleCollection.create({ index, collection, mappings }))),
      () => admin(KuzzleIndex.delete({ index }))
    )
    const relay = yield* Effect.orDie(Relay.makeFor(url))
    yield* relay.inject(latency)
    const heal = Effect.zipRight(relay.heal, relay.inject(latency))
    const refuse = relay.inject({ refuse: true, ending: "Reset" }).pipe(
      Effect.zipRight(Effect.sleep("200 millis")),
      Effect.ensuring(heal)
    )
    const outage = Effect.as(restart ?? refuse, restart === undefined ? "server out of reach" : "server restarted")
    return {
      url: relay.url,
      index,
      heal,
      disturb: Effect.flatMap(Random.next, (random) => random < 0.2 ? outage : Effect.as(cut(relay), "connection cut")),
      executions: admin(countExecutions(index))
    }
  })

/** Ends the connections in the middle of a frame. */
const cut = (relay: Relay.Relay): Effect.Effect<void> =>
  Effect.gen(function*() {
    const [ending = "Reset"] = yield* Random.shuffle(["Reset", "Cut", "EndToClient", "EndToServer", 1011] as const)
    const [direction = "In"] = yield* Random.shuffle(["In", "Out"] as const)
    const bytes = yield* Random.nextIntBetween(1, 4000)
    yield* relay.inject({ ...latency, ending }, { direction, part: "Frames", bytes })
    yield* Effect.timeoutOption(relay.struck, "1 second")
  })

const mappings = { properties: { id: { type: "keyword" }, idempotent: { type: "boolean" } } } as const

const Content = Schema.Struct({ id: Schema.String, idempotent: Schema.Boolean })

const countExecutions = (index: string) =>
  Effect.gen(function*() {
    yield* KuzzleCollection.refresh({ index, collection })
    const executions = new Map<string, Execution>()
    yield* Stream.runForEach(
      KuzzleSearch.hits({ index, collection, size: 500 }),
      ({ _source }) =>
        Effect.map(Schema.decodeUnknown(Content)(_source), ({ id, idempotent }) => {
          executions.set(id, { idempotent, count: (executions.get(id)?.count ?? 0) + 1 })
        })
    )
    return executions
  })
