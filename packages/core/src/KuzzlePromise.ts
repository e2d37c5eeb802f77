/**
 * The client with Promises, for programs that do not use Effect. It has the functions of the chosen modules. A function
 * returns a Promise or, for several values, an `AsyncIterable`.
 *
 * The functions have the same options and results as those of the modules. If the effect fails, the Promise rejects
 * with the same error: an `Error` with a `_tag`.
 *
 * @module
 * @since 0.1.0
 */
/// <reference lib="esnext.disposable" preserve="true" />
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Promised from "./internal/api/promised.ts"
import { Kuzzle } from "./internal/client/client.ts"
import * as KuzzleAdmin from "./KuzzleAdmin.ts"
import * as KuzzleAuth from "./KuzzleAuth.ts"
import * as KuzzleBulk from "./KuzzleBulk.ts"
import * as KuzzleCluster from "./KuzzleCluster.ts"
import * as KuzzleCollection from "./KuzzleCollection.ts"
import * as KuzzleDebug from "./KuzzleDebug.ts"
import * as KuzzleDocument from "./KuzzleDocument.ts"
import * as KuzzleExport from "./KuzzleExport.ts"
import * as KuzzleImport from "./KuzzleImport.ts"
import * as KuzzleIndex from "./KuzzleIndex.ts"
import * as KuzzleLiveQuery from "./KuzzleLiveQuery.ts"
import * as KuzzleMemoryStorage from "./KuzzleMemoryStorage.ts"
import type * as KuzzleOutbox from "./KuzzleOutbox.ts"
import * as KuzzleRealtime from "./KuzzleRealtime.ts"
import type * as KuzzleRepository from "./KuzzleRepository.ts"
import * as KuzzleSearch from "./KuzzleSearch.ts"
import * as KuzzleSecurity from "./KuzzleSecurity.ts"
import * as KuzzleServer from "./KuzzleServer.ts"

export {
  /**
   * The client was closed by `close`. `started: true`: the call had begun, so its request may have been executed.
   * `started: false`: nothing was sent.
   *
   * @since 0.1.0
   * @category errors
   */
  ClosedError
} from "./internal/api/promised.ts"

/**
 * An option that every call accepts in addition to its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallOptions {
  /**
   * Interrupts the call, which then rejects with the signal's `reason`. It also closes a subscription or live query
   * that the call has opened.
   */
  readonly signal?: AbortSignal | undefined
}

/**
 * A resource that lasts until it is closed, such as a subscription or live documents.
 *
 * @since 0.1.0
 * @category models
 */
export interface Closeable extends AsyncDisposable {
  /** Closes the resource, on the server, too. */
  readonly close: () => Promise<void>
}

// -------------------------------------------------------------------------------------------------------------------
// effects, streams and modules as Promises
// -------------------------------------------------------------------------------------------------------------------

type AnyEffect = Effect.Effect<unknown, unknown, unknown>

type AnyStream = Stream.Stream<unknown, unknown, unknown>

/** Whether a result is an effect or a stream to run. An `Option` is an effect, too, but here it is a value. */
type IsLazy<T> = T extends Option.Option<unknown> | Either.Either<unknown, unknown> ? false
  : T extends AnyEffect | AnyStream ? true
  : false

type HasLazy<T> = T extends ReadonlyArray<unknown> ? false
  : T extends object ? true extends { [K in keyof T]-?: IsLazy<T[K]> }[keyof T] ? true : false
  : false

type Needs<T> = T extends Effect.Effect<unknown, unknown, infer R> ? R
  : T extends Stream.Stream<unknown, unknown, infer R> ? R
  : never

type Runs<T, R> = [Needs<T>] extends [R | Scope.Scope] ? true : false

/** Whether a member of a module can be used: the client provides its services, and it returns an effect or a stream. */
type IsOffered<T, R> = T extends abstract new(...args: never) => unknown ? false
  : T extends (...args: never) => infer Out ? IsLazy<Out> extends true ? Runs<Out, R> : false
  : IsLazy<T> extends true ? Runs<T, R>
  : true

/** A result that needs a scope gets a `close`. */
type Owned<T, R> = Scope.Scope extends R ? T & Closeable : T

/**
 * The result of a Promise. A stream in the result of the effect becomes an `AsyncIterable`. An effect in it becomes a
 * function that returns a Promise.
 *
 * @since 0.1.0
 * @category models
 */
export type Result<A, R = never> = A extends AnyEffect ? A
  : A extends Stream.Stream<infer Item, unknown, unknown> ? Owned<AsyncIterable<Item>, R>
  : HasLazy<A> extends true ? Owned<Face<A, unknown>, R>
  : A

/** The first argument of a function is its options. */
type Given<Args extends ReadonlyArray<unknown>> = Args extends readonly [] ? [options?: CallOptions]
  : { [I in keyof Args]: I extends "0" ? Args[I] & CallOptions : Args[I] }

type Ran<T> = T extends Effect.Effect<infer A, unknown, infer R> ? Promise<Result<A, R>>
  : T extends Stream.Stream<infer A, unknown, unknown> ? AsyncIterable<A>
  : never

type Member<T, R> = T extends (...args: infer Args) => infer Out ? (...args: Given<Args>) => Ran<Out>
  : IsLazy<T> extends true ? T extends AnyEffect ? (options?: CallOptions) => Ran<T> : Ran<T>
  : HasLazy<T> extends true ? Face<T, R>
  : T

/**
 * TypeScript loses the type parameters of a function in a mapped type, so the functions with type parameters are listed
 * here.
 */
type Generic<T, R> = T extends typeof KuzzleAuth ? AuthFunctions
  : T extends typeof KuzzleDocument ? DocumentFunctions
  : T extends typeof KuzzleSearch ? SearchFunctions
  : T extends typeof KuzzleImport ? ImportFunctions
  : T extends typeof KuzzleMemoryStorage ? MemoryStorageFunctions
  : T extends typeof KuzzleRealtime ? KuzzleRealtime.KuzzleRealtime extends R ? RealtimeFunctions : {}
  : T extends KuzzleOutbox.KuzzleOutboxShape ? OutboxFunctions
  : T extends KuzzleRepository.KuzzleRepository<infer A, infer I, infer _, infer P>
    ? KuzzleRealtime.KuzzleRealtime extends R ? RepositoryFunctions<A, I, P> : {}
  : {}

type Face<T, R> =
  & {
    readonly [
      K in keyof T as K extends keyof Generic<T, unknown> ? never : IsOffered<T[K], R> extends true ? K : never
    ]: Member<T[K], R>
  }
  & Generic<T, R>

interface AuthFunctions {
  readonly login: <Strategy extends KuzzleSecurity.StrategyName>(
    options: KuzzleAuth.LoginOptions<Strategy> & CallOptions
  ) => Ran<ReturnType<typeof KuzzleAuth.login<Strategy>>>
  readonly loginStep: <Strategy extends KuzzleSecurity.StrategyName>(
    options: KuzzleAuth.LoginOptions<Strategy> & CallOptions
  ) => Ran<ReturnType<typeof KuzzleAuth.loginStep<Strategy>>>
}

interface DocumentFunctions {
  readonly get: <Source = KuzzleDocument.Content>(
    ...args: Given<Parameters<typeof KuzzleDocument.get<Source>>>
  ) => Ran<ReturnType<typeof KuzzleDocument.get<Source>>>
  readonly getOption: <Source = KuzzleDocument.Content>(
    ...args: Given<Parameters<typeof KuzzleDocument.getOption<Source>>>
  ) => Ran<ReturnType<typeof KuzzleDocument.getOption<Source>>>
  readonly mGet: <Source = KuzzleDocument.Content>(
    ...args: Given<Parameters<typeof KuzzleDocument.mGet<Source>>>
  ) => Ran<ReturnType<typeof KuzzleDocument.mGet<Source>>>
  readonly search: {
    <Source = KuzzleDocument.Content, const A extends KuzzleDocument.Aggregations = KuzzleDocument.Aggregations>(
      options: SearchOptions<A, true>
    ): Promise<Result<KuzzleDocument.SearchResult<Source, A>>>
    <
      Source = KuzzleDocument.Content,
      const A extends KuzzleDocument.Aggregations = KuzzleDocument.Aggregations,
      const S extends KuzzleDocument.SourceSelection = KuzzleDocument.SourceSelection
    >(
      options: SearchOptions<A, S>
    ): Promise<Result<KuzzleDocument.SearchResult<KuzzleDocument.Selected<Source, S>, A>>>
  }
}

type SearchOptions<A extends KuzzleDocument.Aggregations, S extends KuzzleDocument.SourceSelection> =
  & KuzzleDocument.SearchOptions<A, S>
  & KuzzleDocument.Selection
  & KuzzleDocument.SearchTarget
  & CallOptions

interface SearchFunctions {
  readonly hits: {
    <Source = KuzzleDocument.Content>(
      options: KuzzleSearch.Options<KuzzleDocument.Aggregations, true> & CallOptions
    ): AsyncIterable<KuzzleDocument.Hit<Source>>
    <Source = KuzzleDocument.Content, const S extends KuzzleDocument.SourceSelection = KuzzleDocument.SourceSelection>(
      options: KuzzleSearch.Options<KuzzleDocument.Aggregations, S> & CallOptions
    ): AsyncIterable<KuzzleDocument.Hit<KuzzleDocument.Selected<Source, S>>>
  }
  readonly pages: {
    <Source = KuzzleDocument.Content, const A extends KuzzleDocument.Aggregations = KuzzleDocument.Aggregations>(
      options: KuzzleSearch.Options<A, true> & CallOptions
    ): AsyncIterable<KuzzleSearch.Page<Source, A>>
    <
      Source = KuzzleDocument.Content,
      const A extends KuzzleDocument.Aggregations = KuzzleDocument.Aggregations,
      const S extends KuzzleDocument.SourceSelection = KuzzleDocument.SourceSelection
    >(
      options: KuzzleSearch.Options<A, S> & CallOptions
    ): AsyncIterable<KuzzleSearch.Page<KuzzleDocument.Selected<Source, S>, A>>
  }
}

interface ImportFunctions {
  readonly stream: (
    documents: AsyncIterable<KuzzleImport.ImportedDocument>,
    options: KuzzleImport.Options
  ) => AsyncIterable<KuzzleImport.Progress>
  readonly fromJsonLines: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<KuzzleImport.ImportedDocument>
}

interface MemoryStorageFunctions {
  readonly object: <Subcommand extends Parameters<typeof KuzzleMemoryStorage.object>[0]["subcommand"]>(
    options: Parameters<typeof KuzzleMemoryStorage.object<Subcommand>>[0] & CallOptions
  ) => Ran<ReturnType<typeof KuzzleMemoryStorage.object<Subcommand>>>
  readonly mexecute: <const Steps extends ReadonlyArray<KuzzleMemoryStorage.Step<unknown>>>(
    options: Omit<Parameters<typeof KuzzleMemoryStorage.mexecute>[0], "actions"> & CallOptions & {
      readonly actions: Steps
    }
  ) => Ran<ReturnType<typeof KuzzleMemoryStorage.mexecute<Steps>>>
}

interface RealtimeFunctions {
  readonly subscribe: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options: KuzzleRealtime.SubscribeOptions<Documents, Users> & KuzzleRealtime.BufferOptions<Strategy> & CallOptions
  ) => AsyncIterable<KuzzleRealtime.NotificationOf<Documents, Users>>
  readonly join: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options: KuzzleRealtime.JoinOptions<Documents, Users> & KuzzleRealtime.BufferOptions<Strategy> & CallOptions
  ) => AsyncIterable<KuzzleRealtime.NotificationOf<Documents, Users>>
  readonly open: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options:
      & (KuzzleRealtime.SubscribeOptions<Documents, Users> | KuzzleRealtime.JoinOptions<Documents, Users>)
      & KuzzleRealtime.BufferOptions<Strategy>
      & CallOptions
  ) => Promise<AsyncIterable<KuzzleRealtime.NotificationOf<Documents, Users>> & Closeable>
  readonly listen: <Documents extends KuzzleRealtime.Choice = "all", Users extends KuzzleRealtime.Choice = "none">(
    options:
      & (KuzzleRealtime.SubscribeOptions<Documents, Users> | KuzzleRealtime.JoinOptions<Documents, Users>)
      & CallOptions,
    handler: (notification: KuzzleRealtime.NotificationOf<Documents, Users>) => void
  ) => Ran<ReturnType<typeof KuzzleRealtime.listen<Documents, Users>>>
}

interface OutboxFunctions {
  /**
   * Takes the effect of a module's function, such as `KuzzleDocument.create(…)`: a description of a request that is not
   * sent yet.
   */
  readonly handOver: <A, E>(action: Effect.Effect<A, E, Kuzzle>) => Promise<Result<KuzzleOutbox.Receipt<A, E>>>
}

interface RepositoryFunctions<A, I, P extends KuzzleRepository.Policy> {
  readonly search: <
    const Aggs extends KuzzleDocument.Aggregations = KuzzleDocument.Aggregations,
    const S extends KuzzleRepository.Fields<A, I> = true
  >(
    options?: KuzzleRepository.SearchOptions<I, Aggs> & { readonly _source?: S | undefined } & CallOptions
  ) => Promise<
    KuzzleRepository.SearchResult<KuzzleRepository.Given<KuzzleRepository.Selected<A, S>, P>, Aggs, I>
  >
  readonly hits: <const S extends KuzzleRepository.Fields<A, I> = true>(
    options?: KuzzleRepository.HitsOptions<I> & { readonly _source?: S | undefined } & CallOptions
  ) => AsyncIterable<KuzzleRepository.Hit<KuzzleRepository.Given<KuzzleRepository.Selected<A, S>, P>>>
  readonly listen: <Documents extends KuzzleRealtime.Choice = "all", Users extends KuzzleRealtime.Choice = "none">(
    options: KuzzleRepository.SubscribeOptions<I, Documents, Users> & CallOptions,
    handler: (
      notification: KuzzleRepository.NotificationOf<KuzzleRepository.Given<A, P>, Documents, Users>
    ) => void
  ) => Ran<ReturnType<typeof KuzzleRealtime.listen>>
  readonly subscribe: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options?:
      & KuzzleRepository.SubscribeOptions<I, Documents, Users>
      & KuzzleRealtime.BufferOptions<Strategy>
      & CallOptions
  ) => AsyncIterable<KuzzleRepository.NotificationOf<KuzzleRepository.Given<A, P>, Documents, Users>>
  readonly open: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options?:
      & KuzzleRepository.SubscribeOptions<I, Documents, Users>
      & KuzzleRealtime.BufferOptions<Strategy>
      & CallOptions
  ) => Promise<
    AsyncIterable<KuzzleRepository.NotificationOf<KuzzleRepository.Given<A, P>, Documents, Users>> & Closeable
  >
  readonly join: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options: KuzzleRealtime.JoinOptions<Documents, Users> & KuzzleRealtime.BufferOptions<Strategy> & CallOptions
  ) => AsyncIterable<KuzzleRepository.NotificationOf<KuzzleRepository.Given<A, P>, Documents, Users>>
}

// -------------------------------------------------------------------------------------------------------------------
// the client
// -------------------------------------------------------------------------------------------------------------------

/**
 * The parts of a client: modules (`KuzzleDocument`), repositories, and the tags of services (`Kuzzle.Kuzzle`,
 * `KuzzleOutbox.KuzzleOutbox`). The program chooses their names.
 *
 * @since 0.1.0
 * @category models
 */
export type Modules = Readonly<Record<string, object>> & { readonly [K in keyof Running<never>]?: never }

/**
 * The functions of every client, whatever its modules are.
 *
 * @since 0.1.0
 * @category models
 */
export interface Running<R> extends Closeable {
  /** Runs any effect whose services the client provides. */
  readonly run: <A, E, R2 extends R | Scope.Scope>(
    effect: Effect.Effect<A, E, R2>,
    options?: CallOptions
  ) => Promise<Result<A, R2>>
  /** Runs any stream whose services the client provides, once for each iteration. */
  readonly iterate: <A, E, R2 extends R>(stream: Stream.Stream<A, E, R2>, options?: CallOptions) => AsyncIterable<A>
  /**
   * Closes the connection and ends everything that the client has opened. A call or an iteration in progress rejects: a
   * `KuzzleNotSentError`, a `KuzzleMaybeSentError` or a `KuzzleClosedError`. Every later call rejects with a
   * `KuzzleClosedError`.
   */
  readonly close: () => Promise<void>
}

/**
 * A client: its modules, and how to run and end it.
 *
 * @since 0.1.0
 * @category models
 */
export type KuzzlePromise<R, M> =
  & {
    readonly [K in keyof M]: M[K] extends Context.Tag<infer Id, infer Shape> ? [Id] extends [R] ? Face<Shape, R> : never
      : Face<M[K], R>
  }
  & Running<R>

/**
 * Builds the layer, and returns the functions of the named modules. A page includes only the modules that it names.
 * `modules` names all of them, for programs whose size does not matter. The Promise resolves when the client is
 * connected. It rejects with the error of the layer.
 *
 * A function that returns an effect becomes one that returns a Promise. A stream becomes an `AsyncIterable`. The stream
 * starts with the first iteration. It ends, on the server, too, when the loop ends. Every call accepts a `signal` in
 * its options. Functions whose service the layer does not provide are left out. For example, `realtime.subscribe` does
 * not compile with a layer over HTTP.
 *
 * @example
 * ```ts
 * import { type Kuzzle, KuzzleAuth, KuzzleDocument, KuzzlePromise, KuzzleRealtime } from "@effect-kuzzle/core"
 * import { type Layer, Redacted } from "effect"
 *
 * const taxi = { index: "nyc", collection: "taxi" }
 *
 * // The layer is `NodeKuzzle.layer({ host: "localhost" })` or `BrowserKuzzle.layer({ host: "localhost" })`.
 * export const main = async (layer: Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime>) => {
 *   const kuzzle = await KuzzlePromise.make(layer, {
 *     auth: KuzzleAuth,
 *     document: KuzzleDocument,
 *     realtime: KuzzleRealtime
 *   })
 *   await kuzzle.auth.login({
 *     strategy: "local",
 *     credentials: { username: "ada", password: Redacted.make("secret") }
 *   })
 *   const notifications = await kuzzle.realtime.open(taxi)
 *   await kuzzle.document.create({ ...taxi, content: { status: "free" } })
 *   for await (const notification of notifications) {
 *     console.log(notification)
 *     break
 *   }
 *   await kuzzle.close()
 * }
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = async <R, E, const M extends Modules>(
  layer: Layer.Layer<R, E>,
  modules: M,
  options: CallOptions = {}
): Promise<KuzzlePromise<R, M>> => {
  // Safe: the types above describe what `Promised` does, and tests check both.
  return await Promised.start(layer, modules, options) as KuzzlePromise<R, M>
}

/**
 * All modules, and the client itself as `client`: its states, its events, `query`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const modules = {
  admin: KuzzleAdmin,
  auth: KuzzleAuth,
  bulk: KuzzleBulk,
  client: Kuzzle,
  cluster: KuzzleCluster,
  collection: KuzzleCollection,
  debug: KuzzleDebug,
  document: KuzzleDocument,
  export: KuzzleExport,
  import: KuzzleImport,
  index: KuzzleIndex,
  live: KuzzleLiveQuery,
  memoryStorage: KuzzleMemoryStorage,
  realtime: KuzzleRealtime,
  search: KuzzleSearch,
  security: KuzzleSecurity,
  server: KuzzleServer
} as const
