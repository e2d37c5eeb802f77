/** Processes that share one session by the token in a folder. */
import { KuzzleTokenStore } from "@effect-kuzzle/core"
import { NodeKuzzleStore } from "@effect-kuzzle/node"
import { assert, describe, live } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Redacted, Stream } from "effect"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { vi } from "vitest"
import { soon, until } from "../../../tests/suite/until.ts"
import { temporaryFolder } from "../../core/test/support/temporaryFolder.ts"
import * as ProcessLock from "../src/internal/processLock.ts"

/** The store of another process: with its own `KeyValueStore` object. */
const open = (directory: string) =>
  Effect.flatMap(
    Effect.provide(KuzzleTokenStore.KuzzleTokenStore, Layer.fresh(NodeKuzzleStore.layerTokens(directory))),
    (store) => store === undefined ? Effect.dieMessage("there is no token store") : Effect.succeed(store)
  )

const stored = (token: string) => Option.some({ token: Redacted.make(token), expiresAt: Option.none(), kuid: "ada" })
const replacing = (token: string) => Option.some(Redacted.make(token))

/** A process that holds the lock of this name until it is killed. */
const holder = (name: string) =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof spawn>>((resume) => {
      const lock = new URL("../src/internal/processLock.ts", import.meta.url).href
      const script = `
        const { Effect } = await import("effect")
        const { make } = await import(${JSON.stringify(lock)})
        setInterval(() => {}, 1000)
        await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
          yield* make(${JSON.stringify(name)})
          console.log("held")
          return yield* Effect.never
        })))`
      const process = spawn("npx", ["tsx", "--input-type=module", "--eval", script], {
        cwd: new URL("..", import.meta.url),
        stdio: ["ignore", "pipe", "inherit"],
        detached: true
      })
      process.stdout.on("data", () => resume(Effect.succeed(process)))
    }),
    (process) => Effect.sync(() => kill(process))
  )

/** Kills the whole group, because the process has a child. */
const kill = ({ pid }: { readonly pid?: number | undefined }) => {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL")
  } catch {
    // it has ended already
  }
}

/** Returns once the file is watched, which needs a timer. The returned effect waits for a change. */
const nextChange = ({ changes }: KuzzleTokenStore.KuzzleTokenStoreShape) =>
  Effect.gen(function*() {
    const timer = vi.spyOn(globalThis, "setInterval")
    const received = yield* Effect.fork(Stream.runHead(changes))
    yield* until("the file is watched", Effect.sync(() => timer.mock.calls.some(([, millis]) => millis === 1000)))
    timer.mockRestore()
    return soon("a change", Fiber.join(received))
  })

/** The local sockets that keep this process alive, including that of a client that waits for a lock. */
const pipes = Effect.sync(() => process.getActiveResourcesInfo().filter((name) => name === "PipeWrap").length)

describe("NodeKuzzleStore.layerTokens", () => {
  live(
    "A2, T2: a write or a removal in one process is reported to another, which reads the new value",
    () =>
      Effect.gen(function*() {
        const directory = yield* temporaryFolder
        const [first, second] = [yield* open(directory), yield* open(directory)]
        const written = yield* nextChange(second)
        assert.isTrue(yield* first.save(stored("one"), Option.none()))
        assert.isTrue(Option.isSome(yield* written))
        assert.isFalse(yield* second.save(stored("two"), Option.none()))
        assert.isTrue(yield* second.save(stored("two"), replacing("one")))
        const removed = yield* nextChange(first)
        assert.isTrue(yield* second.save(Option.none(), replacing("two")))
        assert.isTrue(Option.isSome(yield* removed))
        assert.isTrue(Option.isNone(yield* first.load))
      }).pipe(Effect.scoped)
  )

  live("A2, T1: exchanges of two processes run one after the other", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryFolder
      const stores = yield* Effect.replicateEffect(open(directory), 4)
      let running = 0
      let maximum = 0
      const exchange = Effect.acquireUseRelease(
        Effect.sync(() => {
          maximum = Math.max(maximum, ++running)
        }),
        // Long enough for the other exchanges to arrive meanwhile.
        () => Effect.sleep("20 millis"),
        () => Effect.sync(() => running--)
      )
      yield* Effect.forEach(stores, (store) => Effect.repeatN(store.exclusive(exchange), 4), {
        concurrency: "unbounded"
      })
      assert.strictEqual(maximum, 1)
    }).pipe(Effect.scoped))

  live(
    "A4: the lock of a killed process passes to the waiting one, and the lock of a process that hangs is ignored after 3 s",
    () =>
      Effect.gen(function*() {
        const directory = yield* temporaryFolder
        const store = yield* open(directory)
        const file = Path.join(Fs.realpathSync(directory), "kuzzle-token")
        const killed = yield* holder(file)
        const before = yield* pipes
        const waiting = yield* Effect.fork(store.exclusive(Effect.void))
        yield* until("the client waits for the lock", Effect.map(pipes, (now) => now > before))
        assert.isNull(waiting.unsafePoll())
        kill(killed)
        yield* soon("the lock of a process that was killed", Fiber.join(waiting))
        // This holder is killed while no process waits. Only the file of its socket remains.
        const alone = yield* holder(file)
        const ended = Effect.async<void>((resume) => void alone.once("close", () => resume(Effect.void)))
        yield* Effect.zip(ended, Effect.sync(() => kill(alone)), { concurrent: true })
        yield* soon("the lock of a process that was killed before", store.exclusive(Effect.void))
        yield* ProcessLock.make(file)
        const began = performance.now()
        yield* store.exclusive(Effect.void)
        // A timer may be early by a rounded millisecond, and late on a busy machine.
        assert.isAtLeast(performance.now() - began, 2990)
        assert.isBelow(performance.now() - began, 10_000)
      }).pipe(Effect.scoped),
    60_000
  )
})
