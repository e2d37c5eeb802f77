/** A collection, a document and clients for the rows. */
import { Kuzzle } from "@effect-kuzzle/core"
import { Effect, Stream } from "effect"
import { cpuOf } from "./measure.ts"
import { type Answer, type Client, open, sleep } from "./server.ts"

export const target = { index: "nyc", collection: "taxi" }
export const source = {
  driver: "Josephine Baker",
  status: "free",
  seats: 4,
  position: { lat: 40.7, lon: -74 },
  tags: ["a"]
}
export const sourceText = JSON.stringify(source)
export const create = { controller: "document", action: "create", ...target, _id: "x", body: source }

export const range = (n: number) => Array.from({ length: n }, (_, i) => i)
export const creates = (n: number) => range(n).map(() => create)

/** Runs N effects at once, each in its own fiber. */
export const all = <A, E, R>(n: number, one: (i: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(range(n), one, { concurrency: "unbounded", discard: true })

export type Options = Partial<Kuzzle.Options> & {
  readonly answer?: Answer
  /** Runs before the measurement begins. */
  readonly before?: (client: Client) => Promise<unknown>
}

/** The CPU time of `use` with a new client. Opening and closing the client is not measured. */
export const withClient = async (
  use: (client: Client) => Promise<unknown>,
  { answer, before, ...options }: Options = {}
): Promise<number> => {
  const client = await open(options, answer)
  await before?.(client)
  const cpu = await cpuOf(() => use(client))
  await client.close()
  return cpu
}

export const offline = { autoQueue: true, queueMaxSize: 1e7, queueMaxBytes: 1e10, queueTTL: "10 minutes" } as const

/** Cuts the connection, and queues N requests. */
export const queued = (n: number) => async (client: Client) => {
  client.server.up = false
  client.server.drop()
  await sleep(20)
  Effect.runFork(client.kuzzle.queryMany(creates(n)))
  await sleep(50)
}

const ready = ({ kuzzle }: Client) =>
  Effect.runPromise(Stream.runDrain(Stream.takeUntil(Kuzzle.streamOf(kuzzle.states), ({ _tag }) => _tag === "Ready")))

/** Cuts the connection, and waits until the client is connected again with all its subscriptions. */
export const reconnected = async (client: Client) => {
  client.server.drop()
  await sleep(1)
  await ready(client)
}
