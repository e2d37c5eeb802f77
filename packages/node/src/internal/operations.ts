/** The operations that a `KeyValueStore` is made of. */
import type { PlatformError } from "@effect/platform/Error"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

export interface Operations {
  readonly get: (key: string) => Effect.Effect<Option.Option<string>, PlatformError>
  readonly getUint8Array: (key: string) => Effect.Effect<Option.Option<Uint8Array>, PlatformError>
  readonly set: (key: string, value: string | Uint8Array) => Effect.Effect<void, PlatformError>
  readonly remove: (key: string) => Effect.Effect<void, PlatformError>
  readonly clear: Effect.Effect<void, PlatformError>
  readonly keys: Effect.Effect<ReadonlyArray<string>, PlatformError>
}
