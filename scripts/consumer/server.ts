/** Starts the development server by the command that the package installs, and uses it. */
import { KuzzleAuth, KuzzleCollection, KuzzleIndex } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { Effect, Redacted } from "effect"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { promisify } from "node:util"

const command = "node_modules/.bin/effect-kuzzle"

const urlOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let printed = ""
    child.stdout?.on("data", (chunk: Buffer) => {
      printed += chunk.toString()
      const [url] = /ws:\/\/[\d.:]+/.exec(printed) ?? []
      if (url !== undefined) resolve(url)
    })
    child.on("close", (code) => reject(new Error(`the server ended with ${code}: ${printed}`)))
  })

const run = promisify(execFile)

/** Writes the Schemas of the server's collections by the command `schema`, and compiles the file. */
const writeSchema = async (url: string): Promise<void> => {
  await run(command, ["schema", "--url", url, "--user", "ada:secret", "--out", "generated.ts"])
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"]
  await run("node_modules/.bin/tsc", [...options, "generated.ts"])
  if (!readFileSync("generated.ts", "utf8").includes("export const taxi = KuzzleRepository.make(")) {
    throw new Error("the file has no repository of nyc/taxi")
  }
}

const program = Effect.gen(function*() {
  const child = spawn(command, ["--port", "0", "--user", "ada:secret", "--quiet"], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
  const url = yield* Effect.promise(() => urlOf(child))
  yield* Effect.zipRight(
    KuzzleAuth.login({
      strategy: "local",
      credentials: { username: "ada", password: Redacted.make("secret") }
    }),
    Effect.zipRight(KuzzleIndex.create({ index: "nyc" }), KuzzleCollection.create({ index: "nyc", collection: "taxi" }))
  ).pipe(Effect.provide(NodeKuzzle.layer({ url })))
  yield* Effect.promise(() => writeSchema(url))
  yield* Effect.promise(() => run(process.execPath, ["sdk.mjs", url], { timeout: 10_000 }))
  child.kill("SIGTERM")
  const code = yield* Effect.promise(() => ended)
  if (code !== 0) throw new Error(`the server ended with ${code}`)
  console.log(
    "the development server: a login, requests, a file of Schemas, kuzzle-sdk and a regular end"
  )
})

await Effect.runPromise(program)
