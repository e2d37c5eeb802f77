import { KuzzleHeartbeat, KuzzleSchedule } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Option, Schedule, TestClock } from "effect"
import { until } from "../../../../tests/suite/until.ts"
import { identityOf } from "../../src/internal/protocol/credentials.ts"
import { client, failureTag, now, token } from "../support/client.ts"
import { FakeNetwork, type FakeSocket, turns } from "../support/FakeSocket.ts"
import { HiddenPage } from "../support/HiddenPage.ts"
import { sleepers } from "../support/sleepers.ts"

/** A ping every 10 s; a connection is dead 5 s after a ping without an answer. */
const connected = (ping: "Native" | "Protocol", native = true) =>
  Effect.gen(function*() {
    const network = new FakeNetwork()
    network.native = native
    return { network, ...(yield* client(network, { heartbeat: KuzzleHeartbeat.make(ping) })) }
  })

const seconds = (n: number) => TestClock.adjust(Duration.seconds(n)).pipe(Effect.zipRight(turns()))

const pingsOf = (socket: FakeSocket) => socket.pings + socket.sent.filter((frame) => frame === "{\"p\":1}").length

const answering = (ping: "Native" | "Protocol") => (network: FakeNetwork) => {
  if (ping === "Native") network.onPing = (socket) => queueMicrotask(socket.pong)
  else network.onSend = (socket) => queueMicrotask(() => socket.deliver("{\"p\":2}"))
}

describe.each(["Native", "Protocol"] as const)("heartbeat: %s", (ping) => {
  it.scoped("C4: pings every interval, with its own kind of ping only", () =>
    Effect.gen(function*() {
      const { network } = yield* connected(ping)
      answering(ping)(network)
      for (let beat = 1; beat <= 6; beat++) {
        yield* seconds(10)
        const { pings, sent } = network.current
        assert.deepStrictEqual([pings, sent.length], ping === "Native" ? [beat, 0] : [0, beat])
      }
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.scoped("C3, 8.A14: a link that answers nothing is terminated within interval and timeout, and dialled again", () =>
    Effect.gen(function*() {
      const { network, session } = yield* connected(ping)
      const dead = network.current
      yield* seconds(14)
      assert.isFalse(dead.terminated)
      yield* seconds(1)
      assert.isTrue(dead.terminated)
      assert.deepStrictEqual(dead.closes, [])
      const state = yield* session.state
      assert.isTrue(
        state._tag === "Waiting" && state.cause._tag === "KuzzleConnectionEndedError" && state.cause.by === "Heartbeat"
      )
      assert.isTrue(state._tag === "Waiting" && state.cause.message.includes("nothing arrived within 5s after a ping"))
      yield* seconds(1)
      assert.strictEqual(network.sockets.length, 2)
      assert.strictEqual((yield* session.state)._tag, "Ready")
    }))

  it.scoped("C3: a connection that dies after some answered pings is detected in the same time", () =>
    Effect.gen(function*() {
      const { network } = yield* connected(ping)
      answering(ping)(network)
      yield* seconds(10)
      yield* seconds(10)
      network.onPing = undefined
      network.onSend = undefined
      yield* seconds(10)
      assert.isFalse(network.current.terminated)
      yield* seconds(5)
      assert.isTrue(network.current.terminated)
    }))

  it.scoped("C2: any frame after the ping shows that the connection is alive, even at the last moment", () =>
    Effect.gen(function*() {
      const { network } = yield* connected(ping)
      for (let beat = 0; beat < 5; beat++) {
        yield* seconds(10)
        yield* TestClock.adjust(beat === 0 ? "4999 millis" : 0)
        network.current.deliver({ room: "anything" })
        yield* turns()
      }
      yield* seconds(4)
      assert.isFalse(network.current.terminated)
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.scoped("C4: received frames do not replace pings", () =>
    Effect.gen(function*() {
      const { network } = yield* connected(ping)
      for (let second = 0; second < 60; second++) {
        yield* TestClock.adjust("1 second")
        network.current.deliver({ room: "a flood" })
      }
      assert.strictEqual(pingsOf(network.current), 6)
    }))

  it.scoped("the round trip is measured", () =>
    Effect.gen(function*() {
      const { network, session } = yield* connected(ping)
      assert.deepStrictEqual(yield* session.roundTripTime, Option.none())
      yield* seconds(10)
      yield* TestClock.adjust("120 millis")
      if (ping === "Native") network.current.pong()
      else network.current.deliver("{\"p\":2}")
      assert.deepStrictEqual(Option.map(yield* session.roundTripTime, Duration.toMillis), Option.some(120))
    }))
})

/** A client with a request in flight. `counts`: whether its socket counts received bytes. */
const withRequest = (counts: boolean, { size = 10, timeout = 120 }: { size?: number; timeout?: number } = {}) =>
  Effect.gen(function*() {
    const network = new FakeNetwork()
    network.counts = counts
    const { query, session } = yield* client(network, { heartbeat: KuzzleHeartbeat.make("Native") })
    const request = { controller: "realtime", action: "publish", body: { text: "x".repeat(size) } }
    const answer = yield* Effect.fork(Effect.exit(query(request, { timeout: Duration.seconds(timeout) })))
    yield* turns()
    return { answer, network, session, socket: network.current }
  })

describe("heartbeat: progress", () => {
  it.scoped("C2, R2: a slow answer keeps its connection alive until it is complete", () =>
    Effect.gen(function*() {
      const { answer, network, socket } = yield* withRequest(true)
      for (let second = 0; second < 100; second++) {
        socket.trickle(100_000)
        yield* seconds(1)
      }
      assert.isFalse(socket.terminated)
      // The server closes connections that send nothing for 60 s.
      assert.strictEqual(socket.pings, 10)
      socket.answer(socket.last("publish"))
      yield* turns()
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(answer)))
      for (let beat = 0; beat < 2; beat++) {
        socket.pong()
        yield* seconds(10)
      }
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.scoped("C2, C3, R2: a peer that sends single bytes is given up at the deadlines of the requests in flight", () =>
    Effect.gen(function*() {
      const { answer, session, socket } = yield* withRequest(true, { timeout: 80 })
      for (let second = 0; second < 84; second++) {
        socket.trickle()
        yield* seconds(1)
      }
      assert.strictEqual(failureTag(yield* Fiber.join(answer)), "KuzzleDeadlineError")
      assert.isFalse(socket.terminated)
      socket.trickle()
      yield* seconds(1)
      assert.isTrue(socket.terminated)
      const state = yield* session.state
      assert.include(
        state._tag === "Waiting" ? state.cause.message : "",
        "bytes arrived for 1m 15s after a ping, but no whole"
      )
    }))

  it.scoped("C2, C3: with nothing in flight, bytes without a frame count for 60 s", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      yield* client(network, { heartbeat: KuzzleHeartbeat.make("Native") })
      for (let second = 0; second < 69; second++) {
        network.current.trickle()
        yield* seconds(1)
      }
      assert.isFalse(network.current.terminated)
      network.current.trickle()
      yield* seconds(1)
      assert.isTrue(network.current.terminated)
    }))

  it.scoped("C3: if received bytes are visible, a silent link is detected within 15 s, also with a request in flight", () =>
    Effect.gen(function*() {
      const { socket } = yield* withRequest(true)
      yield* seconds(14)
      assert.isFalse(socket.terminated)
      yield* seconds(1)
      assert.isTrue(socket.terminated)
    }))

  it.scoped("C2, C3: if received bytes are hidden, a request in flight extends the wait, up to 70 s", () =>
    Effect.gen(function*() {
      const { socket } = yield* withRequest(false)
      for (let second = 0; second < 69; second++) yield* seconds(1)
      assert.isFalse(socket.terminated)
      assert.strictEqual(socket.pings, 6)
      yield* seconds(1)
      assert.isTrue(socket.terminated)
    }))

  it.scoped("C3: the longer wait ends 5 s after the deadline of the request", () =>
    Effect.gen(function*() {
      const { answer, socket } = yield* withRequest(false, { timeout: 17 })
      for (let second = 0; second < 21; second++) yield* seconds(1)
      assert.strictEqual(failureTag(yield* Fiber.join(answer)), "KuzzleDeadlineError")
      assert.isFalse(socket.terminated)
      yield* seconds(1)
      assert.isTrue(socket.terminated)
    }))

  it.scoped("C2, C3: an upload that the operating system has buffered extends the wait, also if received bytes are visible", () =>
    Effect.gen(function*() {
      const { socket } = yield* withRequest(true, { size: 20_000 })
      for (let second = 0; second < 69; second++) yield* seconds(1)
      assert.isFalse(socket.terminated)
      yield* seconds(1)
      assert.isTrue(socket.terminated)
    }))

  for (const counts of [true, false]) {
    it.scoped(`C2: an upload that leaves slowly keeps its link (${counts ? "Node" : "browser"})`, () =>
      Effect.gen(function*() {
        const { answer, socket } = yield* withRequest(counts, { size: 900_000 })
        for (let second = 1; second <= 110; second++) {
          socket.buffered = 900_000 - second * 8_000
          yield* seconds(1)
        }
        assert.isFalse(socket.terminated)
        socket.answer(socket.last("publish"))
        assert.isTrue(Exit.isSuccess(yield* Fiber.join(answer)))
      }))
  }

  it.scoped("the round trip of a ping behind an upload is not reported, that of the next one is", () =>
    Effect.gen(function*() {
      const { answer, session, socket } = yield* withRequest(true, { size: 900_000 })
      for (let second = 0; second < 25; second++) yield* seconds(1)
      socket.answer(socket.last("publish"))
      socket.pong()
      socket.pong()
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(answer)))
      assert.deepStrictEqual(yield* session.roundTripTime, Option.none())
      socket.buffered = 1
      yield* seconds(5)
      socket.pong()
      assert.deepStrictEqual(yield* session.roundTripTime, Option.none())
      socket.buffered = 0
      yield* seconds(10)
      yield* TestClock.adjust("40 millis")
      socket.pong()
      assert.deepStrictEqual(Option.map(yield* session.roundTripTime, Duration.toMillis), Option.some(40))
    }))
})

describe("heartbeat", () => {
  it.scoped("C4: a hidden page, which the browser wakes once a minute, still pings every interval", () => {
    const page = new HiddenPage()
    return Effect.gen(function*() {
      const network = new FakeNetwork()
      const pings: Array<number> = []
      network.onSend = (socket, frame) => {
        if (frame !== "{\"p\":1}") return
        pings.push(page.now)
        page.task(50, () => socket.deliver("{\"p\":2}"))
      }
      yield* client(network, { heartbeat: KuzzleHeartbeat.make("Protocol") })
      yield* page.pass(1_800_000)
      assert.strictEqual(network.sockets.length, 1)
      const gaps = [...pings, page.now].map((at, i, all) => at - (all[i - 1] ?? 0))
      assert.isAtMost(Math.max(...gaps), 11_000)
    }).pipe(Effect.withClock(page.clock))
  })

  it.scoped("L1: requests, heartbeat and session share one timer", () =>
    Effect.flatMap(sleepers, ({ clock, wakeUps }) =>
      Effect.gen(function*() {
        const { query, session } = yield* client(new FakeNetwork(), { heartbeat: KuzzleHeartbeat.make("Native") })
        const heartbeat = wakeUps()
        assert.lengthOf(heartbeat, 1)
        yield* session.authentication.adopt(identityOf(token("one", 3_600_000)))
        yield* Effect.fork(query(now))
        yield* turns()
        assert.deepStrictEqual(wakeUps(), heartbeat)
      }).pipe(Effect.withClock(clock))))

  it.scoped("on a socket without ping frames, the pings of the application are sent", () =>
    Effect.gen(function*() {
      const { network } = yield* connected("Native", false)
      yield* seconds(10)
      assert.deepStrictEqual(network.current.sent, ["{\"p\":1}"])
    }))

  it.scoped("L1: after the end of the connection no ping is sent", () =>
    Effect.gen(function*() {
      const { network } = yield* connected("Native")
      network.autoOpen = false
      const old = network.current
      old.close(1006)
      yield* seconds(60)
      assert.strictEqual(old.pings, 0)
    }))

  it.scoped("when the schedule ends, the heartbeat stops after its last ping is judged", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const heartbeat = KuzzleHeartbeat.make("Native", {
        schedule: Schedule.intersect(KuzzleSchedule.heartbeat({ interval: "1 second" }), Schedule.recurs(2)),
        pingTimeout: "1 second"
      })
      network.onPing = (socket) => queueMicrotask(socket.pong)
      yield* client(network, { heartbeat })
      for (let i = 0; i < 10; i++) yield* seconds(1)
      assert.strictEqual(network.current.pings, 2)
      assert.isFalse(network.current.terminated)
    }))

  it.scopedLive("C2, L3: an answer counts even if the event loop is blocked beyond the timeout before it is read", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      const heartbeat = KuzzleHeartbeat.make("Native", {
        schedule: KuzzleSchedule.heartbeat({ interval: "30 millis" }),
        pingTimeout: "30 millis"
      })
      let blocked = 0
      // The loop is blocked until after the timeout, and the answer is read after the timers have run.
      network.onPing = (socket) =>
        setImmediate(() => {
          const end = performance.now() + 45
          while (performance.now() < end) blocked += 1
          setImmediate(socket.pong)
        })
      const { session } = yield* client(network, { heartbeat })
      yield* until("pings", Effect.sync(() => network.current.pings > 5))
      assert.isAbove(blocked, 0)
      assert.strictEqual((yield* session.state)._tag, "Ready")
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.scoped("a disabled heartbeat sends nothing and judges nothing", () =>
    Effect.gen(function*() {
      const network = new FakeNetwork()
      yield* client(network)
      yield* seconds(3600)
      assert.deepStrictEqual([network.current.pings, network.current.sent], [0, []])
      assert.isFalse(network.current.terminated)
    }))
})
