/**
 * Several Kuzzles in one application, with a tag for each. All functions of this package use the client in the service
 * `Kuzzle`. A tag of this module holds another client. Its `client` provides that client to a part of the program.
 *
 * `docs/guides/several.md` also shows a client for each tenant (`LayerMap`) and for each request of a server.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { KuzzleDocument, KuzzleInstance } from "@effect-kuzzle/core"
 * import { NodeKuzzle } from "@effect-kuzzle/node"
 *
 * class Production extends KuzzleInstance.Tag("Production")<Production>() {}
 * class Staging extends KuzzleInstance.Tag("Staging")<Staging>() {}
 *
 * const place = { index: "nyc", collection: "taxi", _id: "yellow-1" }
 *
 * export const program = Effect.gen(function*() {
 *   const { _source } = yield* Effect.provide(KuzzleDocument.get(place), Production.client)
 *   yield* Effect.provide(KuzzleDocument.createOrReplace({ ...place, content: _source }), Staging.client)
 * })
 *
 * export const live = Layer.mergeAll(
 *   Production.layer(NodeKuzzle.layer({ url: "wss://kuzzle.example.org" })),
 *   Staging.layer(NodeKuzzle.layer({ url: "wss://staging.example.org" }))
 * )
 *
 * export const main = Effect.provide(program, live)
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { Kuzzle } from "./internal/client/client.ts"
import type { KuzzleRealtime } from "./KuzzleRealtime.ts"

/**
 * The tag of one Kuzzle. `Services` are the services that its client provides.
 *
 * @since 0.1.0
 * @category models
 */
export interface InstanceTag<Self, Id extends string, Services>
  extends Context.TagClass<Self, Id, Context.Context<Services>>
{
  /**
   * Makes the client of this instance. It shares neither a connection nor a session with other clients, even if both
   * are made from the same layer. To share a service between several clients, provide it to the returned layer.
   */
  readonly layer: <E, R>(client: Layer.Layer<Services, E, R>) => Layer.Layer<Self, E, R>
  /** Provides the client of this instance as `Kuzzle` (and `KuzzleRealtime`): to an effect, a stream or a layer. */
  readonly client: Layer.Layer<Services, never, Self>
}

/**
 * Makes the tag of one Kuzzle. A client over HTTP has other services: `Tag("Archive")<Archive, Kuzzle.Kuzzle |
 * KuzzleDownload.KuzzleDownload>()`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Tag = <const Id extends string>(id: Id) =>
<Self, Services = Kuzzle | KuzzleRealtime>(): InstanceTag<
  Self,
  Id,
  Services
> => {
  const tag = Context.Tag(id)<Self, Context.Context<Services>>()
  return Object.assign(tag, {
    layer: <E, R>(client: Layer.Layer<Services, E, R>) =>
      Layer.flatMap(Layer.fresh(client), (context) => Layer.succeed(tag, context)),
    client: Layer.effectContext(tag)
  })
}
