/**
 * Sends the requests of the outbox. `protocol/outbox.ts` decides which; here the store, the connection and the callers
 * learn of it. Each step first tells the store, so that a crash between two steps never leads to a second execution.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { NotQueued, NotSentError, OutboxError, type RequestError } from "../KuzzleError.ts"
import type { Claim, Entry, Outcome, Sender, StoredReport } from "../KuzzleOutboxStore.ts"
import * as KuzzleSchedule from "../KuzzleSchedule.ts"
import type { KuzzleRequest, KuzzleResponse, KuzzleShape, RequestOptions } from "./client.ts"
import * as Payload from "./outboxPayload.ts"
import { type Item, Outbox, verdict } from "./protocol/outbox.ts"
import { randomId } from "./randomId.ts"
import * as Delays from "./runtime/delays.ts"
import { notADuration, timeoutOf } from "./runtime/requests.ts"
import { nobody } from "./sender.ts"

/** A request that this client has stored. */
export interface Stored {
  readonly id: string
  /** Its answer or error. */
  readonly answer: Effect.Effect<KuzzleResponse, RequestError>
  /** While this effect waits, the outcome has a reader, so that no report of it is needed. */
  readonly reading: <A, E>(wait: Effect.Effect<A, E>) => Effect.Effect<A, E>
  readonly withdraw: Effect.Effect<boolean, OutboxError>
}

export interface Settings {
  readonly server: string
  readonly ttl: Duration.Duration
}

interface Waiting {
  readonly done: Deferred.Deferred<KuzzleResponse, RequestError>
  readers: number
}

/** How long closing waits for the answers to requests in flight. */
const drainTimeout = Duration.seconds(5)

/** Timers hold 31 bits. */
const maxDelay = 2 ** 31 - 1

type Answer = Exit.Exit<KuzzleResponse, RequestError>

export const make = (
  kuzzle: KuzzleShape,
  claim: Claim,
  settings: Settings
): Effect.Effect<Pump, never, Scope.Scope> =>
  Effect.gen(function*() {
    const sends = yield* FiberSet.make<void>()
    const pump = new Pump(
      kuzzle,
      claim,
      settings,
      sends,
      yield* Queue.sliding<void>(1),
      yield* PubSub.sliding<void>(1),
      yield* PubSub.sliding<OutboxError>({ capacity: 16, replay: 16 })
    )
    yield* Effect.addFinalizer(() => pump.drain)
    yield* Effect.forkScoped(Effect.forever(pump.turn))
    const again = () => pump.changed
    yield* Effect.forkScoped(Stream.runForEach(kuzzle.states, again))
    yield* Effect.forkScoped(Stream.runForEach(kuzzle.authentication.states, again))
    yield* Effect.forkScoped(Stream.runForEach(claim.changes, () => pump.othersChanged))
    return pump
  })

export class Pump {
  private readonly outbox = new Outbox()
  private readonly waiting = new Map<string, Waiting>()
  private readonly delays = Delays.make<void>(KuzzleSchedule.reconnect())
  /** Nothing is sent before (milliseconds since the epoch): the store, the server or the network has just failed. */
  private resumeAt = 0
  /** Something may have been left for these senders. */
  private adoptDue = true
  private senders: ReadonlyArray<Sender> = []

  constructor(
    private readonly kuzzle: KuzzleShape,
    private readonly claim: Claim,
    private readonly settings: Settings,
    private readonly sends: FiberSet.FiberSet<void>,
    private readonly wakes: Queue.Queue<void>,
    private readonly reported: PubSub.PubSub<void>,
    private readonly failures: PubSub.PubSub<OutboxError>
  ) {}

  readonly pending: Effect.Effect<ReadonlyArray<Entry>> = Effect.sync(() => this.outbox.all())

  get failed(): Stream.Stream<OutboxError> {
    return Stream.fromPubSub(this.failures)
  }

  /** Those in the store, then every new one, each once. */
  readonly reports: Stream.Stream<StoredReport> = Stream.suspend(() => {
    let shown: ReadonlySet<string> = new Set()
    return Stream.unwrapScoped(
      Effect.map(
        Stream.fromPubSub(this.reported, { scoped: true }),
        (signals) => Stream.concat(Stream.succeed(undefined), signals)
      )
    ).pipe(
      Stream.mapEffect(() => this.tried(this.claim.reports(this.settings.server), undefined)),
      Stream.mapConcat((reports = []) => {
        const fresh = reports.filter(({ seq }) => !shown.has(seq))
        shown = new Set(reports.map(({ seq }) => seq))
        return fresh
      })
    )
  })

  // ---------------------------------------------------------------------------------------------------------------
  // what callers ask for
  // ---------------------------------------------------------------------------------------------------------------

  store(request: KuzzleRequest, options: RequestOptions = {}): Effect.Effect<Stored, OutboxError> {
    return Effect.gen(this, function*() {
      const payload = yield* Payload.write(request, options)
      const timeout = timeoutOf(options, Infinity)
      if (timeout === undefined) return yield* invalid(notADuration(options))
      const sender = options.as ?? (options.anonymous === true ? nobody : yield* this.currentUser)
      const entry = yield* this.entry({ sender, payload, idempotent: options.idempotent === true }, timeout)
      const done = yield* Deferred.make<KuzzleResponse, RequestError>()
      const waiting: Waiting = { done, readers: 0 }
      this.waiting.set(entry.id, waiting)
      yield* Effect.tapErrorCause(this.add([entry]), () => Effect.sync(() => this.waiting.delete(entry.id)))
      return {
        id: entry.id,
        answer: Deferred.await(waiting.done),
        reading: (wait) =>
          Effect.acquireUseRelease(
            Effect.sync(() => void (waiting.readers += 1)),
            () => wait,
            () => Effect.sync(() => void (waiting.readers -= 1))
          ),
        withdraw: this.withdraw(entry.id)
      }
    })
  }

  retry({ entry, seq }: StoredReport): Effect.Effect<void, OutboxError> {
    if (entry === undefined) return invalid("the report is of an unreadable record, so there is no request to send")
    return Effect.gen(this, function*() {
      yield* this.add([yield* this.entry(entry, Infinity)])
      yield* this.claim.forget([seq])
    })
  }

  /** Everything that waits for this sender ends, and its reports. */
  purge(sender: Sender): Effect.Effect<number, OutboxError> {
    return Effect.uninterruptible(Effect.gen(this, function*() {
      const purged = yield* this.claim.purge(this.settings.server, sender)
      for (const item of this.outbox.purge(sender)) yield* this.answer(item, notSent(item.entry, "Withdrawn"))
      return purged
    }))
  }

  private withdraw(id: string): Effect.Effect<boolean, OutboxError> {
    return Effect.uninterruptible(Effect.suspend(() => {
      const item = this.outbox.withdraw(id)
      if (item === undefined) return Effect.succeed(false)
      const deleted = item.stored === "Deleted" ? Effect.succeed(true) : this.claim.settle(item.entry.seq)
      return deleted.pipe(
        Effect.tapErrorCause(() => Effect.sync(() => this.outbox.keep(item))),
        Effect.tap((ours) => this.answer(item, notSent(item.entry, ours ? "Withdrawn" : "OtherClient")))
      )
    }))
  }

  private readonly currentUser: Effect.Effect<Sender, OutboxError> = Effect.suspend(() =>
    // While the session begins or is renewed, nobody knows yet who it is.
    Stream.runHead(
      Stream.filter(this.kuzzle.authentication.states, (state) => state._tag !== "Renewing" || state.kuid !== undefined)
    )
  ).pipe(Effect.flatMap(Option.match({
    onNone: () => invalid("the client was closed"),
    onSome: (state) => {
      if (state._tag === "Anonymous") return Effect.succeed(nobody)
      if (state._tag !== "Unauthenticated" && state.kuid !== undefined) {
        return Effect.succeed<Sender>({ _tag: "User", kuid: state.kuid })
      }
      return invalid(
        state._tag === "Unauthenticated"
          ? "the session is over, so the request has no user: log in first"
          : "the token does not say whose it is: log in with a token that has a kuid"
      )
    }
  })))

  private entry(
    { idempotent, payload, sender }: Pick<Entry, "idempotent" | "payload" | "sender">,
    timeout: number
  ) {
    return Effect.gen(this, function*() {
      const queuedAt = yield* Clock.currentTimeMillis
      const wait = Math.min(timeout, Duration.toMillis(this.settings.ttl))
      // JSON has no infinity.
      const sendBy = Math.min(queuedAt + wait, Number.MAX_SAFE_INTEGER)
      // 80 random bits, so that no two clients give the same id.
      const id = `${queuedAt.toString(36)}-${yield* randomId}${yield* randomId}`
      return { id, server: this.settings.server, sender, idempotent, queuedAt, sendBy, payload }
    })
  }

  private add(entries: ReadonlyArray<Effect.Effect.Success<ReturnType<Pump["entry"]>>>) {
    return Effect.uninterruptible(Effect.gen(this, function*() {
      const stored = yield* this.claim.add(entries)
      this.outbox.accept(stored, yield* Clock.currentTimeMillis)
      yield* this.wake
    }))
  }

  // ---------------------------------------------------------------------------------------------------------------
  // what is due
  // ---------------------------------------------------------------------------------------------------------------

  private readonly wake = Effect.suspend(() => Queue.offer(this.wakes, undefined))

  /** The connection or the user may be another. */
  readonly changed = Effect.suspend(() => {
    this.resumeAt = 0
    return this.wake
  })

  readonly othersChanged = Effect.suspend(() => {
    this.adoptDue = true
    return Effect.zipRight(PubSub.publish(this.reported, undefined), this.wake)
  })

  /** Waits until there may be something to do, and does it. */
  readonly turn: Effect.Effect<void> = Effect.suspend(() =>
    Effect.zipRight(this.untilDue, Effect.uninterruptible(this.step))
  )

  private readonly untilDue = Effect.gen(this, function*() {
    const now = yield* Clock.currentTimeMillis
    const due = Math.min(this.outbox.nextDeadline(), this.resumeAt > now ? this.resumeAt : Infinity)
    const woken = Queue.take(this.wakes)
    if (due === Infinity) return yield* woken
    yield* Effect.timeoutOption(woken, Math.min(Math.max(due - now, 0), maxDelay))
  })

  private readonly step = Effect.gen(this, function*() {
    const now = yield* Clock.currentTimeMillis
    for (const item of this.outbox.expire(now)) yield* this.end(item, notSent(item.entry, "Expired"), "Expired")
    yield* this.turns
    if (this.resumeAt > now) return
    if (this.adoptDue) yield* this.adopt
    if ((yield* this.kuzzle.state)._tag === "Ready") yield* this.send(this.outbox.next(this.senders))
  })

  /** Finds out whose requests can be sent now, and releases those of others if the user is known to have changed. */
  private readonly turns = Effect.gen(this, function*() {
    const state = yield* this.kuzzle.authentication.state
    // A cookie goes with every request, a token can be left out.
    const hasToken = Option.isSome(yield* this.kuzzle.token)
    const before = this.senders
    this.senders = [
      ...(state._tag === "Authenticated" && state.kuid !== undefined
        ? [{ _tag: "User", kuid: state.kuid } as const]
        : []),
      ...(state._tag === "Anonymous" || hasToken ? [nobody] : [])
    ]
    if (JSON.stringify(before) !== JSON.stringify(this.senders)) this.adoptDue = true
    if (state._tag !== "Authenticated" && state._tag !== "Anonymous") return
    const others = this.outbox.others(this.senders)
    if (others.length === 0) return
    // If this fails, they stay this client's until it closes: then the store releases them.
    yield* this.tried(this.claim.release(others.map(({ entry }) => entry.seq)), undefined)
    for (const item of others) yield* this.answer(item, notSent(item.entry, "OtherUser"))
  })

  private readonly adopt = Effect.gen(this, function*() {
    this.adoptDue = false
    for (const sender of this.senders) {
      const adopted = yield* this.tried(this.claim.adopt(this.settings.server, sender), undefined)
      if (adopted === undefined) {
        this.adoptDue = true
        return yield* this.pause
      }
      this.outbox.accept(adopted.entries, yield* Clock.currentTimeMillis)
      if (adopted.entries.length > 0) yield* this.wake
      if (adopted.reports.length > 0) yield* PubSub.publish(this.reported, undefined)
    }
  })

  // ---------------------------------------------------------------------------------------------------------------
  // sending
  // ---------------------------------------------------------------------------------------------------------------

  private send(items: ReadonlyArray<Item>) {
    return Effect.gen(this, function*() {
      if (items.length === 0) return
      const ready = yield* this.mark(items.filter(({ stored }) => stored === "Queued"))
      for (const item of items) {
        const stored = item.stored === "Queued" ? ready.get(item.entry.id) : item.stored
        if (stored === "Queued") this.outbox.returned(item.entry.id, "Queued")
        else if (stored === undefined) yield* this.answer(item, notSent(item.entry, "OtherClient"))
        else yield* FiberSet.run(this.sends, Effect.interruptible(this.exchange({ ...item, stored })))
      }
      // There may be room for more.
      yield* this.wake
    })
  }

  /**
   * How the store has each request now; those left out belong to another client. What cannot be marked is deleted, so
   * that nobody sends it a second time. What cannot be deleted either stays queued.
   */
  private mark(items: ReadonlyArray<Item>): Effect.Effect<ReadonlyMap<string, Item["stored"]>> {
    if (items.length === 0) return Effect.succeed(new Map())
    return Effect.matchEffect(this.claim.mark(items.map(({ entry }) => entry.seq)), {
      onSuccess: (marked) =>
        Effect.succeed(
          new Map(items.filter(({ entry }) => marked.has(entry.seq)).map(({ entry }) => [entry.id, "Sending"]))
        ),
      onFailure: (error) => Effect.zipRight(this.fail(error), this.deleteAll(items))
    })
  }

  private deleteAll(items: ReadonlyArray<Item>) {
    return Effect.gen(this, function*() {
      const ready = new Map<string, Item["stored"]>()
      for (const { entry } of items) {
        const deleted = yield* this.tried(this.claim.settle(entry.seq), undefined)
        if (deleted === undefined) yield* this.pause
        if (deleted !== false) ready.set(entry.id, deleted === undefined ? "Queued" : "Deleted")
      }
      return ready
    })
  }

  private exchange(item: Item): Effect.Effect<void> {
    const { payload, sender } = item.entry
    const read = Payload.read(payload)
    if (read === undefined) {
      return this.end(item, notSent(item.entry, "Withdrawn"), "Unreadable")
    }
    const query = this.kuzzle.query(read.request, { ...read.options, as: sender, queuable: false })
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.exit(restore(query)), (answer) => this.answered(item, answer))
    )
  }

  private answered(item: Item, answer: Answer): Effect.Effect<void> {
    const { id } = item.entry
    if (Exit.isSuccess(answer)) {
      this.delays.reset()
      return this.end(item, answer)
    }
    const error = Option.getOrUndefined(Cause.failureOption(answer.cause))
    // The client is closing: the store decides.
    if (error === undefined && Cause.isInterrupted(answer.cause)) return Effect.void
    switch (error === undefined ? "Unknown" : verdict(error)) {
      case "NotSent":
        return this.again(item, false)
      case "Lost":
        return this.outbox.lost(id) ? this.again(item, true) : this.end(item, answer, "MaybeSent")
      case "Unknown":
        return this.end(item, answer, "MaybeSent")
      case "Rejected":
        return this.end(item, answer, "Rejected")
    }
  }

  /** It waits again, when the store knows it. */
  private again(item: Item, lost: boolean): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      const { entry, stored } = item
      this.outbox.notSent(entry.id)
      if (stored === "Deleted") {
        const added = yield* this.tried(this.claim.add([entry]), undefined)
        this.outbox.returned(entry.id, added === undefined ? "Deleted" : "Queued", added?.[0]?.seq)
      } else {
        const requeued = yield* this.tried(Effect.as(this.claim.requeue([entry.seq], lost), true), false)
        // Marked as it is still, it can be sent again by this client only.
        this.outbox.returned(entry.id, requeued ? "Queued" : "Sending")
      }
      // Without a connection there is a pause already.
      if ((yield* this.kuzzle.state)._tag === "Ready") yield* this.pause
      yield* this.wake
    })
  }

  /** The request has ended: the store deletes it, and keeps a report if nobody reads its outcome. */
  private end(item: Item, answer: Answer, outcome?: Outcome): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      const { entry, stored } = item
      const report = outcome === undefined || (this.waiting.get(entry.id)?.readers ?? 0) > 0
        ? undefined
        : { outcome, detail: outcome === "Rejected" ? detailOf(answer) : undefined }
      // If this fails, it stays marked, so that nobody sends it again.
      if (stored !== "Deleted") yield* this.tried(this.claim.settle(entry.seq, report), false)
      yield* this.answer(item, answer)
      if (report !== undefined) yield* PubSub.publish(this.reported, undefined)
    })
  }

  private answer({ entry }: Item, answer: Answer): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.outbox.ended(entry.id)
      const waiting = this.waiting.get(entry.id)
      this.waiting.delete(entry.id)
      return Effect.zipRight(
        waiting === undefined ? Effect.void : Deferred.done(waiting.done, answer),
        this.wake
      )
    })
  }

  private readonly pause = Effect.gen(this, function*() {
    const delay = yield* this.delays.next()
    this.resumeAt = (yield* Clock.currentTimeMillis) + (delay ?? 0)
    yield* this.wake
  })

  private readonly fail = (error: OutboxError) => PubSub.publish(this.failures, error)

  private tried<A, B>(effect: Effect.Effect<A, OutboxError>, otherwise: B): Effect.Effect<A | B> {
    return Effect.catchAll(effect, (error) => Effect.as(this.fail(error), otherwise))
  }

  /** No request is marked any more; those in flight may be answered. The store releases what is left when it is closed. */
  readonly drain: Effect.Effect<void> = Effect.suspend(() =>
    Effect.timeoutOption(Effect.interruptible(FiberSet.awaitEmpty(this.sends)), drainTimeout)
  ).pipe(
    Effect.zipRight(Effect.suspend(() => {
      const unstored = this.outbox.unstored().map(({ entry }) => entry)
      return unstored.length === 0 ? Effect.void : this.tried(this.claim.add(unstored), undefined)
    })),
    Effect.asVoid
  )
}

const invalid = (issue: string) => Effect.fail(new OutboxError({ operation: "add", reason: "Invalid", issue }))

const notSent = ({ payload }: Entry, reason: NotQueued["reason"]): Answer => {
  const { action = "(unreadable)", controller = "(unreadable)" } = Payload.read(payload)?.request ?? {}
  return Exit.fail(new NotSentError({ controller, action, cause: new NotQueued({ reason }) }))
}

const detailOf = (answer: Answer): string | undefined =>
  Exit.isFailure(answer) ? Option.getOrUndefined(Cause.failureOption(answer.cause))?.message : undefined
