/** `effect-kuzzle schema` against a real server: its requests, its files and its errors. */
import { KuzzleAuth, KuzzleCollection, KuzzleDocument, KuzzleIndex, KuzzleSecurity } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import type { KuzzleEngine } from "@effect-kuzzle/testing"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Either, Layer, Redacted } from "effect"
import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { temporaryFolder } from "../../core/test/support/temporaryFolder.ts"
import { type Environment, parse } from "../src/internal/command/commandLine.ts"
import { run } from "./schema/command.ts"
import { assertFits, assertMapped, repositoriesOf } from "./schema/generated.ts"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

/** The message with which the command fails. */
const refusal = (...argv: ReadonlyArray<string>) => Effect.map(Effect.flip(run(...argv)), ({ message }) => message)

const taxi = { index: "nyc", collection: "taxi" }

const mappings = { properties: { plate: { type: "keyword" }, at: { type: "geo_point" }, seen: { type: "date" } } }

const contents = [
  { plate: "a", at: { lat: 1.5, lon: 2 }, seen: "2030-01-01T00:00:00.000Z" },
  { plate: "b", at: { lat: 1, lon: 2 }, note: { text: "not mapped" } }
]

/** Starts a server with a collection, and returns its address. */
const filled = (options: KuzzleEngine.Options = {}) =>
  Effect.map(
    Layer.build(KuzzleTestServer.layer({
      mappings: { nyc: { taxi: mappings } },
      fixtures: { nyc: { taxi: contents.flatMap((content, n) => [{ create: { _id: `t${n}` } }, content]) } },
      ...options
    })),
    (context) => Context.get(context, KuzzleTestServer.KuzzleTestServer).url
  )

describe("effect-kuzzle schema", () => {
  it.scopedLive(
    "writes a file that fits the server, and overwrites it only if it was not edited",
    () =>
      Effect.gen(function*() {
        const url = yield* filled()
        const path = Path.join(yield* temporaryFolder, "kuzzle.ts")
        const [printed = ""] = yield* run("--url", url, "--out", path)
        assert.strictEqual(printed, `${path}: written from 2 documents of nyc/taxi`)
        const text = Fs.readFileSync(path, "utf8")
        const taxis = repositoriesOf(text).get("taxi")
        assert(taxis !== undefined)
        assertFits(taxis, contents)
        yield* assertMapped(taxis).pipe(Effect.provide(NodeKuzzle.layer({ url })))

        yield* KuzzleDocument.create({ ...taxi, content: { plate: "c", seats: 4 }, refresh: "wait_for" }).pipe(
          Effect.provide(NodeKuzzle.layer({ url }))
        )
        yield* run("--url", url, "--out", path)
        assert.include(
          Fs.readFileSync(path, "utf8"),
          "seats: Schema.optional(Schema.Number.pipe(KuzzleMappings.unmapped))"
        )

        Fs.appendFileSync(path, "export const mine = 1\n")
        const edited = Fs.readFileSync(path, "utf8")
        assert.match(
          yield* refusal("--url", url, "--out", path),
          /was edited since.*Move the edits to a file that imports/
        )
        assert.strictEqual(Fs.readFileSync(path, "utf8"), edited)
        assert.deepStrictEqual(Fs.readdirSync(Path.dirname(path)), ["kuzzle.ts"])
      }),
    60_000
  )

  it.scopedLive("leaves a file that it has not written unchanged", () =>
    Effect.gen(function*() {
      const path = Path.join(yield* temporaryFolder, "kuzzle.ts")
      Fs.writeFileSync(path, "export {}\n")
      // It sends no request to the server.
      assert.include(
        yield* refusal("--url", "ws://127.0.0.1:1", "--out", path),
        `${path}: was not written by this command, so it was not replaced`
      )
      assert.strictEqual(Fs.readFileSync(path, "utf8"), "export {}\n")
    }))

  it.scopedLive("reads only the named indexes, and prints the result without --out", () =>
    Effect.gen(function*() {
      const url = yield* filled()
      yield* Effect.provide(
        Effect.zipRight(
          KuzzleIndex.create({ index: "paris" }),
          KuzzleCollection.create({ index: "paris", collection: "bus" })
        ),
        NodeKuzzle.layer({ url })
      )
      const [all = ""] = yield* run("--url", url)
      assert.include(all, "export const NycTaxi = ")
      assert.include(all, "export const ParisBus = ")
      const [paris = ""] = yield* run("--url", url, "--index", "paris")
      assert.include(paris, "export const Bus = ")
      assert.notInclude(paris, "axi =")
      assert.include(
        yield* refusal("--url", url, "--index", "london"),
        "there is no index london: it has nyc, paris"
      )
    }), 60_000)

  it.scopedLive("reads the oldest and the newest documents of a collection", () =>
    Effect.gen(function*() {
      const url = yield* filled()
      const documents = Array.from(
        { length: 1100 },
        (_, n) => ({ body: { plate: `p${n}`, [n < 550 ? "old" : "new"]: n } })
      )
      yield* Effect.forEach(
        Array.from({ length: 6 }, (_, i) => documents.slice(200 * i, 200 * (i + 1))),
        (documents) => KuzzleDocument.mCreate({ ...taxi, documents, refresh: "wait_for", strict: true })
      ).pipe(Effect.provide(NodeKuzzle.layer({ url })))
      const [text = ""] = yield* run("--url", url)
      assert.include(text, "1000 documents")
      assert.include(text, "old: Schema.optional(")
      assert.include(text, "new: Schema.optional(")
    }), 60_000)

  it.scopedLive("logs in by a password or by an API key", () =>
    Effect.gen(function*() {
      const password = "se:cret"
      const url = yield* filled({ users: [{ username: "ada", password, profileIds: ["admin"] }] })
      const [text = ""] = yield* run("--url", url, "--user", `ada:${password}`)
      assert.include(text, "export const Taxi")
      assert.match(yield* refusal("--url", url, "--user", "ada:wrong"), /cannot log in as ada: .*\n.*--user/)
      const login = KuzzleAuth.login({
        strategy: "local",
        credentials: { username: "ada", password: Redacted.make(password) }
      })
      const { _source: { token } } = yield* Effect.zipRight(
        login,
        KuzzleSecurity.createApiKey({ userId: "ada", description: "schema" })
      ).pipe(Effect.provide(NodeKuzzle.layer({ url })))
      assert.deepStrictEqual(yield* run("--url", url, "--api-key", Redacted.value(token)), [text])
      assert.match(yield* refusal("--url", url, "--api-key", "kapikey-wrong"), /security:createApiKey/)
    }), 60_000)

  it.scopedLive("reports missing rights with their user, and addresses without a server", () =>
    Effect.gen(function*() {
      const few = {
        controllers: { auth: { actions: { login: true } }, server: { actions: { publicApi: true, openapi: true } } }
      }
      const url = yield* filled({
        users: [{ username: "bob", password: "secret" }],
        securities: { roles: { default: few, anonymous: few } }
      })
      assert.match(yield* refusal("--url", url), /cannot list the indexes: .*\nlog in with --user/)
      assert.match(
        yield* refusal("--url", url, "--user", "bob:secret"),
        /cannot list the indexes: .*\ngive the user the right to do index:list/
      )
      assert.match(
        yield* refusal("--url", "ws://127.0.0.1:1"),
        /^ws:\/\/127\.0\.0\.1:1: cannot read the actions: .*\ngive the address of a running Kuzzle with --url/
      )
      assert.include(yield* refusal("--url", "nowhere"), "expected an address such as ws://localhost:7512")
    }), 60_000)

  it.scopedLive("says why a file cannot be written, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const url = yield* filled()
      const folder = yield* temporaryFolder
      assert.match(
        yield* refusal("--url", url, "--out", Path.join(folder, "src", "kuzzle.ts")),
        /cannot be written: its folder does not exist: create it/
      )
      const path = Path.join(folder, "kuzzle.ts")
      // The limit counts blocks of 512 bytes or of 1,024 bytes.
      const limited = `ulimit -f 0 && exec "$0" "$@"`
      const [code, printed] = yield* Effect.async<readonly [unknown, string]>((resume) => {
        execFile(
          "sh",
          ["-c", limited, process.execPath, "--import", "tsx", bin, "schema", "--url", url, "--out", path],
          (error, stdout, stderr) => resume(Effect.succeed([error?.code, stdout + stderr]))
        )
      })
      assert.include(printed, `${path}: cannot be written: `)
      assert.strictEqual(code, 1)
      assert.deepStrictEqual(Fs.readdirSync(folder), [])
    }), 60_000)

  it("understands its options, and shows no part of a secret", () => {
    const loginOf = (environment: Environment, ...argv: ReadonlyArray<string>) => {
      const command = Either.getOrThrow(parse(["schema", ...argv], { KUZZLE_URL: "ws://a", ...environment }))
      assert(command._tag === "WriteSchema" && command.url === "ws://a")
      assert.notInclude(JSON.stringify(command), "secret")
      const { login } = command
      return login._tag === "User"
        ? [login.username, Redacted.value(login.password)]
        : login._tag === "ApiKey"
        ? Redacted.value(login.key)
        : undefined
    }
    const ada = { KUZZLE_USERNAME: "ada", KUZZLE_PASSWORD: "secret" }
    assert.strictEqual(loginOf({}), undefined)
    assert.strictEqual(loginOf({ KUZZLE_API_KEY: "kapikey-secret" }), "kapikey-secret")
    assert.deepStrictEqual(loginOf(ada), ["ada", "secret"])
    assert.deepStrictEqual(loginOf(ada, "--user", "bob:se:cret"), ["bob", "se:cret"])
    assert.strictEqual(loginOf(ada, "--api-key", "kapikey-secret"), "kapikey-secret")
    const issueIn = (environment: Environment, ...argv: ReadonlyArray<string>) =>
      Either.getOrThrow(Either.flip(parse(["schema", ...argv], environment))).issue
    const issueOf = (...argv: ReadonlyArray<string>) => issueIn({}, ...argv)
    assert.include(issueOf(), "--url ws://localhost:7512")
    assert.include(issueIn({ KUZZLE_USERNAME: "ada" }, "--url", "ws://a"), "KUZZLE_PASSWORD is not")
    assert.include(issueIn({ ...ada, KUZZLE_API_KEY: "k" }, "--url", "ws://a"), "unset one of them")
    assert.include(issueOf("--url", "ws://a", "--user", "ada:secret", "--api-key", "k"), "give one of them")
    assert.notInclude(issueOf("--url", "ws://a", "--user", ":hunter2"), "hunter2")
    assert.include(issueOf("--url", "ws://a", "--prot", "1"), "--prot")
    const help = Either.getOrThrow(parse(["schema", "--help"]))
    assert(help._tag === "Help")
    assert.include(help.text, "--out <file>")
  })
})
