/** The rules of this repository that no plugin provides. */

/**
 * The compiler does not check `x as T`, so a comment must give the reason: on the same line, on the line before it, or before
 * its statement. `as const` needs none.
 *
 * @type {import("eslint").Rule.RuleModule}
 */
export const reasonedAssertion = {
  meta: {
    type: "problem",
    schema: [],
    messages: { reason: "write a comment on this line or on the line before that says why this assertion is true" }
  },
  create(context) {
    const reasons = new Set()
    for (const comment of context.sourceCode.getAllComments()) {
      if (/^\s*(eslint|@ts-|prettier|v8 ignore)/.test(comment.value)) continue
      for (let line = comment.loc.start.line; line <= comment.loc.end.line; line++) reasons.add(line)
    }
    const check = (node) => {
      if (node.typeAnnotation.type === "TSTypeReference" && node.typeAnnotation.typeName.name === "const") return
      const first = node.expression.loc.end.line
      for (let line = Math.min(first, node.loc.start.line) - 1; line <= node.loc.end.line; line++) {
        if (reasons.has(line)) return
      }
      let statement = node
      while (statement.parent && !/Statement$|Declaration$|PropertyDefinition$|^Property$/.test(statement.type)) {
        statement = statement.parent
      }
      if (statement.parent?.type.startsWith("Export")) statement = statement.parent
      if (reasons.has(statement.loc.start.line - 1)) {
        // A doc comment documents the whole export. It is no reason for an assertion inside.
        const before = context.sourceCode.getCommentsBefore(statement).at(-1)
        if (before === undefined || !before.value.startsWith("*")) return
      }
      context.report({ node, messageId: "reason" })
    }
    return { TSAsExpression: check, TSTypeAssertion: check }
  }
}

/**
 * Every public export has the tags `@since` and `@category`. docgen enforces only `@since`.
 *
 * @type {import("eslint").Rule.RuleModule}
 */
export const documentedExports = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      missing: "the export {{name}} needs a JSDoc comment with {{tags}}",
      notRun: "docgen does not run the examples of a class: put the example on a function or on the module"
    }
  },
  create(context) {
    const seen = new Set()
    const check = (node) => {
      const declaration = node.declaration
      if (!declaration) return
      const name = declaration.id?.name ?? declaration.declarations?.[0]?.id?.name ?? "default"
      // Only the first overload of a function needs the tags. A type and a value of the same name need them both.
      if (declaration.type === "TSDeclareFunction" || declaration.type === "FunctionDeclaration") {
        if (seen.has(name)) return
        seen.add(name)
      }
      const comment = context.sourceCode.getCommentsBefore(node).at(-1)
      const text = comment !== undefined && comment.type === "Block" && comment.value.startsWith("*")
        ? comment.value
        : ""
      if (/@internal\b/.test(text)) return
      const tags = ["@since", "@category"].filter((tag) => !new RegExp(`^\\s*\\*\\s*${tag} \\S`, "m").test(text))
      if (declaration.type === "ClassDeclaration" && /^\s*\*\s*@example/m.test(text)) {
        context.report({ node, messageId: "notRun" })
      }
      if (tags.length > 0) context.report({ node, messageId: "missing", data: { name, tags: tags.join(" and ") } })
    }
    return { ExportNamedDeclaration: check, ExportDefaultDeclaration: check }
  }
}
