/** The routes of the real server, from the catalogue of its actions, and its router. */
import { readFileSync } from "node:fs"
import type { Route } from "../../src/internal/protocol/envelope.ts"

interface Target {
  readonly verb: Route[0]
  readonly path: string
  readonly controller: string
  readonly action: string
}

interface Listed {
  readonly controller: string
  readonly action: string
  readonly http: ReadonlyArray<Pick<Target, "verb" | "path"> & { readonly deprecated?: boolean }>
}

const catalogue: ReadonlyArray<Listed> = JSON.parse(
  readFileSync(new URL("../../../../docs/spec/kuzzle-actions.json", import.meta.url), "utf8")
)

const routes: ReadonlyArray<Target> = catalogue.flatMap(({ action, controller, http }) =>
  http.map(({ path, verb }) => ({ action, controller, path, verb }))
)

const parts = (path: string): ReadonlyArray<string> => path.split("/").filter((part) => part !== "")
const literals = [...new Set(routes.flatMap(({ path }) => parts(path)).filter((part) => !part.startsWith(":")))]
const placeholders = [
  ...new Set(routes.flatMap(({ path }) => parts(path)).flatMap((part) => part.startsWith(":") ? [part.slice(1)] : []))
]

/** Resolves a path as the real server does: a literal part takes precedence over a placeholder, without backtracking. */
const resolve = (verb: string, pathname: string): Target | undefined => {
  let candidates = routes.filter((route) => route.verb === verb)
  const given = parts(pathname).map(decodeURIComponent)
  given.forEach((part, i) => {
    const at = (wanted: (part: string) => boolean) =>
      candidates.filter(({ path }) => {
        const own = parts(path)[i]
        return own !== undefined && wanted(own)
      })
    const literal = at((own) => own === part)
    candidates = literal.length > 0 ? literal : at((own) => own.startsWith(":"))
  })
  return candidates.find(({ path }) => parts(path).length === given.length)
}

export const routeTable = { routes, literals, placeholders, resolve }
