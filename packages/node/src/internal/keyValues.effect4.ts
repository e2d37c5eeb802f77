/** A `KeyValueStore` of the operations that a file system has. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import type { PlatformError } from "effect/PlatformError"
import type { Operations } from "./operations.ts"

export const make = ({ clear, get, getUint8Array, keys, remove, set }: Operations): KeyValueStore.KeyValueStore =>
  KeyValueStore.make({
    get: (key) => failing("get", Effect.map(get(key), Option.getOrUndefined), key),
    getUint8Array: (key) => failing("getUint8Array", Effect.map(getUint8Array(key), Option.getOrUndefined), key),
    set: (key, value) => failing("set", set(key, value), key),
    remove: (key) => failing("remove", remove(key), key),
    clear: failing("clear", clear),
    keys: failing("keys", keys),
    size: failing("size", Effect.map(keys, ({ length }) => length))
  })

const failing = <A>(method: string, effect: Effect.Effect<A, PlatformError>, key?: string) =>
  Effect.mapError(effect, (cause) =>
    new KeyValueStore.KeyValueStoreError({
      message: cause.message,
      method,
      ...(key === undefined ? {} : { key }),
      cause
    }))
