/**
 * Gives the private members of classes short names when a package is built. An application's minifier cannot, because code
 * may read a property by a computed name. The names of private members are 3 % of our code in a page.
 *
 * The short names of a class continue those of the class that it extends, so they never clash. The build fails on code that
 * this module cannot rename safely: `this["name"]`, and private members of classes of other packages.
 */
import ts from "typescript"

/** `$a`, `$b`, … `$aa`. Every class uses the same few names, which gzip compresses well. */
const shortName = (index: number): string =>
  index < 26 ? `$${letter(index)}` : `${shortName(Math.floor(index / 26) - 1)}${letter(index % 26)}`

const letter = (index: number): string => String.fromCharCode(97 + index)

const isPrivate = (declaration: ts.Declaration): boolean =>
  (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Private) !== 0

/** The names of the private members that a class declares. */
const privateNames = (declaration: ts.ClassLikeDeclaration): ReadonlyArray<string> => {
  const parameters = declaration.members.filter(ts.isConstructorDeclaration).flatMap(({ parameters }) => parameters)
  const names = [...declaration.members, ...parameters]
    .flatMap((member) =>
      member.name !== undefined && ts.isIdentifier(member.name) && isPrivate(member)
        ? [member.name.text]
        : []
    )
  return Array.from(new Set(names))
}

/** The class of this package that a class extends. */
const extended = (
  checker: ts.TypeChecker,
  declaration: ts.ClassLikeDeclaration
): ts.ClassLikeDeclaration | undefined => {
  const clause = declaration.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)
  const type = clause?.types[0] && checker.getTypeAtLocation(clause.types[0])
  return type?.symbol?.declarations?.find(isOurs)
}

const isOurs = (declaration: ts.Declaration): declaration is ts.ClassLikeDeclaration =>
  ts.isClassLike(declaration) && !declaration.getSourceFile().isDeclarationFile

/** A transformer that runs before the other transformers of an emit. Declarations keep the long names. */
export const shorten = (program: ts.Program): ts.TransformerFactory<ts.SourceFile> => {
  const checker = program.getTypeChecker()
  const known = new Map<ts.ClassLikeDeclaration, ReadonlyMap<string, string>>()

  /** The short names of a class and of the classes that it extends. */
  const namesOf = (declaration: ts.ClassLikeDeclaration): ReadonlyMap<string, string> => {
    const before = known.get(declaration)
    if (before !== undefined) return before
    const base = extended(checker, declaration)
    const names = new Map(base && namesOf(base))
    for (const name of privateNames(declaration)) names.set(name, shortName(names.size))
    known.set(declaration, names)
    return names
  }

  const refuse = (node: ts.Node, issue: string): never => {
    const { line } = node.getSourceFile().getLineAndCharacterOfPosition(node.getStart())
    throw new Error(`${node.getSourceFile().fileName}:${line + 1}: ${issue}`)
  }

  /** The short name, if the symbol is a private member. */
  const shortOf = (symbol: ts.Symbol | undefined, node: ts.Node): string | undefined => {
    const declaration = symbol?.declarations?.find(isPrivate)
    if (symbol === undefined || declaration === undefined) return undefined
    if (declaration.getSourceFile().isDeclarationFile) {
      return refuse(node, `${symbol.name} is a private member of a class of another package`)
    }
    // A parameter property is declared in the constructor, two levels below its class.
    const owner = ts.isParameter(declaration) ? declaration.parent.parent : declaration.parent
    return ts.isClassLike(owner) ? namesOf(owner).get(symbol.name) : undefined
  }

  return (context) => (file) => {
    const { factory } = context
    const visit = (node: ts.Node): ts.Node => {
      if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression)) {
        const short = shortOf(checker.getSymbolAtLocation(node.argumentExpression), node)
        if (short !== undefined) {
          return refuse(
            node,
            `["${node.argumentExpression.text}"] keeps its long name: write .${node.argumentExpression.text}`
          )
        }
      }
      // `const { name } = this`: the variable keeps its name.
      if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent) && ts.isIdentifier(node.name)) {
        const read = node.propertyName ?? node.name
        const short = ts.isIdentifier(read)
          ? shortOf(checker.getTypeAtLocation(node.parent).getProperty(read.text), node)
          : undefined
        if (short !== undefined) {
          const initializer = ts.visitNode(node.initializer, visit, ts.isExpression)
          return factory.updateBindingElement(
            node,
            node.dotDotDotToken,
            factory.createIdentifier(short),
            node.name,
            initializer
          )
        }
      }
      // `{ name }`, where `name` is a parameter property: the key keeps its name.
      if (ts.isShorthandPropertyAssignment(node)) {
        const short = shortOf(checker.getShorthandAssignmentValueSymbol(node), node)
        if (short !== undefined) return factory.createPropertyAssignment(node.name, factory.createIdentifier(short))
      }
      if (ts.isIdentifier(node)) {
        // The variable of a pattern and the key of a literal have other symbols, so they keep their names.
        const short = shortOf(checker.getSymbolAtLocation(node), node)
        if (short !== undefined) return ts.setOriginalNode(ts.setTextRange(factory.createIdentifier(short), node), node)
      }
      return ts.visitEachChild(node, visit, context)
    }
    return ts.visitEachChild(file, visit, context)
  }
}
