/**
 * The network between the client and the server, with the guarantees of TCP. While a connection lives, it neither loses
 * nor reorders bytes. It may be slow, stall, or break at any moment.
 */
import { KuzzleSocket } from "@effect-kuzzle/core"
import type { KuzzleEngine } from "@effect-kuzzle/testing"
import type { History, LinkRecord, WireRequest } from "./history.ts"
import type { ClientId, Host, Owner } from "./host.ts"
import type { Plan } from "./plan.ts"
import type { Random } from "./random.ts"

/** A frame in flight: its first byte arrives at `startsAt`, its last one at `readyAt`. */
interface Parcel {
  readonly startsAt: number
  readonly readyAt: number
  readonly bytes: number
  readonly deliver: () => void
}

/** One direction of a connection. */
class Pipe {
  /** The speed for new frames. Frames in flight keep the speed that they began with. */
  bytesPerSecond = Infinity
  private queue: Array<Parcel> = []
  private delivered = 0
  private lastMoved = 0
  private blockedAt = 0
  private blockedUntil = 0
  private lastReady = 0
  private cancel: (() => void) | undefined
  private readonly network: Network
  private readonly owner: Owner

  constructor(network: Network, owner: Owner) {
    this.network = network
    this.owner = owner
  }

  push(deliver: () => void, bytes = 0): void {
    const { host, plan, random } = this.network
    const jitter = plan.jitter === 0 ? 0 : random.int(0, plan.jitter)
    const startsAt = Math.max(this.lastReady, host.now + plan.latency + jitter)
    // In whole milliseconds, like all times of the simulation: checks and timers compare sums of times exactly.
    this.lastReady = startsAt + Math.ceil(bytes * 1000 / this.bytesPerSecond)
    this.queue.push({ startsAt, readyAt: this.lastReady, bytes, deliver })
    this.schedule()
  }

  /** Bytes that have arrived, including those of an incomplete frame. */
  get received(): number {
    const [first] = this.queue
    if (first === undefined || first.readyAt === first.startsAt) return this.delivered
    const part = (this.flowedUntil - first.startsAt) / (first.readyAt - first.startsAt)
    return this.delivered + Math.floor(first.bytes * Math.min(1, Math.max(0, part)))
  }

  /** When bytes of an incomplete frame last arrived; 0 for never. */
  get movedAt(): number {
    const [first] = this.queue
    if (first === undefined || first.startsAt >= this.flowedUntil) return this.lastMoved
    return Math.min(this.flowedUntil, first.readyAt)
  }

  /** For how long a frame has been arriving, without a pause. */
  get flowingFor(): number {
    const [first] = this.queue
    const { now } = this.network.host
    if (first === undefined || this.blocked || first.readyAt <= now) return 0
    return now - Math.max(first.startsAt, this.blockedUntil)
  }

  private get flowedUntil(): number {
    return this.blocked ? this.blockedAt : this.network.host.now
  }

  /** Nothing arrives before `until`. What is written meanwhile arrives after it. */
  block(until: number): void {
    if (!this.blocked) this.blockedAt = this.network.host.now
    this.blockedUntil = until
    this.cancel?.()
    this.cancel = undefined
    this.schedule()
  }

  /** Removes the limit of the bandwidth, for frames in flight too. */
  widen(): void {
    this.bytesPerSecond = Infinity
    const { host, plan } = this.network
    const at = host.now + plan.latency
    this.queue = this.queue.map((parcel) => ({
      ...parcel,
      startsAt: Math.min(parcel.startsAt, at),
      readyAt: Math.min(parcel.readyAt, at)
    }))
    this.lastReady = Math.min(this.lastReady, at)
    this.cancel?.()
    this.cancel = undefined
    this.schedule()
  }

  /** Loses the frames in flight from a random one on. */
  truncate(): void {
    this.lastMoved = this.movedAt
    this.queue.splice(this.network.random.int(0, this.queue.length))
    this.lastReady = Math.min(this.lastReady, this.queue.at(-1)?.readyAt ?? this.network.host.now)
    this.cancel?.()
    this.cancel = undefined
    this.schedule()
  }

  /** Loses all frames in flight: nothing reads them any more. */
  clear(): void {
    this.queue.length = 0
    this.cancel?.()
    this.cancel = undefined
  }

  get blocked(): boolean {
    return this.blockedUntil > this.network.host.now
  }

  /** Whether a frame has arrived that was not read. */
  get arrived(): boolean {
    const [first] = this.queue
    return first !== undefined && !this.blocked && first.readyAt < this.network.host.now
  }

  private schedule(): void {
    const [first] = this.queue
    if (first === undefined || this.cancel !== undefined || this.blockedUntil === Infinity) return
    const { host } = this.network
    const client = this.owner === "Wire" ? this.network.client : undefined
    this.cancel = host.at(this.owner, Math.max(first.readyAt, this.blockedUntil), () => {
      this.cancel = undefined
      const parcel = this.queue.shift()
      this.delivered += parcel?.bytes ?? 0
      parcel?.deliver()
      this.schedule()
    }, client)
  }
}

/** The server's end of a connection. */
export interface ServerEnd {
  readonly receive: (frame: string, request: WireRequest) => void
  readonly ping: (pong: () => void) => void
  /** The server learns that the client has ended the connection. */
  readonly disconnected: () => void
}

export interface Server {
  /** `undefined`: the server refuses connections. */
  readonly accept: (link: Link) => ServerEnd | undefined
}

export class Link {
  readonly record: LinkRecord
  /** The headers of its handshake. */
  readonly headers: KuzzleEngine.Headers
  readonly toServer: Pipe
  readonly toClient: Pipe
  server: ServerEnd | undefined
  /** The subscriptions that the server has confirmed to the client. */
  readonly confirmed = new Set<string>()
  /** Subscriptions that are being requested, by the id of the request. */
  readonly subscribing = new Map<unknown, { readonly key: string; readonly deadline: number }>()
  /** All channels that the client has ever received. */
  readonly channels = new Set<string>()
  /** How many messages were published before the server executed a `subscribe`, by the id of the request. */
  readonly executed = new Map<unknown, number>()
  /** The same by the key of the subscription, once the client has the answer. */
  readonly bases = new Map<string, { readonly at: number; readonly base: number }>()
  private readonly network: Network
  private readonly events: KuzzleSocket.DriverEvents
  private phase: "opening" | "open" | "closing" | "gone" = "opening"
  /** The client has dropped the connection, and its runtime still delivers frames. */
  private lingers = false

  constructor(network: Network, record: LinkRecord, events: KuzzleSocket.DriverEvents) {
    this.network = network
    this.record = record
    this.events = events
    this.headers = network.handshake()
    this.toServer = new Pipe(network, "Server")
    this.toClient = new Pipe(network, "Wire")
  }

  get alive(): boolean {
    return this.phase === "opening" || this.phase === "open" || this.phase === "closing"
  }

  get open(): boolean {
    return this.phase === "open"
  }

  // -- the client's side --------------------------------------------------------------------------------------------

  readonly driver = (): KuzzleSocket.DriverSocket => ({
    send: (frame) => {
      // When a socket is closing, some runtimes throw and others return `false`.
      if (this.phase === "closing" && this.network.random.chance(0.3)) throw new Error("InvalidStateError")
      if (this.phase !== "open") return false
      const request: WireRequest = JSON.parse(frame)
      this.recordSend()
      if (request.requestId === undefined) this.record.lastPing = this.network.host.now
      this.network.onWrite(this, request, frame)
      this.toServer.push(() => this.server?.receive(frame, request))
      return true
    },
    ...(this.network.plan.socket.pings
      ? {
        ping: () => {
          if (this.phase !== "open") return
          this.recordSend()
          this.record.lastPing = this.network.host.now
          this.toServer.push(() =>
            this.server?.ping(() => this.toClient.push(() => this.deliver("pong", () => this.events.onPong()), 2))
          )
        }
      }
      : {}),
    close: () => {
      if (!this.network.plan.socket.terminates) return this.drop()
      queueMicrotask(() => {
        if (this.alive) this.network.onGracefulClose(this)
      })
    },
    ...(this.network.plan.socket.terminates ? { terminate: () => this.drop() } : {}),
    bufferedAmount: () => 0,
    ...(this.network.plan.counts ? { bytesRead: () => this.toClient.received } : {})
  })

  private recordSend(): void {
    this.network.onSend(this)
    this.record.lastSent = this.network.host.now
  }

  /** The client drops the connection. The server learns of it later, over the network. */
  private drop(): void {
    if (!this.alive) return
    this.network.host.note("drop", this.record.id)
    this.ended("Client")
    if (this.network.random.chance(0.5)) this.toServer.truncate()
    this.toServer.push(() => this.lose())
    // A runtime may still deliver frames that have already arrived.
    this.lingers = this.network.random.chance(0.3)
    if (!this.lingers) this.toClient.clear()
  }

  /** The client has crashed: its host closes the connection. */
  closeAfterCrash(): void {
    if (!this.alive) return
    this.ended("Client")
    this.toClient.clear()
    if (this.network.random.chance(0.5)) this.toServer.truncate()
    this.toServer.push(() => this.lose())
  }

  private ended(by: "Peer" | "Client"): void {
    this.phase = "gone"
    this.record.endedAt = this.network.host.now
    this.record.by = by
    this.network.onEnd(this)
  }

  /** Delivers an event that shows the client that the connection lives. */
  private deliver(what: string, event: () => void): void {
    if (!this.alive) return
    this.record.lastReceived = this.network.host.now
    this.emit(what, event)
  }

  /** All events for the client go through here. None may throw. */
  private emit(what: string, event: () => void): void {
    try {
      event()
    } catch (cause) {
      this.network.host.onThrow(cause, what)
    }
  }

  // -- the server's side --------------------------------------------------------------------------------------------

  opened(server: ServerEnd): void {
    this.server = server
    this.toClient.push(() =>
      this.deliver("open", () => {
        this.phase = "open"
        this.record.openedAt = this.record.lastSent = this.network.host.now
        this.network.host.note("open", this.record.id)
        this.events.onOpen()
      })
    )
  }

  /** A frame for the client. `arrived` is called when it has arrived, before it is handled. */
  send(frame: string, arrived: () => void = () => {}): void {
    this.toClient.push(() => {
      if (this.lingers) this.emit("frame after the end", () => this.events.onFrame(frame))
      if (this.phase === "closing") return
      this.deliver("frame", () => {
        arrived()
        this.events.onFrame(frame)
      })
    }, frame.length)
  }

  /** The server closes the connection. With 1006 there is no close frame, and frames in flight may be lost. */
  closed(code: number, reason: string): void {
    this.server = undefined
    if (code === 1006 && this.network.random.chance(0.5)) this.toClient.truncate()
    this.toClient.push(() => this.closeAtClient(code, reason))
  }

  /** The connection breaks. Both sides notice it, and frames in flight may be lost. */
  reset(): void {
    this.toServer.truncate()
    this.toServer.push(() => this.lose())
    this.toClient.truncate()
    this.toClient.push(() => this.closeAtClient(1006, ""))
  }

  /** A proxy between the two closes the connection to both. */
  closeBetween(code: number, reason: string): void {
    this.toServer.push(() => this.lose())
    this.toClient.push(() => this.closeAtClient(code, reason))
  }

  refuse(): void {
    this.toClient.push(() => {
      if (this.phase !== "opening") return
      this.ended("Peer")
      this.emit("close", () => {
        this.events.onError(new Error("connect ECONNREFUSED"))
        this.events.onClose(1006, "")
      })
    })
  }

  reject(status: number): void {
    this.toClient.push(() => {
      if (this.phase !== "opening") return
      this.ended("Peer")
      this.emit("close", () => {
        this.events.onRejected(KuzzleSocket.rejection(status, {}, 0))
        this.events.onClose(1006, "")
      })
    })
  }

  /** The server learns that the connection has ended. */
  private lose(): void {
    this.server?.disconnected()
    this.server = undefined
  }

  private closeAtClient(code: number, reason: string): void {
    if (!this.alive || this.phase === "closing") return
    const finish = () => {
      if (this.phase === "gone") return
      this.network.host.note("closed", this.record.id, `${code} ${reason}`)
      this.ended("Peer")
      this.emit("close", () => {
        if (code === 1006) this.events.onError(new Error("ECONNRESET"))
        this.events.onClose(code, reason)
      })
      // A runtime may still report events of a socket that has ended.
      if (this.network.random.chance(0.1)) {
        this.network.host.at(
          "Wire",
          this.network.host.now + this.network.random.int(0, 50),
          () =>
            this.emit("late event", () => {
              this.events.onClose(1006, "")
              this.events.onFrame("{}")
              this.events.onPong()
            }),
          this.network.client
        )
      }
    }
    // Between the peer's close frame and the end of the close handshake, a socket accepts no frames.
    if (code === 1006 || this.network.random.chance(0.7)) return finish()
    this.phase = "closing"
    this.network.host.at(
      "Wire",
      this.network.host.now + this.network.random.int(0, 30),
      finish,
      this.network.client
    )
  }
}

/** The properties of a network. */
export type Circumstances = Pick<Plan, "latency" | "jitter" | "socket" | "counts">

/** What happens to connections that are dialled. */
export type Dial =
  | { readonly _tag: "Normal" }
  | { readonly _tag: "Refuse" }
  | { readonly _tag: "Hang" }
  | { readonly _tag: "Slow"; readonly delay: number }
  | { readonly _tag: "Reject"; readonly status: number }
  | { readonly _tag: "DropAtOnce"; readonly code: number }

export class Network {
  readonly links: Array<Link> = []
  dial: Dial = { _tag: "Normal" }
  onDial: (link: Link) => void = () => {}
  onWrite: (link: Link, request: WireRequest, frame: string) => void = () => {}
  /** The client closes a socket gracefully although it could terminate it. A dead peer would never answer. */
  onGracefulClose: (link: Link) => void = () => {}
  /** The client is about to send a frame or a ping. */
  onSend: (link: Link) => void = () => {}
  /** The client has learned that a connection ended, or has dropped it. */
  onEnd: (link: Link) => void = () => {}
  /** The headers of a handshake that begins now. */
  handshake: () => KuzzleEngine.Headers = () => ({})
  server: Server | undefined

  readonly host: Host
  readonly plan: Circumstances
  readonly random: Random
  /** The client whose network this is, if there are several clients. */
  readonly client: ClientId
  private readonly history: Pick<History, "links">

  constructor(
    host: Host,
    plan: Circumstances,
    random: Random,
    history: Pick<History, "links">,
    client?: number
  ) {
    this.host = host
    this.plan = plan
    this.random = random
    this.history = history
    this.client = client
  }

  readonly socket: KuzzleSocket.KuzzleSocketShape = KuzzleSocket.make({
    open: (url, events) => {
      const { host } = this
      const record: LinkRecord = {
        id: this.links.length,
        url,
        dialledAt: host.now,
        openedAt: undefined,
        endedAt: undefined,
        by: undefined,
        lastReceived: host.now,
        lastSent: host.now,
        lastPing: 0,
        written: []
      }
      const link = new Link(this, record, events)
      this.onDial(link)
      this.links.push(link)
      this.history.links.push(record)
      host.note("dial", record.id, url)
      this.connect(link)
      return link.driver()
    }
  })

  /** The connection that the client uses, or is opening. */
  get live(): Link | undefined {
    const last = this.links.at(-1)
    return last?.alive === true ? last : undefined
  }

  private connect(link: Link): void {
    const { dial } = this
    const arrive = () => {
      if (!link.alive) return
      if (link.record.url.includes("dead") || dial._tag === "Refuse") return link.refuse()
      const server = this.server?.accept(link)
      if (server === undefined) return link.refuse()
      link.opened(server)
      if (dial._tag === "DropAtOnce") {
        server.disconnected()
        link.closed(dial.code, "not now")
      }
    }
    switch (dial._tag) {
      case "Hang":
        return
      case "Reject":
        return link.toServer.push(() => link.reject(dial.status))
      case "Slow":
        this.host.at("Server", this.host.now + dial.delay, () => link.toServer.push(arrive))
        return
      case "Normal":
      case "Refuse":
      case "DropAtOnce":
        return link.toServer.push(arrive)
    }
  }
}
