/** A page that hands over requests until its tab is ended. Its address contains its task. It posts notices to its server. */
import { BrowserKuzzle, BrowserKuzzleOutboxStore } from "@effect-kuzzle/browser"
import { BrowserRuntime } from "@effect/platform-browser"
import { Effect, Schema } from "effect"
import * as Client from "./client.ts"
import { clientOf, type Notice, type NoticeBatch } from "./notice.ts"

const query = new URLSearchParams(location.search)

const task = Schema.decodeSync(Schema.parseJson(Client.Task))(query.get("task") ?? "{}")

const client = clientOf(task.client, performance.timeOrigin)

// -------------------------------------------------------------------------------------------------------------------
// sending notices
// -------------------------------------------------------------------------------------------------------------------

/** After a page has ended, a browser sends at most 64 KB of its POSTs. */
const maxNotices = 200

const waiting: Array<{ readonly notice: Notice; readonly arrived: () => void }> = []
let posting = false

const post = async (notices: ReadonlyArray<Notice>): Promise<void> => {
  const batch: typeof NoticeBatch.Type = { client, notices }
  for (;;) {
    try {
      const { ok } = await fetch("/notices", { method: "POST", body: JSON.stringify(batch), keepalive: true })
      if (ok) return
    } catch {
      // The page entered the back/forward cache, which ends its fetches.
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const postAll = async (): Promise<void> => {
  if (posting) return
  posting = true
  while (waiting.length > 0) {
    const some = waiting.splice(0, maxNotices)
    await post(some.map(({ notice }) => notice))
    for (const { arrived } of some) arrived()
  }
  posting = false
}

const sender: Client.NoticeSender = {
  trySend: (notice) => {
    waiting.push({ notice, arrived: () => {} })
    void postAll()
  },
  send: (notice) =>
    Effect.async((resume) => {
      waiting.push({ notice, arrived: () => resume(Effect.void) })
      void postAll()
    })
}

/** An old version of 0 is the only sign of a new database. It is the first one, or Chromium has deleted an earlier one. */
const { open } = IDBFactory.prototype
IDBFactory.prototype.open = function(...args) {
  const opening = open.apply(this, args)
  opening.addEventListener("upgradeneeded", ({ oldVersion }) => {
    if (oldVersion === 0) sender.trySend({ _tag: "Created" })
  })
  return opening
}

// -------------------------------------------------------------------------------------------------------------------
// running
// -------------------------------------------------------------------------------------------------------------------

let finish = (): void => {}

const finished = new Promise<void>((resolve) => {
  finish = resolve
})

const ended = new Promise<void>((resolve) => {
  const main = Client.run(
    { ...task, client },
    sender,
    BrowserKuzzle.layer(Client.options(task)),
    BrowserKuzzleOutboxStore.layer(),
    Effect.promise(() => finished)
  ).pipe(Effect.ensuring(Effect.sync(resolve)))
  // `runMain` interrupts the program when the page is unloaded. `runFork` does not.
  if (query.has("main")) BrowserRuntime.runMain(main)
  else Effect.runFork(main)
})

const result = <A>(request: IDBRequest<A>): Promise<A> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

/** The number of stored requests and reports. */
const stored = async (): Promise<number> => {
  const database = await result(indexedDB.open("kuzzle-outbox"))
  const transaction = database.transaction(["requests", "reports"])
  const counts = await Promise.all([
    result(transaction.objectStore("requests").count()),
    result(transaction.objectStore("reports").count())
  ])
  database.close()
  return counts[0] + counts[1]
}

let restored = false
addEventListener("pageshow", ({ persisted }) => {
  restored = persisted
})

/** The functions that the runner calls in the page. */
const hooks = {
  finish: () => {
    finish()
    return ended
  },
  stored,
  client: () => client,
  restored: () => restored
}

Object.assign(globalThis, { hooks })
