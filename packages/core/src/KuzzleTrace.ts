/**
 * From a notification to the span of the write that caused it.
 *
 * Where a tracer is installed, requests that belong to a sampled span carry it in their volatile data, as the member
 * `traceparent` of W3C Trace Context; a caller's own member of that name goes before it. Kuzzle gives the volatile data of
 * a request to everybody who hears of what it did. Without a tracer nothing is added.
 *
 * @module
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as Traceparent from "./internal/protocol/traceparent.ts"
import type { Notification } from "./KuzzleRealtime.ts"

/**
 * The span of the request that caused the notification; none for a `Gap`, and where nobody was tracing. It is what another
 * client says: good enough to find one's way, nothing to trust in.
 *
 * @since 0.1.0
 * @category getters
 */
export const spanOf = (notification: Notification): Option.Option<Tracer.ExternalSpan> => {
  const told = notification.type === "gap" ? undefined : notification.volatile?.[Traceparent.member]
  return Option.map(Option.fromNullable(Traceparent.decode(told)), Tracer.externalSpan)
}

/**
 * The same as links, for a span that handles the notification: it was caused by the request, but is no part of it.
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
