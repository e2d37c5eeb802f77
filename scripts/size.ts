/**
 * What the library weighs in a browser, and that nothing of Node gets there. Bundles `dist`: build first.
 *
 * - own code: an application that uses Effect, Stream and Schema, with us and without us; the difference;
 * - standalone: a page that holds nothing but the application and us;
 * - three actions: a page that uses three of them, which must carry none of the others;
 * - three actions with Promises: the same page; it must carry the modules that it names, and none of the others;
 * - live query: a page that follows a search, which must carry no engine for patterns;
 * - outbox: the standalone page with the outbox in IndexedDB; the difference.
 */
import { build } from "esbuild"
import type { BuildFailure, Metafile, Plugin } from "esbuild"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

const root = Path.resolve(fileURLToPath(import.meta.url), "../..")

/**
 * Kilobytes of 1,000 bytes, gzip level 9.
 *
 * The aims are 20 KB for our own code and 80 KB for the whole page. Effect alone is 59 KB of it: 46 KB for a page with one
 * layer, 13 KB for `Stream`. Our own 42 KB are, in KB that a page would save without them (measured when they were 37.5; the
 * machine that polls the others, and opening without a fiber, which takes a quarter of its CPU off, have added to
 * connections since, `apiKey` 0.7, most of it to read whose key it is, and `DateTime` for the end of a session 1.1):
 *
 * - 7.1 subscriptions, 5.0 requests, 5.1 who is logged in, 6.9 connections, 1.3 the heartbeat;
 * - 3.9 frames, values that are checked before they are sent, results that are checked before they are read;
 * - 1.8 errors, 1.7 settings, 1.5 spans and metrics;
 * - 3.0 functions of Effect that the application does not use itself, `Effect.useSpan` and `Effect.retry` above all.
 *
 * Of these, 3.3 KB are the texts of errors. A page carries all of it because it may need all of it: what is used is decided
 * at run time, by the settings (`autoQueue`), by the tracer that is installed, by a `KuzzleTokenStore`, by the server. Cookies
 * and HTTP are carried only where their layers are used. The aim of 20 KB takes another API, whose parts are passed in.
 *
 * The aim for the outbox is 5 KB, modules of Effect included. They are 7 % of it: the pump is 35 %, the database with the
 * locks 33 %, the rules what to send next 10 %, the service, the payloads and the bound on waiting 15 %.
 */
const budgets = { own: 42.4, standalone: 101.7, three: 100.8, promise: 105.8, live: 113.7, outbox: 9.4 }

/** What a page with three actions declares: these, and what the session itself sends. */
const threeActions = ["document:get", "server:now", "realtime:subscribe"]
const ofSession = ["auth:refreshToken", "realtime:join", "realtime:unsubscribe"]

/** What a page with Promises may declare: the modules that it names. */
const namedModules = ["document", "realtime", "server"]

const workspace: Plugin = {
  name: "workspace",
  setup(build) {
    build.onResolve({ filter: /^@effect-kuzzle\// }, ({ path }) => {
      const [, name = "", ...rest] = path.split("/")
      const file = Path.join(root, "packages", name, "dist", `${rest.length === 0 ? "index" : rest.join("/")}.js`)
      // A package that says `sideEffects: []` is dropped where nothing of it is used, as a bundler does with the published one.
      return Fs.existsSync(file)
        ? { path: file, sideEffects: false }
        : { errors: [{ text: `${path}: ${Path.relative(root, file)} is missing, run pnpm build first` }] }
    })
  }
}

/** `node:` modules that reach the bundle, with the module that asks for them. */
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
    // The sources' paths of the workspace are for editors and tests; here the built files count.
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

/** Errors that no page meets without an outbox and an authenticator. (Bundlers keep a class that is not simple enough.) */
const absent = ["KuzzleOutboxError", "KuzzleAuthenticatorError"]

/** The engine for `regexp`, which a search does not have. */
const isEngine = (path: string): boolean => /\/internal\/filter\/pattern\/(?!index\.)/.test(path)

/** Where the bytes of a bundle come from beyond another's, the largest first: what to look at when a budget breaks. */
const growth = (bundle: Bundle, than: Bundle): string => {
  const before = inputs(than)
  return Object.entries(inputs(bundle))
    .map(([path, { bytesInOutput }]) => [path, bytesInOutput - (before[path]?.bytesInOutput ?? 0)] as const)
    .filter(([, bytes]) => bytes > 100)
    .sort(([, a], [, b]) => b - a)
    .map(([path, bytes]) => `  ${String(bytes).padStart(7)}  ${path.replace(/^.*node_modules\//, "")}\n`)
    .join("")
}

/** The actions that a bundle names. Only the memory storage's are declared without their controller. */
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
  const over = own > budgets.own * 1000 || standalone.gzip > budgets.standalone * 1000 ||
    three.gzip > budgets.three * 1000 || promise.gzip > budgets.promise * 1000 || live.gzip > budgets.live * 1000 ||
    outboxBytes > budgets.outbox * 1000
  const carried = actionsOf(three)
  const wrong = [
    ...threeActions.filter((action) => !carried.has(action)).map((action) => `lacks ${action}`),
    ...Array.from(carried).filter((action) => ![...threeActions, ...ofSession].includes(action))
      .map((action) => `carries ${action}`)
  ].map((what) => `the page with three actions ${what}`).concat(
    Object.entries(inputs(live)).filter(([path, { bytesInOutput }]) => isEngine(path) && bytesInOutput > 0)
      .map(([path]) => `the page with a live query carries ${path}`),
    Array.from(actionsOf(promise))
      .filter((action) => !ofSession.includes(action) && !namedModules.includes(action.split(":")[0] ?? ""))
      .map((action) => `the page with Promises carries ${action}`),
    absent.filter((tag) => standalone.text.includes(`"${tag}"`)).map((tag) => `the whole page carries ${tag}`)
  )

  const lines = [
    `own code on top of an Effect application  ${kilobytes(own)} gzip, budget ${budgets.own} KB`,
    `  (${kilobytes(app.gzip)} with, ${kilobytes(base.gzip)} without; ${kilobytes(ours)} of ours minified)`,
    `whole page, standalone                    ${kilobytes(standalone.gzip)} gzip, budget ${budgets.standalone} KB`,
    `page with three actions                   ${kilobytes(three.gzip)} gzip, budget ${budgets.three} KB`,
    `page with three actions, with Promises    ${kilobytes(promise.gzip)} gzip, budget ${budgets.promise} KB`,
    `page with a live query                    ${kilobytes(live.gzip)} gzip, budget ${budgets.live} KB`,
    `outbox in IndexedDB, beyond a whole page  ${kilobytes(outboxBytes)} gzip, budget ${budgets.outbox} KB`
  ]
  process.stdout.write(`${lines.join("\n")}\n`)

  if (over || process.argv.includes("--verbose")) {
    process.stdout.write(`what the application grew by, minified, in bytes:\n${growth(app, base)}`)
    process.stdout.write(`and the page with Promises:\n${growth(promise, three)}`)
    process.stdout.write(`and the page with the outbox:\n${growth(outbox, standalone)}`)
  }
  if (over) {
    process.stdout.write("over budget\n")
    process.exitCode = 1
  }
  for (const what of wrong) {
    process.stdout.write(`${what}\n`)
    process.exitCode = 1
  }
} catch (failure) {
  // esbuild rejects with its list of errors.
  const errors = (failure as Partial<BuildFailure>).errors
  if (errors === undefined) throw failure
  for (const error of errors) process.stdout.write(`${error.text}\n`)
  process.exitCode = 1
}
