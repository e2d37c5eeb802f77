/** `cluster`. */
import { KuzzleCluster } from "@effect-kuzzle/core"
import { Schema } from "effect"
import { contract } from "./contract.ts"

export const contracts = [
  contract(KuzzleCluster.status, {
    sends: [{}, { controller: "cluster", action: "status" }],
    works: KuzzleCluster.status(),
    result: Schema.Struct({
      activeNodes: Schema.Number,
      nodes: Schema.Array(Schema.Struct({ id: Schema.String, address: Schema.String, birthdate: Schema.String })),
      activity: Schema.Array(Schema.Struct({
        id: Schema.String,
        address: Schema.String,
        date: Schema.String,
        event: Schema.Literal("joined", "evicted"),
        reason: Schema.optionalWith(Schema.String, { exact: true })
      }))
    }),
    neverFails: "it takes no argument"
  })
]
