/** A client without a network. Its server is a function in this process, so nearly all CPU time is the client's. */
import {
  Kuzzle,
  KuzzleHeartbeat,
  KuzzleHttp,
  type KuzzleRealtime,
  KuzzleSchedule,
  KuzzleSocket
} from "@effect-kuzzle/core"
import { Context, Effect, Exit, Layer, Scope } from "effect"

export interface Request {
  readonly controller: string
  readonly action: string
  readonly requestId: string
  readonly size?: number
  readonly from?: number
  readonly body?: {
    readonly ids?: ReadonlyArray<string>
    readonly documents?: ReadonlyArray<Written>
    readonly search_after?: ReadonlyArray<unknown>
  }
  readonly _id?: string
}

interface Written {
  readonly _id: string
  readonly body: object
}

/** The result that the server answers with, as JSON. */
export type Answer = (request: Request) => string

export class Server {
  /** Whether it accepts connections. */
  up = true
  /** Whether it answers. */
  quiet = false
  dials = 0
  frames = 0
  rooms = 0
  /** Whether all subscriptions get the channel of the first one, as equivalent filters do. */
  sharesRooms = false
  emit: (frame: string) => void = () => {}
  drop: () => void = () => {}

  constructor(readonly answer: Answer) {}

  readonly socket = KuzzleSocket.make({
    open: (_url, events) => {
      this.dials += 1
      let closed = false
      let answers: Array<string> = []
      const close = (code: number) => {
        if (closed) return
        closed = true
        events.onClose(code, "")
      }
      const flush = () => {
        const ready = answers
        answers = []
        for (const frame of ready) if (!closed) events.onFrame(frame)
      }
      queueMicrotask(() => {
        if (this.up) return events.onOpen()
        events.onError(new Error("refused"))
        close(1006)
      })
      this.emit = (frame) => events.onFrame(frame)
      this.drop = () => close(1006)
      return {
        send: (frame) => {
          if (closed) return false
          this.frames += 1
          if (this.quiet) return true
          // The client sends requests only.
          const request = JSON.parse(frame) as Request
          const { action, controller, requestId } = request
          const result = controller === "realtime" ? this.subscribed() : this.answer(request)
          answers.push(
            `{"status":200,"error":null,"requestId":"${requestId}","controller":"${controller}","action":"${action}",` +
              `"volatile":null,"result":${result}}`
          )
          if (answers.length === 1) setImmediate(flush)
          return true
        },
        ping: () => {},
        close: () => queueMicrotask(() => close(1000)),
        terminate: () => queueMicrotask(() => close(1006)),
        bufferedAmount: () => 0
      }
    }
  })

  private subscribed(): string {
    if (!this.sharesRooms || this.rooms === 0) this.rooms += 1
    return `{"channel":"r${this.rooms}-1","roomId":"r${this.rooms}"}`
  }
}

/** The services that the effects of the rows use. */
export type Services = Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime

export interface Client {
  readonly server: Server
  readonly kuzzle: Kuzzle.KuzzleShape
  /** Runs an effect. Resources that it acquires stay open until the client is closed. */
  readonly run: <A, E>(effect: Effect.Effect<A, E, Services | Scope.Scope>) => Promise<A>
  readonly close: () => Promise<void>
}

export const open = async (options: Partial<Kuzzle.Options> = {}, answer: Answer = () => "{}"): Promise<Client> => {
  const server = new Server(answer)
  const scope = Effect.runSync(Scope.make())
  const layer = Kuzzle.layer({
    url: "ws://localhost:7512",
    requestTimeout: "10 minutes",
    maxRequestSize: 1e9,
    reconnect: KuzzleSchedule.reconnect({ base: "5 millis", cap: "5 millis" }),
    ...options
  }).pipe(
    Layer.provide(KuzzleHeartbeat.layerDisabled),
    Layer.provide(Layer.succeed(KuzzleSocket.KuzzleSocket, server.socket))
  )
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  return {
    server,
    kuzzle: Context.get(context, Kuzzle.Kuzzle),
    run: (effect) => Effect.runPromise(Scope.extend(Effect.provide(effect, context), scope)),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

/** A client over HTTP, whose server answers every request with the same document. */
export const openHttp = async (options: Kuzzle.HttpOptions) => {
  const body = `{"status":200,"error":null,"requestId":"x","controller":"document","action":"create","volatile":null,` +
    `"result":{"_id":"x","_source":{},"_version":1}}`
  const http: KuzzleHttp.KuzzleHttpShape = {
    exchange: () => Effect.succeed({ status: 200, headers: {}, body }),
    stream: () => Effect.never,
    cookie: () => Effect.succeedNone
  }
  const scope = Effect.runSync(Scope.make())
  const layer = Kuzzle.layerHttp({
    url: "http://localhost:7512",
    requestTimeout: "10 minutes",
    maxRequestSize: 1e9,
    ...options
  }).pipe(
    Layer.provide(Layer.succeed(KuzzleHttp.KuzzleHttp, http))
  )
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  return {
    run: <A, E>(effect: Effect.Effect<A, E, Kuzzle.Kuzzle>) => Effect.runPromise(Effect.provide(effect, context)),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

export const sleep = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

export const until = async (test: () => boolean) => {
  while (!test()) await sleep(1)
}
