/** The examples in the docstrings of the packages. Each is a module, so the codemod translates it as a file. */
import * as Fs from "node:fs"
import * as Path from "node:path"

export type Example = readonly [path: string, text: string]

/** A module in a docstring, which begins with an import: the start of its lines, and the lines. */
const block = /^([ \t]*\*) ```ts\n(?=[ \t]*\* import )((?:[ \t]*\*(?! ```).*\n)+)/gm

/** The examples of a source file, each with the path that it gets as a module. */
export const examplesOf = (root: string, file: string): ReadonlyArray<Example> => {
  const [, folder, name] = /^(packages\/\w+)\/src\/(.+)\.ts$/.exec(file) ?? []
  if (folder === undefined || name === undefined) return []
  const text = Fs.readFileSync(Path.join(root, file), "utf8")
  return Array.from(text.matchAll(block), ([, , lines = ""], index) => [
    Path.join(folder, "examples", `${name}.${index + 1}.ts`),
    lines.replace(/^[ \t]*\* ?/gm, "")
  ])
}

/** The text of a source file with other examples. */
export const withExamples = (file: string, text: string, examples: ReadonlyArray<Example>): string => {
  let index = 0
  const changed = text.replace(block, (_, start: string) => {
    const [, example = ""] = examples[index++] ?? []
    const lines = example.trimEnd().split("\n")
    return [`${start} \`\`\`ts`, ...lines.map((line) => line === "" ? start : `${start} ${line}`), ""].join("\n")
  })
  if (index !== examples.length) throw new Error(`${file}: a rule removed or added an example`)
  return changed
}
