/**
 * The whole client with random histories, without fibers: time, the socket, the schedules and the server are plain values.
 * The test derives the expected behaviour from the promises alone.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Exit, FastCheck as fc } from "effect"
import type { Call } from "../../src/internal/protocol/call.ts"
import { Client } from "../../src/internal/protocol/client.ts"
import type { Action } from "../../src/internal/protocol/clientAction.ts"
import type { ConnectionState } from "../../src/internal/protocol/connection.ts"
import { Credentials, type Identity } from "../../src/internal/protocol/credentials.ts"
import { type Consumer, type Intent, Listening } from "../../src/internal/protocol/listening.ts"
import type { Way } from "../../src/internal/protocol/renewal.ts"
import { ConnectError, ConnectionEndedError, MaybeSentError } from "../../src/KuzzleError.ts"
import type { LifecycleEvent } from "../../src/KuzzleLifecycle.ts"
import { statesAfter } from "../support/states.ts"

const servers = ["ws://a", "ws://b", "ws://c"] as const
const interval = 10_000
const timeout = 5000
const stableAfter = 30_000

type Step =
  | { readonly _tag: "Open" | "Frame" | "Silence" | "Query" | "Login" | "Hold" }
  | { readonly _tag: "Refuse"; readonly retryAfter: number }
  | { readonly _tag: "Lose"; readonly code: number }
  | { readonly _tag: "Schedule"; readonly delay: number | undefined }
  | { readonly _tag: "Pass" | "Stall"; readonly millis: number }
  | { readonly _tag: "Host"; readonly event: LifecycleEvent }
  | { readonly _tag: "Subscribe" | "Unsubscribe"; readonly key: number }
  | { readonly _tag: "Answer"; readonly which: number; readonly how: "ok" | "refused" | "dead" }
  | { readonly _tag: "Renewal"; readonly how: "works" | "fails" | "is lost" }
  | { readonly _tag: "Exchange"; readonly how: "works" | "changes nothing" | "fails" }

const steps: { readonly [Tag in Step["_tag"]]: readonly [number, fc.Arbitrary<object>] } = {
  Open: [8, fc.record({})],
  Frame: [3, fc.record({})],
  Silence: [1, fc.record({})],
  Query: [4, fc.record({})],
  Login: [1, fc.record({})],
  Hold: [1, fc.record({})],
  Refuse: [3, fc.record({ retryAfter: fc.constantFrom(0, 0, 7000, 60_000) })],
  Lose: [
    3,
    fc.record({
      code: fc.oneof(fc.constantFrom(1000, 1001, 1006, 1011, 1012, 1013), fc.integer({ min: 1000, max: 4999 }))
    })
  ],
  Schedule: [
    2,
    fc.record({
      delay: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 8000 }) }, {
        weight: 1,
        arbitrary: fc.constant(undefined)
      })
    })
  ],
  Pass: [8, fc.record({ millis: fc.constantFrom(1, 100, 1000, 4000, 12_000, 31_000) })],
  Stall: [1, fc.record({ millis: fc.constantFrom(1000, 20_000, 3_600_000) })],
  Host: [2, fc.record({ event: fc.constantFrom<LifecycleEvent>("Online", "Offline", "Resumed") })],
  Subscribe: [3, fc.record({ key: fc.nat(3) })],
  Unsubscribe: [1, fc.record({ key: fc.nat(3) })],
  Answer: [10, fc.record({ which: fc.nat(20), how: fc.constantFrom("ok", "ok", "ok", "ok", "ok", "refused", "dead") })],
  Renewal: [4, fc.record({ how: fc.constantFrom("works", "works", "works", "fails", "is lost") })],
  Exchange: [2, fc.record({ how: fc.constantFrom("works", "changes nothing", "fails") })]
}

const step = fc.oneof(
  ...Object.entries(steps).map(([_tag, [weight, arbitrary]]) => ({
    weight,
    // The members are those that the type of this tag names.
    arbitrary: arbitrary.map((members) => ({ _tag, ...members }) as Step)
  }))
)

/** One dial and its socket. */
interface Link {
  readonly generation: number
  open: boolean
  /** Whether the session has changed since the dial. Then this connection belongs to the previous session. */
  stale: boolean
  openedAt: number
  receivedAt: number
  bytes: number
  pings: Array<number>
  /** How many of the pings have been answered. */
  answered: number
  /** Whether the server answers nothing more. */
  silent: boolean
  /** How often the host has stalled since a frame arrived. */
  stalls: number
  /** Whether the session was renewed, or is being renewed, since the connection opened. */
  challenged: boolean
  /** Whether the client holds the connection for an exchange. */
  held: boolean
  /** Whether all wanted subscriptions were requested and answered once. */
  ready: boolean
  /** The requested subscriptions. */
  readonly requested: Set<string>
  /** The keys that were wanted when the connection became ready, and still are. */
  wanted: Set<number> | undefined
}

class World {
  now = 0
  private readonly client: Client
  private listening: Listening | undefined
  private link: Link | undefined
  private states: Array<ConnectionState> = []
  private flight: Array<Call> = []
  private readonly unsettled = new Set<number>()
  private queries = 0
  private tokens = 0
  private readonly wanted = new Map<number, { readonly intent: Intent; readonly consumer: Consumer }>()
  private readonly refusedKeys = new Set<number>()
  private renewal: Way | undefined
  private heldAt: number | undefined
  private before: Identity | undefined
  private drainedAt: number | undefined
  private redials = false
  /** The next output of the reconnect schedule. */
  private delay: number | undefined = 500
  private server = 0
  private attempt = 1
  private dialAt: number | undefined = 0
  private readonly allowed = [0, 0, 0]
  private woken = false
  private wasStable = false
  private cause: ConnectError | ConnectionEndedError | undefined
  private ended: ConnectionEndedError | undefined
  private stalling = false
  private sessionIsOver = false

  constructor(private readonly byCookie: boolean) {
    this.client = new Client(
      {
        endpoints: servers,
        settings: {
          maxRequestSize: 1000,
          queue: { maxSize: 100, maxBytes: 1e6, ttl: Duration.millis(1e9) },
          requestTimeout: Duration.millis(1e7),
          maxResponseSize: 1e6,
          stableAfter: Duration.millis(stableAfter)
        },
        idPrefix: "q",
        identity: { canLogin: true, keptBy: byCookie ? "Cookie" : "Token" },
        pulse: { timeout, busyTimeout: 60_000 }
      },
      new Credentials({}),
      { now: () => this.now, wall: () => this.now }
    )
    this.states.push(this.client.connection())
    this.client.start(false)
    this.drive()
  }

  perform(step: Step): void {
    switch (step._tag) {
      case "Open":
        this.open()
        break
      case "Refuse":
        if (this.link?.open === false) {
          const retryAfter = Duration.millis(step.retryAfter)
          this.lose(new ConnectError({ reason: "Rejected", url: "", status: 503, retryAfter }), step.retryAfter)
        }
        break
      case "Lose":
        if (this.link?.open === true) this.lose(new ConnectionEndedError({ by: "Peer", code: step.code, reason: "" }))
        break
      case "Schedule":
        this.delay = step.delay
        break
      case "Frame":
        this.receive(2)
        break
      case "Silence":
        if (this.link?.open === true) this.link.silent = true
        break
      case "Pass":
        this.pass(step.millis)
        break
      case "Stall":
        this.stall(step.millis)
        break
      case "Host":
        this.host(step.event)
        break
      case "Query":
        this.query()
        break
      case "Subscribe":
        this.subscribe(step.key)
        break
      case "Unsubscribe":
        this.unsubscribe(step.key)
        break
      case "Answer":
        this.answer(step.which, step.how)
        break
      case "Renewal":
        this.renew(step.how)
        break
      case "Login":
        this.login()
        break
      case "Hold":
        this.hold()
        break
      case "Exchange":
        this.exchange(step.how)
    }
    this.check()
  }

  /** From now on the server and the host work: the client must become ready, and every request is answered. */
  heal(): void {
    if (this.sessionIsOver) return
    this.delay = 100
    // Longer than any `Retry-After`.
    for (let round = 0; round < 120; round++) {
      if (this.heldAt !== undefined) this.exchange("works")
      if (this.renewal !== undefined) this.renew("works")
      if (this.link?.silent === true) this.lose(new ConnectionEndedError({ by: "Peer", code: 1006, reason: "" }))
      if (this.link?.open === false) this.open()
      while (this.flight.length > 0) this.answer(0, "ok")
      this.check()
      this.pass(1000)
    }
    assert.strictEqual(this.client.connection()._tag, "Ready", "C5: it does not become ready again")
    assert.strictEqual(this.unsettled.size, 0, "R5: a request is never answered")
  }

  close(): void {
    this.link = undefined
    this.flight = []
    this.client.close()
    this.drive()
    const state = this.client.connection()._tag
    assert.strictEqual(state, this.sessionIsOver ? "Failed" : "Closed", "C5: it is not closed")
    assert.strictEqual(this.unsettled.size, 0, "R1: a request outlives the client")
    this.sessionIsOver = true
    this.host("Online")
    this.pass(100_000)
    assert.isUndefined(this.link, "L1: it dials after the close")
  }

  // -----------------------------------------------------------------------------------------------------------------
  // the driver of the client
  // -----------------------------------------------------------------------------------------------------------------

  private drive(): void {
    for (let action = this.client.poll(this.now); action !== undefined; action = this.client.poll(this.now)) {
      if (action._tag === "Call") this.write(action)
      else this.act(action)
    }
    const last = this.states.at(-1)
    assert.deepStrictEqual(this.client.connection(), last, "C5: the last state is missed")
    if (this.redials) this.redial()
    const { ended } = this
    this.ended = undefined
    if (ended !== undefined && this.link?.open === true) this.lose(ended)
  }

  private act(action: Exclude<Action, Call>): void {
    switch (action._tag) {
      case "Dial":
        return this.dial(action.generation)
      case "Terminate":
        return this.terminate(action.ended)
      case "AskReconnect":
        return this.askReconnect(action)
      case "Ping":
        if (this.link !== undefined) this.link.pings.push(this.now)
        return
      case "PlanPulses":
        return this.client.handlePulsesPlanned(action.pulse, Array(action.count).fill(interval))
      case "State":
        return this.changed(action.before, action.now)
      case "Drained":
        assert.isDefined(this.heldAt, "no exchange waits for the drain")
        // Subscriptions continue: they are requested again on the next connection.
        if (this.flight.some((call) => call.kind === "Call" && this.unsettled.has(nthOf(call)))) {
          assert.isAtLeast(this.now - this.heldAt!, 5000, "R3: the drain ended early")
        }
        this.drainedAt = this.now
        return
      case "Renew":
        assert.isUndefined(this.renewal, "A2: two renewals at once")
        this.renewal = action.way
        if (this.link !== undefined) this.link.challenged = true
        return
      case "Redial":
        this.redials = true
    }
  }

  private dial(generation: number): void {
    assert.isUndefined(this.link, "C1: there is another connection already")
    assert.isFalse(this.sessionIsOver, "C5: it dials after the end")
    if (this.dialAt !== undefined) assert.isAtLeast(this.now, this.dialAt, "C6: it dials too early")
    this.dialAt = undefined
    this.woken = false
    this.link = {
      generation,
      open: false,
      stale: false,
      openedAt: 0,
      receivedAt: 0,
      bytes: 0,
      pings: [],
      answered: 0,
      silent: false,
      stalls: 0,
      challenged: false,
      held: false,
      ready: false,
      requested: new Set(),
      wanted: undefined
    }
    assert.isAtMost(this.client.handleLocated(servers), this.now, "C6: it dials before its Retry-After")
    assert.strictEqual(this.client.endpoint(), servers[this.server], "8.A18: it dials another endpoint")
  }

  private write(call: Call): void {
    const { link } = this
    if (link?.open !== true) {
      // The connection has ended, and the schedule has not given a delay yet.
      return this.client.requests.handleUnsent(call, this.now)
    }
    if (this.heldAt !== undefined) assert.isFalse(link.held, "C5: a request is sent on a connection that is held")
    if (call.kind === "Call") this.checkOrder(link)
    else link.requested.add(call.encoded)
    this.flight.push(call)
    this.client.requests.handleSent(call, this.now)
  }

  /** Checks the order: first the session, then the subscriptions, then requests. */
  private checkOrder(link: Link): void {
    // On a connection that was opened during the renewal, with a valid session, requests may pass.
    if (this.renewal !== undefined) assert.isFalse(link.challenged, "A2: a request is sent during a renewal")
    if (link.ready) return
    // Subscriptions that are opened later do not hold up requests.
    const isWanted = (key: number) => this.wanted.has(key) && (link.wanted === undefined || link.wanted.has(key))
    const isSubscribing = this.flight.some((call) => call.action === "subscribe" && isWanted(keyOf(call)))
    assert.isFalse(isSubscribing, "R5: a request is sent before the subscriptions are open")
    for (const [key, { intent }] of this.wanted) {
      if (isWanted(key) && !this.refusedKeys.has(key)) {
        assert.include([...link.requested].join(), `"c${key}"`, `R5: ${intent.key} is not subscribed`)
      }
    }
    link.ready = true
  }

  private askReconnect({ restart, cause }: Extract<Action, { readonly _tag: "AskReconnect" }>): void {
    assert.strictEqual(cause, this.cause, "C5: a wrong cause")
    assert.strictEqual(restart, this.wasStable, "C6: only a stable session resets the backoff")
    const isStable = this.lastStable
    this.wasStable = false
    const { delay } = this
    if (delay === undefined) this.sessionIsOver = true
    else {
      this.server = isStable ? this.server : (this.server + 1) % servers.length
      this.attempt = isStable ? 1 : this.attempt + 1
      const allowed = this.allowed[this.server]!
      const pause = this.now + delay + Math.max(0, allowed - this.now)
      this.dialAt = Math.max(this.woken ? 0 : pause, allowed)
    }
    this.client.handleDelay(delay, true)
  }
  private lastStable = false

  private changed(before: ConnectionState, now: ConnectionState): void {
    assert.deepStrictEqual(this.client.connection(before), this.states.at(-1), "C5: a state is missed")
    if (before._tag !== now._tag) assert.include(statesAfter[before._tag], now._tag, "C5")
    if (now._tag === "Waiting") {
      assert.strictEqual(now.cause, this.cause, "C5: a wrong cause")
      assert.strictEqual(now.attempt, this.attempt, "C6: a wrong count of attempts")
    }
    this.states.push(this.client.connection(now))
    if (this.link !== undefined && (now._tag === "Replaying" || now._tag === "Ready")) {
      this.link.wanted ??= new Set(this.wanted.keys())
    }
  }

  private terminate(ended: ConnectionEndedError): void {
    const { link } = this
    if (link?.open !== true) return
    if (ended.reason.startsWith("nothing arrived")) {
      assert.isAtLeast(this.now - link.receivedAt, timeout, "C2: a frame has arrived within the timeout")
      assert.isTrue(
        link.pings.some((at) => at >= link.receivedAt && at + timeout <= this.now),
        "C2: no ping was unanswered for the timeout"
      )
      if (this.stalling && link.stalls === 1) assert.fail("L3: the link was judged before it was pinged again")
    }
    this.ended = ended
  }

  // -----------------------------------------------------------------------------------------------------------------
  // events
  // -----------------------------------------------------------------------------------------------------------------

  private open(): void {
    const { link } = this
    if (link === undefined || link.open) return
    link.open = true
    link.openedAt = link.receivedAt = this.now
    const isTaken = this.client.handleOpened(link.generation)
    assert.strictEqual(
      isTaken,
      !link.stale,
      "C1: a connection of an earlier session is used, or one of this session is not"
    )
    if (!isTaken) return this.lose(new ConnectionEndedError({ by: "Replacement", code: 1000, reason: "" }))
    this.woken = false
    this.drive()
  }

  private lose(cause: ConnectError | ConnectionEndedError, retryAfter = 0): void {
    const { link } = this
    if (link === undefined) return
    this.link = undefined
    this.cause = cause
    this.lastStable = link.open && !link.stale && this.now - link.openedAt >= stableAfter
    this.wasStable ||= this.lastStable
    this.flight = []
    if (retryAfter > 0) this.allowed[this.server] = this.now + retryAfter
    const isOnPurpose = cause._tag === "KuzzleConnectionEndedError" && cause.by === "Replacement"
    if (isOnPurpose && this.client.connection()._tag === "Connecting") {
      this.dialAt = this.now
      if (!link.stale) this.attempt = 1
    }
    this.client.handleLost(cause)
    this.drive()
    if (this.sessionIsOver) return
    if (isOnPurpose) assert.isDefined(this.link, "C5: the connection is not reopened at once")
    else assert.isTrue(this.link !== undefined || this.client.connection()._tag === "Waiting", "C7: no attempt follows")
  }

  private receive(bytes: number): void {
    const { link } = this
    if (link?.open !== true || link.silent) return
    link.receivedAt = this.now
    link.bytes += bytes
    link.stalls = 0
    this.client.handleFrame()
    this.client.handlePong()
    this.drive()
  }

  private pass(millis: number): void {
    const end = this.now + millis
    for (let turns = 0; this.client.nextDue() <= end; turns++) {
      assert.isBelow(turns, 10_000, "it is due endlessly")
      this.now = Math.max(this.now, this.client.nextDue())
      this.due()
      this.stalling = false
      this.check()
    }
    this.now = end
  }

  private due(): void {
    this.client.handleDue(this.counters())
    this.drive()
    this.pong()
  }

  /** A live server answers at once. */
  private pong(): void {
    const { link } = this
    if (link === undefined || link.answered === link.pings.length) return
    link.answered = link.pings.length
    this.receive(2)
  }

  /** The host stalls, so timers fire late. */
  private stall(millis: number): void {
    this.now += millis
    if (this.link?.open === true) {
      this.link.stalls += 1
      this.stalling = millis > interval + timeout
    }
    if (this.client.nextDue() <= this.now) this.due()
  }

  private counters() {
    return { received: this.link?.bytes, buffered: 0 }
  }

  private host(event: LifecycleEvent): void {
    const isDown = this.link?.open !== true
    if (isDown && event !== "Offline" && !this.sessionIsOver) {
      this.woken = true
      if (this.dialAt !== undefined) this.dialAt = this.allowed[this.server]!
    }
    this.client.handleLifecycle(event, this.counters())
    this.drive()
    this.pong()
  }

  private query(): void {
    const nth = this.queries++
    this.unsettled.add(nth)
    this.client.requests.submit({
      controller: "c",
      action: "a",
      encoded: `{"nth":${nth}`,
      options: undefined,
      timeout: 1e7,
      kind: "Call",
      queuable: true,
      settle: (outcome) => {
        assert.isTrue(this.unsettled.delete(nth), "R1: it ends twice")
        if (Exit.isFailure(outcome) && outcome.cause._tag === "Fail" && outcome.cause.error instanceof MaybeSentError) {
          assert.isUndefined(this.link, "R3: its connection is alive")
        }
      }
    }, this.now)
    this.drive()
  }

  private subscribe(key: number): void {
    if (this.wanted.has(key) || this.sessionIsOver) return
    const consumer: Consumer = {
      opened: () => {},
      notify: () => {},
      gap: () => {},
      fail: () => {
        this.wanted.delete(key)
      }
    }
    const request = { controller: "realtime", action: "subscribe", index: "i", collection: `c${key}`, body: {} }
    if (this.listening === undefined) this.client.attach(this.listening = new Listening())
    const intent = this.listening.acquire({ request, volatile: undefined }, consumer)
    if (!("key" in intent)) return assert.fail("the intent has no key")
    this.wanted.set(key, { intent, consumer })
    this.client.reconcile()
    this.drive()
  }

  private unsubscribe(key: number): void {
    const subscription = this.wanted.get(key)
    if (subscription === undefined) return
    this.wanted.delete(key)
    this.link?.wanted?.delete(key)
    this.listening?.registry.release(subscription.intent, subscription.consumer)
    this.client.reconcile()
    this.drive()
  }

  private answer(which: number, how: "ok" | "refused" | "dead"): void {
    const { link } = this
    if (link?.open !== true || link.silent || this.flight.length === 0) return
    const [call] = this.flight.splice(which % this.flight.length, 1)
    const key = keyOf(call!)
    const refused = { message: "no", props: [], code: 1, ...errors[how === "dead" ? "dead" : "refused"] }
    const error = how === "ok" ? null : refused
    const answer = {
      requestId: call!.id,
      room: call!.id,
      status: error?.status ?? 200,
      error,
      result: { channel: `r${key}-1`, roomId: `r${key}` }
    }
    this.receive(100)
    this.client.requests.handleAnswer(call!.id, answer, 100, this.now)
    this.drive()
  }

  private hold(): void {
    if (this.heldAt !== undefined || this.sessionIsOver) return
    this.heldAt = this.now
    if (this.link?.open === true) this.link.held = true
    this.drainedAt = undefined
    this.before = this.client.credentials.current()
    this.client.hold()
    this.drive()
  }

  /** The exchange that held the connection has completed. */
  private exchange(how: "works" | "changes nothing" | "fails"): void {
    if (this.heldAt === undefined) return
    if (this.drainedAt === undefined) this.pass(5000)
    assert.isTrue(this.drainedAt !== undefined || this.sessionIsOver, "the drain never ends")
    this.heldAt = undefined
    if (this.link !== undefined) this.link.held = false
    if (how === "works" && this.byCookie) this.setUser(this.identity(), false)
    const isChanged = this.byCookie ? this.client.credentials.current() !== this.before : how !== "fails"
    if (isChanged && this.byCookie && this.link?.open === false) this.link.stale = true
    const isReplaced = this.client.handleExchanged(this.before, { elsewhere: false, succeeded: how !== "fails" })
    assert.strictEqual(isReplaced, isChanged)
    this.drive()
  }

  /** The client replaces a connection whose cookie is out of date. */
  private redial(): void {
    this.redials = false
    if (this.heldAt !== undefined) {
      this.redials = true
      return
    }
    const { client } = this
    client.hold()
    client.identity.handleDialling()
    if (this.link?.open === false) this.link.stale = true
    client.handleExchanged(client.credentials.current(), { elsewhere: true, succeeded: true })
    client.followIdentity()
    this.drive()
  }

  private identity(): Identity {
    this.tokens += 1
    return { token: undefined, kuid: "ada", user: "ada", expiresAt: undefined }
  }

  /** An exchange by token, which does not change the connection. */
  private login(): void {
    if (!this.byCookie && !this.sessionIsOver) this.setUser(this.identity())
  }

  private setUser(identity: Identity | undefined, drives = true): void {
    const { client } = this
    const before = client.credentials.current()
    client.identity.handleIdentity(identity)
    client.identity.handleKept(before, identity)
    client.identity.handleSettled()
    client.followIdentity()
    if (drives) this.drive()
  }

  private renew(how: "works" | "fails" | "is lost"): void {
    const way = this.renewal
    if (way === undefined) return
    const { identity } = this.client
    const time = () => ({ now: this.now, wall: this.now })
    let next = identity.handleRenewal(way, time())
    while (next._tag === "Attempt") {
      const { attempt } = next
      if (identity.mayRun(attempt) && how === "works") this.attempted(attempt)
      const lost = new MaybeSentError({
        controller: "auth",
        action: "login",
        cause: new ConnectionEndedError({ by: "Peer", code: 1006, reason: "" })
      })
      const refused = new ConnectError({ reason: "Unreachable", url: "" })
      const exit = how === "works" ? Exit.void : how === "is lost" ? Exit.fail(lost) : Exit.die(refused)
      next = identity.handleTried(attempt, exit, time())
    }
    this.renewal = undefined
    // Without a session the connection is ready at once. A later login does not wait for the subscriptions.
    if (how !== "works" && this.link !== undefined) this.link.ready = true
    identity.handleRenewalEnded()
    this.client.followIdentity()
    this.drive()
  }

  private attempted(attempt: Extract<ReturnType<Client["identity"]["handleRenewal"]>, { _tag: "Attempt" }>["attempt"]) {
    if (attempt.way !== "Restore") return this.setUser(this.identity(), false)
    const followed = this.client.identity.handleRestored(attempt, this.identity(), this.now)
    if (followed !== undefined) this.setUser(followed.identity, false)
  }

  // -----------------------------------------------------------------------------------------------------------------

  private check(): void {
    const { link } = this
    const state = this.client.connection()
    if (this.sessionIsOver) return assert.strictEqual(state._tag, "Failed", "C5: the schedule has ended")
    if (link === undefined) {
      assert.strictEqual(state._tag, "Waiting", "C5: there is no connection")
      assert.isBelow(this.now, this.dialAt ?? -1, "C6: it does not dial on time")
      assert.isAtMost(this.client.nextDue(), this.dialAt ?? -1, "C6: its timer is set too late")
    } else if (!link.open) assert.strictEqual(state._tag, "Connecting", "C5: it is being dialled")
    else this.checkOpen(link, state)
  }

  private checkOpen(link: Link, state: ConnectionState): void {
    const lastPing = link.pings.at(-1) ?? link.openedAt
    assert.isAtMost(this.now - lastPing, interval, "C4: it sent no ping")
    if (link.stalls === 0) {
      assert.isAtMost(this.now - link.receivedAt, interval + timeout + 1000, "C3: a dead connection is kept")
    }
    const isBusy = this.renewal !== undefined || this.redials || (this.heldAt !== undefined && link.held)
    const isSubscribing = this.flight.some(({ kind }) => kind === "Subscription")
    if (isBusy || isSubscribing) return
    link.ready = true
    if (this.unsettled.size > 0) return
    assert.strictEqual(state._tag, "Ready", "R5: it is not ready although nothing is pending")
  }
}

/** The number of a request. A request whose deadline has passed may still be in flight. */
const nthOf = ({ encoded }: Call): number => Number(/"nth":(\d+)/.exec(encoded)?.[1])

const keyOf = ({ encoded }: Call) => Number(/"c(\d)"/.exec(encoded)?.[1] ?? 0)

const errors = {
  refused: { id: "security.rights.forbidden", status: 403 },
  dead: { id: "security.token.expired", status: 401 }
}

describe("client", () => {
  for (const byCookie of [false, true]) {
    it(`A2: after an exchange that failed, the connection stays, and requests wait for the running renewal (with a ${byCookie ? "cookie" : "token"})`, () => {
      const world = new World(byCookie)
      const steps: ReadonlyArray<Step> = [
        { _tag: "Open" },
        { _tag: "Hold" },
        { _tag: "Query" },
        { _tag: "Exchange", how: "fails" }
      ]
      for (const each of steps) world.perform(each)
      world.heal()
      world.close()
    })

    it(`A1: a subscription is not sent on a connection that is about to be replaced for another user (with a ${byCookie ? "cookie" : "token"})`, () => {
      const world = new World(byCookie)
      const steps: ReadonlyArray<Step> = [
        { _tag: "Open" },
        { _tag: "Renewal", how: "works" },
        { _tag: "Hold" },
        { _tag: "Subscribe", key: 0 },
        { _tag: "Exchange", how: "works" }
      ]
      for (const each of steps) world.perform(each)
      world.heal()
      world.close()
    })
  }

  for (const byCookie of [false, true]) {
    it.prop(
      `C1, C2, C3, C4, C5, C6, C7, L3: in any history, the connection behaves as promised (with a ${
        byCookie ? "cookie" : "token"
      })`,
      { steps: fc.array(step, { maxLength: 150, size: "max" }), heals: fc.boolean() },
      ({ heals, steps }) => {
        const world = new World(byCookie)
        for (const each of steps) world.perform(each)
        if (heals) world.heal()
        world.close()
      },
      { fastCheck: { numRuns: 400, interruptAfterTimeLimit: 20_000 }, timeout: 60_000 }
    )
  }
})
