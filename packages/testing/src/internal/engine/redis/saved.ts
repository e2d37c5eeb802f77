/** A key and its value, as JSON. */
import type { Bytes } from "./bytes.ts"
import { Members } from "./members.ts"
import { Scores } from "./scores.ts"
import type { Entry, Value } from "./value.ts"

type SavedContent =
  | { readonly kind: "string"; readonly text: Bytes; readonly appended?: boolean }
  | { readonly kind: "hyperloglog" | "list" | "set"; readonly items: ReadonlyArray<Bytes> }
  | { readonly kind: "hash"; readonly items: ReadonlyArray<readonly [Bytes, Bytes]> }
  /** Scores as text, because JSON has no infinity. */
  | { readonly kind: "zset"; readonly items: ReadonlyArray<readonly [Bytes, string]> }

export interface SavedValue {
  readonly content: SavedContent
  readonly expiresAt?: number
  readonly usedAt: number
}

const contentOf = (value: Value): SavedContent => {
  switch (value.kind) {
    case "string":
      return value
    case "hyperloglog":
      return { kind: value.kind, items: [...value.elements] }
    case "list":
      return { kind: value.kind, items: value.items }
    case "set":
      return { kind: value.kind, items: [...value.members] }
    case "hash":
      return { kind: value.kind, items: [...value.fields] }
    case "zset":
      return { kind: value.kind, items: Array.from(value.scores, ([member, score]) => [member, String(score)]) }
  }
}

const valueOf = (content: SavedContent): Value => {
  switch (content.kind) {
    case "string":
      return content
    case "hyperloglog":
      return { kind: content.kind, elements: new Set(content.items) }
    case "list":
      return { kind: content.kind, items: [...content.items] }
    case "set":
      return { kind: content.kind, members: new Members(content.items) }
    case "hash":
      return { kind: content.kind, fields: new Map(content.items) }
    case "zset":
      return {
        kind: content.kind,
        scores: new Scores(content.items.map(([member, score]) => [member, Number(score)]))
      }
  }
}

export const save = ({ expiresAt, usedAt, value }: Entry): SavedValue => ({
  content: contentOf(value),
  ...(expiresAt === undefined ? {} : { expiresAt }),
  usedAt
})

export const restore = ({ content, expiresAt, usedAt }: SavedValue): Entry => ({
  value: valueOf(content),
  expiresAt,
  usedAt
})
