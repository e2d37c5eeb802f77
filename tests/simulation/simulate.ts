/** Runs one history from its seed, and reports the broken promises. */
import "./host.ts" // before any module of the client
import { Kuzzle, KuzzleHeartbeat, KuzzleSocket } from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { Context, Effect, Exit, Fiber, Random as EffectRandom, Scope, Stream } from "effect"
import { check } from "./checks.ts"
import type { Violation } from "./history.ts"
import { live } from "./host.ts"
import * as Plan from "./plan.ts"
import * as Programs from "./programs.ts"
import { Random } from "./random.ts"
import * as Runtime from "./runtime.ts"
import { roomOf } from "./server.ts"
import * as Sharing from "./sharing/story.ts"
import { hasSessions, World } from "./world.ts"

export interface Result {
  readonly seed: number
  readonly violations: ReadonlyArray<Violation>
  /** Equal for equal histories. */
  readonly hash: number
  readonly virtualMillis: number
  readonly requests: number
  readonly notifications: number
  readonly connections: number
  /** The events, if `verbose`. */
  readonly lines: ReadonlyArray<string>
  readonly plan: object
}

/** A day: no history is that long. */
const limit = 86_400_000

/** Half of the histories have several clients that share an outbox and a session. */
export const isShared = (seed: number): boolean => new Random(~seed).chance(0.5)

export const simulate = (seed: number, verbose = false): Result =>
  isShared(seed) ? severalClients(seed, verbose) : oneClient(seed, verbose)

const severalClients = (seed: number, verbose: boolean): Result => {
  const { handOvers, history, host, plan } = Sharing.play(seed, verbose)
  return {
    seed,
    violations: history.violations,
    hash: host.hash,
    virtualMillis: host.now,
    requests: handOvers.length,
    notifications: 0,
    connections: history.links.length,
    lines: host.lines,
    plan
  }
}

const oneClient = (seed: number, verbose: boolean): Result => {
  const world = new World(seed, verbose)
  const { history, host, plan } = world
  host.run(() => {
    try {
      const fiber = Effect.runFork(
        Effect.scoped(story(world)).pipe(
          Effect.withRandom(EffectRandom.make(seed)),
          Effect.withClock(host.clock("User"))
        )
      )
      host.runUntil(() => fiber.unsafePoll() !== null, limit)
      const exit = fiber.unsafePoll()
      if (exit === null) world.violate("L1", "the history does not end")
      else if (Exit.isFailure(exit)) world.violate("C7", `the story failed: ${Programs.tagOf(exit.cause)}`)
      check(world)
    } catch (cause) {
      world.violate("C7", cause instanceof Error ? cause.stack ?? cause.message : String(cause))
    }
  })
  return {
    seed,
    violations: history.violations,
    hash: host.hash,
    virtualMillis: host.now,
    requests: history.requests.length,
    notifications: history.consumers.reduce((sum, { elements }) => sum + elements.length, 0),
    connections: history.links.length,
    lines: host.lines,
    plan
  }
}

const users = [{ username: "ann", password: "pw" }, { username: "bob", password: "pw" }]

const story = (world: World) =>
  Effect.gen(function*() {
    const { host, plan } = world
    const server = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.withClock(effect, host.clock("Server"))
    world.engine = yield* server(KuzzleEngine.make({ ...plan.engine, seed: "simulation", users }))
    const prepare = (action: "index" | "collection", more: object) =>
      world.engine.connect({ send: () => {}, close: () => {} })?.receive(
        JSON.stringify({ requestId: "p", controller: action, action: "create", index: "sim", ...more })
      )
    prepare("index", {})
    for (const collection of ["c1", "c2", "d"]) prepare("collection", { collection, body: {} })
    yield* world.engine.dropAll()

    const random = world.random.fork()
    const faultsFirst = random.chance(0.2)
    if (faultsFirst) world.start()
    const endOfFaults = host.now + plan.faultMillis
    const client = yield* connect(world, endOfFaults)
    if (client === undefined) return
    if (!faultsFirst) world.start()

    const kuzzle = Context.get(client.services, Kuzzle.Kuzzle)
    const observer = yield* Effect.fork(
      Stream.runForEach(Kuzzle.streamOf(kuzzle.states), (state) =>
        Effect.sync(() => {
          host.note("state", 0, `${state._tag} ${"cause" in state ? state.cause.message : ""}`)
          if (state._tag === "Failed") world.failedAt = host.now
          world.history.states.push({ at: host.now, state })
          if (state._tag === "Ready") world.ready()
        }))
    )
    const programs = [
      ...Array.from({ length: plan.requesters }, () => Programs.requester(world, client.services, random.fork())),
      ...Array.from({ length: plan.listeners }, () => Programs.listener(world, client.services, random.fork())),
      ...(plan.logins ? [Programs.visitor(world, client.services, random.fork())] : [])
    ]
    const running = yield* Effect.forEach(programs, (program) => Effect.fork(program))
    yield* Effect.sleep(Math.max(0, endOfFaults - host.now))

    if (plan.ending === "Abrupt") {
      yield* end(world, client)
      yield* Effect.sleep(2000)
      world.stop()
      world.quiet = true
    } else {
      world.stop()
      world.quiet = true
      yield* Effect.sleep(Plan.healing(plan))
      if (world.failedAt === undefined) yield* healed(world, client)
      yield* Effect.forEach(world.open, (listening) => Programs.close(world, listening), { discard: true })
      yield* Effect.sleep(1000)
      if (world.failedAt === undefined && random.chance(0.5)) checkRooms(world, "after the last consumer")
      yield* end(world, client)
    }
    yield* Effect.sleep(30_000)
    for (const fiber of running) {
      if (fiber.unsafePoll() === null) world.violate("R1", "a program never ends")
      yield* Fiber.interrupt(fiber)
    }
    if (observer.unsafePoll() === null) world.violate("C5", "the stream of states does not end with the client")
    yield* Fiber.interrupt(observer)
    const last = world.history.states.at(-1)?.state
    const now = yield* kuzzle.state
    if (last?._tag !== now._tag) {
      world.violate("C5", `the last state is ${now._tag}, the last published one is ${last?._tag}`)
    }
  })

interface Client {
  readonly services: Programs.Services
  readonly scope: Scope.CloseableScope
  /** The fibers of the client. */
  readonly fibers: Runtime.Watch
}

/** Connects as an application would: it retries until it succeeds. */
const connect = (world: World, endOfFaults: number) =>
  Effect.gen(function*() {
    const { host, plan } = world
    const fibers = yield* Runtime.watch
    let withoutFaultsSince: number | undefined
    for (;;) {
      const scope = yield* Scope.make()
      world.sessions.reset()
      const exit = yield* Kuzzle.make({
        ...Plan.options(plan),
        ...(plan.authenticator === undefined
          ? {}
          : { authenticator: Programs.authenticator(world, plan.authenticator, world.random.fork()) })
      }).pipe(
        Effect.provideService(KuzzleSocket.KuzzleSocket, world.network.socket),
        Effect.provideService(KuzzleHeartbeat.KuzzleHeartbeat, Plan.heartbeat(plan)),
        Scope.extend(scope),
        Effect.withClock(live),
        fibers.within,
        Effect.exit
      )
      if (Exit.isSuccess(exit)) {
        const client: Client = { services: exit.value, scope, fibers }
        return client
      }
      if (Programs.tagOf(exit.cause) !== "KuzzleConnectError") {
        world.violate("C7", `connecting: ${Programs.tagOf(exit.cause)}`)
      }
      world.closing = true
      yield* Scope.close(scope, Exit.void)
      world.closing = false
      yield* checkNothingRemains(world, fibers)
      if (host.now > endOfFaults) {
        world.stop()
        withoutFaultsSince ??= host.now
      }
      if (host.now > (withoutFaultsSince ?? Infinity) + 10 * Plan.healing(plan)) {
        world.violate("S1", "no connection succeeds long after the last fault")
        return undefined
      }
      yield* Effect.sleep(1000)
    }
  })

/** Long after the last fault, everything must work. */
const healed = (world: World, { services }: Client) =>
  Effect.gen(function*() {
    const { history, host, plan } = world
    const kuzzle = Context.get(services, Kuzzle.Kuzzle)
    let state = yield* kuzzle.state
    // Tokens that live for seconds are renewed all the time.
    for (let i = 0; i < 3 && hasSessions(plan) && state._tag !== "Ready"; i++) {
      yield* Effect.sleep(500)
      state = yield* kuzzle.state
    }
    if (state._tag !== "Ready") return world.violate("C5", `the client is ${state._tag} long after the last fault`)
    const timers = host.pending("Client")
    // Two timers belong to the heartbeat, one to the renewal of the token.
    if (timers > (hasSessions(plan) ? 3 : 2)) {
      world.violate("R8", `${timers} timers are set while no request is in flight`)
    }
    if (hasSessions(plan)) {
      // A client whose token was revoked learns of it with its next request.
      yield* Effect.exit(kuzzle.query({ controller: "server", action: "now" }))
      // Subscriptions that an invalid token has ended wait until a login or a logout.
      yield* (world.random.chance(0.7) ? Programs.login(world, "ann", 3_600_000) : Programs.logout(world)).pipe(
        Effect.provide(services)
      )
      yield* Effect.sleep(2000)
    }
    const answer = yield* Effect.exit(kuzzle.query({ controller: "server", action: "now" }))
    if (Exit.isFailure(answer)) {
      world.violate("R1", `a request fails when all is well: ${Programs.tagOf(answer.cause)}`)
    }
    checkRooms(world, "after healing")
    // Slow consumers empty their buffers first: a full buffer with the strategy `dropping` would drop the next messages.
    yield* Effect.sleep(Programs.slowest)
    const before = history.messages.length
    world.publishAll()
    yield* Effect.sleep(5000)
    for (const { consumer } of world.open) {
      if (consumer.ended !== undefined || consumer.scope === "out") continue
      const last = consumer.elements.findLast(({ _tag }) => _tag === "Message")
      const seq = last?._tag === "Message" ? history.byMark.get(last.m)?.seq ?? -1 : -1
      if (seq < before) world.violate("S1", `consumer ${consumer.id} receives no messages although there are no faults`)
    }
  })

/** The server has exactly the subscriptions of the open consumers, each once (promises S1 and S5). */
const checkRooms = (world: World, when: string): void => {
  const { faultyServer, network } = world
  const wanted = new Set(
    world.open.flatMap(({ consumer }) => (consumer.ended === undefined && !consumer.closing ? [consumer.key] : []))
  )
  const link = network.live
  const channels: ReadonlyMap<string, string> =
    (link === undefined ? undefined : faultyServer.rooms.get(link))?.channels ??
      new Map()
  for (const key of wanted) {
    if (!channels.has(key)) world.violate("S1", `${when} ${key} has a consumer, and is not subscribed`)
  }
  // A room ends with the last of its channels.
  const rooms = new Set(
    [...wanted].flatMap((key) => {
      const channel = channels.get(key)
      return channel === undefined ? [] : [roomOf(channel)]
    })
  )
  const counts = faultyServer.list()
  for (const room of rooms) if (!counts.has(room)) world.violate("S1", `${when} a room with a consumer is missing`)
  for (const [room, count] of counts) {
    // With a limited rate, a lost answer looks like a dropped request. If the resent request is then refused, the client
    // cannot know of the room.
    const isUnknowable = link !== undefined && faultyServer.limited.has(link) && faultyServer.unknownRooms.has(room)
    if (!rooms.has(room) && !isUnknowable) world.violate("S5", `${when} a room without a consumer is subscribed`)
    else if (count !== 1) world.violate("S1", `${when} the server counts ${count} connections in a room`)
  }
}

/** Closes the client. No fiber, timer or socket remains, and no caller waits (promise L1). */
const end = (world: World, { fibers, scope }: Client) =>
  Effect.gen(function*() {
    const { history, host } = world
    world.closing = true
    world.closedAt = host.now
    host.note("close client")
    yield* Scope.close(scope, Exit.void)
    const waiting = history.requests.filter(({ settledAt }) => settledAt === undefined)
    host.turnEnds.push(() => {
      for (const { n, settledAt } of waiting) {
        if (settledAt === undefined) continue
        if (settledAt !== world.closedAt) world.violate("R3", `request ${n} ended after the client`)
      }
    })
    yield* Effect.sleep(0)
    yield* checkNothingRemains(world, fibers)
  })

const checkNothingRemains = (world: World, fibers: Client["fibers"]) =>
  Effect.gen(function*() {
    const { host, network } = world
    yield* Effect.sleep(1)
    if (host.pending("Client") > 0) world.violate("L1", `${host.pending("Client")} timers remain`)
    if (network.live !== undefined) world.violate("L1", "a socket remains")
    const running = yield* fibers.running
    if (running > 0) world.violate("L1", `${running} fibers remain`)
  })

/** A short readable description of a history. */
export const describe = ({ plan, seed, violations }: Result): string =>
  [
    `seed ${seed}: ${violations.length} promises broken`,
    ...violations.slice(0, 10).map(({ at, promise, what }) => `  ${promise} at ${at}: ${what}`),
    `  ${JSON.stringify(plan)}`
  ].join("\n")
