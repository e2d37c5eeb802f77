/**
 * The service and the Schema of the applications `app.ts` and `base.ts`.
 *
 * All pages import modules by their paths. Unlike other bundlers, esbuild keeps the whole of each namespace that is imported
 * from a barrel (`export * as`).
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
