import {
  KuzzleActionError,
  KuzzleAuth,
  KuzzleCollection,
  KuzzleDocument,
  KuzzleFilter,
  KuzzleIndex,
  KuzzlePromise,
  KuzzleRealtime,
  KuzzleSearch
} from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { Redacted } from "effect"

const index = "nyc-after"
const taxi = { index, collection: "taxi" }

const kuzzle = await KuzzlePromise.make(
  NodeKuzzle.layer({ host: "localhost", port: Number(process.env.KUZZLE_PORT ?? 7512), autoQueue: true }),
  {
    auth: KuzzleAuth,
    collection: KuzzleCollection,
    document: KuzzleDocument,
    index: KuzzleIndex,
    realtime: KuzzleRealtime,
    search: KuzzleSearch
  }
)

const mappings = { properties: { status: { type: "keyword" }, seats: { type: "integer" } } }

interface Taxi {
  readonly status: "free" | "busy"
  readonly seats: number
}

const main = async () => {
  const password = Redacted.make(process.env.KUZZLE_PASSWORD ?? "")
  await kuzzle.auth.login({ strategy: "local", credentials: { username: "ada", password } })

  if (!(await kuzzle.index.exists({ index }))) await kuzzle.index.create({ index })
  await kuzzle.collection.create({ ...taxi, mappings })
  await kuzzle.collection.truncate(taxi)

  const free = await kuzzle.realtime.open({ ...taxi, filter: KuzzleFilter.equals("status", "free"), scope: "in" })

  const documents = Array.from({ length: 25 }, (_, n) => ({
    _id: `taxi-${n}`,
    body: { status: "busy", seats: 2 + n % 4 }
  }))
  const { errors, successes } = await kuzzle.document.mCreate({ ...taxi, documents, refresh: "wait_for" })
  console.log(`${successes.length} written, ${errors.length} refused`)

  await kuzzle.document.update({ ...taxi, _id: "taxi-7", content: { status: "free" } })
  // Leaving the loop ends the subscription. A gap says that notifications may be missing.
  for await (const notification of free) {
    if (notification.type === "gap") continue
    console.log(`${notification.result._id} is free`)
    break
  }

  let seats = 0
  await kuzzle.collection.refresh(taxi)
  for await (
    const { _source } of kuzzle.search.hits<Taxi>({ ...taxi, query: { term: { status: "busy" } }, size: 10 })
  ) {
    seats += _source.seats
  }
  console.log(`${seats} seats are busy`)

  try {
    await kuzzle.document.get({ ...taxi, _id: "none" })
  } catch (error) {
    if (!(error instanceof KuzzleActionError.DocumentNotFoundError)) throw error
    console.log("there is no such taxi")
  }

  await kuzzle.document.delete({ ...taxi, _id: "taxi-7", refresh: "wait_for" })
  console.log(`${await kuzzle.document.count(taxi)} are left`)
}

await main().finally(() => kuzzle.close())
