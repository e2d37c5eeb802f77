/** Makes a `KeyValueStore` of operations on files. */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import type { Operations } from "./operations.ts"

export const make = ({ keys, ...operations }: Operations): KeyValueStore.KeyValueStore =>
  KeyValueStore.make({ ...operations, size: Effect.map(keys, ({ length }) => length) })
