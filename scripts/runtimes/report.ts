/** The report of a run of the program on a runtime, as JSON. */
import { Schema } from "effect"

/** Why a part failed; `null` when it did not. */
export const Outcome = Schema.NullOr(Schema.String)
export type Outcome = typeof Outcome.Type

export const Report = Schema.Struct({
  session: Outcome,
  http: Outcome,
  /** Left out where there is no cookie session. */
  cookie: Schema.optional(Outcome)
})
export type Report = typeof Report.Type
