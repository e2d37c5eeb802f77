/**
 * Writes `docs/promises.md`: which test proves which promise (`docs/spec/requirements.md`) and keeps which fault of the
 * official SDK out (`docs/spec/kuzzle-protocol.md`, section 8).
 *
 * A test names what it proves in its title: `R3: …`, `A2, 8.B6: …`. A fault has the prefix of its section, for `A2` is a
 * promise and `8.A2` a fault. Run it after titles have changed: `pnpm promises`. `tests/promises.test.ts`
 * says when the page is stale, and when a number has no test.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import ts from "typescript"

const root = new URL("../", import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), "utf8")

export const target = new URL("docs/promises.md", root)

/** Faults that no test of a client can show, and why. */
export const excused: { readonly [fault: string]: string } = {
  "8.E14": "a number that the server counts, handed on as it comes",
  "8.E19": "what the server does for an answer; the client asks once"
}

export interface Numbered {
  readonly number: string
  readonly text: string
}

/** The promises, in their order. */
export const promises: ReadonlyArray<Numbered> = [
  ...read("docs/spec/requirements.md").matchAll(/^- ([RSCALOT]\d+) (.+)$/gm)
].map(([, number = "", text = ""]) => ({ number, text: text.trim() }))

/** The faults, in their order: the rows of the groups A to D, the sentences of group E. Group F names no other. */
export const faults: ReadonlyArray<Numbered> = (() => {
  const [, after = ""] = read("docs/spec/kuzzle-protocol.md").split("\n## 8. ")
  const [section = ""] = after.split("\n## ")
  const rows = [...section.matchAll(/^\| ([A-D]\d+) \|[^|]*\|[^|]*\| (.+?) \|[^|]*\|$/gm)]
  const sentences = [...section.matchAll(/(?<=^|\. )(E\d+) (.+?)\.(?= E\d+ |$)/gm)]
  return [...rows, ...sentences].map(([, number = "", text = ""]) => ({ number: `8.${number}`, text: text.trim() }))
})()

export interface Named {
  readonly file: string
  readonly title: string
  readonly numbers: ReadonlyArray<string>
  /** Whether its body asserts something, and does not leave it all to another. */
  readonly asserts: boolean
}

/** Finds numbers as separate words, including those that only look like one of a promise. */
const numbersIn = (title: string): ReadonlyArray<string> =>
  [...title.matchAll(/(?<![\w.-])(?:8\.)?[A-Z]\d+(?![\w.-])/g)].map(([number]) => number)

/** A text that is written down, in parts perhaps; what is filled in is left out. */
const textOf = (node: ts.Expression | undefined): string | undefined => {
  if (node === undefined) return undefined
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("")
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [textOf(node.left), textOf(node.right)]
    return left === undefined || right === undefined ? undefined : left + right
  }
  return undefined
}

/** The tests of a file that name a number: calls of anything but `describe` and `assert` that begin with a title. */
export const namedIn = (file: string, text: string): ReadonlyArray<Named> => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest)
  const found: Array<Named> = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && !/^(describe|assert)\b/.test(node.expression.getText(source))) {
      const [first, ...others] = node.arguments
      const title = textOf(first)
      if (title !== undefined && others.length > 0) {
        const numbers = numbersIn(title)
        const asserts = /\b(assert|expect)\b/.test(others.map((argument) => argument.getText(source)).join(" "))
        if (numbers.length > 0) found.push({ file, title, numbers, asserts })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const filesOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
    .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
    // A package manager links the packages into one another there, in its own order.
    .filter((file) => file.endsWith(".ts") && !file.includes("/node_modules/"))
    .sort()

const simulation = "tests/simulation"

export const named: ReadonlyArray<Named> = [
  ...["core", "node", "browser", "testing"].map((name) => `packages/${name}/test`),
  ...["core", "node"].map((name) => `packages/${name}/typetest`),
  "tests"
].flatMap(filesOf).filter((file) => !file.startsWith(simulation)).flatMap((file) => namedIn(file, read(file)))

/** What every history of the simulation is held to (`violate("R1", …)`). */
export const simulated: ReadonlySet<string> = new Set(
  filesOf(simulation).flatMap((file) =>
    [...read(file).matchAll(/\b(?:violate|fail)\("([RSCALOT]\d+)"/g)].map(([, number = ""]) => number)
  )
)

/** The tests that name it. */
export const testsOf = (number: string): ReadonlyArray<Named> => named.filter(({ numbers }) => numbers.includes(number))

const short = (file: string): string => file.replace(/^packages\/|\/test(?=\/)|(\.test)?\.ts$/g, "")

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;")

/** The titles, by file, without the numbers that they begin with. */
const proofs = (number: string): string => {
  const tests = testsOf(number)
  const of = [...new Set(tests.map(({ file }) => file))].map((file) => {
    const titles = tests
      .filter((test) => test.file === file)
      .map(({ title }) => title.replace(/^(?:[\w.]+, )*(?:8\.)?[A-Z]\d+: /, ""))
    return `\`${short(file)}\`: ${titles.map((title) => `“${cell(title)}”`).join(", ")}`
  })
  if (simulated.has(number)) of.push("every history of the [simulation](simulation.md)")
  const reason = excused[number]
  return (reason === undefined ? of : [`*none*: ${cell(reason)}`]).join("<br>")
}

const rowsOf = (all: ReadonlyArray<Numbered>): string =>
  all.map(({ number, text }) => `| ${number} | ${text.replaceAll("<", "&lt;")} | ${proofs(number)} |`).join("\n")

/** The text of the page. */
export const generate = (): string =>
  `# Every promise, and what proves it

<!-- Generated by scripts/promises.ts: do not edit. -->

A test names what it proves in its title. \`core/runtime/session\` is \`packages/core/test/runtime/session.test.ts\`; what is
in \`suite\` runs in memory, on Node and, where it can, in a browser and against a real Kuzzle.

## The promises

${promises.length} of them, from [requirements.md](spec/requirements.md).

| | Promise | Tests |
| --- | --- | --- |
${rowsOf(promises)}

## The faults of the official SDK, and the traps of the server

${faults.length} of them, from [kuzzle-protocol.md](spec/kuzzle-protocol.md), section 8, where the evidence is: ${
    faults.length - Object.keys(excused).length
  } have a test that would fail if they were
here, ${
    Object.keys(excused).length
  } cannot have one. A fault goes by the prefix of its section, since A1 is a promise and 8.A1 a fault.

| | Fault | Tests |
| --- | --- | --- |
${rowsOf(faults)}
`

if (process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1].replaceAll("\\", "/"))) {
  writeFileSync(target, generate())
}
