/** Documents in results, with every member. */
import type { KuzzleDocument } from "@effect-kuzzle/core"
import { Schema } from "effect"

export const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

export const Content = Schema.Record({ key: Schema.String, value: Schema.Unknown })

export const Info = Schema.Struct({
  author: optional(Schema.NullOr(Schema.String)),
  createdAt: optional(Schema.Number),
  updater: optional(Schema.NullOr(Schema.String)),
  updatedAt: optional(Schema.NullOr(Schema.Number))
})

export const Source = Schema.Struct({ _kuzzle_info: optional(Info) }, Content)

export const Document = Schema.Struct({ _id: Schema.String, _source: Source, _version: Schema.Number })

export const Changed = Schema.Struct({ _id: Schema.String, _version: Schema.Number, _source: optional(Source) })

export const many = <S, IS, F, IF>(success: Schema.Schema<S, IS>, failure: Schema.Schema<F, IF>) =>
  Schema.Struct({ successes: Schema.Array(success), errors: Schema.Array(failure) })

export const Rejection = Schema.Struct({
  document: Schema.Struct({
    _id: optional(Schema.String),
    body: optional(Schema.Unknown),
    changes: optional(Schema.Unknown),
    default: optional(Schema.Unknown),
    _source: optional(Content)
  }),
  reason: Schema.String,
  status: Schema.Number
})

export const hit = <S, I>(source: Schema.Schema<S, I>) =>
  Schema.Struct({
    _id: Schema.String,
    _score: Schema.NullOr(Schema.Number),
    _source: source,
    index: Schema.String,
    collection: Schema.String,
    highlight: optional(Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) })),
    inner_hits: optional(Schema.Record({ key: Schema.String, value: Schema.Array(Hit) }))
  })

/** A hit may contain inner hits, by the names of their queries. */
export const Hit: Schema.Schema<KuzzleDocument.Hit> = Schema.suspend(() => hit(Source))
