/** One entry of a `KeyValueStore`. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as PlatformError from "effect/PlatformError"

export type Failure = KeyValueStore.KeyValueStoreError

export const get = (
  values: KeyValueStore.KeyValueStore,
  key: string
): Effect.Effect<Option.Option<string>, Failure> => Effect.map(values.get(key), Option.fromNullishOr)

/** Removes an entry. A missing key is no error, although a file system reports one. */
export const remove = (values: KeyValueStore.KeyValueStore, key: string): Effect.Effect<void, Failure> =>
  Effect.catchIf(
    values.remove(key),
    ({ cause }) => PlatformError.isPlatformError(cause) && cause.reason._tag === "NotFound",
    () => Effect.void
  )
