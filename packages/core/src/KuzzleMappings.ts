/**
 * Mappings tell Elasticsearch how to index each field of a collection. This module derives them from the Schema of the
 * documents, compares them with those on the server, and creates them.
 *
 * This table shows the mapping of each Schema, unless `field` sets another one. The *encoded* side of the Schema counts,
 * because it is what Kuzzle stores:
 *
 * | Schema | mapping |
 * | --- | --- |
 * | `String`, literals, enums, template literals | `keyword`: matched as a whole, sorted, aggregated, 32,766 bytes at most. Use `text` for prose, so that searches match words |
 * | `Number` | `double` |
 * | `Int`, and numbers refined from it | `long` |
 * | `Boolean` | `boolean` |
 * | `Date`, `DateFromNumber`, `DateTimeUtc`, `DateTimeUtcFromNumber` | `date` (Elasticsearch reads ISO texts and milliseconds) |
 * | arrays and tuples | as their elements: in Elasticsearch any field may hold several values |
 * | structs and classes | an object with their fields; set `nested` with `field` |
 * | records | an object whose members are stored and cannot be searched (`dynamic: "false"`), because every name would be a field |
 * | `Unknown`, `Any`, `Object` | stored, cannot be searched (`enabled: false`) |
 * | optional, or with `null` or `undefined` | the mapping of the same Schema without them |
 * | unions | as their members, where these agree: objects are merged, whole and other numbers are `double` |
 *
 * Any other Schema, a recursive one included, fails with an `UnmappableError` unless `field` sets its mapping.
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
 * // A script: creates what is missing, prints what it did, and fails if a difference remains.
 * export const migrate = KuzzleMappings.sync({ index: "nyc", collection: "taxi", schema: Taxi, dynamic: "strict" })
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import type { Struct } from "./internal/api/form.ts"
import * as SchemaForm from "./internal/api/schemaForm.ts"
import type { Kuzzle } from "./internal/client/client.ts"
import * as Shape from "./internal/data/shape.ts"
import { canonical } from "./internal/protocol/canonical.ts"
import type { CollectionNotFoundError, IndexNotFoundError } from "./KuzzleActionError.ts"
import * as KuzzleCollection from "./KuzzleCollection.ts"
import { tagged } from "./KuzzleError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * What happens to fields that the mappings do not contain. `"true"`: they are added to the mappings. `"false"`
 * (Kuzzle's default for a new collection): they are stored and cannot be searched. `"strict"`: the document is refused.
 *
 * @since 0.1.0
 * @category models
 */
export type Dynamic = "true" | "false" | "strict"

/**
 * The mapping of a field, as Elasticsearch defines it: a `type` and its parameters, or the `properties` of an object.
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
 * The mappings of fields, by their names.
 *
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
 * A collection and the Schema of its documents, for example a repository.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target extends KuzzleCollection.Target {
  readonly schema: Described
  /** The `dynamic` of the mappings. By default, the server keeps its value. */
  readonly dynamic?: Dynamic | undefined
}

/**
 * Anything that has the AST of a Schema.
 *
 * @since 0.1.0
 * @category models
 */
export interface Described {
  readonly ast: AST.AST
}

/**
 * A difference between the server and the Schema. `path` is the path of the field, empty for the whole collection.
 *
 * - `Missing`: the server does not have the field. It can be added.
 * - `Different`: a parameter of the field has another value on the server. `undefined` means that it is not set.
 *   Elasticsearch cannot change a `type`, but some of the other parameters.
 * - `Extra`: only the server has the field. This is harmless. The field cannot be removed.
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
  /** Whether the collection exists. If not, `differences` is empty. */
  readonly exists: boolean
  readonly differences: ReadonlyArray<Difference>
}

// -------------------------------------------------------------------------------------------------------------------
// errors
// -------------------------------------------------------------------------------------------------------------------

/**
 * The mappings of some fields cannot be derived from the Schema. Set them with `field`.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnmappableError extends tagged("KuzzleUnmappableError")<{
  /** The reasons, each with the path of the field. */
  readonly issues: ReadonlyArray<string>
}> {
  override get message(): string {
    return `no mapping for this Schema: ${this.issues.join("; ")}`
  }
}

/**
 * The mappings on the server differ from those of the Schemas.
 *
 * @since 0.1.0
 * @category errors
 */
export class MappingsDifferError extends tagged("KuzzleMappingsDifferError")<{
  /** The collections that differ. */
  readonly reports: ReadonlyArray<Report>
}> {
  override get message(): string {
    return this.reports.map(format).join("\n")
  }
}

// -------------------------------------------------------------------------------------------------------------------
// annotations
// -------------------------------------------------------------------------------------------------------------------

/**
 * Sets the mapping of a field: a type (`"text"`, `"date"`, `"geo_point"`, `"nested"` …), or a mapping with its
 * parameters. It takes precedence over the derived mapping. The fields within `"object"` and `"nested"` are still
 * derived from the Schema unless `properties` are given.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { KuzzleMappings } from "@effect-kuzzle/core"
 *
 * export const Book = Schema.Struct({
 *   title: Schema.String.pipe(KuzzleMappings.field({ type: "text", fields: { keyword: { type: "keyword" } } })),
 *   reviews: Schema.Array(Schema.Struct({ stars: Schema.Int, by: Schema.String })).pipe(KuzzleMappings.field("nested")),
 *   // Stored and not searched.
 *   scan: Schema.Unknown.pipe(KuzzleMappings.field({ type: "object", enabled: false }))
 * })
 * ```
 *
 * @since 0.1.0
 * @category annotations
 */
export const field =
  (mapping: string | Field) => <S extends Schema.Annotable.All>(schema: S): Schema.Annotable.Self<S> =>
    schema.annotations({ [SchemaForm.FieldId]: typeof mapping === "string" ? { type: mapping } : mapping })

/**
 * Leaves a field out of the mappings: the field is stored and cannot be searched. Use it with `dynamic: "false"`,
 * Kuzzle's default for a new collection.
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
  schema.annotations({ [SchemaForm.UnmappedId]: true })

/**
 * A point on earth, in degrees, mapped as `geo_point`. Elasticsearch and Koncorde read this form of a point alike.
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
 * Derives the mappings from a Schema. Fails with an `UnmappableError` if there is no mapping for some fields.
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

/** A place in a Schema. */
interface Place {
  readonly path: string
  /** The suspended Schemas that enclose this one, to detect recursion. */
  readonly above: ReadonlyArray<AST.AST>
  /** The problems so far, anywhere in the Schema. */
  readonly issues: Array<string>
}

const refuse = (place: Place, issue: string): undefined => {
  place.issues.push(
    `${place.path === "" ? "the document" : place.path}: ${issue}; set its mapping with KuzzleMappings.field`
  )
  return undefined
}

/** The mapping of a Schema. `undefined` if the Schema has no value or is not mapped. */
const mapped = (ast: AST.AST, place: Place): Field | undefined => {
  if (SchemaForm.annotated(ast, SchemaForm.UnmappedId) === true) return undefined
  // Safe: only `field` writes this annotation.
  const annotated = SchemaForm.annotated(ast, SchemaForm.FieldId) as Field | undefined
  if (annotated === undefined) return inferred(ast, place)
  const { type = "object" } = annotated
  return (type === "object" || type === "nested") && annotated.properties === undefined &&
      annotated["enabled"] !== false
    ? { ...objectOf(inferred(ast, place)), ...annotated }
    : annotated
}

/** The mapping of an object without its `type: "object"`. */
const objectOf = ({ dynamic, properties }: Field = {}): Field => ({
  ...(dynamic === undefined ? {} : { dynamic }),
  ...(properties === undefined ? {} : { properties })
})

const inferred = (ast: AST.AST, place: Place): Field | undefined => {
  const form = SchemaForm.of(ast)
  switch (form._tag) {
    case "Text":
      return { type: "keyword" }
    case "Number":
      return { type: form.isWhole ? "long" : "double" }
    case "Boolean":
      return { type: "boolean" }
    case "Date":
      return { type: "date" }
    case "Constants":
      return agreed(form.values.map((value) => constant(value, place)), place)
    case "Nothing":
      return undefined
    case "Anything":
      return { type: "object", enabled: false }
    case "Struct":
      return struct(form, place)
    case "OneOf":
      return agreed(form.members.map((member) => mapped(member, place)), place)
    case "Stored":
      return mapped(form.ast, place)
    case "Suspended":
      return place.above.includes(ast)
        ? refuse(place, "it contains itself")
        : mapped(form.ast, { ...place, above: [...place.above, ast] })
    case "NotJson":
      return refuse(place, `${form.name} is not JSON`)
  }
}

const constant = (value: unknown, place: Place): Field | undefined =>
  typeof value === "string"
    ? { type: "keyword" }
    : typeof value === "number"
    ? { type: Number.isInteger(value) ? "long" : "double" }
    : typeof value === "boolean"
    ? { type: "boolean" }
    : refuse(place, "a bigint is not JSON")

const struct = ({ fields, isOpen }: Struct, place: Place): Field => {
  const properties = fields.flatMap(([name, type]) => {
    const mapping = mapped(type, { ...place, path: place.path === "" ? name : `${place.path}.${name}` })
    return mapping === undefined ? [] : [[name, mapping] as const]
  })
  return {
    // With `strict`, the server would refuse members whose names are not known.
    ...(isOpen ? { dynamic: "false" } : {}),
    properties: Object.fromEntries(properties)
  }
}

/** The common mapping of several values, if there is one. */
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
    const agreedSoFar = Object.hasOwn(properties, name) ? properties[name] : undefined
    const path = place.path === "" ? name : `${place.path}.${name}`
    const one = agreedSoFar === undefined ? field : both(agreedSoFar, field, { ...place, path })
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
 * Compares the mappings on a server with the expected ones. `dynamic` is compared only if the expected mappings set it.
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
    const expectedField = Object.hasOwn(expected, name) ? expected[name] : undefined
    const existing = Object.hasOwn(actual, name) ? actual[name] : undefined
    if (existing === undefined) {
      return expectedField === undefined
        ? []
        : [{ _tag: "Missing", path, expected: expectedField }]
    }
    if (expectedField === undefined) return [{ _tag: "Extra", path, actual: existing }]
    const { properties: a = {}, ...one } = expectedField
    const { properties: b = {}, ...other } = existing
    return [...parameters(spelt(one), spelt(other), path), ...properties(a, b, path)]
  })
}

/** Elasticsearch reports no `type` for an object with fields, unless it is `nested`. */
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

/** A value as text, for reports and comparisons, because the server returns some numbers and booleans as texts. */
const text = (value: unknown): string =>
  value === undefined ? "absent" : typeof value === "object" ? canonical(value) : String(value)

/** Whether anything must be changed: fields that only the server has are harmless. */
const differs = ({ differences, exists }: Report): boolean =>
  !exists || differences.some(({ _tag }) => _tag !== "Extra")

/**
 * Formats a report as text: a line for the collection, and one for each difference.
 *
 * @since 0.1.0
 * @category comparing
 */
export const format = (report: Report): string => {
  const { collection, differences, exists, index } = report
  const state = exists ? (differs(report) ? "differs from the Schema" : "matches the Schema") : "does not exist"
  return [`${index}/${collection}: ${state}`, ...differences.map((difference) => `  ${line(difference)}`)].join("\n")
}

const line = (difference: Difference): string => {
  const { path } = difference
  switch (difference._tag) {
    case "Missing":
      return `+ ${path}: missing, should be ${described(difference.expected)}`
    case "Different":
      return `! ${path === "" ? "" : `${path}: `}${difference.parameter} is ${text(difference.actual)}, should be ${
        text(difference.expected)
      }`
    case "Extra":
      return `· ${path}: only on the server, ${described(difference.actual)}`
  }
}

const described = (field: Field): string => {
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
 * Compares a collection with its Schema. A collection that does not exist is no error.
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
 * Creates the collection of a Schema, or adds missing fields to the existing one. Its documents are then reindexed in
 * the background, so that searches find them by the added fields. The server refuses to change the type of a field.
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
 * Makes a command that prints how collections differ from their Schemas. It fails with a `MappingsDifferError` if one
 * differs. It changes nothing on the server.
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
 * Makes a command that creates the collections of Schemas, and adds missing fields to existing collections. It prints
 * the differences and its changes. It fails with a `MappingsDifferError` if a difference remains. If the type of a
 * field differs, it does not change that collection. Then move the documents to a new one.
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
      differs(after) ? format(after) : `  ${before.exists ? "updated" : "created"}: now matches the Schema`
    )
    return after
  })

const isOfType = (difference: Difference): boolean => difference._tag === "Different" && difference.parameter === "type"

const same = (all: ReadonlyArray<Report>): Effect.Effect<void, MappingsDifferError> => {
  const reports = all.filter(differs)
  return reports.length === 0 ? Effect.void : Effect.fail(new MappingsDifferError({ reports }))
}
