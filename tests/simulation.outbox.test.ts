/** The contract of outbox stores, for the store of the simulation. */
import { KuzzleOutboxStore } from "@effect-kuzzle/core"
import { Effect, Exit, Scope } from "effect"
import { Random } from "./simulation/random.ts"
import { OutboxStore } from "./simulation/sharing/store.ts"
import { limits, outboxStoreSuite } from "./suite/outboxStore.ts"

const none = () => {}

outboxStoreSuite(
  "outbox store of the simulation",
  Effect.sync(() => {
    const store = new OutboxStore({
      machine: { now: Date.now, at: (at, run) => void setTimeout(run, Math.max(0, at - Date.now())) },
      random: new Random(1),
      // Timers of the runtime fire in order only if they are equally long.
      faults: { latency: 0, failBefore: 0, failAfter: 0, torn: 0 },
      locks: "Honest",
      changeDelay: 0,
      maxReports: KuzzleOutboxStore.maxReports,
      server: "wss://kuzzle.test",
      watch: { added: none, adopted: none, marked: none, settled: none, failed: none, torn: none, purging: none }
    })
    return {
      client: (differing) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const { kill, store: shape } = store.client((run) => run())
          const claim = yield* Scope.extend(shape.open({ ...limits, ...differing }), scope)
          return { claim, close: Scope.close(scope, Exit.void), kill: Effect.sync(kill) }
        }),
      fill: Effect.sync(() => {
        store.full = true
        return Effect.sync(() => {
          store.full = false
        })
      })
    }
  }),
  { lingers: false }
)
