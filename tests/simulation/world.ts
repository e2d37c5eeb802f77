/** One history: its parts, and the faults that happen in it. */
import type { KuzzleEngine } from "@effect-kuzzle/testing"
import { Effect } from "effect"
import {
  type ConsumerRecord,
  History,
  isTokenInvalid,
  keyOf,
  type RequestRecord,
  type WireFrame,
  type WireRequest
} from "./history.ts"
import { Host } from "./host.ts"
import { type Dial, type Link, Network } from "./network.ts"
import * as Plan from "./plan.ts"
import type { Listening } from "./programs.ts"
import { Random } from "./random.ts"
import { FaultyServer } from "./server.ts"
import { Sessions } from "./sessions.ts"

/** Close codes that a client may get, and some that it must survive although no peer may send them. */
const closeCodes = [
  1000,
  1001,
  1002,
  1003,
  1005,
  1006,
  1007,
  1008,
  1009,
  1010,
  1011,
  1012,
  1013,
  1014,
  1015,
  3000,
  4999
]

const collections = ["c1", "c2"] as const

/** Whether the history can have a login. */
export const hasSessions = ({ authenticator, logins }: Plan.Plan): boolean => logins || authenticator !== undefined

/** The states in which requests of programs are sent. */
const sendingStates = new Set(["Ready", "Replaying"])

/** Whether a consumer surely lives. With the strategy `fail`, a stream may have ended before its slow consumer notices. */
const isLive = ({ closing, ended, slow, strategy }: ConsumerRecord): boolean =>
  !closing && ended === undefined && !(slow && strategy === "fail")

/** Whether a request may wait after the loss of its connection: its token was refused, or it is idempotent and queued. */
const mayBeResent = ({ answers, idempotent }: RequestRecord, { queue }: Plan.Plan): boolean =>
  answers.some(({ tokenInvalid }) => tokenInvalid) || (idempotent && queue !== undefined)

export class World {
  readonly random: Random
  readonly plan: Plan.Plan
  readonly host: Host
  readonly history = new History()
  readonly network: Network
  readonly sessions: Sessions
  /** Whether the programs must stop. */
  quiet = false
  /** The subscriptions that are still open when the programs have ended. */
  readonly open: Array<Listening> = []
  private engineOrNone: KuzzleEngine.KuzzleEngineShape | undefined
  private faultyServerOrNone: FaultyServer | undefined
  private stopped = false
  /**
   * The connection whose subscriptions the server silently ended with a revoked token. The client learns of it when a
   * request is refused. `hidden`: it has logged in before that, so it cannot notice.
   */
  private dropped: { readonly link: Link; hidden: boolean } | undefined

  constructor(seed: number, verbose: boolean) {
    this.random = new Random(seed)
    this.plan = Plan.draw(this.random.fork())
    this.host = new Host(this.random.fork(), this.plan.order, verbose)
    this.host.onThrow = (cause, where) => this.violate("C7", `${where}: ${String(cause)}`)
    this.network = new Network(this.host, this.plan, this.random.fork(), this.history)
    this.sessions = new Sessions({
      now: () => this.host.now,
      wall: () => this.host.wall,
      timeout: this.plan.settings.requestTimeout,
      closing: () => this.closing,
      renewing: () => this.history.states.at(-1)?.state._tag === "Authenticating",
      violate: (promise, what) => this.violate(promise, what)
    })
    this.watch()
  }

  violate(promise: string, what: string): void {
    this.host.note("VIOLATION", 0, `${promise} ${what}`)
    this.history.violations.push({ promise, what, at: this.host.now })
  }

  set engine(engine: KuzzleEngine.KuzzleEngineShape) {
    this.engineOrNone = engine
    this.faultyServerOrNone = new FaultyServer({
      host: this.host,
      random: this.random.fork(),
      history: this.history,
      engine,
      watch: {
        arriving: (link, frame) => this.arriving(link, frame),
        refusing: (link, key) => this.refusing(link, key),
        executed: (_link, { requestId }) => {
          const record = this.history.ids.get(requestId)
          if (record !== undefined) record.executed += 1
        }
      }
    })
    this.network.server = this.faultyServerOrNone
  }

  get engine(): KuzzleEngine.KuzzleEngineShape {
    return this.engineOrNone!
  }

  get faultyServer(): FaultyServer {
    return this.faultyServerOrNone!
  }

  // -- checks while it runs ------------------------------------------------------------------------------------------

  private watch(): void {
    const { host, network, plan } = this
    const longestSilence = plan.heartbeat.interval + plan.heartbeat.timeout + 1
    network.onDial = () => {
      const live = network.live
      if (live !== undefined) this.violate("C1", `connection ${live.record.id} is still alive when another is dialled`)
    }
    network.onSend = ({ record }) => {
      const silent = host.now - record.lastSent - this.stalledWithin(record.lastSent, host.now)
      if (plan.heartbeat.ping !== "Disabled" && silent > longestSilence) {
        this.violate("C4", `connection ${record.id} was silent for ${silent} ms`)
      }
    }
    network.onGracefulClose = ({ record }) =>
      this.violate("C1", `connection ${record.id} is closed gracefully, not terminated`)
    network.onWrite = (link, request, frame) => this.written(link, request, frame)
    network.onEnd = (link) => {
      this.sessions.ended(link)
      this.checkLiveness(link)
      if (link.record.openedAt === undefined) return
      this.checkSettled(link.record.id)
      if (!this.closing) host.turnEnds.push(() => this.checkNoticed(link.record.id))
    }
  }

  /** How long the host was frozen between two instants, plus the time that the client may then take to judge a connection. */
  stalledWithin(from: number, to: number): number {
    let total = 0
    for (const stall of this.history.stalls) {
      const overlap = Math.min(to, stall.to) - Math.max(from, stall.from)
      if (overlap > 0) {
        total += stall.to - stall.from + 4 * Plan.longestWait(this.plan) + this.plan.heartbeat.interval
      }
    }
    return total
  }

  private checkLiveness(link: Link): void {
    const { host, plan } = this
    const { by, id, lastReceived, lastPing, openedAt } = link.record
    if (openedAt === undefined || plan.heartbeat.ping === "Disabled") return
    const lastMoved = Math.max(lastReceived, link.toClient.movedAt)
    const silent = host.now - lastMoved
    // On a slow line, `movedAt` may miss bytes of a frame that a fault delayed. The client sees them at its next heartbeat.
    const unseen = plan.narrow === undefined ? 0 : plan.heartbeat.interval
    const longest = plan.heartbeat.interval + Plan.longestWait(plan) + 1 + unseen
    if (silent > longest + this.stalledWithin(lastMoved, host.now)) {
      this.violate("C3", `connection ${id} was dead for ${silent} ms`)
    }
    if (by !== "Client" || this.closing) return
    const { arrived, flowingFor } = link.toClient
    this.host.turnEnds.push(() => {
      const last = this.lastCause()
      if (last === undefined || !last.includes("nothing came back")) return
      if (arrived) this.violate("L3", `connection ${id} was given up with unread data`)
      if (lastReceived > lastPing) {
        this.violate("C2", `connection ${id} was given up although a frame or a pong arrived after the ping`)
      }
      if (plan.counts && flowingFor > plan.heartbeat.timeout + 1) {
        this.violate("C2", `connection ${id} was given up although a frame had been arriving for ${flowingFor} ms`)
      }
    })
  }

  /** Any end of a connection reaches the client at once (promise C7). */
  private checkNoticed(link: number): void {
    const last = this.history.states.at(-1)
    if (last !== undefined && last.at < this.host.now && !this.closing) {
      this.violate("C7", `connection ${link} ended, and the client is still ${last.state._tag}`)
    }
  }

  /** Requests of programs are sent when the session is ready, not before (promise R5). */
  private checkReady(n: number): void {
    const { host, history } = this
    host.turnEnds.push(() => {
      const last = history.states.at(-1)
      if (last !== undefined && last.at < host.now && !sendingStates.has(last.state._tag)) {
        this.violate("R5", `request ${n} was sent while the client was ${last.state._tag}`)
      }
    })
  }

  /** When the client is ready, every request that waited has been sent (promise R5). */
  ready(): void {
    const { history, host } = this
    const at = host.now
    host.turnEnds.push(() => {
      const last = history.states.at(-1)
      const link = this.network.live?.record.id
      if (last?.state._tag !== "Ready" || last.at !== at || link === undefined) return
      for (const { answers, group, n, settledAt, startedAt, writes } of history.requests) {
        // The requests of one `queryMany` settle with the last of them.
        if (settledAt !== undefined || startedAt >= at || group >= 0) continue
        if (writes.at(-1)?.link !== link || (writes.length === 1 && answers.some(({ tokenInvalid }) => tokenInvalid))) {
          this.violate("R5", `request ${n} still waits although the client is ready`)
        }
      }
    })
  }

  private lastCause(): string | undefined {
    const last = this.history.states.at(-1)
    return last?.at === this.host.now ? last.state.cause?.message : undefined
  }

  /** Whether the client is being closed. */
  closing = false
  closedAt: number | undefined
  /** When the client gave up permanently. */
  failedAt: number | undefined

  /** Whether the client was closed, or had given up, at that time. */
  hasEnded(at: number): boolean {
    return Math.min(this.closedAt ?? Infinity, this.failedAt ?? Infinity) <= at
  }

  private checkSettled(link: number): void {
    const { history, host } = this
    // The requests of one `queryMany` settle with the last of them.
    const onIt = history.requests.filter((record) =>
      record.group < 0 && record.settledAt === undefined && record.writes.at(-1)?.link === link &&
      !mayBeResent(record, this.plan)
    )
    if (onIt.length === 0) return
    const at = host.now
    host.turnEnds.push(() => {
      for (const record of onIt) {
        if (record.settledAt === undefined && record.writes.at(-1)?.link === link) {
          this.violate("R3", `request ${record.n} did not settle when connection ${link} ended at ${at}`)
        }
      }
    })
  }

  private written(link: Link, request: WireRequest, frame: string): void {
    const { history, host } = this
    const n = request.volatile?.n ?? request.n
    host.note("write", link.record.id, `${request.action} ${n ?? ""}`)
    if (frame.length > this.plan.settings.maxRequestSize) {
      this.violate("R7", `a frame of ${frame.length} bytes was sent`)
    }
    if (request.action === "subscribe") {
      const key = keyOf({ ...request, filter: request.body, v: request.volatile?.v })
      // A confirmed subscription without a consumer may be sent again: its room was only kept for others.
      const wanted = history.consumers.some((consumer) =>
        consumer.key === key && consumer.openedAt !== undefined && isLive(consumer)
      )
      if (link.confirmed.has(key) && wanted) this.violate("S5", `${key} was subscribed twice`)
      link.subscribing.set(request.requestId, { key, deadline: host.now + this.plan.settings.requestTimeout })
    }
    const record = n === undefined ? undefined : history.requests[n]
    if (request.requestId !== undefined) {
      this.sessions.written(link, request, record?.anonymous === true || record?.mayBeAnonymous === true)
    }
    if (n === undefined || record === undefined) return
    history.ids.set(request.requestId, record)
    const user = request.jwt === undefined ? undefined : this.sessions.userOf(request.jwt)
    if (request.jwt !== undefined && record.anonymous) {
      this.violate("A1", `request ${n} is anonymous and carries a token`)
    }
    if (record.user !== undefined && record.user !== user) {
      this.violate("A1", `request ${n} of ${record.user} is sent as ${user ?? "anonymous"}`)
    }
    if (record.settledAt !== undefined) this.violate("R8", `request ${n} was written after its end`)
    this.checkReady(n)
    record.writes.push({ link: link.record.id, at: host.now })
    link.record.written.push({ n, at: host.now })
  }

  private arriving(link: Link, frame: WireFrame): void {
    const { history, host } = this
    const record = history.ids.get(frame.requestId)
    host.note("arrive", link.record.id, `${frame.action ?? frame.type} ${record?.n ?? ""}`)
    if (frame.type === "TokenExpired") {
      history.expiries.push(host.now)
      // Subscriptions that are being opened may have ended too, whatever their answers say.
      link.confirmed.clear()
      link.subscribing.clear()
      this.dropped = undefined
      return
    }
    this.sessions.arrived(link, frame)
    if (frame.action === "login" && frame.status === 200 && this.dropped?.link === link) this.dropped.hidden = true
    const tokenInvalid = isTokenInvalid(frame)
    if (tokenInvalid) {
      // The client must assume that the server has ended the subscriptions with the token.
      history.invalidations.push(host.now)
      link.confirmed.clear()
      link.subscribing.clear()
      this.dropped = undefined
    }
    const m = frame.result?._source?.m
    if (m !== undefined) {
      const times = history.arrivals.get(m)
      if (times === undefined) history.arrivals.set(m, [host.now])
      else times.push(host.now)
      return
    }
    if (frame.action === "subscribe") {
      history.confirmations.push(host.now)
      const { deadline = 0, key } = link.subscribing.get(frame.requestId) ?? {}
      const base = link.executed.get(frame.requestId)
      if (key !== undefined && frame.status === 200) {
        // With a limited rate, the client may have resent the request. Then an answer after the deadline does not count.
        if (host.now < deadline || !this.faultyServer.limited.has(link)) link.confirmed.add(key)
        const channel = String(frame.result?.channel)
        if (base !== undefined && !link.channels.has(channel)) link.bases.set(key, { at: host.now, base })
        link.channels.add(channel)
      }
    }
    // An answer from an earlier connection that arrives before the request is resent on this one does not count.
    if (record?.writes.some((write) => write.link === link.record.id) === true) {
      record.answers.push({ link: link.record.id, at: host.now, tokenInvalid })
    }
  }

  /** When the server refuses a subscription, its streams end in the same turn (promise S6). */
  private refusing(link: Link, key: string): void {
    const { history, host } = this
    host.note("refused", link.record.id, key)
    // If the token has expired meanwhile, the refusal may concern an earlier attempt, and the client subscribes again.
    const lost = Math.max(history.expiries.at(-1) ?? -1, history.invalidations.at(-1) ?? -1)
    if (lost >= (link.record.openedAt ?? 0)) return
    const concerned = history.consumers.filter((consumer) =>
      consumer.key === key && consumer.ended === undefined && !consumer.closing && consumer.acquiredAt < host.now &&
      !consumer.slow
    )
    host.turnEnds.push(() => {
      for (const consumer of concerned) {
        if (consumer.ended === undefined && !consumer.closing) {
          this.violate("S6", `consumer ${consumer.id} continues although its subscription was refused`)
        }
      }
    })
  }

  // -- faults -------------------------------------------------------------------------------------------------------

  /** From now on, other clients publish and faults happen. */
  start(): void {
    const { host, plan } = this
    const random = this.random.fork()
    this.faultyServer.rates = plan.rates
    const publish = () => {
      if (this.stopped) return
      const count = random.chance(0.03) ? random.int(10, 40) : 1
      for (let i = 0; i < count; i++) this.faultyServer.publish(random.pick(collections), random.pick(["a", "b"]))
      host.at("Server", host.now + random.pause(plan.publishPause), publish)
    }
    host.at("Server", host.now, publish)
    const faults = this.random.fork()
    const fault = () => {
      if (this.stopped) return
      this.fault(faults)
      host.at("Server", host.now + faults.pause(plan.faultPause), fault)
    }
    if (plan.faultPause < Infinity) host.at("Server", host.now + faults.pause(plan.faultPause), fault)
    if (plan.narrow !== undefined) this.narrow(plan.narrow)
  }

  /** The line to the client alternates between slow and fast. A new connection starts fast. */
  private narrow({ bytesPerSecond, pause, seed }: NonNullable<Plan.Plan["narrow"]>): void {
    const random = new Random(seed)
    const turn = (rate: number) => {
      if (this.stopped) return
      if (this.network.live !== undefined) this.network.live.toClient.bytesPerSecond = rate
      this.host.at(
        "Server",
        this.host.now + random.pause(pause),
        () => turn(rate === Infinity ? bytesPerSecond : Infinity)
      )
    }
    turn(Infinity)
  }

  /** From now on there are no faults. Dead connections stay dead, unless the client has no heartbeat to detect them. */
  stop(): void {
    this.stopped = true
    if (this.plan.narrow !== undefined) { for (const { toClient } of this.network.links) toClient.widen() }
    if (this.plan.heartbeat.ping === "Disabled") {
      for (const { toClient, toServer } of this.network.links) for (const pipe of [toServer, toClient]) pipe.block(0)
    }
    this.faultyServer.rates = undefined
    if (this.dropped?.hidden === true) this.dropped.link.reset()
    this.network.dial = { _tag: "Normal" }
    Effect.runSync(Effect.zipRight(this.engine.accept, this.engine.thaw))
  }

  /** Publishes a message of each kind in each collection. */
  publishAll(): void {
    for (const collection of collections) for (const kind of ["a", "b"]) this.faultyServer.publish(collection, kind)
  }

  private fault(random: Random): void {
    const { engine, host, network, plan } = this
    const link = network.live
    const after = (delay: number, run: () => void) => {
      host.at("Server", host.now + delay, () => {
        if (!this.stopped) run()
      })
    }
    const duration = () => random.chance(0.3) ? random.int(5000, 60_000) : random.int(10, 5000)
    const kinds: ReadonlyArray<readonly [weight: number, name: string, run: () => void]> = [
      [4, "reset", () => link?.reset()],
      [4, "close", () => link?.closeBetween(random.pick(closeCodes) ?? 1000, random.pick(["", "going away"]))],
      [
        2,
        "server closes",
        () =>
          Effect.runSync(engine.dropAll(random.pick(closeCodes), random.pick(["", "Connection closed by remote host"])))
      ],
      [3, "stall", () => {
        const until = random.chance(0.15) ? Infinity : host.now + duration()
        const which = random.int(0, 2)
        if (which !== 0) link?.toServer.block(until)
        if (which !== 1) link?.toClient.block(until)
      }],
      [2, "server stops", () => {
        Effect.runSync(Effect.zipRight(engine.refuse, engine.dropAll(1006)))
        after(duration(), () => Effect.runSync(engine.accept))
      }],
      [1, "server freezes", () => {
        Effect.runSync(engine.freeze)
        after(duration(), () => Effect.runSync(engine.thaw))
      }],
      [3, "dialling", () => {
        network.dial = random.pick<Dial>([
          { _tag: "Refuse" },
          { _tag: "Hang" },
          { _tag: "Slow", delay: random.int(10, 12_000) },
          { _tag: "Reject", status: random.pick([401, 403, 429, 503]) },
          { _tag: "DropAtOnce", code: random.pick([1001, 1006, 1008, 1011]) }
        ])
        after(duration(), () => {
          network.dial = { _tag: "Normal" }
        })
        if (random.chance(0.7)) link?.reset()
      }],
      [hasSessions(plan) ? 3 : 0, "token expires", () => {
        const { current } = this.sessions
        if (current !== undefined) Effect.runSync(engine.expireToken(current))
      }],
      [hasSessions(plan) ? 2 : 0, "token revoked", () => {
        const { current } = this.sessions
        if (current === undefined) return
        Effect.runSync(engine.revokeToken(current))
        if (link !== undefined) this.dropped = { link, hidden: false }
      }],
      [plan.hostFaults ? 3 : 0, "host stalls", () => {
        const lasts = random.chance(0.1)
          ? 3_600_000
          : random.chance(0.3)
          ? random.int(5000, 90_000)
          : random.int(50, 5000)
        // A stall that begins where another ends continues it: nothing has run in between.
        const before = this.history.stalls.at(-1)
        const from = before !== undefined && before.to >= host.now ? before.from : host.now
        this.history.stalls.push({ from, to: host.now + lasts })
        host.stall(lasts)
      }],
      [plan.hostFaults ? 1 : 0, "clock is set", () => {
        host.wallOffset += random.pick([-86_400_000, -3_600_000, 60_000, 86_400_000])
      }]
    ]
    let remaining = random.int(1, kinds.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, name, run] of kinds) {
      remaining -= weight
      if (remaining > 0) continue
      host.note("FAULT", link?.record.id ?? -1, name)
      return run()
    }
  }
}
