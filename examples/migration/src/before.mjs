import sdk from "kuzzle-sdk"

const { Kuzzle, WebSocket } = sdk
const index = "nyc-before"
const collection = "taxi"

const kuzzle = new Kuzzle(
  new WebSocket("localhost", { port: Number(process.env.KUZZLE_PORT ?? 7512) }),
  { offlineMode: "auto" }
)

const properties = {
  status: { type: "keyword" },
  seats: { type: "integer" }
}

const main = async () => {
  await kuzzle.connect()
  await kuzzle.auth.login("local", { username: "ada", password: process.env.KUZZLE_PASSWORD })

  if (!(await kuzzle.index.exists(index))) await kuzzle.index.create(index)
  await kuzzle.collection.create(index, collection, { mappings: { properties } })
  await kuzzle.collection.truncate(index, collection)

  let resolveFirst
  const firstIsFree = new Promise((resolve) => {
    resolveFirst = resolve
  })
  const roomId = await kuzzle.realtime.subscribe(
    index,
    collection,
    { equals: { status: "free" } },
    (notification) => resolveFirst(notification.result._id),
    { scope: "in" }
  )

  const fleet = Array.from({ length: 25 }, (_, n) => ({ _id: `taxi-${n}`, body: { status: "busy", seats: 2 + n % 4 } }))
  const { errors, successes } = await kuzzle.document.mCreate(index, collection, fleet, { refresh: "wait_for" })
  console.log(`${successes.length} written, ${errors.length} refused`)

  await kuzzle.document.update(index, collection, "taxi-7", { status: "free" })
  console.log(`${await firstIsFree} is free`)
  await kuzzle.realtime.unsubscribe(roomId)

  let seats = 0
  const query = { term: { status: "busy" } }
  await kuzzle.collection.refresh(index, collection)
  let page = await kuzzle.document.search(index, collection, { query }, { scroll: "10s", size: 10 })
  while (page) {
    for (const { _source } of page.hits) seats += _source.seats
    page = await page.next()
  }
  console.log(`${seats} seats are busy`)

  try {
    await kuzzle.document.get(index, collection, "none")
  } catch (error) {
    if (error.id !== "services.storage.not_found") throw error
    console.log("there is no such taxi")
  }

  await kuzzle.document.delete(index, collection, "taxi-7", { refresh: "wait_for" })
  console.log(`${await kuzzle.document.count(index, collection)} are left`)
}

await main().finally(() => kuzzle.disconnect())
