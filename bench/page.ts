/** The page of the peer `tab`: a client with its outbox in IndexedDB. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as BrowserKuzzleOutboxStore from "@effect-kuzzle/browser/BrowserKuzzleOutboxStore"
import * as KuzzleOutbox from "@effect-kuzzle/core/KuzzleOutbox"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as HandingOver from "./handingOver.ts"

/** The peer `tab` calls this. */
const handOver = (url: string, count: number, rounds: number): Promise<ReadonlyArray<number>> =>
  HandingOver.handOver(url, count, rounds).pipe(
    Effect.provide(
      KuzzleOutbox.layer(HandingOver.limits).pipe(
        Layer.provide(BrowserKuzzleOutboxStore.layer()),
        Layer.provideMerge(BrowserKuzzle.layer({ url }))
      )
    ),
    Effect.runPromise
  )

Object.assign(globalThis, { handOver })
