/** The folder of the outbox in a run on Node, and its disturbances: a full or read-only disk, torn and foreign files. */
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
  /** Each effect disturbs the folder once, and returns the name of the disturbance. */
  readonly disturbances: ReadonlyArray<Effect.Effect<string>>
  /** The number of stored requests and reports. */
  readonly stored: Effect.Effect<number>
  /** The names of foreign files whose content has changed. */
  readonly changedForeignFiles: Effect.Effect<ReadonlyArray<string>>
}

/** Space for some 500 requests of 4 KB each. */
const mountOptions = "size=3m"

/** Mounts a file system for the folder, which can then be full or read-only. Only root can mount one. */
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
    if (!hasDisk) process.stdout.write("this run cannot mount a file system: the disk is never full nor read-only\n")
    const path = Path.join(disk, "outbox")
    const foreign = new Map<string, string>()
    return {
      path,
      disturbances: [
        tear(path, ledger),
        addForeign(path, foreign),
        ...(hasDisk ? [fill(disk), makeReadOnly(disk)] : [])
      ],
      stored: Effect.sync(() => namesIn(path).length),
      changedForeignFiles: Effect.sync(() =>
        Array.from(foreign).flatMap(([name, text]) =>
          Fs.readFileSync(Path.join(path, name), "utf8") === text ? [] : [name]
        )
      )
    }
  })

/** The names of the outbox's files. */
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
      // The mount is busy while a file is being written.
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

/** Truncates the file of a request. The open file is the same even if the outbox renames it. */
const tear = (path: string, ledger: Ledger): Effect.Effect<string> =>
  Effect.gen(function*() {
    const [name] = yield* Random.shuffle(namesIn(path))
    if (name === undefined) return "torn record: no record was stored"
    const file = Option.liftThrowable(Fs.openSync)(Path.join(path, name), "r+")
    if (Option.isNone(file)) return "torn record: the record could not be opened"
    try {
      const [line = ""] = Fs.readFileSync(file.value, "utf8").split("\n")
      const stored = Schema.decodeOption(Stored)(line)
      if (Option.isNone(stored)) return "torn record: the record was torn already"
      const [seq = ""] = name.split(".")
      ledger.damaged(seq, stored.value.payload.request.body.id)
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
