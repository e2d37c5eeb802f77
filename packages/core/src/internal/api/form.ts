/** The forms that the documents of a Schema can have, as far as a mapping asks. */
import type * as AST from "effect/SchemaAST"

export interface Struct {
  readonly _tag: "Struct"
  /** Without symbols: encoding leaves them out. */
  readonly fields: ReadonlyArray<readonly [name: string, ast: AST.AST]>
  /** It has members whose names are not known. */
  readonly isOpen: boolean
}

export type Form =
  | { readonly _tag: "Text" | "Boolean" | "Date" | "Nothing" | "Anything" }
  | { readonly _tag: "NotJson"; readonly name: string }
  | { readonly _tag: "Number"; readonly isWhole: boolean }
  | { readonly _tag: "Constants"; readonly values: ReadonlyArray<unknown> }
  | { readonly _tag: "OneOf"; readonly members: ReadonlyArray<AST.AST> }
  /** It is stored as what this is. */
  | { readonly _tag: "Stored"; readonly ast: AST.AST }
  | { readonly _tag: "Suspended"; readonly ast: AST.AST }
  | Struct
