/** The surroundings of the client suite: clients, and the faults of the network between them and Kuzzle. */
import {
  Kuzzle,
  type KuzzleConfig,
  KuzzleDocument,
  type KuzzleDownload,
  type KuzzleError,
  type KuzzleRealtime
} from "@effect-kuzzle/core"
import { Context, Effect, Layer } from "effect"
import type { Scope } from "effect"

/** The backend sets the address, and whether the session is kept by token or by cookie. */
type Chosen = "url" | "host" | "port" | "ssl" | "path" | "session"

export type ClientOptions = Omit<Kuzzle.Options & KuzzleConfig.HeartbeatOptions, Chosen>

export type HttpOptions = Omit<Kuzzle.HttpOptions, Chosen>

export type ClientServices = Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime

export type ClientLayer = Layer.Layer<ClientServices, KuzzleError.ConnectError | KuzzleError.InvalidSettingError>

/** Faults of every client made by `client` and `cookie`, and of none made by `http`. */
export interface Network {
  /** Breaks every connection, without a close frame. */
  readonly cut: Effect.Effect<void>
  /** Ends every connection with a close frame, as a proxy does. */
  readonly close: (code: number) => Effect.Effect<void>
  /** Holds back everything in both directions. Connections stay open. */
  readonly freeze: Effect.Effect<void>
  /** Ends `freeze`. */
  readonly thaw: Effect.Effect<void>
}

export interface BackendShape {
  readonly client: (options?: ClientOptions) => ClientLayer
  /** A client that keeps its session in a cookie. */
  readonly cookie: (options?: ClientOptions) => ClientLayer
  readonly http: (
    options?: HttpOptions
  ) => Layer.Layer<Kuzzle.Kuzzle | KuzzleDownload.KuzzleDownload, KuzzleError.InvalidSettingError>
  readonly network: Network
}

export class Backend extends Context.Tag("@effect-kuzzle/testing/test/Backend")<Backend, BackendShape>() {}

export interface Collection {
  readonly index: string
  readonly collection: string
}

export interface User {
  readonly kuid: string
  readonly username: string
  readonly password: string
}

/** The data of a suite on the server. Names are unique to this run, and all data is removed at the end. */
export interface WorldShape {
  /** Over HTTP, so the faults of the network do not affect it. */
  readonly admin: Kuzzle.KuzzleShape
  readonly index: string
  readonly name: (prefix: string) => string
  readonly collection: Effect.Effect<Collection, KuzzleError.RequestError>
  readonly user: Effect.Effect<User, KuzzleError.RequestError>
  /** Removes an index of a test at the end. */
  readonly removeLater: (index: string) => Effect.Effect<void>
}

export class World extends Context.Tag("@effect-kuzzle/testing/test/World")<World, WorldShape>() {}

const make: Effect.Effect<
  WorldShape,
  KuzzleError.RequestError | KuzzleError.InvalidSettingError,
  Backend | Scope.Scope
> = Effect.gen(function*() {
  const backend = yield* Backend
  const admin = Context.get(yield* Layer.build(backend.http()), Kuzzle.Kuzzle)
  const run = `t${Math.random().toString(36).slice(2, 10)}`
  let count = 0
  const name = (prefix: string) => `${run}-${prefix}${count++}`
  const index = name("index")
  const indexes = [index]
  const users: Array<string> = []
  yield* admin.query({ controller: "index", action: "create", index })
  // Kuzzle deletes an index by a URL with the names of all its collections, and Elasticsearch reads at most 4096 bytes of it.
  const remove = (index: string) =>
    Effect.gen(function*() {
      const { result } = yield* admin.query({ controller: "collection", action: "list", index, type: "stored" })
      // The result of `collection:list`.
      const { collections } = result as { readonly collections: ReadonlyArray<{ readonly name: string }> }
      for (const { name } of collections) {
        yield* admin.query({ controller: "collection", action: "delete", index, collection: name })
      }
      yield* admin.query({ controller: "index", action: "delete", index })
    })
  yield* Effect.addFinalizer(() =>
    Effect.orDie(Effect.zipRight(
      Effect.forEach(indexes, remove),
      // In one request, because each waits until searches see the change.
      admin.query({ controller: "security", action: "mDeleteUsers", body: { ids: users } })
    ))
  )
  return {
    admin,
    index,
    name,
    collection: Effect.suspend(() => {
      const target = { index, collection: name("collection") }
      // Strings are keywords, so that tests can search for, sort by and compare whole values.
      const properties = { status: { type: "keyword" }, seats: { type: "integer" } }
      const body = { mappings: { dynamic: "true", properties } }
      return Effect.as(admin.query({ controller: "collection", action: "create", ...target, body }), target)
    }),
    user: Effect.suspend(() => {
      const user = { kuid: name("kuid"), username: name("user"), password: name("password") }
      const { kuid, ...local } = user
      users.push(kuid)
      const body = { content: { profileIds: ["default"] }, credentials: { local } }
      return Effect.as(admin.query({ controller: "security", action: "createUser", _id: kuid, body }), user)
    }),
    removeLater: (index) => Effect.sync(() => void indexes.push(index))
  }
})

/** Writes numbered documents, so that their notifications show the order. */
export const writeNumbered = (target: Collection, numbers: ReadonlyArray<number>) =>
  Effect.forEach(numbers, (n) => KuzzleDocument.create({ ...target, content: { n } }), { discard: true })

export const layerWorld: Layer.Layer<World, KuzzleError.RequestError | KuzzleError.InvalidSettingError, Backend> = Layer
  .scoped(World, make)
