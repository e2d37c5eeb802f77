import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { Effect, Exit, Layer, Scope } from "effect"
import type { TestProject } from "vitest/node"
import * as Control from "./packages/testing/test/suite/control.ts"
import type { RemoteBackend } from "./packages/testing/test/suite/remote.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** The embedded Kuzzle, started for this run. */
    readonly kuzzleEmbedded: RemoteBackend
    /** The real Kuzzle, where one runs. */
    readonly kuzzleReal: RemoteBackend | null
  }
}

/** A page cannot start a server: this one lives in Node for the whole run, and the tests `inject` its addresses. */
export default async (project: TestProject) => {
  const scope = await Effect.runPromise(Scope.make())
  const start = Effect.gen(function*() {
    const server = yield* Layer.build(KuzzleTestServer.layer())
    const { url } = yield* Effect.provide(KuzzleTestServer.KuzzleTestServer, server)
    project.provide("kuzzleEmbedded", yield* Control.make(url))
    const real = process.env.KUZZLE_REAL_URL
    project.provide("kuzzleReal", real === undefined ? null : yield* Control.make(real))
  })
  await Effect.runPromise(Scope.extend(start, scope))
  return () => Effect.runPromise(Scope.close(scope, Exit.void))
}
