/** Where an annotation of a field stands. */
import { KuzzleMappings } from "@effect-kuzzle/core"
import { Schema } from "effect"
import { expect, test } from "tstyche"

test("a Schema is annotated before it becomes an optional field", () => {
  expect(Schema.optional(Schema.String.pipe(KuzzleMappings.field("text")))).type.not.toRaiseError()
  expect(Schema.optional(Schema.String).pipe(KuzzleMappings.field("text"))).type.toRaiseError()
})
