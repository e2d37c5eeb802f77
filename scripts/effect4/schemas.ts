/** Rules for `Schema`: constructors whose arguments have another form on Effect 4, and transformations. */
import ts from "typescript"
import { type File, type Rule } from "./codemod.ts"

/** Members of `effect/Schema` that have another name. On Effect 4, the short name is that of the type itself. */
export const schemaNames: Readonly<Record<string, string>> = {
  BigInt: "BigIntFromString",
  BigIntFromSelf: "BigInt",
  Date: "DateFromString",
  DateFromNumber: "DateFromMillis",
  DateFromSelf: "Date",
  DateTimeUtc: "DateTimeUtcFromString",
  DateTimeUtcFromNumber: "DateTimeUtcFromMillis",
  DateTimeUtcFromSelf: "DateTimeUtc",
  DateTimeZoned: "DateTimeZonedFromString",
  Enums: "Enum",
  JsonNumber: "Finite",
  Redacted: "RedactedFromValue",
  OptionFromSelf: "Option",
  RedactedFromSelf: "Redacted",
  decode: "decodeEffect",
  decodeUnknown: "decodeUnknownEffect",
  decodeUnknownEither: "decodeUnknownResult",
  encode: "encodeEffect",
  encodedSchema: "toEncoded",
  parseJson: "fromJsonString",
  typeSchema: "toType"
}

type CallRule = (call: ts.CallExpression, at: File) => string | undefined

const args = (call: ts.CallExpression, at: File): Array<string> => call.arguments.map((argument) => at.render(argument))

/** A constructor that takes its parts as one array. */
const together = (name: string): CallRule => (call, at) =>
  `${at.use("effect/Schema")}.${name}([${args(call, at).join(", ")}])`

const checked = (name: string): CallRule => (call, at) => {
  const schema = at.use("effect/Schema")
  return `${schema}.check(${schema}.${name}(${args(call, at).join(", ")}))`
}

const propertyOf = (node: ts.Expression | undefined, name: string): ts.Expression | undefined =>
  node !== undefined && ts.isObjectLiteralExpression(node)
    ? node.properties.find((member): member is ts.PropertyAssignment =>
      ts.isPropertyAssignment(member) && member.name.getText() === name
    )?.initializer
    : undefined

const isTrue = (node: ts.Expression | undefined): boolean => node?.kind === ts.SyntaxKind.TrueKeyword

const optionalWith: CallRule = (call, at) => {
  const [self, options] = call.arguments
  if (self === undefined || options === undefined) return undefined
  const schema = at.use("effect/Schema")
  const text = at.render(self)
  const isExact = isTrue(propertyOf(options, "exact"))
  const isNullable = isTrue(propertyOf(options, "nullable"))
  if (propertyOf(options, "as") !== undefined) {
    if (isNullable) {
      const none = propertyOf(options, "onNoneEncoding") === undefined ? "" : ", { onNoneEncoding: null }"
      return `${schema}.OptionFromOptionalNullOr(${text}${none})`
    }
    return `${schema}.${isExact ? "OptionFromOptionalKey" : "OptionFromOptional"}(${text})`
  }
  const initial = propertyOf(options, "default")
  if (initial !== undefined) {
    const value = `${at.use("effect/Effect")}.sync(${at.render(initial)})`
    return `${text}.pipe(${schema}.withDecodingDefaultType(${value}), ${schema}.withConstructorDefault(${value}))`
  }
  if (isNullable) return `${schema}.optional(${schema}.NullOr(${text}))`
  return `${schema}.${isExact ? "optionalKey" : "optional"}(${text})`
}

/** In a pipe, the compiler infers the types of the transformation's functions. */
const decoded = (from: string, to: string, how: string, at: File): string =>
  `${from}.pipe(${at.use("effect/Schema")}.decodeTo(${to}, ${how}))`

/** A transformation of `from` to `to`, by two functions. */
const transformed = (name: "transform" | "transformEffect"): CallRule => (call, at) => {
  const [from, to, options] = call.arguments
  if (from === undefined || to === undefined || options === undefined) return undefined
  const members = ["decode", "encode"].map((side) => {
    const f = propertyOf(options, side)
    return f === undefined ? side : `${side}: ${at.render(f)}`
  })
  const how = `${at.use("effect/SchemaTransformation")}.${name}({ ${members.join(", ")} })`
  return decoded(at.render(from), at.render(to), how, at)
}

const literals: CallRule = (call, at) => call.arguments.length > 1 ? together("Literals")(call, at) : undefined

const record: CallRule = (call, at) => {
  const key = propertyOf(call.arguments[0], "key")
  const value = propertyOf(call.arguments[0], "value")
  if (key === undefined || value === undefined) return undefined
  return `${at.use("effect/Schema")}.Record(${at.render(key)}, ${at.render(value)})`
}

/** The stored name of a field: `x` of `field.pipe(Schema.fromKey("x"))`. */
const storedName = (node: ts.Expression, at: File): ts.Expression | undefined => {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined
  const [step] = node.arguments
  return node.expression.name.text === "pipe" && step !== undefined && ts.isCallExpression(step) &&
      at.calleeOf(step) === "effect/Schema.fromKey"
    ? step.arguments[0]
    : undefined
}

/** The fields that are stored under another name, as an object: `{ plate: "license" }`. */
const storedFields = (fields: ts.ObjectLiteralExpression, at: File): string | undefined => {
  const renamed = fields.properties.flatMap((member) => {
    if (!ts.isPropertyAssignment(member)) return []
    const name = storedName(member.initializer, at)
    return name === undefined ? [] : [`${member.name.getText(at.source)}: ${at.render(name)}`]
  })
  return renamed.length === 0 ? undefined : `{ ${renamed.join(", ")} }`
}

/** On Effect 4, the whole Schema has the names under which fields are stored. */
const struct: CallRule = (call, at) => {
  const [fields, rest] = call.arguments
  if (fields === undefined || !ts.isObjectLiteralExpression(fields)) return undefined
  const schema = at.use("effect/Schema")
  if (rest !== undefined && !ts.isObjectLiteralExpression(rest)) {
    return `${schema}.StructWithRest(${schema}.Struct(${at.render(fields)}), [${at.render(rest)}])`
  }
  if (rest !== undefined) {
    const [key, value] = ["key", "value"].map((name) => propertyOf(rest, name))
    if (key === undefined || value === undefined) return undefined
    return `${schema}.StructWithRest(${schema}.Struct(${at.render(fields)}), [${schema}.Record(${at.render(key)}, ${
      at.render(value)
    })])`
  }
  const renamed = storedFields(fields, at)
  return renamed && `${schema}.Struct(${at.render(fields)}).pipe(${schema}.encodeKeys(${renamed}))`
}

/** A class whose fields are stored under other names: `Schema.Class<X>("X")(fields)`. */
export const storedClasses: Rule = (node, at) => {
  if (!ts.isCallExpression(node) || !ts.isCallExpression(node.expression)) return undefined
  if (at.calleeOf(node.expression) !== "effect/Schema.Class") return undefined
  const [fields] = node.arguments
  const renamed = fields !== undefined && ts.isObjectLiteralExpression(fields) ? storedFields(fields, at) : undefined
  return renamed && `${at.useFile("property.ts", "Property")}.storedAs(${renamed}, ${at.renderInside(node)})`
}

const partial = (name: "optional" | "optionalKey"): CallRule => (call, at) => {
  const [self] = call.arguments
  if (self === undefined) return undefined
  const schema = at.use("effect/Schema")
  const mapped = (struct: ts.Expression) =>
    `${at.render(struct)}.mapFields(${at.use("effect/Struct")}.map(${schema}.${name}))`
  // On Effect 4, the type schema of a struct is no struct, so the fields are mapped first.
  const [struct] = ts.isCallExpression(self) && at.calleeOf(self) === "effect/Schema.typeSchema" ? self.arguments : []
  return struct === undefined ? mapped(self) : `${schema}.toType(${mapped(struct)})`
}

export const schemaCalls: Readonly<Record<string, CallRule>> = {
  // On Effect 4, a `HashSet` encodes to itself.
  "effect/Schema.HashSet": (call, at) => {
    const [schema, set] = [at.use("effect/Schema"), at.use("effect/HashSet")]
    const [element] = args(call, at)
    const how = `${at.use("effect/SchemaTransformation")}.transform({ ` +
      `decode: (all) => ${set}.fromIterable(all), encode: (all) => [...all] })`
    return decoded(`${schema}.Array(${element})`, `${schema}.HashSet(${element})`, how, at)
  },
  "effect/Schema.Literal": literals,
  "effect/Schema.Record": record,
  "effect/Schema.Struct": struct,
  "effect/Schema.TemplateLiteral": together("TemplateLiteral"),
  "effect/Schema.Tuple": together("Tuple"),
  "effect/Schema.Union": together("Union"),
  "effect/Schema.filter": (call, at) => {
    const schema = at.use("effect/Schema")
    return `${schema}.check(${schema}.makeFilter(${args(call, at).join(", ")}))`
  },
  "effect/Schema.maxLength": checked("isMaxLength"),
  "effect/Schema.minLength": checked("isMinLength"),
  "effect/Schema.optionalWith": optionalWith,
  "effect/Schema.pattern": checked("isPattern"),
  "effect/Schema.partial": partial("optional"),
  "effect/Schema.partialWith": partial("optionalKey"),
  "effect/Schema.propertySignature": (call, at) => args(call, at)[0],
  "effect/Schema.rename": (call, at) => {
    const [self, names] = call.arguments
    if (self === undefined || names === undefined || !ts.isObjectLiteralExpression(names)) return undefined
    const stored = names.properties.filter(ts.isPropertyAssignment).map(({ initializer, name }) =>
      `[${at.render(initializer)}]: ${JSON.stringify(name.getText(at.source))}`
    )
    const fields = `${at.use("effect/Struct")}.renameKeys(${at.render(names)})`
    return `${at.render(self)}.mapFields(${fields}).pipe(${at.use("effect/Schema")}.encodeKeys({ ${
      stored.join(", ")
    } }))`
  },
  "effect/Schema.transform": transformed("transform"),
  "effect/Schema.transformOrFail": transformed("transformEffect"),
  "effect/Schema.validateEither": (call, at) => {
    const [self, ...options] = args(call, at)
    const schema = at.use("effect/Schema")
    return `${schema}.decodeUnknownResult(${[`${schema}.toType(${self})`, ...options].join(", ")})`
  },
  // On Effect 4, a decoded `Date` is always valid.
  "effect/Schema.validDate": () => "(schema) => schema"
}

export const schemaValues: Readonly<Record<string, (at: File) => string>> = {
  "effect/Schema.NonEmptyTrimmedString": (at) => {
    const schema = at.use("effect/Schema")
    return `${schema}.Trimmed.pipe(${schema}.check(${schema}.isNonEmpty()))`
  },
  "effect/Schema.UUID": (at) => {
    const schema = at.use("effect/Schema")
    return `${schema}.String.check(${schema}.isUUID())`
  }
}

/** `field.pipe(Schema.fromKey("x"))` in the fields of a Schema. The rule of the Schema writes the name. */
export const storedNames: Rule = (node, at) =>
  ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && storedName(node, at) !== undefined
    ? at.render(node.expression.expression)
    : undefined
