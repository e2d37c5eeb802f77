/**
 * Loads with many requests, clients and subscriptions over real sockets, for ours, the client written by hand and the official
 * SDK. This module must not import a module that loads one of the clients.
 */
import { type Load, loads, type Row, subscribe } from "../loads.ts"
import type { Session } from "../peers/Peer.ts"
import * as wire from "../wire.ts"
import { cpuOf, heapOf } from "./measure.ts"

const row = (title: string, figure: string, unit: Row["unit"], ours: string): Row => ({ title, figure, unit, ours })

const times = <A>(n: number, make: () => A): Array<A> => Array.from({ length: n }, make)

/** Loads of `pnpm bench` that are large enough. */
const many = (...names: ReadonlyArray<string>) => loads.filter(({ name }) => names.includes(name))

/** Ends the connection; every request on it fails. */
const kill = (session: Session) => session.request(wire.kill).then(() => {}, () => {})

const inFlight: Load = {
  name: "in-flight-30000",
  samples: 2,
  settings: { deadline: 60_000 },
  peers: ["raw", "raw:tuned", "sdk", "ours", "ours:queryMany"],
  rows: [
    row("30,000 in flight: CPU per request, by concurrent effects", "cpu", "µs", "ours"),
    row("— by `queryMany`", "cpu", "µs", "ours:queryMany"),
    row("— heap each, by concurrent effects", "heap", "B", "ours"),
    row("— by `queryMany`", "heap", "B", "ours:queryMany")
  ],
  run: async (peer, settings, quick) => {
    const count = quick ? 10_000 : 30_000
    // Measures memory first, because a timer of the SDK keeps each answered request until its deadline.
    const silent = await peer.open(settings)
    await silent.concurrent(500, 100, wire.create)
    const requests = times(count, () => wire.silence)
    let settled: Promise<number> | undefined
    const heap = await heapOf(count, async () => {
      settled = silent.settle(requests)
      // Meanwhile the server reads them all.
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      return requests
    })
    await kill(silent)
    const failed = await settled
    if (failed !== count) throw new Error(`${failed} requests failed instead of ${count}`)
    await silent.close()
    const session = await peer.open(settings)
    await session.concurrent(20_000, 1_000, wire.create)
    const cpu = await cpuOf(() => session.concurrent(2 * count, count, wire.create))
    return { cpu: cpu / (2 * count), heap }
  }
}

const clients: Load = {
  name: "clients-2000",
  samples: 2,
  peers: ["raw", "sdk", "ours", "ours:make"],
  rows: [
    row("2,000 clients opened: CPU each, a layer each", "cpu", "µs", "ours"),
    row("— by `Kuzzle.make`", "cpu", "µs", "ours:make"),
    row("— heap each, a layer each", "heap", "B", "ours"),
    row("— by `Kuzzle.make`", "heap", "B", "ours:make")
  ],
  run: async (peer, settings, quick) => {
    const count = quick ? 500 : 2_000
    const sessions: Array<Session> = []
    const openTo = async (count: number) => {
      while (sessions.length < count) sessions.push(...await Promise.all(times(50, () => peer.open(settings))))
    }
    await openTo(200)
    let cpu = 0
    const heap = await heapOf(count, async () => {
      cpu = await cpuOf(() => openTo(200 + count))
      return sessions
    })
    return { cpu: cpu / count, heap }
  }
}

const reconnecting: Load = {
  name: "reconnect-10000",
  samples: 2,
  // A request that waits for the connection shows that all are open again.
  settings: { deadline: 60_000, queue: 10 },
  peers: ["raw", "raw:tuned", "sdk", "ours"],
  rows: [row("reconnecting 10,000 subscriptions: CPU each", "cpu", "µs", "ours")],
  run: async (peer, settings, quick) => {
    const count = quick ? 3_000 : 10_000
    let session = await peer.open(settings)
    let blast = await subscribe(session, count)
    await blast(1)
    const reconnect = async () => {
      await kill(session)
      if (!peer.queues) {
        // Raw does not reconnect: its user opens another connection and subscribes to all rooms again.
        session = await peer.open(settings)
        blast = await subscribe(session, count)
      }
      await blast(1)
    }
    await reconnect()
    return { cpu: (await cpuOf(reconnect)) / count }
  }
}

export const beside: ReadonlyArray<Load> = [
  ...many("subscriptions"),
  inFlight,
  clients,
  reconnecting,
  ...many("outbox-2000", "outbox-100000")
]
