import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Option, Redacted } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { temporaryFolder } from "../../core/test/support/temporaryFolder.ts"
import { parse } from "../src/internal/command/commandLine.ts"
import { line } from "../src/internal/command/requestLog.ts"
import type { AnsweredRequest } from "../src/KuzzleEngine.ts"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

interface Running {
  readonly process: ChildProcess
  /** The text that the process has printed on both outputs. */
  readonly printed: () => string
  /** The address, once it is printed. */
  readonly url: Effect.Effect<string>
  readonly exitCode: Effect.Effect<number | null>
}

const start = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync((): Running => {
      const child = spawn(process.execPath, ["--import", "tsx", bin, ...args], { stdio: ["ignore", "pipe", "pipe"] })
      let text = ""
      const exited = new Promise<number | null>((resolve) => child.on("close", resolve))
      const listening = new Promise<string>((resolve, reject) => {
        const read = (chunk: Buffer) => {
          text += chunk.toString()
          const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(text) ?? []
          if (url !== undefined) resolve(url)
        }
        child.stdout.on("data", read)
        child.stderr.on("data", read)
        void exited.then(() => reject(new Error(`it ended: ${text}`)))
      })
      // A test that never waits for the address has no use for this failure.
      listening.catch(() => {})
      return {
        process: child,
        printed: () => text,
        url: Effect.promise(() => listening),
        exitCode: Effect.promise(() => exited)
      }
    }),
    ({ exitCode, process }) => Effect.zipRight(Effect.sync(() => process.kill("SIGKILL")), exitCode)
  )

const send = (url: string, path: string, method = "GET", body?: object) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    // Safe: every answer of Kuzzle has this shape.
    return await response.json() as Promise<{ readonly status: number; readonly result: Record<string, unknown> }>
  })

describe("the command", () => {
  it.scopedLive(
    "serves the given data, prints requests, and ends cleanly with SIGTERM",
    () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder
        const file = (name: string, content: unknown) => {
          const path = Path.join(folder, name)
          Fs.writeFileSync(path, JSON.stringify(content))
          return path
        }
        const server = yield* start(
          ...["--port", "0", "--user", "ada:secret"],
          ...["--mappings", file("m.json", { nyc: { taxi: { properties: { seats: { type: "integer" } } } } })],
          ...["--fixtures", file("f.json", { nyc: { taxi: [{ index: { _id: "a" } }, { seats: 4 }] } })]
        )
        const url = yield* server.url
        const login = yield* send(url, "/_login/local", "POST", { username: "ada", password: "secret" })
        assert.strictEqual(login.result._id, "ada")
        assert.deepInclude((yield* send(url, "/nyc/taxi/a")).result._source, { seats: 4 })
        yield* send(url, "/nyc/taxi/b")
        server.process.kill("SIGTERM")
        assert.strictEqual(yield* server.exitCode, 0)
        assert.match(server.printed(), /\d\d:\d\d:\d\d 200 document:get nyc\/taxi \(anonymous\)\n/)
        assert.match(server.printed(), / 404 document:get nyc\/taxi \(anonymous\): services.storage.not_found: /)
        assert.notInclude(server.printed(), "secret")
      }),
    60_000
  )

  it.scopedLive(
    "--save: answered changes survive kill -9, and only one server uses a folder at a time",
    () =>
      Effect.gen(function*() {
        const folder = Path.join(yield* temporaryFolder, "data")
        const arguments_ = ["--port", "0", "--save", folder]
        const first = yield* start(...arguments_)
        const url = yield* first.url
        yield* send(url, "/nyc/_create", "POST")
        yield* send(url, "/nyc/taxi", "PUT")
        const writes = Array.from({ length: 50 }, (_, n) => send(url, `/nyc/taxi/d${n}/_create`, "POST", { n }))
        for (const { status } of yield* Effect.all(writes, { concurrency: 10 })) assert.strictEqual(status, 200)
        const other = yield* start(...arguments_)
        assert.strictEqual(yield* other.exitCode, 1)
        assert.include(other.printed(), `process ${first.process.pid} uses the folder`)
        first.process.kill("SIGKILL")
        yield* first.exitCode
        // As after a kill in the middle of a write.
        Fs.appendFileSync(Path.join(folder, "kuzzle.jsonl"), "[\"document\",\"nyc/taxi\",\"d")
        const second = yield* start(...arguments_)
        const { result } = yield* send(yield* second.url, "/nyc/taxi/_count", "POST")
        assert.strictEqual(result.count, 50)
      }),
    60_000
  )

  it.scopedLive("--save: a folder with other files is refused and not changed", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const path = Path.join(folder, "kuzzle.jsonl")
      Fs.writeFileSync(path, "something else\n")
      const server = yield* start("--save", folder, "--port", "0")
      assert.strictEqual(yield* server.exitCode, 1)
      assert.include(server.printed(), "was not written by this program")
      assert.strictEqual(Fs.readFileSync(path, "utf8"), "something else\n")
    }), 60_000)

  it.scopedLive("the error for a port that is taken names the option to set", () =>
    Effect.gen(function*() {
      const first = yield* start("--port", "0")
      const { port } = new URL(yield* first.url)
      const second = yield* start("--port", port)
      assert.strictEqual(yield* second.exitCode, 1)
      assert.include(second.printed(), `cannot listen on 127.0.0.1:${port}: the port is taken`)
      assert.include(second.printed(), "set --port to another port, or to 0 for any free one")
    }), 60_000)

  it("invalid arguments are refused with a reason", () => {
    const issueOf = (...argv: ReadonlyArray<string>) => Either.getOrThrow(Either.flip(parse(argv))).issue
    assert.include(issueOf("--prot", "1"), "--prot")
    assert.include(issueOf("--port", "65536"), "from 0 to 65535")
    assert.include(issueOf("elsewhere"), "elsewhere")
    assert.notInclude(issueOf("--user", ":hunter2"), "hunter2")
  })

  it("a user may have profiles", () => {
    const command = Either.getOrThrow(parse(["--user", "ada:secret:admin,default", "--user", "bob:pw"]))
    assert(command._tag === "Serve")
    assert.deepStrictEqual(command.users.map(({ profileIds }) => profileIds), [["admin", "default"], undefined])
    assert.strictEqual(command.users.map(({ password }) => Redacted.isRedacted(password)).includes(false), false)
  })

  it("control characters of a client cannot break a line of the log", () => {
    const answered: AnsweredRequest = {
      protocol: "websocket",
      controller: "document",
      action: "get\n12:00:00 200 admin:resetDatabase",
      index: Option.some("nyc"),
      collection: Option.none(),
      userId: "-1",
      status: 404,
      error: Option.some({ id: Option.none(), message: "no\u001b[2J" })
    }
    const text = line(answered, new Date(2030, 0, 1, 9, 5, 7))
    assert.strictEqual(text, "09:05:07 404 document:get 12:00:00 200 admin:resetDatabase nyc (anonymous): no [2J")
  })
})
