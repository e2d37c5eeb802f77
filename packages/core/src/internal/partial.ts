/**
 * The Schema of a part of a document: of any of its fields, each whole. For what `document:update` takes.
 */
import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"

/** Throws where there is no telling which field is which: a Schema whose outermost step is a transformation of the whole. */
export const partial = (ast: AST.AST): AST.AST => {
  switch (ast._tag) {
    case "TypeLiteral":
      return optional(ast)
    case "Union":
      return AST.Union.make(ast.types.map(partial))
    case "Refinement":
      // It speaks of the whole, which is not there to be asked.
      return partial(ast.from)
    case "Suspend":
      return partial(ast.f())
    case "Transformation": {
      // A class: its fields, of which the instance is made.
      const fields = AST.getSurrogateAnnotation(ast)
      if (Option.isSome(fields)) return partial(fields.value)
      if (AST.isTypeLiteralTransformation(ast.transformation)) {
        return new AST.Transformation(
          partial(ast.from),
          partial(ast.to),
          new AST.TypeLiteralTransformation(ast.transformation.propertySignatureTransformations.map(untouched))
        )
      }
    }
  }
  throw new Error(`${String(ast)} has no fields of its own: it cannot be updated in part`)
}

const optional = (ast: AST.TypeLiteral): AST.TypeLiteral =>
  new AST.TypeLiteral(
    ast.propertySignatures.map(({ annotations, isReadonly, name, type }) =>
      new AST.PropertySignature(name, type, true, isReadonly, annotations)
    ),
    ast.indexSignatures
  )

/** A field that is not given is not written, whatever a whole document would have in its place. */
const untouched = (field: AST.PropertySignatureTransformation): AST.PropertySignatureTransformation =>
  new AST.PropertySignatureTransformation(
    field.from,
    field.to,
    field.decode,
    (given) => Option.isNone(given) ? given : field.encode(given)
  )
