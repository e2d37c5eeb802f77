/** A `KeyValueStore` of the operations that a `Storage` has. */
import type { PlatformError } from "@effect/platform/Error"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

export interface Operations {
  readonly get: (key: string) => Effect.Effect<Option.Option<string>, PlatformError>
  readonly set: (key: string, value: string) => Effect.Effect<void, PlatformError>
  readonly remove: (key: string) => Effect.Effect<void, PlatformError>
  readonly clear: Effect.Effect<void, PlatformError>
  readonly keys: Effect.Effect<ReadonlyArray<string>, PlatformError>
}

export const make = ({ keys, ...operations }: Operations): KeyValueStore.KeyValueStore =>
  KeyValueStore.makeStringOnly({ ...operations, size: Effect.map(keys, ({ length }) => length) })
