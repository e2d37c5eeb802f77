import { KuzzleEngine } from "@effect-kuzzle/testing"
import { Effect } from "effect"

export interface Json {
  readonly [key: string]: unknown
}

/** A client that is connected directly to the engine: frames are delivered in the same tick. */
export interface Client {
  readonly frames: Array<Json>
  readonly closed: Array<readonly [code: number, reason: string]>
  readonly raw: (frame: string) => void
  /** Sends a request, and removes its answer from `frames` and returns it. Throws if there is none. */
  readonly ask: (controller: string, action: string, more?: Json) => Json
  /** The frames since the last call. */
  readonly take: () => ReadonlyArray<Json>
  readonly close: () => void
  readonly id: string
}

let requests = 0

export const connect = (headers: KuzzleEngine.Headers = {}): Effect.Effect<Client, never, KuzzleEngine.KuzzleEngine> =>
  Effect.map(KuzzleEngine.KuzzleEngine, (engine) => {
    const frames: Array<Json> = []
    const closed: Array<readonly [number, string]> = []
    const connection = engine.connect({
      send: (frame) => void frames.push(JSON.parse(frame)),
      close: (code, reason) => void closed.push([code, reason])
    }, headers)
    if (connection === undefined) throw new Error("the engine refused the connection")
    return {
      frames,
      closed,
      id: connection.id,
      raw: connection.receive,
      close: connection.close,
      take: () => frames.splice(0),
      ask: (controller, action, more = {}) => {
        const requestId = `r${requests++}`
        connection.receive(JSON.stringify({ requestId, controller, action, ...more }))
        const index = frames.findIndex((frame) => frame.room === requestId)
        if (index === -1) throw new Error(`${controller}:${action} was not answered`)
        return frames.splice(index, 1)[0]!
      }
    }
  })

// A test that reads a property of a result that is not an object fails, so the cast is harmless.
export const resultOf = (answer: Json): Json => answer.result as Json

// A test that reads the id of an error that is not there fails, so the cast is harmless.
export const errorOf = (answer: Json): Json => answer.error as Json

export const login = (client: Client, more: Json = {}): string => {
  const answer = client.ask("auth", "login", {
    strategy: "local",
    body: { username: "ann", password: "pw" },
    ...more
  })
  return String(resultOf(answer).jwt)
}

export const ann: KuzzleEngine.SeedUser = { username: "ann", password: "pw" }
