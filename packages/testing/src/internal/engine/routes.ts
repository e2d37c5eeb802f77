/** Finds the action of a REST request, and lists the routes as `server:publicApi` describes them. */
import * as Catalogue from "./catalogue.ts"
import type { JsonObject } from "./json.ts"

interface RouteTable {
  readonly [controller: string]: {
    readonly [action: string]: {
      readonly action: string
      readonly controller: string
      readonly http?: ReadonlyArray<{ readonly path: string; readonly url: string; readonly verb: string }>
    }
  }
}

const routesOf = (controller: string, action: string) => {
  // The second name of the memory storage has the routes of the first.
  const declaredBy = controller === "memoryStorage" ? "ms" : controller
  const declared = Catalogue.routes.filter(([, , by, name]) => by === declaredBy && name === action)
  return declared.length === 0 ? {} : { http: declared.map(([verb, path]) => ({ path, url: path, verb })) }
}

/**
 * The result of `server:publicApi`: every action of the real server, including those that the engine does not
 * implement.
 */
export const routeTable: RouteTable = Object.fromEntries(
  Catalogue.controllers.map(([controller, actions]) => [
    controller,
    Object.fromEntries(
      actions.map((action) => [action, { action, controller, ...routesOf(controller, action) }] as const)
    )
  ])
)

interface Part {
  readonly literals: Map<string, Part>
  placeholder: Part | undefined
  target: Catalogue.Route | undefined
}

const part = (): Part => ({ literals: new Map(), placeholder: undefined, target: undefined })

const trees = new Map<string, Part>()
for (const route of Catalogue.routes) {
  const [verb, path] = route
  let node = trees.get(verb) ?? part()
  trees.set(verb, node)
  for (const name of segments(path)) {
    if (name.startsWith(":")) node = node.placeholder ??= part()
    else {
      const next = node.literals.get(name) ?? part()
      node.literals.set(name, next)
      node = next
    }
  }
  node.target = route
}

/**
 * The parts of a path. Empty parts are skipped, except the last one, which may be the value of a placeholder
 * (routePart.js, `getHandlerPart`).
 */
function segments(path: string): ReadonlyArray<string> {
  return path.split("/").filter((name, i, { length }) => name !== "" || i === length - 1)
}

const unescape = (name: string): string => {
  try {
    return decodeURIComponent(name)
  } catch {
    return name // As in the real server, a stray percent sign stands for itself.
  }
}

export interface Resolved {
  readonly controller: string
  readonly action: string
  readonly args: JsonObject
}

/**
 * The action of a path. A literal part takes precedence over a placeholder, without backtracking: a document whose id
 * is a keyword of a route cannot be reached (spec 2.1).
 */
export const resolve = (verb: string, path: string): Resolved | undefined => {
  let node = trees.get(verb)
  const values: Array<string> = []
  for (const name of segments(path).map(unescape)) {
    const literal = node?.literals.get(name)
    if (literal === undefined && node?.placeholder !== undefined) values.push(name)
    node = literal ?? node?.placeholder
  }
  if (node?.target === undefined) return undefined
  const [, declared, controller, action] = node.target
  const names = segments(declared).filter((name) => name.startsWith(":")).map((name) => name.slice(1))
  return { controller, action, args: Object.fromEntries(names.map((name, i) => [name, values[i]])) }
}
