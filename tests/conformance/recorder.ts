/**
 * Plays a scenario on one server, and records the answers of each step in a comparable form. Values that differ in every run
 * (ids, times, hashes, tokens) are replaced by names. Equal values get equal names.
 */
import * as Http from "node:http"
import { gunzipSync, inflateSync } from "node:zlib"
import { WebSocket } from "ws"

/** The frames that each party received in one step. */
export interface Step {
  readonly label: string
  readonly received: { readonly [party: string]: ReadonlyArray<string> }
}

/** The paths in an answer that are not compared, each with the reason. */
export interface Hidden {
  readonly [path: string]: string
}

/** The comparable part of an answer, or of a notification that arrived with it. */
export type Comparable = (frame: Readonly<Record<string, unknown>>) => unknown

export interface Party {
  /** Sends a frame as it is. The step ends after `wait` milliseconds, because an invalid frame may have no answer. */
  readonly raw: (frame: string, label?: string, wait?: number) => Promise<void>
  /** Sends a request and resolves with its answer. `compared` says which part of it is compared, or which is not. */
  readonly ask: (request: object, label?: string, compared?: Hidden | Comparable) => Promise<Answer>
  /** Closes the connection, with a close frame or without one. */
  readonly leave: (how: "gracefully" | "abruptly", label?: string) => Promise<void>
}

export interface Answer {
  readonly status: number
  readonly result: { readonly [key: string]: string }
}

export interface HttpCall {
  readonly method: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

export interface World {
  /** The name of the run, which is the same on both servers. The names of indexes and users begin with it. */
  readonly name: string
  readonly connect: (party: string, headers?: Record<string, string>) => Promise<Party>
  readonly http: (
    call: HttpCall,
    label?: string,
    compared?: Comparable
  ) => Promise<Answer & { readonly cookie: string }>
  /** Requests an upgrade to WebSocket, and closes the connection after the answer. */
  readonly upgrade: (headers: Record<string, string>, label: string) => Promise<void>
  readonly sleep: (ms: number) => Promise<void>
  /** Waits for the start of the next second. Two tokens that one user gets within the same second are equal. */
  readonly freshSecond: () => Promise<void>
  /** Records the frames that arrived since the last step. */
  readonly listen: (label: string) => Promise<void>
}

export interface Scenario {
  readonly title: string
  readonly play: (world: World) => Promise<void>
  /** The reason why it needs a server of its own. */
  readonly alone?: string
}

/** The time of a server. */
export interface Time {
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** Waits until the server has handled something that has no answer. It then has `connected` connections. */
  readonly notice: (wait: number, connected: number) => Promise<void>
}

export const scenario = (title: string, play: (world: World) => Promise<void>, alone?: string): Scenario => ({
  title,
  play,
  ...(alone === undefined ? {} : { alone })
})

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The time of the machine. A real server does not report what it has noticed, so `notice` waits for a fixed time. */
export const wallTime: Time = { now: Date.now, sleep, notice: sleep }

// -------------------------------------------------------------------------------------------------------------------
// names for values that differ in every run
// -------------------------------------------------------------------------------------------------------------------

/** The objects that Elasticsearch keeps in hash maps. Their keys have no order. */
const hashed = new Set(["_source", "aggregations", "properties"])

const times = new Set(["createdAt", "updatedAt", "timestamp", "now", "expiresAt"])

export const makeNormalizer = (run: string) => {
  const known = new Map<string, string>()
  const counts = new Map<string, number>()
  const named = (kind: string, value: string): string => {
    const name = known.get(value)
    if (name !== undefined) return name
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    known.set(value, `<${kind} ${count}>`)
    return `<${kind} ${count}>`
  }
  const text = (value: string): string =>
    value
      .replace(/k(?:auth|apikey)-[\w-]+\.[\w-]+\.[\w-]+/g, (jwt) => named("jwt", jwt))
      .replace(/\b[0-9a-f]{64}\b/g, (room) => named("room", room))
      .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, (uuid) => named("uuid", uuid))
      .replace(/\bkuid-[a-z]+-[a-z]+-\d+\b/g, (kuid) => named("kuid", kuid))
      .replace(/Expires=[^;]+/, "Expires=<time>")
      // V8 adds the place of a fault in JSON, from Node 22 on.
      .replace(/ \(line \d+ column \d+\)/g, "")
      .replaceAll(run, "<run>")
  const walk = (value: unknown, key: string, unordered = false): unknown => {
    if (typeof value === "number") return times.has(key) && value > 1e12 ? "<time>" : value
    if (typeof value === "string") {
      if (key === "scrollId") return named("scroll", value)
      // Some kuids are as long as the ids that Elasticsearch generates.
      return key === "_id" && /^(?!kuid-)[\w-]{20}$/.test(value) ? named("id", value) : text(value)
    }
    if (Array.isArray(value)) return value.map((item) => walk(item, key, unordered))
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(
      (unordered ? Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1) : Object.entries(value))
        // The real server adds its stack to the errors of single items.
        .filter(([name]) => name !== "stack")
        // The values inside a hash map are sorted, too.
        .map(([name, inner]) => [text(name), walk(inner, name, unordered || hashed.has(name))])
    )
  }
  return {
    frame: (data: string): string => {
      try {
        return JSON.stringify(walk(JSON.parse(data), ""))
      } catch {
        return text(data)
      }
    },
    text
  }
}

/** An answer without the hidden paths. */
const hide = (frame: string, hidden: Hidden): string => {
  const answer = JSON.parse(frame)
  for (const path of Object.keys(hidden)) {
    const keys = path.split("/")
    const last = keys.pop() ?? ""
    const parent = keys.reduce((value, key) => value?.[key], answer)
    if (parent !== undefined) delete parent[last]
  }
  return JSON.stringify(answer)
}

/** The comparable form of a frame. */
const comparableOf = (frame: string, compared: Hidden | Comparable): string => {
  // The close code of a connection is no JSON, nor is an empty answer.
  if (!frame.startsWith("{")) return frame
  return typeof compared === "function" ? JSON.stringify(compared(JSON.parse(frame))) : hide(frame, compared)
}

// -------------------------------------------------------------------------------------------------------------------
// playing
// -------------------------------------------------------------------------------------------------------------------

/** A body, decompressed. */
const decoded = (body: Buffer, encoding: string | undefined): Buffer =>
  body.length === 0
    ? body
    : encoding === "gzip"
    ? gunzipSync(body)
    : encoding === "deflate"
    ? inflateSync(body)
    : body

/** The comparable form of a header. The time and the length of the body differ in every run. */
const headerOf = (key: string, value: string, body: Buffer): string => {
  switch (key.toLowerCase()) {
    case "date":
      return `${key}: ${Number.isNaN(Date.parse(value)) ? value : "<time>"}`
    case "content-length":
      return `${key}: ${Number(value) === body.length ? "<length>" : "<another length>"}`
    default:
      return `${key}: ${value}`
  }
}

/** The status and the headers of an answer, in their order. */
const headOf = ({ rawHeaders, statusCode, statusMessage = "" }: Http.IncomingMessage, body: Buffer) => {
  const head = [`status ${statusCode}${statusMessage === "" ? "" : ` ${statusMessage}`}`]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [key, value] = [rawHeaders[i]!, rawHeaders[i + 1]!]
    // The value of this header depends on a random key.
    if (key.toLowerCase() !== "sec-websocket-accept") head.push(headerOf(key, value, body))
  }
  return head
}

/** The prefix of the request ids of `barrier`. Answers to these requests are not recorded. */
const barrierPrefix = "barrier of the recorder "

interface Peer {
  readonly socket: WebSocket
  readonly frames: Array<string>
}

export const play = async (
  url: string,
  name: string,
  { play }: Scenario,
  time: Time = wallTime
): Promise<ReadonlyArray<Step>> => {
  const normalizer = makeNormalizer(name)
  const steps: Array<Step> = []
  const labels = new Map<string, number>()
  const peers = new Map<string, Peer>()
  let requests = 0
  /** The ids of the answered requests of `barrier`. */
  const answeredBarriers = new Set<string>()
  /** A wait that takes longer than 60 s fails. It is long, because many scenarios may run at the same time. */
  const timeLimit = () => AbortSignal.timeout(60_000)

  /** Waits until all frames that the server has sent so far have arrived. They arrive before the answer to a ping. */
  const settle = async () => {
    const timeout = timeLimit()
    for (const { frames, socket } of peers.values()) {
      if (socket.readyState !== WebSocket.OPEN) continue
      const before = frames.filter((frame) => frame === "{\"p\":2}").length
      socket.send("{\"p\":1}")
      while (
        frames.filter((frame) => frame === "{\"p\":2}").length === before && socket.readyState === WebSocket.OPEN
      ) {
        timeout.throwIfAborted()
        await sleep(1)
      }
    }
    // If the server has closed the connection, the socket reports that a little later.
    while ([...peers.values()].some(({ socket }) => socket.readyState === WebSocket.CLOSING)) {
      timeout.throwIfAborted()
      await sleep(1)
    }
  }
  /**
   * Waits until the server has answered all earlier requests, by one more request: a real server may answer a ping before an
   * earlier request, but not another request. The embedded server needs no barrier.
   */
  const barrier = async (socket: WebSocket) => {
    if (time !== wallTime || socket.readyState !== WebSocket.OPEN) return
    const timeout = timeLimit()
    const requestId = `${barrierPrefix}${answeredBarriers.size}`
    socket.send(JSON.stringify({ requestId, controller: "server", action: "now" }))
    while (!answeredBarriers.has(requestId) && socket.readyState === WebSocket.OPEN) {
      timeout.throwIfAborted()
      await sleep(1)
    }
  }
  const connected = () => [...peers.values()].filter(({ socket }) => socket.readyState === WebSocket.OPEN).length
  const record = (
    given: string,
    more: Record<string, ReadonlyArray<string>> = {},
    compared: Hidden | Comparable = {}
  ) => {
    const label = given.replaceAll(name, "<run>")
    const count = (labels.get(label) ?? 0) + 1
    labels.set(label, count)
    const received: Record<string, ReadonlyArray<string>> = { ...more }
    for (const [party, { frames }] of peers) {
      const arrived = frames.splice(0).filter((frame) => frame !== "{\"p\":2}")
      if (arrived.length > 0) {
        received[party] = arrived.map((frame) => normalizer.frame(comparableOf(frame, compared)))
      }
    }
    steps.push({ label: count === 1 ? label : `${label} (${count})`, received })
  }
  const labelOf = (request: object): string => {
    // A request is any object, which may have these two properties.
    const { action = "", controller = "" } = request as { action?: unknown; controller?: unknown }
    return `${String(controller)}:${String(action)}`
  }

  const world: World = {
    name,
    sleep: time.sleep,
    freshSecond: () => time.sleep(1010 - (time.now() % 1000)),
    listen: async (label) => {
      await settle()
      record(label)
    },
    connect: async (party, headers) => {
      const socket = new WebSocket(url, headers === undefined ? {} : { headers })
      const peer: Peer = { socket, frames: [] }
      socket.on("message", (data) => {
        const frame = String(data)
        const requestId = frame.includes(barrierPrefix) ? JSON.parse(frame).requestId : undefined
        if (requestId === undefined) peer.frames.push(frame)
        else answeredBarriers.add(requestId)
      })
      socket.on("error", () => undefined)
      socket.on("close", (code) => peer.frames.push(`closed ${code}`))
      await new Promise((resolve, reject) => {
        socket.on("open", resolve)
        socket.on("error", reject)
      })
      peers.set(party, peer)
      return {
        raw: async (frame, label, wait = 60) => {
          socket.send(frame)
          await settle()
          await time.notice(wait, connected())
          await barrier(socket)
          await settle()
          record(label ?? frame.slice(0, 60))
        },
        ask: async (request, label, compared) => {
          const requestId = `r${requests++}`
          const arrived = new Promise<string>((resolve, reject) => {
            const watch = (data: unknown) => {
              const answer = JSON.parse(String(data))
              if (answer?.requestId !== requestId || answer.type !== undefined) return
              socket.off("message", watch)
              resolve(String(data))
            }
            socket.on("message", watch)
            setTimeout(() => reject(new Error(`no answer to ${JSON.stringify(request)}`)), 60_000).unref()
          })
          socket.send(JSON.stringify({ requestId, ...request }))
          const answer = JSON.parse(await arrived)
          await settle()
          record(label ?? labelOf(request), {}, compared)
          return { status: answer.status, result: answer.result ?? {} }
        },
        leave: async (how, label = `leaves ${how}`) => {
          if (how === "gracefully") socket.close()
          else socket.terminate()
          peers.delete(party)
          await time.notice(80, connected())
          await settle()
          record(label)
        }
      }
    },
    upgrade: (headers, label) =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(url)
        const key = { "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" }
        const request = Http.request({
          hostname,
          port,
          path: "/",
          agent: false,
          headers: { connection: "Upgrade", upgrade: "websocket", ...key, ...headers }
        })
        request.on("upgrade", (response, socket) => {
          socket.destroy()
          record(label, { http: headOf(response, Buffer.alloc(0)) })
          resolve()
        })
        request.on("error", reject)
        request.end()
      }),
    http: ({ body, headers, method, path }, label, compared = (frame) => frame) =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(url)
        const request = Http.request({
          hostname,
          port,
          method,
          path,
          agent: false,
          headers: {
            ...(body === undefined
              ? {}
              : { "content-length": Buffer.byteLength(body), "content-type": "application/json" }),
            ...headers
          }
        }, async (response) => {
          const chunks: Array<Buffer> = []
          for await (const chunk of response) chunks.push(chunk)
          const bytes = Buffer.concat(chunks)
          const text = decoded(bytes, response.headers["content-encoding"]).toString()
          const isFile = response.headers["content-disposition"] !== undefined
          const cookie = response.headers["set-cookie"]?.at(-1)?.split(";")[0] ?? ""
          await settle()
          record(label ?? `${method} ${path.slice(0, 60)}`, {
            // Each line of a file is compared like a whole answer.
            http: [
              ...headOf(response, bytes).map(normalizer.text),
              ...(isFile ? text.split("\n") : [text]).map((line) => normalizer.frame(comparableOf(line, compared)))
            ]
          })
          const answer = text === "" || isFile ? {} : JSON.parse(text)
          resolve({ status: response.statusCode ?? 0, result: answer.result ?? {}, cookie })
        })
        request.setTimeout(60_000, () => request.destroy(new Error(`no answer to ${label ?? `${method} ${path}`}`)))
        request.on("error", reject)
        request.end(body)
      })
  }
  try {
    await play(world)
  } finally {
    for (const { socket } of peers.values()) socket.terminate()
  }
  return steps
}
