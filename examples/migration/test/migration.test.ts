/** Runs the programs of docs/migration.md, and `kuzzle-sdk` in a page, against the development server. */
import { assert, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { chromium } from "playwright"

const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium"
const root = new URL("../../../", import.meta.url)
const { resolve } = createRequire(import.meta.url)

/** Runs a file of the repository. The packages are resolved to their sources. */
const run = (file: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}) => {
  const child = spawn(
    process.execPath,
    [resolve("tsx/cli"), "--tsconfig", "tsconfig.json", file, ...args],
    { cwd: fileURLToPath(root), env: { ...process.env, ...env }, stdio: "pipe" }
  )
  let printed = ""
  for (const output of [child.stdout, child.stderr]) output.on("data", (text) => void (printed += String(text)))
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  return { child, ended, output: child.stdout, printed: () => printed }
}

/** Starts the development server as `npx @effect-kuzzle/testing --user ada:secret` does, and stops it after `body`. */
const withServer = async (
  body: (server: { readonly port: string; readonly printed: () => string }) => Promise<void>
) => {
  const server = run("packages/testing/src/bin.ts", ["--port", "0", "--user", "ada:secret"])
  try {
    const port = await new Promise<string>((resolve, reject) => {
      server.output.on("data", () => {
        const [, port] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(server.printed()) ?? []
        if (port !== undefined) resolve(port)
      })
      void server.ended.then(() => reject(new Error(`the server ended:\n${server.printed()}`)))
    })
    await body({ port, printed: server.printed })
  } finally {
    server.child.kill("SIGTERM")
    await server.ended
  }
}

const expected = [
  "25 written, 0 refused",
  "taxi-7 is free",
  "81 seats are busy",
  "there is no such taxi",
  "24 are left"
]

it("the program with kuzzle-sdk and the one with KuzzlePromise print the same", () =>
  withServer(async ({ port }) => {
    for (const file of ["before.mjs", "after.ts"]) {
      const program = run(`examples/migration/src/${file}`, [], { KUZZLE_PORT: port, KUZZLE_PASSWORD: "secret" })
      const code = await program.ended
      assert.deepStrictEqual(program.printed().trim().split("\n"), expected, file)
      assert.strictEqual(code, 0, file)
    }
  }), 60_000)

it("the guide shows the programs as they are", () => {
  const guide = readFileSync(new URL("docs/migration.md", root), "utf8")
  for (const file of ["before.mjs", "after.ts"]) {
    assert.include(guide, readFileSync(new URL(`../src/${file}`, import.meta.url), "utf8"), file)
  }
})

/**
 * What the page runs, as text, because the page has none of our types.
 *
 * In `kuzzle-sdk` 7.17.1, a login by cookie over a WebSocket always rejects: after the answer the SDK reconnects, and rejects
 * its pending requests, the login among them. So the login goes over HTTP, and the WebSocket sends the cookie in its
 * handshake.
 */
const pageProgram = `async (port) => {
  const { Http, Kuzzle, WebSocket } = KuzzleSDK
  const http = new Kuzzle(new Http("127.0.0.1", { port }), { cookieAuth: true })
  await http.connect()
  await http.auth.login("local", { username: "ada", password: "secret" })
  const kuzzle = new Kuzzle(new WebSocket("127.0.0.1", { port }), { cookieAuth: true })
  await kuzzle.connect()
  const user = (await kuzzle.auth.getCurrentUser())._id
  await kuzzle.index.create("nyc")
  await kuzzle.collection.create("nyc", "taxi", { mappings: { properties: { seats: { type: "integer" } } } })
  const notified = new Promise((resolve) => kuzzle.realtime.subscribe("nyc", "taxi", {}, resolve).then(() =>
    kuzzle.document.create("nyc", "taxi", { seats: 4 }, "a", { refresh: "wait_for" })))
  const { result } = await notified
  await kuzzle.collection.refresh("nyc", "taxi")
  const { total } = await kuzzle.document.search("nyc", "taxi", { query: { range: { seats: { gte: 4 } } } })
  const { author } = (await kuzzle.document.get("nyc", "taxi", "a"))._source._kuzzle_info
  const cookie = document.cookie
  kuzzle.disconnect()
  await http.auth.logout()
  return { user, notified: result._id, total, author, cookie, after: (await http.auth.getCurrentUser())._id }
}`

it.skipIf(!existsSync(executablePath))(
  "kuzzle-sdk in a page, its session kept by a cookie",
  () =>
    withServer(async ({ port, printed }) => {
      const pages = createServer((_, response) => {
        response.setHeader("content-type", "text/html").end("<title>A page of another port</title>")
      }).listen(0, "127.0.0.1")
      await new Promise((resolve) => pages.once("listening", resolve))
      const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] })
      try {
        const page = await browser.newPage()
        // A TCP server that listens has an address. Only a pipe has a name (a string) instead.
        await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}`)
        // Bundlers define it for modules that read `process.env`.
        await page.addScriptTag({ content: "globalThis.process = { env: {} }" })
        await page.addScriptTag({ path: resolve("kuzzle-sdk").replace(/out\/.*$/, "dist/kuzzle.js") })
        assert.deepStrictEqual(await page.evaluate(`(${pageProgram})(${port})`), {
          user: "ada",
          notified: "a",
          total: 1,
          author: "ada",
          cookie: "",
          after: "-1"
        }, printed())
      } finally {
        await browser.close()
        pages.close()
      }
    }),
  60_000
)
