/**
 * The mappings of a collection from the Schema of its documents: what Elasticsearch makes of each field, so that it can be
 * searched for. Derived, compared with what the server has, and created.
 *
 * What a field becomes, unless `field` says otherwise. What counts is the *encoded* side, which is what is stored:
 *
 * | Schema | mapping |
 * | --- | --- |
 * | `String`, literals, enums, template literals | `keyword`: found whole, sorted by, aggregated. Say `text` for prose: words are searched for there, and a keyword has 32,766 bytes at most |
 * | `Number` | `double` |
 * | `Int`, and numbers refined from it | `long` |
 * | `Boolean` | `boolean` |
 * | `Date`, `DateFromNumber`, `DateTimeUtc`, `DateTimeUtcFromNumber` | `date` (Elasticsearch reads ISO texts and milliseconds) |
 * | arrays and tuples | as their elements: in Elasticsearch any field may hold several values |
 * | structs and classes | an object with their fields; `nested` is for `field` to say |
 * | records | an object whose members are stored and not searched for (`dynamic: "false"`): every name would be a field |
 * | `Unknown`, `Any`, `Object` | stored and not searched for (`enabled: false`) |
 * | optional, `null`, `undefined` | as without |
 * | unions | as their members, where these agree: objects are merged, whole and other numbers are `double` |
 *
 * Everything else, a recursive Schema too, is an `UnmappableError` until `field` says what it is.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { KuzzleMappings } from "@effect-kuzzle/core"
 *
 * const Taxi = Schema.Struct({
 *   status: Schema.Literal("free", "busy"),
 *   seats: Schema.Int,
 *   notes: Schema.String.pipe(KuzzleMappings.field("text")),
 *   position: KuzzleMappings.GeoPoint,
 *   seen: Schema.DateFromNumber
 * })
 *
 * // A script of one's own: creates what is missing, prints what it did, fails when something differs still.
 * export const migrate = KuzzleMappings.sync({ index: "nyc", collection: "taxi", schema: Taxi, dynamic: "strict" })
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import type { Kuzzle } from "./internal/client.ts"
import { canonical } from "./internal/protocol/canonical.ts"
import * as Shape from "./internal/shape.ts"
import type { CollectionNotFoundError, IndexNotFoundError } from "./KuzzleActionError.ts"
import * as KuzzleCollection from "./KuzzleCollection.ts"
import { TypeId } from "./KuzzleError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * What becomes of fields that the mappings do not name: they are added (`"true"`), stored and not searched for
 * (`"false"`, Kuzzle's own choice for a new collection), or the document is refused (`"strict"`).
 *
 * @since 0.1.0
 * @category models
 */
export type Dynamic = "true" | "false" | "strict"

/**
 * The mapping of a field, in the words of Elasticsearch: a `type` and its parameters, or the `properties` of an object.
 *
 * @since 0.1.0
 * @category models
 */
export interface Field {
  readonly type?: string
  readonly dynamic?: Dynamic
  readonly properties?: Properties
  readonly [parameter: string]: unknown
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Properties {
  readonly [field: string]: Field
}

/**
 * The mappings of a collection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Mappings {
  readonly dynamic?: Dynamic
  readonly properties: Properties
}

/**
 * A collection and what is in it: a repository, for example.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target extends KuzzleCollection.Target {
  readonly schema: Described
  /** Left as the server has it unless it is given. */
  readonly dynamic?: Dynamic | undefined
}

/**
 * Anything with a Schema's description of itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Described {
  readonly ast: AST.AST
}

/**
 * Where the server differs from the Schema. `path` is the path of the field, empty for the whole collection.
 *
 * - `Missing`: the server does not have the field. It can be added.
 * - `Different`: a parameter of the field is another there (`undefined`: it is not there). A `type` cannot be changed; of
 *   the others Elasticsearch changes some.
 * - `Extra`: only the server has the field. It does no harm, and cannot be removed.
 *
 * @since 0.1.0
 * @category models
 */
export type Difference =
  | { readonly _tag: "Missing"; readonly path: string; readonly expected: Field }
  | {
    readonly _tag: "Different"
    readonly path: string
    readonly parameter: string
    readonly expected: unknown
    readonly actual: unknown
  }
  | { readonly _tag: "Extra"; readonly path: string; readonly actual: Field }

/**
 * How a collection differs from its Schema.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report extends KuzzleCollection.Target {
  /** Whether the collection is there at all; there are no differences to tell where it is not. */
  readonly exists: boolean
  readonly differences: ReadonlyArray<Difference>
}

// -------------------------------------------------------------------------------------------------------------------
// errors
// -------------------------------------------------------------------------------------------------------------------

/**
 * There is no telling what to make of some fields of a Schema: `field` says it.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnmappableError extends Data.TaggedError("KuzzleUnmappableError")<{
  /** Each with the path of the field. */
  readonly issues: ReadonlyArray<string>
}> {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `no mapping for this Schema: ${this.issues.join("; ")}`
  }
}

/**
 * The mappings on the server are not those of the Schemas.
 *
 * @since 0.1.0
 * @category errors
 */
export class MappingsDifferError extends Data.TaggedError("KuzzleMappingsDifferError")<{
  /** The collections that differ. */
  readonly reports: ReadonlyArray<Report>
}> {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return this.reports.map(format).join("\n")
  }
}

// -------------------------------------------------------------------------------------------------------------------
// saying what a field is
// -------------------------------------------------------------------------------------------------------------------

const FieldId: unique symbol = Symbol.for("@effect-kuzzle/core/KuzzleMappings/field")

/**
 * Says what Elasticsearch shall make of a field: a type (`"text"`, `"date"`, `"geo_point"`, `"nested"` …), or a mapping with
 * its parameters. It has the last word over what would follow from the Schema, but for the fields of an object: those of
 * `"object"` and `"nested"` still come from there unless `properties` are given.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { KuzzleMappings } from "@effect-kuzzle/core"
 *
 * export const Book = Schema.Struct({
 *   title: Schema.String.pipe(KuzzleMappings.field({ type: "text", fields: { keyword: { type: "keyword" } } })),
 *   reviews: Schema.Array(Schema.Struct({ stars: Schema.Int, by: Schema.String })).pipe(KuzzleMappings.field("nested")),
 *   // Stored, and not looked at.
 *   scan: Schema.Unknown.pipe(KuzzleMappings.field({ type: "object", enabled: false }))
 * })
 * ```
 *
 * @since 0.1.0
 * @category annotations
 */
export const field =
  (mapping: string | Field) => <S extends Schema.Annotable.All>(schema: S): Schema.Annotable.Self<S> =>
    schema.annotations({ [FieldId]: typeof mapping === "string" ? { type: mapping } : mapping })

const unmappedMark: unique symbol = Symbol.for("@effect-kuzzle/core/KuzzleMappings/unmapped")

/**
 * Leaves a field out of the mappings: it is stored, and no search finds documents by it. In a collection whose mappings
 * are not `dynamic`, documents have such fields.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { KuzzleMappings } from "@effect-kuzzle/core"
 *
 * export const Taxi = Schema.Struct({
 *   plate: Schema.String,
 *   note: Schema.optional(Schema.String.pipe(KuzzleMappings.unmapped))
 * })
 * ```
 *
 * @since 0.1.0
 * @category annotations
 */
export const unmapped = <S extends Schema.Annotable.All>(schema: S): Schema.Annotable.Self<S> =>
  schema.annotations({ [unmappedMark]: true })

/**
 * A point on earth, in degrees, mapped as `geo_point`. Of all the forms that a point may have, this is the one that
 * Elasticsearch and Koncorde read alike.
 *
 * @since 0.1.0
 * @category schemas
 */
export const GeoPoint = Schema.Struct({
  lat: Schema.Number.pipe(Schema.between(-90, 90)),
  lon: Schema.Number.pipe(Schema.between(-180, 180))
}).pipe(field("geo_point"))

// -------------------------------------------------------------------------------------------------------------------
// deriving
// -------------------------------------------------------------------------------------------------------------------

/**
 * The mappings that follow from a Schema.
 *
 * @since 0.1.0
 * @category deriving
 */
export const derive = (
  schema: Described,
  options: { readonly dynamic?: Dynamic | undefined } = {}
): Effect.Effect<Mappings, UnmappableError> =>
  Effect.suspend(() => {
    const issues: Array<string> = []
    const { properties } = mapped(schema.ast, { path: "", above: [], issues }) ?? {}
    if (properties === undefined && issues.length === 0) issues.push("a document is an object")
    return issues.length > 0 || properties === undefined
      ? Effect.fail(new UnmappableError({ issues }))
      : Effect.succeed(options.dynamic === undefined ? { properties } : { dynamic: options.dynamic, properties })
  })

/** Where in a Schema. */
interface Place {
  readonly path: string
  /** The suspended Schemas that this one is in: those that are in themselves have no end. */
  readonly above: ReadonlyArray<AST.AST>
  /** What was found wrong so far, anywhere. */
  readonly issues: Array<string>
}

const refuse = (place: Place, issue: string): undefined => {
  place.issues.push(
    `${place.path === "" ? "the document" : place.path}: ${issue}; say what it is with KuzzleMappings.field`
  )
  return undefined
}

/** Nothing for what holds no value, or is not mapped. */
const mapped = (ast: AST.AST, place: Place): Field | undefined => {
  if (Option.isSome(AST.getAnnotation<true>(ast, unmappedMark))) return undefined
  const said = AST.getAnnotation<Field>(ast, FieldId)
  if (Option.isNone(said)) return inferred(ast, place)
  const { type = "object" } = said.value
  return (type === "object" || type === "nested") && said.value.properties === undefined &&
      said.value["enabled"] !== false
    ? { ...objectOf(inferred(ast, place)), ...said.value }
    : said.value
}

/** What an object's own mapping says, less that it is one. */
const objectOf = ({ dynamic, properties }: Field = {}): Field => ({
  ...(dynamic === undefined ? {} : { dynamic }),
  ...(properties === undefined ? {} : { properties })
})

const inferred = (ast: AST.AST, place: Place): Field | undefined => {
  switch (ast._tag) {
    case "StringKeyword":
    case "TemplateLiteral":
      return { type: "keyword" }
    case "NumberKeyword":
      return { type: "double" }
    case "BooleanKeyword":
      return { type: "boolean" }
    case "Literal":
      return ast.literal === null ? undefined : constant(ast.literal, place)
    case "Enums":
      return agreed(ast.enums.map(([, value]) => constant(value, place)), place)
    case "UndefinedKeyword":
    case "VoidKeyword":
    case "NeverKeyword":
      return undefined
    case "UnknownKeyword":
    case "AnyKeyword":
    case "ObjectKeyword":
      return { type: "object", enabled: false }
    case "TupleType":
      return agreed([...ast.elements, ...ast.rest].map(({ type }) => mapped(type, place)), place)
    case "TypeLiteral":
      return struct(ast, place)
    case "Union":
      return agreed(ast.types.map((member) => mapped(member, place)), place)
    case "Refinement":
      return isWhole(ast) ? { type: "long" } : mapped(ast.from, place)
    case "Transformation":
      return isDate(ast.to) && isDatable(ast.from) ? { type: "date" } : mapped(ast.from, place)
    case "Suspend":
      return place.above.includes(ast)
        ? refuse(place, "it is in itself, without an end")
        : mapped(ast.f(), { ...place, above: [...place.above, ast] })
    default:
      return refuse(place, `${String(ast)} is not JSON`)
  }
}

const constant = (value: AST.LiteralValue, place: Place): Field | undefined =>
  typeof value === "string"
    ? { type: "keyword" }
    : typeof value === "number"
    ? { type: Number.isInteger(value) ? "long" : "double" }
    : typeof value === "boolean"
    ? { type: "boolean" }
    : refuse(place, "a bigint is not JSON")

const struct = (ast: AST.TypeLiteral, place: Place): Field => {
  const fields = ast.propertySignatures.flatMap(({ name, type }) => {
    // A symbol is not JSON: encoding leaves it out.
    if (typeof name !== "string") return []
    const found = mapped(type, { ...place, path: place.path === "" ? name : `${place.path}.${name}` })
    return found === undefined ? [] : [[name, found] as const]
  })
  return {
    // Members whose names are not known would be refused where all others are (`strict`).
    ...(ast.indexSignatures.length === 0 ? {} : { dynamic: "false" }),
    properties: Object.fromEntries(fields)
  }
}

/** `Schema.Int` and what is refined from it. */
const isWhole = (ast: AST.Refinement): boolean =>
  Option.exists(AST.getJSONSchemaAnnotation(ast), (schema) => "type" in schema && schema.type === "integer") ||
  (AST.isRefinement(ast.from) && isWhole(ast.from))

/** The declarations of `effect` whose texts and numbers Elasticsearch reads as dates. */
const dates: ReadonlySet<string> = new Set(["DateFromSelf", "DateTimeUtcFromSelf"])

const isDate = (ast: AST.AST): boolean =>
  AST.isRefinement(ast) ? isDate(ast.from) : Option.exists(AST.getIdentifierAnnotation(ast), (name) => dates.has(name))

const isDatable = (ast: AST.AST): boolean =>
  AST.isRefinement(ast) ? isDatable(ast.from) : AST.isStringKeyword(ast) || AST.isNumberKeyword(ast)

/** One mapping for several values, or none. */
const agreed = (fields: ReadonlyArray<Field | undefined>, place: Place): Field | undefined => {
  const [first, ...others] = fields.filter((field) => field !== undefined)
  return others.reduce<Field | undefined>((one, other) => one && both(one, other, place), first)
}

const both = (a: Field, b: Field, place: Place): Field | undefined => {
  if (canonical(a) === canonical(b)) return a
  const [x, y] = [typeOf(a), typeOf(b)]
  if (isNumeric(x) && isNumeric(y)) return { type: "double" }
  if (x !== y || !a.properties || !b.properties) return refuse(place, `it may be ${x} or ${y}`)
  let properties = a.properties
  for (const [name, field] of Object.entries(b.properties)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined
    const path = place.path === "" ? name : `${place.path}.${name}`
    const one = known === undefined ? field : both(known, field, { ...place, path })
    if (one !== undefined) properties = { ...properties, [name]: one }
  }
  return { ...a, ...b, properties }
}

const typeOf = ({ type = "object" }: Field): string => type

const isNumeric = (type: string): boolean => type === "long" || type === "double"

// -------------------------------------------------------------------------------------------------------------------
// comparing
// -------------------------------------------------------------------------------------------------------------------

/**
 * Where mappings on a server differ from those that are wanted. A `dynamic` that is not wanted is not compared.
 *
 * @since 0.1.0
 * @category comparing
 */
export const compare = (expected: Mappings, actual: Mappings): ReadonlyArray<Difference> => [
  ...(expected.dynamic === undefined ? [] : parameters({ dynamic: expected.dynamic }, { dynamic: actual.dynamic }, "")),
  ...properties(expected.properties, actual.properties, "")
]

const properties = (expected: Properties, actual: Properties, above: string): ReadonlyArray<Difference> => {
  const names = [...Object.keys(expected), ...Object.keys(actual).filter((name) => !Object.hasOwn(expected, name))]
  return names.flatMap((name): ReadonlyArray<Difference> => {
    const path = above === "" ? name : `${above}.${name}`
    const wanted = Object.hasOwn(expected, name) ? expected[name] : undefined
    const found = Object.hasOwn(actual, name) ? actual[name] : undefined
    if (found === undefined) return wanted === undefined ? [] : [{ _tag: "Missing", path, expected: wanted }]
    if (wanted === undefined) return [{ _tag: "Extra", path, actual: found }]
    const { properties: a = {}, ...one } = wanted
    const { properties: b = {}, ...other } = found
    return [...parameters(spelt(one), spelt(other), path), ...properties(a, b, path)]
  })
}

/** Elasticsearch says of an object with fields that it is one only when it is asked to be `nested`. */
const spelt = (field: Field): Field => ({ ...field, type: typeOf(field) })

const parameters = (
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
  path: string
): ReadonlyArray<Difference> =>
  [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
    .filter((parameter) => text(expected[parameter]) !== text(actual[parameter]))
    .map((parameter) => ({
      _tag: "Different",
      path,
      parameter,
      expected: expected[parameter],
      actual: actual[parameter]
    }))

/** A value, as it can be read and compared: the server gives some numbers and booleans back as they came, some as texts. */
const text = (value: unknown): string =>
  value === undefined ? "absent" : typeof value === "object" ? canonical(value) : String(value)

/** Whether something is to be done: what only the server has does no harm. */
const differs = ({ differences, exists }: Report): boolean =>
  !exists || differences.some(({ _tag }) => _tag !== "Extra")

/**
 * A report as a text: a line for the collection, and one for each difference.
 *
 * @since 0.1.0
 * @category comparing
 */
export const format = (report: Report): string => {
  const { collection, differences, exists, index } = report
  const state = exists ? (differs(report) ? "differs from the Schema" : "as the Schema says") : "is not there"
  return [`${index}/${collection}: ${state}`, ...differences.map((difference) => `  ${line(difference)}`)].join("\n")
}

const line = (difference: Difference): string => {
  const { path } = difference
  switch (difference._tag) {
    case "Missing":
      return `+ ${path}: missing, should be ${shown(difference.expected)}`
    case "Different":
      return `! ${path === "" ? "" : `${path}: `}${difference.parameter} is ${text(difference.actual)}, should be ${
        text(difference.expected)
      }`
    case "Extra":
      return `· ${path}: only on the server, ${shown(difference.actual)}`
  }
}

const shown = (field: Field): string => {
  const { properties, type = "object", ...others } = field
  return [
    type,
    ...(properties === undefined || Object.keys(properties).length === 0
      ? []
      : [`of ${Object.keys(properties).join(", ")}`]),
    ...(Object.keys(others).length === 0 ? [] : [canonical(others)])
  ].join(" ")
}

// -------------------------------------------------------------------------------------------------------------------
// the server
// -------------------------------------------------------------------------------------------------------------------

type ReadError = Exclude<
  Effect.Effect.Error<ReturnType<typeof KuzzleCollection.getMapping>>,
  IndexNotFoundError | CollectionNotFoundError
>

type WriteError =
  | Effect.Effect.Error<ReturnType<typeof KuzzleCollection.create>>
  | Effect.Effect.Error<ReturnType<typeof KuzzleCollection.update>>

const fields: Shape.Shape<Properties> = Shape.record((value) => fieldShape(value))

const fieldShape = Shape.struct<Pick<Field, "type" | "properties">>({
  type: Shape.optional(Shape.string),
  properties: Shape.optional(fields)
})

/** The mappings of a collection, as Elasticsearch reports them. */
const actual = Shape.whole(Shape.struct<Mappings>({ dynamic: Shape.optional(Shape.text()), properties: fields }))

/**
 * How a collection differs from its Schema. One that is not there is no error.
 *
 * @since 0.1.0
 * @category commands
 */
export const diff = (target: Target): Effect.Effect<Report, ReadError | UnmappableError, Kuzzle> => {
  const { collection, index } = target
  const report = (exists: boolean, differences: ReadonlyArray<Difference>): Report => ({
    index,
    collection,
    exists,
    differences
  })
  return Effect.flatMap(derive(target.schema, target), (expected) => {
    const absent = Effect.succeed(report(false, []))
    return KuzzleCollection.getMapping({ index, collection }).pipe(
      Effect.flatMap((mapping) => Shape.outcome(KuzzleCollection.getMapping.declaration, actual(mapping))),
      Effect.map((mappings) => report(true, compare(expected, mappings))),
      Effect.catchTags({ KuzzleIndexNotFoundError: () => absent, KuzzleCollectionNotFoundError: () => absent })
    )
  })
}

/**
 * Makes the collection of a Schema, or adds what it lacks to the one that is there, and has the documents in it indexed
 * anew, in the background, so that they are found by what was added. The server refuses to change the type of a field.
 *
 * @since 0.1.0
 * @category commands
 */
export const create = (target: Target): Effect.Effect<void, WriteError | UnmappableError, Kuzzle> =>
  Effect.gen(function*() {
    const { collection, index } = target
    const mappings = { ...(yield* derive(target.schema, target)) }
    if (yield* KuzzleCollection.exists({ index, collection })) {
      yield* KuzzleCollection.update({ index, collection, mappings, reindexCollection: true })
    } else {
      yield* KuzzleCollection.create({ index, collection, mappings })
    }
  })

/**
 * A command: prints how collections differ from their Schemas, and fails when one does. It writes nothing.
 *
 * @since 0.1.0
 * @category commands
 */
export const check = (
  ...targets: ReadonlyArray<Target>
): Effect.Effect<void, ReadError | UnmappableError | MappingsDifferError, Kuzzle> =>
  Effect.flatMap(
    Effect.forEach(targets, (target) => Effect.tap(diff(target), (report) => Console.log(format(report)))),
    same
  )

/**
 * A command: creates the collections of Schemas, adds what is missing in those that are there, prints what it found and
 * did, and fails when something differs still. Where the type of a field is another, it changes nothing in that
 * collection: documents must move to a new one.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { KuzzleMappings, KuzzleRepository } from "@effect-kuzzle/core"
 *
 * const taxis = KuzzleRepository.make({
 *   index: "nyc",
 *   collection: "taxi",
 *   schema: Schema.Struct({ status: Schema.String, seats: Schema.Int })
 * })
 *
 * // Run it with `NodeRuntime.runMain(Effect.provide(migrate, KuzzleWsLive))`: it exits with 1 when it fails.
 * export const migrate = KuzzleMappings.sync(taxis)
 * ```
 *
 * @since 0.1.0
 * @category commands
 */
export const sync = (
  ...targets: ReadonlyArray<Target>
): Effect.Effect<void, ReadError | WriteError | UnmappableError | MappingsDifferError, Kuzzle> =>
  Effect.flatMap(Effect.forEach(targets, bring), same)

const bring = (target: Target): Effect.Effect<Report, ReadError | WriteError | UnmappableError, Kuzzle> =>
  Effect.gen(function*() {
    const before = yield* diff(target)
    yield* Console.log(format(before))
    if (!differs(before) || before.differences.some(isOfType)) return before
    yield* create(target)
    const after = yield* diff(target)
    yield* Console.log(
      differs(after) ? format(after) : `  ${before.exists ? "updated" : "created"}: as the Schema says now`
    )
    return after
  })

const isOfType = (difference: Difference): boolean => difference._tag === "Different" && difference.parameter === "type"

const same = (all: ReadonlyArray<Report>): Effect.Effect<void, MappingsDifferError> => {
  const reports = all.filter(differs)
  return reports.length === 0 ? Effect.void : Effect.fail(new MappingsDifferError({ reports }))
}
