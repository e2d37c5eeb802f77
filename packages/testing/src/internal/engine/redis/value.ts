/**
 * What a key can hold.
 */
import type { Bytes } from "./bytes.ts"
import type { Members } from "./members.ts"
import type { Scores } from "./scores.ts"

export type Value =
  /** `appended`: Redis keeps what was appended to as `raw`, however short. */
  | { readonly kind: "string"; readonly text: Bytes; readonly appended?: boolean }
  /** A HyperLogLog; it counts exactly here. For Redis it is a text, whose bytes nobody reads. */
  | { readonly kind: "hyperloglog"; readonly elements: Set<Bytes> }
  | { readonly kind: "list"; readonly items: Array<Bytes> }
  | { readonly kind: "set"; readonly members: Members }
  | { readonly kind: "hash"; readonly fields: Map<Bytes, Bytes> }
  | { readonly kind: "zset"; readonly scores: Scores }

export type Kind = Value["kind"]
export type ValueOf<K extends Kind> = Extract<Value, { readonly kind: K }>

/** What a key holds, and until when. */
export interface Entry {
  readonly value: Value
  expiresAt: number | undefined
  usedAt: number
}
