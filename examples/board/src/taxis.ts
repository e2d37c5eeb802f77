/** The taxis, as the page and the city both know them. */
import { KuzzleRepository } from "@effect-kuzzle/core"
import { Schema } from "effect"

const Taxi = Schema.Struct({
  driver: Schema.String,
  status: Schema.Literal("free", "busy"),
  seats: Schema.Int
})

/** A taxi that does not fit, of an older version for example, is left out. */
export const taxis = KuzzleRepository.make({
  index: "effect-kuzzle-board",
  collection: "taxi",
  schema: Taxi,
  onInvalid: KuzzleRepository.logInvalid
})
