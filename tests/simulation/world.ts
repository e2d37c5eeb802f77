/** One history: what there is in it, and the faults that happen to it. */
import type { KuzzleEngine } from "@effect-kuzzle/testing"
import { Effect } from "effect"
import { type Asked, type Heard, History, isTokenDead, keyOf, type WireFrame, type WireRequest } from "./history.ts"
import { Host } from "./host.ts"
import { type Dial, type Link, Network } from "./network.ts"
import * as Plan from "./plan.ts"
import type { Listening } from "./programs.ts"
import { Random } from "./random.ts"
import { Desk } from "./server.ts"
import { Sessions } from "./sessions.ts"

/** Close codes that a client may see, and two that it must survive all the same. */
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

/** Whether there is ever a login. */
export const hasSessions = ({ authenticator, logins }: Plan.Plan): boolean => logins || authenticator !== undefined

/** The states in which requests of programs are sent. */
const passing = new Set(["Ready", "Replaying"])

/** One that fails when it overflows may have ended, and its slow consumer not know yet. */
const isLive = ({ closing, ended, slow, strategy }: Heard): boolean =>
  !closing && ended === undefined && !(slow && strategy === "fail")

/** Whether it may go on when its connection is gone: it was refused with its token, or it may be sent twice. */
const waitsAgain = ({ answers, idempotent }: Asked, { queue }: Plan.Plan): boolean =>
  answers.some(({ dead }) => dead) || (idempotent && queue !== undefined)

export class World {
  readonly random: Random
  readonly plan: Plan.Plan
  readonly host: Host
  readonly history = new History()
  readonly network: Network
  readonly sessions: Sessions
  /** No program starts anything new. */
  quiet = false
  /** The subscriptions that outlast the programs. */
  readonly open: Array<Listening> = []
  private engineOrNone: KuzzleEngine.KuzzleEngineShape | undefined
  private deskOrNone: Desk | undefined
  private stopped = false
  /**
   * Where subscriptions were silently dropped with a revoked token. The client learns of it by the first request that
   * is refused; `hidden`: it has logged in before there was one, so it cannot notice.
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
    this.deskOrNone = new Desk({
      host: this.host,
      random: this.random.fork(),
      history: this.history,
      engine,
      watch: {
        arriving: (link, frame) => this.arriving(link, frame),
        refusing: (link, key) => this.refusing(link, key),
        executed: (_link, { requestId }) => {
          const asked = this.history.ids.get(requestId)
          if (asked !== undefined) asked.executed += 1
        }
      }
    })
    this.network.server = this.deskOrNone
  }

  get engine(): KuzzleEngine.KuzzleEngineShape {
    return this.engineOrNone!
  }

  get desk(): Desk {
    return this.deskOrNone!
  }

  // -- what is checked at once ---------------------------------------------------------------------------------------

  private watch(): void {
    const { host, network, plan } = this
    const patience = plan.heartbeat.interval + plan.heartbeat.timeout + 1
    network.onDial = () => {
      const live = network.live
      if (live !== undefined) this.violate("C1", `connection ${live.record.id} is still there when another is dialled`)
    }
    network.onSpeak = ({ record }) => {
      const silent = host.now - record.lastSent - this.stalledWithin(record.lastSent, host.now)
      if (plan.heartbeat.ping !== "Disabled" && silent > patience) {
        this.violate("C4", `connection ${record.id} was silent for ${silent} ms`)
      }
    }
    network.onPolite = ({ record }) => this.violate("C1", `connection ${record.id} is closed politely, not dropped`)
    network.onWrite = (link, request, frame) => this.written(link, request, frame)
    network.onEnd = (link) => {
      this.sessions.ended(link)
      this.checkLiveness(link)
      if (link.record.openedAt === undefined) return
      this.checkSettled(link.record.id)
      if (!this.closing) host.turnEnds.push(() => this.checkNoticed(link.record.id))
    }
  }

  /** How long the client's host stood still between two instants, and what it may take it to judge after that. */
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
    const { by, id, lastHeard, lastPing, openedAt } = link.record
    if (openedAt === undefined || plan.heartbeat.ping === "Disabled") return
    const lastMoved = Math.max(lastHeard, link.toClient.movedAt)
    const unheard = host.now - lastMoved
    // `movedAt` of a narrow line may miss bytes of a frame that a fault has held up and let go. The client sees them at its
    // next tick.
    const unseen = plan.narrow === undefined ? 0 : plan.heartbeat.interval
    const patience = plan.heartbeat.interval + Plan.longestWait(plan) + 1 + unseen
    if (unheard > patience + this.stalledWithin(lastMoved, host.now)) {
      this.violate("C3", `connection ${id} was dead for ${unheard} ms`)
    }
    if (by !== "Client" || this.closing) return
    const { arrived, flowingFor } = link.toClient
    this.host.turnEnds.push(() => {
      const last = this.lastCause()
      if (last === undefined || !last.includes("nothing came back")) return
      if (arrived) this.violate("L3", `connection ${id} was given up with something to read in it`)
      if (lastHeard > lastPing) {
        this.violate("C2", `connection ${id} was given up though something came after the ping`)
      }
      if (plan.counts && flowingFor > plan.heartbeat.timeout + 1) {
        this.violate("C2", `connection ${id} was given up though a frame had been coming in for ${flowingFor} ms`)
      }
    })
  }

  /** Any end of a connection reaches the client at once (promise C7). */
  private checkNoticed(link: number): void {
    const last = this.history.states.at(-1)
    if (last !== undefined && last.at < this.host.now && !this.closing) {
      this.violate("C7", `connection ${link} ended, and it is ${last.state._tag} as if nothing had happened`)
    }
  }

  /** Requests of programs pass when the session is ready, not while it is made so (promise R5). */
  private checkReady(n: number): void {
    const { host, history } = this
    host.turnEnds.push(() => {
      const last = history.states.at(-1)
      if (last !== undefined && last.at < host.now && !passing.has(last.state._tag)) {
        this.violate("R5", `request ${n} was sent while it was ${last.state._tag}`)
      }
    })
  }

  /** Nothing that waited is left behind when it is ready (promise R5). */
  ready(): void {
    const { history, host } = this
    const at = host.now
    host.turnEnds.push(() => {
      const last = history.states.at(-1)
      const link = this.network.live?.record.id
      if (last?.state._tag !== "Ready" || last.at !== at || link === undefined) return
      for (const { answers, group, n, settledAt, startedAt, writes } of history.asked) {
        // Of those of one call only the last is seen to end.
        if (settledAt !== undefined || startedAt >= at || group >= 0) continue
        if (writes.at(-1)?.link !== link || (writes.length === 1 && answers.some(({ dead }) => dead))) {
          this.violate("R5", `request ${n} still waits though it is ready`)
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
  /** When the client gave up for good. */
  failedAt: number | undefined

  /** Whether the client was closed, or had given up, by then. */
  over(at: number): boolean {
    return Math.min(this.closedAt ?? Infinity, this.failedAt ?? Infinity) <= at
  }

  private checkSettled(link: number): void {
    const { history, host } = this
    // Of those of one call only the last is seen to end.
    const onIt = history.asked.filter((asked) =>
      asked.group < 0 && asked.settledAt === undefined && asked.writes.at(-1)?.link === link &&
      !waitsAgain(asked, this.plan)
    )
    if (onIt.length === 0) return
    const at = host.now
    host.turnEnds.push(() => {
      for (const asked of onIt) {
        if (asked.settledAt === undefined && asked.writes.at(-1)?.link === link) {
          this.violate("R3", `request ${asked.n} did not settle when connection ${link} ended at ${at}`)
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
      // Nothing listened to it any more where the room was kept for others.
      const wanted = history.heard.some((heard) => heard.key === key && heard.openedAt !== undefined && isLive(heard))
      if (link.confirmed.has(key) && wanted) this.violate("S5", `${key} was subscribed twice`)
      link.subscribing.set(request.requestId, { key, deadline: host.now + this.plan.settings.requestTimeout })
    }
    const asked = n === undefined ? undefined : history.asked[n]
    if (request.requestId !== undefined) {
      this.sessions.written(link, request, asked?.anonymous === true || asked?.nobodys === true)
    }
    if (n === undefined || asked === undefined) return
    history.ids.set(request.requestId, asked)
    const user = request.jwt === undefined ? undefined : this.sessions.userOf(request.jwt)
    if (request.jwt !== undefined && asked.anonymous) {
      this.violate("A1", `request ${n} is anonymous and carries a token`)
    }
    if (asked.user !== undefined && asked.user !== user) {
      this.violate("A1", `request ${n} of ${asked.user} is sent as ${user ?? "nobody"}`)
    }
    if (asked.settledAt !== undefined) this.violate("R8", `request ${n} was written after its end`)
    this.checkReady(n)
    asked.writes.push({ link: link.record.id, at: host.now })
    link.record.written.push({ n, at: host.now })
  }

  private arriving(link: Link, frame: WireFrame): void {
    const { history, host } = this
    const asked = history.ids.get(frame.requestId)
    host.note("arrive", link.record.id, `${frame.action ?? frame.type} ${asked?.n ?? ""}`)
    if (frame.type === "TokenExpired") {
      history.expiries.push(host.now)
      // What is being opened may have been dropped too: its answer says nothing.
      link.confirmed.clear()
      link.subscribing.clear()
      this.dropped = undefined
      return
    }
    this.sessions.arrived(link, frame)
    if (frame.action === "login" && frame.status === 200 && this.dropped?.link === link) this.dropped.hidden = true
    const dead = isTokenDead(frame)
    if (dead) {
      // It has dropped the subscriptions with the token, for all that the client can know.
      history.deaths.push(host.now)
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
        // With a limited rate it may have been asked for again. Then an answer after the deadline does not count.
        if (host.now < deadline || !this.desk.limited.has(link)) link.confirmed.add(key)
        const channel = String(frame.result?.channel)
        if (base !== undefined && !link.channels.has(channel)) link.bases.set(key, { at: host.now, base })
        link.channels.add(channel)
      }
    }
    // One that comes from the connection before, and sooner than it is sent on this one, is none.
    if (asked?.writes.some((write) => write.link === link.record.id) === true) {
      asked.answers.push({ link: link.record.id, at: host.now, dead })
    }
  }

  /** The streams of a subscription that the server refuses end in this turn (promise S6). */
  private refusing(link: Link, key: string): void {
    const { history, host } = this
    host.note("refused", link.record.id, key)
    // When the token expired meanwhile the refusal may be about the subscription before, and it is asked for again.
    const lost = Math.max(history.expiries.at(-1) ?? -1, history.deaths.at(-1) ?? -1)
    if (lost >= (link.record.openedAt ?? 0)) return
    const concerned = history.heard.filter((heard) =>
      heard.key === key && heard.ended === undefined && !heard.closing && heard.acquiredAt < host.now && !heard.slow
    )
    host.turnEnds.push(() => {
      for (const heard of concerned) {
        if (heard.ended === undefined && !heard.closing) {
          this.violate("S6", `consumer ${heard.id} goes on though its subscription was refused`)
        }
      }
    })
  }

  // -- faults -------------------------------------------------------------------------------------------------------

  /** Others publish, and things go wrong, from now on. */
  start(): void {
    const { host, plan } = this
    const random = this.random.fork()
    this.desk.rates = plan.rates
    const publish = () => {
      if (this.stopped) return
      const count = random.chance(0.03) ? random.int(10, 40) : 1
      for (let i = 0; i < count; i++) this.desk.publish(random.pick(collections), random.pick(["a", "b"]))
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

  /** The line to the client alternates between narrow and wide; a new connection starts wide. */
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

  /** From now on there are no faults. Dead connections stay dead, unless the client could never detect it. */
  stop(): void {
    this.stopped = true
    if (this.plan.narrow !== undefined) { for (const { toClient } of this.network.links) toClient.widen() }
    if (this.plan.heartbeat.ping === "Disabled") {
      for (const { toClient, toServer } of this.network.links) for (const pipe of [toServer, toClient]) pipe.block(0)
    }
    this.desk.rates = undefined
    if (this.dropped?.hidden === true) this.dropped.link.reset()
    this.network.dial = { _tag: "Normal" }
    Effect.runSync(Effect.zipRight(this.engine.accept, this.engine.thaw))
  }

  /** A message of each kind in each collection. */
  publishAll(): void {
    for (const collection of collections) for (const kind of ["a", "b"]) this.desk.publish(collection, kind)
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
      [3, "stand still", () => {
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
        // One that begins where another ends goes on with it: nothing has run in between.
        const before = this.history.stalls.at(-1)
        const from = before !== undefined && before.to >= host.now ? before.from : host.now
        this.history.stalls.push({ from, to: host.now + lasts })
        host.stall(lasts)
      }],
      [plan.hostFaults ? 1 : 0, "clock is set", () => {
        host.wallOffset += random.pick([-86_400_000, -3_600_000, 60_000, 86_400_000])
      }]
    ]
    let left = random.int(1, kinds.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, name, run] of kinds) {
      left -= weight
      if (left > 0) continue
      host.note("FAULT", link?.record.id ?? -1, name)
      return run()
    }
  }
}
