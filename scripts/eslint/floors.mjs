/**
 * The floors of a package (docs/architecture.md): a module imports from its own floor and below, never above.
 *
 * A folder of `internal/` is a floor. A public module is on the highest floor that it imports, directly or through other
 * public modules. So the rule needs no list of modules.
 *
 * A module of a pure floor imports values only from pure modules. A public module is pure if all modules are whose values it
 * imports.
 */
import { importsOf } from "./imports.mjs"

/**
 * @typedef {object} House
 * @property {Readonly<Record<string, number>>} levels the floor of each folder of `internal/`; "" stands for the files in
 *   `internal/` itself
 * @property {number} publicLevel the lowest floor of a public module
 * @property {ReadonlySet<string>} pure the folders that are pure
 */

/** A package whose `internal/` has no folders. @type {House} */
const flat = { levels: { "": 0 }, publicLevel: 1, pure: new Set() }

/** @type {Readonly<Record<string, House>>} */
const houses = {
  core: {
    // `data` and `services` are on the same floor, because `data` may import the types of services.
    levels: { data: 0, services: 0, protocol: 1, runtime: 2, client: 3, api: 4 },
    publicLevel: 0,
    pure: new Set(["data", "protocol"])
  },
  // The commands use the engine by the public modules, as users do.
  testing: { levels: { engine: 0, command: 2 }, publicLevel: 1, pure: new Set() },
  node: flat,
  browser: flat
}

/** Foreign modules that contain only data and pure functions. An `Exit` is data too: the outcome of an effect. */
const dataPackages = new Set([
  "jwt-decode",
  ...[
    "Array",
    "BigInt",
    "Boolean",
    "Brand",
    "Cause",
    "Chunk",
    "Data",
    "DateTime",
    "Duration",
    "Either",
    "Equal",
    "Equivalence",
    "Exit",
    "Function",
    "Hash",
    "HashMap",
    "HashSet",
    "Iterable",
    "List",
    "Match",
    "Number",
    "Option",
    "Order",
    "Pipeable",
    "Predicate",
    "Record",
    "Redacted",
    "SortedMap",
    "SortedSet",
    "String",
    "Struct",
    "Tuple",
    "Types"
  ].map((name) => `effect/${name}`)
])

/** @param {string} module @param {string} source @returns {string} the imported module, as a path below `src` */
const resolve = (module, source) => {
  const path = module.split("/").slice(0, -1)
  for (const part of source.replace(/\.[jt]s$/, "").split("/")) {
    if (part === ".." && path.length > 0 && path.at(-1) !== "..") path.pop()
    else if (part !== ".") path.push(part)
  }
  return path.join("/")
}

/** @param {string} module @returns {string | undefined} its folder in `internal/`; `undefined` if it is public */
const folderOf = (module) => {
  const [first, folder, ...rest] = module.split("/")
  return first !== "internal" ? undefined : rest.length === 0 ? "" : folder
}

/**
 * Finds the floors and the purity of the modules of one package.
 *
 * @param {House} house
 * @param {string} root the folder `src`
 */
const survey = ({ levels, publicLevel, pure }, root) => {
  const importsBelow = (module) =>
    importsOf(`${root}/${module}.ts`).map(({ source, typeOnly }) => ({
      to: source.startsWith(".") ? resolve(module, source) : source,
      foreign: !source.startsWith("."),
      typeOnly
    }))

  /** @param {string} module @param {Set<string>} seen the modules visited so far, which ends cycles */
  const levelOf = (module, seen = new Set()) => {
    const folder = folderOf(module)
    if (folder !== undefined) return levels[folder] ?? 0
    if (seen.has(module)) return publicLevel
    seen.add(module)
    const imported = importsBelow(module).filter(({ foreign }) => !foreign)
    return Math.max(publicLevel, ...imported.map(({ to }) => levelOf(to, seen)))
  }

  /** @param {string} module @returns {ReadonlyArray<string>} the path of imports to one that is not pure; empty if all are */
  const pathToEffects = (module, seen = new Set()) => {
    const folder = folderOf(module)
    if (folder !== undefined) return pure.has(folder) ? [] : [module]
    if (seen.has(module)) return []
    seen.add(module)
    for (const { foreign, to, typeOnly } of importsBelow(module)) {
      if (foreign && !dataPackages.has(to)) return [module, to]
      if (foreign || typeOnly) continue
      const path = pathToEffects(to, seen)
      if (path.length > 0) return [module, ...path]
    }
    return []
  }
  return { levelOf, pathToEffects }
}

const src = /^(.*\/packages\/([^/]+)\/src)\/(.+)\.ts$/

/** @type {import("eslint").Rule.RuleModule} */
export const floors = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      above: "{{from}} is on floor {{fromLevel}}: it must not import {{to}}, which is on floor {{toLevel}}",
      effectful: "{{from}} is pure: it must not import {{path}}",
      outside: "{{from}} must not import {{to}}, which is outside its package: import the other package by its name",
      homeless: "{{from}} is on no floor: move it into a folder of internal/ ({{folders}})"
    }
  },
  create(context) {
    const [, root, name, from] = src.exec(context.filename.replaceAll("\\", "/")) ?? []
    const house = houses[name]
    if (house === undefined) return {}
    const { levelOf, pathToEffects } = survey(house, root)
    const folder = folderOf(from)
    const pure = house.pure.has(folder)
    const fromLevel = folder === undefined ? Infinity : house.levels[folder]
    const report = (node, messageId, data) => context.report({ node, messageId, data: { from, ...data } })
    if (fromLevel === undefined) {
      return { Program: (node) => report(node, "homeless", { folders: Object.keys(house.levels).join(", ") }) }
    }

    const check = (node) => {
      const literal = node.source ?? node.argument?.literal
      if (typeof literal?.value !== "string") return
      const source = literal.value
      if (!source.startsWith(".")) {
        if (pure && !dataPackages.has(source)) report(literal, "effectful", { path: source })
        return
      }
      const to = resolve(from, source)
      if (to.startsWith("..")) return report(literal, "outside", { to: source })
      const toLevel = levelOf(to)
      if (toLevel > fromLevel) {
        return report(literal, "above", { to, fromLevel: String(fromLevel), toLevel: String(toLevel) })
      }
      const typeOnly = node.type === "TSImportType" || node.importKind === "type" || node.exportKind === "type"
      const path = pure && !typeOnly ? pathToEffects(to) : []
      if (path.length > 0) report(literal, "effectful", { path: path.join(", which imports ") })
    }
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check
    }
  }
}
