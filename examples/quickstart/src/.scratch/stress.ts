import { Kuzzle, KuzzleRealtime, KuzzleServer, KuzzleCollection, KuzzleDocument, KuzzleFilter } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { Effect, Exit, Fiber, Stream, Cause, Scope, Schedule, Option } from "effect"
import * as Net from "node:net"

const url = "ws://127.0.0.1:7512"
const index = "fresh-eyes-" + Math.random().toString(36).slice(2, 8)
const place = { index, collection: "c" }
const list = Kuzzle.query({ controller: "realtime", action: "list" }).pipe(Effect.map((r) => (r.result as any)[index] ?? {}))
const handles = () => (process as any).getActiveResourcesInfo().filter((x: string) => /Timeout|TCP/.test(x)).join(",")
const tally = (exits: ReadonlyArray<Exit.Exit<unknown, any>>) => { const t: Record<string, number> = {}; for (const e of exits) { const k = Exit.isSuccess(e) ? "ok" : Cause.isInterruptedOnly(e.cause) ? "interrupt" : e.cause._tag === "Fail" ? e.cause.error._tag + (e.cause.error.id ?? "") : Cause.pretty(e.cause).slice(0, 200); t[k] = (t[k] ?? 0) + 1 } return JSON.stringify(t) }

const relay = () => { const socks = new Set<Net.Socket>(); let dials = 0
  const server = Net.createServer((a) => { dials++; const b = Net.connect(7512, "127.0.0.1"); socks.add(a); socks.add(b); a.on("error", () => {}); b.on("error", () => {}); a.pipe(b); b.pipe(a); a.on("close", () => { b.destroy(); socks.delete(a) }); b.on("close", () => { a.destroy(); socks.delete(b) }) })
  return new Promise<{ port: number; cut: () => void; close: () => void; dials: () => number }>((r) => server.listen(0, "127.0.0.1", () => r({ port: (server.address() as Net.AddressInfo).port, cut: () => { for (const s of socks) s.destroy() }, close: () => { server.close(); for (const s of socks) s.destroy() }, dials: () => dials }))) }

const storm = Effect.gen(function*() {
  // A: storm
  const one = (i: number) => Effect.scoped(Effect.gen(function*() {
    yield* KuzzleRealtime.open({ ...place, filter: KuzzleFilter.equals("n", i % 3 === 0 ? 0 : i) })
    yield* Effect.sleep(Math.random() * 30)
  })).pipe(i % 5 === 0 ? Effect.timeoutOption(Math.random() * 20) : (x) => x, Effect.exit)
  let t = Date.now()
  const exits = yield* Effect.forEach(Array.from({ length: 2000 }, (_, i) => i), one, { concurrency: 200 })
  console.log("A storm", Date.now() - t, "ms", tally(exits))
  yield* Effect.sleep("1 second")
  console.log("A rooms left on server", JSON.stringify(yield* list))
  // A2 all at once + same filter, open; check list counts
  const scope = yield* Scope.make()
  t = Date.now()
  yield* Effect.forEach(Array.from({ length: 2000 }, (_, i) => i), (i) => Scope.extend(KuzzleRealtime.open({ ...place, filter: KuzzleFilter.equals("n", i % 500) }), scope), { concurrency: "unbounded" })
  const l = yield* list
  console.log("A2 open 2000/500", Date.now() - t, "ms rooms", Object.keys(l.c ?? {}).length, "conn max", Math.max(...Object.values(l.c ?? {}) as number[]))
  t = Date.now()
  yield* Scope.close(scope, Exit.void)
  yield* Effect.sleep("1 second")
  console.log("A2 after close", Date.now() - t, JSON.stringify(yield* list))
  // C interrupts
  const exits2 = yield* Effect.forEach(Array.from({ length: 20000 }), () => Effect.fork(KuzzleServer.now()).pipe(Effect.tap((f) => Effect.sleep(Math.random() * 3)), Effect.flatMap((f) => Fiber.interrupt(f))), { concurrency: 500 })
  console.log("C", tally(exits2), "now works:", yield* KuzzleServer.now())
})

const main = Effect.gen(function*() {
  console.log("before", handles())
  yield* Effect.scoped(Effect.gen(function*() { yield* KuzzleCollection.create(place); yield* storm; yield* Kuzzle.query({ controller: "index", action: "delete", index }) })).pipe(Effect.provide(NodeKuzzle.layer({ url })))
  yield* Effect.sleep("100 millis")
  console.log("after A/C", handles())
  // B 10k in flight then close
  const out = yield* Effect.scoped(Effect.gen(function*() {
    const fibers = yield* Effect.forEach(Array.from({ length: 10000 }), () => Effect.forkDaemon(Effect.exit(KuzzleServer.now())))
    yield* Effect.sleep("1 millis")
    return fibers
  })).pipe(Effect.provide(NodeKuzzle.layer({ url })))
  const t = Date.now()
  const settled = yield* Fiber.joinAll(out)
  console.log("B", tally(settled), Date.now() - t, "ms after close"); yield* Effect.sleep("100 millis"); console.log("after B", handles())
  // F relay kill in loop under load
  const r = yield* Effect.promise(relay)
  const f = yield* Effect.scoped(Effect.gen(function*() {
    const killer = yield* Effect.fork(Effect.repeat(Effect.sync(r.cut), Schedule.spaced("150 millis")))
    const ex = yield* Effect.forEach(Array.from({ length: 6000 }), (_, i) => Effect.exit(Effect.delay(KuzzleServer.now(), Math.random() * 5)), { concurrency: 20 })
    yield* Fiber.interrupt(killer)
    return ex
  })).pipe(Effect.provide(NodeKuzzle.layer({ url: `ws://127.0.0.1:${r.port}`, reconnect: Schedule.spaced("20 millis") })))
  console.log("F", tally(f), "dials", r.dials()); r.close()
  yield* Effect.sleep("200 millis"); console.log("after F", handles())
})
Effect.runPromise(main as any).then(() => console.log("done"), (e) => console.log("FAILED", String(e).slice(0, 800)))
