/**
 * Serves the page of `src/page`, on the port `PORT` (8080 by default).
 *
 * It starts an embedded Kuzzle, unless `KUZZLE_URL` names a server. `KUZZLE_USERNAME` and `KUZZLE_PASSWORD` then name a
 * user of that server.
 *
 * The cookie of a session belongs to one site. A site is a host, whatever the port, so the page is served under the
 * host name of Kuzzle.
 */
import { KuzzleAuth } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Option, Redacted } from "effect"
import { build } from "esbuild"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import * as City from "./city.ts"
import { serve } from "./site.ts"

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** The script of the page, which contains the address of Kuzzle. */
const bundle = (kuzzleUrl: string) =>
  Effect.map(
    Effect.promise(() =>
      build({
        entryPoints: [file("page/page.ts")],
        bundle: true,
        write: false,
        minify: true,
        format: "esm",
        target: "es2022",
        tsconfig: file("../../../tsconfig.json"),
        define: { KUZZLE_URL: JSON.stringify(kuzzleUrl) }
      })
    ),
    ({ outputFiles }) => outputFiles.map(({ text }) => text).join("\n")
  )

/** `KUZZLE_URL`, or an embedded Kuzzle with one user. */
const serverUrl = Effect.gen(function*() {
  const url = yield* Config.option(Config.string("KUZZLE_URL"))
  if (Option.isSome(url)) return url.value
  const context = yield* Layer.build(KuzzleTestServer.layer({ users: [{ username: "ada", password: "lovelace" }] }))
  return (yield* Effect.provide(KuzzleTestServer.KuzzleTestServer, context)).url
})

const main = Effect.gen(function*() {
  const url = yield* serverUrl
  const username = yield* Config.withDefault(Config.string("KUZZLE_USERNAME"), "ada")
  const configured = yield* Config.option(Config.redacted("KUZZLE_PASSWORD"))
  const password = Option.getOrElse(configured, () => Redacted.make("lovelace"))
  const port = yield* Config.withDefault(Config.integer("PORT"), 8080)

  const html = yield* Effect.promise(() => readFile(file("page/index.html"), "utf8"))
  const script = yield* bundle(url)
  const resources = {
    "/": { type: "text/html; charset=utf-8", content: html },
    "/page.js": { type: "text/javascript; charset=utf-8", content: script }
  }

  const { hostname: host } = new URL(url)
  const authenticator = KuzzleAuth.login({ strategy: "local", credentials: { username, password } })
  yield* Effect.gen(function*() {
    yield* City.create
    const listening = yield* serve(resources, { host, port })
    yield* Console.log(`Kuzzle  ${url}`)
    yield* Console.log(`Page    http://${host}:${listening}/`)
    yield* Console.log(
      `Log in as ${username}${Option.isNone(configured) ? ", password lovelace" : ""}. Ctrl-C stops the example.`
    )
    yield* City.run
  }).pipe(
    Effect.scoped,
    Effect.provide(NodeKuzzle.layer({ url, authenticator }))
  )
})

NodeRuntime.runMain(Effect.scoped(main))
