/** Runs the commands of `docs/guides/schemas.md`. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { faultsOf } from "../packages/testing/test/schema/generated.ts"

const guide = Fs.readFileSync(fileURLToPath(new URL("../docs/guides/schemas.md", import.meta.url)), "utf8")

const blocks = (language: string): ReadonlyArray<string> =>
  Array.from(guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms")), ([, text]) => text ?? "")

/** Replaces the package of npm by the command of this workspace. */
const bin = fileURLToPath(new URL("../packages/testing/src/bin.ts", import.meta.url))
const npx = `npx() { shift; exec "${process.execPath}" --import tsx "${bin}" "$@"; }\n`

/** Node finds the dependencies of this package from here. The files are in another folder. */
const cwd = fileURLToPath(new URL("..", import.meta.url))

const listening = (child: ChildProcess) =>
  Effect.promise(() =>
    new Promise<string>((resolve, reject) => {
      let printed = ""
      const read = (chunk: Buffer) => {
        printed += chunk.toString()
        const [url] = /ws:\/\/[\d.:]+/.exec(printed) ?? []
        if (url !== undefined) resolve(url)
      }
      child.stdout?.on("data", read)
      child.stderr?.on("data", read)
      child.on("close", (code) => reject(new Error(`the server ended with ${code}: ${printed}`)))
    })
  )

it.scopedLive(
  "docs/guides/schemas.md: its commands write the file that it shows, and its program compiles with it",
  () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "kuzzle-guide-"))),
        (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
      )
      const [, serve, schema, run, ...others] = blocks("sh")
      assert(serve !== undefined && schema !== undefined)
      assert.strictEqual(run, "npx tsx main.ts\n")
      assert.lengthOf(others, 0)
      const inFolder = (script: string) => script.replace(/[\w/]+\.(?:json|ts)\b/g, (file) => Path.join(folder, file))
      const server = yield* Effect.acquireRelease(
        Effect.sync(() => spawn("sh", ["-c", `${npx}${inFolder(serve.trimEnd())} --port 0`], { cwd })),
        (server) => Effect.sync(() => server.kill("SIGKILL"))
      )
      const url = yield* listening(server)
      const script = npx + inFolder(schema.replace("ws://localhost:7512", url))
      yield* Effect.promise(() => promisify(execFile)("sh", ["-c", script], { cwd }))
      const text = Fs.readFileSync(Path.join(folder, "kuzzle.ts"), "utf8")
      const [schemaBlock = ""] = blocks("ts")
      assert.include(text, schemaBlock.slice(schemaBlock.indexOf("/** The documents")))
      const [program = ""] = blocks("typescript")
      assert.deepStrictEqual(
        yield* Effect.promise(() => faultsOf([text, program.replace("./kuzzle.ts", "./generated0.ts")])),
        []
      )
    }),
  120_000
)
