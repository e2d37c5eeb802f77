/** Makes a `KeyValueStore` of operations on files. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import type { PlatformError } from "effect/PlatformError"
import type { Operations } from "./operations.ts"

export const make = ({ clear, get, getUint8Array, keys, remove, set }: Operations): KeyValueStore.KeyValueStore =>
  KeyValueStore.make({
    get: (key) => failing(Effect.map(get(key), Option.getOrUndefined), { method: "get", key }),
    getUint8Array: (key) => failing(Effect.map(getUint8Array(key), Option.getOrUndefined), { method: "getUint8Array", key }),
    set: (key, value) => failing(set(key, value), { method: "set", key }),
    remove: (key) => failing(remove(key), { method: "remove", key }),
    clear: failing(clear, { method: "clear" }),
    keys: failing(keys, { method: "keys" }),
    size: failing(Effect.map(keys, ({ length }) => length), { method: "size" })
  })

const failing = <A>(effect: Effect.Effect<A, PlatformError>, at: { readonly method: string; readonly key?: string }) =>
  Effect.mapError(effect, (cause) => new KeyValueStore.KeyValueStoreError({ message: cause.message, ...at, cause }))
