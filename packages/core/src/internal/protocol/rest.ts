/**
 * The REST form of a request (spec 2.1, 2.5): arguments that the route names go into its path, the others into the query
 * string, the body is the body. `POST /_query` is the usual way; this is for where it will not do (spec 2.4).
 */
import * as Json from "../json.ts"
import type { KuzzleRequest, Route } from "./envelope.ts"

export interface RestCall {
  readonly method: Route[0]
  /** With its query string. */
  readonly path: string
  readonly body: string | undefined
}

export const call = ([method, template]: Route, request: KuzzleRequest): RestCall | { readonly issue: string } => {
  const { action: _action, body, controller: _controller, ...args } = request
  const inPath = new Set<string>()
  let missing: string | undefined
  const path = template.replace(/:(\w+)/g, (_, name: string) => {
    inPath.add(name)
    const value = args[name]
    if ((typeof value === "string" && value !== "") || typeof value === "number") {
      return encodeURIComponent(String(value))
    }
    missing ??= name
    return ""
  })
  if (missing !== undefined) return { issue: `the route ${template} needs the argument "${missing}"` }
  const query: Array<string> = []
  for (const [name, value] of Object.entries(args)) {
    if (inPath.has(name) || value === undefined || value === null) continue
    const text = argument(value)
    if (typeof text === "object") return text
    if (text !== undefined) query.push(`${encodeURIComponent(name)}=${encodeURIComponent(text)}`)
  }
  const encoded = body === undefined ? undefined : Json.stringify(body)
  if (typeof encoded === "object") return encoded
  return { method, path: query.length === 0 ? path : `${path}?${query.join("&")}`, body: encoded }
}

/** A boolean is true by its presence, so that a false one is left out; arrays and objects are JSON (spec 2.5). */
const argument = (value: unknown): string | undefined | { readonly issue: string } => {
  if (typeof value === "string") return value
  if (typeof value === "boolean") return value ? "true" : undefined
  return Json.stringify(value)
}
