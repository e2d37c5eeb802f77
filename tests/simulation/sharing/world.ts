/** One history of several clients: its parts, what is recorded, and the faults that happen in it. */
import type { KuzzleOutboxStore } from "@effect-kuzzle/core"
import type { KuzzleEngine } from "@effect-kuzzle/testing"
import { Effect } from "effect"
import { History, type Violation, type WireFrame, type WireRequest } from "../history.ts"
import { Host } from "../host.ts"
import { type Dial, type Link, Network } from "../network.ts"
import { Random } from "../random.ts"
import { FaultyServer } from "../server.ts"
import * as Plan from "./plan.ts"
import { Jar, type SharedSession, TokenStore } from "./sessions.ts"
import { type Machine, OutboxStore } from "./store.ts"

/** The name of the Kuzzle in the stored requests. */
export const server = "kuzzle"

/** More reports than a history has, so that the store drops none before the checks read them. */
const maxReports = 1_000_000

/** A request that was handed over, from the call to its end. */
export interface HandOver {
  readonly n: number
  /** The client to which it was handed over. */
  readonly client: number
  readonly idempotent: boolean
  readonly poison: boolean
  readonly calledAt: number
  /** Its entries in the store. A retry of its report stores it again. */
  readonly entries: Array<KuzzleOutboxStore.Entry>
  /** When the caller got the receipt. */
  acceptedAt: number | undefined
  /** When it was deleted from the store without a report. */
  deletedAt: number | undefined
  /** Until when a caller waited for its outcome; `Infinity`: as long as the client runs. */
  waitedUntil: number
  /** Whether a caller has tried to withdraw it. */
  withdrawing: boolean
  /** The answer of `withdraw`. */
  withdrawn: boolean | undefined
  /** Its outcome, as a waiting caller received it: the tag of its error, or `ok`. */
  outcome: { readonly at: number; readonly tag: string } | undefined
  readonly writes: Array<Written>
  /** How often the server has executed it. */
  executed: number
  /** When an answer to it reached a client that had sent it. */
  readonly answers: Array<number>
  /** Whether a client took it over from another client. */
  adopted: boolean
  /** Whether it was ever marked as being sent. */
  marked: boolean
  /** Whether an operation on it failed or its record is damaged. Then its report may be missing or duplicated. */
  hasStoreFault: boolean
  /** When its sender was purged while it was stored. A request that is being sent stays, so a `marked` one may remain. */
  purged: { readonly at: number; readonly marked: boolean } | undefined
  /** How often its report was retried, although it may have been executed. */
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
  /** Whether the server has executed it. */
  accepted: boolean
}

/** A client, from its start to its end. A restart makes a new one. */
export class Client {
  readonly id: number
  readonly network: Network
  state: "Running" | "Closing" | "Closed" | "Dead" = "Running"
  /** Closes the client. Has no effect before it has started. */
  close: () => void = () => {}
  /**
   * The connection state, the user and the token as it last reported them, and how many requests it still has to send.
   */
  probe: (() => Probe) | undefined
  /** When a program last logged in, logged out or set a token. */
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
  /** Whether its session has expired while the client still reports its user. */
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
  readonly handOvers: Array<HandOver> = []
  readonly clients: Array<Client> = []
  /** Whether the programs must stop. */
  quiet = false
  /** Starts a client; set by the story. */
  launch: () => Client = () => {
    throw new Error("the story has not begun")
  }
  private readonly bySeq = new Map<string, HandOver>()
  private readonly byRequest = new Map<Link, Map<string, HandOver>>()
  /** The users of the tokens that the server has issued. */
  private readonly owners = new Map<string, string>()
  private engineOrNone: KuzzleEngine.KuzzleEngineShape | undefined
  private faultyServerOrNone: FaultyServer | undefined
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
          for (const seq of seqs) this.update(seq, (handOver) => handOver.marked = true)
        },
        adopted: (entries) => {
          this.host.note("adopted", entries.length)
          for (const { seq } of entries) this.update(seq, (handOver) => handOver.adopted = true)
        },
        settled: (seq, outcome) => {
          this.update(seq, (handOver) => {
            this.host.note("settled", handOver.n, outcome)
            if (outcome === undefined) handOver.deletedAt = this.host.now
            else handOver.reports.push({ outcome, at: this.host.now, wall: this.host.wall })
          })
        },
        failed: (operation, seqs) => {
          this.host.note("store failed", seqs.length, operation)
          for (const seq of seqs) this.update(seq, (handOver) => handOver.hasStoreFault = true)
        },
        torn: ({ seq }) => this.update(seq, (handOver) => handOver.hasStoreFault = true),
        purging: (sender) => {
          for (const handOver of this.handOvers) {
            const { deletedAt, entries, marked, reports } = handOver
            const last = entries.at(-1)
            if (deletedAt !== undefined || reports.length > 0 || last === undefined) continue
            if (sameSender(last.sender, sender)) handOver.purged = { at: this.host.now, marked }
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
    this.faultyServerOrNone = new FaultyServer({
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

  get faultyServer(): FaultyServer {
    return this.faultyServerOrNone!
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
    network.server = this.faultyServer
    network.dial = this.dial
    network.handshake = () => this.jar?.headers ?? {}
    network.onWrite = (link, request) => this.written(client, link, request)
    const client = new Client(id, network)
    this.clients.push(client)
    return client
  }

  // -- records -------------------------------------------------------------------------------------------------------

  addHandOver(one: Pick<HandOver, "client" | "idempotent" | "poison">): HandOver {
    const handOver: HandOver = {
      ...one,
      n: this.handOvers.length,
      calledAt: this.host.now,
      entries: [],
      acceptedAt: undefined,
      deletedAt: undefined,
      waitedUntil: -Infinity,
      withdrawing: false,
      withdrawn: undefined,
      outcome: undefined,
      writes: [],
      executed: 0,
      answers: [],
      adopted: false,
      marked: false,
      hasStoreFault: false,
      purged: undefined,
      retries: 0,
      reports: []
    }
    this.handOvers.push(handOver)
    return handOver
  }

  owner(token: string | undefined): string | undefined {
    return token === undefined ? undefined : this.owners.get(token)
  }

  /** A token that another client has obtained for this user. */
  mint(user: string, expiresIn: number): string | undefined {
    const token = this.faultyServer.mint(user, expiresIn)
    if (token !== undefined) this.owners.set(token, user)
    return token
  }

  /** Whether the server accepts the token; `undefined` while it does not answer. */
  accepts(token: string): boolean | undefined {
    return this.faultyServer.ask({ controller: "auth", action: "checkToken", body: { token } })?.result?.valid
  }

  private update(seq: string, change: (handOver: HandOver) => unknown): void {
    const handOver = this.bySeq.get(seq)
    if (handOver !== undefined) change(handOver)
  }

  /** The record of the request with this `seq` in the store. */
  handOverOf(seq: string): HandOver | undefined {
    return this.bySeq.get(seq)
  }

  private added(entries: ReadonlyArray<KuzzleOutboxStore.Entry>): void {
    for (const entry of entries) {
      const n = numberOf(entry)
      const handOver = n === undefined ? undefined : this.handOvers[n]
      // The retry of a damaged record has no readable number.
      if (handOver === undefined) continue
      this.host.note("stored", handOver.n, entry.seq)
      handOver.entries.push(entry)
      this.bySeq.set(entry.seq, handOver)
    }
  }

  private written(client: Client, link: Link, request: WireRequest): void {
    const { host } = this
    const n = request.volatile?.n
    const handOver = n === undefined ? undefined : this.handOvers[n]
    host.note("write", link.record.id, `client ${client.id} ${request.action} ${n ?? ""}`)
    if (handOver === undefined || request.requestId === undefined) return
    const onLink = this.byRequest.get(link) ?? new Map<string, HandOver>()
    this.byRequest.set(link, onLink)
    const user = this.jar === undefined ? this.owner(request.jwt) : this.owner(cookieOf(link))
    handOver.writes.push({
      link,
      client: client.id,
      at: host.now,
      nth: this.writes++,
      wall: host.wall,
      user,
      accepted: false
    })
    onLink.set(request.requestId, handOver)
  }

  private arriving(link: Link, frame: WireFrame): void {
    const onLink = this.byRequest.get(link)
    const handOver = onLink?.get(String(frame.requestId))
    this.host.note("arrive", link.record.id, `${frame.action ?? frame.type} ${handOver?.n ?? ""} ${frame.status}`)
    if (handOver === undefined) return
    handOver.answers.push(this.host.now)
    onLink?.delete(String(frame.requestId))
  }

  private executed(link: Link, request: WireRequest, frame: WireFrame): void {
    this.recordToken(frame)
    const n = request.volatile?.n
    const handOver = n === undefined ? undefined : this.handOvers[n]
    if (handOver === undefined) return
    this.host.note("executed", handOver.n, String(link.record.id))
    handOver.executed += 1
    const last = handOver.writes.findLast((write) => write.link === link)
    if (last !== undefined) last.accepted = true
  }

  /** Records the user of a token in an answer. */
  recordToken({ result }: WireFrame, cookie?: string): void {
    const token = cookie ?? result?.jwt
    if (token !== undefined && result?._id !== undefined) this.owners.set(token, String(result._id))
  }

  // -- faults --------------------------------------------------------------------------------------------------------

  /** From now on, faults happen. */
  start(): void {
    const { plan } = this
    this.faultyServer.rates = plan.rates
    this.repeat(plan.faultPause, (random) => this.fault(random))
    this.repeat(plan.endPause, (random) => this.endOne(random))
    this.repeat(plan.fullPause, (random) => {
      this.outbox.full = random.chance(0.5)
    })
    if (plan.locks === "Lying") this.repeat(1000, () => this.outbox.misreport())
    if (plan.locks === "Absent") this.repeat(1000, () => this.outbox.announceEnd())
  }

  private repeat(pause: number, run: (random: Random) => void): void {
    const random = this.random.fork()
    if (pause === Infinity) return
    const scheduleNext = () => this.host.at("Server", this.host.now + random.pause(pause), turn)
    const turn = () => {
      if (this.stopped) return
      run(random)
      scheduleNext()
    }
    scheduleNext()
  }

  /** From now on, there are no faults. */
  stop(): void {
    this.stopped = true
    this.faultyServer.rates = undefined
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

  /** Closes or kills a client, and launches another one. */
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
    for (const link of client.network.links) link.closeAfterCrash()
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
      [2, "stall", () => {
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
      // If the clock is a day fast, a browser discards every cookie, so no login is possible.
      [plan.hostFaults && plan.session !== "Cookie" ? 1 : 0, "clock is set", () => {
        host.wallOffset += random.pick([-3_600_000, 60_000, 86_400_000])
      }]
    ]
    let remaining = random.int(1, kinds.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, name, run] of kinds) {
      remaining -= weight
      if (remaining > 0) continue
      host.note("FAULT", client?.id ?? -1, name)
      return run()
    }
  }
}

const sameSender = (a: KuzzleOutboxStore.Sender, b: KuzzleOutboxStore.Sender): boolean =>
  (a._tag === "User" ? a.kuid : undefined) === (b._tag === "User" ? b.kuid : undefined)

/** The number of the stored request, from its volatile data. */
const numberOf = ({ payload }: KuzzleOutboxStore.Entry): number | undefined => {
  const number = /"volatile":\{"n":(\d+)/.exec(payload)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** The session's token in the handshake of a connection. */
const cookieOf = ({ headers }: Link): string | undefined => headers.cookie?.slice("authToken=".length)
