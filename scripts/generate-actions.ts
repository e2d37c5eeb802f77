/**
 * Writes `docs/actions.md`: where each action of Kuzzle and each method of `kuzzle-sdk` is here.
 *
 * Run it after an action was added or renamed: `npx tsx scripts/generate-actions.ts`. `packages/testing/test/coverage.test.ts`
 * says when it is stale, and when the catalogue has an action that we have not.
 */
import { readFileSync, writeFileSync } from "node:fs"
import type { Declared } from "../packages/core/src/internal/action.ts"

export const target = new URL("../docs/actions.md", import.meta.url)

/** An action as the catalogue has it. */
export interface Listed {
  readonly controller: string
  readonly action: string
  /** The method of `kuzzle-sdk` 7.17 that calls it; none for 35 of them. */
  readonly sdkMethod: string | null
  /** What of `kuzzle-sdk` calls it without having a method for it. */
  readonly sdkIndirect?: string
  readonly http: ReadonlyArray<{ readonly verb: string; readonly path: string; readonly deprecated?: boolean }>
}

export const catalogue: ReadonlyArray<Listed> = JSON.parse(
  readFileSync(new URL("../docs/spec/kuzzle-actions.json", import.meta.url), "utf8")
)

export const nameOf = ({ action, controller }: { readonly controller: string; readonly action: string }): string =>
  `${controller}:${action}`

/** What the client sends by itself, and when. */
export const byItself: { readonly [name: string]: string } = {
  "realtime:unsubscribe": "the end of a subscription's stream, or of its scope"
}

/** Actions without a function or a contract: it may only get shorter. */
export const missing: { readonly functions: ReadonlyArray<string>; readonly contracts: ReadonlyArray<string> } = {
  functions: ["auth:checkToken", "auth:login", "auth:logout", "auth:refreshToken"],
  contracts: ["auth:checkToken", "auth:login", "auth:logout", "auth:refreshToken"]
}

/** The function of an action, by its name in the API. */
export interface Found extends Pick<Declared<never, unknown>, "declaration"> {
  readonly name: string
}

const isDeclared = (value: unknown): value is Pick<Declared<never, unknown>, "declaration"> =>
  (typeof value === "function" || typeof value === "object") && value !== null && "declaration" in value

/** Every function of an action that the core exports. */
export const functionsOf = (core: { readonly [module: string]: object }): ReadonlyArray<Found> =>
  Object.entries(core).flatMap(([module, members]) =>
    Object.entries(members).flatMap(([name, value]) =>
      isDeclared(value) ? [{ name: `${module}.${name}`, declaration: value.declaration }] : []
    )
  )

/** Members of `kuzzle-sdk` 7.17 that are no action. What is in backquotes with a dot is looked up in the core. */
export const others: ReadonlyArray<readonly [sdk: string, ours: string]> = [
  ["`new Kuzzle(protocol, options)`, `connect`", "the layers: `KuzzleWsLive`, `NodeKuzzle.layer`, `Kuzzle.layer`"],
  ["`WebSocket`, `Http` (protocols)", "`Kuzzle.layer`, `Kuzzle.layerHttp`"],
  ["`Http` option `customRoutes`", "the setting `routes` and the `http` of `KuzzleAction.make`"],
  ["`disconnect`", "the end of the layer's scope"],
  ["`query`", "`Kuzzle.query`, `queryMany`"],
  ["`useController`, `BaseController`", "`KuzzleAction.make`"],
  ["`jwt`, `setAPIKey`, `authenticated`", "`token` and `setToken` of the client, `Kuzzle.token`"],
  ["`addListener` and the 18 events", "`states` and `diagnostics` of the client, as streams"],
  ["`SearchResult.next`", "`KuzzleSearch.hits`, `KuzzleSearch.pages`"],
  ["`BatchController`", "`KuzzleBatch.layer`"],
  ["`Observer`, `RealtimeDocument`", "`KuzzleLive.live`"],
  ["`subscribe` with a callback", "`KuzzleRealtime.listen`; `KuzzleRealtime.subscribe` is a stream"],
  ["`KuzzleError`", "`KuzzleError.fromStatus` and the classes by status; `KuzzleActionError` by name"],
  ["`User`, `Profile`, `Role` objects", "plain data"],
  ["`KuzzleAbstractProtocol`, `WebSocket` subclasses", "`KuzzleSocket.make` over any socket"]
]

const code = (text: string): string => `\`${text}\``

const rowOf = (listed: Listed, found: ReadonlyArray<Found>): string => {
  const name = nameOf(listed)
  const own = found.filter(({ declaration }) => nameOf(declaration) === name)
  const ours = own.length > 0 ? own.map(({ name }) => code(name)).join(", ") : byItself[name] ?? "**not yet**"
  const route = own[0]?.declaration.http
  return `| ${code(listed.action)} | ${ours} | ${route === undefined ? "–" : code(route.join(" "))} | ${
    own[0]?.declaration.idempotent === true ? "yes" : "–"
  } | ${
    listed.sdkMethod !== null
      ? code(listed.sdkMethod)
      : listed.sdkIndirect === undefined
      ? "–"
      : code(listed.sdkIndirect)
  } |`
}

/** The text of the page. */
export const generate = (found: ReadonlyArray<Found>): string => {
  const controllers = [...new Set(catalogue.map(({ controller }) => controller))]
  const done = catalogue.filter((listed) =>
    byItself[nameOf(listed)] !== undefined || found.some(({ declaration }) => nameOf(declaration) === nameOf(listed))
  )
  return `# Every action, and where it is

<!-- Generated by scripts/generate-actions.ts: do not edit. -->

${done.length} of the ${catalogue.length} actions of Kuzzle 2.56, ${
    catalogue.filter(({ sdkMethod }) => sdkMethod === null).length
  } of which \`kuzzle-sdk\` 7.17 has no method for. Each is held to a
real Kuzzle by a contract, over WebSocket, \`POST /_query\` and its REST route. *Again*: doing it twice is the same as doing it
once, so that it may be sent again after a lost connection.

${
    controllers.map((controller) =>
      `## ${controller}

| Action | Function | REST route | Again | \`kuzzle-sdk\` |
| --- | --- | --- | --- | --- |
${catalogue.filter((listed) => listed.controller === controller).map((listed) => rowOf(listed, found)).join("\n")}
`
    ).join("\n")
  }
## What is no action

| \`kuzzle-sdk\` | Here |
| --- | --- |
${others.map(([sdk, ours]) => `| ${sdk} | ${ours} |`).join("\n")}
`
}

if (process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1].replaceAll("\\", "/"))) {
  writeFileSync(target, generate(functionsOf(await import("../packages/core/src/index.ts"))))
}
