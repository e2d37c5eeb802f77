/** A page that hands over requests, until its tab is ended. Its task is in its address; it posts what it does to its server. */
import { BrowserKuzzle, BrowserKuzzleOutboxStore } from "@effect-kuzzle/browser"
import { BrowserRuntime } from "@effect/platform-browser"
import { Effect, Schema } from "effect"
import * as Client from "./client.ts"
import { clientOf, type Letter, type Notice } from "./notice.ts"

const query = new URLSearchParams(location.search)

const task = Schema.decodeSync(Schema.parseJson(Client.Task))(query.get("task") ?? "{}")

const client = clientOf(task.client, performance.timeOrigin)

// -------------------------------------------------------------------------------------------------------------------
// telling
// -------------------------------------------------------------------------------------------------------------------

/** A browser sends 64 KB at most for a page that has gone. */
const maxNotices = 200

const waiting: Array<{ readonly notice: Notice; readonly arrived: () => void }> = []
let posting = false

const post = async (notices: ReadonlyArray<Notice>): Promise<void> => {
  const letter: typeof Letter.Type = { client, notices }
  for (;;) {
    try {
      const { ok } = await fetch("/tell", { method: "POST", body: JSON.stringify(letter), keepalive: true })
      if (ok) return
    } catch {
      // The page was in the back/forward cache, which ends what is being fetched.
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

const teller: Client.Teller = {
  mention: (notice) => {
    waiting.push({ notice, arrived: () => {} })
    void postAll()
  },
  tell: (notice) =>
    Effect.async((resume) => {
      waiting.push({ notice, arrived: () => resume(Effect.void) })
      void postAll()
    })
}

/** Chromium shows that it has deleted a database only by its old version: none. */
const { open } = IDBFactory.prototype
IDBFactory.prototype.open = function(...args) {
  const opening = open.apply(this, args)
  opening.addEventListener("upgradeneeded", ({ oldVersion }) => {
    if (oldVersion === 0) teller.mention({ _tag: "Created" })
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
    teller,
    BrowserKuzzle.layer(Client.options(task)),
    BrowserKuzzleOutboxStore.layer(),
    Effect.promise(() => finished)
  ).pipe(Effect.ensuring(Effect.sync(resolve)))
  // The one interrupts the program when the page is left, the other does not.
  if (query.has("main")) BrowserRuntime.runMain(main)
  else Effect.runFork(main)
})

const result = <A>(request: IDBRequest<A>): Promise<A> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

/** Requests and reports that are stored. */
const left = async (): Promise<number> => {
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

/** What the runner asks of the page. */
const hooks = {
  finish: () => {
    finish()
    return ended
  },
  left,
  client: () => client,
  restored: () => restored
}

Object.assign(globalThis, { hooks })
