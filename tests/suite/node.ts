/** Backends on Node: a relay in front of a server, the embedded one or any other. */
import { NodeKuzzle } from "@effect-kuzzle/node"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { Effect, Layer } from "effect"
import { Backend } from "./backend.ts"
import { type Line, Lines } from "./line.ts"
import * as Relay from "./relay.ts"

export const layerUrl = (url: string): Layer.Layer<Backend | Lines, Relay.RelayError> =>
  Layer.merge(
    Layer.scoped(
      Backend,
      Effect.map(Relay.makeFor(url), (relay) => ({
        client: (options) => NodeKuzzle.layer({ ...options, url: relay.url }),
        cookie: (options) => NodeKuzzle.layer({ ...options, url: relay.url, session: NodeKuzzle.cookie }),
        http: (options) => NodeKuzzle.layerHttp({ ...options, url }),
        network: relay
      }))
    ),
    Layer.succeed(Lines, {
      make: Effect.map(Effect.orDie(Relay.makeFor(url)), (relay): Line => ({
        ...relay,
        client: (options) => NodeKuzzle.layer({ ...options, url: relay.url })
      })),
      canTerminate: true
    })
  )

export const layerEmbedded = Layer.unwrapEffect(
  Effect.map(KuzzleTestServer.KuzzleTestServer, ({ url }) => layerUrl(url))
).pipe(Layer.provide(KuzzleTestServer.layer()))
