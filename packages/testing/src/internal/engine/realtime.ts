/** Rooms, channels and notifications (spec 1.5): which subscribers are notified, in the order of the real server. */
import * as KuzzleFilter from "@effect-kuzzle/core/KuzzleFilter"
import { error, nativeError, received } from "./errors.ts"
import { digestHex } from "./identifiers.ts"
import { canonical, type JsonObject } from "./json.ts"
import type { KuzzleRequest } from "./request.ts"

export type Scope = "in" | "out"
type Choice = "all" | "in" | "out" | "none"

interface Channel {
  readonly scope: Choice
  readonly users: Choice
}

interface Room {
  readonly id: string
  readonly index: string
  readonly collection: string
  readonly matches: (document: JsonObject) => boolean
  /** The subscribed connections, each with the volatile data of its subscription. */
  readonly members: Map<string, JsonObject | null>
  /** The members that the cluster does not know, because `checkEncodable` has failed. `list` does not count them. */
  readonly uncounted: Set<string>
  readonly channels: Map<string, Channel>
}

/** Delivers a notification to one connection. It is encoded once for all receivers. */
export type Deliver = (connectionId: string, frame: string) => void

const isChoice = (value: unknown): value is Choice =>
  value === "all" || value === "in" || value === "out" || value === "none"

/** As in the real server, `users: "out"` and `"none"` share a digit, and so a channel (spec 1.5). */
const digits = { users: { all: "1", in: "2", out: "3", none: "3" }, scope: { all: "1", in: "2", out: "3", none: "" } }

/** A change of a document, for a notification. */
export interface Change {
  readonly action: "create" | "update" | "replace" | "delete" | "publish"
  /** The `result` of the notification. */
  readonly result: JsonObject
  /** The content against which filters are tested. */
  readonly document: JsonObject
  /** The key under which the rooms of the document are remembered; absent for a `publish`. */
  readonly key: string | undefined
}

/** The rooms that a changed document is in, and a function that notifies the rooms that it has left. */
interface NotifiedRooms {
  readonly inside: ReadonlyArray<Room>
  readonly notifyOfLeaving: () => void
}

const events = { create: "write", update: "write", replace: "write", delete: "delete", publish: "publish" }

export class Realtime {
  private readonly deliver: Deliver
  private readonly seed: string
  private readonly rooms = new Map<string, Room>()
  /** The rooms of each collection: a write reads no others. */
  private readonly byCollection = new Map<string, Set<Room>>()
  private readonly byConnection = new Map<string, Set<string>>()
  /** The connections of a channel, in the order in which they joined. */
  private readonly listeners = new Map<string, Set<string>>()
  /** The rooms of a document at its last write, to notice that it leaves one. */
  private readonly roomsOf = new Map<string, ReadonlyArray<string>>()
  constructor(seed: string, deliver: Deliver) {
    this.seed = seed
    this.deliver = deliver
  }

  // -- subscriptions ------------------------------------------------------------------------------------------------

  subscribe(request: KuzzleRequest, connectionId: string): JsonObject {
    const index = getIndexName(request, "index")
    const collection = getIndexName(request, "collection")
    const filter = request.body ?? {}
    const issues = KuzzleFilter.validate(filter)
    if (issues.length > 0) throw error("api.assert.koncorde_dsl_error", issues.join("; "))
    const id = digestHex(this.seed, canonical({ filter, index, collection }))
    // Over HTTP no connection can be notified. The real server still answers (transcript 08).
    if (request.protocol === "http") {
      const { name } = channelOf(id, request)
      checkEncodable(request)
      return { channel: name, roomId: id }
    }
    // The room is created before the scope is checked. It remains if the scope is wrong (hotelClerk.ts, `subscribe`).
    const room = this.rooms.get(id) ?? this.createRoom(id, index, collection, filter)
    return this.addMember(room, channelOf(id, request), request, connectionId)
  }

  /** Joins an existing room, whatever its filter. */
  join(request: KuzzleRequest, roomId: string, connectionId: string): JsonObject {
    const room = this.rooms.get(roomId)
    if (room === undefined) throw error("core.realtime.room_not_found", roomId)
    const channel = channelOf(roomId, request)
    return request.protocol === "http"
      ? { channel: channel.name, roomId }
      : this.addMember(room, channel, request, connectionId)
  }

  private addMember(
    room: Room,
    { name, scope, users }: Channel & { readonly name: string },
    request: KuzzleRequest,
    connectionId: string
  ): JsonObject {
    const joining = !room.members.has(connectionId)
    if (joining) {
      room.members.set(connectionId, request.volatile)
      const rooms = this.byConnection.get(connectionId) ?? new Set()
      this.byConnection.set(connectionId, rooms.add(room.id))
    }
    // The notification goes to the channels that existed before this subscription. It is sent after this connection has
    // joined its channel. So a subscriber is notified of its own arrival only if its channel existed before.
    const channelsBefore = this.channelsFor(room, (channel) => channel.users === "all" || channel.users === "in")
    if (!room.channels.has(name)) room.channels.set(name, { scope, users })
    // If the check fails, the connection is in the room but receives nothing, as in the real server.
    if (joining) {
      room.uncounted.add(connectionId)
      checkEncodable(request)
      room.uncounted.delete(connectionId)
    }
    const listeners = this.listeners.get(name) ?? new Set()
    this.listeners.set(name, listeners.add(connectionId))
    if (joining) {
      const { action, args: { collection, index }, protocol, timestamp, volatile } = request
      // The index and collection are those of the request. A join by the id of a room has neither.
      const target = { index, collection }
      this.broadcast(channelsBefore, {
        ...userNotification(room, "in", volatile, action, protocol, timestamp),
        ...target
      })
    }
    return { channel: name, roomId: room.id }
  }

  unsubscribe(connectionId: string, roomId: string, now: number): void {
    const room = this.rooms.get(roomId)
    const volatile = room?.members.get(connectionId)
    if (room === undefined || volatile === undefined) throw error("core.realtime.not_subscribed", connectionId, roomId)
    room.members.delete(connectionId)
    room.uncounted.delete(connectionId)
    this.byConnection.get(connectionId)?.delete(roomId)
    for (const channel of room.channels.keys()) this.listeners.get(channel)?.delete(connectionId)
    if (room.members.size === 0) {
      for (const channel of room.channels.keys()) this.listeners.delete(channel)
      this.rooms.delete(roomId)
      this.byCollection.get(collectionKey(room.index, room.collection))?.delete(room)
      return
    }
    this.broadcast(
      this.channelsFor(room, (channel) => channel.users === "all" || channel.users === "out"),
      userNotification(room, "out", volatile, "unsubscribe", null, now)
    )
  }

  /** Ends all subscriptions of a connection, after the end of the connection or of its token. */
  unsubscribeAll(connectionId: string, now: number): void {
    for (const roomId of this.byConnection.get(connectionId) ?? []) this.unsubscribe(connectionId, roomId, now)
    this.byConnection.delete(connectionId)
  }

  count(roomId: string): number {
    return this.rooms.get(roomId)?.members.size ?? 0
  }

  list(): JsonObject {
    const list: Record<string, Record<string, Record<string, number>>> = {}
    for (const room of this.rooms.values()) {
      const collections = list[room.index] ??= {}
      const rooms = collections[room.collection] ??= {}
      rooms[room.id] = room.members.size - room.uncounted.size
    }
    return list
  }

  metrics(): JsonObject {
    const subscribed = [...this.byConnection.values()].filter((rooms) => rooms.size > 0)
    return { rooms: this.rooms.size, subscriptions: subscribed.length }
  }

  /** The collections of an index that have subscriptions, even if they do not exist. */
  collections(index: string): ReadonlyArray<string> {
    return [...new Set([...this.rooms.values()].filter((room) => room.index === index).map((room) => room.collection))]
  }

  private createRoom(id: string, index: string, collection: string, filter: JsonObject): Room {
    const room: Room = {
      id,
      index,
      collection,
      // Safe: it was just validated.
      matches: KuzzleFilter.matches(filter as KuzzleFilter.Filter),
      members: new Map(),
      uncounted: new Set(),
      channels: new Map()
    }
    this.rooms.set(id, room)
    const key = collectionKey(index, collection)
    const collectionRooms = this.byCollection.get(key) ?? new Set()
    this.byCollection.set(key, collectionRooms.add(room))
    return room
  }

  // -- notifications ------------------------------------------------------------------------------------------------

  /**
   * Notifies the rooms whose filters match the documents, and the rooms that the documents have left. The order is that
   * of the real server: first the rooms that match, and the rooms left by documents that match no room. Then the rooms
   * left by the other documents.
   *
   * The former rooms of all documents are read before the first notification, and the new rooms are stored after the
   * last one (notifier.js, `notifyDocuments`). The difference is visible if a request names a document twice.
   */
  notify(request: KuzzleRequest, ...changes: ReadonlyArray<Change>): void {
    const keys = changes.map(({ key }) => (key === undefined ? undefined : documentKey(request, key)))
    const before = keys.map((key) => (key === undefined ? undefined : this.roomsOf.get(key)) ?? [])
    const notified = changes.map((change, i) => this.notifyOf(request, change, before[i] ?? []))
    for (const { notifyOfLeaving } of notified) notifyOfLeaving()
    const hasNoRooms = (i: number) => changes[i]?.action === "delete" || notified[i]?.inside.length === 0
    for (const [i, key] of keys.entries()) {
      if (key !== undefined && !hasNoRooms(i)) this.roomsOf.set(key, notified[i]?.inside.map(({ id }) => id) ?? [])
    }
    for (const [i, key] of keys.entries()) {
      if (key !== undefined && hasNoRooms(i)) this.roomsOf.delete(key)
    }
  }

  private notifyOf(request: KuzzleRequest, change: Change, before: ReadonlyArray<string>): NotifiedRooms {
    const index = String(request.args.index)
    const collection = String(request.args.collection)
    const rooms = this.byCollection.get(collectionKey(index, collection)) ?? []
    const inside = [...rooms].filter((room) => room.matches(change.document))
    const scope: Scope = change.action === "delete" ? "out" : "in"
    this.send(inside, scope, request, change)
    if (change.action !== "update" && change.action !== "replace") return { inside, notifyOfLeaving: nothing }
    const stillIn = new Set(inside)
    const departed = before.flatMap((id) => {
      const room = this.rooms.get(id)
      return room === undefined || stillIn.has(room) ? [] : [room]
    })
    const notifyOfLeaving = () => this.send(departed, "out", request, change)
    if (inside.length > 0) return { inside, notifyOfLeaving }
    notifyOfLeaving()
    return { inside, notifyOfLeaving: nothing }
  }

  private send(rooms: ReadonlyArray<Room>, scope: Scope, request: KuzzleRequest, change: Change): void {
    if (rooms.length === 0) return
    const channels = rooms.flatMap((room) =>
      this.channelsFor(room, (channel) => channel.scope === "all" || channel.scope === scope)
    )
    if (channels.length > 0) checkEncodable(request)
    this.broadcast(channels, {
      type: "document",
      status: 200,
      action: change.action,
      scope,
      result: change.result,
      event: events[change.action],
      requestId: request.id,
      timestamp: request.timestamp,
      volatile: request.volatile,
      index: request.args.index,
      collection: request.args.collection,
      controller: request.controller,
      protocol: request.protocol
    })
  }

  private channelsFor(room: Room, test: (channel: Channel) => boolean): ReadonlyArray<string> {
    return [...room.channels].flatMap(([name, channel]) => (test(channel) ? [name] : []))
  }

  private broadcast(channels: ReadonlyArray<string>, notification: JsonObject): void {
    for (const channel of channels) {
      const listeners = this.listeners.get(channel)
      if (listeners === undefined || listeners.size === 0) continue
      const frame = JSON.stringify({ ...notification, room: channel })
      for (const connectionId of listeners) this.deliver(connectionId, frame)
    }
  }
}

const nothing = (): void => {}

const channelOf = (roomId: string, request: KuzzleRequest): Channel & { readonly name: string } => {
  const { scope = "all", users = "none" } = request.args
  if (!isChoice(scope)) throw error("core.realtime.invalid_scope")
  if (!isChoice(users)) throw error("core.realtime.invalid_users")
  return { name: `${roomId}-${digits.users[users]}1${digits.scope[scope]}`, scope, users }
}

/**
 * Throws if the name of the index or the collection is not text. Kuzzle converts such a name, but cannot encode it in
 * messages to the other nodes of its cluster (publisher.js, `send`).
 */
const checkEncodable = ({ args: { collection, index } }: KuzzleRequest): void => {
  const wrong = [index, collection].find((name) => name !== undefined && typeof name !== "string")
  if (wrong === undefined) return
  throw nativeError(
    `The "string" argument must be of type string or an instance of Buffer or ArrayBuffer. ${received(wrong)}`
  )
}

/** The names of indexes and collections contain no slash. */
const collectionKey = (index: string, collection: string): string => `${index}/${collection}`

const documentKey = ({ args: { collection, index } }: KuzzleRequest, id: string): string =>
  `${collectionKey(String(index), String(collection))}/${id}`

const getIndexName = (request: KuzzleRequest, name: "index" | "collection"): string => {
  if (!request.args[name]) throw error("api.assert.missing_argument", name)
  return String(request.args[name])
}

const userNotification = (
  room: Room,
  user: "in" | "out",
  volatile: JsonObject | null,
  action: string | null,
  protocol: string | null,
  timestamp: number
): JsonObject => ({
  type: "user",
  status: 200,
  user,
  result: { count: room.members.size },
  timestamp,
  volatile,
  index: room.index,
  collection: room.collection,
  controller: "realtime",
  action,
  protocol
})
