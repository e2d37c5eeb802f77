/**
 * The machine of requests with random histories, without fibers: time, the socket and the session are plain values. The
 * test derives the expected outcome of each request from the promises alone.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, FastCheck as fc, Redacted } from "effect"
import type { Call, Outcome } from "../../src/internal/protocol/call.ts"
import { identityOf } from "../../src/internal/protocol/credentials.ts"
import { type Action, Requests } from "../../src/internal/protocol/requests.ts"
import type { Session } from "../../src/internal/protocol/sending.ts"
import { ConnectionEndedError, NotQueuedError, SessionLostError } from "../../src/KuzzleError.ts"

const maxSize = 6
const maxBytes = 400
const ttl = 4000
const maxRequestSize = 200

interface Wanted {
  readonly size: "small" | "large" | "too large"
  readonly timeout: number
  readonly idempotent: boolean
  readonly queuable: boolean
  readonly anonymous: boolean
  readonly renews: boolean
}

type Step =
  | { readonly _tag: "Submit"; readonly wanted: Wanted; readonly times: number }
  | { readonly _tag: "Open" | "Ready" | "Jam" | "GiveUp" | "Stray" | "Limited" | "EndSession" }
  | { readonly _tag: "Lose"; readonly by: ConnectionEndedError["by"] }
  | { readonly _tag: "Answer"; readonly which: number; readonly how: "ok" | "refused" | "tooMany" | "dead" | "huge" }
  | { readonly _tag: "Drop"; readonly which: number }
  | { readonly _tag: "Pass"; readonly millis: number }
  | { readonly _tag: "Login"; readonly user: "ada" | "bob" | undefined; readonly lasts: number }

const wanted: fc.Arbitrary<Wanted> = fc.record({
  size: fc.constantFrom("small", "small", "small", "large", "too large"),
  timeout: fc.constantFrom(1000, 3000, 20_000, 20_000, 60_000),
  idempotent: fc.boolean(),
  queuable: fc.constantFrom(true, true, true, false),
  anonymous: fc.constantFrom(false, false, false, true),
  renews: fc.constantFrom(false, false, false, false, false, true)
})

type How = Extract<Step, { readonly _tag: "Answer" }>["how"]
const how: fc.Arbitrary<How> = fc.constantFrom("ok", "ok", "ok", "refused", "tooMany", "dead", "huge")
const by: fc.Arbitrary<ConnectionEndedError["by"]> = fc.constantFrom(
  "Peer",
  "Peer",
  "Heartbeat",
  "Oversized",
  "Replacement"
)

const user: fc.Arbitrary<"ada" | "bob" | undefined> = fc.constantFrom("ada", "ada", "bob", undefined)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ _tag: fc.constant("Submit" as const), wanted, times: fc.constantFrom(1, 1, 2, 3, 40) })
  },
  { weight: 5, arbitrary: fc.constant({ _tag: "Open" as const }) },
  { weight: 5, arbitrary: fc.constant({ _tag: "Ready" as const }) },
  {
    weight: 8,
    arbitrary: fc.record({
      _tag: fc.constant("Answer" as const),
      which: fc.nat(40),
      how
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      _tag: fc.constant("Lose" as const),
      by
    })
  },
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("Drop" as const), which: fc.nat(60) }) },
  {
    weight: 5,
    arbitrary: fc.record({ _tag: fc.constant("Pass" as const), millis: fc.constantFrom(1, 300, 1000, 2500, 10_000) })
  },
  {
    weight: 2,
    arbitrary: fc.record({
      _tag: fc.constant("Login" as const),
      user,
      lasts: fc.constantFrom(2000, Infinity)
    })
  },
  { weight: 2, arbitrary: fc.constantFrom({ _tag: "Jam" as const }, { _tag: "Limited" as const }) },
  { weight: 2, arbitrary: fc.constant({ _tag: "Stray" as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ _tag: "EndSession" as const }, { _tag: "GiveUp" as const }) }
)

/** A request as its caller and the server know it. */
interface Known {
  readonly wanted: Wanted
  readonly bytes: number
  readonly deadline: number
  /** The user of the request; `undefined` if it belongs to no user. */
  readonly user: string | undefined
  readonly nth: number
  call: Call | undefined
  at: "line" | "flight" | "ended"
  /** When the offline queue accepted the request. */
  queuedAt: number | undefined
  /** How often the server may have executed it. */
  executions: number
  writes: number
  /** The connections that ended while it was in flight, since its last answer, and those on which it was alone. */
  group: "New" | "Lost" | "Suspect"
  lossesAlone: number
  /** The server has refused it, because of its session or of the rate. */
  sessionRefused: boolean
  rateRefused: boolean
  postponed: boolean
  byReplay: boolean
  /** The session with which it was sent. */
  sentAs: ReturnType<Session["current"]>
}

class World {
  now = 0
  private readonly machine: Requests
  private mode: "Queue" | "Wait" | "Replay" | "Send" | "Refuse" = "Queue"
  private connection: "none" | "open" | "jammed" = "none"
  private identity: ReturnType<Session["current"]>
  private sessionEnd: SessionLostError | undefined
  private tokens = 0
  private readonly all: Array<Known> = []
  /** The waiting requests and those in flight, in their order. */
  private line: Array<Known> = []
  private flight: Array<Known> = []
  private settled: Array<Known> = []
  private answered: Known | undefined
  /** The request that this step concerns. The others have waited since earlier steps. */
  private fresh: Known | undefined
  private lastWrite = { at: -Infinity, group: "New" }
  /** No replay for one second after a refusal because of the rate; later, slower than before. */
  private refusedAt = -Infinity
  private everRefused = false
  private everLimited = false
  private replayedAt = -Infinity

  constructor() {
    this.machine = new Requests(
      { maxRequestSize, queue: { maxSize, maxBytes, ttl: Duration.millis(ttl) } },
      "r",
      {
        current: () => this.identity,
        sessionEnd: () => this.sessionEnd,
        toCome: () => false,
        wallMillis: () => this.now,
        sessionPart: (options) =>
          this.identity === undefined || options?.anonymous === true || options?.as?._tag === "Anonymous"
            ? ``
            : `,"user":"${this.identity.user}","until":"${this.identity.expiresAt}"`
      }
    )
    this.admit("Queue")
  }

  perform(step: Step): void {
    this.settled = []
    this.answered = this.fresh = undefined
    switch (step._tag) {
      case "Submit":
        for (let n = 0; n < step.times; n++) this.submit(step.wanted)
        break
      case "Open":
        this.open()
        break
      case "Ready":
        this.ready()
        break
      case "Jam":
        if (this.connection === "open") this.connection = "jammed"
        break
      case "Lose":
        this.lose(step.by)
        break
      case "Answer":
        this.answer(step.which, step.how)
        break
      case "Drop":
        this.drop(step.which)
        break
      case "Pass":
        this.pass(step.millis)
        break
      case "Login":
        this.login(step.user, step.lasts)
        break
      case "EndSession":
        this.sessionEnd = new SessionLostError({ reason: "TokenDead" })
        break
      case "Stray":
        this.stray()
        break
      case "Limited":
        this.everRefused = this.everLimited = true
        this.machine.handleLimited(this.now)
        this.drive()
        break
      case "GiveUp":
        if (this.connection === "none") this.admit("Refuse")
    }
    this.check()
  }

  /** The client is closed. */
  close(): void {
    this.lose("Released")
    this.admit("Refuse")
    for (const known of this.all) assert.strictEqual(known.at, "ended", "R1: a request never ends")
    this.pass(100_000)
    assert.deepStrictEqual(
      [this.machine.pendingCount(), this.machine.waitingCount(), this.machine.nextDue()],
      [0, 0, Infinity],
      "R8: something remains"
    )
  }

  /** A server that answers everything, for as long as a request may wait. */
  heal(): void {
    this.sessionEnd = undefined
    if (this.mode === "Refuse") return
    if (this.connection === "jammed") this.lose("Peer")
    this.open()
    this.login(this.identity?.user, Infinity)
    for (let round = 0; round < 200 && (this.line.length > 0 || this.flight.length > 0 || round === 0); round++) {
      this.ready()
      while (this.flight.length > 0) this.answer(0, "ok")
      this.check()
      if (this.line.length > 0) this.pass(500)
    }
    assert.deepStrictEqual([this.line.length, this.flight.length], [0, 0], "R5: a waiting request is not sent")
  }

  private submit(wanted: Wanted): void {
    const size = { small: 10, large: 120, "too large": 300 }[wanted.size]
    const encoded = `{"n":${this.all.length},"text":"${"x".repeat(size)}"`
    const user = wanted.anonymous ? undefined : this.identity?.user
    const known: Known = {
      wanted,
      user,
      bytes: encoded.length,
      deadline: this.now + wanted.timeout,
      nth: this.all.length,
      call: undefined,
      at: "line",
      queuedAt: undefined,
      executions: 0,
      writes: 0,
      group: "New",
      lossesAlone: 0,
      sessionRefused: false,
      rateRefused: false,
      postponed: false,
      byReplay: false,
      sentAs: undefined
    }
    const { anonymous, idempotent, queuable, renews, timeout } = wanted
    this.all.push(known)
    this.line.push(known)
    this.fresh = known
    if (this.mode === "Queue" && !renews) this.enqueue(known, this.line.length - 1)
    known.call = this.machine.submit({
      controller: "c",
      action: "a",
      encoded,
      options: { anonymous, idempotent },
      timeout,
      kind: renews ? "Renewal" : "Call",
      queuable: queuable && !renews,
      settle: (outcome) => this.settle(known, outcome)
    }, this.now)
    this.drive()
    if (renews) assert.notStrictEqual(known.at, "line", "A2: a request that renews the session waits")
  }

  /** Records that the offline queue accepts the request, if there is room. */
  private enqueue(known: Known, before: number): void {
    const bytes = this.line.slice(0, before).reduce((sum, other) => sum + other.bytes, 0)
    const isFull = before >= maxSize || bytes + known.bytes > maxBytes
    if (known.wanted.queuable && !isFull) known.queuedAt ??= this.now
  }

  private open(): void {
    if (this.connection !== "none" || this.mode === "Refuse") return
    this.connection = "open"
    this.machine.handleOpened()
    this.admit("Wait")
  }

  private ready(): void {
    if (this.mode !== "Wait" || this.connection === "none") return
    if (this.line.length === 0) return this.admit("Send")
    this.mode = "Replay"
    this.machine.startReplay()
    this.drive()
  }

  private lose(by: ConnectionEndedError["by"]): void {
    if (this.connection === "none") return
    this.connection = "none"
    const flight = this.flight
    const survivors = flight.filter((known) => this.survives(known, by, flight.length === 1))
    this.flight = []
    this.line = [...survivors, ...this.line]
    for (const known of survivors) known.at = "line"
    this.lastWrite = { at: -Infinity, group: "New" }
    const ended = new ConnectionEndedError({ by, code: 1006, reason: "" })
    this.machine.handleLost(ended)
    this.drive()
    for (const known of flight) {
      assert.strictEqual(
        known.at === "ended",
        !survivors.includes(known),
        "R3, R6: a request in flight at a loss has a wrong end"
      )
    }
    this.admit("Queue", ended)
  }

  /** R6, R7: whether a request in flight may be sent on another connection. */
  private survives(known: Known, by: ConnectionEndedError["by"], alone: boolean): boolean {
    const { idempotent, queuable, renews } = known.wanted
    if (!idempotent || !queuable || renews || by === "Released") return false
    if (by === "Replacement") return known.executions < 8
    if (by === "Oversized" && alone) return false
    if (alone && known.group !== "New") known.lossesAlone += 1
    known.group = known.group === "New" && by !== "Oversized" ? "Lost" : "Suspect"
    return known.lossesAlone < 3 && known.executions < 8
  }

  private admit(mode: "Queue" | "Wait" | "Send" | "Refuse", cause?: ConnectionEndedError): void {
    const isOffline = mode === "Queue" && this.mode !== "Queue"
    this.mode = mode
    if (mode !== "Send") { for (const known of this.line) known.postponed = false }
    if (isOffline) this.goOffline()
    this.machine.handleAdmission(mode, cause, this.now)
    this.drive()
    if (mode === "Refuse") assert.isEmpty(this.line, "R3: a request waits after the end")
  }

  /** Requests that have waited for a renewal are queued in their order, as long as there is room. */
  private goOffline(): void {
    let [count, bytes] = [0, 0]
    for (const known of this.line) {
      const fits = count < maxSize && bytes + known.bytes <= maxBytes
      if (!known.wanted.queuable || known.queuedAt === undefined && !fits) continue
      known.queuedAt ??= this.now
      count += 1
      bytes += known.bytes
    }
  }

  private answer(which: number, how: How): void {
    const known = this.flight[which % Math.max(1, this.flight.length)]
    if (known?.call === undefined) return
    this.answered = this.fresh = known
    const error = {
      ok: null,
      refused: { status: 400, id: "api.assert.missing_argument" },
      tooMany: { status: 429, id: "api.process.too_many_requests" },
      dead: { status: 401, id: "security.token.invalid" },
      huge: null
    }[how]
    const { byReplay, sentAs, sessionRefused } = known
    this.flight = this.flight.filter((other) => other !== known)
    this.line.push(known)
    known.at = "line"
    const waits = how === "tooMany" && byReplay
      || how === "dead" && !known.wanted.renews && known.user !== undefined && !sessionRefused &&
        this.sessionEnd === undefined
    // It was not executed. (A renewal does not undo that it may have been executed before.)
    if (how === "tooMany" || how === "dead") known.executions -= 1
    if (how === "dead") known.sessionRefused = true
    if (how === "tooMany") known.rateRefused = true
    if (waits) {
      known.group = "New"
      if (how === "tooMany") {
        known.postponed = true
        this.refuseRate()
      }
    }
    const { id } = known.call
    if (how === "huge") assert.isTrue(this.machine.handleTooLarge(id, 1), "R4: an answer is lost")
    else {
      const status = error?.status ?? 200
      const answer = {
        error: error && { ...error, message: "" },
        status,
        requestId: id,
        room: id,
        result: {},
        volatile: null
      }
      assert.isDefined(this.machine.handleAnswer(id, answer, 1, this.now), "R4: an answer is lost")
    }
    this.drive()
    // A request that was refused with an earlier session is checked again when requests pass, even if the later session
    // is over, too.
    const mayWait = waits || how === "dead" && sentAs !== this.identity
    if (!mayWait) assert.strictEqual(known.at, "ended", "R1: an answered request does not end")
    this.answered = undefined
  }

  /** A burst causes many refusals, which count once. */
  private refuseRate(): void {
    this.everRefused = true
    if (this.replayedAt > this.refusedAt) this.refusedAt = this.now
  }

  /** R4: an answer to a request that is not in flight on this connection. */
  private stray(): void {
    for (const { at, call } of this.all) {
      if (at === "flight" || call === undefined) continue
      const frame = { error: null, status: 200, result: {} }
      assert.isUndefined(this.machine.handleAnswer(call.id, frame, 1, this.now), "R4: a stray answer is taken")
      assert.isFalse(this.machine.handleTooLarge(call.id, 1), "R4: a stray answer is taken")
    }
    this.drive()
    assert.isEmpty(this.settled, "R4: a stray answer settles something")
  }

  private drop(which: number): void {
    const known = this.all[which % Math.max(1, this.all.length)]
    if (known?.call === undefined) return
    this.leave(known)
    this.machine.drop(known.call)
    this.drive()
  }

  private pass(millis: number): void {
    const until = this.now + millis
    for (let n = 0; this.machine.nextDue() <= until; n++) {
      assert.isBelow(n, 10_000, "time does not pass")
      this.now = Math.max(this.now, this.machine.nextDue())
      this.machine.handleDue(this.now)
      this.drive()
      this.checkDeadlines()
    }
    this.now = until
  }

  private login(user: string | undefined, lasts: number): void {
    this.tokens += 1
    this.identity = user === undefined
      ? undefined
      : identityOf({ value: Redacted.make(`t${this.tokens}`), kuid: user, expiresAt: this.now + lasts })
    this.sessionEnd = undefined
    this.machine.handleUserChanged()
    this.drive()
    for (const { user: theirs, wanted } of this.line) {
      assert.isTrue(wanted.anonymous || theirs === undefined || theirs === user, "A1: another user's request waits")
    }
  }

  /** Performs the actions of the machine, as the driver does. */
  private drive(): void {
    let count = 0
    for (let action = this.machine.poll(this.now); action !== undefined;) {
      count += 1
      assert.isBelow(count, 10_000, "it is driven endlessly")
      this.act(action)
      action = this.machine.poll(this.now)
    }
  }

  private act(action: Action): void {
    switch (action._tag) {
      case "Call":
        return this.send(action)
      case "Expired":
        return this.challenge()
      case "Refused": {
        const renewing = this.sessionEnd === undefined
        if (renewing) this.challenge()
        return this.machine.handleRenewal(action, renewing, this.now)
      }
      case "Replayed":
        assert.strictEqual(this.mode, "Replay")
        return this.admitInside("Send")
    }
  }

  /** The session is being renewed: requests wait. */
  private challenge(): void {
    if (this.mode === "Send" || this.mode === "Replay") this.admitInside("Wait")
  }

  private admitInside(mode: "Send" | "Wait"): void {
    this.mode = mode
    if (mode !== "Send") { for (const known of this.line) known.postponed = false }
    this.machine.handleAdmission(mode, undefined, this.now)
  }

  private send(call: Call): void {
    const known = this.all[JSON.parse(call.frame).n]!
    if (this.connection !== "open") {
      if (known === this.fresh) this.enqueue(known, this.line.indexOf(known))
      this.machine.handleUnsent(call, this.now)
      return
    }
    this.checkWrite(known, JSON.parse(call.frame))
    this.line = this.line.filter((other) => other !== known)
    this.flight.push(known)
    known.at = "flight"
    known.writes += 1
    known.executions += 1
    known.queuedAt = undefined
    known.byReplay = this.isReplayed(known)
    known.sentAs = this.identity
    known.postponed = false
    if (known.byReplay) {
      this.lastWrite = { at: this.now, group: known.group }
      this.replayedAt = this.now
    }
    this.machine.handleSent(call, this.now)
  }

  private isReplayed({ postponed, wanted }: Known): boolean {
    return !wanted.renews && (this.mode === "Replay" || postponed)
  }

  private checkWrite(known: Known, frame: { readonly user?: string; readonly until?: string }): void {
    const { deadline, executions, user, wanted } = known
    assert.strictEqual(known.at, "line", "R1, R8: a request is sent that has ended, or is in flight")
    assert.isAbove(deadline, this.now, "R2: a request is sent after its deadline")
    assert.notStrictEqual(wanted.size, "too large", "R7: a request that is too large is sent")
    assert.isBelow(executions, wanted.idempotent && wanted.queuable ? 8 : 1, "R6: it is sent too often")
    if (wanted.renews) return
    assert.strictEqual(frame.user, user, "A1: it is sent as another user")
    if (frame.until !== undefined) assert.isAbove(Number(frame.until), this.now, "A1: it carries a dead token")
    assert.include(["Send", "Replay"], this.mode, "A2: it is sent although requests wait")
    if (!this.isReplayed(known)) return
    const [first] = this.line.filter(({ postponed }) => postponed).sort((a, b) => a.nth - b.nth)
    assert.strictEqual(known, first ?? this.line[0], "R5: it is sent out of order")
    assert.isFalse(this.isHeld(known), "R7: it is sent beside others, or too many are in flight")
    if (!this.everLimited) assert.isAtLeast(this.now, this.refusedAt + 1000, "R5: faster than the server allows")
  }

  /** Whether requests in flight hold up this request. */
  private isHeld({ group }: Known): boolean {
    const inFlight = this.flight.filter(({ byReplay }) => byReplay).length
    if (inFlight === 0 || group !== "Suspect" && group === this.lastWrite.group && inFlight < 32) return false
    return inFlight >= 32 || this.now < this.lastWrite.at + 2000
  }

  private leave(known: Known): void {
    known.at = "ended"
    this.line = this.line.filter((other) => other !== known)
    this.flight = this.flight.filter((other) => other !== known)
  }

  private settle(known: Known, outcome: Outcome): void {
    assert.notStrictEqual(known.at, "ended", "R1, R8: it is settled twice, or after it was dropped")
    this.checkOutcome(known, outcome)
    this.leave(known)
    this.settled.push(known)
  }

  private checkOutcome(known: Known, outcome: Outcome): void {
    if (outcome._tag === "Success") {
      return assert.strictEqual(this.answered, known, "R4: it has the answer to another request")
    }
    assert.strictEqual(outcome.cause._tag, "Fail")
    if (outcome.cause._tag !== "Fail") return
    const { error } = outcome.cause
    switch (error._tag) {
      case "KuzzleDeadlineError":
        assert.isAtLeast(this.now, known.deadline, "R2: it ends before its deadline")
        return assert.strictEqual(error.sent, known.executions > 0, "R3: it states wrongly whether it was sent")
      case "KuzzleNotSentError":
        assert.strictEqual(known.executions, 0, "R3: it may have been executed")
        if (error.cause instanceof NotQueuedError) this.checkNotQueued(known, error.cause.reason)
        return
      case "KuzzleMaybeSentError":
        return assert.isAbove(known.executions, 0, "R3: it was not sent")
      case "KuzzlePayloadTooLargeError":
        return assert.strictEqual(known.wanted.size, "too large", "R7")
      case "KuzzleUnauthenticatedError":
        return assert.isDefined(this.sessionEnd)
      case "KuzzleTooManyRequestsError":
        return assert.isTrue(known.rateRefused, "R1: it was not refused")
      case "KuzzleUnauthorizedError":
        return assert.isTrue(known.sessionRefused, "R1: it was not refused")
      default:
        assert.strictEqual(this.answered, known, `R1: ${error._tag}`)
    }
  }

  private checkNotQueued(known: Known, reason: NotQueuedError["reason"]): void {
    if (reason === "Full") assert.isUndefined(known.queuedAt, "L2: there is room for it")
    if (reason === "Expired") {
      assert.isAtLeast(this.now, (known.queuedAt ?? Infinity) + ttl, "R2: it leaves the queue before its time to live")
    }
    if (reason === "OtherUser") assert.notStrictEqual(known.user, this.identity?.user, "A1: it is the same user")
  }

  private check(): void {
    this.checkDeadlines()
    assert.deepStrictEqual(
      [this.machine.waitingCount(), this.machine.pendingCount()],
      [this.line.length, this.flight.length],
      "R8: a wrong count of requests"
    )
    const unanswered = this.machine.unanswered()
    assert.deepStrictEqual(unanswered.bytes, this.flight.reduce((sum, { bytes }) => sum + bytes, 0))
    if (this.mode === "Queue") {
      for (const known of this.line) assert.isDefined(known.queuedAt, "L2: a request waits outside the queue")
    }
    if (this.connection === "open") this.checkPrompt()
  }

  private checkDeadlines(): void {
    for (const { deadline, nth } of [...this.line, ...this.flight]) {
      assert.isAbove(deadline, this.now, `R2: request ${nth} outlives its deadline`)
    }
    for (const { nth, queuedAt } of this.line) {
      if (queuedAt !== undefined) {
        assert.isAbove(queuedAt + ttl, this.now, `R2: request ${nth} outlives the queue's time`)
      }
    }
  }

  /** R5: no request waits without a reason. */
  private checkPrompt(): void {
    const [first] = this.line
    if (first === undefined || this.everRefused) return
    if (this.mode === "Send") assert.fail("R5: a request waits although the client is ready")
    if (this.mode === "Replay") assert.isTrue(this.isHeld(first), "R5: it waits although it could be sent")
  }
}

const play = (...steps: ReadonlyArray<Step>): void => {
  const world = new World()
  for (const step of steps) world.perform(step)
  world.heal()
  world.close()
}

describe("requests", () => {
  const wanted: Wanted = {
    size: "small",
    timeout: 60_000,
    idempotent: true,
    queuable: true,
    anonymous: false,
    renews: false
  }

  it("R5: a request that was refused temporarily waits for the next connection if the socket does not accept it", () => {
    play(
      { _tag: "Submit", wanted, times: 1 },
      { _tag: "Open" },
      { _tag: "Ready" },
      { _tag: "Answer", which: 0, how: "tooMany" },
      { _tag: "Jam" },
      { _tag: "Pass", millis: 1500 },
      { _tag: "Lose", by: "Peer" }
    )
  })

  it("R8: a request that was refused temporarily and is then interrupted is not sent again", () => {
    play(
      { _tag: "Submit", wanted, times: 2 },
      { _tag: "Open" },
      { _tag: "Ready" },
      { _tag: "Answer", which: 1, how: "tooMany" },
      { _tag: "Drop", which: 1 },
      { _tag: "Pass", millis: 3000 }
    )
  })

  it("R5: requests that were refused temporarily are sent again in their own order, not in that of the refusals", () => {
    play(
      { _tag: "Submit", wanted, times: 2 },
      { _tag: "Open" },
      { _tag: "Ready" },
      { _tag: "Answer", which: 1, how: "tooMany" },
      { _tag: "Answer", which: 0, how: "tooMany" },
      { _tag: "Pass", millis: 3000 }
    )
  })

  it.prop(
    "R1, R2, R3, R4, R5, R6, R7, R8, A1, L2: in any history, each request ends once with the expected outcome, and nothing remains",
    { steps: fc.array(step, { maxLength: 120, size: "max" }), heals: fc.boolean() },
    ({ heals, steps }) => {
      const world = new World()
      for (const each of steps) world.perform(each)
      if (heals) world.heal()
      world.close()
    },
    { fastCheck: { numRuns: 300, interruptAfterTimeLimit: 30_000 }, timeout: 60_000 }
  )
})
