/** Requests: in flight, batched, queued, late, over HTTP. */
import type { Kuzzle } from "@effect-kuzzle/core"
import { KuzzleBatch, KuzzleDocument, KuzzleSchedule } from "@effect-kuzzle/core"
import { Cookies, Headers } from "@effect/platform"
import { Effect, Fiber, Tracer } from "effect"
import * as Envelope from "../../packages/core/src/internal/protocol/envelope.ts"
import * as Many from "../../packages/core/src/internal/protocol/many.ts"
import * as Pending from "../../packages/core/src/internal/protocol/pending.ts"
import * as CookieJar from "../../packages/core/src/internal/services/cookieJar.ts"
import { cpuOf, type Row } from "./measure.ts"
import { type Answer, type Client, openHttp, until } from "./server.ts"
import { all, create, creates, offline, queued, range, source, sourceText, target, withClient } from "./support.ts"

const stored = (_id: string) => `{"_id":${JSON.stringify(_id)},"_source":${sourceText},"_version":1,"created":true}`

/** Answers as if each document existed and each write succeeded. */
export const documents: Answer = ({ _id = "", action, body }) => {
  const ids = body?.ids ?? body?.documents?.map((document) => document._id)
  switch (action) {
    case "get":
    case "create":
      return stored(_id)
    default:
      return ids === undefined ? "{}" : `{"successes":[${ids.map(stored).join()}],"errors":[]}`
  }
}

export const get = (i: number) => KuzzleDocument.get({ ...target, _id: `d${i}` })
const createOne = (i: number) => KuzzleDocument.create({ ...target, _id: `d${i}`, content: source })
export const batched = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provide(effect, KuzzleBatch.layer({ requestTimeout: "10 minutes" }))

const calls = [1000, 10_000, 50_000, 130_000]

/** A tracer that keeps nothing. */
const tracer = Tracer.make({
  span: (name, parent, context, links, startTime, kind) => ({
    _tag: "Span",
    name,
    spanId: "00f067aa0ba902b7",
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    parent,
    context,
    status: { _tag: "Started", startTime },
    attributes: new Map(),
    links,
    sampled: true,
    kind,
    end: () => {},
    attribute: () => {},
    event: () => {},
    addLinks: () => {}
  }),
  context: (run) => run()
})

/** Sends N requests, 100 at a time. */
const requests = (kuzzle: Kuzzle.KuzzleShape, n: number) =>
  Effect.forEach(range(n / 100), () => all(100, () => kuzzle.query(create)), { discard: true })

/** Sends N requests, 1,000 at a time. Each batch uses another index. */
export const thousands = ({ kuzzle, run }: Client, n: number) =>
  run(Effect.forEach(range(n / 1000), (i) => {
    const request = { ...create, index: `i${i}` }
    return kuzzle.queryMany(range(1000).map(() => request))
  }, { discard: true }))

/** N requests without answers, a fiber for each. A fiber ends when its request fails. */
const unanswered = (client: Client, n: number, options?: (i: number) => Envelope.RequestOptions) => {
  client.server.quiet = true
  return Effect.runFork(all(n, (i) => Effect.exit(client.kuzzle.query(create, options?.(i)))))
}

/** The CPU time of `end` with N requests in flight, until all of them have ended. */
const inFlight = (n: number, end: (client: Client, requests: Fiber.Fiber<void>) => unknown) => {
  let requests: Fiber.RuntimeFiber<void> | undefined
  return withClient(async (client) => {
    if (requests === undefined) throw new Error("no request was made")
    end(client, requests)
    await Effect.runPromise(Fiber.await(requests))
  }, {
    before: (client) => {
      requests = unanswered(client, n)
      return until(() => client.server.frames >= n)
    }
  })
}

/** A document of about this many bytes. */
export const large = (bytes: number, first: number | null) => ({
  list: range(Math.ceil(bytes / 100)).map((id) => ({
    id,
    name: `driver number ${id}`,
    at: { lat: 48.1, lon: 2.3 },
    tags: ["a", "b"],
    ok: true,
    n: id === 0 ? first : 1
  }))
})

const bytes = [100_000, 1_000_000, 10_000_000]

/** The cost of one KB of a document. */
const perKilobyte = (title: string, run: Row["run"], target?: number): Row => ({
  title: `a document of N bytes${title}: a KB`,
  sizes: bytes,
  items: (n) => n / 1000,
  ...(target === undefined ? {} : { target }),
  run
})

const encoded = (first: number | null) => (n: number) => {
  const request = { ...create, body: large(n, first) }
  return cpuOf(() => Envelope.encode(request))
}

const overHttp = (routes: "query" | "rest") => async (n: number) => {
  const client = await openHttp({ routes })
  const cpu = await cpuOf(() => client.run(Effect.forEach(range(n), createOne, { discard: true, concurrency: 100 })))
  await client.close()
  return cpu
}

/** N deadlines in a sorted array, each with an entry in a `Map`. */
const plainDeadlines = (n: number) => {
  const entries = new Map(range(n).map((at) => [String(at), { at }]))
  return cpuOf(() => {
    const heap = Array.from(entries, ([id, { at }]) => ({ at, id })).sort((a, b) => b.at - a.at)
    for (let first = heap.pop(); first !== undefined; first = heap.pop()) entries.delete(first.id)
  })
}

export const rows: ReadonlyArray<Row> = [
  {
    title: "N requests on one client, 1,000 at a time",
    sizes: [10_000, 100_000, 1_000_000],
    run: (n) => withClient((client) => thousands(client, n))
  },
  {
    title: "`queryMany` of N requests",
    sizes: [1000, 10_000, 100_000],
    run: (n) => withClient(({ kuzzle, run }) => run(kuzzle.queryMany(creates(n))))
  },
  {
    title: "N concurrent gets",
    sizes: calls,
    run: (n) => withClient(({ run }) => run(all(n, get)), { answer: documents })
  },
  {
    title: "N concurrent gets by `KuzzleBatch`",
    sizes: calls,
    target: 110,
    run: (n) => withClient(({ run }) => run(batched(all(n, get))), { answer: documents })
  },
  {
    title: "N concurrent creates by `KuzzleBatch`",
    sizes: calls,
    target: 110,
    run: (n) => withClient(({ run }) => run(batched(all(n, createOne))), { answer: documents })
  },
  {
    title: "N requests, without a tracer",
    sizes: [1000, 5000, 25_000],
    run: (n) => withClient(({ kuzzle, run }) => run(requests(kuzzle, n)))
  },
  {
    title: "N requests, with a tracer",
    sizes: [1000, 5000, 25_000],
    run: (n) => withClient(({ kuzzle, run }) => run(Effect.withTracer(requests(kuzzle, n), tracer)))
  },
  {
    title: "N deadlines, 1 ms apart, expire one after the other",
    sizes: [1000, 4000, 16_000, 32_000, 128_000],
    target: 0.3,
    plain: plainDeadlines,
    run: (n) => {
      const pending = new Pending.Pending<Pending.Entry>()
      for (const deadline of range(n)) pending.add(String(deadline), { deadline })
      return cpuOf(() => {
        for (let at = pending.nextDeadline(); at < Infinity; at = pending.nextDeadline()) pending.expire(at)
      })
    }
  },
  {
    title: "N requests that time out within a second, a fiber each",
    sizes: [1000, 4000, 16_000],
    run: (n) =>
      withClient((client) =>
        Effect.runPromise(Fiber.await(unanswered(client, n, (i) => ({ timeout: 300 + (i * 1000) / n }))))
      )
  },
  {
    title: "300 requests time out one after the other, beside N in flight: each of the 300",
    sizes: [1000, 10_000, 100_000],
    items: () => 300,
    run: (n) =>
      withClient(
        ({ kuzzle, run }) =>
          run(Effect.forEach(range(300), () => Effect.exit(kuzzle.query(create, { timeout: 1 })), { discard: true })),
        {
          before: ({ kuzzle, run, server }) => {
            server.quiet = true
            Effect.runFork(kuzzle.queryMany(creates(n)))
            // The first deadline sorts all others. This cost occurs once, so it is not measured.
            return run(Effect.exit(kuzzle.query(create, { timeout: 1 })))
          }
        }
      )
  },
  {
    title: "N in flight when the connection ends, a fiber each",
    sizes: [1000, 10_000, 30_000],
    run: (n) => inFlight(n, ({ server }) => server.drop())
  },
  {
    title: "N in flight that are interrupted, a fiber each",
    sizes: [1000, 10_000, 30_000],
    run: (n) => inFlight(n, (_, requests) => Effect.runFork(Fiber.interrupt(requests)))
  },
  {
    title: "200 failed dials with N requests queued: a dial",
    sizes: [1000, 10_000, 100_000],
    items: () => 200,
    run: (n) =>
      withClient(({ server }) => {
        const last = server.dials + 200
        return until(() => server.dials >= last)
      }, {
        ...offline,
        reconnect: KuzzleSchedule.reconnect({ base: "1 millis", cap: "1 millis" }),
        before: queued(n)
      })
  },
  {
    title: "N requests queued, then sent",
    sizes: [1000, 10_000, 100_000],
    run: (n) =>
      withClient(({ kuzzle, run, server }) => {
        server.up = false
        server.drop()
        const sent = run(kuzzle.queryMany(creates(n)))
        server.up = true
        return sent
      }, { ...offline, reconnect: KuzzleSchedule.reconnect({ base: "100 millis", cap: "100 millis" }) })
  },
  {
    title: "N requests queued, which expire",
    sizes: [1000, 10_000, 100_000],
    run: (n) =>
      withClient(({ kuzzle, run, server }) => {
        server.up = false
        server.drop()
        return run(kuzzle.queryMany(creates(n)))
      }, {
        ...offline,
        queueTTL: "200 millis",
        reconnect: KuzzleSchedule.reconnect({ base: "1 hour", cap: "1 hour" })
      })
  },
  { title: "N requests over HTTP, 100 at a time", sizes: [100, 1000, 10_000], run: overHttp("query") },
  { title: "N requests over HTTP by REST, 100 at a time", sizes: [100, 1000, 10_000], run: overHttp("rest") },
  perKilobyte("", encoded(1), 9),
  perKilobyte(", one `null` in it", encoded(null), 9),
  perKilobyte(" over REST", async (n) => {
    const client = await openHttp({ routes: "rest" })
    const content = large(n, 1)
    const cpu = await cpuOf(() => client.run(KuzzleDocument.create({ ...target, _id: "x", content })))
    await client.close()
    return cpu
  }, 9),
  {
    title: "the outcomes of N equal documents without ids that all fail",
    sizes: [1000, 10_000, 100_000],
    run: (n) => {
      const items = range(n).map(() => ({ content: { a: 1 } }))
      const errors = items.map(({ content }) => ({ document: { body: content }, reason: "x", status: 400 }))
      return cpuOf(() => Many.outcomes(items, { successes: [], errors }))
    }
  },
  {
    title: "N answers that set a cookie each",
    sizes: [1000, 4000, 16_000],
    run: (n) => {
      const jar = CookieJar.make()
      const given = range(n).map((i) => Cookies.unsafeSet(Cookies.empty, `c${i}`, "x"))
      const url = "http://localhost:7512/"
      return cpuOf(() => {
        for (const cookies of given) {
          jar.keep(url, { cookies, headers: Headers.empty }, 0)
        }
      })
    }
  }
]
