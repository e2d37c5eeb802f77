/** The programs of the client's users, drawn from the seed. What each of them gets is recorded. */
import { Kuzzle, KuzzleAuth, KuzzleError, type KuzzleFilter, KuzzleRealtime } from "@effect-kuzzle/core"
import { Cause, Chunk, type Context, DateTime, Effect, Exit, Fiber, Option, Redacted, Scope, Stream } from "effect"
import { type Answer, type ConsumerRecord, type Element, filters, keyOf, type RequestRecord } from "./history.ts"
import type { Random } from "./random.ts"
import { index } from "./server.ts"
import type { World } from "./world.ts"

export type Services = Context.Context<Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime>

// -- requests --------------------------------------------------------------------------------------------------------

interface Draft {
  readonly kind: string
  readonly request: (n: number) => Kuzzle.KuzzleRequest
  readonly idempotent: boolean
  readonly anonymous?: boolean
}

const drawRequest = (random: Random): Draft => {
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
  // JSON cannot encode a bigint.
  return {
    kind: "bad",
    idempotent: false,
    request: () => ({ controller: "document", action: "create", index, collection: "d", body: { n: 1n } })
  }
}

const addRecord = (
  world: World,
  { anonymous, idempotent, kind }: Draft,
  timeout: number | undefined,
  group: number
): RequestRecord => {
  const record: RequestRecord = {
    n: world.history.requests.length,
    kind,
    startedAt: world.host.now,
    timeout: timeout ?? world.plan.settings.requestTimeout,
    idempotent,
    anonymous: anonymous === true,
    user: anonymous === true ? undefined : world.sessions.user,
    mayBeAnonymous: world.sessions.mayUse(undefined),
    group,
    writes: [],
    executed: 0,
    answers: [],
    settledAt: undefined,
    exit: undefined
  }
  world.history.requests.push(record)
  return record
}

const settle = (world: World, record: RequestRecord, exit: Exit.Exit<Answer, KuzzleError.RequestError>): void => {
  world.host.note("settle", record.n, Exit.isSuccess(exit) ? "ok" : tagOf(exit.cause))
  if (record.settledAt !== undefined) world.violate("R1", `request ${record.n} settled twice`)
  if (record.group < 0 && notQueued(exit) === "Full") {
    // Requests of the same instant may have settled first.
    const waiting = world.history.requests.filter((other) =>
      other !== record && (other.settledAt === undefined || other.settledAt === world.host.now)
    ).length
    if (waiting < (world.plan.queue?.maxSize ?? Infinity)) {
      world.violate("L2", `the queue is full with ${waiting} requests`)
    }
  }
  record.settledAt = world.host.now
  record.exit = exit
}

/** Why a request was not queued, or was removed from the queue. */
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

const sendOne = (world: World, kuzzle: Kuzzle.KuzzleShape, random: Random) =>
  Effect.suspend(() => {
    const draft = drawRequest(random)
    const timeout = random.pick(timeouts)
    const record = addRecord(world, draft, timeout, -1)
    return kuzzle.query(draft.request(record.n), {
      volatile: { n: record.n },
      idempotent: draft.idempotent,
      ...(timeout === undefined ? {} : { timeout }),
      ...(draft.anonymous === true ? { anonymous: true } : {})
    }).pipe(
      Effect.onExit((exit) => Effect.sync(() => settle(world, record, exit))),
      Effect.exit
    )
  })

/** Sends several requests in one call. */
const sendMany = (world: World, kuzzle: Kuzzle.KuzzleShape, random: Random) =>
  Effect.suspend(() => {
    const timeout = random.pick(timeouts)
    const group = random.int(2, 5)
    const drafts = Array.from({ length: group }, () => drawRequest(random))
    const first = world.history.requests.length
    const calls = drafts.map((draft) => ({
      draft,
      record: addRecord(world, { ...draft, idempotent: false, anonymous: false }, timeout, first)
    }))
    // The number is an argument of each request: the options, with the volatile data, are shared by all.
    const requests = calls.map(({ draft, record }) => ({ ...draft.request(record.n), n: record.n }))
    return kuzzle.queryMany(requests, timeout === undefined ? {} : { timeout }).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          calls.forEach(({ record }, i) => {
            const none = Exit.die("no outcome at this place")
            settle(world, record, Exit.isSuccess(exit) ? exit.value[i] ?? none : Exit.failCause(exit.cause))
          })
        })
      ),
      Effect.exit
    )
  })

/** Sends requests, and interrupts some of them. */
export const requester = (world: World, services: Services, random: Random): Effect.Effect<void> =>
  Effect.gen(function*() {
    const kuzzle = yield* Kuzzle.Kuzzle
    const running: Array<Fiber.RuntimeFiber<unknown>> = []
    while (!world.quiet) {
      yield* Effect.sleep(random.pause(world.plan.pace))
      if (world.quiet) break
      const own = random.fork()
      const send: Effect.Effect<unknown> = own.chance(0.85) ? sendOne(world, kuzzle, own) : sendMany(world, kuzzle, own)
      const fiber = yield* Effect.fork(send)
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

const note = (world: World, consumer: ConsumerRecord, notification: KuzzleRealtime.Notification): void => {
  const { host } = world
  if (consumer.closedAt !== undefined) {
    world.violate("S2", `consumer ${consumer.id} got a notification after its end`)
  }
  const element = elementOf(notification, host.now)
  if (element === undefined) return
  host.note("receive", consumer.id, element._tag === "Message" ? String(element.m) : `${element._tag}`)
  consumer.elements.push(element)
  if (element._tag !== "Message" || consumer.slow) return
  // A consumer receives a message when it arrives, or when its subscription is confirmed if that is later (S3, S7).
  const arrived = world.history.arrivals.get(element.m)?.includes(host.now) === true
  if (!arrived && world.history.confirmations.at(-1) !== host.now) {
    world.violate("S7", `consumer ${consumer.id} received message ${element.m} late`)
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

/** Opens a subscription and records its notifications, until its scope is closed. */
const listen = (world: World, random: Random, { filter, handler, options, slow }: Wanted, scope: Scope.Scope) =>
  Effect.gen(function*() {
    const realtime = yield* KuzzleRealtime.KuzzleRealtime
    const consumer: ConsumerRecord = {
      id: world.history.consumers.length,
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
    world.history.consumers.push(consumer)
    world.host.note("listen", consumer.id, consumer.key)
    const ended = (exit: Exit.Exit<unknown, { readonly _tag: string }>) =>
      Effect.sync(() => {
        consumer.ended ??= { at: world.host.now, tag: Exit.isSuccess(exit) ? "End" : tagOf(exit.cause) }
        world.host.note("ended", consumer.id, consumer.ended.tag)
      })
    const opened = Effect.sync(() => {
      consumer.openedAt = world.host.now
      // The first consumer also gets what the server sent before it confirmed (S3). A later one gets only what follows.
      const confirmed = world.network.live?.bases.get(consumer.key)
      const first = confirmed?.at === world.host.now && consumer.acquiredAt < confirmed.at
      consumer.base = first ? confirmed.base : world.history.messages.length
      world.host.note("opened", consumer.id)
    })
    const openTimeout = random.chance(0.1) ? random.int(1, 3000) : Infinity
    /** Another fiber consumes the stream. Closing the subscription must end that fiber. */
    const consume: Effect.Effect<Listening["fiber"], KuzzleError.RequestError, Scope.Scope> = handler
      ? realtime.listen(
        options,
        (notification) => note(world, consumer, notification),
        KuzzleRealtime.callHandler
      ).pipe(
        Effect.tap(opened),
        Effect.flatMap(({ ended: end }) => Effect.forkDaemon(Effect.onExit(end, ended)))
      )
      : realtime.open(options, KuzzleRealtime.openStream).pipe(
        Effect.tap(opened),
        Effect.flatMap((stream) =>
          Effect.forkDaemon(Effect.onExit(
            Stream.runForEachChunk(stream, (chunk) => {
              // Beside the messages, at most a gap that was dropped from the buffer and the gap of the overflow.
              if (chunk.length > consumer.capacity + 2) {
                world.violate(
                  "L2",
                  `consumer ${consumer.id} with a buffer of ${consumer.capacity} got ${chunk.length} notifications at once`
                )
              }
              for (const notification of Chunk.toReadonlyArray(chunk)) note(world, consumer, notification)
              return slow ? Effect.sleep(random.int(100, slowest)) : Effect.void
            }),
            ended
          ))
        )
      )
    const opening = Scope.extend(consume, scope)
    const result = yield* Effect.exit(
      openTimeout < Infinity ? Effect.timeoutOption(opening, openTimeout) : Effect.asSome(opening)
    )
    if (Exit.isFailure(result)) {
      yield* ended(result)
      return undefined
    }
    if (Option.isNone(result.value)) {
      consumer.closing = true
      consumer.closedAt = world.host.now
      consumer.ended ??= { at: world.host.now, tag: "Timeout" }
      return undefined
    }
    return { consumer, fiber: result.value.value }
  })

/** Opens and closes one subscription after the other. The last one stays open. */
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
  readonly consumer: ConsumerRecord
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  readonly scope: Scope.CloseableScope
}

export const close = (world: World, { fiber, consumer, scope }: Listening): Effect.Effect<void> =>
  Effect.gen(function*() {
    consumer.closing = true
    yield* Scope.close(scope, Exit.void)
    consumer.closedAt = world.host.now
    world.host.note("close", consumer.id)
    if (consumer.slow) return
    world.host.turnEnds.push(() => {
      if (fiber.unsafePoll() === null) {
        world.violate("S2", `consumer ${consumer.id} continues after its scope was closed`)
      }
    })
  })

/** Sleeps, until the programs must stop at the latest. */
const idle = (world: World, duration: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const until = world.host.now + duration
    // In whole milliseconds: a sum of fractions may stay below `until` forever.
    while (world.host.now < until && !world.quiet) yield* Effect.sleep(Math.min(500, Math.ceil(until - world.host.now)))
  })

// -- logins ----------------------------------------------------------------------------------------------------------

const credentials = (user: string, password: string, expiresIn: number): KuzzleAuth.LoginOptions => ({
  strategy: "local",
  credentials: { username: user, password: Redacted.make(password) },
  expiresIn
})

const lifetimes = [1500, 5000, 20_000, 600_000] as const

/** The client's token is the one that the wire shows for its session. */
const checkToken = (world: World, after: string) =>
  Effect.map(Effect.flatMap(Kuzzle.Kuzzle, ({ token }) => token), (token) => {
    const jwt = Option.getOrUndefined(Option.map(token, ({ value }) => Redacted.value(value)))
    if (!world.sessions.mayUse(jwt)) {
      world.violate("A1", `after a ${after} the client's token is not that of its session`)
    }
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
    world.sessions.beginLogout()
    const exit = yield* Effect.exit(KuzzleAuth.logout())
    world.sessions.endLogout()
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
    const jwt = world.faultyServer.mint(user, expiresIn)
    // The server does not answer at the moment.
    if (jwt === undefined) return
    const expiresAt = world.host.wall + expiresIn
    world.sessions.beginSetToken(jwt, user, expiresAt)
    yield* Effect.orDie(kuzzle.setToken(Option.some({
      value: Redacted.make(jwt),
      expiresAt: Option.some(DateTime.unsafeMake(expiresAt)),
      kuid: Option.some(user)
    })))
    world.sessions.endSetToken(jwt)
    world.host.note("setToken", 0, user)
    yield* checkToken(world, "setToken")
  })

/** Logs in as one of two users, logs out, refreshes and sets tokens. */
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

/** The client's authenticator. It logs in as Ann, and fails at times. */
export const authenticator = (world: World, failure: number, random: Random): Kuzzle.Authenticator =>
  Effect.gen(function*() {
    world.host.note("authenticator")
    if (world.sessions.loggedOut) world.violate("A1", "the authenticator runs after a logout")
    if (random.chance(0.3)) yield* Effect.sleep(random.int(1, 2000))
    const draw = random.next()
    if (draw < failure / 2) return yield* new KuzzleError.AuthenticatorError({ cause: "the vault is closed" })
    return yield* KuzzleAuth.login(credentials("ann", draw < failure ? "wrong" : "pw", random.pick(lifetimes)))
  })
