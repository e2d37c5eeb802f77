/** The development server, from the command that the package installs. */
import { KuzzleAuth, KuzzleServer } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { Effect, Redacted } from "effect"
import { type ChildProcess, spawn } from "node:child_process"

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
    KuzzleServer.now()
  ).pipe(Effect.provide(NodeKuzzle.layer({ url })))
  child.kill("SIGTERM")
  const code = yield* Effect.promise(() => ended)
  if (code !== 0) throw new Error(`the server ended with ${code}`)
  console.log("a server to develop against: logged in, asked, ended in order")
})

await Effect.runPromise(program)
