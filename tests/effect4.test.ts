/** The twins of the port to Effect 4, and the rules of its codemod. */
import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { File } from "../scripts/effect4/codemod.ts"
import { exceptions } from "../scripts/effect4/exceptions.ts"
import { judge, type Report } from "../scripts/effect4/judge.ts"
import { rules } from "../scripts/effect4/rules.ts"
import { packages } from "../scripts/packages.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

const folders = packages.flatMap((name) => [`packages/${name}/src`, `packages/${name}/test`])

const twins = [...folders, "tests/simulation"].flatMap((folder) =>
  Fs.readdirSync(Path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".effect4.ts"))
    .map((file) => Path.join(root, folder, file))
)

/** A module of core, as the codemod rewrites it. */
const transformed = (text: string): string => {
  const fileName = Path.join(root, "packages/core/src/internal/sample.ts")
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    skipLibCheck: true,
    types: []
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile } = host
  host.fileExists = (name) => name === fileName || fileExists(name)
  host.getSourceFile = (name, target) =>
    name === fileName ? ts.createSourceFile(name, text, target) : getSourceFile(name, target)
  const program = ts.createProgram([fileName], options, host)
  const source = program.getSourceFile(fileName)
  if (source === undefined) throw new Error("the module could not be parsed")
  return new File(program, source, rules, root).text()
}

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

  it(
    "names are resolved by their imports, and a value that is no effect in Effect 4 becomes one",
    { timeout: 60_000 },
    () => {
      const text = transformed(`import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberId from "effect/FiberId"
import * as Cause from "effect/Cause"
import * as Random from "effect/Random"

const own = { catchAll: 1, left: 2 }
export const sum = own.catchAll + own.left
export const recovered = Effect.catchAll(Effect.fail("a"), () => Either.right(1))
export const yielded = Effect.gen(function*() {
  const either: Either.Either<number, string> = Either.right(1)
  return yield* either
})
export const forked = Effect.fork(Effect.never)
export const interrupted = Cause.interrupt(FiberId.none)
export const drawn = Random.nextIntBetween(0, 2)
`)
      for (
        const expected of [
          `import * as Result from "effect/Result"`,
          "own.catchAll + own.left",
          `Effect.catch(Effect.fail("a"), () => Effect.succeed(1))`,
          "yield* Effect.fromResult(either)",
          "Effect.forkChild(Effect.never, { startImmediately: true, uninterruptible: \"inherit\" })",
          "Cause.interrupt()",
          "Random.nextIntBetween(0, 2, { halfOpen: true })"
        ]
      ) assert.include(text, expected)
      assert.notInclude(text, "FiberId")
    }
  )

  it("the parts of a Schema become one array, and a stored name moves to the whole Schema", { timeout: 60_000 }, () => {
    const text = transformed(`import * as Schema from "effect/Schema"

export const taxi = Schema.Struct({
  status: Schema.Literal("free", "busy"),
  since: Schema.DateFromNumber,
  driver: Schema.optionalWith(Schema.String, { as: "Option" }),
  plate: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("license"))
})
`)
    for (
      const expected of [
        `Schema.encodeKeys({ plate: "license" })(Schema.Struct({`,
        `status: Schema.Literals(["free", "busy"])`,
        "since: Schema.DateFromMillis",
        "driver: Schema.OptionFromOptional(Schema.String)",
        "plate: Schema.String\n"
      ]
    ) assert.include(text, expected)
  })

  it("a failing test must be listed, and a passing test must not be", () => {
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
    // A run of some files does not judge the others.
    assert.deepStrictEqual(judge({ testResults: [] }, [listed("one")], "/4").stale, [])
  })

  it("each exception names a file that exists", () => {
    for (const { file } of exceptions) assert.isTrue(Fs.existsSync(Path.join(root, file)), file)
  })
})
