/** The programs of one of several clients: they hand requests over, read reports, log in and log out. */
import { Kuzzle, KuzzleAuth, KuzzleOutbox } from "@effect-kuzzle/core"
import { type Context, DateTime, Effect, Exit, Option, Redacted, Stream } from "effect"
import { tagOf } from "../programs.ts"
import type { Random } from "../random.ts"
import { index } from "../server.ts"
import type { Client, HandOver, SharedWorld } from "./world.ts"

export type Services = Context.Context<Kuzzle.Kuzzle | KuzzleOutbox.KuzzleOutbox>

type Program = Effect.Effect<void, never, Kuzzle.Kuzzle | KuzzleOutbox.KuzzleOutbox>

// -- requests that are handed over -----------------------------------------------------------------------------------

const requestOf = (random: Random, n: number, idempotent: boolean): Kuzzle.KuzzleRequest => {
  if (idempotent) return { controller: "server", action: "now" }
  return random.chance(0.9)
    ? { controller: "realtime", action: "publish", index, collection: "c1", body: { m: n, k: "a" } }
    // The server refuses it.
    : { controller: "document", action: "get", index, collection: "d", _id: "missing" }
}

const kuidOf = (state: Kuzzle.AuthenticationState): string | undefined =>
  state._tag === "Authenticated" ? Option.getOrUndefined(state.kuid) : undefined

const currentKuid = Effect.map(Effect.flatMap(Kuzzle.Kuzzle, ({ authentication }) => authentication.state), kuidOf)

/** Hands one request over. `undefined`: the client reports that it was not stored. */
const handOverOne = (world: SharedWorld, client: Client, random: Random) =>
  Effect.gen(function*() {
    const poison = world.plan.poison && random.chance(0.03)
    const idempotent = poison || random.chance(0.4)
    const handOver = world.addHandOver({ client: client.id, idempotent, poison })
    const request = requestOf(random, handOver.n, idempotent)
    const timeout = random.pick([undefined, undefined, undefined, 200, 3000])
    const before = yield* currentKuid
    const unchanged = () => client.changing === 0 && client.changedAt < handOver.calledAt
    const receipt = yield* Effect.exit(KuzzleOutbox.handOver(Kuzzle.query(request, {
      volatile: { n: handOver.n, ...(poison ? { poison } : {}) },
      idempotent,
      ...(timeout === undefined ? {} : { timeout })
    })))
    if (Exit.isFailure(receipt)) {
      world.host.note("not handed over", handOver.n, tagOf(receipt.cause))
      return undefined
    }
    handOver.acceptedAt = world.host.now
    world.host.note("accepted", handOver.n, `by client ${client.id}${idempotent ? ", idempotent" : ""}`)
    const sender = handOver.entries.at(-1)?.sender
    const stored = sender?._tag === "User" ? sender.kuid : undefined
    if (before === (yield* currentKuid) && before !== undefined && unchanged() && stored !== before) {
      world.violate("O4", `request ${handOver.n} of ${before} is stored as one of ${stored ?? "anonymous"}`)
    }
    return { handOver, receipt: receipt.value }
  })

const awaitOutcome = (
  world: SharedWorld,
  handOver: HandOver,
  receipt: KuzzleOutbox.Receipt<unknown, { readonly _tag: string }>
) =>
  Effect.suspend(() => {
    handOver.waitedUntil = Infinity
    return receipt.outcome
  }).pipe(Effect.onExit((exit) =>
    Effect.sync(() => {
      handOver.waitedUntil = world.host.now
      const tag = Exit.isSuccess(exit) ? "ok" : tagOf(exit.cause)
      const error = Exit.isFailure(exit) ? Exit.causeOption(exit).pipe(Option.map(reasonOf)) : Option.none()
      handOver.outcome = { at: world.host.now, tag: Option.getOrElse(error, () => tag) }
      world.host.note("outcome", handOver.n, handOver.outcome.tag)
    })
  ))

const reasonOf = (cause: Parameters<typeof tagOf>[0]): string => {
  const error = cause._tag === "Fail" ? cause.error : undefined
  const inner = error !== undefined && "cause" in error ? error.cause : undefined
  const reason = typeof inner === "object" && inner !== null && "reason" in inner ? inner.reason : undefined
  return reason === undefined ? tagOf(cause) : `${tagOf(cause)} ${String(reason)}`
}

/** Hands requests over. Waits for some outcomes, with or without a timeout, and withdraws a few requests. */
export const requester = (world: SharedWorld, client: Client, random: Random): Program =>
  Effect.gen(function*() {
    while (!world.quiet) {
      yield* Effect.sleep(random.pause(world.plan.pace))
      // Callers that wait continue to wait: the fiber that forked them must not end.
      if (world.quiet) return yield* Effect.never
      const own = random.fork()
      const burst = own.chance(0.1) ? own.int(5, 40) : 1
      for (let i = 0; i < burst; i++) yield* Effect.fork(handOverAndFollow(world, client, own.fork()))
    }
  })

const handOverAndFollow = (world: SharedWorld, client: Client, random: Random) =>
  Effect.gen(function*() {
    const one = yield* handOverOne(world, client, random)
    if (one === undefined) return
    const { handOver, receipt } = one
    const draw = random.next()
    if (draw < 0.3) return
    if (draw < 0.75) return yield* Effect.exit(awaitOutcome(world, handOver, receipt))
    yield* Effect.sleep(random.pick([0, 1, 20, 500, 4000]))
    if (draw < 0.85) {
      return yield* Effect.exit(Effect.timeout(awaitOutcome(world, handOver, receipt), random.int(0, 1000)))
    }
    handOver.withdrawing = true
    const withdrawn = yield* Effect.exit(receipt.withdraw)
    if (Exit.isFailure(withdrawn)) return
    handOver.withdrawn = withdrawn.value
    world.host.note("withdrawn", handOver.n, String(withdrawn.value))
  })

// -- reports ---------------------------------------------------------------------------------------------------------

/** Reads reports, forgets some and retries some of the others. */
export const reader = (world: SharedWorld, random: Random): Program =>
  Effect.flatMap(
    KuzzleOutbox.KuzzleOutbox,
    (outbox) =>
      Stream.runForEach(outbox.reports, (report) =>
        Effect.gen(function*() {
          const handOver = world.handOverOf(report.seq)
          world.host.note("report", handOver?.n ?? -1, report.outcome)
          if (random.chance(0.5) || world.quiet) return
          if (random.chance(0.8)) return yield* Effect.exit(outbox.forget([report]))
          // A retry is stored even if its reply is lost.
          if (handOver !== undefined) handOver.retries += 1
          return yield* Effect.exit(outbox.retry(report))
        }))
  )

// -- logins ----------------------------------------------------------------------------------------------------------

const lifetimes = [1500, 5000, 20_000, 600_000] as const

const changing = <A, E, R>(world: SharedWorld, client: Client, what: string, change: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    client.changing += 1
    return Effect.exit(Effect.onExit(change, (exit) =>
      Effect.sync(() => {
        client.changing -= 1
        client.changedAt = world.host.now
        world.host.note(what, client.id, Exit.isSuccess(exit) ? "done" : "failed")
      })))
  })

export const login = (world: SharedWorld, client: Client, user: string, expiresIn: number) =>
  changing(
    world,
    client,
    `login as ${user}`,
    KuzzleAuth.login({
      strategy: "local",
      credentials: { username: user, password: Redacted.make("pw") },
      expiresIn
    })
  )

export const logout = (world: SharedWorld, client: Client) => changing(world, client, "logout", KuzzleAuth.logout())

/** Logs out as on a shared computer: the requests that the user has stored are deleted. */
const logoutAndForget = (world: SharedWorld, client: Client) =>
  changing(world, client, "logout and forget", KuzzleOutbox.logout({ forget: true }))

/** Sets a token by hand that another client has obtained. */
const setToken = (world: SharedWorld, client: Client, random: Random) =>
  changing(
    world,
    client,
    "setToken",
    Effect.flatMap(Kuzzle.Kuzzle, (kuzzle) => {
      const user = random.pick(["ann", "bob"])
      const expiresIn = random.pick(lifetimes)
      const token = world.mint(user, expiresIn)
      if (token === undefined) return Effect.void
      const expiresAt = world.host.wall + expiresIn
      return kuzzle.setToken(Option.some({
        value: Redacted.make(token),
        expiresAt: Option.some(DateTime.unsafeMake(expiresAt)),
        kuid: Option.some(user)
      }))
    })
  )

/** Logs in at the start. If users change, it continues to log in, log out and refresh the session. */
export const visitor = (world: SharedWorld, client: Client, random: Random): Program =>
  Effect.gen(function*() {
    const { session, visits } = world.plan
    // Clients with a shared session only need one login: the others find it.
    if (session === "Token" ? random.chance(0.8) : client.id === 0) {
      yield* login(world, client, random.pick(["ann", "ann", "bob"]), visits ? random.pick(lifetimes) : 3_600_000)
    }
    while (visits && !world.quiet) {
      yield* Effect.sleep(random.pause(3000))
      if (world.quiet) return
      const draw = random.next()
      if (draw < 0.5) yield* login(world, client, random.pick(["ann", "bob"]), random.pick(lifetimes))
      else if (draw < 0.57) yield* logout(world, client)
      else if (draw < 0.7) yield* logoutAndForget(world, client)
      else if (draw < 0.85 || session === "Cookie") {
        yield* changing(world, client, "refresh", KuzzleAuth.refreshToken())
      } else yield* setToken(world, client, random)
    }
  })

/** Watches the user that the client reports, and calls `onEnd` when a session ends without a logout (promise T1). */
export const observer = (
  world: SharedWorld,
  client: Client,
  onEnd: (kuid: string) => void
): Effect.Effect<void, never, Kuzzle.Kuzzle> =>
  Effect.suspend(() => {
    let before: string | undefined
    return Stream.runForEach(KuzzleAuth.states, (state) =>
      Effect.sync(() => {
        const kuid = "kuid" in state ? Option.getOrUndefined(state.kuid) : undefined
        world.host.note("session", client.id, `${state._tag} ${kuid ?? ""}`)
        const isOver = state._tag === "Unauthenticated" || state._tag === "Anonymous"
        if (isOver && before !== undefined && client.changing === 0) onEnd(before)
        before = isOver ? undefined : kuid ?? before
      }))
  })
