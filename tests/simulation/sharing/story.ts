/** Runs one history of several clients from its seed, and reports the broken promises. */
import "../host.ts" // before any module of the client
import {
  Kuzzle,
  KuzzleHeartbeat,
  KuzzleHttp,
  KuzzleOutbox,
  KuzzleOutboxStore,
  KuzzleSocket,
  KuzzleTokenStore
} from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { Context, DateTime, Effect, Exit, Fiber, Layer, Option, Random as EffectRandom, Redacted, Scope } from "effect"
import type { WireFrame } from "../history.ts"
import { live } from "../host.ts"
import { tagOf } from "../programs.ts"
import type { Random } from "../random.ts"
import * as Runtime from "../runtime.ts"
import { check } from "./checks.ts"
import * as Plan from "./plan.ts"
import * as Programs from "./programs.ts"
import type { RunInClient } from "./store.ts"
import { type Client, type Probe, server, SharedWorld } from "./world.ts"

/** A day: no history is that long. */
const limit = 86_400_000

/** How long a client may take to close: it waits for the answers in flight. */
const closing = 20_000

export const play = (seed: number, verbose: boolean): SharedWorld => {
  const world = new SharedWorld(seed, verbose)
  const { host } = world
  host.run(() => {
    try {
      const fiber = Effect.runFork(
        Effect.scoped(story(world)).pipe(
          Effect.withRandom(EffectRandom.make(seed)),
          Effect.withClock(host.clock("Server"))
        )
      )
      host.runUntil(() => fiber.unsafePoll() !== null, limit)
      const exit = fiber.unsafePoll()
      if (exit === null) world.violate("L1", "the history does not end")
      else if (Exit.isFailure(exit)) world.violate("C7", `the story failed: ${tagOf(exit.cause)}`)
      check(world)
    } catch (cause) {
      world.violate("C7", cause instanceof Error ? cause.stack ?? cause.message : String(cause))
    }
  })
  return world
}

const users = [{ username: "ann", password: "pw" }, { username: "bob", password: "pw" }]

const story = (world: SharedWorld) =>
  Effect.gen(function*() {
    const { plan, random } = world
    world.engine = yield* KuzzleEngine.make({
      seed: "simulation",
      users,
      idleTimeout: 4 * (plan.heartbeat.interval + plan.heartbeat.timeout)
    })
    const prepare = (action: "index" | "collection", more: object) =>
      world.engine.connect({ send: () => {}, close: () => {} })?.receive(
        JSON.stringify({ requestId: "p", controller: action, action: "create", index: "sim", ...more })
      )
    prepare("index", {})
    for (const collection of ["c1", "d"]) prepare("collection", { collection, body: {} })
    yield* world.engine.dropAll()

    world.launch = () => launch(world, (client, own) => programs(world, client, own))
    for (let i = 0; i < plan.clients; i++) world.launch()
    world.start()
    yield* Effect.sleep(plan.faultMillis)

    world.stop()
    world.quiet = true
    // If all clients have crashed, a new one takes over their requests.
    if (world.living.length === 0) world.launch()
    yield* Effect.sleep(Plan.healing(plan))
    checkHealed(world)
    for (const client of world.living) {
      if (random.chance(0.3)) world.crash(client)
      else yield* close(world, client)
    }
    yield* drain(world)
  })

/** One client sends all remaining requests, as one user after the other. Then the store is empty (promise O9). */
const drain = (world: SharedWorld) =>
  Effect.gen(function*() {
    let done = false
    const client = launch(world, (client) => [
      Effect.gen(function*() {
        for (const user of ["ann", "bob"]) {
          while (Exit.isFailure(yield* Programs.login(world, client, user, 3_600_000))) yield* Effect.sleep(500)
          yield* drained(world)
        }
        while (Exit.isFailure(yield* Programs.logout(world, client))) yield* Effect.sleep(500)
        yield* drained(world)
        done = true
      })
    ])
    for (let i = 0; i < 200 && !done; i++) yield* Effect.sleep(1000)
    if (!done) world.violate("O9", "the outbox is not emptied long after the last fault")
    const probe = client.probe?.()
    if (probe !== undefined && probe.pending.length > 0) {
      world.violate("O9", `${probe.pending.length} requests are never sent`)
    }
    yield* close(world, client)
    for (const user of ["ann", "bob", undefined]) {
      const remaining = world.outbox.remaining(
        server,
        user === undefined ? { _tag: "Anonymous" } : { _tag: "User", kuid: user }
      )
      const count = remaining.entries.length + remaining.reports.length
      if (count > 0) {
        world.violate("O9", `${count} requests of ${user ?? "anonymous"} remain in the store`)
      }
    }
    if (world.tokens?.isLocked === true) {
      world.violate("O9", "the lock of the token store is held by a client that has ended")
    }
  })

/** Waits until the client has sent all requests of its user. */
const drained = (world: SharedWorld) =>
  Effect.gen(function*() {
    const { pending } = yield* KuzzleOutbox.KuzzleOutbox
    // The client may not have taken over the requests of others yet.
    yield* Effect.sleep(2000 + 2 * world.plan.store.latency)
    yield* Effect.repeat(Effect.zipRight(Effect.sleep(200), pending), {
      until: (entries) => entries.length === 0,
      times: 500
    })
  })

const programs = (world: SharedWorld, client: Client, random: Random) => [
  Programs.visitor(world, client, random.fork()),
  Programs.requester(world, client, random.fork()),
  Programs.reader(world, random.fork()),
  Programs.observer(world, client, (kuid) => checkSessionEnd(world, client, kuid))
]

// -- clients ---------------------------------------------------------------------------------------------------------

type Program = Effect.Effect<void, never, Kuzzle.Kuzzle | KuzzleOutbox.KuzzleOutbox>

/** Starts a client with its programs. All its tasks and timers belong to it, so it can be killed at any moment. */
const launch = (
  world: SharedWorld,
  programs: (client: Client, random: Random) => ReadonlyArray<Program>
): Client => {
  const { host } = world
  const client = world.add()
  const random = world.random.fork()
  host.note("launch", client.id)
  const runInClient: RunInClient = (run) => void host.at("Wire", host.now, run, client.id)
  const outbox = world.outbox.client(runInClient)
  const tokens = world.tokens?.client(runInClient)
  const tab = world.jar?.tab(runInClient, (body, cookie) => {
    const frame: WireFrame = JSON.parse(body)
    world.recordToken(frame, cookie)
  })
  client.kill = () => {
    outbox.kill()
    tokens?.kill()
    tab?.kill()
  }
  host.as(client.id, () =>
    Effect.runFork(
      life(world, client, {
        store: outbox.store,
        tokens: tokens?.store,
        http: tab?.http
      }, (client) =>
        programs(client, random), random.fork()).pipe(
          Effect.withRandom(EffectRandom.make(random.int(0, 2 ** 31))),
          Effect.withClock(host.clock("User")),
          Effect.withScheduler(host.scheduler(client.id))
        )
    ))
  return client
}

interface ClientServices {
  readonly store: KuzzleOutboxStore.KuzzleOutboxStoreShape
  readonly tokens: KuzzleTokenStore.KuzzleTokenStoreShape | undefined
  readonly http: KuzzleHttp.KuzzleHttpShape | undefined
}

const life = (
  world: SharedWorld,
  client: Client,
  provided: ClientServices,
  programs: (client: Client) => ReadonlyArray<Program>,
  random: Random
) =>
  Effect.gen(function*() {
    const fibers = yield* Runtime.watch
    const scope = yield* Scope.make()
    const services = yield* open(world, client, provided).pipe(
      Scope.extend(scope),
      Effect.withClock(live),
      fibers.within
    )
    client.probe = () => probe(world, services)
    const running = yield* Effect.forEach(programs(client), (program) => Effect.fork(Effect.provide(program, services)))
    yield* Effect.async<void>((resume) => {
      client.close = () => {
        if (client.state !== "Running") return
        client.state = "Closing"
        world.host.at("User", world.host.now, () => resume(Effect.void), client.id)
      }
    })
    world.host.note("close client", client.id)
    // An application may or may not stop its programs before it closes the client.
    if (random.chance(0.5)) yield* Fiber.interruptAll(running)
    yield* Scope.close(scope, Exit.void)
    yield* Fiber.interruptAll(running)
    client.state = "Closed"
    world.host.note("closed client", client.id)
    // An operation of a store lasts until the store has answered, or 10 s have passed.
    yield* Effect.sleep(11_000)
    const remaining = yield* fibers.running
    if (remaining > 0) world.violate("L1", `${remaining} fibers of client ${client.id} remain`)
    const timers = world.host.timers(client.id)
    if (timers > 0) world.violate("L1", `${timers} timers of client ${client.id} remain`)
    if (client.network.live !== undefined) world.violate("L1", `a socket of client ${client.id} remains`)
  })

/** The client and its outbox. */
const open = ({ plan }: SharedWorld, client: Client, { http, store, tokens }: ClientServices) =>
  Effect.gen(function*() {
    const options = Plan.options(plan)
    const made = http === undefined
      ? Kuzzle.make(options)
      : Effect.provideService(Kuzzle.make({ ...options, session: Kuzzle.cookie }), KuzzleHttp.KuzzleHttp, http)
    const kuzzle = yield* made.pipe(
      Effect.provideService(KuzzleTokenStore.KuzzleTokenStore, tokens),
      Effect.provideService(KuzzleSocket.KuzzleSocket, client.network.socket),
      Effect.provideService(KuzzleHeartbeat.KuzzleHeartbeat, Plan.heartbeat(plan)),
      Effect.orDie
    )
    const layer = KuzzleOutbox.layer({ server, ttl: plan.ttl, maxEntries: 100_000, maxBytes: 1e9 }).pipe(
      Layer.provide(Layer.succeed(KuzzleOutboxStore.KuzzleOutboxStore, store)),
      Layer.provide(Layer.succeedContext(kuzzle))
    )
    // An application retries until its store can be opened.
    const opened = Effect.retry(Layer.buildWithScope(layer, yield* Effect.scope), {
      while: (error) => Effect.as(Effect.sleep(500), error._tag === "KuzzleOutboxError")
    })
    return Context.merge(kuzzle, yield* Effect.orDie(opened))
  })

/** What the client reports about itself now, without waiting. */
const probe = ({ host }: SharedWorld, services: Programs.Services): Probe =>
  Effect.runSync(
    Effect.gen(function*() {
      const kuzzle = yield* Kuzzle.Kuzzle
      const { pending } = yield* KuzzleOutbox.KuzzleOutbox
      const state = yield* kuzzle.authentication.state
      const token = yield* kuzzle.token
      return {
        connection: (yield* kuzzle.state)._tag,
        authentication: state._tag,
        kuid: "kuid" in state ? Option.getOrUndefined(state.kuid) : undefined,
        isExpired: "expiresAt" in state &&
          Option.exists(state.expiresAt, (end) => DateTime.toEpochMillis(end) <= host.wall),
        token: Option.getOrUndefined(Option.map(token, ({ value }) => Redacted.value(value))),
        pending: yield* pending
      }
    }).pipe(Effect.provide(services))
  )

/** Closes a client, and waits until it is closed. */
const close = (world: SharedWorld, client: Client) =>
  Effect.gen(function*() {
    const since = world.host.now
    while (client.state !== "Closed") {
      // `close` has no effect before the client has opened its store.
      client.close()
      if (world.host.now > since + closing) return world.violate("L1", `client ${client.id} does not close`)
      yield* Effect.sleep(50)
    }
    yield* Effect.sleep(10)
  })

// -- checks while it runs --------------------------------------------------------------------------------------------

/** The longest time that another client may take to store a token that it got, in milliseconds. */
const storing = 1000

/** How long a token still works after it was refreshed, in milliseconds, with a margin. */
const gracePeriod = 1100

/**
 * Checks the end of a session without a logout. Only for a token store: to a tab whose connection is older than the cookie,
 * the server may answer that no user is logged in, and the tab relies on this until it opens another connection.
 */
const checkSessionEnd = (world: SharedWorld, client: Client, kuid: string): void => {
  const { host, tokens } = world
  if (tokens === undefined || tokens.failed) return
  host.turnEnds.push(() => {
    const { session } = world
    if (session?.kuid !== kuid || session.changedAt > host.now - storing || !world.isAlive(session)) return
    // The stored token may be one that was just refreshed: it still works for a moment, and cannot be refreshed again.
    host.at("Server", host.now + gracePeriod, () => {
      if (!world.isAlive(session)) return
      world.violate("T1", `the session of client ${client.id} ends while a valid token of ${kuid} is stored`)
    })
  })
}

/** Long after the last fault, the clients work and agree. */
const checkHealed = (world: SharedWorld): void => {
  const { living } = world
  for (const { id, probe } of living) {
    const state = probe?.()
    if (state === undefined) {
      world.violate("O9", `client ${id} does not open its store`)
      continue
    }
    // A client that has never been connected is `Renewing`, too.
    if (state.connection !== "Ready" && (state.authentication !== "Renewing" || state.connection === "Waiting")) {
      world.violate("C5", `client ${id} is ${state.connection} long after the last fault`)
    }
    if (state.connection === "Ready" && state.authentication !== "Renewing") checkPending(world, id, state)
    checkAgreement(world, id, state)
  }
}

/** No request waits that the client could send. */
const checkPending = (world: SharedWorld, id: number, { authentication, kuid, pending }: Probe): void => {
  const stuck = pending.filter(({ sender }) =>
    sender._tag === "User" ? authentication === "Authenticated" && sender.kuid === kuid : authentication === "Anonymous"
  )
  if (stuck.length > 0) world.violate("O9", `${stuck.length} requests wait in client ${id} although it could send them`)
}

/** The client's user is that of the store, or of the cookie (promise T2). */
const checkAgreement = (world: SharedWorld, id: number, { authentication, isExpired, kuid }: Probe): void => {
  const { jar, session, tokens } = world
  if (jar === undefined && tokens === undefined || tokens?.failed === true || jar?.mayBeUnannounced === true) return
  if (session === undefined) {
    // A tab that sends no request does not notice that the cookie has expired.
    if (tokens !== undefined && authentication === "Authenticated" && !isExpired) {
      world.violate("T2", `client ${id} is ${kuid}, and no user is logged in`)
    }
    return
  }
  if (!world.isAlive(session)) return
  if (kuid !== session.kuid) {
    world.violate("T2", `client ${id} is ${kuid ?? authentication}, and the session is ${session.kuid}'s`)
  }
}
