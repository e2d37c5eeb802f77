/** How the schemas are spelled in the file that the command writes: Effect's versions differ. */
import * as Source from "./source.ts"

/** A `Date` from a text, as JSON has it. */
export const isoDate = "Schema.Date"

/** A `Date` from milliseconds. */
export const millis = "Schema.DateFromNumber"

export const record = "Schema.Record({ key: Schema.String, value: Schema.Unknown })"

/** The literals are sources themselves. */
export const oneOf = (literals: ReadonlyArray<string>): string => `Schema.Literal(${literals.join(", ")})`

export const union = (members: ReadonlyArray<string>): string => Source.block("Schema.Union(", members, ")")

/** An object with these fields, and any other. */
export const openStruct = (fields: ReadonlyArray<string>): string =>
  Source.block("Schema.Struct({", fields, "}, { key: Schema.String, value: Schema.Unknown })")

export const oneOrMany =
  "const oneOrMany = <A, I, R>(schema: Schema.Schema<A, I, R>) => Schema.Union(schema, Schema.Array(schema))"
