/**
 * Measures the size of the library in a browser, against budgets, and checks that no Node module gets there. It bundles `dist`,
 * so run `pnpm build` first.
 *
 * - own code: an application that uses Effect, Stream and Schema, with the library minus without it;
 * - standalone: a page with a small application and the library;
 * - three actions: a page that uses three actions, and must not contain others;
 * - three actions with Promises: the same page, which must contain only the modules that it names;
 * - live query: a page that follows a search, and must not contain the engine for patterns;
 * - outbox: the standalone page with the outbox in IndexedDB, minus the standalone page.
 */
import { build } from "esbuild"
import type { BuildFailure, Metafile, Plugin } from "esbuild"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

const root = Path.resolve(fileURLToPath(import.meta.url), "../..")

/**
 * In kilobytes of 1,000 bytes, gzip level 9.
 *
 * The goals are 20 KB for our own code and 80 KB for the whole page. Effect alone takes 59 KB of the page: 46 KB for a page with
 * one layer, and 13 KB for `Stream`. Our own code was 37.5 KB when this was measured, in KB that a page would save without
 * the part:
 *
 * - 7.1 subscriptions, 5.0 requests, 5.1 the session, 6.9 connections, 1.3 the heartbeat;
 * - 3.9 frames, and the checks of values before they are sent and of results before they are read;
 * - 1.8 errors, 1.7 settings;
 * - 3.0 functions of Effect that the application does not use itself, mainly `Effect.retry`.
 *
 * Since then have grown: connections, by the machine that polls the others and by opening without a fiber (which saves a
 * quarter of its CPU time); settings, by `apiKey` (0.7, mostly to find the user of the key); the session, by `DateTime` for
 * its end (1.1).
 *
 * 3.3 KB of this are the texts of errors. A page contains all parts because it may need all of them: the settings
 * (`autoQueue`), a `KuzzleTokenStore` and the server decide at run time what is used. Cookies, HTTP, and spans and metrics (2 KB)
 * are contained only if their layers are used. The goal of 20 KB would need another API, to which the parts are passed.
 *
 * The goal for the outbox is 5 KB, modules of Effect included. The pump takes 35 % of it, the database with the locks 33 %,
 * the rules for what to send next 10 %, the service with the payloads and the limit for waiting 15 %, modules of Effect 7 %.
 */
const budgets = { own: 40.3, standalone: 99.6, three: 98.7, promise: 103.7, live: 111.7, outbox: 9.5 }

/** The actions that the page with three actions uses. */
const threeActions = ["document:get", "server:now", "realtime:subscribe"]

/** The actions that the client itself sends. */
const ofClient = ["auth:refreshToken", "realtime:join", "realtime:unsubscribe"]

/** The controllers of the modules that the page with Promises names. Others must not be in it. */
const namedModules = ["document", "realtime", "server"]

const workspace: Plugin = {
  name: "workspace",
  setup(build) {
    build.onResolve({ filter: /^@effect-kuzzle\// }, ({ path }) => {
      const [, name = "", ...rest] = path.split("/")
      const file = Path.join(root, "packages", name, "dist", `${rest.length === 0 ? "index" : rest.join("/")}.js`)
      // The published packages declare `sideEffects: []`, so bundlers drop unused modules. A plugin must declare it by itself.
      return Fs.existsSync(file)
        ? { path: file, sideEffects: false }
        : { errors: [{ text: `${path}: ${Path.relative(root, file)} is missing, run pnpm build first` }] }
    })
  }
}

/** Reports `node:` modules that reach the bundle, with the module that imports them. */
const noNode: Plugin = {
  name: "no-node",
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ importer, path }) => ({
      errors: [{ text: `${path} reaches the browser bundle through ${Path.relative(root, importer)}` }]
    }))
  }
}

interface Bundle {
  readonly text: string
  readonly gzip: number
  readonly metafile: Metafile
}

const bundle = async (entry: string): Promise<Bundle> => {
  const result = await build({
    entryPoints: [Path.join(root, "scripts/size", entry)],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
    logLevel: "silent",
    // Without the `paths` of the workspace, which lead to the sources: the built files are measured.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    plugins: [workspace, noNode]
  })
  const { contents, text } = result.outputFiles[0]!
  return { text, gzip: gzipSync(contents, { level: 9 }).length, metafile: result.metafile }
}

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} KB`

const inputs = ({ metafile }: Bundle): Metafile["outputs"][string]["inputs"] =>
  Object.assign({}, ...Object.values(metafile.outputs).map((output) => output.inputs))

const isOurs = (path: string): boolean => /packages\/\w+\/dist\//.test(path)

/**
 * What only an outbox, an authenticator and `KuzzleTelemetry` need: errors, a span, a metric. Bundlers drop an unused class only
 * if its declaration is simple.
 */
const unusedNames = ["KuzzleOutboxError", "KuzzleAuthenticatorError", "kuzzle.reconnect", "kuzzle.client.reconnects"]

const patternFolder = "packages/core/dist/internal/data/filter/pattern"

/** The modules of the engine for `regexp`, an operator that a search does not support. */
const engineModules = (): ReadonlyArray<string> =>
  Fs.readdirSync(Path.join(root, patternFolder))
    .filter((file) => file.endsWith(".js") && file !== "index.js")
    .map((file) => `${patternFolder}/${file}`)

/** The modules by which one bundle is larger than another, the largest first. They show why a budget is exceeded. */
const growth = (bundle: Bundle, smaller: Bundle): string => {
  const before = inputs(smaller)
  return Object.entries(inputs(bundle))
    .map(([path, { bytesInOutput }]) => [path, bytesInOutput - (before[path]?.bytesInOutput ?? 0)] as const)
    .filter(([, bytes]) => bytes > 100)
    .sort(([, a], [, b]) => b - a)
    .map(([path, bytes]) => `  ${String(bytes).padStart(7)}  ${path.replace(/^.*node_modules\//, "")}\n`)
    .join("")
}

/** The actions that a bundle declares. Only those of the memory storage are declared without their controller. */
const actionsOf = ({ text }: Bundle): ReadonlySet<string> =>
  new Set(
    Array.from(
      text.matchAll(/(?:\bcontroller:"(\w+)",)?\baction:"(\w+)"/g),
      ([, controller = "ms", action]) => `${controller}:${action}`
    )
  )

try {
  const base = await bundle("base.ts")
  const app = await bundle("app.ts")
  const standalone = await bundle("standalone.ts")
  const three = await bundle("three.ts")
  const promise = await bundle("promise.ts")
  const live = await bundle("live.ts")
  const outbox = await bundle("outbox.ts")
  const own = app.gzip - base.gzip
  const ours = Object.entries(inputs(app)).reduce(
    (sum, [path, { bytesInOutput }]) => isOurs(path) ? sum + bytesInOutput : sum,
    0
  )
  const outboxBytes = outbox.gzip - standalone.gzip
  const measured: ReadonlyArray<readonly [bytes: number, budget: number]> = [
    [own, budgets.own],
    [standalone.gzip, budgets.standalone],
    [three.gzip, budgets.three],
    [promise.gzip, budgets.promise],
    [live.gzip, budgets.live],
    [outboxBytes, budgets.outbox]
  ]
  const isOverBudget = measured.some(([bytes, budget]) => bytes > budget * 1000)
  const declared = actionsOf(three)
  const engine = engineModules()
  const problems = [
    ...threeActions.filter((action) => !declared.has(action)).map((action) => `lacks ${action}`),
    ...Array.from(declared).filter((action) => ![...threeActions, ...ofClient].includes(action))
      .map((action) => `contains ${action}`)
  ].map((problem) => `the page with three actions ${problem}`).concat(
    Object.entries(inputs(live)).filter(([path, { bytesInOutput }]) => engine.includes(path) && bytesInOutput > 0)
      .map(([path]) => `the page with a live query contains ${path}`),
    Array.from(actionsOf(promise))
      .filter((action) => !ofClient.includes(action) && !namedModules.includes(action.split(":")[0] ?? ""))
      .map((action) => `the page with Promises contains ${action}`),
    unusedNames.filter((tag) => standalone.text.includes(`"${tag}"`)).map((tag) =>
      `the standalone page contains ${tag}`
    )
  )

  const lines = [
    `own code on top of an Effect application  ${kilobytes(own)} gzip, budget ${budgets.own} KB`,
    `  (${kilobytes(app.gzip)} with, ${kilobytes(base.gzip)} without; ${kilobytes(ours)} of ours minified)`,
    `standalone page                           ${kilobytes(standalone.gzip)} gzip, budget ${budgets.standalone} KB`,
    `page with three actions                   ${kilobytes(three.gzip)} gzip, budget ${budgets.three} KB`,
    `page with three actions, with Promises    ${kilobytes(promise.gzip)} gzip, budget ${budgets.promise} KB`,
    `page with a live query                    ${kilobytes(live.gzip)} gzip, budget ${budgets.live} KB`,
    `outbox in IndexedDB, on the standalone page${kilobytes(outboxBytes)} gzip, budget ${budgets.outbox} KB`
  ]
  process.stdout.write(`${lines.join("\n")}\n`)

  if (isOverBudget || process.argv.includes("--verbose")) {
    process.stdout.write(`growth of the application, minified, in bytes:\n${growth(app, base)}`)
    process.stdout.write(`growth of the page with Promises:\n${growth(promise, three)}`)
    process.stdout.write(`growth of the page with the outbox:\n${growth(outbox, standalone)}`)
  }
  if (isOverBudget) {
    process.stdout.write("over budget\n")
    process.exitCode = 1
  }
  for (const problem of problems) {
    process.stdout.write(`${problem}\n`)
    process.exitCode = 1
  }
} catch (failure) {
  // esbuild rejects with its list of errors.
  const errors = (failure as Partial<BuildFailure>).errors
  if (errors === undefined) throw failure
  for (const error of errors) process.stdout.write(`${error.text}\n`)
  process.exitCode = 1
}
