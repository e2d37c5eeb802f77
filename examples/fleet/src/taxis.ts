/** The Schema and the repository of taxis. */
import { KuzzleRepository } from "@effect-kuzzle/core"
import { Schema } from "effect"

export class Taxi extends Schema.Class<Taxi>("Taxi")({
  status: Schema.Literal("free", "busy"),
  seats: Schema.Int,
  seen: Schema.DateFromNumber
}) {}

export const taxis = KuzzleRepository.make({ index: "effect-kuzzle-fleet", collection: "taxi", schema: Taxi })
