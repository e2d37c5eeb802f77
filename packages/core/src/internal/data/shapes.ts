/** Shapes of results that several controllers share: see `shape.ts`. */
import * as Shape from "./shape.ts"

export const created = Shape.struct<{ readonly created: boolean }>({ created: Shape.boolean })

export const many = <Success, Failure>(success: Shape.Shape<Success>, failure: Shape.Shape<Failure>) =>
  Shape.struct<{ readonly successes: ReadonlyArray<Success>; readonly errors: ReadonlyArray<Failure> }>({
    successes: Shape.array(success),
    errors: Shape.array(failure)
  })

interface Page<Hit> {
  readonly hits: ReadonlyArray<Hit>
  readonly total: number
  readonly aggregations?: { readonly [name: string]: unknown }
  readonly scrollId?: string
}

export const page = <Hit>(hit: Shape.Shape<Hit>): Shape.Shape<Page<Hit>> =>
  Shape.struct<Page<Hit>>({
    hits: Shape.array(hit),
    total: Shape.number,
    aggregations: Shape.optional(Shape.object()),
    scrollId: Shape.optional(Shape.string)
  })

/** A stored object with its id. */
export const stored = <A extends { readonly _id: string; readonly _source: object }>(): Shape.Shape<A> =>
  // The client reads only these two members.
  Shape.struct<{ readonly _id: string; readonly _source: object }>({
    _id: Shape.string,
    _source: Shape.object()
  }) as Shape.Shape<A>

export const rights = Shape.member(
  "hits",
  Shape.array(Shape.struct<{
    readonly controller: string
    readonly action: string
    readonly index: string
    readonly collection: string
    readonly value: "allowed" | "denied"
  }>({
    controller: Shape.string,
    action: Shape.string,
    index: Shape.string,
    collection: Shape.string,
    value: Shape.literal("allowed", "denied")
  }))
)

export const strings = Shape.whole(Shape.array(Shape.string))
