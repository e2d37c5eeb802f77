/** The folder of the outbox in a run on Node, and what happens to it: full, read-only, torn and foreign files. */
import { Effect, Option, Random, Schedule, Schema } from "effect"
import type { Scope } from "effect"
import { execFile, execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { promisify } from "node:util"
import type { Ledger } from "./ledger.ts"
import { temporaryFolder } from "./run.ts"

export interface Folder {
  readonly path: string
  /** Ways to disturb. Each says what it did. */
  readonly disturbances: ReadonlyArray<Effect.Effect<string>>
  /** Requests and reports that are stored. */
  readonly left: Effect.Effect<number>
  /** The files of others are as they were; otherwise, their names. */
  readonly harmed: Effect.Effect<ReadonlyArray<string>>
}

/** Room for some 500 requests, 4 KB each. */
const mountOptions = "size=3m"

/** A file system of its own, so that it can be full or read-only. Only root can mount one. */
const mounted = (path: string): Effect.Effect<boolean, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      if (process.platform !== "linux" || process.getuid?.() !== 0) return false
      try {
        execFileSync("mount", ["-t", "tmpfs", "-o", mountOptions, "tmpfs", path], { stdio: "ignore" })
        return true
      } catch {
        return false // A container may forbid it.
      }
    }),
    (done) => Effect.sync(() => done && execFileSync("umount", ["-l", path]))
  )

export const make = (ledger: Ledger): Effect.Effect<Folder, never, Scope.Scope> =>
  Effect.gen(function*() {
    const disk = yield* temporaryFolder
    const hasDisk = yield* mounted(disk)
    if (!hasDisk) process.stdout.write("no file system could be mounted: the disk is never full nor read-only\n")
    const path = Path.join(disk, "outbox")
    const foreign = new Map<string, string>()
    return {
      path,
      disturbances: [
        tear(path, ledger),
        addForeign(path, foreign),
        ...(hasDisk ? [fill(disk), makeReadOnly(disk)] : [])
      ],
      left: Effect.sync(() => namesIn(path).length),
      harmed: Effect.sync(() =>
        Array.from(foreign).flatMap(([name, text]) =>
          Fs.readFileSync(Path.join(path, name), "utf8") === text ? [] : [name]
        )
      )
    }
  })

/** The files of the outbox. */
const namesIn = (path: string): ReadonlyArray<string> =>
  Fs.existsSync(path) ? Fs.readdirSync(path).filter((name) => /^\d{15}-\d{6}-\w+\.\w+\..*\.v1$/.test(name)) : []

const forAWhile = (begin: Effect.Effect<boolean>, end: Effect.Effect<void>, what: string) =>
  Effect.acquireUseRelease(
    begin,
    (begun) =>
      begun
        ? Effect.as(Effect.flatMap(Random.nextIntBetween(50, 300), (millis) => Effect.sleep(millis)), what)
        : Effect.succeed(`${what}: failed`),
    () => end
  )

const fill = (disk: string): Effect.Effect<string> => {
  const ballast = Path.join(disk, "ballast")
  const write = Effect.sync(() => {
    const file = Fs.openSync(ballast, "w")
    try {
      for (;;) Fs.writeSync(file, Buffer.alloc(4096))
    } catch {
      return true // the disk is full
    } finally {
      Fs.closeSync(file)
    }
  })
  return forAWhile(write, Effect.sync(() => Fs.rmSync(ballast, { force: true })), "disk full")
}

const makeReadOnly = (disk: string): Effect.Effect<string> => {
  const remount = (how: string) =>
    Effect.tryPromise(() => promisify(execFile)("mount", ["-o", `remount,${how}`, disk])).pipe(
      // It is busy while a file is being written.
      Effect.retry({ times: 50, schedule: Schedule.spaced("5 millis") })
    )
  return forAWhile(
    Effect.match(remount("ro"), { onFailure: () => false, onSuccess: () => true }),
    Effect.asVoid(Effect.orDie(remount("rw"))),
    "disk read-only"
  )
}

const Stored = Schema.parseJson(Schema.Struct({
  payload: Schema.parseJson(Schema.Struct({
    request: Schema.Struct({ body: Schema.Struct({ id: Schema.String }) })
  }))
}))

/** Truncates the file of a request, even if it is renamed meanwhile. */
const tear = (path: string, ledger: Ledger): Effect.Effect<string> =>
  Effect.gen(function*() {
    const [name] = yield* Random.shuffle(namesIn(path))
    if (name === undefined) return "torn record: there was none"
    const file = Option.liftThrowable(Fs.openSync)(Path.join(path, name), "r+")
    if (Option.isNone(file)) return "torn record: it was gone"
    try {
      const [line = ""] = Fs.readFileSync(file.value, "utf8").split("\n")
      const stored = Schema.decodeOption(Stored)(line)
      if (Option.isNone(stored)) return "torn record: it was torn"
      const [seq = ""] = name.split(".")
      ledger.tore(seq, stored.value.payload.request.body.id)
      Fs.ftruncateSync(file.value, 20)
      return "torn record"
    } catch {
      return "torn record: the disk is read-only"
    } finally {
      Fs.closeSync(file.value)
    }
  })

const addForeign = (path: string, foreign: Map<string, string>): Effect.Effect<string> =>
  Effect.sync(() => {
    const n = foreign.size
    const names = [`notes-${n}.txt`, `${n}.tmp`, `000000000000001-00000${n % 10}-abcdef01.nobody.v1`]
    const name = names[n % names.length] ?? ""
    try {
      Fs.writeFileSync(Path.join(path, name), name)
      foreign.set(name, name)
      return "foreign file"
    } catch {
      return "foreign file: it could not be written"
    }
  })
