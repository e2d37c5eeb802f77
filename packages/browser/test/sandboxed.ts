/** Runs in a frame without storage and reports the outcome to the page, which passes the address of Kuzzle. */
import * as BrowserKuzzle from "@effect-kuzzle/browser/BrowserKuzzle"
import * as BrowserKuzzleStore from "@effect-kuzzle/browser/BrowserKuzzleStore"
import { Effect, Exit, Layer } from "effect"
import { reported } from "./storage.ts"

/** The browser's error when the storage is accessed. */
const denial = () => {
  try {
    return `no denial: ${typeof localStorage}`
  } catch (cause) {
    return cause instanceof DOMException ? cause.name : String(cause)
  }
}

addEventListener("message", ({ data: url }) => {
  const client = Layer.provide(BrowserKuzzle.layer({ url }), BrowserKuzzleStore.layerTokens())
  void Effect.runPromiseExit(Effect.provide(reported, client)).then((exit) =>
    parent.postMessage(
      { denial: denial(), ...(Exit.isSuccess(exit) ? exit.value : { now: String(exit.cause), failures: [] }) },
      "*"
    )
  )
})
parent.postMessage("loaded", "*")
