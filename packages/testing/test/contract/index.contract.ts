/** `index`. */
import { KuzzleIndex } from "@effect-kuzzle/core"
import { Effect, Schema } from "effect"
import { World } from "../suite/backend.ts"
import { contract } from "./contract.ts"

export const contracts = [
  contract(KuzzleIndex.exists, {
    sends: [{ index: "nyc" }, { controller: "index", action: "exists", index: "nyc" }],
    works: Effect.flatMap(World, ({ index }) => KuzzleIndex.exists({ index })),
    result: Schema.Boolean,
    fails: {
      call: KuzzleIndex.exists({ index: "" }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.missing_argument"
    }
  })
]
