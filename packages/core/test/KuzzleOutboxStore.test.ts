/** The outbox store in memory keeps the contract of all outbox stores. */
import { KuzzleOutboxStore } from "@effect-kuzzle/core"
import { Effect, Exit, Scope } from "effect"
import { limits, outboxStoreSuite } from "../../testing/test/suite/outboxStore.ts"
import * as Memory from "../src/internal/outboxMemory.ts"
import { OutboxTable } from "../src/internal/outboxTable.ts"

outboxStoreSuite(
  "outbox store in memory",
  Effect.sync(() => {
    const table = new OutboxTable(KuzzleOutboxStore.maxReports)
    const store = Memory.make(table)
    let clients = 0
    return {
      client: (differing) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const claim = yield* Scope.extend(store.open({ ...limits, ...differing }), scope)
          const name = `client ${++clients}`
          return { claim, close: Scope.close(scope, Exit.void), kill: Effect.sync(() => table.vanish(name)) }
        })
    }
  }),
  { lingers: true }
)
