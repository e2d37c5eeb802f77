/**
 * What both applications share.
 *
 * All pages import modules by their paths. From a barrel (`export * as`) esbuild, unlike other bundlers, keeps each namespace
 * as a whole.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

export const Taxi = Schema.Struct({
  status: Schema.Literal("free", "busy"),
  seats: Schema.Number,
  since: Schema.optional(Schema.DateFromString)
})

export interface PageShape {
  readonly show: (line: string) => Effect.Effect<void>
}

export class Page extends Context.Tag("Page")<Page, PageShape>() {}

export const PageLive: Layer.Layer<Page> = Layer.scoped(
  Page,
  Effect.acquireRelease(
    Effect.succeed({ show: (line: string) => Effect.sync(() => document.body.append(line)) }),
    () => Effect.sync(() => document.body.append("bye"))
  )
)
