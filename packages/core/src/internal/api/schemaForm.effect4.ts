/** The form of the values of a Schema: see `form.ts`. */
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import type { Form, Struct } from "./form.ts"

/** The mapping of a field. */
export const FieldId = "@effect-kuzzle/core/KuzzleMappings/field"

/** `true` for a field that has no mapping. */
export const UnmappedId = "@effect-kuzzle/core/KuzzleMappings/unmapped"

/** The value of an annotation. A check holds the annotations that are made after it. The latest one counts. */
export const annotated = (ast: AST.AST, id: typeof FieldId | typeof UnmappedId): unknown =>
  [ast, ...(ast.checks ?? [])].map(({ annotations }) => annotations?.[id])
    .findLast((value) => value !== undefined)

export const of = (ast: AST.AST): Form => {
  if (ast.encoding !== undefined) {
    // The last link leads to the stored form.
    const { to } = ast.encoding.at(-1) ?? ast.encoding[0]
    return isDate(ast) && isDatable(to) ? { _tag: "Date" } : { _tag: "Stored", ast: to }
  }
  switch (ast._tag) {
    case "String":
    case "TemplateLiteral":
      return { _tag: "Text" }
    case "Number":
      return { _tag: "Number", isWhole: ast.checks?.some(isInteger) ?? false }
    case "Boolean":
      return { _tag: "Boolean" }
    case "Literal":
      return { _tag: "Constants", values: [ast.literal] }
    case "Enum":
      return { _tag: "Constants", values: ast.enums.map(([, value]) => value) }
    case "Null":
    case "Undefined":
    case "Void":
    case "Never":
      return { _tag: "Nothing" }
    case "Unknown":
    case "Any":
    case "ObjectKeyword":
      return { _tag: "Anything" }
    case "Arrays":
      return { _tag: "OneOf", members: [...ast.elements, ...ast.rest] }
    case "Objects":
      return struct(ast)
    case "Union":
      return { _tag: "OneOf", members: ast.types }
    case "Suspend":
      return { _tag: "Suspended", ast: ast.thunk() }
    default:
      return { _tag: "NotJson", name: String(ast.annotations?.identifier ?? ast.annotations?.expected ?? ast._tag) }
  }
}

const struct = ({ indexSignatures, propertySignatures }: AST.Objects): Struct => ({
  _tag: "Struct",
  fields: propertySignatures.flatMap(({ name, type }) => typeof name === "string" ? [[name, type] as const] : []),
  isOpen: indexSignatures.length > 0
})

/** `Schema.Int` and its refinements. */
const isInteger = (check: AST.Check<never>): boolean =>
  check._tag === "FilterGroup"
    ? check.checks.some(isInteger)
    : representationOf(check.annotations) === "effect/schema/isInt"

const representationOf = (annotations: Schema.Annotations.Annotations | undefined): unknown => {
  const form = annotations?.["representation"]
  return typeof form === "object" && form !== null && "id" in form ? form.id : undefined
}

/** The declarations of `effect` whose texts and numbers Elasticsearch reads as dates. */
const dates: ReadonlySet<unknown> = new Set(["effect/schema/Date", "effect/schema/DateTimeUtc"])

const isDate = (ast: AST.AST): boolean => dates.has(representationOf(ast.annotations))

const isDatable = (ast: AST.AST): boolean => AST.isString(ast) || AST.isNumber(ast)
