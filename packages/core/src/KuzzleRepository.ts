/**
 * The documents of a collection, typed by their Schema. They are encoded before they are written, and decoded after
 * they are read.
 *
 * A stored document need not fit the current Schema. `onInvalid` decides what happens to one that does not:
 *
 * - `"fail"` (the default): the whole call or stream fails with an `InvalidDocumentError`.
 * - a function, such as `logInvalid`: it is called with the document, which is left out of lists and streams. A call
 *   for a single document fails with an `InvalidDocumentError`.
 * - `"pass"`: the document has an `InvalidDocumentError` in place of its content. The error contains the content as it
 *   was received.
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
import type * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Take from "effect/Take"
import * as DecodedLive from "./internal/api/decoded.ts"
import { clear, indivisible, partial, picked } from "./internal/api/partial.ts"
import { settled } from "./internal/api/settled.ts"
import type * as Action from "./internal/client/action.ts"
import type { Kuzzle } from "./internal/client/client.ts"
import * as Json from "./internal/data/json.ts"
import type * as KuzzleCollection from "./KuzzleCollection.ts"
import * as KuzzleDocument from "./KuzzleDocument.ts"
import { tagged } from "./KuzzleError.ts"
import * as KuzzleFilter from "./KuzzleFilter.ts"
import * as KuzzleLiveQuery from "./KuzzleLiveQuery.ts"
import * as KuzzleRealtime from "./KuzzleRealtime.ts"
import * as KuzzleSearch from "./KuzzleSearch.ts"

// -------------------------------------------------------------------------------------------------------------------
// errors
// -------------------------------------------------------------------------------------------------------------------

/**
 * A document on the server, or a published message, does not fit the Schema.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidDocumentError extends tagged("KuzzleInvalidDocumentError")<{
  readonly index: string
  readonly collection: string
  /** Absent for a message that was published without one. */
  readonly _id?: string
  /** The content as it was received, without Kuzzle's own `_kuzzle_info`. */
  readonly content: unknown
  readonly issue: ParseResult.ParseIssue
}> {
  override get message(): string {
    const which = this._id === undefined ? "a message" : `the document ${this._id}`
    return `${which} of ${this.index}/${this.collection} does not fit its Schema: ${
      ParseResult.TreeFormatter.formatIssueSync(this.issue)
    }`
  }
}

/**
 * The content to be written does not fit the Schema. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidContentError extends tagged("KuzzleInvalidContentError")<{
  readonly index: string
  readonly collection: string
  /** The id of the document, if it was given. */
  readonly _id?: string
  readonly issue: ParseResult.ParseIssue
}> {
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
 * What happens to documents that do not fit the Schema.
 *
 * @since 0.1.0
 * @category policies
 */
export type OnInvalid = "fail" | "pass" | Report

/**
 * The policy of a repository, in its types: a function as `onInvalid` is `"skip"`.
 *
 * @since 0.1.0
 * @category policies
 */
export type Policy = "fail" | "skip" | "pass"

/**
 * Called with each document that is left out.
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
 * The content of a document, as callers give it.
 *
 * @since 0.1.0
 * @category policies
 */
export type Given<A, P extends Policy> = P extends "pass" ? A | InvalidDocumentError : A

/**
 * The error of a single document that does not fit.
 *
 * @since 0.1.0
 * @category policies
 */
export type InvalidOne<P extends Policy> = P extends "pass" ? never : InvalidDocumentError

/**
 * The error of a document that does not fit, in a list or a stream.
 *
 * @since 0.1.0
 * @category policies
 */
export type InvalidAmong<P extends Policy> = P extends "fail" ? InvalidDocumentError : never

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * A document with Kuzzle's metadata and its decoded content.
 *
 * @since 0.1.0
 * @category models
 */
export type Decoded<Envelope, Source> = Omit<Envelope, "_source"> & {
  readonly _source: Source
  /** Who wrote it and when. Absent for documents of bulk writes, and in some notifications. */
  readonly _kuzzle_info?: KuzzleDocument.KuzzleInfo
}

/**
 * A document with its decoded content.
 *
 * @since 0.1.0
 * @category models
 */
export interface Document<Source> extends Decoded<KuzzleDocument.Document, Source> {}

/**
 * A document that a search has found, with its decoded content.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hit<Source> extends Decoded<KuzzleDocument.Hit, Source> {}

/**
 * A page of search results.
 *
 * @since 0.1.0
 * @category models
 */
export interface SearchResult<Source, A = KuzzleDocument.Aggregations, Encoded = KuzzleDocument.Content>
  extends Omit<KuzzleDocument.SearchResult<Encoded, A>, "hits" | "scrollId" | "remaining">
{
  readonly hits: ReadonlyArray<Hit<Source>>
}

/**
 * A document in a notification.
 *
 * @since 0.1.0
 * @category models
 */
export interface NotifiedDocument<Source> {
  /** Absent for a message that was published without one, and when `upsert` creates. */
  readonly _id?: string
  /**
   * The decoded content. Absent for a document that was written by `mCreateOrReplace` with `source: false`, which no
   * notification contains. Read it with `get`.
   */
  readonly _source?: Source
  readonly _kuzzle_info?: KuzzleDocument.KuzzleInfo
  /** Dotted paths of the changed fields, in their stored form. Present only after partial updates. */
  readonly _updatedFields?: ReadonlyArray<string>
  readonly _version?: number
}

/**
 * A document was written, deleted or published. Its content is decoded.
 *
 * @since 0.1.0
 * @category models
 */
export interface DocumentNotification<Source> extends Omit<KuzzleRealtime.DocumentNotification, "result"> {
  readonly result: NotifiedDocument<Source>
}

/**
 * An element of a subscription: a notification with decoded content, or a `Gap` where some may be missing.
 *
 * @since 0.1.0
 * @category models
 */
export type Notification<Source> = NotificationOf<Source, "all", "all">

/**
 * The notifications of a subscription to `Documents` and `Users`.
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
 * A document of a live query, with its content decoded.
 *
 * @since 0.1.0
 * @category models
 */
export interface LiveDocument<Source> extends Decoded<KuzzleLiveQuery.LiveDocument, Source> {}

/**
 * Documents of a live query. With a function as `onInvalid`, a document also leaves the set when it no longer fits the
 * Schema. Then its content is an `InvalidDocumentError`.
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
// options
// -------------------------------------------------------------------------------------------------------------------

/**
 * Which documents to find: those that match a filter for searches (see `KuzzleFilter.SearchFilter`), those that an
 * Elasticsearch query finds, or all.
 *
 * @since 0.1.0
 * @category options
 */
export type Query<Encoded> =
  | {
    /** A filter for these documents: `taxis.filter.equals("status", "free")`. */
    readonly filter?: (KuzzleFilter.SearchFilter & KuzzleFilter.On<Encoded>) | undefined
    readonly query?: undefined
  }
  | KuzzleDocument.SelectionByQuery

/**
 * Which documents to change. A filter or a query is required.
 *
 * @since 0.1.0
 * @category options
 */
export type GivenQuery<Encoded> =
  | {
    /** A filter for these documents: `taxis.filter.equals("status", "free")`. */
    readonly filter: KuzzleFilter.SearchFilter & KuzzleFilter.On<Encoded>
    readonly query?: undefined
  }
  | KuzzleDocument.SelectionByQuery

/**
 * The dotted paths of optional fields, including fields of objects up to four levels deep.
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
 * A field to sort by: a field of the document, a sub-field of a text (`name.keyword`), or a field of Kuzzle's metadata.
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
 * The sort: a field, or several fields with their order.
 *
 * @since 0.1.0
 * @category options
 */
export type SortKey<Encoded> =
  | SortField<Encoded>
  | { readonly [F in SortField<Encoded>]?: "asc" | "desc" | KuzzleDocument.Content }

/** The options of a search, besides its query. */
type Words<Encoded, A extends KuzzleDocument.Aggregations = KuzzleDocument.Aggregations> =
  & Omit<KuzzleDocument.SearchOptions<A>, "sort" | "scroll" | "_source">
  & {
    /** How to sort: `[{ seats: "desc" }, "status"]`. By default, by relevance. */
    readonly sort?: ReadonlyArray<SortKey<Encoded>> | undefined
  }

/**
 * The fields of the documents that a search returns: the named ones, all (`true`) or none (`false`).
 *
 * @since 0.1.0
 * @category options
 */
export type Fields<A, Encoded> = boolean | ReadonlyArray<keyof A & keyof Encoded & string>

/**
 * A document with the selected fields.
 *
 * @since 0.1.0
 * @category models
 */
export type Selected<A, S> = [S] extends [ReadonlyArray<infer Name>] ? Pick<A, Name & keyof A>
  : [S] extends [false] ? {}
  : A

type WithFields<S> = {
  /**
   * The fields to return: `["status", "seats"]`. The other fields are not checked against the Schema. `false` returns
   * no fields.
   */
  readonly _source?: S | undefined
}

/**
 * Some fields of a document. A field that is an object may be partial: the server merges it into the stored one. Lists,
 * records, and values with methods (`Date`, `Option`) must be complete.
 *
 * @since 0.1.0
 * @category options
 */
export type Changes<A> = { readonly [K in keyof A]?: Change<A[K]> }

type Change<T> = T extends object ? IsStruct<T> extends true ? Changes<T> : T : T

/**
 * Whether a type is an object of fields. Types with behaviour, such as `Date`, are recognized by a member that is a
 * function or has a symbol as its key.
 */
type IsStruct<T extends object> = T extends ReadonlyArray<unknown> ? false
  : string extends keyof T ? false
  : [Extract<keyof T, symbol>] extends [never] ?
    [Extract<T[keyof T], (...args: never) => unknown>] extends [never] ? true : false
  : false

/**
 * The options of `search`, as in `KuzzleDocument.search`.
 *
 * @since 0.1.0
 * @category options
 */
export type SearchOptions<Encoded, A extends KuzzleDocument.Aggregations = KuzzleDocument.Aggregations> =
  & Words<Encoded, A>
  & Query<Encoded>

/**
 * The options of `hits`, as in `KuzzleSearch.hits`.
 *
 * @since 0.1.0
 * @category options
 */
export type HitsOptions<Encoded> =
  & Omit<Words<Encoded>, "from" | "search_after" | "aggregations" | "suggest">
  & Query<Encoded>
  & Pick<KuzzleSearch.Options, "strategy">

/**
 * Which documents to follow, as in `KuzzleLiveQuery.live`: those with some ids, or those that match a filter. Without
 * either, all documents of the collection.
 *
 * @since 0.1.0
 * @category options
 */
export type LiveOptions<Encoded> =
  | {
    /** The ids of the documents. */
    readonly ids: ReadonlyArray<string>
  }
  | {
    readonly ids?: undefined
    /** The filter: `taxis.filter.equals("status", "free")`. By default, all documents of the collection. */
    readonly filter?: (KuzzleFilter.SearchFilter & KuzzleFilter.On<Encoded>) | undefined
    /**
     * Whether to refresh the collection before it is read. Default: `true`. A search does not see writes of the last
     * second. With `false`, such a document may be missing until it changes again. Use `false` for a user who may not
     * refresh, because the refusal would end the live query.
     */
    readonly refresh?: boolean | undefined
  }

/**
 * The options of a subscription to the documents of a repository.
 *
 * @since 0.1.0
 * @category options
 */
export interface SubscribeOptions<
  Encoded,
  Documents extends KuzzleRealtime.Choice = KuzzleRealtime.Choice,
  Users extends KuzzleRealtime.Choice = KuzzleRealtime.Choice
> extends KuzzleRealtime.RoomOptions<Documents, Users> {
  /** The filter: `taxis.filter.equals("status", "free")`. By default, all documents of the collection. */
  readonly filter?: (KuzzleFilter.Filter & KuzzleFilter.On<Encoded>) | undefined
}

// Type aliases: in the declarations that a consumer emits, an alias is expanded into its members and needs no exported
// name.
type WithId = {
  /** The id of the document. */
  readonly _id: string
}

type WithContent<A> = {
  /** The content of the document. */
  readonly content: A
}

type WithStrict = {
  /** Whether to fail with an `IncompleteRequestError` if some documents fail. The others are processed all the same. */
  readonly strict?: boolean | undefined
}

/** The errors of an action of `document`. */
type ErrorOf<Name extends keyof typeof KuzzleDocument> = (typeof KuzzleDocument)[Name] extends
  (...args: infer _) => Effect.Effect<infer _A, infer E, infer _R> ? E : never

/** The results of requests on many documents. */
type SuccessOf<Name extends keyof typeof KuzzleDocument> = (typeof KuzzleDocument)[Name] extends
  (...args: infer _) => Effect.Effect<KuzzleDocument.Many<infer A, infer _F>, infer _E, infer _R> ? A : never

// -------------------------------------------------------------------------------------------------------------------
// the repository
// -------------------------------------------------------------------------------------------------------------------

/**
 * The documents of one collection. Each function does the same as the function of that name in `KuzzleDocument` or
 * `KuzzleRealtime`.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleRepository<in out A, in out I, out R = never, out P extends Policy = "fail"> {
  /** The index of the collection. */
  readonly index: string
  /** The collection of the documents. */
  readonly collection: string
  /** The content of the documents. Kuzzle stores its encoded form. */
  readonly schema: Schema.Schema<A, I, R>
  /** The builders of filters for these documents, as they are stored. */
  readonly filter: KuzzleFilter.Builders<I>

  /**
   * Writes a new document. Without an `_id`, Kuzzle makes one. Fails with an `InvalidContentError` if the content does
   * not fit the Schema.
   *
   * ```ts
   * taxis.create({ content: new Taxi({ status: "free", seats: 4, seen: new Date() }) })
   * ```
   */
  readonly create: (
    options: KuzzleDocument.WriteOptions & WithContent<A> & { readonly _id?: string | undefined }
  ) => Effect.Effect<
    Document<Given<A, P>>,
    ErrorOf<"create"> | InvalidContentError | InvalidOne<P>,
    Kuzzle | R
  >

  /** Writes a document, which replaces an existing one. `created` says whether the document is new. */
  readonly createOrReplace: (
    options: KuzzleDocument.WriteOptions & WithId & WithContent<A>
  ) => Effect.Effect<
    Document<Given<A, P>> & { readonly created: boolean },
    ErrorOf<"createOrReplace"> | InvalidContentError | InvalidOne<P>,
    Kuzzle | R
  >

  /** Replaces a document. Fails with a `DocumentNotFoundError` if it does not exist. */
  readonly replace: (
    options: KuzzleDocument.WriteOptions & WithId & WithContent<A>
  ) => Effect.Effect<
    Document<Given<A, P>>,
    ErrorOf<"replace"> | InvalidContentError | InvalidOne<P>,
    Kuzzle | R
  >

  /**
   * Changes some fields, and returns the whole document. The server merges objects: members of a struct that are left
   * out keep their values. A field given as `undefined` or `Option.none()` is cleared: it is stored as null if its
   * Schema reads null as absent (`nullable: true`). Otherwise the update fails with an `InvalidContentError`, because
   * it would change nothing: `replace` the document, or use `deleteFields`.
   *
   * ```ts
   * taxis.update({ _id: "yellow-1", content: { status: "busy", driver: { rating: 5 } } })
   * ```
   */
  readonly update: (
    options: KuzzleDocument.UpdateOptions & WithId & WithContent<Changes<A>>
  ) => Effect.Effect<
    Document<Given<A, P>>,
    ErrorOf<"update"> | InvalidContentError | InvalidOne<P>,
    Kuzzle | R
  >

  /**
   * Changes some fields of a document. If the document does not exist, writes `default` with the changes. Returns the
   * whole document. `default` must have all fields that the Schema requires.
   */
  readonly upsert: (
    options: KuzzleDocument.UpdateOptions & WithId & { readonly changes: Changes<A>; readonly default: A }
  ) => Effect.Effect<
    Document<Given<A, P>> & { readonly created: boolean },
    ErrorOf<"upsert"> | InvalidContentError | InvalidOne<P>,
    Kuzzle | R
  >

  /** Deletes a document. */
  readonly delete: (
    options: KuzzleDocument.WriteOptions & WithId
  ) => Effect.Effect<void, ErrorOf<"delete">, Kuzzle>

  /** Reads a document: `taxis.get({ _id: "yellow-1" })`. Use `getOption` for a document that may not exist. */
  readonly get: (
    options: Action.CallOptions & WithId
  ) => Effect.Effect<Document<Given<A, P>>, ErrorOf<"get"> | InvalidOne<P>, Kuzzle | R>

  /**
   * Reads a document that may not exist. The result is `None` only if it does not exist. `onInvalid` decides what
   * happens to a document that does not fit the Schema.
   */
  readonly getOption: (
    options: Action.CallOptions & WithId
  ) => Effect.Effect<
    Option.Option<Document<Given<A, P>>>,
    ErrorOf<"getOption"> | InvalidOne<P>,
    Kuzzle | R
  >

  /** Whether a document exists, even if it does not fit the Schema. */
  readonly exists: (options: Action.CallOptions & WithId) => Effect.Effect<boolean, ErrorOf<"exists">, Kuzzle>

  /** Reads many documents by their ids. `errors` are the ids of documents that do not exist. */
  readonly mGet: (
    options: Action.CallOptions & WithStrict & { readonly ids: ReadonlyArray<string> }
  ) => Effect.Effect<
    KuzzleDocument.Many<Document<Given<A, P>>, string>,
    ErrorOf<"mGet"> | InvalidAmong<P>,
    Kuzzle | R
  >

  /** Writes many new documents. If the content of one does not fit, nothing is sent. */
  readonly mCreate: (
    options: KuzzleDocument.WriteOptions & WithStrict & {
      readonly documents: ReadonlyArray<WithContent<A> & { readonly _id?: string | undefined }>
    }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"mCreate">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"mCreate"> | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  /** Changes some fields of many documents, like `update`. If the content of one does not fit, nothing is sent. */
  readonly mUpdate: (
    options: KuzzleDocument.UpdateOptions & WithStrict & {
      readonly documents: ReadonlyArray<WithContent<Changes<A>> & WithId>
    }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"mUpdate">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"mUpdate"> | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  /** Deletes many documents, and returns the ids of those that were deleted. */
  readonly mDelete: (
    options: KuzzleDocument.WriteOptions & WithStrict & { readonly ids: ReadonlyArray<string> }
  ) => ReturnType<typeof KuzzleDocument.mDelete>

  /** Writes many documents, like `createOrReplace`. If the content of one does not fit, nothing is sent. */
  readonly mCreateOrReplace: (
    options: KuzzleDocument.WriteOptions & WithStrict & { readonly documents: ReadonlyArray<WithContent<A> & WithId> }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"mCreateOrReplace">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"mCreateOrReplace"> | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  /**
   * Replaces many documents, like `replace`. `errors` holds those that do not exist. If the content of one does not fit,
   * nothing is sent.
   */
  readonly mReplace: (
    options: KuzzleDocument.WriteOptions & WithStrict & { readonly documents: ReadonlyArray<WithContent<A> & WithId> }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"mReplace">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"mReplace"> | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  /**
   * Changes or creates many documents, like `upsert`. There is one difference in the server: if `changes` and `default`
   * have the same field, a new document gets the value of `default`. If the content of one does not fit, nothing is
   * sent.
   */
  readonly mUpsert: (
    options: KuzzleDocument.UpdateOptions & WithStrict & {
      readonly documents: ReadonlyArray<WithId & { readonly changes: Changes<A>; readonly default: A }>
    }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"mUpsert">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"mUpsert"> | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  /**
   * Removes optional fields, each by the dotted path of its stored form, and returns the whole document. A field that
   * does not exist is no error.
   */
  readonly deleteFields: (
    options: KuzzleDocument.WriteOptions & WithId & { readonly fields: ReadonlyArray<OptionalPath<I>> }
  ) => Effect.Effect<Document<Given<A, P>>, ErrorOf<"deleteFields"> | InvalidOne<P>, Kuzzle | R>

  /**
   * Makes the same changes, like `update`, to all documents that a filter or a query finds, and returns the whole
   * documents. The server changes at most 200 documents with one request by default, and refuses more with a
   * `WriteLimitError`. `filter.all` finds all documents.
   */
  readonly updateByQuery: (
    options: KuzzleDocument.WriteOptions & GivenQuery<I> & { readonly changes: Changes<A> }
  ) => Effect.Effect<
    KuzzleDocument.Many<Decoded<SuccessOf<"updateByQuery">, Given<A, P>>, KuzzleDocument.Rejection>,
    ErrorOf<"updateByQuery"> | KuzzleFilter.FilterError | InvalidContentError | InvalidAmong<P>,
    Kuzzle | R
  >

  /**
   * Deletes all documents that a filter or a query finds, and returns their ids. The server deletes at most 200
   * documents with one request by default, and refuses more with a `WriteLimitError`. `filter.all` finds all documents.
   */
  readonly deleteByQuery: (
    options: KuzzleDocument.WriteOptions & GivenQuery<I>
  ) => Effect.Effect<ReadonlyArray<string>, ErrorOf<"deleteByQuery"> | KuzzleFilter.FilterError, Kuzzle>

  /**
   * Searches documents, and returns one page. The type of the result follows from `_source` and `aggregations`.
   *
   * ```ts
   * taxis.search({ filter: taxis.filter.equals("status", "free"), sort: [{ seats: "desc" }], _source: ["seats"] })
   * ```
   */
  readonly search: <
    const Aggs extends KuzzleDocument.Aggregations = KuzzleDocument.Aggregations,
    const S extends Fields<A, I> = true
  >(
    options?: SearchOptions<I, Aggs> & WithFields<S>
  ) => Effect.Effect<
    SearchResult<Given<Selected<A, S>, P>, Aggs, I>,
    ErrorOf<"search"> | KuzzleFilter.FilterError | InvalidAmong<P>,
    Kuzzle | R
  >

  /** Searches documents, and emits all that are found. See `KuzzleSearch`. */
  readonly hits: <const S extends Fields<A, I> = true>(
    options?: HitsOptions<I> & WithFields<S>
  ) => Stream.Stream<
    Hit<Given<Selected<A, S>, P>>,
    KuzzleSearch.SearchError | KuzzleFilter.FilterError | InvalidAmong<P>,
    Kuzzle | R
  >

  /** Counts all documents, or those that a filter or a query finds. */
  readonly count: (
    options?: Action.CallOptions & Query<I>
  ) => Effect.Effect<number, ErrorOf<"count"> | KuzzleFilter.FilterError, Kuzzle>

  /**
   * Subscribes to these documents. The contents of notifications are decoded. `Gap`s and notifications of users are
   * passed on unchanged.
   *
   * ```ts
   * taxis.subscribe({ filter: taxis.filter.equals("status", "free"), scope: "in" })
   * ```
   */
  readonly subscribe: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options?: SubscribeOptions<I, Documents, Users> & KuzzleRealtime.BufferOptions<Strategy>
  ) => Stream.Stream<
    NotificationOf<Given<A, P>, Documents, Users>,
    SubscribeError | KuzzleRealtime.OverflowOf<Strategy> | InvalidAmong<P>,
    KuzzleRealtime.KuzzleRealtime | R
  >

  /**
   * Subscribes until the scope closes. Succeeds when the server has confirmed the subscription. All changes after that
   * are in the stream.
   */
  readonly open: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options?: SubscribeOptions<I, Documents, Users> & KuzzleRealtime.BufferOptions<Strategy>
  ) => Effect.Effect<
    Stream.Stream<
      NotificationOf<Given<A, P>, Documents, Users>,
      KuzzleRealtime.SubscribeError | KuzzleRealtime.OverflowOf<Strategy> | InvalidAmong<P>,
      R
    >,
    SubscribeError,
    KuzzleRealtime.KuzzleRealtime | Scope.Scope
  >

  /** Joins an existing room by its id, which must be a room of this collection. See `KuzzleRealtime.join`. */
  readonly join: <
    Documents extends KuzzleRealtime.Choice = "all",
    Users extends KuzzleRealtime.Choice = "none",
    Strategy extends KuzzleRealtime.BufferStrategy = "sliding"
  >(
    options: KuzzleRealtime.JoinOptions<Documents, Users> & KuzzleRealtime.BufferOptions<Strategy>
  ) => Stream.Stream<
    NotificationOf<Given<A, P>, Documents, Users>,
    KuzzleRealtime.JoinError | KuzzleRealtime.OverflowOf<Strategy> | InvalidAmong<P>,
    KuzzleRealtime.KuzzleRealtime | R
  >

  /**
   * Subscribes until the scope closes, with a synchronous callback as the consumer. It is called in order, without a
   * buffer. Decoding must be synchronous. Use `subscribe` for a Schema that decodes asynchronously. See
   * `KuzzleRealtime.listen`.
   *
   * ```ts
   * taxis.listen({ filter: taxis.filter.exists("driver") }, (notification) => console.log(notification.type))
   * ```
   */
  readonly listen: <Documents extends KuzzleRealtime.Choice = "all", Users extends KuzzleRealtime.Choice = "none">(
    options: SubscribeOptions<I, Documents, Users>,
    handler: (notification: NotificationOf<Given<A, P>, Documents, Users>) => void
  ) => Effect.Effect<
    KuzzleRealtime.Listening<KuzzleRealtime.SubscribeError | InvalidAmong<P>>,
    SubscribeError,
    KuzzleRealtime.KuzzleRealtime | Scope.Scope | R
  >

  /**
   * Reads the current documents and follows their changes until the scope closes. See `KuzzleLiveQuery.live`. Each
   * change is decoded once, however many consumers there are. Its cost does not depend on the number of documents.
   *
   * With a function as `onInvalid`, a document that does not fit is not in the set. If it was in the set before, the
   * change is `Exited`. With `"fail"`, a document that does not fit ends the live query.
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
 * The errors of a subscription.
 *
 * @since 0.1.0
 * @category errors
 */
export type SubscribeError =
  | KuzzleRealtime.SubscribeError
  | KuzzleFilter.FilterError

/**
 * The collection, and the Schema of its documents.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options<A, I, R> extends KuzzleCollection.Target {
  readonly schema: Schema.Schema<A, I, R>
}

/**
 * The documents of a collection, typed by their Schema. Kuzzle stores the encoded form of the Schema, which must be a
 * JSON object.
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
  const entire = reading(target, schema, onInvalid)
  const { looked, many, notifications, notified, one } = entire
  const { part, whole } = writing(target, schema)

  const some = <D extends Raw, F>({ errors, successes }: KuzzleDocument.Many<D, F>) =>
    Effect.map(many(successes), (successes) => ({ successes, errors }))

  const upserted = (_id: string, changes: Changes<A>, content: A) =>
    Effect.all({ changes: part(changes, _id), default: whole(content, _id) })

  const wholes = (documents: ReadonlyArray<WithContent<A> & WithId>) =>
    Effect.forEach(documents, ({ _id, content }) => Effect.map(whole(content, _id), (body) => ({ _id, body })))

  /** The fields that the search returns, and how to decode them. */
  const selected = (
    fields: Fields<A, I> = true
  ): { readonly sourceOption: Pick<KuzzleDocument.SearchOptions, "_source">; readonly read: Reads<R> } => {
    if (fields === true) return { sourceOption: {}, read: entire }
    const names = fields === false ? [] : fields
    const { ast, stored } = picked(schema.ast, names)
    const read = reading(target, Schema.make<object, object, R>(ast), onInvalid)
    // An empty list of names would select all fields.
    return { sourceOption: { _source: stored.length > 0 && stored }, read }
  }

  const subscribable = (filter: KuzzleFilter.Filter | undefined) =>
    // The server limits the number of conditions, not this check.
    checked(filter === undefined ? [] : KuzzleFilter.validate(filter, { maxConditions: Infinity }))

  const open = ({ filter, ...callOptions }: SubscribeOptions<I> & KuzzleRealtime.BufferOptions = {}) =>
    Effect.zipRight(
      subscribable(filter),
      Effect.map(KuzzleRealtime.open({ ...callOptions, ...target, filter }), notifications)
    )
  const repository = {
    index,
    collection,
    schema,
    filter: KuzzleFilter.for<I>(),
    create: ({ content, ...callOptions }) =>
      Effect.flatMap(
        whole(content, callOptions._id),
        (content) => Effect.flatMap(KuzzleDocument.create({ ...callOptions, ...target, content }), one)
      ),
    createOrReplace: ({ content, ...callOptions }) =>
      Effect.flatMap(
        whole(content, callOptions._id),
        (content) => Effect.flatMap(KuzzleDocument.createOrReplace({ ...callOptions, ...target, content }), one)
      ),
    replace: ({ content, ...callOptions }) =>
      Effect.flatMap(
        whole(content, callOptions._id),
        (content) => Effect.flatMap(KuzzleDocument.replace({ ...callOptions, ...target, content }), one)
      ),
    update: ({ content, ...callOptions }) =>
      Effect.flatMap(
        part(content, callOptions._id),
        (content) => Effect.flatMap(KuzzleDocument.update({ ...callOptions, ...target, content, source: true }), one)
      ),
    upsert: ({ changes, default: content, ...callOptions }) =>
      Effect.flatMap(
        upserted(callOptions._id, changes, content),
        (encoded) => Effect.flatMap(KuzzleDocument.upsert({ ...callOptions, ...target, ...encoded, source: true }), one)
      ),
    delete: (callOptions) => Effect.asVoid(KuzzleDocument.delete({ ...callOptions, ...target })),
    get: (callOptions) => Effect.flatMap(KuzzleDocument.get({ ...callOptions, ...target }), one),
    getOption: (callOptions) =>
      Effect.flatMap(
        KuzzleDocument.getOption({ ...callOptions, ...target }),
        Option.match({ onNone: () => Effect.succeedNone, onSome: (document) => Effect.asSome(one(document)) })
      ),
    exists: (callOptions) => KuzzleDocument.exists({ ...callOptions, ...target }),
    mGet: (callOptions) => Effect.flatMap(KuzzleDocument.mGet({ ...callOptions, ...target }), some),
    mCreate: ({ documents, ...callOptions }) =>
      Effect.forEach(documents, ({ _id, content }) => Effect.map(whole(content, _id), (body) => ({ _id, body }))).pipe(
        Effect.flatMap((documents) => KuzzleDocument.mCreate({ ...callOptions, ...target, documents })),
        Effect.flatMap(some)
      ),
    mUpdate: ({ documents, ...callOptions }) =>
      Effect.forEach(documents, ({ _id, content }) => Effect.map(part(content, _id), (body) => ({ _id, body }))).pipe(
        Effect.flatMap((documents) => KuzzleDocument.mUpdate({ ...callOptions, ...target, documents })),
        Effect.flatMap(some)
      ),
    mDelete: (callOptions) => KuzzleDocument.mDelete({ ...callOptions, ...target }),
    mCreateOrReplace: ({ documents, ...callOptions }) =>
      wholes(documents).pipe(
        Effect.flatMap((documents) => KuzzleDocument.mCreateOrReplace({ ...callOptions, ...target, documents })),
        Effect.flatMap(some)
      ),
    mReplace: ({ documents, ...callOptions }) =>
      wholes(documents).pipe(
        Effect.flatMap((documents) => KuzzleDocument.mReplace({ ...callOptions, ...target, documents })),
        Effect.flatMap(some)
      ),
    mUpsert: ({ documents, ...callOptions }) =>
      Effect.forEach(
        documents,
        ({ _id, changes, default: content }) =>
          Effect.map(upserted(_id, changes, content), (encoded) => ({ _id, ...encoded }))
      ).pipe(
        Effect.flatMap((documents) => KuzzleDocument.mUpsert({ ...callOptions, ...target, documents })),
        Effect.flatMap(some)
      ),
    deleteFields: (callOptions) =>
      Effect.flatMap(KuzzleDocument.deleteFields({ ...callOptions, ...target, source: true }), one),
    updateByQuery: (callOptions) =>
      Effect.zipRight(filterChecked(callOptions.filter), part(callOptions.changes, undefined)).pipe(
        Effect.flatMap((changes) => KuzzleDocument.updateByQuery({ ...callOptions, ...target, changes, source: true })),
        Effect.flatMap(some)
      ),
    deleteByQuery: (callOptions) =>
      Effect.zipRight(
        filterChecked(callOptions.filter),
        Effect.map(KuzzleDocument.deleteByQuery({ ...callOptions, ...target }), ({ ids }) => ids)
      ),
    search: ({ _source, filter, query, ...callOptions }: SearchOptions<I> & WithFields<Fields<A, I>> = {}) =>
      Effect.flatMap(queried(filter, query), (selection) => {
        const { read, sourceOption } = selected(_source)
        return Effect.flatMap(
          KuzzleDocument.search({ ...callOptions, ...selection, ...sourceOption, ...target }),
          ({ hits, ...page }) => Effect.map(read.many(hits), (hits) => ({ ...page, hits }))
        )
      }),
    hits: ({ _source, filter, query, ...callOptions }: HitsOptions<I> & WithFields<Fields<A, I>> = {}) =>
      Stream.unwrap(
        Effect.map(queried(filter, query), (selection) => {
          const { read, sourceOption } = selected(_source)
          return read.hits(KuzzleSearch.hits({ ...callOptions, ...selection, ...sourceOption, ...target }))
        })
      ),
    count: ({ filter, query, ...callOptions } = {}) =>
      Effect.flatMap(
        queried(filter, query),
        (selection) => KuzzleDocument.count({ ...callOptions, ...selection, ...target })
      ),
    open,
    subscribe: (callOptions?: Parameters<typeof open>[0]) => Stream.unwrapScoped(open(callOptions)),
    join: (callOptions: KuzzleRealtime.JoinOptions & KuzzleRealtime.BufferOptions) =>
      notifications(KuzzleRealtime.join(callOptions)),
    listen: (
      { filter, ...callOptions }: SubscribeOptions<I>,
      handler: (notification: Notification<A | InvalidDocumentError>) => void
    ) =>
      Effect.gen(function*() {
        yield* subscribable(filter)
        const runtime = yield* Effect.runtime<R>()
        let invalid: Cause.Cause<InvalidDocumentError> | undefined
        const own = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
        const { ended } = yield* KuzzleRealtime.listen({ ...callOptions, ...target, filter }, (notification) => {
          const read = Runtime.runSyncExit(runtime)(notified(notification))
          if (Exit.isSuccess(read)) {
            if (read.value !== undefined) handler(read.value)
          } else {
            invalid ??= read.cause
            Runtime.runFork(runtime)(Scope.close(own, read))
          }
        }).pipe(Scope.extend(own))
        return {
          // A document that does not fit has closed the scope of the subscription.
          ended: Effect.catchAllCause(
            ended,
            (cause) => Effect.failCause<KuzzleRealtime.SubscribeError | InvalidDocumentError>(invalid ?? cause)
          )
        }
      }),
    live: (callOptions = {}) =>
      Effect.flatMap(
        KuzzleLiveQuery.live({ ...callOptions, ...target }),
        ({ changes }) =>
          DecodedLive.follow(changes, looked<KuzzleLiveQuery.LiveDocument>, many<KuzzleLiveQuery.LiveDocument>)
      ),
    publish: ({ message, ...callOptions }) =>
      Effect.flatMap(
        whole(message, callOptions._id),
        (message) => KuzzleRealtime.publish({ ...callOptions, ...target, message })
      )
  } satisfies Omit<Widest<A, I, R>, Generic> & Record<Generic, unknown>
  // The implementation has the results and errors of every policy. The public types narrow them to those of the chosen
  // policy (`reading` produces no others), of the requested notifications (see `KuzzleRealtime.open`) and of the
  // selected fields.
  return repository as unknown as KuzzleRepository<A, I, R, P>
}

/** The functions whose type parameters decide their results. */
type Generic = "open" | "subscribe" | "join" | "listen" | "search" | "hits"

/** A repository with any policy. */
type Widest<A, I, R> = KuzzleRepository<A, I, R, Policy>

/** A filter is checked before it is sent, because a search with an invalid filter would find other documents. */
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
  // Made when it is first needed, because not every Schema supports partial content.
  let partialAst: AST.AST | undefined
  let encodePart: ((value: unknown) => Effect.Effect<object, ParseResult.ParseIssue, R>) | undefined
  return {
    whole: encoder(ParseResult.encode(schema)),
    part: encoder<Changes<A>>((value) => {
      const ast = partialAst ??= partial(schema.ast)
      if (ast === undefined) return Effect.fail(indivisible(schema.ast, value))
      encodePart ??= ParseResult.encodeUnknown(
        Schema.make<object, object, R>(ast),
        // If all fields were optional, every member of a union would accept fields that it does not have.
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

/** A result or a notification with a content. */
interface Raw {
  readonly _id?: string
  readonly _source?: unknown
}

/** Decodes the documents of a search, whichever fields were selected. */
interface Reads<R> {
  readonly many: (
    hits: ReadonlyArray<KuzzleDocument.Hit>
  ) => Effect.Effect<ReadonlyArray<Hit<unknown>>, InvalidDocumentError, R>
  readonly hits: <E, R2>(
    hits: Stream.Stream<KuzzleDocument.Hit, E, R2>
  ) => Stream.Stream<Hit<unknown>, InvalidDocumentError | E, R | R2>
}

/** Separates Kuzzle's metadata from the document's own content. */
const split = (
  source: unknown
): { readonly content: unknown; readonly info: Pick<Document<never>, "_kuzzle_info"> } => {
  if (typeof source !== "object" || source === null || !("_kuzzle_info" in source)) return { content: source, info: {} }
  // Only Kuzzle writes this field, with the type that `KuzzleDocument` declares.
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
    // Safe: one member is replaced by another. TypeScript cannot prove that for every type of envelope.
    ({ ...raw, _source: source, ...info }) as unknown as Decoded<D, Source>

  // `ParseResult` represents a result that needs no effect as an `Either`, so nothing has to be run for it.
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

  /** Decodes one of many documents. Returns `undefined` if it is left out. */
  const among = <D extends Raw>(
    document: D
  ): Effect.Effect<Decoded<D, Source> | undefined, InvalidDocumentError, R> =>
    typeof onInvalid === "function"
      ? ParseResult.orElse(one(document), (invalid) => Effect.as(onInvalid(invalid), undefined))
      : one(document)

  /** A document, and whether it is left out. */
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
    // When `document:upsert` creates a document, the server sends the bare content (spec 1.5).
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
        ({ failure, results }) => failure === undefined ? Effect.succeed(results) : Effect.fail(failure)
      ),
    notified,
    hits: takeEach(among<KuzzleDocument.Hit>),
    notifications: takeEach(notified)
  }
}

/** The results for the elements before the first one that failed. */
interface Collected<Y, E> {
  readonly results: Array<Y>
  readonly failure?: E
}

/** Applies a function to elements, in order. It is synchronous as long as no element needs an effect. */
const collect = <X, Y, E, R>(
  elements: ReadonlyArray<X>,
  read: (element: X) => Effect.Effect<Y | undefined, E, R>
): Effect.Effect<Collected<Y, E>, never, R> => {
  const from = (start: number, results: Array<Y>): Effect.Effect<Collected<Y, E>, never, R> => {
    for (let i = start; i < elements.length; i++) {
      // The index is within bounds.
      const outcome = read(elements[i] as X)
      const done = settled(outcome)
      if (done === undefined) {
        return Effect.matchEffect(outcome, {
          onFailure: (failure) => Effect.succeed({ results, failure }),
          onSuccess: (element) => {
            if (element !== undefined) results.push(element)
            return from(i + 1, results)
          }
        })
      }
      if (Either.isLeft(done)) return Effect.succeed({ results, failure: done.left })
      if (done.right !== undefined) results.push(done.right)
    }
    return Effect.succeed({ results })
  }
  return Effect.suspend(() => from(0, []))
}

/**
 * Decodes a stream chunk by chunk, because elements arrive in chunks. The elements before one that fails are emitted
 * first.
 */
const takeEach =
  <X, Y, E, R>(read: (element: X) => Effect.Effect<Y | undefined, E, R>) =>
  <E2, R2>(elements: Stream.Stream<X, E2, R2>): Stream.Stream<Y, E | E2, R | R2> =>
    elements.pipe(
      Stream.mapChunksEffect((chunk) =>
        Effect.map(collect(Chunk.toReadonlyArray(chunk), read), ({ failure, results }) =>
          Chunk.fromIterable<Take.Take<Y, E>>([
            ...(results.length === 0 ? [] : [Take.chunk(Chunk.unsafeFromArray(results))]),
            ...(failure === undefined ? [] : [Take.fail(failure)])
          ]))
      ),
      Stream.flattenTake
    )
