/** The heap that single items take, the peak of long runs, and what they leave behind. */
import type { Kuzzle } from "@effect-kuzzle/core"
import { KuzzleLiveQuery, KuzzleSchedule } from "@effect-kuzzle/core"
import { Effect } from "effect"
import { collectionOf, hits, imported } from "./documents.ts"
import { Embedded } from "./embedded.ts"
import { heapOf, leftBehind, peakOf } from "./measure.ts"
import { collection, equal, handler } from "./realtime.ts"
import { batched, documents, get, thousands } from "./requests.ts"
import { type Answer, type Client, open, sleep, until } from "./server.ts"
import { all, create, creates, offline, queued } from "./support.ts"

export interface Held {
  readonly title: string
  /** Bytes of heap. */
  readonly bytes: () => Promise<number>
}

/** The heap of what `hold` creates, without its client: the least of three. */
const heldWith = (
  title: string,
  n: number,
  hold: (client: Client) => Promise<unknown>,
  { answer, ...options }: Partial<Kuzzle.Options> & { readonly answer?: Answer } = {}
): Held => ({
  title,
  bytes: async () => {
    let least = Infinity
    for (let tries = 0; tries < 3; tries++) {
      const client = await open(options, answer)
      least = Math.min(least, await heapOf(n, async () => (await hold(client), client)))
      await client.close()
    }
    return least
  }
})

const unanswered = (n: number, effect: (client: Client) => Effect.Effect<unknown, unknown>) => (client: Client) => {
  client.server.quiet = true
  Effect.runFork(effect(client))
  return until(() => client.server.frames >= n)
}

/** Bytes of heap for each. */
export const each: ReadonlyArray<Held> = [
  heldWith(
    "a request that waits for its answer, by `queryMany`",
    20_000,
    unanswered(20_000, ({ kuzzle }) => kuzzle.queryMany(creates(20_000)))
  ),
  heldWith(
    "the same, a fiber for each",
    20_000,
    unanswered(20_000, ({ kuzzle }) => all(20_000, () => kuzzle.query(create)))
  ),
  heldWith("a batched call that waits for its answer, a fiber for each", 20_000, ({ run, server }) => {
    server.quiet = true
    void run(Effect.exit(batched(all(20_000, get))))
    // The first batches are not answered, so the other calls wait.
    return until(() => server.frames > 0).then(() => sleep(100))
  }),
  heldWith("a request in the offline queue, by `queryMany`", 20_000, queued(20_000), {
    ...offline,
    reconnect: KuzzleSchedule.reconnect({ base: "1 hour", cap: "1 hour" })
  }),
  heldWith("a subscription by stream", 5000, ({ run }) => run(all(5000, collection))),
  heldWith("a subscription by handler", 5000, ({ run }) => run(all(5000, handler))),
  heldWith("one more consumer of a subscription", 5000, ({ run }) => run(all(5000, equal))),
  heldWith(
    "a live document of 120 B",
    20_000,
    ({ run }) => run(KuzzleLiveQuery.live({ index: "nyc", collection: "taxi" })),
    {
      answer: collectionOf(20_000)
    }
  ),
  {
    title: "a client by a layer, with its server in the same process",
    bytes: async () => {
      const clients: Array<Client> = []
      const bytes = await heapOf(500, async (n) => {
        while (clients.length < n) clients.push(await open())
        return clients
      })
      for (const client of clients) await client.close()
      return bytes
    }
  }
]

const client = async (run: (client: Client) => Promise<unknown>, answer?: Answer) => {
  const client = await open({}, answer)
  await run(client)
  await client.close()
}

/** Bytes of heap in all. */
export const whole: ReadonlyArray<Held> = [
  {
    title: "left behind by 1,000,000 requests on a client that stays open",
    bytes: async () => {
      const client = await open()
      // Creates what is created once.
      await thousands(client, 100_000)
      const bytes = await leftBehind(() => thousands(client, 1_000_000))
      await client.close()
      return bytes
    }
  },
  {
    title: "1,000,000 lines imported, at the peak",
    bytes: () => peakOf(() => client((client) => imported(client, 1_000_000), documents))
  },
  {
    title: "200,000 hits read, at the peak",
    bytes: () => peakOf(() => client(hits, collectionOf(200_000)))
  },
  {
    title: "left behind by 10,000 scrolls of the embedded server that were abandoned",
    bytes: async () => {
      const server = new Embedded().fill(1000)
      server.abandonScrolls(10_000, 60)
      const bytes = await leftBehind(() => Promise.resolve(server.abandonScrolls(10_000, 60)))
      server.search({})
      return bytes
    }
  }
]
