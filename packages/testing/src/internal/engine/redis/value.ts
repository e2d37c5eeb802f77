/** The values of keys. */
import type { Bytes } from "./bytes.ts"
import type { Members } from "./members.ts"
import type { Scores } from "./scores.ts"

export type Value =
  /** `appended`: Redis stores a text that was appended to as `raw`, even a short one. */
  | { readonly kind: "string"; readonly text: Bytes; readonly appended?: boolean }
  /** A HyperLogLog, which counts exactly here. In Redis it is a text, but clients do not read its bytes. */
  | { readonly kind: "hyperloglog"; readonly elements: Set<Bytes> }
  | { readonly kind: "list"; readonly items: Array<Bytes> }
  | { readonly kind: "set"; readonly members: Members }
  | { readonly kind: "hash"; readonly fields: Map<Bytes, Bytes> }
  | { readonly kind: "zset"; readonly scores: Scores }

export type Kind = Value["kind"]
export type ValueOf<K extends Kind> = Extract<Value, { readonly kind: K }>

/** The value of a key, and its expiration. */
export interface Entry {
  readonly value: Value
  expiresAt: number | undefined
  usedAt: number
}
