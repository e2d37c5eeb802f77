/** The report of a run of the program on a runtime, as JSON. */
import { Schema } from "effect"

/** The error of a part, or `null` if it succeeded. */
export const Outcome = Schema.NullOr(Schema.String)
export type Outcome = typeof Outcome.Type

export const Report = Schema.Struct({
  session: Outcome,
  http: Outcome,
  /** Missing if the runtime has no cookie session. */
  cookie: Schema.optional(Outcome)
})
export type Report = typeof Report.Type
