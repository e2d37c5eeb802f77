/**
 * What is used while rows are measured, as in an application. V8 throws away the code for objects of which none is left,
 * and would compile it again in each run: up to ten milliseconds that no item has cost.
 */
import { KuzzleDocument, KuzzleRealtime } from "@effect-kuzzle/core"
import { Effect, Stream } from "effect"
import * as Pending from "../../packages/core/src/internal/protocol/pending.ts"
import { documents } from "./requests.ts"
import { open } from "./server.ts"
import { creates, target } from "./support.ts"

/** Gives what ends it. */
export const beginUse = async (): Promise<() => Promise<void>> => {
  const client = await open({}, documents)
  await client.run(KuzzleDocument.get({ ...target, _id: "d0" }))
  await client.run(client.kuzzle.queryMany(creates(2)))
  await client.run(KuzzleRealtime.listen(target, () => {}))
  Effect.runFork(Stream.runDrain(await client.run(KuzzleRealtime.open(target))))
  const pending = new Pending.Pending<Pending.Entry>()
  pending.add("stays", { deadline: 1 })
  pending.add("ends", { deadline: 0 })
  pending.expire(0)
  return async () => {
    pending.drain()
    await client.close()
  }
}
