/** The Schema of a part of a document, as in `partial.ts`. */
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"

/** `undefined` when the outermost step of the Schema transforms the whole object, so the fields cannot be told apart. */
export const partial = (ast: AST.AST): AST.AST | undefined => {
  switch (ast._tag) {
    case "Objects":
      // Its checks speak of the whole, which is not there to be asked.
      return ast.encoding === undefined ? optional(ast) : undefined
    case "Union": {
      const types = ast.types.flatMap((type) => partial(type) ?? [])
      return types.length === ast.types.length ? new AST.Union(types) : undefined
    }
    case "Suspend":
      return partial(ast.thunk())
    case "Declaration": {
      const fields = fieldsOf(ast)
      return fields && partial(fields)
    }
  }
  return undefined
}

/** Explains why a Schema does not support partial updates. */
export const indivisible = (ast: AST.AST, given: unknown): SchemaIssue.Issue =>
  invalid(given, `${String(ast)} has no fields of its own: it cannot be updated in part, so replace the document`)

/** Of a class: the fields of which an instance is made. */
const fieldsOf = ({ typeParameters: [fields] }: AST.Declaration): AST.Objects | undefined =>
  fields?._tag === "Objects" ? fields : undefined

const optional = (ast: AST.Objects): AST.Objects =>
  new AST.Objects(
    ast.propertySignatures.map(({ name, type }) =>
      new AST.PropertySignature(name, Schema.optionalKey(Schema.make<Schema.Top>(partOf(type))).ast)
    ),
    ast.indexSignatures
  )

/** A part of a value: of an object of fields, of the members of a union that are such objects, or else the whole value. */
const partOf = (ast: AST.AST): AST.AST => {
  if (ast.encoding === undefined && ast._tag === "Union") return new AST.Union(ast.types.map(partOf))
  if (ast._tag === "Suspend") return new AST.Suspend(() => partOf(ast.thunk()))
  // A record: what is new in it has to be whole.
  return ast._tag === "Objects" && ast.propertySignatures.length === 0 ? ast : partial(ast) ?? ast
}

/** The Schema of some fields of a document, and the names under which they are stored. */
export const picked = (whole: AST.AST, names: ReadonlyArray<PropertyKey>, ast = pick(whole, names)) =>
  ({ ast, stored: namesOf(AST.toEncoded(ast)) })

/** All fields where a transformation of the whole hides which is which. */
const pick = (ast: AST.AST, names: ReadonlyArray<PropertyKey>): AST.AST => {
  if (ast._tag === "Union") return new AST.Union(ast.types.map((type) => pick(type, names)))
  const fields = ast._tag === "Declaration" ? fieldsOf(ast) : ast
  if (fields?._tag !== "Objects" || (fields.encoding !== undefined && names.length > 0)) return ast
  const field = (name: PropertyKey, type = typeOf(fields, name)) => type ? [new AST.PropertySignature(name, type)] : []
  return new AST.Objects(names.flatMap((name) => field(name)), [])
}

const namesOf = (ast: AST.AST): ReadonlyArray<string> =>
  ast._tag === "Union" ? ast.types.flatMap(namesOf) : ast._tag === "Objects"
    ? ast.propertySignatures.map(({ name }) => String(name)) : []

const invalid = (given: unknown, message: string): SchemaIssue.Issue => new SchemaIssue.InvalidValue({ message }, given)

type Issue = SchemaIssue.Issue | undefined

/** The members of an object type. */
type Members = Record<PropertyKey, unknown>

/** Writes null for each field that is cleared, in `encoded`. An issue if the Schema of a field does not accept null. */
export const clear = (ast: AST.AST, given: unknown, encoded: unknown): Issue => {
  if (!isObject(given) || !isObject(encoded)) return undefined
  switch (ast._tag) {
    case "Objects":
      // The results of transformations are inspected only for members that JSON would leave out.
      if (ast.encoding !== undefined) return isCleared(given, encoded) ? invalid(given, withoutForm) : leftOut(encoded)
      return firstIssue(given, (name) => {
        const type = typeOf(ast, name)
        return encoded[name] === undefined
          ? clearField(type, name, given[name], encoded)
          : type && clear(type, given[name], encoded[name])
      })
    case "Union": {
      const member = ast.types.find((type) => isOf(AST.toType(type), given))
      return member && clear(member, given, encoded)
    }
    case "Suspend":
      return clear(ast.thunk(), given, encoded)
    case "Declaration": {
      const fields = fieldsOf(ast)
      return fields === undefined ? leftOut(encoded) : clear(fields, given, encoded)
    }
  }
  return undefined
}

/** Under which name a field is stored is not known here, so nothing can be written in its place. */
const isCleared = (given: Members, encoded: Members): boolean =>
  Object.keys(encoded).length < Object.keys(given).length &&
  Object.values(given).some((value) => value === undefined || (Option.isOption(value) && Option.isNone(value)))

const leftOut = (encoded: Members): Issue =>
  firstIssue(encoded, (name) => {
    const value = encoded[name]
    return value === undefined ? invalid(value, withoutForm) : isObject(value) ? leftOut(value) : undefined
  })

const clearField = (type: AST.AST | undefined, name: PropertyKey, given: unknown, encoded: Members): Issue => {
  if (type === undefined || !isOf(AST.toEncoded(type), null)) return invalid(given, withoutForm)
  encoded[name] = null
  return undefined
}

const withoutForm =
  "it has no stored form, and an update does not change absent fields: replace the document, remove the field with " +
  "KuzzleDocument.deleteFields, or let its Schema accept null"

const typeOf = (ast: AST.Objects, name: PropertyKey): AST.AST | undefined =>
  (ast.propertySignatures.find((signature) => signature.name === name) ??
    ast.indexSignatures.find(({ parameter }) => isOf(AST.toType(parameter), name)))?.type

/** The issue of the first member that has one, with the name of the member. */
const firstIssue = (members: Members, issueOf: (name: string) => Issue): Issue => {
  for (const name of Object.keys(members)) {
    const issue = issueOf(name)
    if (issue !== undefined) return new SchemaIssue.Pointer([name], issue)
  }
  return undefined
}

const isOf = (ast: AST.AST, value: unknown): boolean =>
  Exit.isSuccess(
    SchemaParser.decodeUnknownExit(Schema.make<Schema.Decoder<unknown>>(ast), { onExcessProperty: "error" })(value)
  )

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)
