/**
 * The server of a simulation: the embedded Kuzzle, whose requests and answers may be lost, delayed, repeated or refused. This
 * module sees all requests and answers, so it knows the true state of subscriptions and messages.
 */
import type { KuzzleEngine } from "@effect-kuzzle/testing"
import { type History, keyOf, type Message, type WireFrame, type WireRequest } from "./history.ts"
import type { Host } from "./host.ts"
import type { Link, Server, ServerEnd } from "./network.ts"
import type { Rates } from "./plan.ts"
import type { Random } from "./random.ts"

/** Kuzzle's error for a message above the rate limit. It does not say which message (spec 1.7). */
const overRate = "{\"requestId\":\"nobody\",\"status\":429,\"error\":{\"id\":\"network.websocket.ratelimit_exceeded\"}}"

/** The subscriptions of a connection, as the server has them. */
export interface Rooms {
  /** The channel of each subscription, by its key. */
  readonly channels: Map<string, string>
}

export const index = "sim"

export const roomOf = (channel: string): string => channel.slice(0, channel.lastIndexOf("-"))

const garbage = [
  "",
  "{",
  "null",
  "42",
  "[]",
  "{}",
  "\"\"",
  "{\"p\":2}",
  "{\"p\":1}",
  "{\"room\":null}",
  "{\"room\":\"nobody\",\"type\":\"document\",\"result\":{}}",
  "{\"room\":{\"a\":1},\"requestId\":7}",
  "{\"__proto__\":{\"room\":\"x\"},\"constructor\":1}",
  overRate,
  `${"[".repeat(64)}${"]".repeat(64)}`
]

/** Called with the events of the server. */
export interface Watch {
  /** A frame reaches the client on this connection. */
  readonly arriving: (link: Link, frame: WireFrame) => void
  /** The refusal of a subscription reaches the client. */
  readonly refusing: (link: Link, key: string) => void
  /** The server has executed a request. Its answer may still be lost. */
  readonly executed: (link: Link, request: WireRequest, frame: WireFrame) => void
}

export class FaultyServer implements Server {
  /** Set while faults may happen. */
  rates: Rates | undefined
  /** The subscriptions of each connection, while the server has the connection. */
  readonly rooms = new Map<Link, Rooms>()
  /** Links on which the server has dropped a request because of the rate limit. */
  readonly limited = new Set<Link>()
  /** Rooms that a client cannot know of, because the answer to its `subscribe` was lost. */
  readonly unknownRooms = new Set<string>()
  private readonly requests = new Map<string, WireRequest>()
  /** Answers that are repeated on the next connection. */
  private readonly delayedAnswers: Array<string> = []
  private marks = 1_000_000
  private publisher: KuzzleEngine.EngineConnection | undefined

  private readonly host: Host
  private readonly random: Random
  private readonly history: History
  private readonly engine: KuzzleEngine.KuzzleEngineShape
  private readonly watch: Watch

  constructor(
    { engine, history, host, random, watch }: {
      readonly host: Host
      readonly random: Random
      readonly history: History
      readonly engine: KuzzleEngine.KuzzleEngineShape
      readonly watch: Watch
    }
  ) {
    this.host = host
    this.random = random
    this.history = history
    this.engine = engine
    this.watch = watch
  }

  // -- connections --------------------------------------------------------------------------------------------------

  readonly accept = (link: Link): ServerEnd | undefined => {
    const connection = this.engine.connect({
      send: (frame) => this.answer(link, frame),
      close: (code, reason) => {
        this.rooms.delete(link)
        link.closed(code, reason)
      }
    }, link.headers)
    if (connection === undefined) return undefined
    this.rooms.set(link, { channels: new Map() })
    for (const answer of this.delayedAnswers.splice(0)) this.send(link, answer)
    return {
      receive: (frame, request) => this.receive(link, connection, frame, request),
      ping: connection.ping,
      disconnected: () => {
        this.rooms.delete(link)
        connection.close()
      }
    }
  }

  private receive(
    link: Link,
    connection: KuzzleEngine.EngineConnection,
    frame: string,
    request: WireRequest
  ): void {
    const { random, rates } = this
    const { requestId } = request
    if (requestId === undefined) return connection.receive(frame)
    if (request.volatile?.poison === true) {
      this.rooms.delete(link)
      connection.close()
      return link.closed(1006, "")
    }
    this.requests.set(requestId, request)
    const execute = () => this.execute(connection, frame, request)
    if (rates === undefined) return execute()
    if (random.chance(rates.dropRequest)) return this.host.note("request lost", link.record.id, request.action)
    if (random.chance(rates.slowRequest)) {
      this.host.at("Server", this.host.now + this.slowness(), execute)
      return
    }
    if (request.action === "subscribe" && random.chance(rates.refuse)) return this.refuse(link, request)
    if (request.action === "subscribe" && random.chance(rates.postpone)) return this.postpone(link, request)
    if (request.controller === "realtime" && random.chance(rates.limit)) {
      this.host.note("dropped because of the rate limit", link.record.id, request.action)
      this.limited.add(link)
      return link.send(overRate, () => {})
    }
    if (request.controller !== "realtime" && random.chance(rates.roomless)) {
      return this.send(link, refusal(request, "api.assert.invalid_type", 400, {}))
    }
    execute()
  }

  private execute(connection: KuzzleEngine.EngineConnection, frame: string, request: WireRequest): void {
    if (request.action === "publish" && request.body !== undefined) {
      this.message(Number(request.body.m), String(request.collection), String(request.body.k))
    }
    connection.receive(frame)
  }

  private slowness(): number {
    return this.random.chance(0.2) ? this.random.int(500, 20_000) : this.random.int(1, 500)
  }

  // -- messages -----------------------------------------------------------------------------------------------------

  private message(m: number, collection: string, kind: string): Message {
    const message: Message = { seq: this.history.messages.length, m, collection, kind, confirmed: false }
    this.history.messages.push(message)
    this.history.byMark.set(m, message)
    return message
  }

  /** Another client publishes. */
  publish(collection: string, kind: string): void {
    this.publisher ??= this.engine.connect({
      send: (frame) => {
        const { requestId, status }: WireFrame = JSON.parse(frame)
        const message = this.history.byMark.get(Number(requestId))
        if (message !== undefined && status === 200) message.confirmed = true
      },
      close: () => {
        this.publisher = undefined
      }
    })
    if (this.publisher === undefined) return
    const m = this.marks++
    this.message(m, collection, kind)
    this.publisher.receive(JSON.stringify({
      requestId: String(m),
      controller: "realtime",
      action: "publish",
      index,
      collection,
      body: { m, k: kind }
    }))
  }

  /** The server's subscriptions, as another client sees them: the number of connections in each room. */
  list(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    const connection = this.engine.connect({
      send: (frame) => {
        const { result }: { result: { [index: string]: { [collection: string]: { [room: string]: number } } } } = JSON
          .parse(frame)
        for (const rooms of Object.values(result[index] ?? {})) {
          for (const [room, count] of Object.entries(rooms)) counts.set(room, count)
        }
      },
      close: () => {}
    })
    connection?.receive(JSON.stringify({ requestId: "list", controller: "realtime", action: "list" }))
    connection?.close()
    return counts
  }

  /** The answer to a request of another client, if the server answers at once. */
  ask(request: object): WireFrame | undefined {
    let answer: WireFrame | undefined
    const connection = this.engine.connect({
      send: (frame) => {
        answer ??= JSON.parse(frame)
      },
      close: () => {}
    })
    connection?.receive(JSON.stringify({ requestId: "other client", ...request }))
    connection?.close()
    return answer
  }

  /** A token that another client obtains for this user; `undefined` while the server does not answer. */
  mint(user: string, expiresIn: number): string | undefined {
    const body = { username: user, password: "pw" }
    return this.ask({ controller: "auth", action: "login", strategy: "local", expiresIn, body })?.result?.jwt
  }

  // -- answers ------------------------------------------------------------------------------------------------------

  private answer(link: Link, text: string): void {
    const frame: WireFrame = JSON.parse(text)
    const { random, rates } = this
    if (frame.type === "TokenExpired") {
      this.rooms.get(link)?.channels.clear()
      return this.send(link, text, frame)
    }
    const request = typeof frame.requestId === "string" && frame.type === undefined
      ? this.requests.get(frame.requestId)
      : undefined
    if (request === undefined) {
      const m = frame.result?._source?.m
      if (m !== undefined && rates !== undefined && random.chance(rates.loseNotification)) {
        this.history.invisible.add(`${m} ${String(frame.room)}`)
        this.host.note("notification lost", link.record.id, String(m))
        return
      }
      return this.send(link, text, frame)
    }
    this.settled(link, request, frame)
    if (rates === undefined) return this.send(link, text, frame)
    if (random.chance(rates.garbage)) link.send(random.pick(garbage) ?? "")
    if (random.chance(rates.duplicate)) {
      if (random.chance(0.5)) this.delayedAnswers.push(text)
      else this.host.at("Server", this.host.now + this.slowness(), () => this.send(link, text, frame))
    }
    if (random.chance(rates.dropAnswer)) {
      if (request.action === "subscribe" && typeof frame.result === "object" && frame.result !== null) {
        this.unknownRooms.add(String(Object(frame.result).roomId))
      }
      return this.host.note("answer lost", link.record.id, request.action)
    }
    if (random.chance(rates.slowAnswer)) {
      this.host.at("Server", this.host.now + this.slowness(), () => this.send(link, text, frame))
      return
    }
    this.send(link, text, frame)
  }

  private send(link: Link, text: string, frame: WireFrame = JSON.parse(text)): void {
    link.send(text, () => this.watch.arriving(link, frame))
  }

  /** Records what the server has done: a message published, a subscription opened or ended. */
  private settled(link: Link, request: WireRequest, frame: WireFrame): void {
    if (frame.status !== 200) return
    this.watch.executed(link, request, frame)
    if (request.action === "publish") {
      const message = this.history.byMark.get(Number(request.body?.m))
      if (message !== undefined) message.confirmed = true
    }
    const rooms = this.rooms.get(link)
    if (rooms === undefined || request.controller !== "realtime") return
    if (request.action === "subscribe") {
      const key = keyOf({ ...request, filter: request.body, v: request.volatile?.v })
      const channel = String(frame.result?.channel)
      // If the client already has another subscription on the channel, messages before the answer belong to that one alone.
      const shared = [...rooms.channels.values()].includes(channel)
      rooms.channels.set(key, channel)
      if (!shared) link.executed.set(request.requestId, this.history.messages.length)
    } else if (request.action === "unsubscribe") {
      const roomId = request.body?.roomId
      for (const [key, channel] of rooms.channels) if (roomOf(channel) === roomId) rooms.channels.delete(key)
    }
  }

  private postpone(link: Link, request: WireRequest): void {
    const [id, status] = this.random.chance(0.5)
      ? ["api.process.overloaded", 503] as const
      : ["api.process.too_many_requests", 429] as const
    this.host.note("refuse temporarily", link.record.id, id)
    link.send(refusal(request, id, status, { room: request.requestId }), () => {})
  }

  private refuse(link: Link, request: WireRequest): void {
    const key = keyOf({ ...request, filter: request.body, v: request.volatile?.v })
    this.host.note("refuse", link.record.id, key)
    const text = refusal(request, "security.rights.forbidden", 403, { room: request.requestId })
    link.send(text, () => this.watch.refusing(link, key))
  }
}

const refusal = ({ action, controller, requestId }: WireRequest, id: string, status: number, more: object): string =>
  JSON.stringify({
    action,
    controller,
    error: { id, code: 1, message: id, status, props: [] },
    requestId,
    result: null,
    status,
    ...more
  })
