/** Reports of the host about its network and its sleep, and their effect on a session. */
import { KuzzleHeartbeat, KuzzleLifecycle } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Schedule, Scope, TestClock } from "effect"
import { client, document, kinds, type Options } from "../support/client.ts"
import { FakeNetwork, obliging, turns } from "../support/FakeSocket.ts"

/** A host whose reports the test makes. */
const fakeHost = () => {
  let listeners: ReadonlyArray<(event: KuzzleLifecycle.LifecycleEvent) => void> = []
  let online = true
  const shape: KuzzleLifecycle.KuzzleLifecycleShape = {
    online: () => online,
    listen: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          listeners = [...listeners, listener]
        }),
        () =>
          Effect.sync(() => {
            listeners = listeners.filter((other) => other !== listener)
          })
      )
  }
  return {
    shape,
    listeners: () => listeners.length,
    report: (event: KuzzleLifecycle.LifecycleEvent) =>
      Effect.zipRight(
        Effect.sync(() => {
          if (event !== "Resumed") online = event === "Online"
          listeners.forEach((listener) => listener(event))
        }),
        turns()
      )
  }
}

/** A session that pings every 10 s with a timeout of 5 s, and dials one hour after each loss. */
const hosted = (options: Options = {}) =>
  Effect.gen(function*() {
    const network = new FakeNetwork()
    network.onSend = obliging
    network.onPing = (socket) => queueMicrotask(socket.pong)
    const host = fakeHost()
    const made = yield* client(network, {
      heartbeat: KuzzleHeartbeat.make("Native"),
      reconnect: Schedule.spaced("1 hour"),
      ...options
    }).pipe(Effect.provideService(KuzzleLifecycle.KuzzleLifecycle, host.shape))
    return { network, host, ...made }
  })

const pass = (duration: Parameters<typeof TestClock.adjust>[0]) => Effect.zipRight(TestClock.adjust(duration), turns())

describe("lifecycle: a client that waits", () => {
  for (const event of ["Online", "Resumed"] as const) {
    it.scoped(`C3: ${event} skips the backoff delay`, () =>
      Effect.gen(function*() {
        const { host, network, session, tags } = yield* hosted({ heartbeat: KuzzleHeartbeat.make("Disabled") })
        network.current.close(1006)
        yield* turns()
        assert.strictEqual((yield* session.state)._tag, "Waiting")
        yield* host.report(event)
        assert.strictEqual((yield* session.state)._tag, "Ready")
        assert.strictEqual(network.sockets.length, 2)
        assert.deepStrictEqual(tags().filter((tag) => tag !== "Waiting"), [
          "Ready",
          "Connecting",
          "Resubscribing",
          "Ready"
        ])
        // The delay that was skipped does not continue.
        yield* pass("2 hours")
        assert.strictEqual(network.sockets.length, 2)
      }))
  }

  it.scoped("C6: an event does not shorten Retry-After", () =>
    Effect.gen(function*() {
      const { host, network, session } = yield* hosted({ heartbeat: KuzzleHeartbeat.make("Disabled") })
      network.autoOpen = false
      network.onDial = (socket) =>
        network.sockets.length < 3 ? socket.reject(503, { "retry-after": "60" }) : socket.open()
      network.current.close(1006)
      yield* turns()
      yield* host.report("Online")
      assert.strictEqual(network.sockets.length, 2)
      const waiting = yield* session.state
      assert.strictEqual(waiting._tag === "Waiting" && Duration.toMillis(waiting.delay), 3_660_000)
      yield* host.report("Resumed")
      yield* pass("59 seconds")
      assert.strictEqual(network.sockets.length, 2)
      yield* pass("1 second")
      assert.strictEqual(network.sockets.length, 3)
      assert.strictEqual((yield* session.state)._tag, "Ready")
    }))

  it.scoped("Offline does not end the delay, and is published", () =>
    Effect.gen(function*() {
      const { host, network, session } = yield* hosted()
      network.current.close(1006)
      yield* turns()
      assert.deepInclude(yield* session.state, { _tag: "Waiting", online: true })
      yield* host.report("Offline")
      assert.deepInclude(yield* session.state, { _tag: "Waiting", online: false })
      assert.strictEqual(network.sockets.length, 1)
      // The report of a host is only a hint, so the delay ends at its time.
      yield* pass("1 hour")
      assert.strictEqual((yield* session.state)._tag, "Ready")
    }))

  it.scoped("a loss while the host is offline is published as such", () =>
    Effect.gen(function*() {
      const { host, network, session } = yield* hosted()
      yield* host.report("Offline")
      network.current.close(1006)
      yield* turns()
      assert.deepInclude(yield* session.state, { _tag: "Waiting", online: false })
    }))

  it.scoped("after Online during a failing attempt, the next attempt follows at once, and the one after it with a delay", () =>
    Effect.gen(function*() {
      const { host, network, session } = yield* hosted()
      network.autoOpen = false
      network.current.close(1006)
      yield* turns()
      yield* host.report("Online")
      assert.strictEqual((yield* session.state)._tag, "Connecting")
      yield* host.report("Online")
      assert.strictEqual(network.sockets.length, 2)
      network.current.close(1006)
      yield* turns()
      assert.strictEqual(network.sockets.length, 3)
      network.current.close(1006)
      yield* turns()
      assert.strictEqual(network.sockets.length, 3)
      assert.strictEqual((yield* session.state)._tag, "Waiting")
    }))

  it.scoped("C6: an event during a connection does not shorten the delay after it", () =>
    Effect.gen(function*() {
      const { host, network, session } = yield* hosted()
      yield* host.report("Online")
      yield* host.report("Resumed")
      yield* pass("1 minute")
      network.current.close(1006)
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Waiting")
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.scoped("C6: a client on an unstable network dials once for each Online", () =>
    Effect.gen(function*() {
      const { host, network } = yield* hosted()
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      network.current.close(1006)
      yield* turns()
      for (let flap = 1; flap <= 10; flap++) {
        yield* host.report("Offline")
        yield* host.report("Online")
        assert.strictEqual(network.sockets.length, 1 + flap)
      }
    }))
})

describe("lifecycle: a client that is connected", () => {
  for (const event of ["Offline", "Online", "Resumed"] as const) {
    it.scoped(`C2: after ${event} the client sends a ping, and a connection that answers stays`, () =>
      Effect.gen(function*() {
        const { host, network, session } = yield* hosted()
        yield* pass("3 seconds")
        yield* host.report(event)
        assert.strictEqual(network.current.pings, 1)
        yield* pass("5 seconds")
        assert.strictEqual((yield* session.state)._tag, "Ready")
        assert.isFalse(network.current.terminated)
        // Its heartbeat continues unchanged.
        yield* pass("2 seconds")
        assert.strictEqual(network.current.pings, 2)
        assert.strictEqual(network.sockets.length, 1)
      }))

    it.scoped(`C3: after ${event} a dead connection is detected within the timeout of a ping, and another one is dialled`, () =>
      Effect.gen(function*() {
        const { host, network, session } = yield* hosted({ reconnect: Schedule.spaced("1 second") })
        yield* pass("3 seconds")
        network.onPing = undefined
        const dead = network.current
        yield* host.report(event)
        yield* pass("4999 millis")
        assert.isFalse(dead.terminated)
        yield* pass("1 millis")
        assert.isTrue(dead.terminated)
        const state = yield* session.state
        assert.isTrue(
          state._tag === "Waiting" && state.cause._tag === "KuzzleConnectionEndedError" &&
            state.cause.by === "Heartbeat"
        )
        yield* pass("1 second")
        assert.strictEqual((yield* session.state)._tag, "Ready")
        assert.strictEqual(network.sockets.length, 2)
      }))
  }

  it.scoped("C2: there is one such ping at a time, so frequent reports do not postpone the judgement", () =>
    Effect.gen(function*() {
      const { host, network } = yield* hosted()
      network.onPing = undefined
      yield* host.report("Offline")
      for (let second = 1; second <= 4; second++) {
        yield* pass("1 second")
        yield* host.report("Offline")
        yield* host.report("Online")
      }
      assert.strictEqual(network.current.pings, 1)
      yield* pass("1 second")
      assert.isTrue(network.sockets[0]?.terminated)
    }))

  it.scoped("without a heartbeat no ping is sent", () =>
    Effect.gen(function*() {
      const { host, network } = yield* hosted({ heartbeat: KuzzleHeartbeat.make("Disabled") })
      for (const event of ["Offline", "Online", "Resumed"] as const) yield* host.report(event)
      assert.strictEqual(network.current.pings, 0)
      assert.deepStrictEqual(network.current.sent, [])
    }))
})

describe("lifecycle: a page in the back/forward cache", () => {
  it.scoped("S4: if its socket was closed meanwhile, it connects at once when it is restored, with a gap in its streams", () =>
    Effect.gen(function*() {
      const { host, network, watch } = yield* hosted()
      const { received } = yield* watch({ a: 1 })
      network.current.deliver(document({ a: 1 }, "1"))
      // The browser closes the sockets of a page in the cache, and reports it to the page after it is restored.
      network.current.close(1006)
      yield* turns()
      yield* host.report("Resumed")
      network.current.deliver(document({ a: 1 }, "2"))
      yield* turns()
      assert.strictEqual(network.sockets.length, 2)
      assert.deepStrictEqual(kinds(received), ["1", "Disconnected", "2"])
    }))

  it.scoped("C3: if the report comes before the close of the socket, another connection follows, and the pending ping does not end it", () =>
    Effect.gen(function*() {
      const { host, network, session } = yield* hosted({ reconnect: Schedule.spaced("1 second") })
      network.onPing = undefined
      yield* host.report("Resumed")
      network.current.close(1006)
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Waiting")
      yield* pass("1 second")
      assert.strictEqual((yield* session.state)._tag, "Ready")
      // The pending ping belonged to the other socket.
      yield* pass("5 seconds")
      assert.isFalse(network.current.terminated)
    }))
})

describe("lifecycle: closing", () => {
  it.effect("L1: there is no listener any more, and later reports of the host have no effect", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { host, network } = yield* Scope.extend(hosted(), scope)
      assert.strictEqual(host.listeners(), 1)
      network.current.close(1006)
      yield* turns()
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(host.listeners(), 0)
      yield* host.report("Online")
      assert.strictEqual(network.sockets.length, 1)
    }))
})
