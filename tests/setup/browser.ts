/** Starts the servers that the tests in browsers use. */
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { Effect, Exit, Layer, Scope } from "effect"
import { build } from "esbuild"
import type { TestProject } from "vitest/node"
import * as Lab from "../../lab/state.ts"
import * as Control from "../suite/control.ts"
import * as Gateway from "../suite/gateway.ts"
import type { RemoteBackend } from "../suite/remote.ts"
import { sources } from "./sources.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** The embedded Kuzzle of this run. */
    readonly kuzzleEmbedded: RemoteBackend
    /** The real Kuzzle, or `null` if none runs. */
    readonly kuzzleReal: RemoteBackend | null
    /** A server for the tests of HTTP that is no Kuzzle. */
    readonly gateway: Gateway.Gateway
    /** `packages/browser/test/sandboxed.ts` as one script, because a frame without an origin cannot load modules. */
    readonly sandboxed: string
  }
}

const sandboxed = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [new URL("../../packages/browser/test/sandboxed.ts", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    write: false,
    plugins: [{
      name: "sources",
      setup: ({ onResolve }) => {
        for (const { find, replacement } of sources) {
          onResolve({ filter: find }, ({ path }) => ({ path: path.replace(find, replacement) }))
        }
      }
    }]
  })
  return outputFiles[0]?.text ?? ""
}

/** A page cannot start a server, so the servers run in Node during the whole run. The tests get their addresses by `inject`. */
export default async (project: TestProject) => {
  const scope = await Effect.runPromise(Scope.make())
  project.provide("sandboxed", await sandboxed())
  const start = Effect.gen(function*() {
    const server = yield* Layer.build(KuzzleTestServer.layer())
    const { url } = yield* Effect.provide(KuzzleTestServer.KuzzleTestServer, server)
    project.provide("kuzzleEmbedded", yield* Control.make(url))
    project.provide("gateway", yield* Gateway.make)
    const real = Lab.realUrl()
    project.provide("kuzzleReal", real === undefined ? null : yield* Control.make(real))
  })
  await Effect.runPromise(Scope.extend(start, scope))
  return () => Effect.runPromise(Scope.close(scope, Exit.void))
}
