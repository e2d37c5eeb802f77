/** The suite of searches as streams, export and import, batches and live documents. */
import { describe, layer } from "@effect/vitest"
import { Layer } from "effect"
import { type Backend, layerWorld } from "./backend.ts"
import { batchTests } from "./batch.ts"
import { liveTests } from "./live.ts"
import { type Abilities, searchTests } from "./search.ts"
import { withClient, withHttp } from "./tools.ts"
import { transferTests } from "./transfer.ts"

export const documentsSuite = <E>(
  name: string,
  { backend, inOrder, runs, standsForMissing }: Abilities & {
    readonly backend: Layer.Layer<Backend, E>
    /** Whether the server executes the requests of a connection one after the other. */
    readonly inOrder: boolean
    /** How many random cases check each property. */
    readonly runs: number
  }
): void =>
  layer(Layer.provideMerge(layerWorld, backend), { excludeTestServices: true, timeout: "20 seconds" })(name, (it) => {
    describe("over WebSocket", () => searchTests(it, withClient, { runs, standsForMissing }))
    describe("over HTTP", () => searchTests(it, withHttp, { runs: Math.ceil(runs / 5), standsForMissing }))
    transferTests(it)
    liveTests(it)
    batchTests(it, withClient, { inOrder, runs: Math.ceil(runs / 2) })
  })
