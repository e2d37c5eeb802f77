/** A network of sockets whose server is the test: it reads the sent frames, and delivers frames. */
import { KuzzleError, KuzzleSocket } from "@effect-kuzzle/core"
import { Effect, Layer } from "effect"

/** The server's side of one dial. */
export class FakeSocket {
  readonly sent: Array<string> = []
  pings = 0
  /** Received bytes, including those of incomplete frames. */
  received = 0
  /** Bytes in the send buffer. */
  buffered = 0
  terminated = false
  /** Close frames that the client sent. */
  readonly closes: Array<number> = []
  readonly url: string
  /** The headers of this handshake. */
  readonly headers: KuzzleSocket.HandshakeHeaders
  private readonly network: FakeNetwork
  private readonly events: KuzzleSocket.DriverEvents

  constructor(
    url: string,
    network: FakeNetwork,
    events: KuzzleSocket.DriverEvents,
    headers: KuzzleSocket.HandshakeHeaders
  ) {
    this.url = url
    this.headers = headers
    this.network = network
    this.events = events
  }

  readonly open = () => this.events.onOpen()
  readonly pong = () => {
    this.received += 2
    this.events.onPong()
  }
  /** Receives a part of a frame. */
  readonly trickle = (bytes = 1) => {
    this.received += bytes
  }
  readonly error = (cause: unknown) => this.events.onError(cause)
  readonly reject = (status: number, headers: Parameters<typeof KuzzleSocket.rejection>[1] = {}) =>
    this.events.onRejected(KuzzleSocket.rejection(status, headers, 0))
  readonly oversized = (limit: number) => this.events.onOversized(limit)
  readonly close = (code: number, reason = "") => this.events.onClose(code, reason)
  /** Delivers a frame: text as it is, anything else as JSON. */
  readonly deliver = (frame: unknown) => {
    const text = typeof frame === "string" ? frame : JSON.stringify(frame)
    this.received += text.length
    this.events.onFrame(text)
  }

  /** The sent requests, without pings. */
  get requests(): ReadonlyArray<FakeRequest> {
    return this.sent.filter((frame) => frame !== "{\"p\":1}").map((frame) => JSON.parse(frame))
  }
  /** The requests of an action. */
  of(action: string): ReadonlyArray<FakeRequest> {
    return this.requests.filter((request) => request.action === action)
  }
  last(action: string): FakeRequest {
    return this.of(action).at(-1) ?? missing(`no ${action} was sent`)
  }
  /** Answers a request. */
  answer(request: FakeRequest, result: unknown = null) {
    const { action, controller, requestId, volatile } = request
    this.deliver({ action, controller, error: null, requestId, result, room: requestId, status: 200, volatile })
  }
  refuse(request: FakeRequest, error: { readonly id: string; readonly status: number }) {
    const { action, controller, requestId } = request
    this.deliver({
      action,
      controller,
      error: { code: 1, message: error.id, props: [], ...error },
      requestId,
      result: null,
      room: requestId,
      status: error.status
    })
  }

  /** @internal */
  readonly driver = (): KuzzleSocket.DriverSocket => ({
    send: (frame) => {
      this.sent.push(frame)
      this.network.onSend?.(this, frame)
      return true
    },
    ...(this.network.native
      ? {
        ping: () => {
          this.pings += 1
          this.network.onPing?.(this)
        }
      }
      : {}),
    close: (code) => {
      this.closes.push(code)
    },
    terminate: () => {
      this.terminated = true
    },
    bufferedAmount: () => this.buffered,
    ...(this.network.counts ? { bytesRead: () => this.received } : {})
  })
}

export interface FakeRequest {
  readonly requestId: string
  readonly controller: string
  readonly action: string
  readonly volatile: { readonly [key: string]: unknown }
  readonly jwt?: string
  readonly body?: unknown
  readonly [argument: string]: unknown
}

export class FakeNetwork {
  readonly sockets: Array<FakeSocket> = []
  /** Whether a dial succeeds by itself, in a microtask; otherwise the test opens it. */
  autoOpen = true
  /** Whether sockets have ping frames. */
  native = true
  /** Whether sockets count received bytes. */
  counts = true
  onSend: ((socket: FakeSocket, frame: string) => void) | undefined
  onPing: ((socket: FakeSocket) => void) | undefined
  onDial: ((socket: FakeSocket) => void) | undefined

  readonly shape: KuzzleSocket.KuzzleSocketShape = KuzzleSocket.make({
    open: (url, events, headers) => {
      if (!/^wss?:/.test(url)) throw new TypeError("not an address")
      const socket = new FakeSocket(url, this, events, headers)
      this.sockets.push(socket)
      queueMicrotask(() => {
        if (this.autoOpen) socket.open()
        this.onDial?.(socket)
      })
      return socket.driver()
    }
  })
  readonly layer = Layer.succeed(KuzzleSocket.KuzzleSocket, this.shape)

  /** The socket of the latest dial. */
  get current(): FakeSocket {
    return this.sockets.at(-1) ?? missing("nothing was dialled")
  }
}

const missing = (issue: string): never => {
  throw new Error(issue)
}

/** Answers each subscribe or join with a channel that is named after its body, and every other request with `null`. */
export const obliging = (socket: FakeSocket, frame: string): void => {
  if (frame === "{\"p\":1}") return socket.deliver("{\"p\":2}")
  const request: FakeRequest = JSON.parse(frame)
  const roomId = `room${JSON.stringify(request.body)}`
  const opens = request.action === "subscribe" || request.action === "join"
  queueMicrotask(() => socket.answer(request, opens ? { roomId, channel: `${roomId}-111` } : null))
}

/** Runs everything that is ready: fibers, microtasks and callbacks at the end of the turn. No clock advances. */
export const turns = (count = 3): Effect.Effect<void> =>
  Effect.promise(async () => {
    for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
  })

/** The end of a connection that neither side requested. */
export const lost = new KuzzleError.ConnectionEndedError({ by: "Peer", code: 1006, reason: "" })
