/**
 * The Schema of a partial document, as `document:update` accepts it: any of its fields, and any fields of the objects
 * in it.
 *
 * The server merges an update into the document, also inside nested objects: absent fields stay as they are. A field
 * whose encoded form is absent (`undefined`, `Option.none()`) would therefore change nothing. Such a field is stored as
 * null if its Schema accepts null. Otherwise the update is refused.
 */
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"

/**
 * The partial Schema. `undefined` if the outermost step of the Schema transforms the object as a whole, because the
 * fields are then not known.
 */
export const partial = (ast: AST.AST): AST.AST | undefined => {
  switch (ast._tag) {
    case "TypeLiteral":
      return optional(ast)
    case "Union": {
      const types = ast.types.flatMap((type) => partial(type) ?? [])
      return types.length === ast.types.length ? AST.Union.make(types) : undefined
    }
    case "Refinement":
      // A refinement checks whole documents, so it is dropped.
      return partial(ast.from)
    case "Suspend":
      return partial(ast.f())
    case "Transformation": {
      // A class. The annotation holds the Schema of the fields from which an instance is made.
      const fields = AST.getSurrogateAnnotation(ast)
      if (Option.isSome(fields)) return partial(fields.value)
      if (AST.isTypeLiteralTransformation(ast.transformation)) {
        const fields = ast.transformation.propertySignatureTransformations.map(untouched)
        const from = partial(ast.from)
        const to = partial(ast.to)
        return from && to && new AST.Transformation(from, to, new AST.TypeLiteralTransformation(fields))
      }
    }
  }
  return undefined
}

/** Explains why a Schema does not support partial updates. */
export const indivisible = (ast: AST.AST, given: unknown): ParseResult.ParseIssue =>
  new ParseResult.Type(
    ast,
    given,
    `${String(ast)} has no fields of its own: it cannot be updated in part, so replace the document`
  )

/** The Schema of some fields of a document, and the names under which they are stored. */
export const picked = (
  ast: AST.AST,
  names: ReadonlyArray<PropertyKey>
): { readonly ast: AST.AST; readonly stored: ReadonlyArray<string> } => {
  const part = AST.pick(ast, names)
  return { ast: part, stored: AST.getPropertySignatures(AST.encodedAST(part)).map(({ name }) => String(name)) }
}

const optional = (ast: AST.TypeLiteral): AST.TypeLiteral =>
  new AST.TypeLiteral(
    ast.propertySignatures.map(({ annotations, isReadonly, name, type }) =>
      new AST.PropertySignature(name, partOf(type), true, isReadonly, annotations)
    ),
    ast.indexSignatures
  )

/**
 * The Schema of a partial value. Objects with fields may be partial, also as members of a union. All other values are
 * whole.
 */
const partOf = (ast: AST.AST): AST.AST => {
  switch (ast._tag) {
    case "Union":
      return AST.Union.make(ast.types.map(partOf))
    case "Suspend":
      return new AST.Suspend(() => partOf(ast.f()))
    case "TypeLiteral":
      // In a record, each member must be whole, because it may be new.
      return ast.propertySignatures.length === 0 ? ast : optional(ast)
    default:
      return partial(ast) ?? ast
  }
}

/** Encodes the field only if it is given. In a whole document, the encoder may add a value for an absent field. */
const untouched = (field: AST.PropertySignatureTransformation): AST.PropertySignatureTransformation =>
  new AST.PropertySignatureTransformation(
    field.from,
    field.to,
    field.decode,
    (given) => Option.isNone(given) ? given : field.encode(given)
  )

// -------------------------------------------------------------------------------------------------------------------
// fields that are cleared
// -------------------------------------------------------------------------------------------------------------------

type Issue = ParseResult.ParseIssue | undefined

/** The members of an object, by their names on one side of a Schema. */
type Members = Record<PropertyKey, unknown>

/**
 * Writes null for each field that is cleared, which means that it has no encoded form. Returns an issue if the Schema
 * of a field does not accept null.
 *
 * @param ast the Schema of the part
 * @param given the input of the encoder
 * @param encoded the output of the encoder, a new object; this function adds the nulls
 */
export const clear = (ast: AST.AST, given: unknown, encoded: unknown): Issue => {
  if (!isObject(given) || !isObject(encoded)) return undefined
  switch (ast._tag) {
    case "TypeLiteral":
      return firstIssue(given, (name) => {
        const type = typeOf(ast, name)
        return encoded[name] === undefined
          ? clearField(ast, name, given[name], encoded)
          : type && clear(type, given[name], encoded[name])
      })
    case "Union": {
      const member = ast.types.find((type) => isOf(type, given))
      return member && clear(member, given, encoded)
    }
    case "Refinement":
      return clear(ast.from, given, encoded)
    case "Suspend":
      return clear(ast.f(), given, encoded)
    case "Transformation": {
      const fields = AST.getSurrogateAnnotation(ast)
      if (Option.isSome(fields)) return clear(fields.value, given, encoded)
      // The results of other transformations are inspected only for members that JSON would leave out.
      return AST.isTypeLiteralTransformation(ast.transformation)
        ? clearTransformed(ast.from, ast.transformation, given, encoded)
        : withoutValue(ast, encoded)
    }
  }
  return undefined
}

/** Moves each field one step towards its encoded form, where it may be renamed or become absent. */
const clearTransformed = (
  from: AST.AST,
  { propertySignatureTransformations }: AST.TypeLiteralTransformation,
  given: Members,
  encoded: Members
): Issue => {
  const step: Members = {}
  const names = new Map<PropertyKey, PropertyKey>()
  const issue = firstIssue(given, (name) => {
    const field = propertySignatureTransformations.find(({ to }) => to === name)
    const value = field === undefined ? Option.some(given[name]) : field.encode(Option.some(given[name]))
    const next = field?.from ?? name
    names.set(next, name)
    if (Option.isNone(value)) return clearField(from, next, given[name], encoded)
    step[next] = value.value
    return undefined
  })
  if (issue !== undefined) return issue
  const inner = clear(from, step, encoded)
  // The path of the issue consists of the names in the input.
  return inner?._tag === "Pointer" && !Array.isArray(inner.path)
    ? new ParseResult.Pointer(names.get(inner.path as PropertyKey) ?? inner.path, inner.actual, inner.issue)
    : inner
}

const withoutValue = (ast: AST.AST, encoded: Members): Issue =>
  firstIssue(encoded, (name) => {
    const value = encoded[name]
    return value === undefined
      ? new ParseResult.Type(ast, value, withoutForm)
      : isObject(value)
      ? withoutValue(ast, value)
      : undefined
  })

const clearField = (ast: AST.AST, name: PropertyKey, given: unknown, encoded: Members): Issue => {
  const stored = storedName(ast, name)
  const type = typeOf(AST.encodedAST(ast), stored)
  if (type !== undefined && isOf(type, null)) {
    encoded[stored] = null
    return undefined
  }
  return new ParseResult.Type(ast, given, withoutForm)
}

const withoutForm =
  "it has no stored form, and an update does not change absent fields: replace the document, remove the field with " +
  "KuzzleDocument.deleteFields, or let its Schema accept null (`nullable: true`)"

/** The name of a field in the stored document. */
const storedName = (ast: AST.AST, name: PropertyKey): PropertyKey => {
  if (ast._tag !== "Transformation") return name
  const field = AST.isTypeLiteralTransformation(ast.transformation)
    ? ast.transformation.propertySignatureTransformations.find(({ to }) => to === name)
    : undefined
  return storedName(ast.from, field?.from ?? name)
}

const typeOf = (ast: AST.AST, name: PropertyKey): AST.AST | undefined =>
  ast._tag === "TypeLiteral"
    ? (ast.propertySignatures.find((signature) => signature.name === name) ??
      ast.indexSignatures.find(({ parameter }) => isOf(parameter, name)))?.type
    : undefined

/** The first issue of a member, with the name of the member. */
const firstIssue = (members: Members, issueOf: (name: string) => Issue): Issue => {
  for (const name of Object.keys(members)) {
    const issue = issueOf(name)
    if (issue !== undefined) return new ParseResult.Pointer(name, members[name], issue)
  }
  return undefined
}

const isOf = (ast: AST.AST, value: unknown): boolean =>
  ParseResult.is(Schema.make(AST.typeAST(ast)), { onExcessProperty: "error" })(value)

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)
