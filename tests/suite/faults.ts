/**
 * Real sockets under faults. A table combines the faults of a connection with the phases of a client. Each case has its own
 * connection, client and collection, and asserts the same promises:
 *
 * - Each request settles once: with its answer, with `KuzzleNotSentError` (then the server has not received it), or with
 *   `KuzzleMaybeSentError` (R1, R3, R6).
 * - The client receives what was published, in order and without duplicates. A gap marks each loss, and there is no other
 *   gap (S4).
 * - A silent connection is closed within `pingInterval` + `pingTimeout` (C3). A slow one is kept (C2).
 * - At most one socket is open (C1). The session recovers unchanged, and nothing happens after the client is closed (L1).
 */
import { Kuzzle, KuzzleAuth, KuzzleDocument, KuzzleRealtime, KuzzleSchedule } from "@effect-kuzzle/core"
import { assert, layer } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Fiber, Layer, Option, Redacted, Scope, Stream } from "effect"
import { vi } from "vitest"
import {
  Backend,
  type ClientOptions,
  type ClientServices,
  type Collection,
  layerWorld,
  type User,
  World
} from "./backend.ts"
import { type Fault, type Line, Lines, type When } from "./line.ts"
import { numberOf, sending } from "./tools.ts"
import * as Until from "./until.ts"

/**
 * `Harmless`: nothing is lost. `Loss`: the connection ends, and the next one works. `Lasting`: no connection works until the
 * line is healed.
 */
export interface NamedFault {
  readonly name: string
  readonly kind: "Harmless" | "Loss" | "Lasting"
  readonly fault: Fault
}

export const faults: ReadonlyArray<NamedFault> = [
  { name: "latency", kind: "Harmless", fault: { delay: 120 } },
  { name: "one byte at a time", kind: "Harmless", fault: { slices: true } },
  { name: "1 KB/s", kind: "Harmless", fault: { bytesPerSecond: 1024 } },
  { name: "a stall", kind: "Harmless", fault: { hold: "Both" } },
  { name: "reset", kind: "Loss", fault: { ending: "Reset" } },
  { name: "FIN to both ends", kind: "Loss", fault: { ending: "Cut" } },
  { name: "FIN to the client", kind: "Loss", fault: { ending: "EndToClient" } },
  { name: "FIN to the server", kind: "Loss", fault: { ending: "EndToServer" } },
  { name: "close 1011", kind: "Loss", fault: { ending: 1011 } },
  { name: "reset, slow handshake", kind: "Loss", fault: { ending: "Reset", bytesPerSecond: 600 } },
  { name: "black hole outward", kind: "Lasting", fault: { hold: "Out" } },
  { name: "black hole inward", kind: "Lasting", fault: { hold: "In" } },
  { name: "black hole both ways", kind: "Lasting", fault: { hold: "Both" } },
  { name: "reset, refused", kind: "Lasting", fault: { ending: "Reset", refuse: true } },
  { name: "reset, accepted in silence", kind: "Lasting", fault: { ending: "Reset", hold: "Both" } }
]

/** A short timeout detects dead connections. A long one keeps slow connections, even if the machine stalls. */
const heartbeats = {
  Harmless: { pingInterval: 200, pingTimeout: 10_000, busyPingTimeout: 10_000, connectTimeout: 10_000 },
  Loss: { pingInterval: 200, pingTimeout: 10_000, busyPingTimeout: 10_000, connectTimeout: 10_000 },
  Lasting: { pingInterval: 150, pingTimeout: 400, busyPingTimeout: 800, connectTimeout: 2000 }
}

/** How much later than promised something may happen on a busy machine, in milliseconds. */
const tolerance = 5000

const optionsFor = ({ kind }: NamedFault): ClientOptions => ({
  ...heartbeats[kind],
  requestTimeout: "20 seconds",
  reconnect: KuzzleSchedule.reconnect({ base: "100 millis", cap: "200 millis" })
})

const until = (what: string, condition: () => boolean, details?: () => string): Effect.Effect<void> =>
  Until.until(what, Effect.sync(condition), { seconds: 20, ...(details === undefined ? {} : { details }) })

const soon = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Until.soon(what, effect, { seconds: 20 })

/** A client that connects directly to the server, so no fault affects it. */
class Direct extends Context.Tag("@effect-kuzzle/testing/test/Direct")<Direct, Context.Context<ClientServices>>() {}

const layerDirect = Layer.scoped(Direct, Effect.flatMap(Backend, ({ client }) => Layer.build(client())))

/** The published numbers that the client receives, in their order, and the gaps between them. */
const listen = (target: Collection, services: Context.Context<ClientServices>) =>
  Effect.gen(function*() {
    const elements: Array<number | "gap"> = []
    const listening = KuzzleRealtime.listen(target, (notification) => {
      elements.push(notification.type === "gap" ? "gap" : Number(numberOf(notification)))
    })
    yield* Effect.provide(listening, services)
    const received: ReadonlyArray<number | "gap"> = elements
    return received
  })

/** A request to publish a number, and its outcome. */
interface Publication {
  readonly n: number
  readonly outcome: Fiber.Fiber<Exit.Exit<void, { readonly _tag: string }>>
}

/** What a phase can use. */
interface Stage {
  readonly line: Line
  readonly services: Context.Context<ClientServices>
  readonly target: Collection
  readonly expected: ReadonlyArray<number | "gap">
  /** Publishes by the client without faults. */
  readonly publish: (count: number) => Effect.Effect<void>
  /** Publishes by the client with the fault. Ends when the requests are submitted, without waiting for their answers. */
  readonly submit: (count: number) => Effect.Effect<void>
  /** Holds back what the server sends, so that the fault strikes while the client waits. The client may see this as a loss. */
  readonly hold: Effect.Effect<void>
  /** Whether the connection was lost since the beginning of the fault. */
  readonly isLost: () => boolean
  /** Schedules the fault. */
  readonly inject: (when?: When) => Effect.Effect<void>
  /** Adds a check that runs when the line is healed. */
  readonly later: (check: Effect.Effect<void, unknown, ClientServices>) => void
}

type Play = (stage: Stage) => Effect.Effect<unknown, unknown, ClientServices | Scope.Scope>

/** What the client does when the fault strikes. */
export interface Phase {
  readonly name: string
  /** How many connections the phase itself breaks before it injects the fault. */
  readonly breaks?: number
  /** How many connections the phase itself breaks after it has injected the fault. */
  readonly cuts?: number
  /** How many gaps the phase causes in addition to those of lost connections. */
  readonly gaps?: number
  /** The fault strikes an attempt to connect. */
  readonly dialling?: boolean
  /** Brings the client into the phase, and injects the fault. */
  readonly make: (inject: Stage["inject"]) => Effect.Effect<
    { readonly options?: ClientOptions; readonly play: Play },
    unknown,
    World | Backend
  >
}

const playing = (name: string, play: Play, more: Omit<Phase, "name" | "make"> = {}): Phase => ({
  name,
  ...more,
  make: () => Effect.succeed({ play })
})

const login = ({ password, username }: User) =>
  KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make(password) } })

const isUser = ({ kuid }: User) =>
  Effect.map(KuzzleAuth.getCurrentUser(), ({ _id }) => assert.strictEqual(_id, kuid, "the user after the fault"))

export const phases: ReadonlyArray<Phase> = [
  playing("idle", ({ inject }) => inject()),
  playing("requests in flight", ({ submit, hold, inject, isLost, expected }) =>
    Effect.gen(function*() {
      const before = expected.length
      yield* hold
      yield* submit(3)
      // If the connection was lost meanwhile, the server may have received none of them.
      yield* until("the requests at the server", () => expected.length === before + 3 || isLost())
      yield* inject()
    })),
  playing(
    "half a frame out",
    ({ submit, inject }) => Effect.zipRight(inject({ direction: "Out", part: "Frames", bytes: 60 }), submit(1))
  ),
  playing(
    "half a frame in",
    ({ submit, inject }) => Effect.zipRight(inject({ direction: "In", part: "Frames", bytes: 60 }), submit(1))
  ),
  playing(
    "many requests",
    ({ submit, inject }) => Effect.zipRight(inject({ direction: "Out", part: "Frames", bytes: 3000 }), submit(30))
  ),
  playing(
    "notification flood",
    ({ inject, publish }) => Effect.zipRight(inject({ direction: "In", part: "Frames", bytes: 6000 }), publish(40))
  ),
  playing("subscribing", ({ hold, inject, later, target }) =>
    Effect.gen(function*() {
      yield* hold
      const other = { ...target, collection: `${target.collection}-other` }
      const opening = yield* sending(KuzzleRealtime.open(other))
      later(Effect.gen(function*() {
        const received = yield* Effect.fork(Stream.runHead(yield* Fiber.join(opening)))
        yield* KuzzleRealtime.publish({ ...other, message: { n: 0 } })
        yield* Fiber.join(received)
      }))
      yield* inject()
    })),
  playing("reconnecting", ({ inject, line }) => Effect.zipRight(inject("Accept"), line.cut), {
    cuts: 1,
    dialling: true
  }),
  playing(
    "upgrading again",
    ({ inject, line }) => Effect.zipRight(inject({ direction: "In", part: "Handshake", bytes: 60 }), line.cut),
    { cuts: 1, dialling: true }
  ),
  playing(
    "resubscribing",
    ({ inject, line }) => Effect.zipRight(inject({ direction: "In", part: "Frames", bytes: 60, next: true }), line.cut),
    { cuts: 1 }
  ),
  {
    name: "login",
    make: () =>
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        const play: Play = ({ hold, inject, later }) =>
          Effect.gen(function*() {
            yield* hold
            const first = yield* sending(Effect.either(login(user)))
            later(Effect.gen(function*() {
              const outcome = yield* Fiber.join(first)
              if (outcome._tag === "Left") {
                assert.strictEqual(outcome.left._tag, "KuzzleMaybeSentError", "the error of the login")
                yield* login(user)
              }
              yield* isUser(user)
            }))
            yield* inject()
          })
        return { play }
      })
  },
  {
    name: "renewal of the session",
    // The server drops the subscriptions of a dead token.
    gaps: 1,
    make: (inject) =>
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        const http = (yield* Backend).http()
        let phase: "Before" | "Revoked" | "Renewing" = "Before"
        const authenticator = Effect.suspend(() => {
          if (phase !== "Revoked") return login(user)
          phase = "Renewing"
          return Effect.zipRight(inject({ direction: "In", part: "Frames", bytes: 60 }), login(user))
        })
        const play: Play = ({ submit, later }) =>
          Effect.gen(function*() {
            // The server allows one login per second and connection, and returns the same token within one second.
            yield* Effect.sleep("1100 millis")
            yield* Effect.provide(Effect.zipRight(login(user), KuzzleAuth.logout({ global: true })), http)
            phase = "Revoked"
            later(isUser(user))
            yield* submit(3)
            yield* until("the renewal", () => phase === "Renewing")
          })
        return { options: { authenticator }, play }
      })
  },
  {
    name: "replay of the queue",
    breaks: 1,
    make: () => {
      const play: Play = ({ submit, inject, line, services }) =>
        Effect.gen(function*() {
          const { states } = Context.get(services, Kuzzle.Kuzzle)
          yield* line.inject({ ending: "Reset", refuse: true })
          yield* Stream.runHead(Stream.filter(Kuzzle.streamOf(states), ({ _tag }) => _tag === "Waiting"))
          yield* submit(20)
          yield* inject({ direction: "Out", part: "Frames", bytes: 2500, next: true })
          yield* line.heal
        })
      return Effect.succeed({ options: { autoQueue: true }, play })
    }
  }
]

/** Asserts that a gap marks each missing message, and that all messages after the last gap have arrived. */
const checkReceived = (expected: ReadonlyArray<number | "gap">, received: ReadonlyArray<number | "gap">) => {
  let at = -1
  let gap = false
  for (const element of received) {
    if (element === "gap") {
      gap = true
      continue
    }
    const place = expected.indexOf(element)
    assert.isAbove(place, at, `message ${element} came twice or in the wrong order: ${received.join()}`)
    assert.isTrue(gap || place === at + 1, `a message before ${element} was lost without a gap: ${received.join()}`)
    at = place
    gap = false
  }
  assert.strictEqual(at, expected.length - 1, `the last message did not arrive: ${received.join()}`)
}

/** Asserts that a request ended with an answer or a permitted error, and that the server has executed it accordingly. */
const checkOutcome = (expected: ReadonlyArray<number | "gap">, { n, outcome }: Publication, harmless: boolean) =>
  Effect.map(soon(`the end of request ${n}`, Fiber.join(outcome)), (exit) => {
    const times = expected.filter((element) => element === n).length
    const end = Exit.match(exit, {
      onSuccess: () => "answered",
      onFailure: (cause) => cause._tag === "Fail" ? cause.error._tag : cause._tag
    })
    if (end === "answered") return assert.strictEqual(times, 1, `request ${n} was answered`)
    assert.isFalse(harmless, `request ${n} ended by ${end}, although nothing was lost`)
    if (end === "KuzzleNotSentError") return assert.strictEqual(times, 0, `request ${n} was not sent`)
    assert.strictEqual(end, "KuzzleMaybeSentError", `request ${n}`)
    assert.isAtMost(times, 1, `request ${n} was executed twice`)
  })

const connected: ReadonlySet<string> = new Set(["Authenticating", "Replacing", "Resubscribing", "Replaying", "Ready"])

/** How often an open connection was lost. With `dialling`, failed attempts to connect count, too. */
const countLosses = (states: ReadonlyArray<Kuzzle.ConnectionState>, dialling: boolean): number =>
  states.filter(({ _tag }, i) => _tag === "Waiting" && (dialling || connected.has(states[i - 1]?._tag ?? ""))).length

/** Waits until no socket of the client is open. */
const untilClosed = (line: Line) =>
  Until.until("the end of all sockets", Effect.map(line.sockets, ({ open }) => open === 0), { seconds: 3 })

const within = (what: string, millis: number) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Until.soon(what, effect, { seconds: (millis + tolerance) / 1000 })

/** A collection, and its messages as the client without faults receives them. */
const place = Effect.gen(function*() {
  const world = yield* World
  const direct = yield* Direct
  const target = { index: world.index, collection: world.name("line") }
  const expected = yield* listen(target, direct)
  let n = 0
  const publishing = (count: number) => {
    const messages = Array.from({ length: count }, () => ({ n: n++ }))
    return (services: Context.Context<ClientServices>) =>
      messages.map((message) =>
        [
          message.n,
          Effect.provide(KuzzleRealtime.publish({ ...target, message }), services)
        ] as const
      )
  }
  const publish = (count: number) =>
    Effect.orDie(
      Effect.all(publishing(count)(direct).map(([, request]) => request), { concurrency: "unbounded", discard: true })
    )
  /** Asserts that new messages arrive. Requests that a lost connection had in flight may reach the server late. */
  const checkDelivery = (received: ReadonlyArray<number | "gap">) =>
    Effect.gen(function*() {
      const arrived = Effect.gen(function*() {
        yield* publish(3)
        const last = n - 1
        yield* until("the last message", () => received.includes(last) && received.at(-1) === expected.at(-1))
      })
      // If the machine stalls, the heartbeat may close the connection. Then the messages are published again.
      yield* soon("new messages", Effect.retry(Effect.timeout(arrived, "4 seconds"), { times: 3 }))
      checkReceived(expected, received)
    })
  return { target, expected, publishing, publish, checkDelivery }
})

/** A fault of a connected client, in this phase. */
const inSession = (named: NamedFault, phase: Phase) =>
  Effect.gen(function*() {
    const { canTerminate, make } = yield* Lines
    const line = yield* make
    const { checkDelivery, publish, publishing, target, expected } = yield* place
    const dialling = phase.dialling === true
    const states: Array<Kuzzle.ConnectionState> = []
    /** How many connections were lost before the fault began, because the machine stalled. */
    let before: number | undefined
    const begin = Effect.sync(() => {
      before ??= countLosses(states, dialling)
    })
    const hold = Effect.zipRight(begin, line.inject({ hold: "In" }))
    const isLost = () => countLosses(states, dialling) > (before ?? Infinity)
    const inject: Stage["inject"] = (when) => Effect.zipRight(begin, line.inject(named.fault, when))
    const { options, play } = yield* phase.make(inject)
    const publications: Array<Publication> = []
    const checks: Array<Effect.Effect<void, unknown, ClientServices>> = []
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope, exit) => Scope.close(scope, exit))

    yield* Effect.gen(function*() {
      // On a machine that stalls, an attempt may take longer than `connectTimeout`.
      const connecting = Effect.retry(Layer.build(line.client({ ...optionsFor(named), ...options })), { times: 10 })
      const services = yield* soon("the first connection", connecting)
      const kuzzle = Context.get(services, Kuzzle.Kuzzle)
      yield* Effect.forkScoped(
        Stream.runForEach(Kuzzle.streamOf(kuzzle.states), (state) => Effect.sync(() => states.push(state)))
      )
      const lastStates = () => `but ${states.map(({ _tag }) => _tag).slice(-20).join()}`
      const received = yield* listen(target, services)
      yield* publish(1)
      yield* until("the first notification", () => received.length > 0)

      const submit: Stage["submit"] = (count) =>
        Effect.gen(function*() {
          for (const [n, publish] of publishing(count)(services)) {
            publications.push({ n, outcome: yield* Effect.fork(Effect.exit(publish)) })
          }
          yield* Effect.yieldNow()
        })
      const later: Stage["later"] = (check) => void checks.push(check)
      yield* Effect.provide(
        play({ submit, hold, inject, isLost, later, line, publish, services, target, expected }),
        services
      )
      yield* soon("the fault", line.struck)

      if (before === undefined) return assert.fail("the phase has not injected the fault")
      const lostBefore = before
      const { breaks = 0, cuts = 0 } = phase
      const own = breaks + cuts
      yield* until("the phase's own loss", () => countLosses(states, false) >= own)
      const harmless = named.kind === "Harmless"
      if (!harmless) {
        const { busyPingTimeout, connectTimeout, pingInterval, pingTimeout } = heartbeats[named.kind]
        // A page does not see received bytes, so it waits longer while a request is in flight.
        const bound = dialling ? connectTimeout : pingInterval + (canTerminate ? pingTimeout : busyPingTimeout)
        yield* until("the loss", () => countLosses(states, dialling) > lostBefore + cuts, lastStates).pipe(
          // Only the heartbeat detects a stalled connection, so only then the time is limited.
          named.fault.hold !== undefined && named.fault.ending === undefined ? within("the loss", bound) : (_) => _
        )
      }
      // A fixed wait, because it shows that nothing more happens.
      yield* Effect.sleep(harmless ? "700 millis" : "400 millis")
      if (named.kind === "Lasting") assert.notStrictEqual(states.at(-1)?._tag, "Ready")
      yield* line.heal
      yield* until("a session that is ready", () => states.at(-1)?._tag === "Ready", lastStates)
      for (const check of checks) yield* soon("a check of the phase", Effect.provide(check, services))
      yield* checkDelivery(received)
      for (const request of publications) yield* checkOutcome(expected, request, harmless)

      const gaps = received.filter((element) => element === "gap").length
      const most = countLosses(states, false) + (phase.gaps ?? 0)
      if (harmless) assert.strictEqual(countLosses(states, false), own, "a working connection was given up")
      if (harmless) assert.strictEqual(gaps, most, "gaps")
      assert.isAtMost(gaps, most, "gaps")
      if (most > 0) assert.isAtLeast(gaps, 1, "gaps")
      if (canTerminate) assert.isAtMost((yield* line.sockets).peak, 1, "sockets at once")
    }).pipe(Scope.extend(scope))

    yield* within("the end of the client", 0)(Scope.close(scope, Exit.void))
    yield* untilClosed(line)
  })

/** A fault of the first attempt to connect. */
const firstDial = (named: NamedFault, when: When) =>
  Effect.gen(function*() {
    const { canTerminate, make } = yield* Lines
    const line = yield* make
    const { checkDelivery, target } = yield* place
    const client = line.client(optionsFor(named))
    yield* line.inject(named.fault, when)
    if (named.kind === "Harmless") {
      yield* Effect.forkScoped(Effect.zipRight(line.struck, Effect.delay(line.heal, "700 millis")))
    }
    const { connectTimeout } = heartbeats[named.kind]
    const [elapsed, first] = yield* Effect.exit(Effect.scoped(Layer.build(client))).pipe(
      within("the first attempt", connectTimeout),
      Effect.timed
    )
    yield* line.struck
    // Without a connection, a fault that only ends connections has no effect.
    const harmless = named.kind === "Harmless" || (when === "Now" && named.kind === "Loss")
    if (Exit.isFailure(first)) {
      assert.isFalse(harmless, "the first attempt failed")
      const error = first.cause._tag === "Fail" ? first.cause.error : undefined
      if (error?._tag !== "KuzzleConnectError") return assert.fail(`the first attempt failed with ${first.cause}`)
      const silent = named.fault.hold !== undefined && (named.fault.ending === undefined || when === "Now")
      // On a machine that stalls, the timeout may come before the refusal.
      if (silent || Duration.toMillis(elapsed) < connectTimeout) {
        assert.strictEqual(error.reason, silent ? "Timeout" : "Unreachable")
      }
    } else assert.isTrue(harmless, "the first attempt succeeded")
    yield* line.heal
    yield* untilClosed(line)
    const second = line.client({ ...optionsFor(named), ...heartbeats.Harmless })
    const services = yield* soon("the second attempt", Layer.build(second))
    const received = yield* listen(target, services)
    yield* checkDelivery(received)
    assert.notInclude(received, "gap")
    if (canTerminate) assert.strictEqual((yield* line.sockets).peak, 1, "sockets at once")
  })

/** A client that is closed right after the fault: its requests end at once, and it receives nothing more. */
const closing = (named: NamedFault) =>
  Effect.gen(function*() {
    const { canTerminate, make } = yield* Lines
    const line = yield* make
    const { publish, publishing, target, expected } = yield* place
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope, exit) => Scope.close(scope, exit))
    const connecting = Effect.retry(Layer.build(line.client(optionsFor(named))), { times: 10 })
    const services = yield* Scope.extend(soon("the first connection", connecting), scope)
    const received = yield* Scope.extend(listen(target, services), scope)
    yield* publish(1)
    yield* until("the first notification", () => received.length > 0)
    const publications = yield* Effect.forEach(
      publishing(3)(services),
      ([n, publish]) => Effect.map(Effect.fork(Effect.exit(publish)), (outcome): Publication => ({ n, outcome }))
    )
    yield* Effect.yieldNow()
    yield* line.inject(named.fault)
    yield* within("the end of the client", 0)(Scope.close(scope, Exit.void))
    const length = received.length
    if (canTerminate) yield* untilClosed(line)
    yield* publish(3)
    // A fixed wait, because it shows that none of them arrives.
    yield* Effect.sleep("300 millis")
    yield* line.heal
    // The last bytes of a closed socket may still be in flight.
    yield* untilClosed(line)
    for (const request of publications) yield* checkOutcome(expected, request, false)
    assert.lengthOf(received, length, "messages after the end")
  })

/** A transfer on a narrow line that takes longer than the timeout of a ping. */
interface Transfer {
  readonly name: string
  readonly direction: "up" | "down"
  readonly size: number
  readonly bytesPerSecond: number
  readonly options?: ClientOptions
  readonly idempotent?: boolean
}

const kilobytes = 1000
const megabytes = 1000 * kilobytes

/** With the default settings of the heartbeat. */
const transfers: ReadonlyArray<Transfer> = [
  { name: "5 MB down at 250 KB/s", direction: "down", size: 5 * megabytes, bytesPerSecond: 250 * kilobytes },
  { name: "1.5 MB down at 100 KB/s", direction: "down", size: 1.5 * megabytes, bytesPerSecond: 100 * kilobytes },
  { name: "0.9 MB up at 40 KB/s", direction: "up", size: 0.9 * megabytes, bytesPerSecond: 40 * kilobytes },
  {
    name: "5 MB down at 250 KB/s, idempotent, with the queue",
    direction: "down",
    size: 5 * megabytes,
    bytesPerSecond: 250 * kilobytes,
    options: { autoQueue: true },
    idempotent: true
  },
  {
    name: "0.9 MB up at 40 KB/s, idempotent, with the queue",
    direction: "up",
    size: 0.9 * megabytes,
    bytesPerSecond: 40 * kilobytes,
    options: { autoQueue: true },
    idempotent: true
  }
]

/** Only for runtimes that show received bytes. */
const visibleTransfer: Transfer = {
  name: "5 MB down at 500 KB/s, longer than any timeout of a ping",
  direction: "down",
  size: 5 * megabytes,
  bytesPerSecond: 500 * kilobytes,
  options: { pingInterval: "500 millis", pingTimeout: "2 seconds", busyPingTimeout: "2 seconds" }
}

/** The size of each document of a large answer. A request must be smaller than 1 MB. */
const pieceSize = 0.5 * megabytes

/** A request that transfers `size` bytes, and how to count the transferred bytes by its answer. */
const requestOf = ({ direction, size }: Transfer, target: Collection, ids: ReadonlyArray<string>) => {
  const controller = direction === "up" ? "realtime" : "document"
  return direction === "up"
    ? {
      request: { controller, action: "publish", ...target, body: { text: "x".repeat(size) } },
      moved: (result: unknown) => JSON.stringify(result).includes("published") ? size : 0
    }
    : {
      request: { controller, action: "mGet", ...target, body: { ids: ids.slice(0, size / pieceSize) } },
      moved: (result: unknown) => Math.floor(JSON.stringify(result).length / pieceSize) * pieceSize
    }
}

/** Asserts that the request is answered on one connection, and that the ping time does not include the transfer. */
const transferring = (transfer: Transfer, target: Collection, ids: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { canTerminate, make } = yield* Lines
    const { bytesPerSecond, idempotent = false, name, options, size } = transfer
    const line = yield* make
    const services = yield* soon("the first connection", Layer.build(line.client(options)))
    const kuzzle = Context.get(services, Kuzzle.Kuzzle)
    const states: Array<Kuzzle.ConnectionState> = []
    yield* Effect.forkScoped(
      Stream.runForEach(Kuzzle.streamOf(kuzzle.states), (state) => Effect.sync(() => states.push(state)))
    )
    const { moved, request } = requestOf(transfer, target, ids)
    yield* line.inject({ bytesPerSecond })
    const [elapsed, { result }] = yield* Effect.timed(kuzzle.query(request, { timeout: "60 seconds", idempotent }))
    assert.strictEqual(moved(result), size, `${name}: transferred bytes`)
    assert.isAtLeast(Duration.toSeconds(elapsed), 0.95 * size / bytesPerSecond, `${name}: the line was not narrow`)
    assert.strictEqual(countLosses(states, false), 0, `${name}: the connection was given up`)
    const roundTrip = Option.getOrElse(yield* kuzzle.roundTripTime, () => Duration.zero)
    if (transfer.direction === "up") assert.isBelow(Duration.toSeconds(roundTrip), 5, `${name}: the ping time`)
    if (canTerminate) assert.strictEqual((yield* line.sockets).peak, 1, `${name}: sockets at once`)
    yield* line.heal
  }).pipe(Effect.scoped)

const slowProgress = Effect.gen(function*() {
  const { canTerminate } = yield* Lines
  const target = yield* (yield* World).collection
  const ids = Array.from({ length: Math.ceil(5 * megabytes / pieceSize) }, (_, i) => `large-${i}`)
  const text = "x".repeat(pieceSize)
  yield* Effect.provide(
    Effect.forEach(ids, (_id) => KuzzleDocument.create({ ...target, _id, content: { text } }), { concurrency: 4 }),
    yield* Direct
  )
  yield* Effect.forEach(
    canTerminate ? [...transfers, visibleTransfer] : transfers,
    (transfer) => transferring(transfer, target, ids),
    { concurrency: "unbounded" }
  )
})

/** How many cases run at the same time. They mostly wait. */
const atOnce = 24

export const faultSuite = <E>(
  name: string,
  options: {
    readonly backend: Layer.Layer<Backend | Lines, E>
    /** Whether a case runs; by default all run. */
    readonly includes?: (phase: string, fault: string) => boolean
    readonly atOnce?: number
    /** The phases whose cases run one after the other; none by default. */
    readonly alone?: ReadonlyArray<string>
  }
): void => {
  vi.setConfig({ maxConcurrency: options.atOnce ?? atOnce })
  const surroundings = Layer.provideMerge(layerDirect, Layer.provideMerge(layerWorld, options.backend))
  layer(surroundings, { excludeTestServices: true, timeout: "60 seconds" })(name, (it) => {
    // Vitest runs only cases of the same `describe` at the same time.
    const each = (
      phase: string,
      play: (fault: NamedFault) => Effect.Effect<void, unknown, Backend | Lines | World | Direct | Scope.Scope>,
      exclude: ReadonlyArray<string> = []
    ) => {
      for (const fault of faults) {
        if (exclude.includes(fault.name) || options.includes?.(phase, fault.name) === false) continue
        const concurrent = options.alone?.includes(phase) !== true
        it.scoped(`${phase}: ${fault.name}`, () => play(fault), { concurrent, timeout: 60_000 })
      }
    }
    // One case runs all transfers at the same time, and starts first, because each takes 20 s.
    if (options.includes?.("slow progress", "all") !== false) {
      it.scoped(
        "C2, R2: slow progress: a large request or answer on a narrow line keeps its connection and is answered",
        () => slowProgress,
        {
          concurrent: true,
          timeout: 90_000
        }
      )
    }
    each("connecting", (named) => {
      // A fault that only ends connections strikes the next one. Any other fault exists before the client connects.
      const { ending, ...conditions } = named.fault
      return firstDial(named, ending === undefined || Object.keys(conditions).length > 0 ? "Now" : "Accept")
    })
    // The first two faults let the whole answer to the handshake pass. The third, a frame within HTTP, cannot occur.
    each(
      "upgrading",
      (named) => firstDial(named, { direction: "In", part: "Handshake", bytes: 60 }),
      ["black hole outward", "FIN to the server", "close 1011"]
    )
    for (const phase of phases) each(phase.name, (named) => inSession(named, phase))
    each("closing", closing)
  })
}
