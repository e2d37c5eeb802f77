/**
 * Declarations of the actions of plugins and of the application, as TypeScript. Names and routes come from
 * `server:publicApi`. Options and results come from the server's OpenAPI document, if it has them.
 */
import type { Route } from "@effect-kuzzle/core/KuzzleAction"
import type { Api } from "@effect-kuzzle/core/KuzzleServer"
import * as Catalogue from "../../engine/catalogue.ts"
import { asArray, at, isObject, type JsonObject, own } from "../../engine/json.ts"
import * as Source from "./source.ts"
import * as Spelling from "./spelling.ts"

/** An action, and the operation of the OpenAPI document that describes its route. */
interface DocumentedAction {
  readonly controller: string
  readonly action: string
  readonly route: Route | undefined
  readonly operation: JsonObject | undefined
}

/** The source of a declaration for each action that is not one of Kuzzle's own. */
export const declarations = (api: Api, openapi: JsonObject, names: Source.Names): ReadonlyArray<string> =>
  Object.entries(api)
    .filter(([controller]) => Catalogue.isPlugin(controller) || !Catalogue.hasController(controller))
    .flatMap(([controller, actions]) =>
      Object.entries(actions).map(([action, { http = [] }]) => documented(controller, action, http, openapi))
    )
    .sort((a, b) => compare(a.controller, b.controller) || compare(a.action, b.action))
    .map((action) => declaration(action, openapi, names))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const verbs: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "PATCH", "DELETE"] satisfies Array<Route[0]>)

type Routes = NonNullable<Api[string][string]["http"]>

const documented = (controller: string, action: string, http: Routes, openapi: JsonObject): DocumentedAction => {
  const routes = http.filter(({ verb }) => verbs.has(verb.toUpperCase()))
  // Kuzzle deprecates the routes that begin with `_plugin`, and has others for the same actions.
  const chosenRoute = routes.find(({ path }) => !path.startsWith("/_plugin/")) ?? routes[0]
  if (chosenRoute === undefined) return { controller, action, route: undefined, operation: undefined }
  const paths = own(openapi, "paths")
  const path = isObject(paths) ? own(paths, chosenRoute.path.replace(/:([^/]*)/g, "{$1}")) : undefined
  const operation = isObject(path) ? own(path, chosenRoute.verb.toLowerCase()) : undefined
  // Safe: the routes were filtered by these verbs.
  const verb = chosenRoute.verb.toUpperCase() as Route[0]
  return { controller, action, route: [verb, chosenRoute.path], operation: isObject(operation) ? operation : undefined }
}

const declaration = (documented: DocumentedAction, openapi: JsonObject, names: Source.Names): string => {
  const { action, controller, operation, route } = documented
  const isDocumented = operation !== undefined && !isGenerated(operation, documented)
  const { body, options } = isDocumented ? optionsOf(operation, route, openapi) : unknownOptions(route)
  const parts = [
    `controller: ${JSON.stringify(controller)}`,
    `action: ${JSON.stringify(action)}`,
    ...(route === undefined ? [] : [`http: ${Source.literal(route)}`]),
    `idempotent: ${route?.[0] === "GET"}`,
    ...(options === undefined ? [] : [`options: ${options}`]),
    ...(body === undefined ? [] : [`body: ${Source.literal(body)}`]),
    `result: ${isDocumented ? resultOf(operation, openapi) : "Schema.Unknown"}`
  ]
  const summary = isDocumented ? operation["summary"] ?? operation["description"] : undefined
  const name = names.take(Source.camel(controller.split("/").at(-1) ?? controller, action))
  return [
    Source.comment(
      `${controller}:${action}. ${
        typeof summary === "string" ? summary : "The server does not document its options and its result."
      }`
    ),
    `export const ${name} = ${Source.block("KuzzleAction.make({", parts, "})")}`
  ].join("\n")
}

/** Whether Kuzzle has generated the operation. It does so for routes without documentation. */
const isGenerated = (operation: JsonObject, { action, controller }: DocumentedAction): boolean =>
  operation["description"] === `Controller: ${controller}.` && operation["summary"] === `Action: ${action}.`

// -------------------------------------------------------------------------------------------------------------------
// options and results of an action
// -------------------------------------------------------------------------------------------------------------------

interface Options {
  /** The source of the Schema. */
  readonly options: string | undefined
  readonly body: string | ReadonlyArray<string> | undefined
}

const namesInPath = (route: Route | undefined): ReadonlyArray<string> =>
  Array.from(route?.[1].matchAll(/:([^/]+)/g) ?? [], ([, name]) => name ?? "")

/** Names that an action's options cannot have: members of every request, and options of the client. */
const reserved: ReadonlySet<string> = new Set([
  "controller",
  "action",
  "requestId",
  "jwt",
  "volatile",
  "timeout"
])

/** The options of an action without documentation: the names in its path, its body, and any others. */
const unknownOptions = (route: Route | undefined): Options => {
  const hasBody = route?.[0] !== "GET"
  const fields = [
    ...namesInPath(route).filter((name) => !reserved.has(name)).map((name) => `${Source.key(name)}: Schema.String`),
    ...(hasBody ? ["body: Schema.optional(Schema.Unknown)"] : [])
  ]
  return {
    options: Spelling.openStruct(fields),
    body: hasBody ? "body" : undefined
  }
}

const optionsOf = (operation: JsonObject, route: Route | undefined, openapi: JsonObject): Options => {
  const known = asArray(own(operation, "parameters")).map((parameter) => resolved(parameter, openapi)).filter(isObject)
  const inPath = namesInPath(route)
  const fields = new Map<string, string>(inPath.map((name) => [name, "Schema.String"]))
  for (const parameter of known) {
    const name = String(parameter["name"])
    if (parameter["in"] !== "path" && parameter["in"] !== "query") continue
    if (parameter["in"] === "path" && !inPath.includes(name)) continue
    // OpenAPI 2 has the type in the parameter itself.
    const schema = schemaOf(parameter["schema"] ?? parameter, openapi)
    fields.set(name, parameter["required"] === true || inPath.includes(name) ? schema : `Schema.optional(${schema})`)
  }
  const body = bodyOf(operation, known, openapi, new Set(fields.keys()))
  for (const [name, schema] of body.fields) fields.set(name, schema)
  const members = [...fields].filter(([name]) => !reserved.has(name)).map(([name, schema]) =>
    `${Source.key(name)}: ${schema}`
  )
  return {
    options: members.length === 0 ? undefined : Source.block("Schema.Struct({", members, "})"),
    body: body.body
  }
}

interface Body {
  readonly fields: ReadonlyArray<readonly [name: string, schema: string]>
  readonly body: Options["body"]
}

/** The members of the body as options, or the whole body as one option if a member has the name of an argument. */
const bodyOf = (
  operation: JsonObject,
  parameters: ReadonlyArray<JsonObject>,
  openapi: JsonObject,
  names: ReadonlySet<string>
): Body => {
  const inBody = parameters.find((parameter) => parameter["in"] === "body")
  const request = resolved(own(operation, "requestBody"), openapi)
  const content = isObject(request) ? request : inBody
  if (content === undefined) return { fields: [], body: undefined }
  const schema = resolved(jsonSchema(content), openapi)
  const properties = isObject(schema) && isObject(schema["properties"]) ? schema["properties"] : {}
  const members = Object.keys(properties)
  if (isObject(schema) && members.length > 0 && members.every((name) => !names.has(name) && !reserved.has(name))) {
    return { fields: fieldsOf(schema, openapi, []), body: members }
  }
  const whole = schemaOf(schema, openapi)
  // A parameter can have the name `body`, too.
  const name = names.has("body") ? "content" : "body"
  return { fields: [[name, content["required"] === true ? whole : `Schema.optional(${whole})`]], body: name }
}

/** The result of an operation, from the envelope of Kuzzle's answer. */
const resultOf = (operation: JsonObject, openapi: JsonObject): string => {
  const responses = own(operation, "responses")
  const response = isObject(responses)
    ? resolved(own(responses, "200") ?? own(responses, "default"), openapi)
    : undefined
  const envelope = isObject(response) ? resolved(jsonSchema(response), openapi) : undefined
  const result = isObject(envelope) && isObject(envelope["properties"])
    ? own(envelope["properties"], "result")
    : undefined
  return result === undefined ? "Schema.Unknown" : schemaOf(result, openapi)
}

/** The Schema of a body or a response, as OpenAPI 3 or 2 has it. */
const jsonSchema = (holder: JsonObject): unknown => {
  const content = holder["content"]
  const media = isObject(content) ? own(content, "application/json") : undefined
  return isObject(media) ? media["schema"] : holder["schema"]
}

// -------------------------------------------------------------------------------------------------------------------
// Schemas of OpenAPI
// -------------------------------------------------------------------------------------------------------------------

/** The target of a `$ref` within the document. */
const resolved = (value: unknown, openapi: JsonObject): unknown => {
  const ref = isObject(value) ? value["$ref"] : undefined
  return typeof ref === "string" && ref.startsWith("#/") ? at(openapi, ref.slice(2).replaceAll("/", ".")) : value
}

/** `ancestors`: the enclosing schemas, to detect recursion. */
const schemaOf = (reference: unknown, openapi: JsonObject, ancestors: ReadonlyArray<unknown> = []): string => {
  const schema = resolved(reference, openapi)
  if (!isObject(schema) || ancestors.includes(schema)) return "Schema.Unknown"
  const inside = [...ancestors, schema]
  const types = asArray(schema["type"])
  const isNullable = schema["nullable"] === true || types.includes("null")
  const source = notNull(schema, types.find((type) => type !== "null"), openapi, inside)
  return isNullable && source !== "Schema.Unknown" ? `Schema.NullOr(${source})` : source
}

const notNull = (schema: JsonObject, type: unknown, openapi: JsonObject, ancestors: ReadonlyArray<unknown>): string => {
  const values = asArray(schema["enum"]).filter(isLiteral)
  if (values.length > 0) return Spelling.oneOf(values.map(Source.literal))
  const variants = asArray(schema["oneOf"] ?? schema["anyOf"])
  if (variants.length > 0) {
    return Spelling.union(variants.map((variant) => schemaOf(variant, openapi, ancestors)))
  }
  switch (type) {
    case "string":
      return "Schema.String"
    case "integer":
      return "Schema.Int"
    case "number":
      return "Schema.Number"
    case "boolean":
      return "Schema.Boolean"
    case "array":
      return `Schema.Array(${schemaOf(schema["items"], openapi, ancestors)})`
    case "object":
      return isObject(schema["properties"])
        ? Source.block(
          "Schema.Struct({",
          fieldsOf(schema, openapi, ancestors).map(([name, source]) => `${Source.key(name)}: ${source}`),
          "})"
        )
        : Spelling.record
    default:
      return "Schema.Unknown"
  }
}

const isLiteral = (value: unknown): boolean => ["string", "number", "boolean"].includes(typeof value)

const fieldsOf = (
  schema: JsonObject,
  openapi: JsonObject,
  ancestors: ReadonlyArray<unknown>
): ReadonlyArray<readonly [name: string, schema: string]> => {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {}
  const required = asArray(schema["required"])
  return Object.entries(properties).map(([name, property]) => {
    const source = schemaOf(property, openapi, ancestors)
    return [name, required.includes(name) ? source : `Schema.optional(${source})`] as const
  })
}
