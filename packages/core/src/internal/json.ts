/** Values to JSON, without silent losses. */

/**
 * `JSON.stringify`, but for what it turns into `null` without a word or throws at: that is an issue, with its place.
 * (Members that are undefined, functions or symbols it leaves out, and so do we: no trace shows them.)
 */
export const stringify = (value: unknown): string | { readonly issue: string } => {
  let issue: string | undefined
  try {
    const json: string | undefined = JSON.stringify(value)
    if (json === undefined) return { issue: "there is nothing to send" }
    // A `null` in the text is the only trace: look closer only then.
    if (!json.includes("null") || (issue = issueOf(value)) === undefined) return json
  } catch (cause) {
    issue = explain(value, cause)
  }
  return { issue }
}

/** Why `JSON.stringify` threw: a place in the value or, where even looking throws (nesting beyond the stack), its words. */
const explain = (value: unknown, cause: unknown): string => {
  const words = cause instanceof Error ? cause.message : String(cause)
  try {
    return issueOf(value) ?? words
  } catch {
    return words
  }
}

/** The first value that JSON cannot carry, and where it is. */
const issueOf = (root: unknown): string | undefined => {
  const ancestors: Array<unknown> = []
  const visit = (value: unknown, path: string): string | undefined => {
    switch (typeof value) {
      case "number":
        return Number.isFinite(value) ? undefined : `${path} is ${value}`
      case "bigint":
        return `${path} is a bigint: send it as a string or a number`
      case "function":
      case "symbol":
        return `${path} is a ${typeof value}`
      case "object": {
        if (value === null) return undefined
        if ("toJSON" in value) {
          return value instanceof Date && Number.isNaN(value.getTime()) ? `${path} is an invalid date` : undefined
        }
        if (ancestors.includes(value)) return `${path} is part of a cycle`
        ancestors.push(value)
        for (const [key, member] of Object.entries(value)) {
          const where = Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`
          const leftOut = member === undefined || typeof member === "function" || typeof member === "symbol"
          const issue = leftOut && !Array.isArray(value)
            ? undefined
            : member === undefined
            ? `${where} is undefined`
            : visit(member, where)
          if (issue !== undefined) return issue
        }
        ancestors.pop()
        return undefined
      }
      default:
        return undefined
    }
  }
  return visit(root, "")
}
