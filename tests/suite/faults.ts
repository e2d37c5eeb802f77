/**
 * Real sockets under faults: a table of what may happen to a line and of when it happens. Each case has a line, a client and
 * a collection of its own, and asserts the same promises, whatever happens:
 *
 * - everything settles; a request once, with its answer, `NotSent` (then nobody has heard of it) or `MaybeSent` (R1, R3, R6);
 * - what the client hears is what was published, in order, nothing twice, nothing left out without a gap, and no gap where
 *   nothing was lost (S4);
 * - a link that is silent is found within interval + timeout (C3), one that is only slow is not given up (C2);
 * - one open socket at most (C1), a session that is ready again and as it was, and nothing after its end (L1).
 */
import { Kuzzle, KuzzleAuth, KuzzleDocument, KuzzleRealtime, KuzzleSchedule } from "@effect-kuzzle/core"
import { assert, layer } from "@effect/vitest"
import { Cause, Context, Duration, Effect, Exit, Fiber, Layer, Option, Redacted, Schedule, Scope, Stream } from "effect"
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

/**
 * `Harmless`: nothing is lost. `Loss`: the connection ends, the next one is good. `Lasting`: there is no other until the
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

/** Where a dead link is to be found; and where a slow one is not to be given up, however the machine stalls. */
const heartbeats = {
  Harmless: { pingInterval: 200, pingTimeout: 10_000, busyPingTimeout: 10_000, connectTimeout: 10_000 },
  Loss: { pingInterval: 200, pingTimeout: 10_000, busyPingTimeout: 10_000, connectTimeout: 10_000 },
  Lasting: { pingInterval: 150, pingTimeout: 400, busyPingTimeout: 800, connectTimeout: 2000 }
}

/** By how much a machine that stalls may be late. */
const stall = 5000

const optionsFor = ({ kind }: NamedFault): ClientOptions => ({
  ...heartbeats[kind],
  requestTimeout: "20 seconds",
  reconnect: KuzzleSchedule.reconnect({ base: "100 millis", cap: "200 millis" })
})

/** Nothing hangs: what is waited for comes, or the case says what did not. */
const soon = <A, E, R>(
  what: string,
  effect: Effect.Effect<A, E, R>,
  instead: () => string = () => ""
): Effect.Effect<A, E, R> =>
  Effect.timeoutFailCause(effect, {
    duration: "20 seconds",
    onTimeout: () => Cause.die(new Error(`${what}: not within 20 seconds ${instead()}`))
  })

const until = (what: string, condition: () => boolean, instead?: () => string): Effect.Effect<void> => {
  const polling = Effect.repeat(Effect.sync(condition), { until: (met) => met, schedule: Schedule.spaced("10 millis") })
  return soon(what, Effect.asVoid(polling), instead)
}

/** A client that no accident befalls. */
class Direct extends Context.Tag("@effect-kuzzle/testing/test/Direct")<Direct, Context.Context<ClientServices>>() {}

const layerDirect = Layer.scoped(Direct, Effect.flatMap(Backend, ({ client }) => Layer.build(client())))

/** Everything that is published in the collection, in the order of the server, with a gap where one was reported. */
const listen = (target: Collection, services: Context.Context<ClientServices>) =>
  Effect.gen(function*() {
    const heard: Array<number | "gap"> = []
    const listening = KuzzleRealtime.listen(target, (notification) => {
      heard.push(notification.type === "gap" ? "gap" : Number(numberOf(notification)))
    })
    yield* Effect.provide(listening, services)
    const shown: ReadonlyArray<number | "gap"> = heard
    return shown
  })

/** A request to publish a number, and its outcome. */
interface Asked {
  readonly n: number
  readonly outcome: Fiber.Fiber<Exit.Exit<void, { readonly _tag: string }>>
}

/** What a case is played on. */
interface Stage {
  readonly line: Line
  readonly services: Context.Context<ClientServices>
  readonly target: Collection
  readonly truth: ReadonlyArray<number | "gap">
  /** Publishes beside the line. */
  readonly publish: (count: number) => Effect.Effect<void>
  /** Asks the client to publish; the requests are submitted when this is done. */
  readonly ask: (count: number) => Effect.Effect<void>
  /** Holds up what comes in, so that the fault strikes what waits for it. A client may take this for the loss already. */
  readonly hold: Effect.Effect<void>
  readonly arm: (when?: When) => Effect.Effect<void>
  /** What must hold when all is well again. */
  readonly later: (check: Effect.Effect<void, unknown, ClientServices>) => void
}

type Play = (stage: Stage) => Effect.Effect<unknown, unknown, ClientServices | Scope.Scope>

/** Where a client may be when it happens. */
export interface Phase {
  readonly name: string
  /** Connections that the phase breaks by itself, before and after it has armed the fault; and gaps that it makes besides. */
  readonly breaks?: number
  readonly cuts?: number
  readonly gaps?: number
  /** The fault strikes an attempt to connect. */
  readonly dialling?: boolean
  /** Brings the client there, and arms the fault so that it strikes there. */
  readonly make: (arm: Stage["arm"]) => Effect.Effect<
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
  Effect.map(KuzzleAuth.getCurrentUser(), ({ _id }) => assert.strictEqual(_id, kuid, "who it is in the end"))

export const phases: ReadonlyArray<Phase> = [
  playing("idle", ({ arm }) => arm()),
  playing("requests in flight", ({ arm, ask, hold, truth }) =>
    Effect.gen(function*() {
      const before = truth.length
      yield* hold
      yield* ask(3)
      yield* until("the server's hearing of them", () => truth.length === before + 3)
      yield* arm()
    })),
  playing(
    "half a frame out",
    ({ arm, ask }) => Effect.zipRight(arm({ direction: "Out", part: "Frames", bytes: 60 }), ask(1))
  ),
  playing(
    "half a frame in",
    ({ arm, ask }) => Effect.zipRight(arm({ direction: "In", part: "Frames", bytes: 60 }), ask(1))
  ),
  playing(
    "many requests",
    ({ arm, ask }) => Effect.zipRight(arm({ direction: "Out", part: "Frames", bytes: 3000 }), ask(30))
  ),
  playing(
    "notification flood",
    ({ arm, publish }) => Effect.zipRight(arm({ direction: "In", part: "Frames", bytes: 6000 }), publish(40))
  ),
  playing("subscribing", ({ arm, hold, later, target }) =>
    Effect.gen(function*() {
      yield* hold
      const other = { ...target, collection: `${target.collection}-other` }
      const opening = yield* sending(KuzzleRealtime.open(other))
      later(Effect.gen(function*() {
        const heard = yield* Effect.fork(Stream.runHead(yield* Fiber.join(opening)))
        yield* KuzzleRealtime.publish({ ...other, message: { n: 0 } })
        yield* Fiber.join(heard)
      }))
      yield* arm()
    })),
  playing("reconnecting", ({ arm, line }) => Effect.zipRight(arm("Accept"), line.cut), { cuts: 1, dialling: true }),
  playing(
    "upgrading again",
    ({ arm, line }) => Effect.zipRight(arm({ direction: "In", part: "Handshake", bytes: 60 }), line.cut),
    { cuts: 1, dialling: true }
  ),
  playing(
    "resubscribing",
    ({ arm, line }) => Effect.zipRight(arm({ direction: "In", part: "Frames", bytes: 60, next: true }), line.cut),
    { cuts: 1 }
  ),
  {
    name: "login",
    make: () =>
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        const play: Play = ({ arm, hold, later }) =>
          Effect.gen(function*() {
            yield* hold
            const first = yield* sending(Effect.either(login(user)))
            later(Effect.gen(function*() {
              const outcome = yield* Fiber.join(first)
              if (outcome._tag === "Left") {
                assert.strictEqual(outcome.left._tag, "KuzzleMaybeSentError", "how the login ended")
                yield* login(user)
              }
              yield* isUser(user)
            }))
            yield* arm()
          })
        return { play }
      })
  },
  {
    name: "renewal of the session",
    // The server drops what a dead token has subscribed to.
    gaps: 1,
    make: (arm) =>
      Effect.gen(function*() {
        const user = yield* (yield* World).user
        const http = (yield* Backend).http()
        let phase: "Before" | "Revoked" | "Renewing" = "Before"
        const authenticator = Effect.suspend(() => {
          if (phase !== "Revoked") return login(user)
          phase = "Renewing"
          return Effect.zipRight(arm({ direction: "In", part: "Frames", bytes: 60 }), login(user))
        })
        const play: Play = ({ ask, later }) =>
          Effect.gen(function*() {
            // The server allows one login a second for a connection, and gives the same token within one.
            yield* Effect.sleep("1100 millis")
            yield* Effect.provide(Effect.zipRight(login(user), KuzzleAuth.logout({ global: true })), http)
            phase = "Revoked"
            later(isUser(user))
            yield* ask(3)
            yield* until("the renewal", () => phase === "Renewing")
          })
        return { options: { authenticator }, play }
      })
  },
  {
    name: "replay of the queue",
    breaks: 1,
    make: () => {
      const play: Play = ({ arm, ask, line, services }) =>
        Effect.gen(function*() {
          const { states } = Context.get(services, Kuzzle.Kuzzle)
          yield* line.arm({ ending: "Reset", refuse: true })
          yield* Stream.runHead(Stream.filter(states, ({ _tag }) => _tag === "Waiting"))
          yield* ask(20)
          yield* arm({ direction: "Out", part: "Frames", bytes: 2500, next: true })
          yield* line.heal
        })
      return Effect.succeed({ options: { autoQueue: true }, play })
    }
  }
]

/** What was heard is what was published, but for what a gap stands for; all that came after the last gap has arrived. */
const checkHeard = (truth: ReadonlyArray<number | "gap">, heard: ReadonlyArray<number | "gap">) => {
  let at = -1
  let gap = false
  for (const one of heard) {
    if (one === "gap") {
      gap = true
      continue
    }
    const place = truth.indexOf(one)
    assert.isAbove(place, at, `${one} came twice or too early: ${heard.join()}`)
    assert.isTrue(gap || place === at + 1, `something was lost before ${one}, and no gap says so: ${heard.join()}`)
    at = place
    gap = false
  }
  assert.strictEqual(at, truth.length - 1, `the last was never heard: ${heard.join()}`)
}

/** A request ended as it may, and what it says of itself is true. */
const checkAsked = (truth: ReadonlyArray<number | "gap">, { n, outcome }: Asked, harmless: boolean) =>
  Effect.map(soon(`the end of request ${n}`, Fiber.join(outcome)), (exit) => {
    const times = truth.filter((one) => one === n).length
    const how = Exit.match(exit, {
      onSuccess: () => "answered",
      onFailure: (cause) => cause._tag === "Fail" ? cause.error._tag : cause._tag
    })
    if (how === "answered") return assert.strictEqual(times, 1, `request ${n} was answered`)
    assert.isFalse(harmless, `request ${n} ended by ${how}, although nothing was lost`)
    if (how === "KuzzleNotSentError") return assert.strictEqual(times, 0, `request ${n} was not sent`)
    assert.strictEqual(how, "KuzzleMaybeSentError", `request ${n}`)
    assert.isAtMost(times, 1, `request ${n} was executed twice`)
  })

const connected: ReadonlySet<string> = new Set(["Authenticating", "Renewing", "Resubscribing", "Replaying", "Ready"])

/** How often an open connection was lost, or (`dialling`) an attempt came to nothing as well. */
const lost = (states: ReadonlyArray<Kuzzle.ConnectionState>, dialling: boolean): number =>
  states.filter(({ _tag }, i) => _tag === "Waiting" && (dialling || connected.has(states[i - 1]?._tag ?? ""))).length

/** The sockets of a client that has gone are gone as well. */
const closed = (line: Line) =>
  Effect.repeat(line.sockets, {
    until: ({ open }) => open === 0,
    schedule: Schedule.spaced("20 millis"),
    times: 150
  }).pipe(Effect.flatMap(() => line.sockets), Effect.map(({ open }) => assert.strictEqual(open, 0, "sockets left")))

const withinStall = (what: string, millis: number) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([elapsed, value]) => {
    assert.isBelow(Duration.toMillis(elapsed), millis + stall, what)
    return value
  })

/** A collection, and the truth about it. */
const place = Effect.gen(function*() {
  const world = yield* World
  const direct = yield* Direct
  const target = { index: world.index, collection: world.name("line") }
  const truth = yield* listen(target, direct)
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
      Effect.all(publishing(count)(direct).map(([, one]) => one), { concurrency: "unbounded", discard: true })
    )
  /** All is well: what is published is heard. What a lost connection had under way may come late, as from any TCP. */
  const hears = (heard: ReadonlyArray<number | "gap">) =>
    Effect.gen(function*() {
      const arrived = Effect.gen(function*() {
        yield* publish(3)
        const last = n - 1
        yield* until("the last", () => heard.includes(last) && heard.at(-1) === truth.at(-1))
      })
      // Once more, where the machine stood still and the heartbeat took it for the end.
      yield* soon("what is published", Effect.retry(Effect.timeout(arrived, "4 seconds"), { times: 3 }))
      checkHeard(truth, heard)
    })
  return { target, truth, publishing, publish, hears }
})

/** The client is connected, and somewhere. */
const inSession = (named: NamedFault, phase: Phase) =>
  Effect.gen(function*() {
    const { hard, make } = yield* Lines
    const line = yield* make
    const { hears, publish, publishing, target, truth } = yield* place
    const dialling = phase.dialling === true
    const states: Array<Kuzzle.ConnectionState> = []
    /** What was lost before it began, where the machine stood still. */
    let before: number | undefined
    const begin = Effect.sync(() => {
      before ??= lost(states, dialling)
    })
    const hold = Effect.zipRight(begin, line.arm({ hold: "In" }))
    const arm: Stage["arm"] = (when) => Effect.zipRight(begin, line.arm(named.fault, when))
    const { options, play } = yield* phase.make(arm)
    const asked: Array<Asked> = []
    const checks: Array<Effect.Effect<void, unknown, ClientServices>> = []
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope, exit) => Scope.close(scope, exit))

    yield* Effect.gen(function*() {
      // Where the machine stalls for longer than it may take.
      const connecting = Effect.retry(Layer.build(line.client({ ...optionsFor(named), ...options })), { times: 10 })
      const services = yield* soon("the first connection", connecting)
      const kuzzle = Context.get(services, Kuzzle.Kuzzle)
      yield* Effect.forkScoped(Stream.runForEach(kuzzle.states, (state) => Effect.sync(() => states.push(state))))
      const told = () => `but ${states.map(({ _tag }) => _tag).slice(-20).join()}`
      const heard = yield* listen(target, services)
      yield* publish(1)
      yield* until("the first notification", () => heard.length === 1)

      const ask: Stage["ask"] = (count) =>
        Effect.gen(function*() {
          for (const [n, publish] of publishing(count)(services)) {
            asked.push({ n, outcome: yield* Effect.fork(Effect.exit(publish)) })
          }
          yield* Effect.yieldNow()
        })
      const later: Stage["later"] = (check) => void checks.push(check)
      yield* Effect.provide(play({ arm, ask, hold, later, line, publish, services, target, truth }), services)
      yield* soon("the fault", line.struck)

      if (before === undefined) return assert.fail("the phase has armed no fault")
      const lostBefore = before
      const { breaks = 0, cuts = 0 } = phase
      const own = breaks + cuts
      yield* until("the phase's own loss", () => lost(states, false) >= own)
      const harmless = named.kind === "Harmless"
      if (!harmless) {
        const { busyPingTimeout, connectTimeout, pingInterval, pingTimeout } = heartbeats[named.kind]
        // A page does not see received bytes, so it waits longer while a request is in flight.
        const bound = dialling ? connectTimeout : pingInterval + (hard ? pingTimeout : busyPingTimeout)
        yield* until("the loss", () => lost(states, dialling) > lostBefore + cuts, told).pipe(
          // A stalled connection gives no sign: the heartbeat detects it.
          named.fault.hold !== undefined && named.fault.ending === undefined ? withinStall("the loss", bound) : (_) => _
        )
      }
      // Nothing more happens: that is seen only by waiting.
      yield* Effect.sleep(harmless ? "700 millis" : "400 millis")
      if (named.kind === "Lasting") assert.notStrictEqual(states.at(-1)?._tag, "Ready")
      yield* line.heal
      yield* until("a session that is ready", () => states.at(-1)?._tag === "Ready", told)
      for (const check of checks) yield* soon("what was begun", Effect.provide(check, services))
      yield* hears(heard)
      for (const one of asked) yield* checkAsked(truth, one, harmless)

      const gaps = heard.filter((one) => one === "gap").length
      const most = lost(states, false) + (phase.gaps ?? 0)
      if (harmless) assert.strictEqual(lost(states, false), own, "a connection that works was given up")
      if (harmless) assert.strictEqual(gaps, most, "gaps")
      assert.isAtMost(gaps, most, "gaps")
      if (most > 0) assert.isAtLeast(gaps, 1, "gaps")
      if (hard) assert.isAtMost((yield* line.sockets).peak, 1, "sockets at once")
    }).pipe(Scope.extend(scope))

    yield* withinStall("the end", 0)(Scope.close(scope, Exit.void))
    yield* closed(line)
  })

/** The first attempt to connect, struck `when`. */
const firstDial = (named: NamedFault, when: When) =>
  Effect.gen(function*() {
    const { hard, make } = yield* Lines
    const line = yield* make
    const { hears, target } = yield* place
    const client = line.client(optionsFor(named))
    yield* line.arm(named.fault, when)
    if (named.kind === "Harmless") {
      // So long it lasts.
      yield* Effect.forkScoped(Effect.zipRight(line.struck, Effect.delay(line.heal, "700 millis")))
    }
    const first = yield* Effect.exit(Effect.scoped(Layer.build(client))).pipe(
      withinStall("the first attempt", heartbeats[named.kind].connectTimeout)
    )
    yield* line.struck
    // Before there is a connection none can be reset.
    const harmless = named.kind === "Harmless" || (when === "Now" && named.kind === "Loss")
    if (Exit.isFailure(first)) {
      assert.isFalse(harmless, "it failed")
      const error = first.cause._tag === "Fail" ? first.cause.error : undefined
      if (error?._tag !== "KuzzleConnectError") return assert.fail(`it failed otherwise: ${first.cause}`)
      const silent = named.fault.hold !== undefined && (named.fault.ending === undefined || when === "Now")
      assert.strictEqual(error.reason, silent ? "Timeout" : "Unreachable")
    } else assert.isTrue(harmless, "it succeeded")
    yield* line.heal
    yield* closed(line)
    const again = line.client({ ...optionsFor(named), ...heartbeats.Harmless })
    const services = yield* soon("the second attempt", Layer.build(again))
    const heard = yield* listen(target, services)
    yield* hears(heard)
    assert.notInclude(heard, "gap")
    if (hard) assert.strictEqual((yield* line.sockets).peak, 1, "sockets at once")
  })

/** A client that is closed when it happens: at once, and for good. */
const closing = (named: NamedFault) =>
  Effect.gen(function*() {
    const { hard, make } = yield* Lines
    const line = yield* make
    const { publish, publishing, target, truth } = yield* place
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope, exit) => Scope.close(scope, exit))
    const connecting = Effect.retry(Layer.build(line.client(optionsFor(named))), { times: 10 })
    const services = yield* Scope.extend(soon("the first connection", connecting), scope)
    const heard = yield* Scope.extend(listen(target, services), scope)
    yield* publish(1)
    yield* until("the first notification", () => heard.length === 1)
    const asked = yield* Effect.forEach(
      publishing(3)(services),
      ([n, publish]) => Effect.map(Effect.fork(Effect.exit(publish)), (outcome): Asked => ({ n, outcome }))
    )
    yield* Effect.yieldNow()
    yield* line.arm(named.fault)
    yield* withinStall("the end", 0)(Scope.close(scope, Exit.void))
    const length = heard.length
    if (hard) yield* closed(line)
    yield* publish(3)
    // None of them is heard: that is seen only by waiting.
    yield* Effect.sleep("300 millis")
    yield* line.heal
    // The last word of a socket that is closed may still be on its way to the server, and back.
    yield* closed(line)
    for (const one of asked) yield* checkAsked(truth, one, false)
    assert.lengthOf(heard, length, "heard after the end")
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

/** For runtimes that show received bytes. */
const visibleTransfer: Transfer = {
  name: "5 MB down at 500 KB/s, longer than any timeout of a ping",
  direction: "down",
  size: 5 * megabytes,
  bytesPerSecond: 500 * kilobytes,
  options: { pingInterval: "500 millis", pingTimeout: "2 seconds", busyPingTimeout: "2 seconds" }
}

/** The size of one of the documents that make a large answer: requests are smaller than 1 MB. */
const pieceSize = 0.5 * megabytes

/** A request that transfers so many bytes, and the number that its answer reports. */
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

/** It is answered on a single connection, and the reported ping time does not include the transfer. */
const transferring = (transfer: Transfer, target: Collection, ids: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { hard, make } = yield* Lines
    const { bytesPerSecond, idempotent = false, name, options, size } = transfer
    const line = yield* make
    const services = yield* soon("the first connection", Layer.build(line.client(options)))
    const kuzzle = Context.get(services, Kuzzle.Kuzzle)
    const states: Array<Kuzzle.ConnectionState> = []
    yield* Effect.forkScoped(Stream.runForEach(kuzzle.states, (state) => Effect.sync(() => states.push(state))))
    const { moved, request } = requestOf(transfer, target, ids)
    yield* line.arm({ bytesPerSecond })
    const [elapsed, { result }] = yield* Effect.timed(kuzzle.query(request, { timeout: "60 seconds", idempotent }))
    assert.strictEqual(moved(result), size, `${name}: what came back`)
    assert.isAtLeast(Duration.toSeconds(elapsed), 0.95 * size / bytesPerSecond, `${name}: the line was not narrow`)
    assert.strictEqual(lost(states, false), 0, `${name}: the connection was given up`)
    const roundTrip = Option.getOrElse(yield* kuzzle.roundTripTime, () => Duration.zero)
    if (transfer.direction === "up") assert.isBelow(Duration.toSeconds(roundTrip), 5, `${name}: the ping time`)
    if (hard) assert.strictEqual((yield* line.sockets).peak, 1, `${name}: sockets at once`)
    yield* line.heal
  }).pipe(Effect.scoped)

const slowProgress = Effect.gen(function*() {
  const { hard } = yield* Lines
  const target = yield* (yield* World).collection
  const ids = Array.from({ length: Math.ceil(5 * megabytes / pieceSize) }, (_, i) => `large-${i}`)
  const text = "x".repeat(pieceSize)
  yield* Effect.provide(
    Effect.forEach(ids, (_id) => KuzzleDocument.create({ ...target, _id, content: { text } }), { concurrency: 4 }),
    yield* Direct
  )
  yield* Effect.forEach(
    hard ? [...transfers, visibleTransfer] : transfers,
    (transfer) => transferring(transfer, target, ids),
    { concurrency: "unbounded" }
  )
})

/** As many cases at a time: they mostly wait. */
const atOnce = 24

export const faultSuite = <E>(
  name: string,
  options: {
    readonly backend: Layer.Layer<Backend | Lines, E>
    /** Which cases; all of them by default. */
    readonly includes?: (phase: string, fault: string) => boolean
    readonly atOnce?: number
    /** Which phases run one case at a time; none by default. */
    readonly alone?: ReadonlyArray<string>
  }
): void => {
  vi.setConfig({ maxConcurrency: options.atOnce ?? atOnce })
  const surroundings = Layer.provideMerge(layerDirect, Layer.provideMerge(layerWorld, options.backend))
  layer(surroundings, { excludeTestServices: true, timeout: "60 seconds" })(name, (it) => {
    // Side by side in one group: what runs at the same time is of one `describe`.
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
    // First, and in parallel in one case, because each takes 20 s.
    if (options.includes?.("slow progress", "all") !== false) {
      it.scoped("C2, R2: slow progress: large requests and answers", () => slowProgress, {
        concurrent: true,
        timeout: 90_000
      })
    }
    each("connecting", (named) => {
      // What is to come is there before the client; what ends a connection waits for one.
      const { ending, ...weather } = named.fault
      return firstDial(named, ending === undefined || Object.keys(weather).length > 0 ? "Now" : "Accept")
    })
    // With two of these the answer to the handshake arrives whole; the third, a frame within HTTP, is nothing that happens.
    each(
      "upgrading",
      (named) => firstDial(named, { direction: "In", part: "Handshake", bytes: 60 }),
      ["black hole outward", "FIN to the server", "close 1011"]
    )
    for (const phase of phases) each(phase.name, (named) => inSession(named, phase))
    each("closing", closing)
  })
}
