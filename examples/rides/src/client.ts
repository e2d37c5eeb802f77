/// <reference types="vite/client" />
/** The client of the page. Nothing is connected until a component subscribes to a store, or a request is sent. */
import { BrowserKuzzle, BrowserKuzzleOutboxStore } from "@effect-kuzzle/browser"
import { KuzzleOutbox } from "@effect-kuzzle/core"
import { Layer, ManagedRuntime } from "effect"

const url: string = import.meta.env["VITE_KUZZLE_URL"] ?? "ws://localhost:7512"

const client = KuzzleOutbox.layer().pipe(
  Layer.provide(BrowserKuzzleOutboxStore.layer({ name: "effect-kuzzle-rides" })),
  // The page is there before the connection, and without one.
  Layer.provideMerge(BrowserKuzzle.layer({ url, waitForConnection: false }))
)

export const runtime = ManagedRuntime.make(client)

// A hot reload of this module makes another client: the one before is closed, so that one socket is left.
if (import.meta.hot !== undefined) {
  void import.meta.hot.data["runtime"]?.dispose()
  import.meta.hot.data["runtime"] = runtime
}
