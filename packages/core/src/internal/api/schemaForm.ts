/** The form of the values of a Schema: see `form.ts`. */
import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"
import type { Form, Struct } from "./form.ts"

/** The mapping of a field. */
export const FieldId: unique symbol = Symbol.for("@effect-kuzzle/core/KuzzleMappings/field")

/** `true` for a field that has no mapping. */
export const UnmappedId: unique symbol = Symbol.for("@effect-kuzzle/core/KuzzleMappings/unmapped")

/** The value of an annotation. */
export const annotated = (ast: AST.AST, id: typeof FieldId | typeof UnmappedId): unknown =>
  Option.getOrUndefined(AST.getAnnotation(ast, id))

export const of = (ast: AST.AST): Form => {
  switch (ast._tag) {
    case "StringKeyword":
    case "TemplateLiteral":
      return { _tag: "Text" }
    case "NumberKeyword":
      return { _tag: "Number", isWhole: false }
    case "BooleanKeyword":
      return { _tag: "Boolean" }
    case "Literal":
      return ast.literal === null ? { _tag: "Nothing" } : { _tag: "Constants", values: [ast.literal] }
    case "Enums":
      return { _tag: "Constants", values: ast.enums.map(([, value]) => value) }
    case "UndefinedKeyword":
    case "VoidKeyword":
    case "NeverKeyword":
      return { _tag: "Nothing" }
    case "UnknownKeyword":
    case "AnyKeyword":
    case "ObjectKeyword":
      return { _tag: "Anything" }
    case "TupleType":
      return { _tag: "OneOf", members: [...ast.elements, ...ast.rest].map(({ type }) => type) }
    case "TypeLiteral":
      return struct(ast)
    case "Union":
      return { _tag: "OneOf", members: ast.types }
    case "Refinement":
      return isWhole(ast) ? { _tag: "Number", isWhole: true } : { _tag: "Stored", ast: ast.from }
    case "Transformation":
      return isDate(ast.to) && isDatable(ast.from) ? { _tag: "Date" } : { _tag: "Stored", ast: ast.from }
    case "Suspend":
      return { _tag: "Suspended", ast: ast.f() }
    default:
      return { _tag: "NotJson", name: String(ast) }
  }
}

const struct = ({ indexSignatures, propertySignatures }: AST.TypeLiteral): Struct => ({
  _tag: "Struct",
  fields: propertySignatures.flatMap(({ name, type }) => typeof name === "string" ? [[name, type] as const] : []),
  isOpen: indexSignatures.length > 0
})

/** `Schema.Int` and its refinements. */
const isWhole = (ast: AST.Refinement): boolean =>
  Option.exists(AST.getJSONSchemaAnnotation(ast), (schema) => "type" in schema && schema.type === "integer") ||
  (AST.isRefinement(ast.from) && isWhole(ast.from))

/** The declarations of `effect` whose texts and numbers Elasticsearch reads as dates. */
const dates: ReadonlySet<string> = new Set(["DateFromSelf", "DateTimeUtcFromSelf"])

const isDate = (ast: AST.AST): boolean =>
  AST.isRefinement(ast) ? isDate(ast.from) : Option.exists(AST.getIdentifierAnnotation(ast), (name) => dates.has(name))

const isDatable = (ast: AST.AST): boolean =>
  AST.isRefinement(ast) ? isDatable(ast.from) : AST.isStringKeyword(ast) || AST.isNumberKeyword(ast)
