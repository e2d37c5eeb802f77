/** How the file that the command writes spells Schemas, with Effect 4. */
import * as Source from "./source.ts"

export const isoDate = "Schema.DateFromString"

export const millis = "Schema.DateFromMillis"

export const record = "Schema.Record(Schema.String, Schema.Unknown)"

export const oneOf = (literals: ReadonlyArray<string>): string => `Schema.Literals([${literals.join(", ")}])`

export const union = (members: ReadonlyArray<string>): string => Source.block("Schema.Union([", members, "])")

export const openStruct = (fields: ReadonlyArray<string>): string =>
  `Schema.StructWithRest(${Source.block("Schema.Struct({", fields, "})")}, [${record}])`

export const oneOrMany =
  "const oneOrMany = <S extends Schema.Top>(schema: S) => Schema.Union([schema, Schema.Array(schema)])"
