/** The Schema of a partial document: see `partial.ts`. */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import * as Fields from "effect/Struct"

/** The partial Schema. `undefined` if the outermost step transforms the whole object, because that hides its fields. */
export const partial = (ast: AST.AST): AST.AST | undefined => {
  switch (ast._tag) {
    case "Objects": {
      const names = storedNames(ast)
      // The checks are for whole documents, so they are dropped.
      return names && renamed(optional(ast), names)
    }
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

/** The fields from which an instance of a class is made, with their stored names. `undefined` for other declarations. */
const fieldsOf = ({ annotations, encoding, typeParameters: [fields] }: AST.Declaration): AST.Objects | undefined => {
  // Other declarations may have an object as their type parameter, too: for example `Option`.
  if (fields?._tag !== "Objects" || annotations?.["~constructor"] === undefined) return undefined
  // The first step leads from the instance to the fields.
  const names = storedNames(fields, encoding?.slice(1))
  return names && renamed(fields, names)
}

/** The stored names of the fields that are stored under another name. */
type Names = Readonly<Record<string, string>>

const renaming = String(Fields.renameKeys({}))

/** The stored names. `undefined` if a step of the encoding is anything but `Schema.encodeKeys`. */
const storedNames = (fields: AST.Objects, steps: ReadonlyArray<AST.Link> = fields.encoding ?? []): Names | undefined => {
  let entries = fields.propertySignatures.map(({ name }) => [String(name), String(name)] as const)
  for (const { transformation: { encode } } of steps) {
    if (typeof encode === "function" || encode._tag !== "Transform") return undefined
    const { transform } = encode
    if (String(transform) !== renaming) return undefined
    entries = entries.map(([name, stored]) => [name, Object.keys(transform({ [stored]: null })).join()])
  }
  return Object.fromEntries(entries.filter(([name, stored]) => name !== stored))
}

const renamed = (ast: AST.Objects, names: Names): AST.Objects => {
  if (Object.keys(names).length === 0) return ast
  const fields = ast.propertySignatures.map(({ name, type }) => [name, Schema.make<Schema.Top>(type)] as const)
  const struct: Schema.Struct<Schema.Struct.Fields> = Schema.Struct(Object.fromEntries(fields))
  return struct.pipe(Schema.encodeKeys(names)).ast
}

const optional = (ast: AST.Objects): AST.Objects =>
  new AST.Objects(
    ast.propertySignatures.map(({ name, type }) =>
      new AST.PropertySignature(name, Schema.optionalKey(Schema.make<Schema.Top>(partOf(type))).ast)
    ),
    ast.indexSignatures
  )

/** Objects with fields may be partial, also as members of a union. All other values are whole. */
const partOf = (ast: AST.AST): AST.AST => {
  if (ast._tag === "Union" && ast.encoding === undefined) return new AST.Union(ast.types.map(partOf))
  if (ast._tag === "Suspend") return new AST.Suspend(() => partOf(ast.thunk()))
  // In a record, each member must be whole, because it may be new.
  return ast._tag === "Objects" && ast.propertySignatures.length === 0 ? ast : partial(ast) ?? ast
}

/** The Schema of some fields of a document, and the names under which they are stored. */
export const picked = (whole: AST.AST, names: ReadonlyArray<PropertyKey>, ast = pick(whole, names)) =>
  ({ ast, stored: namesOf(AST.toEncoded(ast)) })

/** The Schema with the named fields only, or with all if a transformation of the whole object hides their names. */
const pick = (ast: AST.AST, names: ReadonlyArray<PropertyKey>): AST.AST => {
  if (ast._tag === "Union") return new AST.Union(ast.types.map((type) => pick(type, names)))
  const fields = ast._tag === "Declaration" ? fieldsOf(ast) : ast
  const stored = fields?._tag === "Objects" ? storedNames(fields) : undefined
  if (fields?._tag !== "Objects" || (stored === undefined && names.length > 0)) return ast
  const field = (name: PropertyKey, type = typeOf(fields, name)) => type ? [new AST.PropertySignature(name, type)] : []
  return renamed(new AST.Objects(names.flatMap((name) => field(name)), []), stored ?? {})
}

const namesOf = (ast: AST.AST): ReadonlyArray<string> =>
  ast._tag === "Union" ? ast.types.flatMap(namesOf) : ast._tag === "Objects"
    ? ast.propertySignatures.map(({ name }) => String(name)) : []

const invalid = (given: unknown, message: string): SchemaIssue.Issue => new SchemaIssue.InvalidValue({ message }, given)

type Issue = SchemaIssue.Issue | undefined

/** The members of an object, by their names on one side of a Schema. */
type Members = Record<PropertyKey, unknown>

/** Writes null into `encoded` for each cleared field. Returns an issue if the Schema of a field does not accept null. */
export const clear = (ast: AST.AST, given: unknown, encoded: unknown): Issue => {
  if (!isObject(given) || !isObject(encoded)) return undefined
  switch (ast._tag) {
    case "Objects": {
      const names = storedNames(ast)
      // The results of other transformations are inspected only for members that JSON would leave out.
      if (names === undefined) return leftOut(encoded)
      return firstIssue(given, (name) => {
        const type = typeOf(ast, name)
        const stored = names[name] ?? name
        return encoded[stored] === undefined
          ? clearField(type, stored, given[name], encoded)
          : type && clear(type, given[name], encoded[stored])
      })
    }
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

/** The first issue of a member, with the name of the member. */
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
