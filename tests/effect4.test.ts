/** The twins of the port to Effect 4, and the rules of its codemod. */
import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { setImmediate } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { File, nameOf, type Rule, type Rules } from "../scripts/effect4/codemod.ts"
import { examplesOf, withExamples } from "../scripts/effect4/examples.ts"
import { exceptions } from "../scripts/effect4/exceptions.ts"
import { judge, type Report } from "../scripts/effect4/judge.ts"
import { callRules, rules, valueRules } from "../scripts/effect4/rules.ts"
import { excluded } from "../scripts/effect4/scope.ts"
import { packages } from "../scripts/packages.ts"
import { filesUnder, programOf } from "../scripts/typescript.ts"
import { callCases, type Case, ruleCases, valueCases } from "./effect4.cases.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

const folders = packages.flatMap((name) => [`packages/${name}/src`, `packages/${name}/test`])

const twins = [...folders, "tests/simulation"].flatMap((folder) => filesUnder(Path.join(root, folder), [".effect4.ts"]))

const options: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  // Without the types of the DOM, the program is ready sooner.
  lib: ["lib.es2022.d.ts"],
  strict: true,
  skipLibCheck: true,
  types: []
}

/** A module of a program, as the codemod rewrites it. */
const transformed = (program: ts.Program, file: string, used = rules): string => {
  const source = program.getSourceFile(file)
  if (source === undefined) throw new Error(`${file} could not be parsed`)
  return new File(program, source, used, root).text()
}

/** The modules that the tables of the rules name, and some more. */
const modules = Array.from(
  new Set([
    ...Object.keys({ ...callRules, ...valueRules }).map((member) => member.slice(0, member.lastIndexOf("."))),
    "@effect/platform/HttpClientError",
    "@effect/platform/HttpClientRequest",
    "@effect/platform/Socket",
    "effect/Chunk",
    "effect/Console",
    "effect/Context",
    "effect/Either",
    "effect/FiberId",
    "effect/ManagedRuntime",
    "effect/Option",
    "effect/Scheduler",
    "effect/Scope"
  ])
).sort()

/** A module with this source. It imports the modules of Effect that the source names. */
const moduleOf = (source: string): string => {
  const imports = modules.filter((module) => new RegExp(`\\b${nameOf(module)}\\b`).test(source))
  const text = /^(?:class|const|export|import) /.test(source) ? source : `export const x = ${source}`
  return `${imports.map((module) => `import * as ${nameOf(module)} from "${module}"\n`).join("")}${text}\n`
}

/** The rules without one of them, or without one entry of the table of calls or values. */
const without = (rule: string): Rules => ({
  ...rules,
  rules: rules.rules.filter(({ name }) => name !== rule).map((one): Rule => (node, at) =>
    one.name === "callForms" && at.calleeOf(node) === rule || one.name === "valueForms" && at.memberOf(node) === rule
      ? undefined
      : one(node, at)
  )
})

describe("the port to Effect 4", () => {
  it("each twin has a module beside it that exports the same names", () => {
    const exported = (file: string) =>
      Array.from(
        Fs.readFileSync(file, "utf8").matchAll(/^export (?:const|class|type|interface) (\w+)/gm),
        ([, name]) => name
      )
        .sort()
    for (const twin of twins) {
      // Only code that the codemod has written uses it.
      if (twin.endsWith("resume.effect4.ts")) continue
      assert.deepStrictEqual(exported(twin), exported(twin.replace(".effect4.ts", ".ts")), twin)
    }
  })

  it("twins have at most 600 lines", () => {
    const lines = twins.map((twin) => Fs.readFileSync(twin, "utf8").split("\n").length - 1)
    assert.isAtMost(lines.reduce((sum, count) => sum + count, 0), 600)
  })

  it("each rule, call and value that changes its form has a case", () => {
    const named = (cases: ReadonlyArray<Case>) => [...new Set(cases.map(([rule]) => rule))].sort()
    assert.deepStrictEqual(named(ruleCases), rules.rules.map(({ name }) => name).sort())
    assert.deepStrictEqual(named(callCases), Object.keys(callRules).sort())
    assert.deepStrictEqual(named(valueCases), Object.keys(valueRules).sort())
  })

  it("each rule writes the form of Effect 4, and no other rule does", { timeout: 300_000 }, async () => {
    const cases = [...ruleCases, ...callCases, ...valueCases]
    // The rule of `Effect.async` applies to the sources of core only, and that of `KeyValueStore.make` to tests only.
    const fileOf = (rule: string, index: number) =>
      Path.join(root, "packages/core", rule === "resumes" ? "src" : "test", `case${index}.ts`)
    const program = programOf(
      options,
      new Map(cases.map(([rule, source], index) => [fileOf(rule, index), moduleOf(source)]))
    )
    const faults: Array<string> = []
    for (const [index, [rule, , expected]] of cases.entries()) {
      const file = fileOf(rule, index)
      const text = transformed(program, file)
      if (!text.includes(expected)) faults.push(`${rule} writes ${text}`)
      if (transformed(program, file, without(rule)).includes(expected)) faults.push(`${rule} is not needed`)
      // The compiler blocks this process. Messages of the test runner time out unless they are read in between.
      await setImmediate()
    }
    assert.deepStrictEqual(faults, [])
  })

  it("an example in a docstring is a module, and its translation takes its place", () => {
    const file = "packages/core/src/KuzzleFilter.ts"
    const text = Fs.readFileSync(Path.join(root, file), "utf8")
    const examples = examplesOf(root, file)
    assert.isAbove(examples.length, 1)
    for (const [, example] of examples) assert.match(example, /^import /)
    assert.strictEqual(withExamples(file, text, examples), text)
    const changed = withExamples(file, text, examples.map(([path]) => [path, "import \"a\"\n\nb()\n"]))
    assert.include(changed, " * ```ts\n * import \"a\"\n *\n * b()\n * ```\n")
    assert.throws(() => withExamples(file, text, examples.slice(1)), "a rule removed or added an example")
  })

  it("a failing test must be listed as an exception, and a passing test must not be listed", () => {
    const report: Report = {
      testResults: [
        {
          name: "/4/a.test.ts",
          status: "failed",
          assertionResults: [
            { fullName: "group one", status: "passed" },
            { fullName: "group two", status: "failed", failureMessages: ["Error: other\n  at x"] },
            { fullName: "group three", status: "failed", failureMessages: ["Error: known"] }
          ]
        },
        { name: "/4/b.test.ts", status: "failed", message: "no such name", assertionResults: [] }
      ]
    }
    const listed = (title: string) => ({ file: "a.test.ts", title, reason: "it is known" })
    assert.deepStrictEqual(judge(report, [listed("three"), listed("one")], "/4"), {
      passed: 1,
      skipped: 0,
      excepted: 1,
      failed: ["a.test.ts > group two\n    Error: other", "b.test.ts does not load\n    no such name"],
      stale: ["a.test.ts > one"]
    })
    // An exception for a file that was not run is not stale.
    assert.deepStrictEqual(judge({ testResults: [] }, [listed("one")], "/4").stale, [])
  })

  it("each exception, and each excluded file, exists", () => {
    const files = [...exceptions.map(({ file }) => file), ...Object.keys(excluded)]
    for (const file of files) assert.isTrue(Fs.existsSync(Path.join(root, file)), file)
  })
})
