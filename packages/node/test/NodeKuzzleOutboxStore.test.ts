/** The outbox in a folder: the contract of all stores, and faults of folders and processes. */
import { KuzzleOutboxStore } from "@effect-kuzzle/core"
import { NodeKuzzleOutboxStore } from "@effect-kuzzle/node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, ExecutionStrategy, Exit, Fiber, Scope, Stream } from "effect"
import { execFileSync, spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { ada, entry, ids, limits, outboxStoreSuite, server, type StorePlace } from "../../../tests/suite/outboxStore.ts"
import { soon, until } from "../../../tests/suite/until.ts"
import { temporaryFolder } from "../../core/test/support/temporaryFolder.ts"
import { Neighbours } from "../src/internal/neighbours.ts"

const open = (path: string, of: KuzzleOutboxStore.Limits = limits) =>
  KuzzleOutboxStore.KuzzleOutboxStore.pipe(
    Effect.flatMap((store) => store.open(of)),
    Effect.provide(NodeKuzzleOutboxStore.layer(path))
  )

/** The clients that listen. To kill a client, a test closes its socket only. */
const neighbours = new Set<Neighbours>()
const listen = Neighbours.prototype.listen
Neighbours.prototype.listen = function(this: Neighbours) {
  neighbours.add(this)
  return listen.call(this)
}

const place = (at: Effect.Effect<string, never, Scope.Scope>) =>
  Effect.gen(function*() {
    const path = yield* at
    const outer = yield* Effect.scope
    const result: StorePlace = {
      client: (of = {}) =>
        Effect.gen(function*() {
          const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
          neighbours.clear()
          const claim = yield* Scope.extend(open(path, { ...limits, ...of }), scope)
          const [own] = neighbours
          return {
            claim,
            close: Scope.close(scope, Exit.void),
            kill: Effect.promise(async () => own?.close())
          }
        }),
      tear: ({ seq }) =>
        Effect.sync(() => {
          for (const file of Fs.readdirSync(path).filter((name) => name.startsWith(seq))) {
            Fs.truncateSync(Path.join(path, file), 20)
          }
        })
    }
    return result
  })

const modeOf = (path: string) => (Fs.statSync(path).mode & 0o777).toString(8)

/** A process that stores `a`, `b` and `c`, marks `b` and the idempotent `c`, prints a line, and runs until it is killed. */
const holder = (path: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const script = fileURLToPath(new URL("./outboxHolder.ts", import.meta.url))
      const child = spawn(process.execPath, ["--import", "tsx", script, path], { stdio: ["ignore", "pipe", "inherit"] })
      await new Promise((resolve) => child.stdout.once("data", resolve))
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** A file system in memory with this size. Only root can mount one. */
const mounted = (options: string) =>
  Effect.flatMap(temporaryFolder, (path) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path], { stdio: "ignore" })
        return path
      }),
      () => Effect.sync(() => execFileSync("umount", ["-l", path]))
    ))

const limitFiles = (...args: ReadonlyArray<string>): string =>
  execFileSync("prlimit", ["--pid", String(process.pid), ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"]
  })

const canLimitFiles = process.platform === "linux" &&
  Exit.isSuccess(Effect.runSyncExit(Effect.sync(() => limitFiles())))

/** Lets this process open only this many more files, while the scope is open. */
const limitOpenFiles = (count: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = limitFiles("--nofile", "--noheadings", "--output=SOFT").trim()
      limitFiles("--nofile=1024:")
      const open: Array<number> = []
      try {
        for (;;) open.push(Fs.openSync("/dev/null", "r"))
      } catch {
        // The limit is reached.
      }
      for (const file of open.splice(0, count)) Fs.closeSync(file)
      return { before, open }
    }),
    ({ before, open }) =>
      Effect.sync(() => {
        for (const file of open) Fs.closeSync(file)
        limitFiles(`--nofile=${before}:`)
      })
  )

/** Makes the next sync of a file or folder fail, as on a broken disk. */
const failNextSync = Effect.acquireRelease(
  Effect.promise(async () => {
    const handle = await Fs.promises.open("/dev/null", "r")
    await handle.close()
    const methods: { sync: () => Promise<void> } = Object.getPrototypeOf(handle)
    const { sync } = methods
    methods.sync = () => {
      methods.sync = sync
      return Promise.reject(Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO", syscall: "fsync" }))
    }
    return { methods, sync }
  }),
  ({ methods, sync }) => Effect.sync(() => (methods.sync = sync))
)

const canMount = process.platform === "linux" &&
  Exit.isSuccess(Effect.runSyncExit(Effect.scoped(mounted("size=64k"))))

const filled = Effect.gen(function*() {
  const path = yield* mounted("size=4m")
  const base = yield* place(Effect.succeed(Path.join(path, "outbox")))
  const fill = Effect.sync(() => {
    const ballast = Path.join(path, "ballast")
    const file = Fs.openSync(ballast, "w")
    try {
      for (;;) Fs.writeSync(file, Buffer.alloc(4096))
    } catch {
      Fs.closeSync(file) // The disk is full.
    }
    return Effect.sync(() => Fs.rmSync(ballast))
  })
  return { ...base, fill } satisfies StorePlace
})

describe("NodeKuzzleOutboxStore", () => {
  it.scopedLive(
    "the requests of a killed process are sent or reported, and other clients are notified of them at once",
    () =>
      Effect.gen(function*() {
        const path = yield* temporaryFolder
        const child = yield* holder(path)
        const claim = yield* open(path)
        assert.deepStrictEqual(yield* claim.adopt(server, ada), { entries: [], reports: [] })
        const changed = yield* Effect.fork(Stream.runHead(claim.changes))
        child.kill("SIGKILL")
        yield* Effect.timeout(Fiber.join(changed), "5 seconds")
        const { entries, reports } = yield* claim.adopt(server, ada)
        assert.deepStrictEqual(entries.map(({ attempts, id }) => [id, attempts]), [["a", 0], ["c", 1]])
        assert.deepStrictEqual(reports.map(({ entry, outcome }) => [entry?.id, outcome]), [["b", "MaybeSent"]])
      }),
    30_000
  )

  it.scopedLive("a process whose event loop is blocked counts as alive", () =>
    Effect.gen(function*() {
      const path = yield* temporaryFolder
      const child = yield* holder(path)
      child.kill("SIGSTOP")
      const claim = yield* open(path)
      assert.deepStrictEqual(yield* claim.adopt(server, ada), { entries: [], reports: [] })
    }), 30_000)

  for (const umask of [0, 0o022]) {
    it.scopedLive(`files are 0600 in a folder of 0700, with the umask 0${umask.toString(8)}`, () =>
      Effect.gen(function*() {
        yield* Effect.acquireRelease(
          Effect.sync(() => process.umask(umask)),
          (before) => Effect.sync(() => process.umask(before))
        )
        const path = Path.join(yield* temporaryFolder, "deep", "outbox")
        const claim = yield* open(path)
        yield* claim.add([entry("a")])
        assert.strictEqual(modeOf(path), "700")
        const files = Fs.readdirSync(path)
        assert.lengthOf(files, 2)
        for (const file of files) assert.strictEqual(modeOf(Path.join(path, file)), "600", file)
      }))
  }

  it.scopedLive("files of other programs and links are not changed, even if they look like files of the store", () =>
    Effect.gen(function*() {
      const path = yield* temporaryFolder
      yield* Effect.scoped(Effect.flatMap(open(path), (claim) => claim.add([entry("a"), entry("b")])))
      const [, ours = ""] = Fs.readdirSync(path).sort()
      Fs.writeFileSync(Path.join(path, "README"), "theirs")
      Fs.mkdirSync(Path.join(path, "000000000000000-"))
      const forged = ours.replace(".free.", ".free.0")
      Fs.writeFileSync(Path.join(path, forged), "{}")
      const claim = yield* open(path)
      assert.deepStrictEqual(ids((yield* claim.adopt(server, ada)).entries), ["a", "b"])
      assert.includeMembers(Fs.readdirSync(path), ["README", "000000000000000-", forged])
      assert.strictEqual(yield* claim.purge(server, ada), 2)
    }))

  it.scopedLive("a record that is empty, malformed or of another user is unreadable, and the others are sent", () =>
    Effect.gen(function*() {
      const path = yield* temporaryFolder
      yield* Effect.scoped(
        Effect.flatMap(open(path), (claim) => claim.add([entry("a"), entry("b"), entry("c"), entry("d")]))
      )
      const [a = "", b = "", c = ""] = Fs.readdirSync(path).sort().map((file) => Path.join(path, file))
      Fs.writeFileSync(a, "")
      Fs.writeFileSync(b, "[1]")
      Fs.writeFileSync(c, Fs.readFileSync(c, "utf8").replace("ada", "bob"))
      const claim = yield* open(path)
      const { entries, reports } = yield* claim.adopt(server, ada)
      assert.deepStrictEqual(ids(entries), ["d"])
      assert.deepStrictEqual(reports.map(({ entry, outcome }) => [entry, outcome]), [
        [undefined, "Unreadable"],
        [undefined, "Unreadable"],
        [undefined, "Unreadable"]
      ])
    }))

  it.scopedLive.skipIf(!canLimitFiles)(
    "O2: too many open files are a transient error: no request is unreadable, and each is adopted once",
    () =>
      Effect.gen(function*() {
        const path = yield* temporaryFolder
        const names = Array.from({ length: 12 }, (_, n) => `n${n}`)
        yield* Effect.scoped(Effect.flatMap(open(path), (claim) => claim.add(names.map((id) => entry(id)))))
        const claim = yield* open(path)
        const changed = yield* Effect.fork(Stream.runHead(claim.changes))
        const first = yield* Effect.scoped(Effect.zipRight(limitOpenFiles(2), Effect.exit(claim.adopt(server, ada))))
        const error = yield* Effect.flip(Effect.scoped(Effect.zipRight(limitOpenFiles(0), claim.adopt(server, ada))))
        assert.deepInclude(error, { operation: "adopt", reason: "Failed" })
        assert.include(error.message, "the process has too many open files: raise its limit")
        const { entries, reports } = yield* claim.adopt(server, ada)
        const taken = Exit.isSuccess(first) ? first.value : { entries: [], reports: [] }
        assert.deepStrictEqual(ids([...taken.entries, ...entries]).toSorted(), names.toSorted())
        assert.deepStrictEqual([...taken.reports, ...reports], [])
        assert.isNotEmpty(entries)
        // The client that got a part of the requests is notified of the rest.
        if (taken.entries.length > 0) yield* soon("the rest", Fiber.join(changed))
      })
  )

  it.scopedLive.skipIf(!canLimitFiles)(
    "O1: with too many open files, stored requests can be marked, and a failed settlement can be repeated",
    () =>
      Effect.gen(function*() {
        const path = yield* temporaryFolder
        const claim = yield* open(path)
        const [a] = yield* claim.add([entry("a")])
        const seq = a?.seq ?? assert.fail("nothing was stored")
        const settling = claim.settle(seq, { outcome: "Rejected", detail: "not allowed" })
        const { failed, marked } = yield* Effect.scoped(Effect.gen(function*() {
          yield* limitOpenFiles(0)
          return { marked: yield* claim.mark([seq]), failed: yield* Effect.flip(settling) }
        }))
        assert.deepStrictEqual(marked, new Set([seq]))
        assert.deepInclude(failed, { operation: "settle", reason: "Failed" })
        assert.isTrue(yield* settling)
        assert.isFalse(yield* settling)
        assert.deepStrictEqual(
          (yield* claim.reports(server)).map(({ detail, outcome }) => [outcome, detail]),
          [["Rejected", "not allowed"]]
        )
      })
  )

  it.scopedLive("O1: a change that is not durable is undone", () =>
    Effect.gen(function*() {
      const path = yield* temporaryFolder
      const claim = yield* open(path)
      const [a, b] = yield* claim.add([entry("a"), entry("b")])
      const seqs = [a?.seq ?? "", b?.seq ?? ""]
      const states = Effect.sync(() =>
        Fs.readdirSync(path).sort().flatMap((file) => /\.(queued|sending)\.v1$/.exec(file)?.[1] ?? [])
      )
      const failing = <A, E>(change: Effect.Effect<A, E>) =>
        Effect.scoped(Effect.zipRight(failNextSync, Effect.flip(change)))
      assert.deepInclude(yield* failing(claim.mark(seqs)), { operation: "mark", reason: "Failed" })
      assert.deepStrictEqual(yield* states, ["queued", "queued"])
      assert.deepStrictEqual(yield* claim.mark(seqs), new Set(seqs))
      yield* failing(claim.requeue(seqs, true))
      // It may be sent again without another mark.
      assert.deepStrictEqual(yield* states, ["sending", "sending"])
      yield* claim.requeue(seqs, true)
      yield* failing(claim.release(seqs))
      assert.strictEqual((yield* claim.mark(seqs)).size, 2)
    }))

  it.scopedLive("a folder in place of a request is unreadable, and the others are sent", () =>
    Effect.gen(function*() {
      const path = yield* temporaryFolder
      yield* Effect.scoped(Effect.flatMap(open(path), (claim) => claim.add([entry("a"), entry("b")])))
      const [a = ""] = Fs.readdirSync(path).sort()
      Fs.rmSync(Path.join(path, a))
      Fs.mkdirSync(Path.join(path, a))
      const claim = yield* open(path)
      const { entries, reports } = yield* claim.adopt(server, ada)
      assert.deepStrictEqual(ids(entries), ["b"])
      assert.deepStrictEqual(reports.map(({ outcome }) => outcome), ["Unreadable"])
    }))

  it.scopedLive("unfinished files and sockets of a killed client are removed", () =>
    Effect.gen(function*() {
      const path = yield* temporaryFolder
      const child = yield* holder(path)
      child.kill("SIGKILL")
      yield* Effect.async<void>((resume) => void child.once("exit", () => resume(Effect.void)))
      const files = Fs.readdirSync(path)
      const request = files.find((file) => file.endsWith(".v1")) ?? assert.fail("no such file")
      const socket = files.find((file) => file.endsWith(".sock")) ?? assert.fail("no such file")
      Fs.writeFileSync(Path.join(path, `${request}.tmp`), "{\"id")
      Fs.utimesSync(Path.join(path, socket), 0, 0)
      yield* open(path)
      const filesNow = Effect.sync(() => Fs.readdirSync(path))
      yield* until(
        "both are gone",
        Effect.map(filesNow, (files) => !files.includes(`${request}.tmp`) && !files.includes(socket))
      )
      assert.include(yield* filesNow, request)
    }), 30_000)

  it.scopedLive("a path that is too long for a socket works", () =>
    Effect.gen(function*() {
      const path = Path.join(yield* temporaryFolder, "x".repeat(120))
      const first = yield* open(path)
      const second = yield* open(path)
      yield* first.add([entry("a")])
      assert.deepStrictEqual((yield* second.adopt(server, ada)).entries, [])
    }))

  it.scopedLive("files of a later release are not changed, and the folder cannot be opened", () =>
    Effect.gen(function*() {
      const path = yield* temporaryFolder
      const later = "000000000000001-000000-abcdef01.whatever.v2"
      Fs.writeFileSync(Path.join(path, later), "?")
      const error = yield* Effect.flip(open(path))
      assert.deepInclude(error, { operation: "open", reason: "Unavailable" })
      assert.include(error.message, `a later release has written ${later}`)
      assert.deepStrictEqual(Fs.readdirSync(path), [later])
    }))

  it.scopedLive("a folder that cannot be made is a typed error", () =>
    Effect.gen(function*() {
      const file = Path.join(yield* temporaryFolder, "file")
      Fs.writeFileSync(file, "")
      for (const path of [file, Path.join(file, "below")]) {
        const error = yield* Effect.flip(open(path))
        assert.deepInclude(error, { operation: "open", reason: "Unavailable" })
        assert.include(error.message, "choose a folder")
      }
    }))

  it.scopedLive("a folder that is removed while it is in use is a typed error", () =>
    Effect.gen(function*() {
      const path = Path.join(yield* temporaryFolder, "outbox")
      const claim = yield* open(path)
      Fs.rmSync(path, { recursive: true })
      const error = yield* Effect.flip(claim.add([entry("a")]))
      assert.deepInclude(error, { operation: "add", reason: "Failed" })
      assert.include(error.message, "the folder was removed")
    }))

  it.scopedLive.skipIf(!canMount)(
    "a read-only file system is a typed error, at the start and later",
    () =>
      Effect.gen(function*() {
        const path = yield* mounted("size=256k")
        const claim = yield* open(path)
        const remount = (how: string) => Effect.sync(() => execFileSync("mount", ["-o", `remount,${how}`, path]))
        const seq = (yield* claim.add([entry("a")]))[0]?.seq ?? assert.fail("nothing was stored")
        yield* remount("ro")
        yield* Effect.addFinalizer(() => remount("rw"))
        const failures = yield* Effect.all([
          Effect.flip(claim.add([entry("b")])),
          Effect.flip(claim.mark([seq])),
          Effect.flip(claim.settle(seq)),
          Effect.flip(open(path))
        ])
        assert.deepStrictEqual(failures.map(({ operation, reason }) => [operation, reason]), [
          ["add", "Unavailable"],
          ["mark", "Unavailable"],
          ["settle", "Unavailable"],
          ["open", "Unavailable"]
        ])
        for (const { message } of failures) {
          assert.include(message, "the file system is read-only: choose a folder that can be written")
        }
        // A failed change has no effect.
        yield* remount("rw")
        assert.deepStrictEqual(yield* claim.mark([seq]), new Set([seq]))
      })
  )
})

outboxStoreSuite("NodeKuzzleOutboxStore: the contract", place(temporaryFolder), { lingers: true })

if (canMount) outboxStoreSuite("NodeKuzzleOutboxStore on a small disk: the contract", filled, { lingers: true })
