/** How the file that the command writes spells Schemas. Effect 4 spells some of them differently. */
import * as Source from "./source.ts"

/** The Schema of a `Date` that is a text in JSON. */
export const isoDate = "Schema.Date"

/** The Schema of a `Date` that is a number of milliseconds in JSON. */
export const millis = "Schema.DateFromNumber"

export const record = "Schema.Record({ key: Schema.String, value: Schema.Unknown })"

/** The Schema of one of some literals, which are given as TypeScript. */
export const oneOf = (literals: ReadonlyArray<string>): string => `Schema.Literal(${literals.join(", ")})`

export const union = (members: ReadonlyArray<string>): string => Source.block("Schema.Union(", members, ")")

/** The Schema of an object with these fields and any others. */
export const openStruct = (fields: ReadonlyArray<string>): string =>
  Source.block("Schema.Struct({", fields, "}, { key: Schema.String, value: Schema.Unknown })")

export const oneOrMany =
  "const oneOrMany = <A, I, R>(schema: Schema.Schema<A, I, R>) => Schema.Union(schema, Schema.Array(schema))"
