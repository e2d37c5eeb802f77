/**
 * Measures the size of the library in a page, against budgets, and checks that no page contains a Node module. It bundles
 * `dist`, so run `pnpm build` first.
 *
 * - own code: an application that uses Effect, Stream and Schema: its size with the library, minus its size without it
 * - requests: a page that only sends requests. It must not contain `Stream`, subscriptions or a shared session.
 * - listen: a page that subscribes with a callback. It must not contain `Stream` or its buffers.
 * - standalone: a page with a small application and the library, which subscribes with a `Stream`
 * - three actions: a page that uses three actions. It must not contain others.
 * - three actions with Promises: the same page with Promises. It must contain only the modules that it names.
 * - live query: a page that follows a search. It must not contain the engine for patterns.
 * - outbox: the size of the standalone page with the outbox in IndexedDB, minus the size of the standalone page
 */
import { build } from "esbuild"
import type { BuildFailure, Metafile, Plugin } from "esbuild"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { gzipSync } from "node:zlib"

const { values } = parseArgs({ options: { verbose: { type: "boolean", default: false } } })

const root = Path.resolve(fileURLToPath(import.meta.url), "../..")

/**
 * In kilobytes of 1,000 bytes, compressed by gzip at level 9.
 *
 * The goals are 20 KB for our own code and 80 KB for the whole page. Effect alone takes 59 KB of the page: 46 KB for a page with
 * one layer, and 13 KB for `Stream`. Our own code was 37.5 KB at the last measurement of its parts. In KB that a page would
 * save without the part, it consisted of:
 *
 * - 7.1 subscriptions, 5.0 requests, 5.1 the session, 6.9 connections, 1.3 the heartbeat;
 * - 3.9 frames, and the checks of values before they are sent and of results before they are read;
 * - 1.8 errors, 1.7 settings;
 * - 3.0 functions of Effect that the application does not use itself (0.1 of them for `Effect.retry`).
 *
 * Three parts have grown since:
 *
 * - connections, by the machine that polls the others, and by connecting without a fiber, which saves a quarter of the CPU time
 * - settings, by `apiKey` (0.4, mostly to find the user of the key)
 * - the session, by `DateTime` for its expiry (1.1)
 *
 * 3.3 KB of our own code are the texts of errors.
 *
 * A page contains some parts only if it imports the functions or layers that use them:
 *
 * - the subscriptions (6 KB): the functions that subscribe
 * - `Stream` and its buffers (13 KB): the streams of notifications, states and events
 * - the code that shares a session (1 KB): the layer of a `KuzzleTokenStore`
 * - cookies, HTTP, and spans and metrics (2 KB): their layers
 *
 * Every page contains the other parts, because the settings (`autoQueue`) and the server decide at run time which of them run. The
 * goal of 20 KB would need another API, with these parts as arguments.
 *
 * The goal for the outbox is 5 KB, with its modules of Effect. The pump takes 35 % of the outbox, the database with the locks
 * 33 %, the service with the payloads and the limit for waiting 15 %, the rules for what to send next 10 %, and modules of
 * Effect 7 %.
 */
const budgets = {
  own: 39.2,
  requests: 79.4,
  listen: 85.3,
  standalone: 98.5,
  three: 97.6,
  promise: 102.3,
  live: 110.6,
  outbox: 9.7
}

/** The actions that the page with three actions uses. */
const threeActions = ["document:get", "server:now", "realtime:subscribe"]

/** The actions that the client sends by itself. */
const automaticActions = ["auth:refreshToken", "realtime:join", "realtime:unsubscribe"]

/** The controllers of the modules that the page with Promises names. It must not contain others. */
const namedModules = ["document", "realtime", "server"]

const workspace: Plugin = {
  name: "workspace",
  setup(build) {
    build.onResolve({ filter: /^@effect-kuzzle\// }, ({ path }) => {
      const [, name = "", ...rest] = path.split("/")
      const file = Path.join(root, "packages", name, "dist", `${rest.length === 0 ? "index" : rest.join("/")}.js`)
      // The published packages declare `sideEffects: []`, so bundlers drop unused modules. A plugin must do the same.
      return Fs.existsSync(file)
        ? { path: file, sideEffects: false }
        : { errors: [{ text: `${path}: ${Path.relative(root, file)} is missing, run pnpm build first` }] }
    })
  }
}

/** Fails on `node:` modules in the bundle, and names the module that imports them. */
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
    // Without the `paths` of the workspace, which resolve to the sources, the built files are measured.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    plugins: [workspace, noNode]
  })
  const { contents, text } = result.outputFiles[0]!
  return { text, gzip: gzipSync(contents, { level: 9 }).length, metafile: result.metafile }
}

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} KB`

const inputs = ({ metafile }: Bundle): Metafile["outputs"][string]["inputs"] =>
  Object.assign({}, ...Object.values(metafile.outputs).map((output) => output.inputs))

/** The paths of the modules of which a bundle contains code. */
const contents = (bundle: Bundle): ReadonlyArray<string> =>
  Object.entries(inputs(bundle)).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)

const isOurs = (path: string): boolean => /packages\/\w+\/dist\//.test(path)

/**
 * Names that only an outbox, an authenticator and `KuzzleTelemetry` use: errors, a span, a metric. If the page contains one, a
 * bundler could not drop its unused class or value.
 */
const unusedNames = ["KuzzleOutboxError", "KuzzleAuthenticatorError", "kuzzle.reconnect", "kuzzle.client.reconnects"]

/** Modules that a page without streams must not contain. */
const streamModules = /effect\/dist\/\w+\/internal\/(stream|channel)\.js$|\/(mailbox|sharedToken)\.js$/

/** Modules that a page which only sends requests must not contain, either. */
const subscriptionModules = /\/(subscriptions|listening|realtime)\.js$/

const patternFolder = "packages/core/dist/internal/data/filter/pattern"

/** The modules of the engine for `regexp`, an operator that a search does not support. */
const engineModules = (): ReadonlyArray<string> =>
  Fs.readdirSync(Path.join(root, patternFolder))
    .filter((file) => file.endsWith(".js") && file !== "index.js")
    .map((file) => `${patternFolder}/${file}`)

/** The modules by which a bundle is larger than another one, the largest first. They explain why a budget is exceeded. */
const growth = (bundle: Bundle, smaller: Bundle): string => {
  const before = inputs(smaller)
  return Object.entries(inputs(bundle))
    .map(([path, { bytesInOutput }]) => [path, bytesInOutput - (before[path]?.bytesInOutput ?? 0)] as const)
    .filter(([, bytes]) => bytes > 100)
    .sort(([, a], [, b]) => b - a)
    .map(([path, bytes]) => `  ${String(bytes).padStart(7)}  ${path.replace(/^.*node_modules\//, "")}\n`)
    .join("")
}

/** The actions that a bundle declares. Only actions of the memory storage are declared without their controller. */
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
  const requests = await bundle("requests.ts")
  const listen = await bundle("listen.ts")
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
    [requests.gzip, budgets.requests],
    [listen.gzip, budgets.listen],
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
    ...Array.from(declared).filter((action) => ![...threeActions, ...automaticActions].includes(action))
      .map((action) => `contains ${action}`)
  ].map((problem) => `the page with three actions ${problem}`).concat(
    contents(live).filter((path) => engine.includes(path))
      .map((path) => `the page with a live query contains ${path}`),
    contents(requests).filter((path) => streamModules.test(path) || subscriptionModules.test(path))
      .map((path) => `the page that only sends requests contains ${path}`),
    contents(listen).filter((path) => streamModules.test(path))
      .map((path) => `the page that subscribes with a callback contains ${path}`),
    Array.from(actionsOf(promise))
      .filter((action) => !automaticActions.includes(action) && !namedModules.includes(action.split(":")[0] ?? ""))
      .map((action) => `the page with Promises contains ${action}`),
    unusedNames.filter((tag) => standalone.text.includes(`"${tag}"`)).map((tag) =>
      `the standalone page contains ${tag}`
    )
  )

  const lines = [
    `own code on top of an Effect application  ${kilobytes(own)} gzip, budget ${budgets.own} KB`,
    `  (${kilobytes(app.gzip)} with, ${kilobytes(base.gzip)} without; our modules are ${kilobytes(ours)} minified)`,
    `page that only sends requests             ${kilobytes(requests.gzip)} gzip, budget ${budgets.requests} KB`,
    `page that subscribes with a callback      ${kilobytes(listen.gzip)} gzip, budget ${budgets.listen} KB`,
    `standalone page                           ${kilobytes(standalone.gzip)} gzip, budget ${budgets.standalone} KB`,
    `page with three actions                   ${kilobytes(three.gzip)} gzip, budget ${budgets.three} KB`,
    `page with three actions, with Promises    ${kilobytes(promise.gzip)} gzip, budget ${budgets.promise} KB`,
    `page with a live query                    ${kilobytes(live.gzip)} gzip, budget ${budgets.live} KB`,
    `outbox, on top of the standalone page     ${kilobytes(outboxBytes)} gzip, budget ${budgets.outbox} KB`
  ]
  process.stdout.write(`${lines.join("\n")}\n`)

  if (isOverBudget || values.verbose) {
    process.stdout.write(`growth of the application, minified, in bytes:\n${growth(app, base)}`)
    process.stdout.write(`growth of the page with Promises:\n${growth(promise, three)}`)
    process.stdout.write(`growth of the page with the outbox:\n${growth(outbox, standalone)}`)
  }
  if (isOverBudget) {
    process.stdout.write("a size is over its budget\n")
    process.exitCode = 1
  }
  for (const problem of problems) {
    process.stdout.write(`${problem}\n`)
    process.exitCode = 1
  }
} catch (failure) {
  // A failure of esbuild has a list of errors. Any other failure has none, and is thrown.
  const errors = (failure as Partial<BuildFailure>).errors
  if (errors === undefined) throw failure
  for (const error of errors) process.stdout.write(`${error.text}\n`)
  process.exitCode = 1
}
