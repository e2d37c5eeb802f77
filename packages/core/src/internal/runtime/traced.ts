/**
 * Makes spans, if a tracer is installed. docs/events.md lists their names and attributes. Effect's default tracer
 * exports no spans, so no spans are made with it. Then a request only pays for the check of the tracer.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { type ConnectError, type ConnectionEndedError, isApiError, type RequestError } from "../../KuzzleError.ts"
import * as Endpoint from "../data/endpoint.ts"
import type { KuzzleRequest, RequestOptions } from "../protocol/envelope.ts"
import * as Traceparent from "../protocol/traceparent.ts"
import type { Requests } from "./requests.ts"

const native = Context.get(DefaultServices.liveServices, Tracer.Tracer)

export type Exchange<A> = (request: KuzzleRequest, options?: RequestOptions) => Effect.Effect<A, RequestError>

/**
 * Whether an exchange makes spans of its own (`Nested`), as an HTTP client does. Then the span of the request is their
 * parent.
 */
type Spans = "Nested" | "Single"

/** Makes a span for each request. */
export const query =
  <A>(exchange: Exchange<A>, endpoint: () => string, spans: Spans = "Nested"): Exchange<A> => (request, options) =>
    Effect.withFiberRuntime((fiber) =>
      fiber.currentTracer === native
        ? exchange(request, options)
        : useSpan(
          `kuzzle.${request.controller}/${request.action}`,
          {
            "rpc.service": request.controller,
            "rpc.method": request.action,
            ...server(endpoint()),
            ...(request.index === undefined ? {} : { "kuzzle.index": request.index }),
            ...(request.collection === undefined ? {} : { "kuzzle.collection": request.collection })
          },
          (span) => exchange(request, carrying(options, span)),
          {
            spans,
            failed: (span, error) => span.attribute("error.type", typeOf(error))
          }
        )
    )

/** Makes one span for all requests. */
export const queryMany =
  (queryMany: Requests["queryMany"], endpoint: () => string): Requests["queryMany"] => (requests, options) =>
    Effect.withFiberRuntime((fiber) =>
      fiber.currentTracer === native
        ? queryMany(requests, options)
        : useSpan("kuzzle.queryMany", server(endpoint()), (span) => queryMany(requests, carrying(options, span)), {
          spans: "Nested",
          succeeded: (span, outcomes) => {
            span.attribute("kuzzle.batch.size", outcomes.length)
            span.attribute("kuzzle.batch.failures", outcomes.filter(Exit.isFailure).length)
          }
        })
    )

/**
 * Runs an effect in a span. The tracer gets the error of a request but not its answer, because the answer to a login
 * contains a token. (`withParentSpan` takes half the time of a span, so it is left out if the effect makes no spans of
 * its own.)
 */
const useSpan = <A, E>(
  name: string,
  attributes: Record<string, unknown>,
  use: (span: Tracer.Span) => Effect.Effect<A, E>,
  { failed, spans, succeeded }: {
    readonly spans: Spans
    readonly failed?: (span: Tracer.Span, error: E) => void
    readonly succeeded?: (span: Tracer.Span, answer: A) => void
  }
): Effect.Effect<A, E> => {
  let answer: Effect.Effect<A> = Effect.never
  return Effect.useSpan(
    name,
    { kind: "client", captureStackTrace: false, attributes: { "rpc.system": "kuzzle", ...attributes } },
    (span) =>
      Effect.matchCauseEffect(spans === "Single" ? use(span) : Effect.withParentSpan(use(span), span), {
        onFailure: (cause) => {
          if (failed !== undefined) Option.map(Cause.failureOption(cause), (error) => failed(span, error))
          return Effect.failCause(cause)
        },
        onSuccess: (value) => {
          succeeded?.(span, value)
          answer = Effect.succeed(value)
          return Effect.void
        }
      })
  ).pipe(Effect.flatMap(() => answer))
}

/** Adds the trace context to the volatile data. A member of the caller with the same name takes precedence. */
const carrying = (options: RequestOptions | undefined, span: Tracer.Span): RequestOptions | undefined => {
  const traceparent = span.sampled ? Traceparent.encode(span) : undefined
  return traceparent === undefined
    ? options
    : { ...options, volatile: { [Traceparent.member]: traceparent, ...options?.volatile } }
}

/** The attributes of the latest endpoint, because all requests of a client need the same. */
let latest: { readonly endpoint: string; readonly attributes: Record<string, unknown> } = {
  endpoint: "",
  attributes: {}
}

const server = (endpoint: string): Record<string, unknown> => {
  if (endpoint !== latest.endpoint) latest = { endpoint, attributes: attributesOf(endpoint) }
  return latest.attributes
}

const attributesOf = (endpoint: string): Record<string, unknown> =>
  Either.match(Endpoint.parse(endpoint), {
    onLeft: () => ({}), // The address is not known yet.
    onRight: ({ host, port }) => ({ "server.address": host, "server.port": port })
  })

/** The value of the attribute `error.type`. It has few different values, because metrics are made of it. */
const typeOf = (error: RequestError): string => isApiError(error) && error.id !== "" ? error.id : error._tag

/** Makes a span for each attempt of the client to begin or renew its session. */
export const renewal = <A extends string>(way: string, effect: Effect.Effect<A>): Effect.Effect<A> =>
  Effect.withFiberRuntime((fiber) =>
    fiber.currentTracer === native
      ? effect
      : Effect.useSpan(
        "kuzzle.renewal",
        // The client starts it by itself, so the span in which the client was made is no meaningful parent.
        { root: true, captureStackTrace: false, attributes: { "kuzzle.renewal.way": way } },
        (span) =>
          Effect.map(Effect.withParentSpan(effect, span), (outcome) => {
            span.attribute("kuzzle.renewal.outcome", outcome)
            return outcome
          })
      )
  )

/** The span of an outage. */
export interface Outage {
  /** Reports that an attempt to connect has failed. */
  readonly failed: (cause: ConnectError | ConnectionEndedError) => void
  /** Reports that the client is connected again, or has given up. */
  readonly end: (exit: Exit.Exit<{ readonly endpoint: string }, ConnectError | ConnectionEndedError>) => void
}

const noSpan: Outage = { failed: () => {}, end: () => {} }

/** Makes a span from the end of a connection until the next one is ready. */
export const outage = (
  tracer: Tracer.Tracer,
  clock: Clock.Clock,
  cause: ConnectError | ConnectionEndedError
): Outage => {
  if (tracer === native) return noSpan
  const now = () => clock.unsafeCurrentTimeNanos()
  const span = tracer.span("kuzzle.reconnect", Option.none(), Context.empty(), [], now(), "internal")
  let attempts = 1
  span.attribute("kuzzle.cause", causeOf(cause))
  return {
    failed: (cause) => {
      attempts += 1
      span.event("kuzzle.connect.failed", now(), { "kuzzle.cause": causeOf(cause) })
    },
    end: (exit) => {
      span.attribute("kuzzle.attempts", attempts)
      if (Exit.isSuccess(exit)) {
        for (const [key, value] of Object.entries(server(exit.value.endpoint))) span.attribute(key, value)
      }
      span.end(now(), exit)
    }
  }
}

const causeOf = (cause: ConnectError | ConnectionEndedError): string =>
  cause._tag === "KuzzleConnectError" ? cause.reason : cause.by
