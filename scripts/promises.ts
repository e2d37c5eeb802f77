/**
 * `pnpm promises` writes `docs/promises.md`. The page lists the tests of each promise (`docs/spec/requirements.md`) and of each
 * fault of the official SDK that this library must not have (`docs/spec/kuzzle-protocol.md`, section 8).
 *
 * The title of a test begins with the numbers that it proves: `R3: …`, `A2, 8.B6: …`. A fault has the prefix of its section:
 * `A2` is a promise, and `8.A2` is a fault. Run `pnpm promises` after you change a title. `tests/promises.test.ts` fails when
 * the page is stale, or when a number has no test.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { relative } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { packages } from "./packages.ts"
import { isProgram } from "./program.ts"
import { filesUnder } from "./typescript.ts"

const root = new URL("../", import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), "utf8")

export const target = new URL("docs/promises.md", root)

/** Faults that no test of a client can show, and why. */
export const untestable: { readonly [fault: string]: string } = {
  "8.E14": "the server counts this number, and the client returns it unchanged",
  "8.E19": "the fault is in the work of the server for one answer; the client sends one request"
}

export interface Numbered {
  readonly number: string
  readonly text: string
}

/** The promises, in the order of the document. */
export const promises: ReadonlyArray<Numbered> = [
  ...read("docs/spec/requirements.md").matchAll(/^- ([RSCALOT]\d+) (.+)$/gm)
].map(([, number = "", text = ""]) => ({ number, text: text.trim() }))

/**
 * The faults, in the order of the document. Groups A to D are rows of tables, and group E is sentences. Group F only refers to
 * the others.
 */
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
  /** Whether its body contains an assertion. Otherwise all assertions are in functions that it calls. */
  readonly asserts: boolean
}

/** The words of a title that look like the number of a promise or a fault. There may be no promise or fault of this number. */
const numbersIn = (title: string): ReadonlyArray<string> =>
  [...title.matchAll(/(?<![\w.-])(?:8\.)?[A-Z]\d+(?![\w.-])/g)].map(([number]) => number)

/** The text of a literal, of a template or of a sum of these. Interpolated values become `…`. */
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

/** The tests of a file whose title contains a number. A test is any call with a title, except of `describe` and `assert`. */
export const namedIn = (file: string, text: string): ReadonlyArray<Named> => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest)
  const tests: Array<Named> = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && !/^(describe|assert)\b/.test(node.expression.getText(source))) {
      const [first, ...others] = node.arguments
      const title = textOf(first)
      if (title !== undefined && others.length > 0) {
        const numbers = numbersIn(title)
        const asserts = /\b(assert|expect)\b/.test(others.map((argument) => argument.getText(source)).join(" "))
        if (numbers.length > 0) tests.push({ file, title, numbers, asserts })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return tests
}

const filesOf = (folder: string): ReadonlyArray<string> =>
  filesUnder(fileURLToPath(new URL(folder, root))).map((file) => relative(fileURLToPath(root), file))

const simulation = "tests/simulation"

export const named: ReadonlyArray<Named> = [
  ...packages.map((name) => `packages/${name}/test`),
  ...["core", "node"].map((name) => `packages/${name}/typetest`),
  "tests"
].flatMap(filesOf).filter((file) => !file.startsWith(simulation)).flatMap((file) => namedIn(file, read(file)))

/** The promises that every history of the simulation checks (`violate("R1", …)`). */
export const simulated: ReadonlySet<string> = new Set(
  filesOf(simulation).flatMap((file) =>
    [...read(file).matchAll(/\b(?:violate|fail)\("([RSCALOT]\d+)"/g)].map(([, number = ""]) => number)
  )
)

/** The tests whose title names this number. */
export const testsOf = (number: string): ReadonlyArray<Named> => named.filter(({ numbers }) => numbers.includes(number))

const short = (file: string): string => file.replace(/^packages\/|\/test(?=\/)|(\.test)?\.ts$/g, "")

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;")

/** The cell of a number: the titles of its tests by file, without their numbers. */
const proofs = (number: string): string => {
  const tests = testsOf(number)
  const of = [...new Set(tests.map(({ file }) => file))].map((file) => {
    const titles = tests
      .filter((test) => test.file === file)
      .map(({ title }) => title.replace(/^(?:[\w.]+, )*(?:8\.)?[A-Z]\d+: /, ""))
    return `\`${short(file)}\`: ${titles.map((title) => `“${cell(title)}”`).join(", ")}`
  })
  if (simulated.has(number)) of.push("every history of the [simulation](simulation.md)")
  const reason = untestable[number]
  return (reason === undefined ? of : [`*none*: ${cell(reason)}`]).join("<br>")
}

const rowsOf = (all: ReadonlyArray<Numbered>): string =>
  all.map(({ number, text }) => `| ${number} | ${text.replaceAll("<", "&lt;")} | ${proofs(number)} |`).join("\n")

/** The text of the page. */
export const generate = (): string =>
  `# Every promise, and what proves it

<!-- Generated by scripts/promises.ts: do not edit. -->

The title of a test names what it proves. \`core/runtime/session\` stands for \`packages/core/test/runtime/session.test.ts\`.
Tests in \`suite\` run in memory and on Node and, where possible, in a browser and against a real Kuzzle.

## The promises

These are the ${promises.length} promises of [requirements.md](spec/requirements.md).

| | Promise | Tests |
| --- | --- | --- |
${rowsOf(promises)}

## The faults of the official SDK, and the traps of the server

Section 8 of [kuzzle-protocol.md](spec/kuzzle-protocol.md) lists ${faults.length} faults, with the evidence. ${
    faults.length - Object.keys(untestable).length
  } of them have a test that would fail
if this library had the fault. ${
    Object.keys(untestable).length
  } cannot have one. The number of a fault has the prefix of its section: A1 is a promise, and 8.A1 is a fault.

| | Fault | Tests |
| --- | --- | --- |
${rowsOf(faults)}
`

if (isProgram(import.meta.url)) {
  writeFileSync(target, generate())
}
