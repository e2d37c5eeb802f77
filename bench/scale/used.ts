/**
 * A client that stays in use while rows are measured, as in an application. V8 discards compiled code when no object uses it
 * any more, and would compile it again in each run. This takes up to 10 ms, which would count as the cost of the items.
 */
import { KuzzleDocument, KuzzleRealtime } from "@effect-kuzzle/core"
import { Effect, Stream } from "effect"
import * as Pending from "../../packages/core/src/internal/protocol/pending.ts"
import { documents } from "./requests.ts"
import { open } from "./server.ts"
import { creates, target } from "./support.ts"

/** Returns the function that closes the client. */
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
