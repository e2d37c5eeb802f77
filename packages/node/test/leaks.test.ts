/** A closed client leaves nothing behind. A separate file, because other tests of the same process end sockets, too. */
import { Kuzzle, KuzzleRealtime, KuzzleServer } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { assert, layer } from "@effect/vitest"
import { Effect, Schedule, Stream } from "effect"
import { turns, until } from "../../../tests/suite/until.ts"

layer(KuzzleTestServer.layer(), { excludeTestServices: true })("a closed client", (it) => {
  it.scoped("L1: closing the scope leaves no socket and no timer", () =>
    Effect.gen(function*() {
      const server = yield* KuzzleTestServer.KuzzleTestServer
      const inUse = Effect.sync(() =>
        process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate|TCP(Socket|Connect)Wrap/.test(name)).sort()
      )
      const before = yield* inUse
      const connectionsBefore = yield* server.connections
      yield* Effect.gen(function*() {
        const notifications = yield* KuzzleRealtime.open({ index: "nyc", collection: "taxi" })
        yield* Effect.forkScoped(Stream.runDrain(notifications))
        yield* KuzzleServer.now()
        yield* Effect.forkScoped(Effect.exit(Kuzzle.query({ controller: "server", action: "now", targets: "x" })))
        yield* until("it uses sockets and timers", Effect.map(inUse, (now) => now.length > before.length))
      }).pipe(Effect.scoped, Effect.provide(NodeKuzzle.layer({ url: server.url, pingInterval: "20 millis" })))
      // The server notices the end a moment later.
      yield* until("the server notices the end", Effect.map(server.connections, (now) => now <= connectionsBefore))
      // `until` has a timer of its own.
      let remaining = yield* inUse
      yield* until("nothing remains", Effect.map(inUse, (now) => String(remaining = now) === String(before)))
      assert.deepStrictEqual(remaining, before)
    }))

  it.scoped("L1, 8.A7: a client that waits for its next attempt leaves nothing behind", () =>
    Effect.gen(function*() {
      const server = yield* KuzzleTestServer.KuzzleTestServer
      const timers = Effect.sync(() => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length)
      // The test runner has timers, too, which come and go.
      const counts = yield* Effect.replicateEffect(Effect.zipRight(turns, timers), 5)
      const before = Math.min(...counts)
      yield* Effect.gen(function*() {
        yield* server.cut
        yield* Stream.runHead(Stream.filter(Kuzzle.states, ({ _tag }) => _tag === "Waiting"))
      }).pipe(Effect.provide(NodeKuzzle.layer({ url: server.url, reconnect: Schedule.spaced("1 hour") })))
      let remaining = yield* timers
      yield* until("no timer remains", Effect.map(timers, (now) => (remaining = now) <= before))
      assert.isAtMost(remaining, before)
    }))

  it.scoped("L1, 8.A14: a connection to a frozen peer is dropped at once, because the peer would never answer a close frame", () =>
    Effect.gen(function*() {
      const server = yield* KuzzleTestServer.KuzzleTestServer
      const sockets = Effect.sync(() =>
        process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length
      )
      const before = yield* sockets
      yield* Effect.addFinalizer(() => server.thaw)
      yield* Effect.provide(
        Effect.zipRight(KuzzleServer.now(), server.freeze),
        NodeKuzzle.layer({ url: server.url })
      )
      // The server's side remains, because the frozen server does not read it.
      let remaining = yield* sockets
      yield* until("it is dropped", Effect.map(sockets, (now) => (remaining = now) <= before + 1))
      assert.isAtMost(remaining, before + 1)
    }))
})
