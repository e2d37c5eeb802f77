/** The page with three actions, written with Promises. It must contain only the modules that it names. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as KuzzleDocument from "@effect-kuzzle/core/KuzzleDocument"
import * as KuzzlePromise from "@effect-kuzzle/core/KuzzlePromise"
import * as KuzzleRealtime from "@effect-kuzzle/core/KuzzleRealtime"
import * as KuzzleServer from "@effect-kuzzle/core/KuzzleServer"

const kuzzle = await KuzzlePromise.make(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" }), {
  document: KuzzleDocument,
  realtime: KuzzleRealtime,
  server: KuzzleServer
})
const taxi = await kuzzle.document.get({ index: "nyc", collection: "taxi", _id: "yellow-1" })
const now = await kuzzle.server.now()
document.body.append(`${JSON.stringify(taxi._source)} at ${now}`)
for await (const notification of kuzzle.realtime.subscribe({ index: "nyc", collection: "taxi" })) {
  document.body.append(JSON.stringify(notification))
}
