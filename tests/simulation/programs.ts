/** What the users of the client do: programs drawn from the seed, all of them with what they got written down. */
import { Kuzzle, KuzzleAuth, KuzzleError, type KuzzleFilter, KuzzleRealtime } from "@effect-kuzzle/core"
import { Cause, Chunk, type Context, DateTime, Effect, Exit, Fiber, Option, Redacted, Scope, Stream } from "effect"
import { type Answer, type Asked, type Element, filters, type Heard, keyOf } from "./history.ts"
import type { Random } from "./random.ts"
import { index } from "./server.ts"
import type { World } from "./world.ts"

export type Services = Context.Context<Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime>

// -- requests --------------------------------------------------------------------------------------------------------

interface Ask {
  readonly kind: string
  readonly request: (n: number) => Kuzzle.KuzzleRequest
  readonly idempotent: boolean
  readonly anonymous?: boolean
}

const asks = (random: Random): Ask => {
  const draw = random.int(0, 99)
  if (draw < 35) return { kind: "now", idempotent: true, request: () => ({ controller: "server", action: "now" }) }
  if (draw < 60) {
    const collection = random.pick(["c1", "c2"])
    const k = random.pick(["a", "b"])
    return {
      kind: "publish",
      idempotent: false,
      request: (n) => ({ controller: "realtime", action: "publish", index, collection, body: { m: n, k } })
    }
  }
  if (draw < 75) {
    return {
      kind: "create",
      idempotent: false,
      request: (n) => ({ controller: "document", action: "create", index, collection: "d", _id: `d${n}`, body: { n } })
    }
  }
  if (draw < 85) {
    return {
      kind: "get",
      idempotent: true,
      request: () => ({ controller: "document", action: "get", index, collection: "d", _id: `d${random.int(0, 20)}` })
    }
  }
  if (draw < 92) {
    const anonymous = { controller: "server", action: "now" }
    return { kind: "anonymous", idempotent: true, anonymous: true, request: () => anonymous }
  }
  if (draw < 96) {
    const text = "x".repeat(3000)
    return {
      kind: "big",
      idempotent: false,
      request: () => ({ controller: "document", action: "create", index, collection: "d", body: { text } })
    }
  }
  // JSON cannot carry it.
  return {
    kind: "bad",
    idempotent: false,
    request: () => ({ controller: "document", action: "create", index, collection: "d", body: { n: 1n } })
  }
}

const record = (
  world: World,
  { anonymous, idempotent, kind }: Ask,
  timeout: number | undefined,
  group: number
): Asked => {
  const asked: Asked = {
    n: world.history.asked.length,
    kind,
    startedAt: world.host.now,
    timeout: timeout ?? world.plan.settings.requestTimeout,
    idempotent,
    anonymous: anonymous === true,
    user: anonymous === true ? undefined : world.sessions.user,
    nobodys: world.sessions.may(undefined),
    group,
    writes: [],
    executed: 0,
    answers: [],
    settledAt: undefined,
    exit: undefined
  }
  world.history.asked.push(asked)
  return asked
}

const settle = (world: World, asked: Asked, exit: Exit.Exit<Answer, KuzzleError.RequestError>): void => {
  world.host.note("settle", asked.n, Exit.isSuccess(exit) ? "ok" : tagOf(exit.cause))
  if (asked.settledAt !== undefined) world.violate("R1", `request ${asked.n} settled twice`)
  if (asked.group < 0 && notQueued(exit) === "Full") {
    // Changes of the same moment may have been reported first.
    const waiting = world.history.asked.filter((other) =>
      other !== asked && (other.settledAt === undefined || other.settledAt === world.host.now)
    ).length
    if (waiting < (world.plan.queue?.maxSize ?? Infinity)) {
      world.violate("L2", `the queue is full with ${waiting}`)
    }
  }
  asked.settledAt = world.host.now
  asked.exit = exit
}

/** Why it was not queued, or not any more. */
export const notQueued = (exit: Exit.Exit<unknown, KuzzleError.RequestError>): string | undefined => {
  const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
  return error?._tag === "KuzzleNotSentError" && error.cause._tag === "KuzzleNotQueuedError"
    ? error.cause.reason
    : undefined
}

export const tagOf = (cause: Cause.Cause<{ readonly _tag: string }>): string =>
  Option.match(Cause.failureOption(cause), {
    onSome: ({ _tag }) => _tag,
    onNone: () => (Cause.isInterruptedOnly(cause) ? "Interrupted" : `Defect ${Cause.pretty(cause)}`)
  })

const timeouts = [undefined, undefined, undefined, 50, 300, 2000, 10_000] as const

const askOne = (world: World, kuzzle: Kuzzle.KuzzleShape, random: Random) =>
  Effect.suspend(() => {
    const ask = asks(random)
    const timeout = random.pick(timeouts)
    const asked = record(world, ask, timeout, -1)
    return kuzzle.query(ask.request(asked.n), {
      volatile: { n: asked.n },
      idempotent: ask.idempotent,
      ...(timeout === undefined ? {} : { timeout }),
      ...(ask.anonymous === true ? { anonymous: true } : {})
    }).pipe(
      Effect.onExit((exit) => Effect.sync(() => settle(world, asked, exit))),
      Effect.exit
    )
  })

/** Several in one call. */
const askMany = (world: World, kuzzle: Kuzzle.KuzzleShape, random: Random) =>
  Effect.suspend(() => {
    const timeout = random.pick(timeouts)
    const group = random.int(2, 5)
    const given = Array.from({ length: group }, () => asks(random))
    const first = world.history.asked.length
    const calls = given.map((ask) => ({
      ask,
      asked: record(world, { ...ask, idempotent: false, anonymous: false }, timeout, first)
    }))
    // The mark goes into the arguments: the options, with the volatile data, are those of all.
    const requests = calls.map(({ ask, asked }) => ({ ...ask.request(asked.n), n: asked.n }))
    return kuzzle.queryMany(requests, timeout === undefined ? {} : { timeout }).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          calls.forEach(({ asked }, i) => {
            const none = Exit.die("no outcome at this place")
            settle(world, asked, Exit.isSuccess(exit) ? exit.value[i] ?? none : Exit.failCause(exit.cause))
          })
        })
      ),
      Effect.exit
    )
  })

/** Asks, and now and then loses patience. */
export const asker = (world: World, services: Services, random: Random): Effect.Effect<void> =>
  Effect.gen(function*() {
    const kuzzle = yield* Kuzzle.Kuzzle
    const running: Array<Fiber.RuntimeFiber<unknown>> = []
    while (!world.quiet) {
      yield* Effect.sleep(random.pause(world.plan.pace))
      if (world.quiet) break
      const own = random.fork()
      const ask: Effect.Effect<unknown> = own.chance(0.85) ? askOne(world, kuzzle, own) : askMany(world, kuzzle, own)
      const fiber = yield* Effect.fork(ask)
      running.push(fiber)
      if (random.chance(0.15)) {
        yield* Effect.sleep(random.pick([0, 1, 10, 200, 2000]))
        const at = world.host.now
        yield* Fiber.interrupt(fiber)
        if (world.host.now !== at) world.violate("R8", `an interruption took ${world.host.now - at} ms`)
      }
    }
    yield* Effect.forEach(running, Fiber.await, { discard: true })
  }).pipe(Effect.provide(services))

// -- subscriptions ---------------------------------------------------------------------------------------------------

const note = (world: World, heard: Heard, notification: KuzzleRealtime.Notification): void => {
  const { host } = world
  if (heard.closedAt !== undefined) {
    world.violate("S2", `consumer ${heard.id} was given something after its end`)
  }
  const element = elementOf(notification, host.now)
  if (element === undefined) return
  host.note("hear", heard.id, element._tag === "Message" ? String(element.m) : `${element._tag}`)
  heard.elements.push(element)
  if (element._tag !== "Message" || heard.slow) return
  // Heard the moment it arrived, or the moment the subscription was confirmed for which it had been parked (S3, S7).
  const arrived = world.history.arrivals.get(element.m)?.includes(host.now) === true
  if (!arrived && world.history.confirmations.at(-1) !== host.now) {
    world.violate("S7", `consumer ${heard.id} heard message ${element.m} late`)
  }
}

const elementOf = (notification: KuzzleRealtime.Notification, at: number): Element | undefined => {
  switch (notification.type) {
    case "gap": {
      const { cause } = notification
      return { _tag: "Gap", cause: cause._tag, lost: cause._tag === "Overflow" ? cause.lost : 0, at }
    }
    case "user":
      return { _tag: "User", at }
    case "document": {
      const m = notification.result._source?.m
      return typeof m === "number" ? { _tag: "Message", m, at } : undefined
    }
  }
}

type Strategy = "sliding" | "dropping" | "fail"

interface Wanted {
  readonly options: KuzzleRealtime.SubscribeOptions & KuzzleRealtime.BufferOptions<Strategy>
  readonly filter: string
  readonly slow: boolean
  readonly handler: boolean
}

const wanted = (random: Random): Wanted => {
  const filter = random.pick(["all", "all", "a", "b", "missing"])
  const slow = random.chance(0.25)
  const buffer = slow && random.chance(0.7) ? { bufferSize: random.int(1, 5) } : {}
  return {
    filter,
    slow,
    handler: !slow && random.chance(0.3),
    options: {
      index,
      collection: random.pick(["c1", "c1", "c2"]),
      // The filters of the simulation are Koncorde's.
      filter: filters[filter] as KuzzleFilter.Filter,
      scope: random.pick(["all", "all", "all", "in", "out"]),
      users: random.pick(["none", "none", "none", "out", "all"]),
      ...(random.chance(0.1) ? { volatile: { v: random.int(1, 2) } } : {}),
      ...buffer,
      strategy: random.pick<Strategy>(["sliding", "sliding", "dropping", "dropping", "fail"])
    }
  }
}

/** The longest pause of a slow consumer between two batches, in milliseconds. */
export const slowest = 3000

/** Opens a subscription and writes down what it gives, until its scope is closed. */
const listen = (world: World, random: Random, { filter, handler, options, slow }: Wanted, scope: Scope.Scope) =>
  Effect.gen(function*() {
    const realtime = yield* KuzzleRealtime.KuzzleRealtime
    const heard: Heard = {
      id: world.history.heard.length,
      key: keyOf({
        collection: options.collection,
        filter: options.filter,
        scope: options.scope,
        users: options.users,
        v: typeof options.volatile?.v === "number" ? options.volatile.v : undefined
      }),
      collection: options.collection,
      filter,
      scope: options.scope ?? "all",
      users: options.users ?? "none",
      capacity: options.bufferSize ?? Infinity,
      strategy: options.strategy ?? "sliding",
      slow,
      handler,
      acquiredAt: world.host.now,
      openedAt: undefined,
      base: 0,
      elements: [],
      closing: false,
      closedAt: undefined,
      ended: undefined
    }
    world.history.heard.push(heard)
    world.host.note("listen", heard.id, heard.key)
    const ended = (exit: Exit.Exit<unknown, { readonly _tag: string }>) =>
      Effect.sync(() => {
        heard.ended ??= { at: world.host.now, tag: Exit.isSuccess(exit) ? "End" : tagOf(exit.cause) }
        world.host.note("ended", heard.id, heard.ended.tag)
      })
    const opened = Effect.sync(() => {
      heard.openedAt = world.host.now
      // What the server sent for it before it said so is for it too (S3). One that joins others hears what is to come.
      const confirmed = world.network.live?.bases.get(heard.key)
      const first = confirmed?.at === world.host.now && heard.acquiredAt < confirmed.at
      heard.base = first ? confirmed.base : world.history.messages.length
      world.host.note("opened", heard.id)
    })
    const patience = random.chance(0.1) ? random.int(1, 3000) : Infinity
    /** Another fiber consumes it: closing the subscription must end it. */
    const consume: Effect.Effect<Listening["fiber"], KuzzleError.RequestError, Scope.Scope> = handler
      ? realtime.listen(options, (notification) => note(world, heard, notification)).pipe(
        Effect.tap(opened),
        Effect.flatMap(({ ended: end }) => Effect.forkDaemon(Effect.onExit(end, ended)))
      )
      : realtime.open(options).pipe(
        Effect.tap(opened),
        Effect.flatMap((stream) =>
          Effect.forkDaemon(Effect.onExit(
            Stream.runForEachChunk(stream, (chunk) => {
              // The word of a gap that gave way, and how many others did.
              if (chunk.length > heard.capacity + 2) {
                world.violate("L2", `consumer ${heard.id} of ${heard.capacity} was given ${chunk.length} at once`)
              }
              for (const notification of Chunk.toReadonlyArray(chunk)) note(world, heard, notification)
              return slow ? Effect.sleep(random.int(100, slowest)) : Effect.void
            }),
            ended
          ))
        )
      )
    const opening = Scope.extend(consume, scope)
    const result = yield* Effect.exit(
      patience < Infinity ? Effect.timeoutOption(opening, patience) : Effect.asSome(opening)
    )
    if (Exit.isFailure(result)) {
      yield* ended(result)
      return undefined
    }
    if (Option.isNone(result.value)) {
      heard.closing = true
      heard.closedAt = world.host.now
      heard.ended ??= { at: world.host.now, tag: "Impatient" }
      return undefined
    }
    return { heard, fiber: result.value.value }
  })

/** Holds subscriptions, one after the other; the one that is open in the end stays so. */
export const listener = (world: World, services: Services, random: Random): Effect.Effect<void> =>
  Effect.gen(function*() {
    for (;;) {
      const scope = yield* Scope.make()
      const listening = yield* listen(world, random, wanted(random), scope)
      yield* idle(world, random.pause(random.pick([50, 1000, 8000])))
      if (listening === undefined) yield* Scope.close(scope, Exit.void)
      else if (world.quiet) {
        world.open.push({ ...listening, scope })
        return
      } else yield* close(world, { ...listening, scope })
      if (world.quiet) return
      yield* idle(world, random.pause(random.pick([1, 1000])))
    }
  }).pipe(Effect.provide(services))

/** A subscription that is open. */
export interface Listening {
  readonly heard: Heard
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  readonly scope: Scope.CloseableScope
}

export const close = (world: World, { fiber, heard, scope }: Listening): Effect.Effect<void> =>
  Effect.gen(function*() {
    heard.closing = true
    yield* Scope.close(scope, Exit.void)
    heard.closedAt = world.host.now
    world.host.note("close", heard.id)
    if (heard.slow) return
    world.host.turnEnds.push(() => {
      if (fiber.unsafePoll() === null) world.violate("S2", `consumer ${heard.id} goes on after its scope was closed`)
    })
  })

/** Sleeps, less when the programs are to stop. */
const idle = (world: World, duration: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const until = world.host.now + duration
    // In whole milliseconds: a sum of fractions may stay below `until` for ever.
    while (world.host.now < until && !world.quiet) yield* Effect.sleep(Math.min(500, Math.ceil(until - world.host.now)))
  })

// -- who we are ------------------------------------------------------------------------------------------------------

const credentials = (user: string, password: string, expiresIn: number): KuzzleAuth.LoginOptions => ({
  strategy: "local",
  credentials: { username: user, password: Redacted.make(password) },
  expiresIn
})

const lifetimes = [1500, 5000, 20_000, 600_000] as const

/** What the client knows of its session is what the wire says of it. */
const checkToken = (world: World, after: string) =>
  Effect.map(Effect.flatMap(Kuzzle.Kuzzle, ({ token }) => token), (token) => {
    const jwt = Option.getOrUndefined(Option.map(token, ({ value }) => Redacted.value(value)))
    if (!world.sessions.may(jwt)) world.violate("A1", `after a ${after} the client's token is not that of its session`)
  })

export const login = (world: World, user: string, expiresIn: number) =>
  Effect.gen(function*() {
    world.sessions.changing += 1
    const exit = yield* Effect.exit(KuzzleAuth.login(credentials(user, "pw", expiresIn)))
    world.sessions.changing -= 1
    world.host.note("login", 0, `${user} ${Exit.isSuccess(exit) ? "ok" : tagOf(exit.cause)}`)
    yield* checkToken(world, "login")
  })

export const logout = (world: World) =>
  Effect.gen(function*() {
    world.sessions.logsOut()
    const exit = yield* Effect.exit(KuzzleAuth.logout())
    world.sessions.hasLoggedOut()
    world.host.note("logout", 0, Exit.isSuccess(exit) ? "ok" : tagOf(exit.cause))
    yield* checkToken(world, "logout")
  })

const refresh = (world: World) =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(KuzzleAuth.refreshToken())
    world.host.note("refresh", 0, Exit.isSuccess(exit) ? "ok" : tagOf(exit.cause))
    yield* checkToken(world, "refresh")
  })

/** Sets a token by hand that another client has obtained. */
const setToken = (world: World, user: string, expiresIn: number) =>
  Effect.gen(function*() {
    const kuzzle = yield* Kuzzle.Kuzzle
    const jwt = world.desk.mint(user, expiresIn)
    // The server does not answer at the moment.
    if (jwt === undefined) return
    const expiresAt = world.host.wall + expiresIn
    world.sessions.setsToken(jwt, user, expiresAt)
    yield* Effect.orDie(kuzzle.setToken(Option.some({
      value: Redacted.make(jwt),
      expiresAt: Option.some(DateTime.unsafeMake(expiresAt)),
      kuid: Option.some(user)
    })))
    world.sessions.hasSetToken(jwt)
    world.host.note("setToken", 0, user)
    yield* checkToken(world, "setToken")
  })

/** Logs in, as this one and as that one, and out. */
export const visitor = (world: World, services: Services, random: Random): Effect.Effect<void> =>
  Effect.gen(function*() {
    while (!world.quiet) {
      const draw = random.next()
      if (draw < 0.65) yield* login(world, random.pick(["ann", "bob"]), random.pick(lifetimes))
      else if (draw < 0.85) yield* logout(world)
      else if (draw < 0.93) yield* refresh(world)
      else yield* setToken(world, random.pick(["ann", "bob"]), random.pick(lifetimes))
      yield* idle(world, random.pause(5000))
    }
  }).pipe(Effect.provide(services))

/** How the client logs in by itself: as Ann, and not always with success. */
export const authenticator = (world: World, failure: number, random: Random): Kuzzle.Authenticator =>
  Effect.gen(function*() {
    world.host.note("authenticator")
    if (world.sessions.loggedOut) world.violate("A1", "the authenticator is run though somebody has logged out")
    if (random.chance(0.3)) yield* Effect.sleep(random.int(1, 2000))
    const draw = random.next()
    if (draw < failure / 2) return yield* new KuzzleError.AuthenticatorError({ cause: "the vault is closed" })
    return yield* KuzzleAuth.login(credentials("ann", draw < failure ? "wrong" : "pw", random.pick(lifetimes)))
  })
