/** The forms of values that mappings distinguish. */
import type * as AST from "effect/SchemaAST"

export interface Struct {
  readonly _tag: "Struct"
  /** The members whose keys are strings. Encoding leaves out members whose keys are symbols. */
  readonly fields: ReadonlyArray<readonly [name: string, ast: AST.AST]>
  /** Whether it may have members whose names the Schema does not list. */
  readonly isOpen: boolean
}

export type Form =
  | { readonly _tag: "Text" | "Boolean" | "Date" | "Nothing" | "Anything" }
  | { readonly _tag: "NotJson"; readonly name: string }
  | { readonly _tag: "Number"; readonly isWhole: boolean }
  | { readonly _tag: "Constants"; readonly values: ReadonlyArray<unknown> }
  | { readonly _tag: "OneOf"; readonly members: ReadonlyArray<AST.AST> }
  /** It is stored in the form of this Schema. */
  | { readonly _tag: "Stored"; readonly ast: AST.AST }
  | { readonly _tag: "Suspended"; readonly ast: AST.AST }
  | Struct
