/**
 * Stores a token or the offline queue on Node, in files that only their owner can read.
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
 * @since 0.1.0
 */
import * as KuzzleTokenStore from "@effect-kuzzle/core/KuzzleTokenStore"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Platform from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import { randomUUID } from "node:crypto"
import * as ProcessLock from "./internal/processLock.ts"
import * as Watched from "./internal/watched.ts"

/** The modes of files and of the folder: only the owner may read and write. */
const fileMode = 0o600
const folderMode = 0o700

/** The bits of a mode that grant access to others. */
const others = 0o077

/** The suffix of an unfinished file. It cannot clash with a key, because keys are percent-encoded. */
const temporary = ".%tmp"

/**
 * A `KeyValueStore` of private files, one for each key, independent of the umask. Files have the mode 0600. A new
 * folder has the mode 0700; an existing folder keeps its mode. If others can read an existing file, its mode is
 * corrected before it is read.
 *
 * A value is written to a temporary file, synced to the disk and then renamed, so a crash leaves either the old value
 * or the new one. The `KeyValueStore` of `@effect/platform-node` writes in place, and its files are readable by
 * everybody.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFileSystem = (
  directory: string
): Layer.Layer<KeyValueStore.KeyValueStore, Platform.PlatformError> =>
  Layer.effect(KeyValueStore.KeyValueStore, make(directory)).pipe(
    Layer.provide([NodeFileSystem.layer, NodePath.layer])
  )

/**
 * Keeps the token in a private file of this folder, and shares the session between the processes that use the folder:
 * one process renews it for all, and a login or a logout in one is one in all. The file and the folder are those of
 * `layerFileSystem`.
 *
 * An exchange takes a lock: a local socket that ends with its process. Processes on several hosts that share the folder
 * do not lock each other out, and may renew the session at the same time. Then all of them continue with the token that
 * was stored first.
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
      const values = yield* make(directory)
      const file = (yield* Path.Path).join(yield* (yield* FileSystem.FileSystem).realPath(directory), nameOf(key))
      return KuzzleTokenStore.make(values, key, { lock: ProcessLock.make(file), changes: Watched.changes(file) })
    })
  ).pipe(Layer.provide([NodeFileSystem.layer, NodePath.layer]))

/** The name of a key's file. */
const nameOf = encodeURIComponent

const make = (
  directory: string
): Effect.Effect<
  KeyValueStore.KeyValueStore,
  Platform.PlatformError,
  FileSystem.FileSystem | Path.Path
> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path

    const fileOf = (method: string, key: string): Effect.Effect<string, Platform.BadArgument> =>
      key === "" || key === "." || key === ".."
        ? Effect.fail(
          new Platform.BadArgument({
            module: "KeyValueStore",
            method,
            description: `${JSON.stringify(key)} is not a key: it must not be empty, . or ..`
          })
        )
        : Effect.succeed(path.join(directory, nameOf(key)))

    /** Removes the access of others to a file. */
    const close = (file: string) =>
      Effect.flatMap(fs.stat(file), ({ mode }) => (mode & others) === 0 ? Effect.void : fs.chmod(file, fileMode))

    const read = <A>(
      method: string,
      key: string,
      content: (file: string) => Effect.Effect<A, Platform.PlatformError>
    ): Effect.Effect<Option.Option<A>, Platform.PlatformError> =>
      Effect.flatMap(fileOf(method, key), (file) => Effect.asSome(Effect.zipRight(close(file), content(file)))).pipe(
        Effect.catchIf(isNotFound, () => Effect.succeedNone)
      )

    const write = (file: string, content: Uint8Array) => {
      const unfinished = `${file}.${randomUUID()}${temporary}`
      return Effect.scoped(
        Effect.gen(function*() {
          // The file must not exist, so that no link that others have created there is followed.
          const handle = yield* fs.open(unfinished, { flag: "wx", mode: fileMode })
          // `writeAll` fails on no bytes.
          if (content.length > 0) yield* handle.writeAll(content)
          yield* handle.sync
        })
      ).pipe(
        Effect.zipRight(fs.rename(unfinished, file)),
        Effect.onError(() => Effect.ignore(fs.remove(unfinished))),
        Effect.uninterruptible
      )
    }

    const names = fs.readDirectory(directory)

    yield* fs.makeDirectory(directory, { recursive: true, mode: folderMode })

    return KeyValueStore.make({
      get: (key) => read("get", key, fs.readFileString),
      getUint8Array: (key) => read("getUint8Array", key, fs.readFile),
      set: (key, value) =>
        Effect.flatMap(
          fileOf("set", key),
          (file) => write(file, typeof value === "string" ? new TextEncoder().encode(value) : value)
        ),
      remove: (key) => Effect.flatMap(fileOf("remove", key), (file) => fs.remove(file)),
      // Files that an earlier process left unfinished are removed, too.
      clear: Effect.flatMap(names, Effect.forEach((name) => fs.remove(path.join(directory, name)), { discard: true })),
      size: Effect.map(names, (all) => all.filter((name) => !name.endsWith(temporary)).length)
    })
  })

const isNotFound = (error: Platform.PlatformError): boolean =>
  error._tag === "SystemError" && error.reason === "NotFound"
