/**
 * Leads from a notification to the span of the write that caused it.
 *
 * With a tracer, the volatile data of a request contain its span if it is sampled: the member `traceparent` of W3C
 * Trace Context. A caller's own member with that name takes precedence. Kuzzle sends the volatile data of a request to
 * all subscribers that are notified of its effects. Without a tracer, nothing is added.
 *
 * @module
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as Traceparent from "./internal/protocol/traceparent.ts"
import type { Notification } from "./KuzzleRealtime.ts"

/**
 * The span of the request that caused the notification. `None` for a `Gap`, and if the request was not traced. Another
 * client may have set it, so do not base decisions on it.
 *
 * @since 0.1.0
 * @category getters
 */
export const spanOf = (notification: Notification): Option.Option<Tracer.ExternalSpan> => {
  const traceparent = notification.type === "gap" ? undefined : notification.volatile?.[Traceparent.member]
  return Option.map(Option.fromNullable(Traceparent.decode(traceparent)), Tracer.externalSpan)
}

/**
 * The same as span links, for a span in which the notification is handled. The request caused that span but is not its
 * parent.
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { KuzzleRealtime, KuzzleTrace } from "@effect-kuzzle/core"
 *
 * export const follow = (handle: (notification: KuzzleRealtime.Notification) => Effect.Effect<void>) =>
 *   KuzzleRealtime.subscribe({ index: "nyc", collection: "taxi" }).pipe(
 *     Stream.runForEach((notification) =>
 *       Effect.withSpan(handle(notification), "taxi.changed", { links: KuzzleTrace.linksOf(notification) })
 *     )
 *   )
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const linksOf = (notification: Notification): ReadonlyArray<Tracer.SpanLink> =>
  Option.match(spanOf(notification), {
    onNone: () => [],
    onSome: (span) => [{ _tag: "SpanLink", span, attributes: {} }]
  })
