/// <reference types="vite/client" />
/** The client of the page. It connects when a component subscribes to a store, or when the page sends a request. */
import { BrowserKuzzle, BrowserKuzzleOutboxStore } from "@effect-kuzzle/browser"
import { KuzzleOutbox } from "@effect-kuzzle/core"
import { Layer, ManagedRuntime } from "effect"

const url: string = import.meta.env["VITE_KUZZLE_URL"] ?? "ws://localhost:7512"

const client = KuzzleOutbox.layer().pipe(
  Layer.provide(BrowserKuzzleOutboxStore.layer({ name: "effect-kuzzle-rides" })),
  // The page also works without a connection.
  Layer.provideMerge(BrowserKuzzle.layer({ url, waitForConnection: false }))
)

export const runtime = ManagedRuntime.make(client)

// A hot reload of this module creates a new client, so the previous one must be closed.
if (import.meta.hot !== undefined) {
  void import.meta.hot.data["runtime"]?.dispose()
  import.meta.hot.data["runtime"] = runtime
}
