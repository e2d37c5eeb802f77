/**
 * The floors of packages/core (docs/architecture.md): a module imports from its own floor and below, never above.
 * Floor 1 is pure: it sees data, never an effect.
 */

/** Floor 0: the services that platforms bind, and the data that everybody shares (settings, errors, schedules, filters). */
const transport = new Set([
  "KuzzleSocket",
  "KuzzleHttp",
  "KuzzleHeartbeat",
  "KuzzleLifecycle",
  "KuzzleOutboxStore",
  "KuzzleSchedule",
  "KuzzleConfig",
  "KuzzleActionError",
  "KuzzleError",
  "KuzzleErrorId",
  "KuzzleFilter",
  "KuzzleTokenStore",
  "internal/body",
  "internal/cookieJar",
  "internal/endpoint",
  "internal/setting",
  "internal/json",
  "internal/jwt",
  "internal/known",
  "internal/lock",
  "internal/outboxKeyValue",
  "internal/outboxMemory",
  "internal/outboxTable",
  "internal/oversized",
  "internal/redirect",
  "internal/randomId",
  "internal/reservedVolatile",
  "internal/retryAfter",
  "internal/scoped",
  "internal/sender",
  "internal/shape",
  "internal/timer",
  "internal/version"
])

/** Floor 3: the client, the tags that the API asks for, and what makes a function of an action's declaration. */
const client = new Set([
  "Kuzzle",
  "KuzzleDownload",
  "KuzzlePlatform",
  "KuzzleRealtime",
  "internal/client",
  "internal/action"
])

/** The modules of floor 0 that hold nothing but data, so that floor 1 may use their values too. */
const pure = new Set([
  "KuzzleActionError",
  "KuzzleError",
  "KuzzleErrorId",
  "internal/endpoint",
  "internal/json",
  "internal/oversized",
  "internal/redirect",
  "internal/reservedVolatile",
  "internal/retryAfter",
  "internal/sender",
  "internal/shape",
  "internal/version"
])

/** The modules of `effect` that are data and functions over data (an `Exit` is an outcome that has already happened). */
const effectData = new Set([
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
].map((name) => `effect/${name}`))

/** @param {string} module path below `src`, without extension */
export const floorOf = (module) => {
  if (transport.has(module) || module.startsWith("internal/filter/")) return 0
  if (module.startsWith("internal/protocol/")) return 1
  if (module.startsWith("internal/runtime/")) return 2
  if (client.has(module)) return 3
  return 4
}

const src = /^(.*\/packages\/core\/src)\/(.+)\.ts$/

/** @type {import("eslint").Rule.RuleModule} */
export const floors = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      above: "{{from}} is on floor {{fromFloor}}: it must not import {{to}}, which is on floor {{toFloor}}",
      effectful: "{{from}} is pure (floor 1): it must not import {{to}}",
      outside: "{{from}} must not reach outside its package by a path: {{to}}"
    }
  },
  create(context) {
    const self = src.exec(context.filename.replaceAll("\\", "/"))
    if (self === null) return {}
    const [, root, from] = self
    const fromFloor = floorOf(from)
    const folder = `${root}/${from}`.split("/").slice(0, -1)

    const check = (node) => {
      const source = node.source?.value
      if (typeof source !== "string") return
      const typeOnly = node.importKind === "type" || node.exportKind === "type"
      const report = (messageId, to, toFloor) =>
        context.report({
          node: node.source,
          messageId,
          data: { from, fromFloor: String(fromFloor), to, toFloor: String(toFloor) }
        })

      if (!source.startsWith(".")) {
        if (fromFloor === 1 && !effectData.has(source)) report("effectful", source)
        return
      }
      const target = [...folder]
      for (const part of source.split("/")) {
        if (part === "..") target.pop()
        else if (part !== ".") target.push(part)
      }
      const path = target.join("/")
      if (!path.startsWith(`${root}/`)) return report("outside", source)
      const to = path.slice(root.length + 1).replace(/\.[jt]s$/, "")
      const toFloor = floorOf(to)
      if (toFloor > fromFloor) report("above", to, toFloor)
      else if (fromFloor === 1 && toFloor === 0 && !typeOnly && !pure.has(to)) report("effectful", to)
    }
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check
    }
  }
}
