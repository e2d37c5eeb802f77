/**
 * Plays a scenario against one server and records all answers, step by step, in a form that can be compared: what
 * differs from run to run by nature (ids, times, hashes, tokens) becomes a name that keeps equal things equal.
 */
import * as Http from "node:http"
import { gunzipSync, inflateSync } from "node:zlib"
import { WebSocket } from "ws"

/** What one step made each party receive. */
export interface Step {
  readonly label: string
  readonly received: { readonly [party: string]: ReadonlyArray<string> }
}

/** Paths in an answer that are the machine's or the set-up's, each with the reason. */
export interface Hidden {
  readonly [path: string]: string
}

/** What is compared of an answer, and of the notifications that came with it. */
export type Shown = (frame: Readonly<Record<string, unknown>>) => unknown

export interface Party {
  /** Sends a frame as it is and gives what it causes some time to arrive: garbage has no answer to wait for. */
  readonly raw: (frame: string, label?: string, patience?: number) => Promise<void>
  /** Sends a request and resolves with its answer. `shown`: what of it is compared, or what is not. */
  readonly ask: (request: object, label?: string, shown?: Hidden | Shown) => Promise<Answer>
  /** Leaves with a close frame, or without one. */
  readonly leave: (how: "politely" | "abruptly", label?: string) => Promise<void>
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
  /** A name of the run, the same on both servers: for indexes and users. */
  readonly name: string
  readonly connect: (party: string, headers?: Record<string, string>) => Promise<Party>
  readonly http: (call: HttpCall, label?: string, shown?: Shown) => Promise<Answer & { readonly cookie: string }>
  /** Asks for a WebSocket, and leaves as soon as that is answered. */
  readonly upgrade: (headers: Record<string, string>, label: string) => Promise<void>
  readonly sleep: (ms: number) => Promise<void>
  /** Waits for the beginning of a second: tokens are the same within one. */
  readonly freshSecond: () => Promise<void>
  /** Takes what came by itself since the last step. */
  readonly listen: (label: string) => Promise<void>
}

export interface Scenario {
  readonly title: string
  readonly play: (world: World) => Promise<void>
  /** Why it takes a server of its own: what it destroys. */
  readonly alone?: string
}

/** How time passes for a server, and how long it takes to notice something. */
export interface Time {
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** Until the server has handled what has no answer. `connected`: how many connections it has then. */
  readonly notice: (patience: number, connected: number) => Promise<void>
}

export const scenario = (title: string, play: (world: World) => Promise<void>, alone?: string): Scenario => ({
  title,
  play,
  ...(alone === undefined ? {} : { alone })
})

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The time of the machine. A server behind a socket shows nothing of what it has noticed: it is given some time. */
export const wallTime: Time = { now: Date.now, sleep, notice: sleep }

// -------------------------------------------------------------------------------------------------------------------
// names for what varies
// -------------------------------------------------------------------------------------------------------------------

/** What Elasticsearch keeps in hash maps: in them, keys have no order of their own. */
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
      // Where JSON is broken: V8 adds this from Node 22 on.
      .replace(/ \(line \d+ column \d+\)/g, "")
      .replaceAll(run, "<run>")
  const walk = (value: unknown, key: string, unordered = false): unknown => {
    if (typeof value === "number") return times.has(key) && value > 1e12 ? "<time>" : value
    if (typeof value === "string") {
      if (key === "scrollId") return named("scroll", value)
      // Some kuids are as long as the ids that Elasticsearch makes up.
      return key === "_id" && /^(?!kuid-)[\w-]{20}$/.test(value) ? named("id", value) : text(value)
    }
    if (Array.isArray(value)) return value.map((item) => walk(item, key, unordered))
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(
      (unordered ? Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1) : Object.entries(value))
        // The real server sends some of its stacks along, with the errors of single items.
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

/** An answer without what is hidden of it. */
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

/** A frame as it is compared. */
const show = (frame: string, shown: Hidden | Shown): string => {
  // The end of a connection is no JSON, nor is an empty answer.
  if (!frame.startsWith("{")) return frame
  return typeof shown === "function" ? JSON.stringify(shown(JSON.parse(frame))) : hide(frame, shown)
}

// -------------------------------------------------------------------------------------------------------------------
// playing
// -------------------------------------------------------------------------------------------------------------------

/** What a body was before it was compressed. */
const decoded = (body: Buffer, encoding: string | undefined): Buffer =>
  body.length === 0
    ? body
    : encoding === "gzip"
    ? gunzipSync(body)
    : encoding === "deflate"
    ? inflateSync(body)
    : body

/** A header as it is compared: the time and the length of the body vary. */
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
    // It derives from a key that is chance.
    if (key.toLowerCase() !== "sec-websocket-accept") head.push(headerOf(key, value, body))
  }
  return head
}

const passing = "the recorder passes "

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
  /** The answered requests of `pass`. */
  const passed = new Set<string>()
  /** What takes longer than this never comes. Many scenarios may be played at the same time. */
  const patience = () => AbortSignal.timeout(60_000)

  /** Everything sent before a pong has arrived before it: the servers answer pings in order. */
  const settle = async () => {
    const timeout = patience()
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
    // The socket itself reports a connection that the server has ended, a little later.
    while ([...peers.values()].some(({ socket }) => socket.readyState === WebSocket.CLOSING)) {
      timeout.throwIfAborted()
      await sleep(1)
    }
  }
  /**
   * A request that is answered by now has overtaken no other: pings are answered before requests that came before them.
   * Only a server whose time we do not make can be late.
   */
  const pass = async (socket: WebSocket) => {
    if (time !== wallTime || socket.readyState !== WebSocket.OPEN) return
    const timeout = patience()
    const requestId = `${passing}${passed.size}`
    socket.send(JSON.stringify({ requestId, controller: "server", action: "now" }))
    while (!passed.has(requestId) && socket.readyState === WebSocket.OPEN) {
      timeout.throwIfAborted()
      await sleep(1)
    }
  }
  const connected = () => [...peers.values()].filter(({ socket }) => socket.readyState === WebSocket.OPEN).length
  const record = (labelled: string, more: Record<string, ReadonlyArray<string>> = {}, shown: Hidden | Shown = {}) => {
    const label = labelled.replaceAll(name, "<run>")
    const count = (labels.get(label) ?? 0) + 1
    labels.set(label, count)
    const received: Record<string, ReadonlyArray<string>> = { ...more }
    for (const [party, { frames }] of peers) {
      const news = frames.splice(0).filter((frame) => frame !== "{\"p\":2}")
      if (news.length > 0) received[party] = news.map((frame) => normalizer.frame(show(frame, shown)))
    }
    steps.push({ label: count === 1 ? label : `${label} (${count})`, received })
  }
  const labelOf = (request: object): string => {
    // Any object may have the two properties.
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
        const requestId = frame.includes(passing) ? JSON.parse(frame).requestId : undefined
        if (requestId === undefined) peer.frames.push(frame)
        else passed.add(requestId)
      })
      socket.on("error", () => undefined)
      socket.on("close", (code) => peer.frames.push(`closed ${code}`))
      await new Promise((resolve, reject) => {
        socket.on("open", resolve)
        socket.on("error", reject)
      })
      peers.set(party, peer)
      return {
        raw: async (frame, label, patience = 60) => {
          socket.send(frame)
          await settle()
          await time.notice(patience, connected())
          await pass(socket)
          await settle()
          record(label ?? frame.slice(0, 60))
        },
        ask: async (request, label, shown) => {
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
          record(label ?? labelOf(request), {}, shown)
          return { status: answer.status, result: answer.result ?? {} }
        },
        leave: async (how, label = `leaves ${how}`) => {
          if (how === "politely") socket.close()
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
        const asked = { connection: "Upgrade", upgrade: "websocket", ...key, ...headers }
        const request = Http.request({ hostname, port, path: "/", agent: false, headers: asked })
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
            // A file is line by line what an answer is as a whole.
            http: [
              ...headOf(response, bytes).map(normalizer.text),
              ...(isFile ? text.split("\n") : [text]).map((line) => normalizer.frame(show(line, compared)))
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
