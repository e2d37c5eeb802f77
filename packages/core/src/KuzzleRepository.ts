/**
 * The documents of a collection by their Schema: encoded on the way in, decoded on the way out.
 *
 * What a server holds need not fit the Schema of today: `onInvalid` says what becomes of a document that does not.
 *
 * - `"fail"` (the default): an `InvalidDocumentError`, of the whole call or stream.
 * - a function: it is told of the document, which is then left out of lists and streams. (Where one document was asked for,
 *   there is nothing to leave out: an `InvalidDocumentError`.) `logInvalid` is such a function.
 * - `"pass"`: the `InvalidDocumentError`, which holds the content as it came, stands in place of the content.
 *
 * @example
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import { KuzzleRepository } from "@effect-kuzzle/core"
 *
 * class Taxi extends Schema.Class<Taxi>("Taxi")({
 *   status: Schema.Literal("free", "busy"),
 *   seats: Schema.Int,
 *   seen: Schema.DateFromNumber
 * }) {}
 *
 * const taxis = KuzzleRepository.make({ index: "nyc", collection: "taxi", schema: Taxi })
 *
 * export const program = Effect.gen(function*() {
 *   const { _id } = yield* taxis.create({ content: new Taxi({ status: "free", seats: 4, seen: new Date() }) })
 *   yield* taxis.update({ _id, content: { status: "busy" } })
 *   return yield* taxis.search({ filter: taxis.filter.range("seats", { gte: 4 }), sort: [{ seen: "desc" }] })
 * })
 *
 * export const freeTaxis = taxis.subscribe({ filter: taxis.filter.equals("status", "free"), scope: "in" }).pipe(
 *   Stream.filter((notification) => notification.type === "document"),
 *   Stream.map((notification) => notification.result._source?.seats)
 * )
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Take from "effect/Take"
import type * as Action from "./internal/action.ts"
import type { Kuzzle } from "./internal/client.ts"
import * as DecodedLive from "./internal/decoded.ts"
import * as Json from "./internal/json.ts"
import { clear, indivisible, partial } from "./internal/partial.ts"
import type * as KuzzleCollection from "./KuzzleCollection.ts"
import * as KuzzleDocument from "./KuzzleDocument.ts"
import { type RequestError, TypeId } from "./KuzzleError.ts"
import * as KuzzleFilter from "./KuzzleFilter.ts"
import * as KuzzleLiveQuery from "./KuzzleLiveQuery.ts"
import * as KuzzleRealtime from "./KuzzleRealtime.ts"
import * as KuzzleSearch from "./KuzzleSearch.ts"

// -------------------------------------------------------------------------------------------------------------------
// errors
// -------------------------------------------------------------------------------------------------------------------

/**
 * A document that the server holds, or a message that was published, does not fit the Schema.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidDocumentError extends Data.TaggedError("KuzzleInvalidDocumentError")<{
  readonly index: string
  readonly collection: string
  /** Absent for a message that was published without one. */
  readonly _id?: string
  /** As it came, without Kuzzle's own `_kuzzle_info`. */
  readonly content: unknown
  readonly issue: ParseResult.ParseIssue
}> {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const which = this._id === undefined ? "a message" : `the document ${this._id}`
    return `${which} of ${this.index}/${this.collection} does not fit its Schema: ${
      ParseResult.TreeFormatter.formatIssueSync(this.issue)
    }`
  }
}

/**
 * What was to be written does not fit the Schema: nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidContentError extends Data.TaggedError("KuzzleInvalidContentError")<{
  readonly index: string
  readonly collection: string
  /** The id of the document, where it was given. */
  readonly _id?: string
  readonly issue: ParseResult.ParseIssue
}> {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const which = this._id === undefined ? "" : `for the document ${this._id} `
    return `the content ${which}does not fit the Schema of ${this.index}/${this.collection}, nothing was sent: ${
      ParseResult.TreeFormatter.formatIssueSync(this.issue)
    }`
  }
}

// -------------------------------------------------------------------------------------------------------------------
// documents that do not fit
// -------------------------------------------------------------------------------------------------------------------

/**
 * What becomes of documents that do not fit the Schema.
 *
 * @since 0.1.0
 * @category policies
 */
export type OnInvalid = "fail" | "pass" | Report

/**
 * The same, as the types know it: a report is `"skip"`.
 *
 * @since 0.1.0
 * @category policies
 */
export type Policy = "fail" | "skip" | "pass"

/**
 * Is told of each document that is left out.
 *
 * @since 0.1.0
 * @category policies
 */
export type Report = (invalid: InvalidDocumentError) => Effect.Effect<void>

/**
 * Leaves out documents that do not fit, with a warning in the log.
 *
 * @since 0.1.0
 * @category policies
 */
export const logInvalid: Report = (invalid) => Effect.logWarning(invalid.message)

/**
 * What is given as the content of a document.
 *
 * @since 0.1.0
 * @category policies
 */
export type Given<A, P extends Policy> = P extends "pass" ? A | InvalidDocumentError : A

/**
 * How one document that does not fit fails.
 *
 * @since 0.1.0
 * @category policies
 */
export type InvalidOne<P extends Policy> = P extends "pass" ? never : InvalidDocumentError

/**
 * How a document that does not fit fails, among many.
 *
 * @since 0.1.0
 * @category policies
 */
export type InvalidAmong<P extends Policy> = P extends "fail" ? InvalidDocumentError : never

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * What Kuzzle says of a document, with its content decoded.
 *
 * @since 0.1.0
 * @category models
 */
export type Decoded<Envelope, Source> = Omit<Envelope, "_source"> & {
  readonly _source: Source
  /** Who wrote it and when. Absent from what was written in bulk, and from some notifications. */
  readonly _kuzzle_info?: KuzzleDocument.KuzzleInfo
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Document<Source> extends Decoded<KuzzleDocument.Document, Source> {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Hit<Source> extends Decoded<KuzzleDocument.Hit, Source> {}

/**
 * A page of what was found.
 *
 * @since 0.1.0
 * @category models
 */
export interface SearchResult<Source> extends Omit<KuzzleDocument.SearchResult, "hits" | "scrollId" | "remaining"> {
  readonly hits: ReadonlyArray<Hit<Source>>
}

/**
 * A document as a notification carries it.
 *
 * @since 0.1.0
 * @category models
 */
export interface NotifiedDocument<Source> {
  /** Absent for a message that was published without one, and when `upsert` creates. */
  readonly _id?: string
  /**
   * The decoded content. Absent for a document that was written by `mCreateOrReplace` with `source: false`, which leaves
   * it out of all notifications: `get` reads it.
   */
  readonly _source?: Source
  readonly _kuzzle_info?: KuzzleDocument.KuzzleInfo
  /** Dotted paths of what changed, as they are stored; for partial updates only. */
  readonly _updatedFields?: ReadonlyArray<string>
  readonly _version?: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface DocumentNotification<Source> extends Omit<KuzzleRealtime.DocumentNotification, "result"> {
  readonly result: NotifiedDocument<Source>
}

/**
 * @since 0.1.0
 * @category models
 */
export type Notification<Source> = NotificationOf<Source, "all", "all">

/**
 * What comes of a subscription to `Documents` and `Users`.
 *
 * @since 0.1.0
 * @category models
 */
export type NotificationOf<
  Source,
  Documents extends KuzzleRealtime.Choice,
  Users extends KuzzleRealtime.Choice
> =
  | KuzzleRealtime.NotificationOf<"none", Users>
  | ([Documents] extends ["none"] ? never : DocumentNotification<Source>)

/**
 * A document that is followed, with its content decoded.
 *
 * @since 0.1.0
 * @category models
 */
export interface LiveDocument<Source> extends Decoded<KuzzleLiveQuery.LiveDocument, Source> {}

/**
 * Documents that are followed. Of one that has left the set the content is given as it was decoded, or as an
 * `InvalidDocumentError`, where such documents are left out: that it does not fit any more may be why it left.
 *
 * @since 0.1.0
 * @category models
 */
export type LiveQuery<A, P extends Policy> = KuzzleLiveQuery.LiveQuery<
  LiveDocument<Given<A, P>>,
  KuzzleLiveQuery.LiveError | InvalidAmong<P>,
  LiveDocument<P extends "fail" ? A : A | InvalidDocumentError>
>

// -------------------------------------------------------------------------------------------------------------------
// what is asked
// -------------------------------------------------------------------------------------------------------------------

/**
 * Which documents: by a filter of the narrower kind (see `KuzzleFilter.SearchFilter`), by a query in the words of
 * Elasticsearch, or all.
 *
 * @since 0.1.0
 * @category options
 */
export type Query<Encoded> =
  | {
    readonly filter?: (KuzzleFilter.SearchFilter & KuzzleFilter.On<Encoded>) | undefined
    readonly query?: undefined
  }
  | KuzzleDocument.SelectionByQuery

/**
 * Which documents to change: a filter or a query must be given.
 *
 * @since 0.1.0
 * @category options
 */
export type GivenQuery<Encoded> =
  | {
    readonly filter: KuzzleFilter.SearchFilter & KuzzleFilter.On<Encoded>
    readonly query?: undefined
  }
  | KuzzleDocument.SelectionByQuery

/**
 * The dotted paths of optional fields, in objects that are nested up to four deep.
 *
 * @since 0.1.0
 * @category options
 */
export type OptionalPath<Encoded, Depth extends ReadonlyArray<unknown> = []> = Depth["length"] extends 4 ? never
  : Encoded extends ReadonlyArray<unknown> ? never
  : Encoded extends object ? {
      readonly [Name in keyof Encoded & string]-?:
        | ({} extends Pick<Encoded, Name> ? Name : never)
        | `${Name}.${OptionalPath<NonNullable<Encoded[Name]>, [...Depth, unknown]>}`
    }[keyof Encoded & string]
  : never

/**
 * A field to sort by: one of the document, a sub-field of a text (`name.keyword`), or one of Kuzzle's own.
 *
 * @since 0.1.0
 * @category options
 */
export type SortField<Encoded> =
  | KuzzleFilter.PathTo<Encoded, KuzzleFilter.Scalar | ReadonlyArray<unknown>>
  | `${KuzzleFilter.PathTo<Encoded, string>}.${string}`
  | `_kuzzle_info.${keyof KuzzleDocument.KuzzleInfo}`
  | "_score"

/**
 * What to sort by: a field, or fields and how.
 *
 * @since 0.1.0
 * @category options
 */
export type SortKey<Encoded> =
  | SortField<Encoded>
  | { readonly [F in SortField<Encoded>]?: "asc" | "desc" | KuzzleDocument.Content }

/** What a search may be given besides its query. Documents come whole: that is what a Schema describes. */
type Words<Encoded> = Omit<KuzzleDocument.SearchOptions, "sort" | "scroll" | "_source"> & {
  readonly sort?: ReadonlyArray<SortKey<Encoded>> | undefined
}

/**
 * What to search for; as in `KuzzleDocument.search`.
 *
 * @since 0.1.0
 * @category options
 */
export type SearchOptions<Encoded> = Words<Encoded> & Query<Encoded>

/**
 * What to search for, as a stream; as in `KuzzleSearch.hits`.
 *
 * @since 0.1.0
 * @category options
 */
export type HitsOptions<Encoded> =
  & Omit<Words<Encoded>, "from" | "search_after" | "aggregations" | "suggest">
  & Query<Encoded>
  & Pick<KuzzleSearch.Options, "strategy">

/**
 * Which documents to follow: those of some ids, or those that a filter finds, all of the collection without one. As in
 * `KuzzleLiveQuery.live`.
 *
 * @since 0.1.0
 * @category options
 */
export type LiveOptions<Encoded> =
  | { readonly ids: ReadonlyArray<string> }
  | {
    readonly ids?: undefined
    readonly filter?: (KuzzleFilter.SearchFilter & KuzzleFilter.On<Encoded>) | undefined
    /**
     * Refresh the collection before it is read, `true` by default: a search does not see what was written within the last
     * second. With `false`, such a document may be missing until it changes again. A user who may not refresh needs `false`:
     * otherwise the refusal is the error of the live query.
     */
    readonly refresh?: boolean | undefined
  }

/**
 * @since 0.1.0
 * @category options
 */
export interface SubscribeOptions<
  Encoded,
  Documents extends KuzzleRealtime.Choice = KuzzleRealtime.Choice,
  Users extends KuzzleRealtime.Choice = KuzzleRealtime.Choice
> extends KuzzleRealtime.RoomOptions<Documents, Users> {
  readonly filter?: (KuzzleFilter.Filter & KuzzleFilter.On<Encoded>) | undefined
}

// Aliases: declarations that a consumer emits then hold their members, and need no name that is not exported.
type WithId = {
  readonly _id: string
}

type WithContent<A> = {
  readonly content: A
}

type WithStrict = {
  /** Fail with an `IncompleteRequestError` when some failed. What could be done is done all the same. */
  readonly strict?: boolean | undefined
}

/** What an action of `document` fails with. */
type ErrorOf<Name extends keyof typeof KuzzleDocument> = (typeof KuzzleDocument)[Name] extends
  (...args: infer _) => Effect.Effect<infer _A, infer E, infer _R> ? E : never

/** What the requests on many documents give. */
type SuccessOf<Name extends keyof typeof KuzzleDocument> = (typeof KuzzleDocument)[Name] extends
  (...args: infer _) => Effect.Effect<KuzzleDocument.Many<infer A, infer _F>, infer _E, infer _R> ? A : never

// -------------------------------------------------------------------------------------------------------------------
// the repository
// -------------------------------------------------------------------------------------------------------------------

/**
 * The documents of one collection. Each function does what the one of its name in `KuzzleDocument` or `KuzzleRealtime`
 * does.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleRepository<in out A, in out I, out R = never, out P extends Policy = "fail"> {
  readonly index: string
  readonly collection: string
  readonly schema: Schema.Schema<A, I, R>
  /** The builders of filters for these documents, as they are stored. */
  readonly filter: KuzzleFilter.Builders<I>

  readonly create: (
    options: KuzzleDocument.WriteOptions & WithContent<A> & { readonly _id?: string | undefined }
  ) => Effect.Effect<
    Document<Given<A, P>>,
    ErrorOf<"create"> | InvalidContentError | InvalidOne<P>,
    Kuzzle | R
  >

  readonly createOrReplace: (
    options: KuzzleDocument.WriteOptions & WithId & WithContent<A>
  ) => Effect.Effect<
    Document<Given<A, P>> & { readonly created: boolean },
    ErrorOf<"createOrReplace"> | InvalidContentError | InvalidOne<P>,
    Kuzzle | R
  >

  readonly replace: (
    options: KuzzleDocument.WriteOptions & WithId & WithContent<A>
  ) => Effect.Effect<
    Document<Given<A, P>>,
    ErrorOf<"replace"> | InvalidContentError | InvalidOne<P>,
    Kuzzle | R
  >

  /**
   * Changes some fields, and gives the whole document. Each field is given whole: objects in it are merged by the
   * server, so that members that are left out stay as they are. A field given as `undefined` or `Option.none()` is
   * cleared: it is stored as null if its Schema reads null as absent (`nullable: true`). Otherwise the update fails
   * with an `InvalidContentError`, because it would change nothing: `replace` the document, or use `deleteFields`.
   */
  readonly update: (
    options: KuzzleDocument.UpdateOptions & WithId & WithContent<Partial<A>>
  ) => Effect.Effect<
    Document<Given<A, P>>,
    ErrorOf<"update"> | InvalidContentError | InvalidOne<P>,
    Kuzzle | R
  >

  /**
   * Changes some fields; where there is no document, writes `default` with the changes. Gives the whole document. A
   * Schema tells what a new document must have: all of `default`.
   */
  readonly upsert: (
    options: KuzzleDocument.UpdateOptions & WithId & { readonly changes: Partial<A>; readonly default: A }
  ) => Effect.Effect<
    Document<Given<A, P>> & { readonly created: boolean },
    ErrorOf<"upsert"> | InvalidContentError | InvalidOne<P>,
    Kuzzle | R
  >

  readonly delete: (
    options: KuzzleDocument.WriteOptions & WithId
  ) => Effect.Effect<void, ErrorOf<"delete">, Kuzzle>

  readonly get: (
    options: Action.CallOptions & WithId
  ) => Effect.Effect<Document<Given<A, P>>, ErrorOf<"get"> | InvalidOne<P>, Kuzzle | R>

  /** A document that may not be there. One that does not fit is no less there. */
  readonly getOption: (
    options: Action.CallOptions & WithId
  ) => Effect.Effect<
    Option.Option<Document<Given<A, P>>>,
    ErrorOf<"getOption"> | InvalidOne<P>,
    Kuzzle | R
  >

  readonly exists: (options: Action.CallOptions & WithId) => Effect.Effect<boolean, ErrorOf<"exists">, Kuzzle>

  /** `errors` are the ids of those that are not there. */
  readonly mGet: (
    options: Action.CallOptions & WithStrict & { readonly ids: ReadonlyArray<string> }
  ) => Effect.Effect<
    KuzzleDocument.Many<Document<Given<A, P>>, string>,
    ErrorOf<"mGet"> | InvalidAmong<P>,
    Kuzzle | R
  >

  /** Nothing is sent when the content of one does not fit. */
  readonly mCreate: (
    options: KuzzleDocument.WriteOptions & WithStrict & {
      readonly documents: ReadonlyArray<WithContent<A> & { readonly _id?: string | undefined }>
    }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"mCreate">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"mCreate"> | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  /** As `update`, for many. Nothing is sent when the content of one does not fit. */
  readonly mUpdate: (
    options: KuzzleDocument.UpdateOptions & WithStrict & {
      readonly documents: ReadonlyArray<WithContent<Partial<A>> & WithId>
    }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"mUpdate">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"mUpdate"> | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  readonly mDelete: (
    options: KuzzleDocument.WriteOptions & WithStrict & { readonly ids: ReadonlyArray<string> }
  ) => ReturnType<typeof KuzzleDocument.mDelete>

  /** As `createOrReplace`, for many. Nothing is sent when the content of one does not fit. */
  readonly mCreateOrReplace: (
    options: KuzzleDocument.WriteOptions & WithStrict & { readonly documents: ReadonlyArray<WithContent<A> & WithId> }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"mCreateOrReplace">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"mCreateOrReplace"> | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  /** As `replace`, for many: `errors` has those that are not there. Nothing is sent when the content of one does not fit. */
  readonly mReplace: (
    options: KuzzleDocument.WriteOptions & WithStrict & { readonly documents: ReadonlyArray<WithContent<A> & WithId> }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"mReplace">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"mReplace"> | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  /**
   * As `upsert`, for many, with one difference of the server: where `changes` and `default` have the same field, a new
   * document has that of `default`. Nothing is sent when the content of one does not fit.
   */
  readonly mUpsert: (
    options: KuzzleDocument.UpdateOptions & WithStrict & {
      readonly documents: ReadonlyArray<WithId & { readonly changes: Partial<A>; readonly default: A }>
    }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"mUpsert">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"mUpsert"> | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  /**
   * Removes optional fields, each by the dotted path of its stored form, and gives the whole document. A field that is not
   * there is no fault.
   */
  readonly deleteFields: (
    options: KuzzleDocument.WriteOptions & WithId & { readonly fields: ReadonlyArray<OptionalPath<I>> }
  ) => Effect.Effect<Document<Given<A, P>>, ErrorOf<"deleteFields"> | InvalidOne<P>, Kuzzle | R>

  /**
   * Makes the same changes, as `update` does, to all documents that are found, and gives them whole. The server changes
   * 200 documents at most by one request, and refuses to change more with a `WriteLimitError`. `filter.all` finds all.
   */
  readonly updateByQuery: (
    options: KuzzleDocument.WriteOptions & GivenQuery<I> & { readonly changes: Partial<A> }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"updateByQuery">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"updateByQuery"> | KuzzleFilter.FilterError | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  /**
   * Deletes all documents that are found, and gives their ids. The server deletes 200 documents at most by one request, and
   * refuses to delete more with a `WriteLimitError`. `filter.all` finds all.
   */
  readonly deleteByQuery: (
    options: KuzzleDocument.WriteOptions & GivenQuery<I>
  ) => Effect.Effect<ReadonlyArray<string>, ErrorOf<"deleteByQuery"> | KuzzleFilter.FilterError, Kuzzle>

  /** One page. */
  readonly search: (
    options?: SearchOptions<I>
  ) => Effect.Effect<
    SearchResult<Given<A, P>>,
    ErrorOf<"search"> | KuzzleFilter.FilterError | InvalidAmong<P>,
    Kuzzle | R
  >

  /** Everything that is found, as a stream; see `KuzzleSearch`. */
  readonly hits: (
    options?: HitsOptions<I>
  ) => Stream.Stream<
    Hit<Given<A, P>>,
    KuzzleSearch.SearchError | KuzzleFilter.FilterError | InvalidAmong<P>,
    Kuzzle | R
  >

  readonly count: (
    options?: Action.CallOptions & Query<I>
  ) => Effect.Effect<number, ErrorOf<"count"> | KuzzleFilter.FilterError, Kuzzle>

  /** `Gap`s and notifications of users pass through it as they are. */
  readonly subscribe: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options?: SubscribeOptions<I, Documents, Users> & KuzzleRealtime.BufferOptions<Strategy>
  ) => Stream.Stream<
    NotificationOf<Given<A, P>, Documents, Users>,
    SubscribeError | RequestError | KuzzleRealtime.OverflowOf<Strategy> | InvalidAmong<P>,
    KuzzleRealtime.KuzzleRealtime | R
  >

  /** As `subscribe`, and done when the server has confirmed. */
  readonly open: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options?: SubscribeOptions<I, Documents, Users> & KuzzleRealtime.BufferOptions<Strategy>
  ) => Effect.Effect<
    Stream.Stream<
      NotificationOf<Given<A, P>, Documents, Users>,
      RequestError | KuzzleRealtime.OverflowOf<Strategy> | InvalidAmong<P>,
      R
    >,
    SubscribeError,
    KuzzleRealtime.KuzzleRealtime | Scope.Scope
  >

  /**
   * As `subscribe`, for a room that exists already, by its id; see `KuzzleRealtime.join`. It must be a room of this
   * collection.
   */
  readonly join: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options: KuzzleRealtime.JoinOptions<Documents, Users> & KuzzleRealtime.BufferOptions<Strategy>
  ) => Stream.Stream<
    NotificationOf<Given<A, P>, Documents, Users>,
    RequestError | KuzzleRealtime.OverflowOf<Strategy> | InvalidAmong<P>,
    KuzzleRealtime.KuzzleRealtime | R
  >

  /**
   * What is there now, and every change of it, until the scope closes; see `KuzzleLiveQuery.live`. Each change is decoded once,
   * however many look, and costs as much among many documents as among few.
   *
   * With a function as `onInvalid`, a document that does not fit is not in the set. If it was, it has `Left`. A document
   * that does not fit ends a set with `"fail"`.
   */
  readonly live: (
    options?: LiveOptions<I>
  ) => Effect.Effect<
    LiveQuery<A, P>,
    KuzzleLiveQuery.LiveError | InvalidAmong<P>,
    Kuzzle | KuzzleRealtime.KuzzleRealtime | Scope.Scope | R
  >

  /** Sends a message to the subscribers, without storing it. */
  readonly publish: (
    options: Action.CallOptions & { readonly message: A; readonly _id?: string | undefined }
  ) => Effect.Effect<
    void,
    Effect.Effect.Error<ReturnType<typeof KuzzleRealtime.publish>> | InvalidContentError,
    Kuzzle | R
  >
}

/**
 * How a subscription fails to be made.
 *
 * @since 0.1.0
 * @category errors
 */
export type SubscribeError =
  | Effect.Effect.Error<ReturnType<typeof KuzzleRealtime.open>>
  | KuzzleFilter.FilterError

/**
 * Which documents, and what they are.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options<A, I, R> extends KuzzleCollection.Target {
  readonly schema: Schema.Schema<A, I, R>
}

/**
 * The documents of a collection by their Schema. Its encoded side is what is stored: an object of JSON.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: {
  <A, I extends object, R = never>(
    options: Options<A, I, R> & { readonly onInvalid: Report }
  ): KuzzleRepository<A, I, R, "skip">
  <A, I extends object, R = never, P extends "fail" | "pass" = "fail">(
    options: Options<A, I, R> & { readonly onInvalid?: P | undefined }
  ): KuzzleRepository<A, I, R, P>
} = <A, I extends object, R, P extends Policy>(
  options: Options<A, I, R> & { readonly onInvalid?: OnInvalid | undefined }
): KuzzleRepository<A, I, R, P> => {
  const { collection, index, onInvalid = "fail", schema } = options
  const target = { index, collection }
  const { hits, looked, many, notifications, one } = reading(target, schema, onInvalid)
  const { part, whole } = writing(target, schema)

  const some = <D extends Raw, F>({ errors, successes }: KuzzleDocument.Many<D, F>) =>
    Effect.map(many(successes), (successes) => ({ successes, errors }))

  const upserted = (_id: string, changes: Partial<A>, content: A) =>
    Effect.all({ changes: part(changes, _id), default: whole(content, _id) })

  const wholes = (documents: ReadonlyArray<WithContent<A> & WithId>) =>
    Effect.forEach(documents, ({ _id, content }) => Effect.map(whole(content, _id), (body) => ({ _id, body })))

  const open = ({ filter, ...given }: SubscribeOptions<I> & KuzzleRealtime.BufferOptions = {}) =>
    // How many conditions it may have is the server's to say.
    Effect.zipRight(
      checked(filter === undefined ? [] : KuzzleFilter.validate(filter, { maxConditions: Infinity })),
      Effect.map(KuzzleRealtime.open({ ...given, ...target, filter }), notifications)
    )
  const repository = {
    index,
    collection,
    schema,
    filter: KuzzleFilter.for<I>(),
    create: ({ content, ...given }) =>
      Effect.flatMap(
        whole(content, given._id),
        (content) => Effect.flatMap(KuzzleDocument.create({ ...given, ...target, content }), one)
      ),
    createOrReplace: ({ content, ...given }) =>
      Effect.flatMap(
        whole(content, given._id),
        (content) => Effect.flatMap(KuzzleDocument.createOrReplace({ ...given, ...target, content }), one)
      ),
    replace: ({ content, ...given }) =>
      Effect.flatMap(
        whole(content, given._id),
        (content) => Effect.flatMap(KuzzleDocument.replace({ ...given, ...target, content }), one)
      ),
    update: ({ content, ...given }) =>
      Effect.flatMap(
        part(content, given._id),
        (content) => Effect.flatMap(KuzzleDocument.update({ ...given, ...target, content, source: true }), one)
      ),
    upsert: ({ changes, default: content, ...given }) =>
      Effect.flatMap(
        upserted(given._id, changes, content),
        (encoded) => Effect.flatMap(KuzzleDocument.upsert({ ...given, ...target, ...encoded, source: true }), one)
      ),
    delete: (given) => Effect.asVoid(KuzzleDocument.delete({ ...given, ...target })),
    get: (given) => Effect.flatMap(KuzzleDocument.get({ ...given, ...target }), one),
    getOption: (given) =>
      Effect.flatMap(
        KuzzleDocument.getOption({ ...given, ...target }),
        Option.match({ onNone: () => Effect.succeedNone, onSome: (document) => Effect.asSome(one(document)) })
      ),
    exists: (given) => KuzzleDocument.exists({ ...given, ...target }),
    mGet: (given) => Effect.flatMap(KuzzleDocument.mGet({ ...given, ...target }), some),
    mCreate: ({ documents, ...given }) =>
      Effect.forEach(documents, ({ _id, content }) => Effect.map(whole(content, _id), (body) => ({ _id, body }))).pipe(
        Effect.flatMap((documents) => KuzzleDocument.mCreate({ ...given, ...target, documents })),
        Effect.flatMap(some)
      ),
    mUpdate: ({ documents, ...given }) =>
      Effect.forEach(documents, ({ _id, content }) => Effect.map(part(content, _id), (body) => ({ _id, body }))).pipe(
        Effect.flatMap((documents) => KuzzleDocument.mUpdate({ ...given, ...target, documents })),
        Effect.flatMap(some)
      ),
    mDelete: (given) => KuzzleDocument.mDelete({ ...given, ...target }),
    mCreateOrReplace: ({ documents, ...given }) =>
      wholes(documents).pipe(
        Effect.flatMap((documents) => KuzzleDocument.mCreateOrReplace({ ...given, ...target, documents })),
        Effect.flatMap(some)
      ),
    mReplace: ({ documents, ...given }) =>
      wholes(documents).pipe(
        Effect.flatMap((documents) => KuzzleDocument.mReplace({ ...given, ...target, documents })),
        Effect.flatMap(some)
      ),
    mUpsert: ({ documents, ...given }) =>
      Effect.forEach(
        documents,
        ({ _id, changes, default: content }) =>
          Effect.map(upserted(_id, changes, content), (encoded) => ({ _id, ...encoded }))
      ).pipe(
        Effect.flatMap((documents) => KuzzleDocument.mUpsert({ ...given, ...target, documents })),
        Effect.flatMap(some)
      ),
    deleteFields: (given) => Effect.flatMap(KuzzleDocument.deleteFields({ ...given, ...target, source: true }), one),
    updateByQuery: (given) =>
      Effect.zipRight(filterChecked(given.filter), part(given.changes, undefined)).pipe(
        Effect.flatMap((changes) => KuzzleDocument.updateByQuery({ ...given, ...target, changes, source: true })),
        Effect.flatMap(some)
      ),
    deleteByQuery: (given) =>
      Effect.zipRight(
        filterChecked(given.filter),
        Effect.map(KuzzleDocument.deleteByQuery({ ...given, ...target }), ({ ids }) => ids)
      ),
    search: ({ filter, query, ...given } = {}) =>
      Effect.flatMap(
        queried(filter, query),
        (asked) =>
          Effect.flatMap(KuzzleDocument.search({ ...given, ...asked, ...target }), ({ hits, ...page }) =>
            Effect.map(many(hits), (hits) => ({ ...page, hits })))
      ),
    hits: ({ filter, query, ...given } = {}) =>
      Stream.unwrap(
        Effect.map(queried(filter, query), (asked) => hits(KuzzleSearch.hits({ ...given, ...asked, ...target })))
      ),
    count: ({ filter, query, ...given } = {}) =>
      Effect.flatMap(queried(filter, query), (asked) => KuzzleDocument.count({ ...given, ...asked, ...target })),
    open,
    subscribe: (given?: Parameters<typeof open>[0]) => Stream.unwrapScoped(open(given)),
    join: (given: KuzzleRealtime.JoinOptions & KuzzleRealtime.BufferOptions) =>
      notifications(KuzzleRealtime.join(given)),
    live: (given = {}) =>
      Effect.flatMap(
        KuzzleLiveQuery.live({ ...given, ...target }),
        ({ changes }) =>
          DecodedLive.follow(changes, looked<KuzzleLiveQuery.LiveDocument>, many<KuzzleLiveQuery.LiveDocument>)
      ),
    publish: ({ message, ...given }) =>
      Effect.flatMap(whole(message, given._id), (message) => KuzzleRealtime.publish({ ...given, ...target, message }))
  } satisfies Omit<Widest<A, I, R>, "open" | "subscribe" | "join"> & Record<"open" | "subscribe" | "join", unknown>
  // What it gives and fails with is less than that of any policy: what `reading` makes of the one that was chosen. The
  // same holds for what was subscribed to, as `KuzzleRealtime.open` says.
  return repository as unknown as KuzzleRepository<A, I, R, P>
}

/** Whatever the policy. */
type Widest<A, I, R> = KuzzleRepository<A, I, R, Policy>

/** A filter is checked before it is sent: a search with one that is wrong would find something else. */
const checked = (issues: ReadonlyArray<string>): Effect.Effect<void, KuzzleFilter.FilterError> =>
  issues.length === 0 ? Effect.void : Effect.fail(new KuzzleFilter.FilterError({ issues }))

const filterChecked = (filter: KuzzleFilter.SearchFilter | undefined) =>
  filter === undefined ? Effect.void : checked(KuzzleFilter.validateSearch(filter))

const queried = (
  filter: KuzzleFilter.SearchFilter | undefined,
  query: object | undefined
): Effect.Effect<KuzzleDocument.Selection, KuzzleFilter.FilterError> =>
  Effect.as(filterChecked(filter), filter === undefined ? { query } : { filter })

// -------------------------------------------------------------------------------------------------------------------
// writing
// -------------------------------------------------------------------------------------------------------------------

const writing = <A, I extends object, R>(
  { collection, index }: KuzzleCollection.Target,
  schema: Schema.Schema<A, I, R>
) => {
  const encoder = <Value>(encode: (value: Value) => Effect.Effect<object, ParseResult.ParseIssue, R>) =>
  (
    value: Value,
    _id: string | undefined
  ): Effect.Effect<KuzzleDocument.Content, InvalidContentError, R> =>
    Effect.mapBoth(Effect.suspend(() => encode(value)), {
      onFailure: (issue) =>
        new InvalidContentError({ index, collection, ...(_id === undefined ? {} : { _id }), issue }),
      // Encoding by the Schema may have revealed a `Redacted` value.
      onSuccess: (encoded) => Json.holdsSecret(value) ? Json.disclosed({ ...encoded }) : { ...encoded }
    })
  // Made when it is needed first: not every Schema has parts.
  let partialAst: AST.AST | undefined
  let encodePart: ((value: unknown) => Effect.Effect<object, ParseResult.ParseIssue, R>) | undefined
  return {
    whole: encoder(ParseResult.encode(schema)),
    part: encoder<Partial<A>>((value) => {
      const ast = partialAst ??= partial(schema.ast)
      if (ast === undefined) return Effect.fail(indivisible(schema.ast, value))
      encodePart ??= ParseResult.encodeUnknown(
        Schema.make<object, object, R>(ast),
        // Where no field must be there, any member of a union would take fields that it does not have.
        { onExcessProperty: "error" }
      )
      return Effect.flatMap(encodePart(value), (encoded) => {
        const issue = clear(ast, value, encoded)
        return issue === undefined ? Effect.succeed(encoded) : Effect.fail(issue)
      })
    })
  }
}

// -------------------------------------------------------------------------------------------------------------------
// reading
// -------------------------------------------------------------------------------------------------------------------

/** What has a content. */
interface Raw {
  readonly _id?: string
  readonly _source?: unknown
}

/** Kuzzle's own part of a content, and the rest, which is the document's. */
const split = (
  source: unknown
): { readonly content: unknown; readonly info: Pick<Document<never>, "_kuzzle_info"> } => {
  if (typeof source !== "object" || source === null || !("_kuzzle_info" in source)) return { content: source, info: {} }
  // Nobody but Kuzzle writes this field: the types of `KuzzleDocument` say so.
  const { _kuzzle_info, ...content } = source as KuzzleDocument.Document["_source"]
  return { content, info: _kuzzle_info === undefined ? {} : { _kuzzle_info } }
}

const reading = <A, I, R>(
  { collection, index }: KuzzleCollection.Target,
  schema: Schema.Schema<A, I, R>,
  onInvalid: OnInvalid
) => {
  type Source = A | InvalidDocumentError
  const decode = ParseResult.decodeUnknown(schema)

  const holding = <D extends Raw>(raw: D, source: Source, info: Pick<Document<never>, "_kuzzle_info">) =>
    // One member in place of another: TypeScript does not follow that for any type of envelope.
    ({ ...raw, _source: source, ...info }) as unknown as Decoded<D, Source>

  // `ParseResult` keeps what needs no effect an `Either`: nothing is run for it.
  const one = <D extends Raw>(raw: D): Effect.Effect<Decoded<D, Source>, InvalidDocumentError, R> => {
    const { content, info } = split(raw._source)
    const decoded = (source: Source) => holding(raw, source, info)
    const failed = (issue: ParseResult.ParseIssue) =>
      new InvalidDocumentError({
        index,
        collection,
        ...(raw._id === undefined ? {} : { _id: raw._id }),
        content,
        issue
      })
    const read = ParseResult.mapBoth(decode(content), { onFailure: failed, onSuccess: decoded })
    return onInvalid === "pass" ? ParseResult.orElse(read, (invalid) => Either.right(decoded(invalid))) : read
  }

  /** One of many: `undefined` is left out. */
  const among = <D extends Raw>(
    document: D
  ): Effect.Effect<Decoded<D, Source> | undefined, InvalidDocumentError, R> =>
    typeof onInvalid === "function"
      ? ParseResult.orElse(one(document), (invalid) => Effect.as(onInvalid(invalid), undefined))
      : one(document)

  /** One of many that is told whether it is left out. */
  const looked = <D extends Raw>(raw: D): Effect.Effect<
    DecodedLive.Read<Decoded<D, Source>, Decoded<D, Source>>,
    InvalidDocumentError,
    R
  > => {
    const read = ParseResult.map(one(raw), (document) => ({ isIn: true, document }))
    return typeof onInvalid === "function"
      ? ParseResult.orElse(
        read,
        (invalid) =>
          Effect.as(onInvalid(invalid), { isIn: false, document: holding(raw, invalid, split(raw._source).info) })
      )
      : read
  }

  const notified = (
    notification: KuzzleRealtime.Notification
  ): Effect.Effect<Notification<Source> | undefined, InvalidDocumentError, R> => {
    if (notification.type !== "document") return Either.right(notification)
    const { result } = notification
    const { _source, ...rest } = result
    // Written with `source: false`. There is nothing to decode.
    if (_source === undefined && rest._id !== undefined) return Either.right({ ...notification, result: rest })
    // When `document:upsert` creates, the server sends the bare content (spec 1.5).
    return ParseResult.map(
      among(_source === undefined ? { _source: result } : result),
      (result) => result && { ...notification, result }
    )
  }

  return {
    one,
    looked,
    many: <D extends Raw>(documents: ReadonlyArray<D>): Effect.Effect<
      ReadonlyArray<Decoded<D, Source>>,
      InvalidDocumentError,
      R
    > =>
      Effect.flatMap(
        collect(documents, among),
        ({ failure, kept }) => failure === undefined ? Effect.succeed(kept) : Effect.fail(failure)
      ),
    hits: takeEach(among<KuzzleDocument.Hit>),
    notifications: takeEach(notified)
  }
}

/** What was kept of some elements up to the first that failed. */
interface Collected<Y, E> {
  readonly kept: Array<Y>
  readonly failure?: E
}

/** In order, and in one turn as long as no element needs an effect. */
const collect = <X, Y, E, R>(
  elements: ReadonlyArray<X>,
  read: (element: X) => Effect.Effect<Y | undefined, E, R>
): Effect.Effect<Collected<Y, E>, never, R> => {
  const from = (start: number, kept: Array<Y>): Effect.Effect<Collected<Y, E>, never, R> => {
    for (let i = start; i < elements.length; i++) {
      // The index is within.
      const outcome = read(elements[i] as X)
      const done = asEither(outcome)
      if (done === undefined) {
        return Effect.matchEffect(outcome, {
          onFailure: (failure) => Effect.succeed({ kept, failure }),
          onSuccess: (element) => {
            if (element !== undefined) kept.push(element)
            return from(i + 1, kept)
          }
        })
      }
      if (Either.isLeft(done)) return Effect.succeed({ kept, failure: done.left })
      if (done.right !== undefined) kept.push(done.right)
    }
    return Effect.succeed({ kept })
  }
  return Effect.suspend(() => from(0, []))
}

const asEither = <A, E, R>(effect: Effect.Effect<A, E, R>): Either.Either<A, E> | undefined =>
  // An effect that is an `Either` is one of the effect's own types.
  Either.isEither(effect) ? effect as Either.Either<A, E> : undefined

/** Chunk by chunk, for that is how they come; what came before one that fails is given first. */
const takeEach =
  <X, Y, E, R>(read: (element: X) => Effect.Effect<Y | undefined, E, R>) =>
  <E2, R2>(elements: Stream.Stream<X, E2, R2>): Stream.Stream<Y, E | E2, R | R2> =>
    elements.pipe(
      Stream.mapChunksEffect((chunk) =>
        Effect.map(collect(Chunk.toReadonlyArray(chunk), read), ({ failure, kept }) =>
          Chunk.fromIterable<Take.Take<Y, E>>([
            Take.chunk(Chunk.unsafeFromArray(kept)),
            ...(failure === undefined ? [] : [Take.fail(failure)])
          ]))
      ),
      Stream.flattenTake
    )
