/** The repository of taxis, which the page and the city share. */
import { KuzzleRepository } from "@effect-kuzzle/core"
import { Schema } from "effect"

const Taxi = Schema.Struct({
  driver: Schema.String,
  status: Schema.Literal("free", "busy"),
  seats: Schema.Int
})

/** Documents that do not match the Schema, for example of an older version, are logged and left out. */
export const taxis = KuzzleRepository.make({
  index: "effect-kuzzle-board",
  collection: "taxi",
  schema: Taxi,
  onInvalid: KuzzleRepository.logInvalid
})
