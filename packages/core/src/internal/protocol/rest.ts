/**
 * The REST form of a request (spec 2.1, 2.5). Arguments that the route names go into the path, and the others into the
 * query string. The usual form is `POST /_query`. This one is for gateways that need routes (spec 2.4).
 */
import * as Redacted from "effect/Redacted"
import * as Json from "../data/json.ts"
import * as Envelope from "./envelope.ts"

export interface RestCall {
  readonly method: Envelope.Route[0]
  /** The path with its query string. */
  readonly path: string
  readonly body: string | undefined
}

/** The reason why a request has no REST form. */
export interface NoForm {
  readonly issue: string
}

export const call = ([method, template]: Envelope.Route, request: Envelope.KuzzleRequest): RestCall | NoForm => {
  const { action: _action, body, controller, ...args } = request
  if (body !== undefined && method === "GET") return { issue: `a body cannot be sent by ${method} ${template}` }
  const inPath = new Set<string>()
  const faults: Array<NoForm> = []
  const put = (text: string | NoForm): string => {
    const encoded = typeof text === "string" ? encode(text) : text
    if (typeof encoded === "string") return encoded
    faults.push(encoded)
    return ""
  }
  const path = template.replace(/:(\w+)/g, (_, name: string) => {
    inPath.add(name)
    return put(pathPart(template, name, args[name]))
  })
  const query: Array<string> = []
  for (const [name, value] of Object.entries(args)) {
    if (inPath.has(name) || value === undefined || value === null) continue
    if (Json.holdsSecret(value)) {
      faults.push({ issue: `"${name}" is Redacted: ${addressHint}` })
      continue
    }
    for (const text of controller === "ms" && Array.isArray(value) ? list(name, value) : argument(value)) {
      query.push(`${put(name)}=${put(text)}`)
    }
  }
  const json = body === undefined ? undefined : Envelope.encodeBody(controller, body)
  if (faults[0] !== undefined) return faults[0]
  if (typeof json === "object") return json
  return { method, path: query.length === 0 ? path : `${path}?${query.join("&")}`, body: json }
}

/** Encodes a text for an address. It fails for a lone half of a surrogate pair. */
const encode = (text: string): string | NoForm => {
  try {
    return encodeURIComponent(text)
  } catch {
    return { issue: `${JSON.stringify(text)} cannot be written into an address` }
  }
}

/**
 * Values that must not be in a path. In Kuzzle's router, a literal part of a route takes precedence over a placeholder.
 * So a request for the document `_truncate` of a collection would truncate the collection. Indexes with certain names
 * have the same problem.
 */
const keyword = /^_(?:[A-Za-z]{2,18}|validateSpecifications)$/
const reservedIndexNames: ReadonlySet<unknown> = new Set(
  "admin api-keys cluster credentials debug ms profiles roles strategies users validations".split(" ")
)

const pathPart = (template: string, name: string, value: unknown): string | NoForm => {
  if (Redacted.isRedacted(value)) return { issue: `"${name}" is Redacted: ${addressHint}` }
  if (typeof value !== "number" && (typeof value !== "string" || value === "")) {
    return { issue: `the route ${template} needs the argument "${name}"` }
  }
  const text = String(value)
  // Every URL parser resolves the segments `.` and `..`, even percent-encoded.
  if (keyword.test(text) || /^\.\.?$/.test(text) || (name === "index" && reservedIndexNames.has(text))) {
    return { issue: `in ${template}, the value "${text}" of "${name}" means something else: use POST /_query` }
  }
  return text
}

const addressHint = "an address ends up in logs, so send it in the body, or use POST /_query"

/**
 * The texts of an argument. A boolean argument is true if it is present, so `false` is left out. Lists and objects are
 * sent as JSON (spec 2.5).
 */
const argument = (value: unknown): ReadonlyArray<string | NoForm> => {
  if (typeof value === "string") return [value]
  if (typeof value === "boolean") return value ? ["true"] : []
  return [Json.stringify(value)]
}

/**
 * The texts of a list for the memory storage, which does not parse JSON. There, a name that occurs twice is a list, and
 * a single text is split at its commas.
 */
const list = (name: string, values: ReadonlyArray<unknown>): ReadonlyArray<string | NoForm> => {
  const texts = values.flat(Infinity).map(String)
  return texts.length !== 1 || (texts[0] !== "" && !texts[0]!.includes(","))
    ? texts
    : [{ issue: `the only text of the list "${name}" is empty or has a comma: use POST /_query` }]
}
