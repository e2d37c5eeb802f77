import type { Rule } from "eslint"

export const floors: Rule.RuleModule
