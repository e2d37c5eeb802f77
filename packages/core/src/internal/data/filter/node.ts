import type { Shape } from "./geo.ts"
import type { Pattern } from "./pattern/index.ts"

export type Scalar = string | number | boolean | null

/**
 * A valid filter. Synonyms of the language are reduced to one form: `missing` is `not exists`, `ids` is `in` on `_id`,
 * and `bool` is a conjunction.
 */
export type Node =
  | { readonly _tag: "Everything" }
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Equals"; readonly field: string; readonly value: Scalar }
  | { readonly _tag: "In"; readonly field: string; readonly values: ReadonlySet<string> }
  | { readonly _tag: "Exists"; readonly field: string }
  | { readonly _tag: "Contains"; readonly field: string; readonly element: unknown }
  | { readonly _tag: "Range"; readonly field: string; readonly bounds: Bounds }
  | { readonly _tag: "Regexp"; readonly field: string; readonly pattern: Pattern }
  | { readonly _tag: "Match"; readonly content: { readonly [key: string]: unknown } }
  | { readonly _tag: "Select"; readonly field: string; readonly index: number; readonly query: Node }
  | { readonly _tag: "Geo"; readonly field: string; readonly shape: Shape }
  | { readonly _tag: "And"; readonly nodes: ReadonlyArray<Node> }
  | { readonly _tag: "Or"; readonly nodes: ReadonlyArray<Node> }
  | { readonly _tag: "Not"; readonly node: Node }

export interface Bounds {
  readonly gt?: number
  readonly gte?: number
  readonly lt?: number
  readonly lte?: number
}
