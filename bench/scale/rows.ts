/** The paths whose cost is measured from few to many of everything. A new path is a row here. */
import {
  type Kuzzle,
  KuzzleBatch,
  KuzzleDocument,
  KuzzleFilter,
  KuzzleImport,
  KuzzleLive,
  KuzzleRealtime,
  KuzzleSchedule,
  KuzzleSearch
} from "@effect-kuzzle/core"
import { Cookies, Headers } from "@effect/platform"
import { Effect, Stream, Tracer } from "effect"
import * as CookieJar from "../../packages/core/src/internal/cookieJar.ts"
import * as Many from "../../packages/core/src/internal/many.ts"
import * as Envelope from "../../packages/core/src/internal/protocol/envelope.ts"
import * as Pending from "../../packages/core/src/internal/protocol/pending.ts"
import * as Mailbox from "../../packages/core/src/internal/runtime/mailbox.ts"
import { cpuOf, heapOf, type Row } from "./measure.ts"
import { type Answer, type Client, open, sleep, turn, until } from "./server.ts"

const target = { index: "nyc", collection: "taxi" }
const source = { driver: "Josephine Baker", status: "free", seats: 4, position: { lat: 40.7, lon: -74 }, tags: ["a"] }
const sourceText = JSON.stringify(source)
const create = { controller: "document", action: "create", ...target, _id: "x", body: source }

const range = (n: number) => Array.from({ length: n }, (_, i) => i)
const creates = (n: number) => range(n).map(() => create)

/** Runs all at once, each in its fiber. */
const all = <A, E, R>(n: number, one: (i: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(range(n), one, { concurrency: "unbounded", discard: true })

/** CPU of what is done with a client, without its opening and closing. */
const withClient = async (
  use: (client: Client) => Promise<unknown>,
  { answer, before, ...options }: Partial<Kuzzle.Options> & {
    readonly answer?: Answer
    readonly before?: (client: Client) => Promise<unknown>
  } = {}
): Promise<number> => {
  const client = await open(options, answer)
  await before?.(client)
  const cpu = await cpuOf(() => use(client))
  await client.close()
  return cpu
}

// -------------------------------------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------------------------------------

const stored = (_id: string) => `{"_id":${JSON.stringify(_id)},"_source":${sourceText},"_version":1}`

const documents: Answer = ({ _id = "", action, body }) => {
  const ids = body?.ids ?? body?.documents?.map((document) => document._id)
  switch (action) {
    case "get":
    case "create":
      return stored(_id)
    default:
      return ids === undefined ? "{}" : `{"successes":[${ids.map(stored).join()}],"errors":[]}`
  }
}

const get = (i: number) => KuzzleDocument.get({ ...target, _id: `d${i}` })
const createOne = (i: number) => KuzzleDocument.create({ ...target, _id: `d${i}`, content: source })
const batched = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, KuzzleBatch.layer())

const calls = [100, 1000, 10_000, 50_000]

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

/** In rounds of a hundred. */
const requests = (kuzzle: Kuzzle.KuzzleShape, n: number) =>
  Effect.forEach(range(n / 100), () => all(100, () => kuzzle.query(create)), { discard: true })

const offline = { autoQueue: true, queueMaxSize: 1e7, queueMaxBytes: 1e10, queueTTL: "10 minutes" } as const

/** Loses its connection, and has N requests in its queue. */
const queued = (n: number) => async (client: Client) => {
  client.server.up = false
  client.server.drop()
  await sleep(20)
  Effect.runFork(client.kuzzle.queryMany(creates(n)))
  await sleep(50)
}

const requestRows: ReadonlyArray<Row> = [
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
    sizes: [1000, 10_000],
    run: (n) => withClient(({ kuzzle, run }) => run(requests(kuzzle, n)))
  },
  {
    title: "N requests, with a tracer",
    sizes: [1000, 10_000],
    run: (n) => withClient(({ kuzzle, run }) => run(Effect.withTracer(requests(kuzzle, n), tracer)))
  },
  {
    title: "N deadlines, 1 ms apart, expire one after the other",
    sizes: [1000, 4000, 16_000, 32_000],
    target: 0.3,
    run: (n) => {
      const pending = Pending.make<Pending.Entry>()
      for (const deadline of range(n)) pending.add(String(deadline), { deadline })
      return cpuOf(() => {
        for (let at = pending.nextDeadline(); at < Infinity; at = pending.nextDeadline()) pending.expire(at)
      })
    }
  },
  {
    title: "30 failed dials with N requests queued: a dial and request",
    sizes: [1000, 10_000, 100_000],
    items: () => 30,
    run: (n) =>
      withClient(({ server }) => {
        const last = server.dials + 30
        return until(() => server.dials >= last)
      }, {
        ...offline,
        reconnect: KuzzleSchedule.reconnect({ base: "1 millis", cap: "1 millis" }),
        before: queued(n)
      })
  },
  {
    title: "N requests queued, then sent",
    sizes: [1000, 10_000, 50_000],
    run: (n) =>
      withClient(({ kuzzle, run, server }) => {
        server.up = false
        server.drop()
        const sent = run(kuzzle.queryMany(creates(n)))
        server.up = true
        return sent
      }, { ...offline, reconnect: KuzzleSchedule.reconnect({ base: "100 millis", cap: "100 millis" }) })
  }
]

// -------------------------------------------------------------------------------------------------------------------
// real-time
// -------------------------------------------------------------------------------------------------------------------

const collection = (i: number) => KuzzleRealtime.open({ index: "nyc", collection: `c${i}` })
const besideRooms = (i: number) => i % 2 === 0 ? collection(i) : KuzzleRealtime.open({ roomId: `x${i}` })
const equal = () => KuzzleRealtime.open(target)

const ready = ({ kuzzle }: Client) =>
  Effect.runPromise(Stream.runDrain(Stream.takeUntil(kuzzle.states, ({ _tag }) => _tag === "Ready")))

const reconnected = async (client: Client) => {
  client.server.drop()
  await sleep(1)
  await ready(client)
}

const subscriptions = [400, 1600, 6400]

type Subscribing = typeof collection

const reconnects = (title: string, one: Subscribing): Row => ({
  title: `reconnecting N ${title}`,
  sizes: subscriptions,
  run: (n) => withClient(reconnected, { before: ({ run }) => run(all(n, one)) })
})

/** Opening and closing, in a scope of their own. */
const comeAndGo = (title: string, one: Subscribing): Row => ({
  title: `N ${title} come and go`,
  sizes: subscriptions,
  run: (n) => withClient(({ run }) => run(Effect.scoped(all(n, one))))
})

const note = (room: number, i: number, version: number) =>
  `{"type":"document","event":"write","action":"update","scope":"in","room":"r${room}-1",` +
  `"result":{"_id":"d${i}","_source":${sourceText},"_version":${version}}}`

const realtimeRows: ReadonlyArray<Row> = [
  comeAndGo("subscriptions to as many collections", collection),
  comeAndGo("consumers of one filter", equal),
  reconnects("subscriptions to as many collections", collection),
  reconnects("subscriptions, half of them joined by id", besideRooms),
  {
    title: "1,000 notifications to one of N subscriptions each",
    sizes: subscriptions,
    items: () => 1000,
    run: (n) =>
      withClient(({ server }) => {
        for (const i of range(1000)) server.emit(note(1 + (i * 7919) % n, i, 1))
        return Promise.resolve()
      }, {
        before: ({ run }) => run(all(n, (i) => KuzzleRealtime.listen({ index: "nyc", collection: `c${i}` }, () => {})))
      })
  },
  {
    title: "20,000 notifications to a full conflating buffer of N",
    excuse: "the map outgrows the cache of the processor; walking over deleted entries, it was 5 to 7 µs",
    sizes: [1024, 4096, 16_384, 65_536],
    items: () => 20_000,
    target: 0.5,
    run: (n) => {
      const mailbox = Mailbox.make<string, never>({ capacity: n, strategy: "sliding", keyOf: (key) => key })
      for (const i of range(n)) mailbox.offer(`a${i}`)
      const keys = range(20_000).map((i) => `b${i}`)
      return cpuOf(() => keys.forEach((key) => mailbox.offer(key)))
    }
  }
]

// -------------------------------------------------------------------------------------------------------------------
// documents
// -------------------------------------------------------------------------------------------------------------------

const hit = (i: number) => `{"_id":"d${i}","index":"nyc","collection":"taxi","_score":1,"_source":${sourceText}}`

/** A collection of N documents, read by scrolling. */
const collectionOf = (n: number): Answer => {
  let next = 0
  return ({ action, size = 500 }) => {
    if (action !== "search" && action !== "scroll") return "{}"
    if (action === "search") next = 0
    const hits = range(Math.max(0, Math.min(size, n - next))).map((i) => hit(next + i))
    next += hits.length
    return `{"hits":[${hits.join()}],"total":${n},"scrollId":"s"}`
  }
}

const held = [1000, 10_000, 100_000]
const changes = 200

/** Changes of N documents, each in its turn, that somebody looks at. */
const live = (title: string, look: (live: KuzzleLive.Live) => Stream.Stream<unknown, unknown>): Row => ({
  title: `\`KuzzleLive.${title}\` of N documents: a change`,
  sizes: held,
  items: () => changes,
  run: async (n) => {
    const client = await open({}, collectionOf(n))
    const following = await client.run(KuzzleLive.live(target))
    let seen = 0
    Effect.runFork(Stream.runForEach(look(following), () => Effect.sync(() => seen++)))
    await until(() => seen > 0)
    const cpu = await cpuOf(async () => {
      for (const i of range(changes)) {
        client.server.emit(note(1, i, 2))
        await turn()
        await turn()
        await turn()
      }
    })
    await client.close()
    return cpu
  }
})

/** About N bytes. */
const large = (bytes: number, first: number | null) => ({
  list: range(Math.ceil(bytes / 100)).map((id) => ({
    id,
    name: `driver number ${id}`,
    at: { lat: 48.1, lon: 2.3 },
    tags: ["a", "b"],
    ok: true,
    n: id === 0 ? first : 1
  }))
})

const encoded = (title: string, first: number | null): Row => ({
  title: `a document of N bytes${title}: a KB of the frame`,
  sizes: [100_000, 1_000_000, 10_000_000],
  items: (n) => n / 1000,
  target: 9,
  run: (n) => {
    const request = { ...create, body: large(n, first) }
    return cpuOf(() => Envelope.encode(request))
  }
})

const documentRows: ReadonlyArray<Row> = [
  {
    title: "N hits of a search, by scroll",
    sizes: [1000, 10_000, 100_000],
    run: (n) =>
      withClient(({ run }) => run(Stream.runDrain(KuzzleSearch.hits({ ...target, size: 500 }))), {
        answer: collectionOf(n)
      })
  },
  live("changes", (live) => live.changes),
  live("values", (live) => live.values),
  encoded("", 1),
  encoded(", one `null` in it", null),
  {
    title: "N documents imported",
    sizes: [1000, 10_000, 100_000],
    run: (n) => {
      const given = Stream.map(Stream.range(1, n), (i) => ({ _id: `d${i}`, body: source }))
      return withClient(({ run }) => run(Stream.runDrain(KuzzleImport.stream(given, target))), {
        answer: ({ body }) => {
          const ids = body?.documents?.map(({ _id }) => _id) ?? []
          return `{"successes":[${
            ids.map((_id) => `{"_id":"${_id}","_version":1,"created":true}`).join()
          }],"errors":[]}`
        }
      })
    }
  },
  {
    title: "N equal documents without ids that all fail, told apart",
    sizes: [1000, 10_000, 100_000],
    run: (n) => {
      const items = range(n).map(() => ({ content: { a: 1 } }))
      const errors = items.map(({ content }) => ({ document: { body: content }, reason: "x", status: 400 }))
      return cpuOf(() => Many.outcomes(items, { successes: [], errors }))
    }
  },
  {
    title: "`match` of N elements in N",
    sizes: [500, 1000, 2000, 4000],
    run: (n) => {
      const elements = range(n).map((k) => ({ k }))
      const matches = KuzzleFilter.matches({ match: { list: [...elements].reverse() } })
      return cpuOf(() => matches({ list: elements }))
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

export const rows: ReadonlyArray<Row> = [...requestRows, ...realtimeRows, ...documentRows]

// -------------------------------------------------------------------------------------------------------------------
// memory
// -------------------------------------------------------------------------------------------------------------------

export interface Held {
  readonly title: string
  /** Bytes of heap for each. */
  readonly bytes: () => Promise<number>
}

/** What is held with a client, without the client. */
const heldWith = (
  title: string,
  n: number,
  hold: (client: Client) => Promise<unknown>,
  options: Partial<Kuzzle.Options> & { readonly answer?: Answer } = {}
): Held => ({
  title,
  bytes: async () => {
    const { answer, ...settings } = options
    const client = await open(settings, answer)
    const bytes = await heapOf(n, async () => (await hold(client), client))
    await client.close()
    return bytes
  }
})

const waiting = (n: number) => (client: Client) => {
  client.server.quiet = true
  Effect.runFork(client.kuzzle.queryMany(creates(n)))
  return sleep(50)
}

export const memory: ReadonlyArray<Held> = [
  heldWith("a request that waits for its answer, by `queryMany`", 20_000, waiting(20_000)),
  heldWith("the same, a fiber for each", 20_000, ({ kuzzle, server }) => {
    server.quiet = true
    Effect.runFork(all(20_000, () => kuzzle.query(create)))
    return sleep(300)
  }),
  heldWith("a batched call that waits for its answer, a fiber for each", 20_000, ({ run, server }) => {
    server.quiet = true
    void run(Effect.exit(batched(all(20_000, get))))
    return until(() => server.frames >= 20)
  }),
  heldWith("a request in the offline queue, by `queryMany`", 20_000, queued(20_000), {
    ...offline,
    reconnect: KuzzleSchedule.reconnect({ base: "1 hour", cap: "1 hour" })
  }),
  heldWith("a subscription by stream", 2000, ({ run }) => run(all(2000, collection))),
  heldWith(
    "a subscription by handler",
    2000,
    ({ run }) => run(all(2000, (i) => KuzzleRealtime.listen({ index: "nyc", collection: `c${i}` }, () => {})))
  ),
  heldWith("one more consumer of a subscription", 2000, ({ run }) => run(all(2000, equal))),
  heldWith("a live document of 120 B", 20_000, ({ run }) => run(KuzzleLive.live(target)), {
    answer: collectionOf(20_000)
  }),
  {
    title: "a client without a socket",
    bytes: async () => {
      const clients: Array<Client> = []
      const bytes = await heapOf(300, async (n) => {
        while (clients.length < n) clients.push(await open())
        return clients
      })
      for (const client of clients) await client.close()
      return bytes
    }
  }
]
