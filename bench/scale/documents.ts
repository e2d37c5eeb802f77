/** Rows for many documents: searches, live documents, imports, and filters that are matched in the client. */
import { KuzzleFilter, KuzzleImport, KuzzleLiveQuery, KuzzleRepository, KuzzleSearch } from "@effect-kuzzle/core"
import type { Scope } from "effect"
import { Effect, Schema, Stream } from "effect"
import { cpuOf, type Row } from "./measure.ts"
import { note } from "./realtime.ts"
import { documents, large } from "./requests.ts"
import { type Answer, type Client, open, type Request, type Services, sleep, turn, until } from "./server.ts"
import { range, source, sourceText, target, withClient } from "./support.ts"

const hit = (i: number) => `{"_id":"d${i}","index":"nyc","collection":"taxi","_score":1,"_source":${sourceText}}`

/** A server that answers each search with N documents, `d0` and so on. */
export const collectionOf = (n: number): Answer => {
  let next = 0
  const first = ({ action, body, from }: Request): number => {
    if (action === "scroll") return next
    const after = body?.search_after?.at(-1)
    return after === undefined ? from ?? 0 : Number(String(after).slice(1)) + 1
  }
  return (request) => {
    const { action, size = 500 } = request
    if (action !== "search" && action !== "scroll") return "{}"
    const begin = first(request)
    const hits = range(Math.max(0, Math.min(size, n - begin))).map((i) => hit(begin + i))
    next = begin + hits.length
    return `{"hits":[${hits.join()}],"total":${n},"scrollId":"s"}`
  }
}

export const hits = ({ run }: Client, strategy: KuzzleSearch.Strategy = KuzzleSearch.scroll()) =>
  run(Stream.runDrain(KuzzleSearch.hits({ ...target, size: 500, strategy })))

const walk = (name: string, strategy: KuzzleSearch.Strategy, sizes: ReadonlyArray<number>): Row => ({
  title: `N hits of a search, by \`${name}\``,
  sizes,
  run: (n) => withClient((client) => hits(client, strategy), { answer: collectionOf(n) })
})

const held = [1000, 10_000, 100_000]

/** Waits until the client sends no more reads. */
const settled = async ({ server }: Client) => {
  for (let frames = -1; frames !== server.frames;) {
    frames = server.frames
    await sleep(20)
  }
}

const Taxi = Schema.Struct({
  driver: Schema.String,
  status: Schema.String,
  seats: Schema.Int,
  position: Schema.Struct({ lat: Schema.Number, lon: Schema.Number }),
  tags: Schema.Array(Schema.String)
})
const taxis = KuzzleRepository.make({ ...target, schema: Taxi })

/** A stream of live documents, decoded or not. */
type Observed = Effect.Effect<Stream.Stream<unknown, unknown>, unknown, Services | Scope.Scope>

const changesAsTheyAre: Observed = Effect.map(KuzzleLiveQuery.live(target), ({ changes }) => changes)
const valuesAsTheyAre: Observed = Effect.map(KuzzleLiveQuery.live(target), ({ values }) => values)
const changesDecoded: Observed = Effect.map(taxis.live(), ({ changes }) => changes)
const valuesDecoded: Observed = Effect.map(taxis.live(), ({ values }) => values)

/** The CPU time of notifications, one at a time, while N live documents are observed. */
const live = async (n: number, observed: Observed, frames: ReadonlyArray<string>) => {
  const client = await open({}, collectionOf(n))
  const stream = await client.run(observed)
  let seen = 0
  Effect.runFork(Stream.runForEach(stream, () => Effect.sync(() => seen++)))
  await until(() => seen > 0)
  const cpu = await cpuOf(async () => {
    for (const frame of frames) {
      client.server.emit(frame)
      await turn()
      await turn()
      await turn()
    }
    await settled(client)
  })
  await client.close()
  return cpu
}

/** Enough changes to make the compiler's and the collector's share small. With 200 it is larger than the measured cost. */
const changes = 2000

/** One change at a time, anywhere among N documents. */
const changing = (title: string, observed: Observed): Row => ({
  title: `${title}, N documents: a change`,
  sizes: [100, 1000, 10_000, 50_000, 100_000],
  items: () => changes,
  run: (n) => live(n, observed, range(changes).map((i) => note(1, (i * 7919) % n, 2 + i)))
})

/** The notification of a `document:upsert` that creates a document. It has no id. */
const created = `{"type":"document","event":"write","action":"upsert","scope":"in","room":"r1-1",` +
  `"result":{"_source":${sourceText},"_version":1}}`

/** A stream of N documents. */
export const given = (n: number) => Stream.map(Stream.range(1, n), (i) => ({ _id: `d${i}`, body: source }))

function* partsOf(n: number): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  let text = ""
  for (let i = 0; i < n; i++) {
    text += `{"_id":"d${i}","body":${sourceText}}\n`
    if (text.length < 65_536 && i < n - 1) continue
    yield encoder.encode(text)
    text = ""
  }
}

/**
 * N lines of an export, in parts of slightly more than 64 KB. The stream takes one part at a time, as from a file. By default
 * it would take 4,096 parts at once, which are 268 MB.
 */
export const linesOf = (n: number) => Stream.fromIteratorSucceed(partsOf(n), 1)

export const imported = ({ run }: Client, n: number) =>
  run(Stream.runDrain(KuzzleImport.stream(KuzzleImport.fromJsonLines(linesOf(n)), target)))

/** Lists the positions of the elements by their value in a `Map`, then takes one for each wanted element. */
const plainInclusion = (n: number) => {
  const elements = range(n).map((k) => ({ k }))
  const wanted = [...elements].reverse()
  return cpuOf(() => {
    const positions = new Map<number, Array<number>>()
    elements.forEach(({ k }, i) => {
      const list = positions.get(k)
      if (list === undefined) positions.set(k, [i])
      else list.push(i)
    })
    const taken = new Set<number>()
    for (const { k } of wanted) taken.add(positions.get(k)![0]!)
  })
}

export const rows: ReadonlyArray<Row> = [
  walk("scroll", KuzzleSearch.scroll(), [2000, 20_000, 200_000]),
  walk("searchAfter", KuzzleSearch.searchAfter(), [2000, 20_000, 200_000]),
  walk("fromSize", KuzzleSearch.fromSize(), [1000, 3000, 9000]),
  changing("`changes` of `KuzzleLiveQuery`", changesAsTheyAre),
  changing("`values` of `KuzzleLiveQuery`", valuesAsTheyAre),
  changing("`changes` of `repository.live`", changesDecoded),
  changing("`values` of `repository.live`", valuesDecoded),
  {
    // If each notification caused a read, a document would cost 200 times as much.
    title: "200 upserts seen by `KuzzleLiveQuery` of N documents: a document of the set",
    sizes: held,
    target: 25,
    run: (n) => live(n, changesAsTheyAre, range(200).map(() => created))
  },
  {
    title: "N documents imported",
    sizes: held,
    run: (n) =>
      withClient(({ run }) => run(Stream.runDrain(KuzzleImport.stream(given(n), target))), { answer: documents })
  },
  {
    title: "N lines imported",
    sizes: held,
    run: (n) => withClient((client) => imported(client, n), { answer: documents })
  },
  {
    title: "a document of N bytes imported: a KB",
    sizes: [100_000, 1_000_000, 10_000_000],
    items: (n) => n / 1000,
    run: (n) => {
      const one = Stream.make({ _id: "x", body: large(n, 1) })
      return withClient(({ run }) => run(Stream.runDrain(KuzzleImport.stream(one, target))), { answer: documents })
    }
  },
  {
    title: "`match` of N elements in N",
    sizes: [2000, 8000, 32_000, 128_000],
    plain: plainInclusion,
    run: (n) => {
      const elements = range(n).map((k) => ({ k }))
      const matches = KuzzleFilter.matches({ match: { list: [...elements].reverse() } })
      return cpuOf(() => matches({ list: elements }))
    }
  }
]
