/** One history of several clients: what there is in it, what is written down, and the faults that happen to it. */
import type { KuzzleOutboxStore } from "@effect-kuzzle/core"
import type { KuzzleEngine } from "@effect-kuzzle/testing"
import { Effect } from "effect"
import { History, type Violation, type WireFrame, type WireRequest } from "../history.ts"
import { Host } from "../host.ts"
import { type Dial, type Link, Network } from "../network.ts"
import { Random } from "../random.ts"
import { Desk } from "../server.ts"
import * as Plan from "./plan.ts"
import { Jar, type SharedSession, TokenStore } from "./sessions.ts"
import { type Machine, OutboxStore } from "./store.ts"

/** The name of the Kuzzle in the stored requests. */
export const server = "kuzzle"

/** More reports than a history makes: the checks read all of them. */
const maxReports = 1_000_000

/** A request that was handed over, from the call to its end. */
export interface Handed {
  readonly n: number
  /** The client to which it was handed over. */
  readonly client: number
  readonly idempotent: boolean
  readonly poison: boolean
  readonly calledAt: number
  /** What the store made of it. A retry of its report stores it again. */
  readonly entries: Array<KuzzleOutboxStore.Entry>
  /** When it was accepted, by the receipt. */
  acceptedAt: number | undefined
  /** When it was deleted from the store without a report. */
  deletedAt: number | undefined
  /** Until when a caller waited for its outcome; `Infinity`: as long as the client runs. */
  waitedUntil: number
  /** A caller has tried to withdraw it. */
  withdrawing: boolean
  /** The answer of `withdraw`. */
  withdrawn: boolean | undefined
  /** Its outcome, as a waiting caller received it: the tag of its error, or `ok`. */
  told: { readonly at: number; readonly tag: string } | undefined
  readonly writes: Array<Written>
  /** How often the server has carried it out, and when it last did. */
  executed: number
  /** When an answer to it reached a client that had sent it. */
  readonly answers: Array<number>
  /** A client took it over from another one, or from one that had released it. */
  adopted: boolean
  /** The store had it as sending at some time. */
  marked: boolean
  /** The store failed to do something with it, or its record is damaged: its report may be lost, or be one too many. */
  troubled: boolean
  /** When it was stored and its sender was purged. What is being sent stays, so one that was `marked` may have stayed. */
  purged: { readonly at: number; readonly marked: boolean } | undefined
  /** How often a caller requested that it be sent again, although it may have been executed. */
  retries: number
  /** Its reports, including those that were forgotten. */
  readonly reports: Array<{ readonly outcome: KuzzleOutboxStore.Outcome; readonly at: number; readonly wall: number }>
}

export interface Written {
  readonly link: Link
  readonly client: number
  readonly at: number
  /** Its place among all writes of the history. */
  readonly nth: number
  /** By the wall clock of the client's host. */
  readonly wall: number
  /** The user of its token or cookie. */
  readonly user: string | undefined
  /** The server has carried it out. */
  accepted: boolean
}

/** A client, from its start to its end. Its successor is another one. */
export class Client {
  readonly id: number
  readonly network: Network
  state: "Running" | "Closing" | "Closed" | "Dead" = "Running"
  /** Closes the client, when it has started. */
  close: () => void = () => {}
  /**
   * The connection state, the user and the token as it last reported them, and how many requests it still has to send.
   */
  probe: (() => Probe) | undefined
  /** When its session last changed by what a program did. */
  changedAt = -Infinity
  /** How many programs log in or out at the moment. */
  changing = 0
  kill: () => void = () => {}

  constructor(id: number, network: Network) {
    this.id = id
    this.network = network
  }
}

export interface Probe {
  readonly connection: string
  readonly authentication: string
  readonly kuid: string | undefined
  /** Its session has expired, and nothing has been sent since. */
  readonly isExpired: boolean
  readonly token: string | undefined
  readonly pending: ReadonlyArray<KuzzleOutboxStore.Entry>
}

export class SharedWorld {
  readonly random: Random
  readonly plan: Plan.SharedPlan
  readonly host: Host
  readonly history = new History()
  readonly outbox: OutboxStore
  readonly tokens: TokenStore | undefined
  readonly jar: Jar | undefined
  readonly handed: Array<Handed> = []
  readonly clients: Array<Client> = []
  /** No program starts anything new. */
  quiet = false
  /** Starts a client; set by the story. */
  launch: () => Client = () => {
    throw new Error("the story has not begun")
  }
  private readonly bySeq = new Map<string, Handed>()
  private readonly byRequest = new Map<Link, Map<string, Handed>>()
  /** The users of the tokens that the server has issued. */
  private readonly owners = new Map<string, string>()
  private engineOrNone: KuzzleEngine.KuzzleEngineShape | undefined
  private deskOrNone: Desk | undefined
  private dial: Dial = { _tag: "Normal" }
  private stopped = false
  private writes = 0

  constructor(seed: number, verbose: boolean) {
    this.random = new Random(seed)
    this.plan = Plan.draw(this.random.fork())
    this.host = new Host(this.random.fork(), this.plan.order, verbose)
    this.host.onThrow = (cause, where) => this.violate("C7", `${where}: ${String(cause)}`)
    const { changeDelay, locks, session, store, tokens } = this.plan
    this.outbox = new OutboxStore({
      machine: this.machine,
      random: this.random.fork(),
      faults: store,
      locks,
      changeDelay,
      maxReports,
      server,
      watch: {
        added: (entries) => this.added(entries),
        marked: (seqs) => {
          for (const seq of seqs) this.of(seq, (handed) => handed.marked = true)
        },
        adopted: (entries) => {
          this.host.note("adopted", entries.length)
          for (const { seq } of entries) this.of(seq, (handed) => handed.adopted = true)
        },
        settled: (seq, outcome) => {
          this.of(seq, (handed) => {
            this.host.note("settled", handed.n, outcome)
            if (outcome === undefined) handed.deletedAt = this.host.now
            else handed.reports.push({ outcome, at: this.host.now, wall: this.host.wall })
          })
        },
        failed: (operation, seqs) => {
          this.host.note("store failed", seqs.length, operation)
          for (const seq of seqs) this.of(seq, (handed) => handed.troubled = true)
        },
        torn: ({ seq }) => this.of(seq, (handed) => handed.troubled = true),
        purging: (sender) => {
          for (const handed of this.handed) {
            const { deletedAt, entries, marked, reports } = handed
            const last = entries.at(-1)
            if (deletedAt !== undefined || reports.length > 0 || last === undefined) continue
            if (sameSender(last.sender, sender)) handed.purged = { at: this.host.now, marked }
          }
        }
      }
    })
    const random = this.random.fork()
    this.tokens = session === "SharedToken"
      ? new TokenStore(this.machine, random, tokens, changeDelay, locks)
      : undefined
    this.jar = session === "Cookie"
      ? new Jar(
        this.machine,
        random,
        { latency: this.plan.circumstances.latency, loss: tokens.failBefore, changeDelay, locks },
        () => this.host.wall,
        () => this.engine
      )
      : undefined
  }

  readonly violate = (promise: string, what: string): void => {
    this.host.note("VIOLATION", 0, `${promise} ${what}`)
    const violation: Violation = { promise, what, at: this.host.now }
    this.history.violations.push(violation)
  }

  get machine(): Machine {
    return { now: () => this.host.now, at: (at, run) => void this.host.at("Server", at, run) }
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
        refusing: () => {},
        executed: (link, request, frame) => this.executed(link, request, frame)
      }
    })
  }

  get engine(): KuzzleEngine.KuzzleEngineShape {
    return this.engineOrNone!
  }

  get desk(): Desk {
    return this.deskOrNone!
  }

  /** The session that all clients share; `undefined`: they share none, or no user is logged in. */
  get session(): SharedSession | undefined {
    return this.tokens?.session ?? this.jar?.session((token) => this.owner(token))
  }

  /** Whether the session is alive. */
  isAlive({ expiresAt, token }: SharedSession): boolean {
    return expiresAt > this.host.wall && this.accepts(token) === true
  }

  get living(): ReadonlyArray<Client> {
    return this.clients.filter(({ state }) => state === "Running")
  }

  /** Another client, with a network of its own. */
  add(): Client {
    const id = this.clients.length
    const network = new Network(this.host, this.plan.circumstances, this.random.fork(), this.history, id)
    network.server = this.desk
    network.dial = this.dial
    network.handshake = () => this.jar?.headers ?? {}
    network.onWrite = (link, request) => this.written(client, link, request)
    const client = new Client(id, network)
    this.clients.push(client)
    return client
  }

  // -- what is written down ------------------------------------------------------------------------------------------

  hand(one: Pick<Handed, "client" | "idempotent" | "poison">): Handed {
    const handed: Handed = {
      ...one,
      n: this.handed.length,
      calledAt: this.host.now,
      entries: [],
      acceptedAt: undefined,
      deletedAt: undefined,
      waitedUntil: -Infinity,
      withdrawing: false,
      withdrawn: undefined,
      told: undefined,
      writes: [],
      executed: 0,
      answers: [],
      adopted: false,
      marked: false,
      troubled: false,
      purged: undefined,
      retries: 0,
      reports: []
    }
    this.handed.push(handed)
    return handed
  }

  owner(token: string | undefined): string | undefined {
    return token === undefined ? undefined : this.owners.get(token)
  }

  /** A token that another client has obtained for this user. */
  mint(user: string, expiresIn: number): string | undefined {
    const token = this.desk.mint(user, expiresIn)
    if (token !== undefined) this.owners.set(token, user)
    return token
  }

  /** Whether the server accepts the token; `undefined` while it does not answer. */
  accepts(token: string): boolean | undefined {
    return this.desk.ask({ controller: "auth", action: "checkToken", body: { token } })?.result?.valid
  }

  private of(seq: string, change: (handed: Handed) => unknown): void {
    const handed = this.bySeq.get(seq)
    if (handed !== undefined) change(handed)
  }

  /** What the store has for a request. */
  handedOf(seq: string): Handed | undefined {
    return this.bySeq.get(seq)
  }

  private added(entries: ReadonlyArray<KuzzleOutboxStore.Entry>): void {
    for (const entry of entries) {
      const n = markOf(entry)
      const handed = n === undefined ? undefined : this.handed[n]
      // The retry of a report of a damaged record.
      if (handed === undefined) continue
      this.host.note("stored", handed.n, entry.seq)
      handed.entries.push(entry)
      this.bySeq.set(entry.seq, handed)
    }
  }

  private written(client: Client, link: Link, request: WireRequest): void {
    const { host } = this
    const n = request.volatile?.n
    const handed = n === undefined ? undefined : this.handed[n]
    host.note("write", link.record.id, `client ${client.id} ${request.action} ${n ?? ""}`)
    if (handed === undefined || request.requestId === undefined) return
    const onLink = this.byRequest.get(link) ?? new Map<string, Handed>()
    this.byRequest.set(link, onLink)
    const user = this.jar === undefined ? this.owner(request.jwt) : this.owner(cookieOf(link))
    handed.writes.push({
      link,
      client: client.id,
      at: host.now,
      nth: this.writes++,
      wall: host.wall,
      user,
      accepted: false
    })
    onLink.set(request.requestId, handed)
  }

  private arriving(link: Link, frame: WireFrame): void {
    const onLink = this.byRequest.get(link)
    const handed = onLink?.get(String(frame.requestId))
    this.host.note("arrive", link.record.id, `${frame.action ?? frame.type} ${handed?.n ?? ""} ${frame.status}`)
    if (handed === undefined) return
    handed.answers.push(this.host.now)
    onLink?.delete(String(frame.requestId))
  }

  private executed(link: Link, request: WireRequest, frame: WireFrame): void {
    this.grants(frame)
    const n = request.volatile?.n
    const handed = n === undefined ? undefined : this.handed[n]
    if (handed === undefined) return
    this.host.note("executed", handed.n, String(link.record.id))
    handed.executed += 1
    const last = handed.writes.findLast((write) => write.link === link)
    if (last !== undefined) last.accepted = true
  }

  /** An answer may give out a token. */
  grants({ result }: WireFrame, cookie?: string): void {
    const token = cookie ?? result?.jwt
    if (token !== undefined && result?._id !== undefined) this.owners.set(token, String(result._id))
  }

  // -- faults --------------------------------------------------------------------------------------------------------

  /** Things go wrong from now on. */
  start(): void {
    const { plan } = this
    this.desk.rates = plan.rates
    this.repeat(plan.faultPause, (random) => this.fault(random))
    this.repeat(plan.endPause, (random) => this.endOne(random))
    this.repeat(plan.fullPause, (random) => {
      this.outbox.full = random.chance(0.5)
    })
    if (plan.locks === "Lying") this.repeat(1000, () => this.outbox.lie())
    if (plan.locks === "Absent") this.repeat(1000, () => this.outbox.rumour())
  }

  private repeat(pause: number, run: (random: Random) => void): void {
    const random = this.random.fork()
    if (pause === Infinity) return
    const again = () => this.host.at("Server", this.host.now + random.pause(pause), turn)
    const turn = () => {
      if (this.stopped) return
      run(random)
      again()
    }
    again()
  }

  /** Everything is well from now on. */
  stop(): void {
    this.stopped = true
    this.desk.rates = undefined
    this.outbox.heal()
    this.tokens?.heal()
    this.jar?.heal()
    this.setDial({ _tag: "Normal" })
    Effect.runSync(Effect.zipRight(this.engine.accept, this.engine.thaw))
  }

  private setDial(dial: Dial): void {
    this.dial = dial
    for (const { network } of this.clients) network.dial = dial
  }

  /** A client ends, and another one begins. */
  private endOne(random: Random): void {
    const client = random.pick(this.living)
    if (client === undefined) return
    if (random.chance(this.plan.crash)) this.crash(client)
    else if (!this.host.isStalled(client.id)) client.close()
    this.host.at("Server", this.host.now + random.int(0, 500), () => {
      if (!this.stopped) this.launch()
    })
  }

  crash(client: Client): void {
    this.host.note("CRASH", client.id)
    client.state = "Dead"
    this.host.kill(client.id)
    client.kill()
    for (const link of client.network.links) link.orphan()
  }

  private fault(random: Random): void {
    const { engine, host, plan } = this
    const client = random.pick(this.living)
    const link = client?.network.live
    const after = (delay: number, run: () => void) =>
      host.at("Server", host.now + delay, () => {
        if (!this.stopped) run()
      })
    const duration = () => random.chance(0.2) ? random.int(2000, 20_000) : random.int(10, 2000)
    const expire = (revoke: boolean) => {
      const token = this.jar?.token ?? this.tokens?.token ?? client?.probe?.().token
      if (token !== undefined) Effect.runSync(revoke ? engine.revokeToken(token) : engine.expireToken(token))
    }
    const kinds: ReadonlyArray<readonly [weight: number, name: string, run: () => void]> = [
      [6, "reset", () => link?.reset()],
      [3, "close", () => link?.closeBetween(random.pick([1000, 1001, 1006, 1011]), "")],
      [1, "all connections end", () => Effect.runSync(engine.dropAll(1006))],
      [2, "stand still", () => {
        const until = host.now + duration()
        if (random.chance(0.7)) link?.toServer.block(until)
        if (random.chance(0.7)) link?.toClient.block(until)
      }],
      [1, "server stops", () => {
        Effect.runSync(Effect.zipRight(engine.refuse, engine.dropAll(1006)))
        after(duration(), () => Effect.runSync(engine.accept))
      }],
      [1, "dialling", () => {
        this.setDial(random.pick<Dial>([{ _tag: "Refuse" }, { _tag: "Hang" }, { _tag: "DropAtOnce", code: 1011 }]))
        after(duration(), () => this.setDial({ _tag: "Normal" }))
      }],
      [plan.visits ? 1 : 0, "token expires", () => expire(false)],
      [plan.visits ? 1 : 0, "token revoked", () => expire(true)],
      [plan.hostFaults ? 3 : 0, "freeze", () => {
        if (client !== undefined) host.stall(duration(), client.id)
      }],
      // With a clock that is a day fast, a browser keeps no cookie, so no login is possible.
      [plan.hostFaults && plan.session !== "Cookie" ? 1 : 0, "clock is set", () => {
        host.wallOffset += random.pick([-3_600_000, 60_000, 86_400_000])
      }]
    ]
    let left = random.int(1, kinds.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, name, run] of kinds) {
      left -= weight
      if (left > 0) continue
      host.note("FAULT", client?.id ?? -1, name)
      return run()
    }
  }
}

const sameSender = (a: KuzzleOutboxStore.Sender, b: KuzzleOutboxStore.Sender): boolean =>
  (a._tag === "User" ? a.kuid : undefined) === (b._tag === "User" ? b.kuid : undefined)

/** Which request is stored. The simulation marks each in its volatile data. */
const markOf = ({ payload }: KuzzleOutboxStore.Entry): number | undefined => {
  const mark = /"volatile":\{"n":(\d+)/.exec(payload)?.[1]
  return mark === undefined ? undefined : Number(mark)
}

/** The session's token in the handshake of a connection. */
const cookieOf = ({ headers }: Link): string | undefined => headers.cookie?.slice("authToken=".length)
