/**
 * Sends the requests of the outbox. `protocol/outbox.ts` decides which. This module writes to the store, sends on the
 * connection and settles the callers. Each step is stored before it is made, so that a crash between two steps never
 * leads to a second execution.
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
import * as Watched from "../runtime/watched.ts"
import type { Bounded } from "../services/outboxBound.ts"
import { randomId } from "../services/randomId.ts"
import * as Timer from "../services/timer.ts"
import * as Payload from "./outboxPayload.ts"

/** A request that this client has stored. */
export interface Stored {
  readonly id: string
  /** Waits for its answer or error. */
  readonly answer: Effect.Effect<KuzzleResponse, RequestError>
  /**
   * Runs an effect that waits for the outcome. Meanwhile the outcome has a reader, so that no report of it is needed.
   */
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

/** How long to wait before retrying a change that the store has failed to make, in milliseconds. */
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
    yield* Effect.forkScoped(Stream.runForEach(Watched.streamOf(kuzzle.states), onChange))
    yield* Effect.forkScoped(Stream.runForEach(Watched.streamOf(kuzzle.authentication.states), onChange))
    yield* Effect.forkScoped(Stream.runForEach(claim.changes, () => pump.othersChanged))
    return pump
  })

export class Pump {
  private readonly outbox = new Outbox()
  private readonly waiting = new Map<string, Waiting>()
  private readonly sendFibers = new Set<Fiber.RuntimeFiber<void>>()
  private readonly broadcast = new Broadcast<Event>()
  /** Publishes when the reports may have changed. */
  private readonly reported = new Broadcast<void>(() => {})
  /** Publishes when the pending requests may have changed. */
  private readonly pendingMoved = new Broadcast<void>(() => {})
  private readonly delays = new Delays<void>(KuzzleSchedule.reconnect())
  /**
   * The end of the pause after a failure of the store, the server or the network. Nothing is sent before it. All pauses
   * use `Timer.now`, because the wall clock may be set.
   */
  private resumeAt = -Infinity
  /** Changes that the store has failed to make, and when they are retried. */
  private failedChanges: Array<Effect.Effect<void>> = []
  private retryAt = Infinity
  /** The deadline and the pause for which the timer was set. */
  private due = { deadline: Infinity, pause: Infinity }
  /** Whether the store may hold requests to adopt for `senders`, the senders that this client can send as. */
  private adoptDue = true
  private senders: ReadonlyArray<Sender> = []

  constructor(
    private readonly kuzzle: KuzzleShape,
    private readonly claim: Claim,
    private readonly within: Bounded,
    private readonly settings: Settings,
    /** Requests in flight end when it closes. */
    private readonly scope: Scope.Scope,
    private readonly wakes: Queue.Queue<void>,
    private readonly timer: Timer.Timer
  ) {}

  readonly pending: Effect.Effect<ReadonlyArray<Entry>> = Effect.sync(() => this.outbox.all())

  get events(): Stream.Stream<Event> {
    return Watched.streamOf(this.broadcast)
  }

  readonly pendingStates = this.watch(this.pendingMoved, Effect.map(this.pending, Chunk.of))

  private readonly storedReports = Effect.suspend(() =>
    this.bounded("report", this.claim.reports(this.settings.server))
  ).pipe(
    Effect.tapError((error) => error.reason === "Timeout" ? Effect.void : this.fail(error)),
    Effect.retry(KuzzleSchedule.reconnect()),
    // Never reached, because the schedule does not end.
    Effect.orElseSucceed((): ReadonlyArray<StoredReport> => [])
  )

  /** The reports in the store, then every new one. Each is emitted once. */
  readonly reports: Stream.Stream<StoredReport> = Stream.suspend(() => {
    let published: ReadonlySet<string> = new Set()
    const fresh = Effect.map(this.storedReports, (reports) => {
      const fresh = reports.filter(({ seq }) => !published.has(seq))
      published = new Set(reports.map(({ seq }) => seq))
      return Chunk.unsafeFromArray(fresh)
    })
    return this.watch(this.reported, fresh)
  })

  readonly reportStates = this.watch(this.reported, Effect.map(this.storedReports, Chunk.of))

  /** The current value, and the value again whenever it may have changed. */
  private watch<A>(when: Broadcast<void>, read: Effect.Effect<Chunk.Chunk<A>>): Stream.Stream<A> {
    return Stream.mapChunksEffect(Watched.streamOf(when), () => read)
  }

  // ---------------------------------------------------------------------------------------------------------------
  // calls of the application
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
              // Another client has sent it or owns it. The next `mark` shows whether that client still owns it.
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
      // The settled state is a failure here, because a failure ends the stream.
      const untilSettled = Stream.runForEach(
        Watched.streamOf(states),
        (next) => isSettled(next) ? Effect.fail(next) : Effect.void
      )
      current = yield* Effect.catchAll(Effect.flip(untilSettled), () => invalid("the client was closed"))
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
        // The caller already got the error that it was not stored.
        if (outcome === "Refused") {
          return yield* this.makeEventually(
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
      this.pendingMoved.publish()
    })
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the loop
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

  /** Waits until something may be due, and does it. */
  readonly turn: Effect.Effect<void> = Effect.suspend(() =>
    Effect.zipRight(this.untilDue, Effect.uninterruptible(this.step))
  )

  private readonly untilDue = Effect.gen(this, function*() {
    const clock = yield* Effect.clock
    const now = Timer.now(clock)
    const deadline = this.outbox.nextDeadline()
    const pause = Math.min(this.retryAt, this.resumeAt > now ? this.resumeAt : Infinity)
    if (deadline !== this.due.deadline || pause !== this.due.pause) {
      this.due = { deadline, pause }
      const at = Math.min(pause, now + deadline - clock.unsafeCurrentTimeMillis())
      if (at === Infinity) this.timer.clear()
      else this.timer.at(at)
    }
    yield* Queue.take(this.wakes)
  })

  /** Called when the timer fires. */
  readonly ring = (): void => {
    this.due = { deadline: Infinity, pause: Infinity }
    this.wakes.unsafeOffer(undefined)
  }

  private readonly step = Effect.gen(this, function*() {
    const now = Timer.now(yield* Effect.clock)
    yield* each(this.outbox.expire(yield* Clock.currentTimeMillis), (item) => this.expired(item))
    yield* this.updateSenders
    if (this.retryAt <= now) yield* this.retryChanges
    if (this.resumeAt > now) return
    if (this.adoptDue) yield* this.adopt
    if ((yield* this.kuzzle.state)._tag === "Ready") yield* this.send(this.outbox.next(this.senders))
  })

  /** Determines whose requests can be sent now. Releases the requests of others once the current user is known. */
  private readonly updateSenders = Effect.gen(this, function*() {
    const state = yield* this.kuzzle.authentication.state
    // A token can be left out of a request. A cookie cannot.
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
    yield* this.makeEventually("release", this.claim.release(others.map(({ entry }) => entry.seq)))
    for (const item of others) yield* this.answer(item, notSent(item.entry, "OtherUser"))
  })

  private readonly adopt = Effect.suspend(() => {
    this.adoptDue = false
    return Effect.forEach(this.senders, (sender) => this.adoptAs(sender), { concurrency: "unbounded" })
  })

  /** An adoption that takes too long is not retried, because the store may still complete it. */
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
   * Sends requests after the store has marked them, so that each is executed at most once and stays in the store until
   * it has ended. While the store is full or fails, the requests wait.
   */
  private send(items: ReadonlyArray<Item>) {
    return Effect.suspend(() => {
      if (items.length === 0) return Effect.void
      let late = false
      const takeBack = Effect.suspend(() => {
        for (const { entry, stored } of items) this.outbox.returned(entry.id, stored)
        return this.pause
      })
      const marking = Effect.matchEffect(this.mark(items), {
        onFailure: (error) => Effect.zipRight(this.fail(error), takeBack),
        onSuccess: (marked) =>
          Effect.forEach(items, (item) => {
            const { entry, stored } = item
            if (stored === "Queued" && !marked.has(entry.seq)) return this.answer(item, notSent(entry, "OtherClient"))
            // After a late answer of the store, another client may have adopted the request because it believes this
            // client dead.
            return late ? this.requeue(item, false) : this.launch(item)
          })
      })
      const marked = Effect.orElse(this.bounded("mark", marking), () => {
        late = true
        // None of them is sent. Until the store answers, no other request is sent either, so that none is overtaken.
        for (const { entry } of items) this.outbox.notSent(entry.id)
        return Effect.void
      })
      // More requests may fit into the window now.
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
        this.sendFibers.add(fiber)
        fiber.addObserver(() => this.sendFibers.delete(fiber))
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
          // During a renewal of the session, the request would wait and might be sent after its deadline.
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
    // The client is closing. The store decides whether the request is sent again.
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
      // Without a connection nothing is sent anyway, so no pause is needed.
      if ((yield* this.kuzzle.state)._tag === "Ready") yield* this.pause
      const requeuing = Effect.matchEffect(this.claim.requeue([seq], lost), {
        // It is still marked, so only this client can send it again.
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

  /** Deletes a request that has ended from the store. The store keeps a report if no caller waits for the outcome. */
  private end(item: Item, answer: Answer, outcome?: Outcome): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { id, seq } = item.entry
      const report = outcome === undefined || (this.waiting.get(id)?.readers ?? 0) > 0
        ? undefined
        : { outcome, detail: outcome === "Rejected" ? detailOf(answer) : undefined }
      let outcomeForCaller = answer
      const settling = Effect.map(this.claim.settle(seq, report), (isOurs) => {
        if (isOurs) {
          this.announce({ _tag: "Settled", entry: item.entry, outcome: outcome ?? "Answered" })
          if (report !== undefined) this.report(report.outcome, item.entry)
        } else if (outcome === "Expired") {
          // This client has not sent it, but the client that has taken it over may have.
          outcomeForCaller = notSent(item.entry, "OtherClient")
        }
      })
      // Until it is settled it stays marked, so that no client sends it again.
      return Effect.zipRight(
        this.makeEventually("settle", settling),
        Effect.suspend(() => this.answer(item, outcomeForCaller))
      )
    })
  }

  private answer({ entry }: Item, answer: Answer): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.outbox.ended(entry.id)
      this.pendingMoved.publish()
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
    // Requests that fail together cause one pause.
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

  /** Makes a change whose outcome no caller needs. If the store fails, the change is retried later. */
  private makeEventually(
    operation: OutboxError["operation"],
    change: Effect.Effect<unknown, OutboxError>
  ): Effect.Effect<void> {
    const making = Effect.catchAll(change, (error) =>
      Effect.flatMap(Effect.clock, (clock) => {
        this.failedChanges.push(this.makeEventually(operation, change))
        this.retryAt = Timer.now(clock) + retryDelay
        return Effect.zipRight(this.fail(error), this.wake)
      }))
    return Effect.ignore(this.bounded(operation, making))
  }

  private readonly retryChanges = Effect.suspend(() => {
    const { failedChanges } = this
    this.failedChanges = []
    this.retryAt = Infinity
    return each(failedChanges, (change) => change)
  })

  /**
   * Waits for the answers to requests in flight. No other request is sent any more. Closing the store releases the
   * remaining requests.
   */
  readonly drain: Effect.Effect<void> = Effect.suspend(() =>
    Effect.timeoutOption(Effect.interruptible(Effect.forEach(this.sendFibers, Fiber.await)), drainTimeout)
  ).pipe(
    Effect.map(() => {
      this.broadcast.end()
      this.reported.end()
      this.pendingMoved.end()
    })
  )
}

/** Handles a few items at a time. Closing waits only for those that have begun. The store releases the others. */
const each = <A>(items: ReadonlyArray<A>, act: (item: A) => Effect.Effect<void>): Effect.Effect<void> =>
  Effect.interruptible(
    Effect.forEach(items, (item) => Effect.uninterruptible(act(item)), { concurrency: window, discard: true })
  )

/** Whether the user of new requests is known. While the session begins or is renewed, the user may be unknown. */
const isSettled = (state: AuthenticationState): boolean => state._tag !== "Renewing" || Option.isSome(state.kuid)

const invalid = (issue: string) => Effect.fail(new OutboxError({ operation: "add", reason: "Invalid", issue }))

const notSent = (entry: Entry, reason: NotQueuedError["reason"]): Answer =>
  Exit.fail(new NotSentError({ ...nameOf(entry), cause: new NotQueuedError({ reason }) }))

/** The outcome of a request that was sent but not answered before its deadline. */
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
