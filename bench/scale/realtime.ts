/** Rows for subscriptions, their consumers and their notifications. */
import { KuzzleRealtime } from "@effect-kuzzle/core"
import { Effect, Exit, Scope } from "effect"
import * as Mailbox from "../../packages/core/src/internal/runtime/mailbox.ts"
import { cpuOf, type Row } from "./measure.ts"
import { all, range, reconnected, sourceText, target, withClient } from "./support.ts"

const open = (place: KuzzleRealtime.SubscribeOptions | KuzzleRealtime.JoinOptions) => KuzzleRealtime.open(place)

export const collection = (i: number) => open({ index: "nyc", collection: `c${i}` })
export const equal = () => KuzzleRealtime.open(target)
const room = (i: number) => open({ roomId: `x${i}` })
const besideRooms = (i: number) => i % 2 === 0 ? collection(i) : room(i)
const filtered = (i: number) => KuzzleRealtime.open({ ...target, filter: { equals: { driver: `d${i}` } } })

export const handler = (i: number) => KuzzleRealtime.listen({ index: "nyc", collection: `c${i}` }, () => {})

const subscriptions = [400, 1600, 6400, 12_800]

interface Kind {
  readonly title: string
  readonly one: typeof collection
  /** Whether the server answers all of them with the same channel. */
  readonly shared?: boolean
}

const collections: Kind = { title: "subscriptions to as many collections", one: collection }
const filters: Kind = { title: "filters of one collection", one: filtered }
const sharing: Kind = { title: "filters that share a channel", one: filtered, shared: true }
const rooms: Kind = { title: "rooms joined by id", one: room }
const mixed: Kind = { title: "subscriptions, half of them joined by id", one: besideRooms }
const consumers: Kind = { title: "consumers of one filter", one: equal }

const kinds = [collections, filters, sharing, rooms, mixed, consumers]

const opens = ({ one, shared = false, title }: Kind): Row => ({
  title: `N ${title} opened`,
  sizes: subscriptions,
  run: (n) =>
    withClient(({ run, server }) => {
      server.sharesRooms = shared
      return run(all(n, one))
    })
})

const closes = ({ one, shared = false, title }: Kind): Row => ({
  title: `N ${title} closed`,
  sizes: subscriptions,
  run: (n) => {
    const scope = Effect.runSync(Scope.make())
    return withClient(() => Effect.runPromise(Scope.close(scope, Exit.void)), {
      before: ({ run, server }) => {
        server.sharesRooms = shared
        return run(Scope.extend(all(n, one), scope))
      }
    })
  }
})

const reconnects = ({ one, shared = false, title }: Kind): Row => ({
  title: `reconnecting N ${title}`,
  sizes: subscriptions,
  run: (n) =>
    withClient(reconnected, {
      before: ({ run, server }) => {
        server.sharesRooms = shared
        return run(all(n, one))
      }
    })
})

export const note = (room: number, i: number, version: number) =>
  `{"type":"document","event":"write","action":"update","scope":"in","room":"r${room}-1",` +
  `"result":{"_id":"d${i}","_source":${sourceText},"_version":${version}}}`

/** A frame for each of N rooms, in mixed order. */
const notes = (n: number) => range(n).map((i) => note(1 + (i * 7919) % n, i, 1))

/** Parses each frame, and calls the function that a `Map` holds for its room. */
const plainRouting = (n: number) => {
  const rooms = new Map(
    range(n).map((i) => {
      const seen: Array<object> = []
      return [`r${i + 1}-1`, (notification: object) => {
        seen[0] = notification
      }]
    })
  )
  const frames = notes(n)
  return cpuOf(() => {
    for (const frame of frames) {
      const notification: { readonly room: string } = JSON.parse(frame)
      rooms.get(notification.room)?.(notification)
    }
  })
}

/** Deletes the oldest entry of a `Map` for each new one. */
const plainBuffer = (n: number) => {
  const entries = new Map(range(n).map((i) => [`a${i}`, {}]))
  const oldest = entries.keys()
  const keys = range(4 * n).map((i) => `b${i}`)
  return cpuOf(() =>
    keys.forEach((key) => {
      entries.delete(key)
      entries.set(key, {})
      const first = oldest.next()
      if (first.done !== true) entries.delete(first.value)
    })
  )
}

export const rows: ReadonlyArray<Row> = [
  ...kinds.map(opens),
  ...kinds.map(closes),
  ...kinds.map(reconnects),
  {
    title: "a notification to each of N subscriptions, by handler",
    sizes: subscriptions,
    plain: plainRouting,
    run: (n) => {
      const frames = notes(n)
      return withClient(({ server }) => {
        for (const frame of frames) server.emit(frame)
        return Promise.resolve()
      }, { before: ({ run }) => run(all(n, handler)) })
    }
  },
  {
    title: "20 notifications to N consumers of one filter, by handler: each of a consumer",
    // A consumer takes about 1 KB. From about 4,000 on, they no longer fit into the caches of the processor.
    sizes: [400, 1600, 6400, 12_800, 25_600],
    items: (n) => 20 * n,
    run: (n) =>
      withClient(({ server }) => {
        for (const i of range(20)) server.emit(note(1, i, 1))
        return Promise.resolve()
      }, { before: ({ run }) => run(all(n, () => KuzzleRealtime.listen(target, () => {}))) })
  },
  {
    title: "4 N notifications to a full conflating buffer of N",
    sizes: [1024, 4096, 16_384, 65_536],
    items: (n) => 4 * n,
    target: 0.5,
    plain: plainBuffer,
    run: (n) => {
      const mailbox = Mailbox.make<string, never>({ capacity: n, strategy: "sliding", keyOf: (key) => key })
      for (const i of range(n)) mailbox.offer(`a${i}`)
      const keys = range(4 * n).map((i) => `b${i}`)
      return cpuOf(() => keys.forEach((key) => mailbox.offer(key)))
    }
  }
]
