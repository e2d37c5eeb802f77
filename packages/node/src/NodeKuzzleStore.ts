/**
 * Stores the token of a session on Node, in a file that only its owner can read.
 *
 * @example
 * ```ts
 * import { NodeKuzzle, NodeKuzzleStore } from "@effect-kuzzle/node"
 * import { Layer } from "effect"
 *
 * export const live = Layer.provide(
 *   NodeKuzzle.layer({ url: "wss://kuzzle.example.org" }),
 *   NodeKuzzleStore.layerTokens(".session")
 * )
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as KuzzleTokenStore from "@effect-kuzzle/core/KuzzleTokenStore"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import type * as Platform from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PrivateFiles from "./internal/privateFiles.ts"
import * as ProcessLock from "./internal/processLock.ts"
import * as Watched from "./internal/watched.ts"

/**
 * Keeps the token in a private file of this folder, and shares the session between the processes that use the folder:
 * one process renews it for all, and a login or a logout in one applies to all. Independent of the umask, the file has
 * the mode 0600 and a new folder 0700. A crash while the token is written leaves the old token.
 *
 * An exchange of the token takes a lock: a local socket that ends with its process. Processes on several hosts that
 * share the folder do not lock each other out, and may renew the session at the same time. Then all of them continue
 * with the token that was stored first.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTokens = (
  directory: string,
  { key = KuzzleTokenStore.defaultKey }: KuzzleTokenStore.Options = {}
): Layer.Layer<KuzzleTokenStore.KuzzleTokenStore, Platform.PlatformError> =>
  Layer.effect(
    KuzzleTokenStore.KuzzleTokenStore,
    Effect.gen(function*() {
      const values = yield* PrivateFiles.make(directory)
      const file = (yield* Path.Path).join(
        yield* (yield* FileSystem.FileSystem).realPath(directory),
        PrivateFiles.nameOf(key)
      )
      return KuzzleTokenStore.make(values, key, { lock: ProcessLock.make(file), changes: Watched.changes(file) })
    })
  ).pipe(Layer.provide([NodeFileSystem.layer, NodePath.layer]))
