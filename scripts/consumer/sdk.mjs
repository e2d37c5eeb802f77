/**
 * A program that uses the development server by `kuzzle-sdk`. It is JavaScript because the declarations of `kuzzle-sdk` do not
 * compile with `skipLibCheck: false`.
 */
import sdk from "kuzzle-sdk"
import assert from "node:assert/strict"
import { EventEmitter, once } from "node:events"

const { hostname, port } = new URL(process.argv[2])
const taxi = ["nyc-sdk", "taxi"]

const kuzzle = new sdk.Kuzzle(new sdk.WebSocket(hostname, { port: Number(port) }))
await kuzzle.connect()
try {
  await kuzzle.auth.login("local", { username: "ada", password: "secret" })
  await kuzzle.index.create("nyc-sdk")
  await kuzzle.collection.create(...taxi, { mappings: { properties: { status: { type: "keyword" } } } })

  const notifications = new EventEmitter()
  await kuzzle.realtime.subscribe(...taxi, { equals: { status: "free" } }, (notification) => {
    notifications.emit("document", notification)
  })
  const notified = once(notifications, "document", { signal: AbortSignal.timeout(5_000) })
  await kuzzle.document.create(...taxi, { status: "busy" }, "b")
  await kuzzle.document.create(...taxi, { status: "free" }, "a", { refresh: "wait_for" })
  const [{ event, result }] = await notified
  assert.deepEqual([event, result._id, result._source.status], ["write", "a", "free"])

  const { hits, total } = await kuzzle.document.search(...taxi, { query: { term: { status: "free" } } })
  assert.deepEqual([total, hits[0]._id], [1, "a"])
} finally {
  kuzzle.disconnect()
}
