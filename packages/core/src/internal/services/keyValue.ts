/** One entry of a `KeyValueStore`. */
import type { PlatformError } from "@effect/platform/Error"
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

export type Failure = PlatformError

export const get = (
  values: KeyValueStore.KeyValueStore,
  key: string
): Effect.Effect<Option.Option<string>, Failure> => values.get(key)

/** Removes an entry. A missing key is no error, although a file system reports one. */
export const remove = (values: KeyValueStore.KeyValueStore, key: string): Effect.Effect<void, Failure> =>
  Effect.catchIf(
    values.remove(key),
    (error) => error._tag === "SystemError" && error.reason === "NotFound",
    () => Effect.void
  )
