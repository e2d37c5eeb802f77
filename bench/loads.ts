/** The loads. Each has its clients, its rows of the table, and a function that measures one client. */
import { writeFileSync } from "node:fs"
import * as Inspector from "node:inspector/promises"
import type { Peer, Session, Settings } from "./peers/Peer.ts"
import * as wire from "./wire.ts"

/** The figures of one sample. CPU is in µs, time in ms, memory in bytes. */
export type Figures = Readonly<Record<string, number>>

export interface Row {
  readonly title: string
  readonly figure: string
  readonly unit: "µs" | "ms" | "/s" | "B" | "MB" | "timers"
  /** The variant of ours that the row shows. */
  readonly ours: string
  /** `atMost` limits the ratio to `raw` or to Effect alone. `below` limits the figure itself. */
  readonly target?: { readonly atMost: number; readonly of?: "Effect" } | { readonly below: number }
}

export interface Load {
  readonly name: string
  readonly samples: number
  readonly peers: ReadonlyArray<string>
  readonly rows: ReadonlyArray<Row>
  readonly settings?: Partial<Settings>
  readonly run: (peer: Peer, settings: Settings, quick: boolean) => Promise<Figures>
}

// -------------------------------------------------------------------------------------------------------------------
// measuring
// -------------------------------------------------------------------------------------------------------------------

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** The heap in bytes, after garbage collections. */
const heap = async (): Promise<number> => {
  for (let i = 0; i < 3; i++) {
    await sleep(50)
    globalThis.gc!()
  }
  return process.memoryUsage().heapUsed
}

const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length

/** Runs the measured part, under the profiler if `BENCH_PROFILE` names a file. */
const profiled = async (run: () => Promise<unknown>) => {
  const file = process.env.BENCH_PROFILE
  if (file === undefined) return await run()
  const inspector = new Inspector.Session()
  inspector.connect()
  await inspector.post("Profiler.enable")
  await inspector.post("Profiler.setSamplingInterval", { interval: 200 })
  await inspector.post("Profiler.start")
  await run()
  const { profile } = await inspector.post("Profiler.stop")
  writeFileSync(file, JSON.stringify(profile))
}

/** CPU time of the whole process (with collector and compiler) and wall time. */
const measure = async (run: () => Promise<unknown>) => {
  globalThis.gc!()
  await sleep(20)
  const cpu = process.cpuUsage()
  const start = performance.now()
  await profiled(run)
  const wall = performance.now() - start
  const { system, user } = process.cpuUsage(cpu)
  return { cpu: user + system, wall }
}

const median = (values: ReadonlyArray<number>): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[sorted.length >> 1] ?? Number.NaN
}

/** Opens subscriptions. The returned function requests `count` notifications, and resolves when all have been handled. */
export const subscribe = async (session: Session, subscriptions: number) => {
  let remaining = 0
  let finished: () => void = () => {}
  await session.subscribe(Array.from({ length: subscriptions }, (_, n) => wire.filter(n)), (count) => {
    remaining -= count
    if (remaining <= 0) finished()
  })
  return async (count: number) => {
    remaining = count
    const done = new Promise<void>((resolve) => {
      finished = resolve
    })
    await session.request(wire.blast(count, subscriptions))
    const lost = setTimeout(() => {
      throw new Error(`${remaining} of ${count} notifications did not arrive`)
    }, 60_000)
    await done
    clearTimeout(lost)
  }
}

// -------------------------------------------------------------------------------------------------------------------
// the loads
// -------------------------------------------------------------------------------------------------------------------

const sequential: Load = {
  name: "sequential",
  samples: 7,
  peers: ["raw", "raw:tuned", "sdk", "sdk:no-deadline", "effect", "ours"],
  rows: [
    { title: "sequential requests: CPU per request", figure: "cpu", unit: "µs", ours: "ours", target: { atMost: 1.2 } },
    { title: "sequential requests: latency p50", figure: "p50", unit: "ms", ours: "ours", target: { atMost: 1.15 } }
  ],
  run: async (peer, settings, quick) => {
    const count = quick ? 4_000 : 10_000
    const session = await peer.open(settings)
    await session.sequential(count, wire.create, () => {})
    const times: Array<number> = []
    let last = 0
    const { cpu } = await measure(() => {
      last = performance.now()
      return session.sequential(count, wire.create, () => {
        const now = performance.now()
        times.push(now - last)
        last = now
      })
    })
    return { cpu: cpu / count, p50: median(times) }
  }
}

const inFlight = (
  width: number,
  targets: { readonly effects: number; readonly queryMany: number }
): Load => ({
  name: `in-flight-${width}`,
  samples: 5,
  peers: ["raw", "raw:tuned", "sdk", "sdk:no-deadline", "effect", "ours", "ours:queryMany", "ours:forEach"],
  rows: [
    {
      title: `${width} in flight: CPU per request, by concurrent effects`,
      figure: "cpu",
      unit: "µs",
      ours: "ours",
      target: { atMost: targets.effects }
    },
    {
      title: "— by `queryMany`",
      figure: "cpu",
      unit: "µs",
      ours: "ours:queryMany",
      target: { atMost: targets.queryMany }
    },
    { title: "— by `Effect.forEach`, a fiber for each request", figure: "cpu", unit: "µs", ours: "ours:forEach" },
    {
      title: `${width} in flight: requests per second, by concurrent effects`,
      figure: "rate",
      unit: "/s",
      ours: "ours"
    },
    { title: "— by `queryMany`", figure: "rate", unit: "/s", ours: "ours:queryMany" }
  ],
  run: async (peer, settings, quick) => {
    const count = quick ? 20_000 : 50_000
    const session = await peer.open(settings)
    await session.concurrent(quick ? 10_000 : 50_000, width, wire.create)
    const { cpu, wall } = await measure(() => session.concurrent(count, width, wire.create))
    return { cpu: cpu / count, rate: count / (wall / 1000) }
  }
})

const notifications: Load = {
  name: "notifications",
  samples: 3,
  peers: [
    "raw",
    "raw:tuned",
    "sdk",
    "ours",
    "ours:chunks",
    "ours:each",
    "ours:schema-handler",
    "ours:schema-chunks",
    "ours:schema-each"
  ],
  rows: [
    {
      title: "500,000 notifications of 500 B: CPU each, by handler",
      figure: "cpu",
      unit: "µs",
      ours: "ours",
      target: { atMost: 1.05 }
    },
    { title: "— by `Stream`, chunks", figure: "cpu", unit: "µs", ours: "ours:chunks", target: { atMost: 1.35 } },
    { title: "— by `Stream`, each", figure: "cpu", unit: "µs", ours: "ours:each", target: { atMost: 1.5 } },
    {
      title: "— documents decoded by Schema, by handler",
      figure: "cpu",
      unit: "µs",
      ours: "ours:schema-handler",
      target: { atMost: 2 }
    },
    {
      title: "— documents decoded by Schema, chunks",
      figure: "cpu",
      unit: "µs",
      ours: "ours:schema-chunks",
      target: { atMost: 2 }
    },
    {
      title: "— documents decoded by Schema, each",
      figure: "cpu",
      unit: "µs",
      ours: "ours:schema-each",
      target: { atMost: 2 }
    },
    { title: "— notifications per second, by handler", figure: "rate", unit: "/s", ours: "ours" },
    { title: "— notifications per second, by `Stream`, chunks", figure: "rate", unit: "/s", ours: "ours:chunks" }
  ],
  run: async (peer, settings, quick) => {
    const count = quick ? 100_000 : 500_000
    const blast = await subscribe(await peer.open(settings), 1)
    await blast(quick ? 50_000 : 100_000)
    const { cpu, wall } = await measure(() => blast(count))
    return { cpu: cpu / count, rate: count / (wall / 1000) }
  }
}

const spread: Load = {
  name: "spread",
  samples: 3,
  peers: ["raw", "raw:tuned", "sdk", "ours", "ours:chunks", "ours:each"],
  rows: [
    {
      title: "200,000 spread over 100 subscriptions: CPU each, by `Stream`, chunks",
      figure: "cpu",
      unit: "µs",
      ours: "ours:chunks",
      target: { atMost: 1.7 }
    },
    { title: "— by `Stream`, each", figure: "cpu", unit: "µs", ours: "ours:each", target: { atMost: 2.7 } },
    { title: "— by handler", figure: "cpu", unit: "µs", ours: "ours" }
  ],
  run: async (peer, settings, quick) => {
    const count = quick ? 60_000 : 200_000
    const blast = await subscribe(await peer.open(settings), 100)
    await blast(quick ? 30_000 : 60_000)
    const { cpu } = await measure(() => blast(count))
    return { cpu: cpu / count }
  }
}

const subscriptions: Load = {
  name: "subscriptions",
  samples: 3,
  peers: ["raw", "raw:tuned", "sdk", "effect", "ours"],
  rows: [
    { title: "10,000 subscriptions opened: CPU each", figure: "cpu", unit: "µs", ours: "ours", target: { atMost: 2 } },
    { title: "— heap each, by handler", figure: "heap", unit: "B", ours: "ours", target: { below: 900 } }
  ],
  run: async (peer, settings, quick) => {
    const count = quick ? 3_000 : 10_000
    // Another connection warms up the compiler, so that the measured one starts without subscriptions.
    const warm = await peer.open(settings)
    await subscribe(warm, count / 2)
    await warm.close()
    const session = await peer.open(settings)
    const before = await heap()
    const { cpu } = await measure(() => subscribe(session, count))
    const after = await heap()
    await session.request(wire.blast(1, count))
    return { cpu: cpu / count, heap: (after - before) / count }
  }
}

const leftovers: Load = {
  name: "leftovers",
  samples: 1,
  settings: { deadline: 60_000 },
  peers: ["raw", "raw:tuned", "sdk", "ours"],
  rows: [
    {
      title: "100,000 requests with a 60 s deadline: memory left behind",
      figure: "memory",
      unit: "MB",
      ours: "ours",
      // The rest is compiled code and type feedback. Requests would take tens of MB.
      target: { below: 0.5 }
    },
    { title: "— timers left behind", figure: "timers", unit: "timers", ours: "ours", target: { below: 0 } }
  ],
  run: async (peer, settings, quick) => {
    const session = await peer.open(settings)
    await session.concurrent(5_000, 1_000, wire.create)
    const memory = await heap()
    const timersBefore = timers()
    await session.concurrent(quick ? 30_000 : 100_000, 1_000, wire.create)
    return { memory: ((await heap()) - memory) / 1e6, timers: timers() - timersBefore }
  }
}

const opening: Load = {
  name: "open",
  samples: 5,
  peers: ["raw", "raw:tuned", "sdk", "effect", "effect:make", "ours", "ours:make"],
  rows: [
    {
      title: "open to ready: time p50, a layer each",
      figure: "p50",
      unit: "ms",
      ours: "ours",
      target: { atMost: 1.25, of: "Effect" }
    },
    {
      title: "— by `Kuzzle.make`",
      figure: "p50",
      unit: "ms",
      ours: "ours:make",
      target: { atMost: 1.25, of: "Effect" }
    },
    {
      title: "— CPU each, closing included, a layer each",
      figure: "cpu",
      unit: "µs",
      ours: "ours",
      target: { atMost: 1.35, of: "Effect" }
    },
    {
      title: "— CPU each, by `Kuzzle.make`",
      figure: "cpu",
      unit: "µs",
      ours: "ours:make",
      target: { atMost: 1.35, of: "Effect" }
    }
  ],
  run: async (peer, settings, quick) => {
    const times: Array<number> = []
    const open = async () => {
      const start = performance.now()
      const session = await peer.open(settings)
      times.push(performance.now() - start)
      await session.close()
    }
    const count = quick ? 200 : 500
    for (let i = 0; i < count; i++) await open()
    times.length = 0
    const { cpu } = await measure(async () => {
      for (let i = 0; i < count; i++) await open()
    })
    return { cpu: cpu / count, p50: median(times) }
  }
}

const settle: Load = {
  name: "settle",
  samples: 3,
  peers: ["raw", "raw:tuned", "sdk", "sdk:no-deadline", "effect", "ours", "ours:queryMany"],
  rows: [
    {
      title: "10,000 in flight when the socket dies: time until all have settled, by concurrent effects",
      figure: "time",
      unit: "ms",
      ours: "ours",
      target: { atMost: 1.1, of: "Effect" }
    },
    { title: "— by `queryMany`", figure: "time", unit: "ms", ours: "ours:queryMany", target: { below: 100 } },
    { title: "— CPU each, by concurrent effects", figure: "cpu", unit: "µs", ours: "ours" }
  ],
  run: async (peer, settings) => {
    const count = 10_000
    const die = async (count: number) => {
      const session = await peer.open(settings)
      const settled = session.settle(Array.from({ length: count }, () => wire.silence))
      // Long enough for the server to read all of them, and shorter than any deadline.
      await sleep(1_000)
      // Like the others, this request gets no answer. It ends with the connection.
      return measure(async () => {
        const killed = session.request(wire.kill).then(() => 0, () => 1)
        const failed = (await settled) + (await killed)
        if (failed !== count + 1) throw new Error(`${failed} failures instead of ${count + 1}`)
      })
    }
    await die(count / 5)
    const { cpu, wall } = await die(count)
    return { time: wall, cpu: cpu / count }
  }
}

const idle: Load = {
  name: "idle",
  samples: 2,
  settings: { heartbeat: 2_000 },
  peers: ["raw", "sdk", "effect", "effect:make", "ours", "ours:make"],
  rows: [
    {
      title: "1,000 idle connections with a 2 s heartbeat: heap each, by `Kuzzle.make`",
      figure: "heap",
      unit: "B",
      ours: "ours:make",
      target: { atMost: 3.4 }
    },
    { title: "— heap each, a layer each", figure: "heap", unit: "B", ours: "ours", target: { atMost: 4.4 } },
    {
      title: "— CPU each per second, by `Kuzzle.make`",
      figure: "cpu",
      unit: "µs",
      ours: "ours:make",
      target: { atMost: 1.15 }
    },
    { title: "— CPU each per second, a layer each", figure: "cpu", unit: "µs", ours: "ours" }
  ],
  run: async (peer, settings, quick) => {
    const count = quick ? 300 : 1_000
    const seconds = quick ? 4 : 6
    const warm = await peer.open(settings)
    await warm.close()
    const before = await heap()
    const sessions: Array<Session> = []
    while (sessions.length < count) {
      sessions.push(...(await Promise.all(Array.from({ length: 50 }, () => peer.open(settings)))))
    }
    // Each client sends a heartbeat, so that everything that is created lazily exists.
    await sleep(2_200)
    const after = await heap()
    const { cpu } = await measure(() => sleep(seconds * 1000))
    if (sessions.length !== count) throw new Error("not all connections were opened")
    return { heap: (after - before) / count, cpu: cpu / count / seconds }
  }
}

/** Requests that are queued while there is no connection, and sent after the reconnection. */
const outbox = (
  count: number,
  peers: ReadonlyArray<string>,
  targets?: { readonly enqueue: number; readonly flush: number }
): Load => {
  const row = (title: string, figure: string, unit: Row["unit"], ours: string, target?: number): Row => ({
    title,
    figure,
    unit,
    ours,
    ...(target === undefined ? {} : { target: { atMost: target } })
  })
  return {
    name: `outbox-${count}`,
    samples: 3,
    settings: { deadline: 60_000, queue: count },
    peers,
    rows: [
      row(
        `${count.toLocaleString("en")} queued while offline: CPU to enqueue each, by concurrent effects`,
        "enqueue",
        "µs",
        "ours",
        targets?.enqueue
      ),
      row("— by `queryMany`", "enqueue", "µs", "ours:queryMany", targets?.enqueue),
      row("— CPU to flush each, by concurrent effects", "flush", "µs", "ours", targets?.flush),
      row("— by `queryMany`", "flush", "µs", "ours:queryMany", targets?.flush),
      row("— heap each while queued, by concurrent effects", "heap", "B", "ours"),
      row("— by `queryMany`", "heap", "B", "ours:queryMany")
    ],
    run: async (peer, settings) => {
      const session = await peer.open(settings)
      await session.concurrent(20_000, 100, wire.create)
      if (!peer.queues) {
        // Both figures are the cost of a request that is not queued.
        const { cpu } = await measure(() => session.concurrent(50_000, 100, wire.create))
        return { enqueue: cpu / 50_000, flush: cpu / 50_000 }
      }
      const { hostname, port } = new URL(settings.url)
      const queueAndFlush = async (count: number) => {
        const outage = await fetch(`http://${hostname}:${port}`)
        await sleep(200)
        const before = await heap()
        let flushed: Promise<void> | undefined
        const enqueued = await measure(() =>
          new Promise<void>((resolve) => {
            let made = 0
            flushed = session.concurrent(count, count, (n) => {
              made += 1
              // The last one is queued in this turn.
              if (made === count) setImmediate(resolve)
              return wire.create(n)
            })
          })
        )
        const after = await heap()
        await outage.body?.cancel()
        const { cpu } = await measure(() => flushed!)
        return { enqueue: enqueued.cpu / count, flush: cpu / count, heap: (after - before) / count }
      }
      for (let i = 0; i < 3; i++) await queueAndFlush(2_000)
      return await queueAndFlush(count)
    }
  }
}

/** Requests that must survive the process. No other client supports this, so the targets are absolute. */
const handingOver: Load = {
  name: "handing-over",
  samples: 3,
  peers: ["ours", "tab"],
  rows: [
    {
      title: "2,000 handed over to the outbox at once: time each until all are stored, in a folder",
      figure: "time",
      unit: "µs",
      ours: "ours",
      target: { below: 400 }
    },
    { title: "— in IndexedDB, in Chromium", figure: "time", unit: "µs", ours: "tab", target: { below: 120 } }
  ],
  run: async (peer, settings, quick) => {
    if (peer.handOver === undefined) throw new Error("this peer has no outbox")
    const count = 2_000
    // The first round warms up.
    const [, ...times] = await peer.handOver(settings, count, quick ? 4 : 8)
    return { time: median(times) * 1000 / count }
  }
}

export const loads: ReadonlyArray<Load> = [
  sequential,
  inFlight(100, { effects: 1, queryMany: 0.8 }),
  inFlight(1_000, { effects: 1.45, queryMany: 0.64 }),
  notifications,
  spread,
  subscriptions,
  leftovers,
  opening,
  settle,
  outbox(2_000, ["raw", "sdk", "ours", "ours:queryMany"]),
  outbox(20_000, ["raw", "sdk", "ours", "ours:queryMany"]),
  // The official SDK would take minutes.
  outbox(100_000, ["raw", "ours", "ours:queryMany"], { enqueue: 0.83, flush: 1.11 }),
  handingOver,
  idle
]
