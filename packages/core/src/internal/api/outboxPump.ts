/**
 * Sends the requests of the outbox. `protocol/outbox.ts` decides which. This module informs the store, the connection and
 * the callers. Each step is stored first, so that a crash between two steps never leads to a second execution.
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { DeadlineError, NotQueuedError, NotSentError, OutboxError, type RequestError } from "../../KuzzleError.ts"
import type { Adopted, Claim, Entry, Outcome, Sender, StoredReport } from "../../KuzzleOutboxStore.ts"
import * as KuzzleSchedule from "../../KuzzleSchedule.ts"
import type {
  AuthenticationState,
  KuzzleRequest,
  KuzzleResponse,
  KuzzleShape,
  RequestOptions
} from "../client/client.ts"
import { anonymous } from "../data/sender.ts"
import { type Item, Outbox, verdict } from "../protocol/outbox.ts"
import { window } from "../protocol/suspects.ts"
import { Broadcast } from "../runtime/broadcast.ts"
import { Delays } from "../runtime/delays.ts"
import { notADuration, timeoutOf } from "../runtime/requests.ts"
import type { Bounded } from "../services/outboxBound.ts"
import { randomId } from "../services/randomId.ts"
import * as Timer from "../services/timer.ts"
import * as Payload from "./outboxPayload.ts"

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

/** See `KuzzleOutbox.OutboxEvent`. */
export type Event =
  | { readonly _tag: "HandedOver"; readonly entry: Entry }
  | { readonly _tag: "Adopted"; readonly count: number }
  | { readonly _tag: "Sent"; readonly entry: Entry }
  | { readonly _tag: "Settled"; readonly entry: Entry; readonly outcome: Outcome | "Answered" | "Withdrawn" }
  | { readonly _tag: "Reported"; readonly entry: Entry | undefined; readonly outcome: Outcome }
  | { readonly _tag: "StoreFailed"; readonly error: OutboxError }

interface Waiting {
  readonly done: Deferred.Deferred<KuzzleResponse, RequestError>
  readers: number
}

/** How long closing waits for the answers to requests in flight. */
const drainTimeout = Duration.seconds(5)

/** Milliseconds until a change that the store has failed to make is tried again. */
const retryDelay = 10_000

type Answer = Exit.Exit<KuzzleResponse, RequestError>

export const make = (
  kuzzle: KuzzleShape,
  claim: Claim,
  bounded: Bounded,
  settings: Settings
): Effect.Effect<Pump, never, Scope.Scope> =>
  Effect.gen(function*() {
    const timer = yield* Timer.make(() => pump.ring())
    const pump: Pump = new Pump(
      kuzzle,
      claim,
      bounded,
      settings,
      yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.parallel),
      yield* Queue.sliding<void>(1),
      timer
    )
    yield* Effect.addFinalizer(() => pump.drain)
    yield* Effect.forkScoped(Effect.forever(pump.turn))
    const onChange = () => pump.changed
    yield* Effect.forkScoped(Stream.runForEach(kuzzle.states, onChange))
    yield* Effect.forkScoped(Stream.runForEach(kuzzle.authentication.states, onChange))
    yield* Effect.forkScoped(Stream.runForEach(claim.changes, () => pump.othersChanged))
    return pump
  })

export class Pump {
  private readonly outbox = new Outbox()
  private readonly waiting = new Map<string, Waiting>()
  private readonly sends = new Set<Fiber.RuntimeFiber<void>>()
  private readonly broadcast = new Broadcast<Event>()
  /** The reports may have changed: their readers look at once. */
  private readonly reported = new Broadcast<void>(() => {})
  /** The same for the pending requests. */
  private readonly moved = new Broadcast<void>(() => {})
  private readonly delays = new Delays<void>(KuzzleSchedule.reconnect())
  /**
   * Nothing is sent before this time, after a failure of the store, the server or the network. All pauses use
   * `Timer.now`, because the wall clock may be set.
   */
  private resumeAt = -Infinity
  /** Changes that the store has failed to make, and when they are tried again. */
  private owed: Array<Effect.Effect<void>> = []
  private repayAt = Infinity
  /** The earliest of these times: the timer is set for it. */
  private due = { deadline: Infinity, pause: Infinity }
  /** The store may hold requests of these senders. */
  private adoptDue = true
  private senders: ReadonlyArray<Sender> = []

  constructor(
    private readonly kuzzle: KuzzleShape,
    private readonly claim: Claim,
    private readonly within: Bounded,
    private readonly settings: Settings,
    /** Requests in flight end with it. */
    private readonly scope: Scope.Scope,
    private readonly wakes: Queue.Queue<void>,
    private readonly timer: Timer.Timer
  ) {}

  readonly pending: Effect.Effect<ReadonlyArray<Entry>> = Effect.sync(() => this.outbox.all())

  get events(): Stream.Stream<Event> {
    return this.broadcast.stream
  }

  readonly pendingStates = this.looking(this.moved, Effect.map(this.pending, Chunk.of))

  private readonly storedReports = Effect.suspend(() =>
    this.bounded("report", this.claim.reports(this.settings.server))
  ).pipe(
    Effect.tapError((error) => error.reason === "Timeout" ? Effect.void : this.fail(error)),
    Effect.retry(KuzzleSchedule.reconnect()),
    // This schedule does not end.
    Effect.orElseSucceed((): ReadonlyArray<StoredReport> => [])
  )

  /** The reports in the store, then every new one, each once. */
  readonly reports: Stream.Stream<StoredReport> = Stream.suspend(() => {
    let published: ReadonlySet<string> = new Set()
    const fresh = Effect.map(this.storedReports, (reports) => {
      const fresh = reports.filter(({ seq }) => !published.has(seq))
      published = new Set(reports.map(({ seq }) => seq))
      return Chunk.unsafeFromArray(fresh)
    })
    return this.looking(this.reported, fresh)
  })

  readonly reportStates = this.looking(this.reported, Effect.map(this.storedReports, Chunk.of))

  /** The value now, and again whenever it may have changed. */
  private looking<A>(when: Broadcast<void>, look: Effect.Effect<Chunk.Chunk<A>>): Stream.Stream<A> {
    return Stream.suspend(() => Stream.mapChunksEffect(when.stream, () => look))
  }

  // ---------------------------------------------------------------------------------------------------------------
  // what callers ask for
  // ---------------------------------------------------------------------------------------------------------------

  store(request: KuzzleRequest, options: RequestOptions = {}): Effect.Effect<Stored, OutboxError> {
    return Effect.gen(this, function*() {
      const payload = yield* Payload.write(request, options)
      const timeout = timeoutOf(options, Infinity)
      if (timeout === undefined) return yield* invalid(notADuration(options))
      const sender = options.as ?? (options.anonymous === true ? anonymous : yield* this.currentUser)
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
      yield* this.forget([{ seq }])
    })
  }

  forget(reports: ReadonlyArray<Pick<StoredReport, "seq">>): Effect.Effect<void, OutboxError> {
    const forgetting = Effect.tap(
      this.claim.forget(reports.map(({ seq }) => seq)),
      () => this.reported.publish()
    )
    return this.bounded("report", forgetting)
  }

  /** Ends all waiting requests of this sender, and discards its reports. */
  purge(sender: Sender): Effect.Effect<number, OutboxError> {
    return this.bounded(
      "purge",
      Effect.gen(this, function*() {
        const purged = yield* this.claim.purge(this.settings.server, sender)
        this.reported.publish()
        for (const item of this.outbox.purge(sender)) yield* this.withdrawn(item)
        return purged
      })
    )
  }

  private withdraw(id: string): Effect.Effect<boolean, OutboxError> {
    return Effect.suspend(() => {
      const item = this.outbox.withdraw(id)
      if (item === undefined) return Effect.succeed(false)
      return this.bounded(
        "settle",
        this.claim.withdraw(item.entry.seq).pipe(
          Effect.tapErrorCause(() => Effect.sync(() => this.outbox.keep(item))),
          Effect.tap((withdrawn) =>
            withdrawn
              ? this.withdrawn(item)
              // Another client has sent it, or owns it. The next mark says whether it still does.
              : Effect.zipRight(Effect.sync(() => this.outbox.keep(item)), this.wake)
          )
        )
      )
    })
  }

  private withdrawn(item: Item): Effect.Effect<void> {
    this.announce({ _tag: "Settled", entry: item.entry, outcome: "Withdrawn" })
    return this.answer(item, notSent(item.entry, "Withdrawn"))
  }

  private readonly currentUser: Effect.Effect<Sender, OutboxError> = Effect.gen(this, function*() {
    const { state, states } = this.kuzzle.authentication
    let current = yield* state
    if (!isSettled(current)) {
      // The failure ends the stream.
      const settled = Stream.runForEach(states, (next) => isSettled(next) ? Effect.fail(next) : Effect.void)
      current = yield* Effect.catchAll(Effect.flip(settled), () => invalid("the client was closed"))
    }
    if (current._tag === "Anonymous") return anonymous
    if (current._tag !== "Unauthenticated" && Option.isSome(current.kuid)) {
      return { _tag: "User", kuid: current.kuid.value }
    }
    return yield* invalid(
      current._tag === "Unauthenticated"
        ? "the session is over, so the request has no user: log in first"
        : "the token does not name a user: log in with a token that has a kuid"
    )
  })

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
    return Effect.suspend(() => {
      let outcome: "Open" | "Accepted" | "Refused" = "Open"
      const adding = Effect.gen(this, function*() {
        const stored = yield* this.claim.add(entries)
        // Whoever handed it over was told that it failed.
        if (outcome === "Refused") {
          return yield* this.owe(
            "settle",
            Effect.forEach(stored, ({ seq }) => this.claim.settle(seq))
          )
        }
        outcome = "Accepted"
        yield* this.accept(stored)
        for (const entry of stored) this.announce({ _tag: "HandedOver", entry })
        yield* this.wake
      })
      return Effect.catchAll(this.bounded("add", adding), (error) => {
        if (outcome === "Accepted") return Effect.void
        outcome = "Refused"
        return Effect.fail(error)
      })
    })
  }

  private accept(entries: ReadonlyArray<Entry>) {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      this.outbox.accept(entries, now)
      this.moved.publish()
    })
  }

  // ---------------------------------------------------------------------------------------------------------------
  // what is due
  // ---------------------------------------------------------------------------------------------------------------

  private readonly wake = Effect.suspend(() => Queue.offer(this.wakes, undefined))

  /** The connection or the user may have changed. */
  readonly changed = Effect.suspend(() => {
    this.resumeAt = -Infinity
    return this.wake
  })

  readonly othersChanged = Effect.suspend(() => {
    this.adoptDue = true
    this.reported.publish()
    return this.wake
  })

  /** Waits until there may be something to do, and does it. */
  readonly turn: Effect.Effect<void> = Effect.suspend(() =>
    Effect.zipRight(this.untilDue, Effect.uninterruptible(this.step))
  )

  private readonly untilDue = Effect.gen(this, function*() {
    const clock = yield* Effect.clock
    const now = Timer.now(clock)
    const deadline = this.outbox.nextDeadline()
    const pause = Math.min(this.repayAt, this.resumeAt > now ? this.resumeAt : Infinity)
    if (deadline !== this.due.deadline || pause !== this.due.pause) {
      this.due = { deadline, pause }
      const at = Math.min(pause, now + deadline - clock.unsafeCurrentTimeMillis())
      if (at === Infinity) this.timer.clear()
      else this.timer.at(at)
    }
    yield* Queue.take(this.wakes)
  })

  /** The time has come for which the timer was set. */
  readonly ring = (): void => {
    this.due = { deadline: Infinity, pause: Infinity }
    this.wakes.unsafeOffer(undefined)
  }

  private readonly step = Effect.gen(this, function*() {
    const now = Timer.now(yield* Effect.clock)
    yield* each(this.outbox.expire(yield* Clock.currentTimeMillis), (item) => this.expired(item))
    yield* this.turns
    if (this.repayAt <= now) yield* this.repay
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
      ...(state._tag === "Authenticated" && Option.isSome(state.kuid)
        ? [{ _tag: "User", kuid: state.kuid.value } as const]
        : []),
      ...(state._tag === "Anonymous" || hasToken ? [anonymous] : [])
    ]
    if (JSON.stringify(before) !== JSON.stringify(this.senders)) this.adoptDue = true
    if (state._tag !== "Authenticated" && state._tag !== "Anonymous") return
    const others = this.outbox.others(this.senders)
    if (others.length === 0) return
    yield* this.owe("release", this.claim.release(others.map(({ entry }) => entry.seq)))
    for (const item of others) yield* this.answer(item, notSent(item.entry, "OtherUser"))
  })

  private readonly adopt = Effect.suspend(() => {
    this.adoptDue = false
    return Effect.forEach(this.senders, (sender) => this.adoptAs(sender), { concurrency: "unbounded" })
  })

  /** One that is late is not repeated. */
  private adoptAs(sender: Sender) {
    const adopting = Effect.matchEffect(this.claim.adopt(this.settings.server, sender), {
      onFailure: (error) => {
        this.adoptDue = true
        return Effect.zipRight(this.fail(error), this.pause)
      },
      onSuccess: (adopted) => this.adopted(adopted)
    })
    return Effect.ignore(this.bounded("adopt", adopting))
  }

  private adopted({ entries, reports }: Adopted) {
    return Effect.gen(this, function*() {
      yield* this.accept(entries)
      if (entries.length > 0) {
        this.announce({ _tag: "Adopted", count: entries.length })
        yield* this.wake
      }
      for (const { entry, outcome } of reports) this.report(outcome, entry)
    })
  }

  // ---------------------------------------------------------------------------------------------------------------
  // sending
  // ---------------------------------------------------------------------------------------------------------------

  /**
   * A request is sent only when the store has marked it: so it is executed at most once, and never missing in the store
   * before it has ended. A store that is full, or fails, makes its requests wait.
   */
  private send(items: ReadonlyArray<Item>) {
    return Effect.suspend(() => {
      if (items.length === 0) return Effect.void
      let late = false
      const back = Effect.suspend(() => {
        for (const { entry, stored } of items) this.outbox.returned(entry.id, stored)
        return this.pause
      })
      const marking = Effect.matchEffect(this.mark(items), {
        onFailure: (error) => Effect.zipRight(this.fail(error), back),
        onSuccess: (marked) =>
          Effect.forEach(items, (item) => {
            const { entry, stored } = item
            if (stored === "Queued" && !marked.has(entry.seq)) return this.answer(item, notSent(entry, "OtherClient"))
            // Much may have happened since: another client may believe this one dead.
            return late ? this.requeue(item, false) : this.launch(item)
          })
      })
      const marked = Effect.orElse(this.bounded("mark", marking), () => {
        late = true
        // None of them is sent, and so that none is overtaken, no other either, until the store answers.
        for (const { entry } of items) this.outbox.notSent(entry.id)
        return Effect.void
      })
      // There may be room for more.
      return Effect.zipRight(marked, this.wake)
    })
  }

  private mark(items: ReadonlyArray<Item>): Effect.Effect<ReadonlySet<string>, OutboxError> {
    const queued = items.filter(({ stored }) => stored === "Queued").map(({ entry }) => entry.seq)
    return queued.length === 0 ? Effect.succeed(new Set()) : this.claim.mark(queued)
  }

  private launch(item: Item): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (item.sendBy <= now) return this.expired(item)
      this.announce({ _tag: "Sent", entry: item.entry })
      return Effect.map(Effect.forkIn(Effect.interruptible(this.exchange(item)), this.scope), (fiber) => {
        this.sends.add(fiber)
        fiber.addObserver(() => this.sends.delete(fiber))
      })
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
      Effect.flatMap(this.kuzzle.state, ({ _tag }) =>
        _tag === "Ready"
          ? Effect.flatMap(Effect.exit(restore(query)), (answer) => this.answered(item, answer))
          // While the session is renewed it would wait, and be sent later than its deadline.
          : this.requeue(item, false))
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
        return this.requeue(item, false)
      case "Lost":
        return this.outbox.lost(id) ? this.requeue(item, true) : this.end(item, answer, "MaybeSent")
      case "Unknown":
        return this.end(item, answer, "MaybeSent")
      case "Rejected":
        return this.end(item, answer, "Rejected")
    }
  }

  /** The request waits again as soon as the store has recorded it. */
  private requeue(item: Item, lost: boolean): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      const { id, seq } = item.entry
      if (!this.outbox.notSent(id)) return
      // Without a connection there is a pause already.
      if ((yield* this.kuzzle.state)._tag === "Ready") yield* this.pause
      const requeuing = Effect.matchEffect(this.claim.requeue([seq], lost), {
        // Marked as it is still, it can be sent again by this client only.
        onFailure: (error) => Effect.zipRight(this.fail(error), Effect.sync(() => this.outbox.returned(id, "Sending"))),
        onSuccess: () => Effect.sync(() => this.outbox.returned(id, "Queued"))
      })
      yield* Effect.ignore(this.bounded("requeue", Effect.zipRight(requeuing, this.wake)))
    })
  }

  private expired(item: Item): Effect.Effect<void> {
    return item.suspect
      ? this.end(item, late(item.entry), "MaybeSent")
      : this.end(item, notSent(item.entry, "Expired"), "Expired")
  }

  /** The request has ended: the store deletes it, and keeps a report if no caller waits for its outcome. */
  private end(item: Item, answer: Answer, outcome?: Outcome): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { id, seq } = item.entry
      const report = outcome === undefined || (this.waiting.get(id)?.readers ?? 0) > 0
        ? undefined
        : { outcome, detail: outcome === "Rejected" ? detailOf(answer) : undefined }
      let known = answer
      const settling = Effect.map(this.claim.settle(seq, report), (ours) => {
        if (ours) {
          this.announce({ _tag: "Settled", entry: item.entry, outcome: outcome ?? "Answered" })
          if (report !== undefined) this.report(report.outcome, item.entry)
        } else if (outcome === "Expired") {
          // That this client has not sent it says nothing of the one that has taken it over.
          known = notSent(item.entry, "OtherClient")
        }
      })
      // Until it is settled it stays marked, so that nobody sends it again.
      return Effect.zipRight(this.owe("settle", settling), Effect.suspend(() => this.answer(item, known)))
    })
  }

  private answer({ entry }: Item, answer: Answer): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.outbox.ended(entry.id)
      this.moved.publish()
      const waiting = this.waiting.get(entry.id)
      this.waiting.delete(entry.id)
      return Effect.zipRight(
        waiting === undefined ? Effect.void : Deferred.done(waiting.done, answer),
        this.wake
      )
    })
  }

  private readonly pause = Effect.gen(this, function*() {
    const now = Timer.now(yield* Effect.clock)
    // Requests that fail together make one pause.
    if (this.resumeAt > now) return
    this.resumeAt = now + ((yield* this.delays.next()) ?? 0)
    yield* this.wake
  })

  private announce(event: Event): void {
    this.broadcast.announce(event)
  }

  private report(outcome: Outcome, entry: Entry | undefined): void {
    this.announce({ _tag: "Reported", entry, outcome })
    this.reported.publish()
  }

  private readonly fail = (error: OutboxError) => Effect.sync(() => this.announce({ _tag: "StoreFailed", error }))

  private bounded<A>(operation: OutboxError["operation"], effect: Effect.Effect<A, OutboxError>) {
    return Effect.tapError(
      this.within(operation, effect),
      (error) => error.reason === "Timeout" ? this.fail(error) : Effect.void
    )
  }

  /** Makes a change that nothing waits for. If the store fails, it is tried again later. */
  private owe(operation: OutboxError["operation"], change: Effect.Effect<unknown, OutboxError>): Effect.Effect<void> {
    const making = Effect.catchAll(change, (error) =>
      Effect.flatMap(Effect.clock, (clock) => {
        this.owed.push(this.owe(operation, change))
        this.repayAt = Timer.now(clock) + retryDelay
        return Effect.zipRight(this.fail(error), this.wake)
      }))
    return Effect.ignore(this.bounded(operation, making))
  }

  private readonly repay = Effect.suspend(() => {
    const { owed } = this
    this.owed = []
    this.repayAt = Infinity
    return each(owed, (change) => change)
  })

  /** No request is marked any more; those in flight may be answered. The store releases what is left when it is closed. */
  readonly drain: Effect.Effect<void> = Effect.suspend(() =>
    Effect.timeoutOption(Effect.interruptible(Effect.forEach(this.sends, Fiber.await)), drainTimeout)
  ).pipe(
    Effect.map(() => {
      this.broadcast.end()
      this.reported.end()
      this.moved.end()
    })
  )
}

/** A few at a time. Closing waits only for those that have begun: the store releases the others. */
const each = <A>(items: ReadonlyArray<A>, act: (item: A) => Effect.Effect<void>): Effect.Effect<void> =>
  Effect.interruptible(
    Effect.forEach(items, (item) => Effect.uninterruptible(act(item)), { concurrency: window, discard: true })
  )

/** Whether the state names the user of a request. While the session begins or is renewed, the user may not be known yet. */
const isSettled = (state: AuthenticationState): boolean => state._tag !== "Renewing" || state.kuid !== undefined

const invalid = (issue: string) => Effect.fail(new OutboxError({ operation: "add", reason: "Invalid", issue }))

const notSent = (entry: Entry, reason: NotQueuedError["reason"]): Answer =>
  Exit.fail(new NotSentError({ ...nameOf(entry), cause: new NotQueuedError({ reason }) }))

/** It was sent before, and not answered before its deadline. */
const late = (entry: Entry): Answer =>
  Exit.fail(
    new DeadlineError({ ...nameOf(entry), timeout: Duration.millis(entry.sendBy - entry.queuedAt), sent: true })
  )

const nameOf = ({ payload }: Entry) => {
  const { action = "(unreadable)", controller = "(unreadable)" } = Payload.read(payload)?.request ?? {}
  return { controller, action }
}

const detailOf = (answer: Answer): string | undefined =>
  Exit.isFailure(answer) ? Option.getOrUndefined(Cause.failureOption(answer.cause))?.message : undefined
