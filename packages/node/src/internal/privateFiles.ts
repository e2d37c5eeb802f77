/**
 * A `KeyValueStore` of private files, one for each key, independent of the umask. Files have the mode 0600. A new
 * folder has the mode 0700; an existing folder keeps its mode. If others can read an existing file, its mode is
 * corrected before it is read.
 *
 * A value is written to a temporary file, synced to the disk and then renamed, so a crash leaves either the old value
 * or the new one. The `KeyValueStore` of `@effect/platform-node` writes in place, and all users can read its files.
 */
import type * as Platform from "@effect/platform/Error"
import { BadArgument, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { randomUUID } from "node:crypto"
import * as KeyValues from "./keyValues.ts"
import { fileMode, folderMode, write } from "./privateFile.ts"

/** The bits of a mode that grant access to other users. */
const otherUsers = 0o077

/** The suffix of an unfinished file. It cannot clash with a key, because keys are percent-encoded. */
const temporary = ".%tmp"

/** The name of a key's file. */
export const nameOf = encodeURIComponent

/** The key of a file, in a list. The list is empty if `nameOf` cannot have made the name. */
const keyOf = (name: string): ReadonlyArray<string> => {
  try {
    return [decodeURIComponent(name)]
  } catch {
    return []
  }
}

export const make = (
  directory: string
): Effect.Effect<
  KeyValueStore.KeyValueStore,
  Platform.PlatformError,
  FileSystem.FileSystem | Path.Path
> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path

    const fileOf = (method: string, key: string): Effect.Effect<string, BadArgument> =>
      key === "" || key === "." || key === ".."
        ? Effect.fail(
          new BadArgument({
            module: "KeyValueStore",
            method,
            description: `${JSON.stringify(key)} is not a key: it must not be empty, . or ..`
          })
        )
        : Effect.succeed(path.join(directory, nameOf(key)))

    /** Removes the access of other users to a file. */
    const restrictAccess = (file: string) =>
      Effect.flatMap(fs.stat(file), ({ mode }) => (mode & otherUsers) === 0 ? Effect.void : fs.chmod(file, fileMode))

    const read = <A>(
      method: string,
      key: string,
      content: (file: string) => Effect.Effect<A, Platform.PlatformError>
    ): Effect.Effect<Option.Option<A>, Platform.PlatformError> =>
      Effect.flatMap(fileOf(method, key), (file) => Effect.asSome(Effect.zipRight(restrictAccess(file), content(file))))
        .pipe(
          Effect.catchIf(isNotFound, () => Effect.succeedNone)
        )

    const names = fs.readDirectory(directory)

    yield* fs.makeDirectory(directory, { recursive: true, mode: folderMode })

    return KeyValues.make({
      get: (key) => read("get", key, fs.readFileString),
      getUint8Array: (key) => read("getUint8Array", key, fs.readFile),
      set: (key, value) => Effect.flatMap(fileOf("set", key), (file) => writeFile(file, value)),
      remove: (key) => Effect.flatMap(fileOf("remove", key), (file) => fs.remove(file)),
      // Files that an earlier process left unfinished are removed, too.
      clear: Effect.flatMap(names, Effect.forEach((name) => fs.remove(path.join(directory, name)), { discard: true })),
      keys: Effect.map(names, (all) => all.filter((name) => !name.endsWith(temporary)).flatMap(keyOf))
    })
  })

/** Uninterruptible, so that no unfinished file remains. */
const writeFile = (file: string, content: string | Uint8Array): Effect.Effect<void, SystemError> =>
  Effect.uninterruptible(Effect.tryPromise({
    try: () => write(file, `${file}.${randomUUID()}${temporary}`, content),
    catch: (cause) =>
      new SystemError({
        module: "KeyValueStore",
        method: "set",
        // The description is Node's message, which names the failed operation.
        reason: "Unknown",
        pathOrDescriptor: file,
        description: cause instanceof Error ? cause.message : String(cause),
        cause
      })
  }))

const isNotFound = (error: Platform.PlatformError): boolean =>
  error._tag === "SystemError" && error.reason === "NotFound"
