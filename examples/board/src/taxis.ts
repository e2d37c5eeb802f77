/** The taxis, as the page and the city both know them. */
import { KuzzleRepository } from "@effect-kuzzle/core"
import { Schema } from "effect"

export const Taxi = Schema.Struct({
  driver: Schema.String,
  status: Schema.Literal("free", "busy"),
  seats: Schema.Int
})

export const taxis = KuzzleRepository.make({ index: "effect-kuzzle-board", collection: "taxi", schema: Taxi })
