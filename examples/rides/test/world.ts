/** The environment of a scenario: the page of the rides, served by `vite`, and an embedded Kuzzle. */
import * as KuzzleEngine from "@effect-kuzzle/testing/KuzzleEngine"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { Context, Effect, Layer, type Scope, Stream } from "effect"
import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright"
import { createServer, type ViteDevServer } from "vite"

const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium"

/** The tests are skipped without Chromium. */
export const hasBrowser = existsSync(executablePath)

export interface WorldShape {
  readonly kuzzle: KuzzleTestServer.KuzzleTestServerShape
  readonly engine: KuzzleEngine.KuzzleEngineShape
  /** The actions that Kuzzle has answered so far, such as `document:search`. */
  readonly answered: ReadonlyArray<string>
  readonly vite: ViteDevServer
  /** Opens the page in a browser with a storage of its own. */
  readonly open: (options?: BrowserContextOptions) => Promise<Page>
  /** Closes all pages, and waits until Kuzzle has no connection. */
  readonly closePages: () => Promise<void>
  /** The exceptions in the pages, and the errors and warnings of their consoles. */
  readonly faults: Array<string>
}

export class World extends Context.Tag("World")<World, WorldShape>() {}

const json = (name: string) =>
  Effect.promise(async () => JSON.parse(await readFile(new URL(`../kuzzle/${name}.json`, import.meta.url), "utf8")))

/** Whether the browser logs a cut socket, which is not a fault of the page. */
const isOfNetwork = (text: string) => /WebSocket connection to|net::ERR_/.test(text)

const make = (folder: string): Effect.Effect<WorldShape, never, Scope.Scope> =>
  Effect.gen(function*() {
    const server = yield* Effect.orDie(Layer.build(
      KuzzleTestServer.layer({ mappings: yield* json("mappings"), fixtures: yield* json("fixtures") })
    ))
    const kuzzle = yield* Effect.provide(KuzzleTestServer.KuzzleTestServer, server)
    const engine = yield* Effect.provide(KuzzleEngine.KuzzleEngine, server)
    const answered: Array<string> = []
    yield* Effect.forkScoped(
      Stream.runForEach(
        engine.answers,
        ({ action, controller }) => Effect.sync(() => answered.push(`${controller}:${action}`))
      )
    )

    const vite = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const server = await createServer({
          root: fileURLToPath(new URL(`../../${folder}`, import.meta.url)),
          // A developer's server may use the default folder at the same time.
          cacheDir: "node_modules/.vite-test",
          logLevel: "error",
          define: { "import.meta.env.VITE_KUZZLE_URL": JSON.stringify(kuzzle.url) },
          server: { port: 0, host: "127.0.0.1" }
        })
        return server.listen()
      }),
      (server) => Effect.promise(() => server.close())
    )
    const browser = yield* Effect.acquireRelease(
      Effect.promise(() => chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] })),
      (browser) => Effect.promise(() => browser.close())
    )
    const faults: Array<string> = []
    const closePages = async () => {
      await Promise.all(browser.contexts().map((context) => context.close()))
      await until(async () => await Effect.runPromise(kuzzle.connections) === 0)
    }
    // The first visit takes longest, because vite bundles the dependencies.
    yield* Effect.promise(async () => {
      await (await open(browser, vite, faults)).waitForSelector("h1")
      await closePages()
    })
    return {
      kuzzle,
      engine,
      answered,
      vite,
      faults,
      open: (options) => open(browser, vite, faults, options),
      closePages
    }
  })

/** @param folder the folder of the example, such as `react` */
export const layer = (folder: string): Layer.Layer<World> => Layer.scoped(World, make(folder))

const open = async (
  browser: Browser,
  vite: ViteDevServer,
  faults: Array<string>,
  options: BrowserContextOptions = {}
): Promise<Page> => {
  const context = await browser.newContext(options)
  // Only the deadline of the test limits the wait, because a busy machine is slow.
  context.setDefaultTimeout(0)
  const page = await context.newPage()
  page.on("pageerror", (error) => faults.push(error.message))
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !isOfNetwork(message.text())) faults.push(message.text())
  })
  await page.goto(vite.resolvedUrls?.local[0] ?? "")
  return page
}

/** Waits until the condition holds, limited by the deadline of the test. */
export const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}
