/** What the host tells of its network and of its sleep, and what a session makes of it. */
import { KuzzleHeartbeat, KuzzleLifecycle } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Schedule, Scope, TestClock } from "effect"
import { client, document, kinds, type Options } from "../support/client.ts"
import { FakeNetwork, obliging, turns } from "../support/FakeSocket.ts"

/** A host that says what a test lets it say. */
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
    tell: (event: KuzzleLifecycle.LifecycleEvent) =>
      Effect.zipRight(
        Effect.sync(() => {
          if (event !== "Resumed") online = event === "Online"
          listeners.forEach((listener) => listener(event))
        }),
        turns()
      )
  }
}

/** Pings every 10 seconds, is dead 5 seconds after one; dials an hour after each loss. */
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

describe("lifecycle: a session that waits", () => {
  for (const event of ["Online", "Resumed"] as const) {
    it.scoped(`C3: ${event} ends the pause at once`, () =>
      Effect.gen(function*() {
        const { host, network, session, tags } = yield* hosted({ heartbeat: KuzzleHeartbeat.make("Disabled") })
        network.current.close(1006)
        yield* turns()
        assert.strictEqual((yield* session.state)._tag, "Waiting")
        yield* host.tell(event)
        assert.strictEqual((yield* session.state)._tag, "Ready")
        assert.strictEqual(network.sockets.length, 2)
        assert.deepStrictEqual(tags().filter((tag) => tag !== "Waiting"), [
          "Ready",
          "Connecting",
          "Resubscribing",
          "Ready"
        ])
        // The pause that was ended does not come back.
        yield* pass("2 hours")
        assert.strictEqual(network.sockets.length, 2)
      }))
  }

  it.scoped("C6: not before Retry-After is over: nothing dials earlier", () =>
    Effect.gen(function*() {
      const { host, network, session } = yield* hosted({ heartbeat: KuzzleHeartbeat.make("Disabled") })
      network.autoOpen = false
      network.onDial = (socket) =>
        network.sockets.length < 3 ? socket.reject(503, { "retry-after": "60" }) : socket.open()
      network.current.close(1006)
      yield* turns()
      yield* host.tell("Online")
      assert.strictEqual(network.sockets.length, 2)
      const waiting = yield* session.state
      assert.strictEqual(waiting._tag === "Waiting" && Duration.toMillis(waiting.delay), 3_660_000)
      yield* host.tell("Resumed")
      yield* pass("59 seconds")
      assert.strictEqual(network.sockets.length, 2)
      yield* pass("1 second")
      assert.strictEqual(network.sockets.length, 3)
      assert.strictEqual((yield* session.state)._tag, "Ready")
    }))

  it.scoped("Offline does not, and is published", () =>
    Effect.gen(function*() {
      const { host, network, session } = yield* hosted()
      network.current.close(1006)
      yield* turns()
      assert.deepInclude(yield* session.state, { _tag: "Waiting", online: true })
      yield* host.tell("Offline")
      assert.deepInclude(yield* session.state, { _tag: "Waiting", online: false })
      assert.strictEqual(network.sockets.length, 1)
      // What a host believes is a hint: the pause ends as it would have.
      yield* pass("1 hour")
      assert.strictEqual((yield* session.state)._tag, "Ready")
    }))

  it.scoped("a loss while the host is offline says so", () =>
    Effect.gen(function*() {
      const { host, network, session } = yield* hosted()
      yield* host.tell("Offline")
      network.current.close(1006)
      yield* turns()
      assert.deepInclude(yield* session.state, { _tag: "Waiting", online: false })
    }))

  it.scoped("Online during an attempt that fails: the next one comes at once, the one after it does not", () =>
    Effect.gen(function*() {
      const { host, network, session } = yield* hosted()
      network.autoOpen = false
      network.current.close(1006)
      yield* turns()
      yield* host.tell("Online")
      assert.strictEqual((yield* session.state)._tag, "Connecting")
      yield* host.tell("Online")
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
      yield* host.tell("Online")
      yield* host.tell("Resumed")
      yield* pass("1 minute")
      network.current.close(1006)
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Waiting")
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.scoped("C6: a host that flaps dials once for each time that it is back", () =>
    Effect.gen(function*() {
      const { host, network } = yield* hosted()
      network.autoOpen = false
      network.onDial = (socket) => socket.close(1006)
      network.current.close(1006)
      yield* turns()
      for (let flap = 1; flap <= 10; flap++) {
        yield* host.tell("Offline")
        yield* host.tell("Online")
        assert.strictEqual(network.sockets.length, 1 + flap)
      }
    }))
})

describe("lifecycle: a session that is connected", () => {
  for (const event of ["Offline", "Online", "Resumed"] as const) {
    it.scoped(`C2: ${event} asks the socket, which answers and stays`, () =>
      Effect.gen(function*() {
        const { host, network, session } = yield* hosted()
        yield* pass("3 seconds")
        yield* host.tell(event)
        assert.strictEqual(network.current.pings, 1)
        yield* pass("5 seconds")
        assert.strictEqual((yield* session.state)._tag, "Ready")
        assert.isFalse(network.current.terminated)
        // Its pulse goes on as before.
        yield* pass("2 seconds")
        assert.strictEqual(network.current.pings, 2)
        assert.strictEqual(network.sockets.length, 1)
      }))

    it.scoped(`C3: ${event} finds a dead one within the timeout of a ping, and another is dialled`, () =>
      Effect.gen(function*() {
        const { host, network, session } = yield* hosted({ reconnect: Schedule.spaced("1 second") })
        yield* pass("3 seconds")
        network.onPing = undefined
        const dead = network.current
        yield* host.tell(event)
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

  it.scoped("C2: one question at a time: a host that says much does not put judgement off", () =>
    Effect.gen(function*() {
      const { host, network } = yield* hosted()
      network.onPing = undefined
      yield* host.tell("Offline")
      for (let second = 1; second <= 4; second++) {
        yield* pass("1 second")
        yield* host.tell("Offline")
        yield* host.tell("Online")
      }
      assert.strictEqual(network.current.pings, 1)
      yield* pass("1 second")
      assert.isTrue(network.sockets[0]?.terminated)
    }))

  it.scoped("without a heartbeat nothing is asked", () =>
    Effect.gen(function*() {
      const { host, network } = yield* hosted({ heartbeat: KuzzleHeartbeat.make("Disabled") })
      for (const event of ["Offline", "Online", "Resumed"] as const) yield* host.tell(event)
      assert.strictEqual(network.current.pings, 0)
      assert.deepStrictEqual(network.current.sent, [])
    }))
})

describe("lifecycle: a page in the back/forward cache", () => {
  it.scoped("S4: its socket was closed meanwhile: it is connected at once when it is back, with a gap in its streams", () =>
    Effect.gen(function*() {
      const { host, network, watch } = yield* hosted()
      const { heard } = yield* watch({ a: 1 })
      network.current.deliver(document({ a: 1 }, "1"))
      // The browser closes the sockets of a page that it puts away, and tells the page when it is back.
      network.current.close(1006)
      yield* turns()
      yield* host.tell("Resumed")
      network.current.deliver(document({ a: 1 }, "2"))
      yield* turns()
      assert.strictEqual(network.sockets.length, 2)
      assert.deepStrictEqual(kinds(heard), ["1", "Disconnected", "2"])
    }))

  it.scoped("C3: or the report comes first, and the socket turns out to be dead", () =>
    Effect.gen(function*() {
      const { host, network, session } = yield* hosted({ reconnect: Schedule.spaced("1 second") })
      network.onPing = undefined
      yield* host.tell("Resumed")
      network.current.close(1006)
      yield* turns()
      assert.strictEqual((yield* session.state)._tag, "Waiting")
      yield* pass("1 second")
      assert.strictEqual((yield* session.state)._tag, "Ready")
      // The ping that was out was the other socket's.
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
      yield* host.tell("Online")
      assert.strictEqual(network.sockets.length, 1)
    }))
})
