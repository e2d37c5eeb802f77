/** A process that stores requests in a given folder, until it is killed. */
import { KuzzleOutboxStore } from "@effect-kuzzle/core"
import { NodeKuzzleOutboxStore } from "@effect-kuzzle/node"
import { Effect } from "effect"

const [, , folder = ""] = process.argv
const entry = (id: string, idempotent: boolean): KuzzleOutboxStore.NewEntry => ({
  id,
  server: "wss://kuzzle.test",
  sender: { _tag: "User", kuid: "ada" },
  idempotent,
  queuedAt: 0,
  sendBy: 1,
  payload: id
})

const hold = Effect.gen(function*() {
  const store = yield* KuzzleOutboxStore.KuzzleOutboxStore
  const claim = yield* store.open({ maxEntries: 500, maxBytes: 1_000_000 })
  const [, b, c] = yield* claim.add([entry("a", false), entry("b", false), entry("c", true)])
  yield* claim.mark([b?.seq ?? "", c?.seq ?? ""])
  process.stdout.write("holding\n")
  // Its timer keeps the process alive. `Effect.never` has one on Effect 3 only.
  yield* Effect.sleep("1 hour")
})

Effect.runFork(hold.pipe(Effect.scoped, Effect.provide(NodeKuzzleOutboxStore.layer(folder))))
